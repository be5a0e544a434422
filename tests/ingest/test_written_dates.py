"""Dates in figures and in words of many languages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.ingest.written_dates import parse_date


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-24", datetime(2026, 11, 23, 21, 0, tzinfo=UTC)),
        ("2026-11-24T10:05:00+02:00", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 08:05:00 GMT", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("Nov. 24, 2026, 11:05 a.m.", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("November 24th, 2026 12:05 am EST", datetime(2026, 11, 24, 5, 5, tzinfo=UTC)),
        ("24 Nov 2026 at 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("24/11/2026 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("11/24/2026 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("3/4/2026 11:05", datetime(2026, 4, 3, 8, 5, tzinfo=UTC)),
        ("2026/11/24 | 10:05 (UTC+0200)", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("5 pm, 24 November 2026", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ("الثلاثاء، ٢٤ نوفمبر ٢٠٢٦ الساعة ١١:٠٥ ص", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("27 novembre 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("Publié le vendredi 27 novembre 2026 à 14h30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("1er décembre 2026", datetime(2026, 11, 30, 21, 0, tzinfo=UTC)),
        ("27. März 2026", datetime(2026, 3, 26, 21, 0, tzinfo=UTC)),
        ("27 de noviembre de 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("sexta-feira, 27 de novembro de 2026 às 10:30", datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        ("20 June ,2023: 11:52 PM GST", datetime(2023, 6, 20, 19, 52, tzinfo=UTC)),
        ("27 ноября 2026 г., 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("27 грудня 2026", datetime(2026, 12, 26, 21, 0, tzinfo=UTC)),
        ("٢٧ نوفمبر ٢٠٢٦", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 تشرين الثاني 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("2026年11月27日(金) 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("2026년 11월 27일 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("२७ नवंबर २०२६", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 Kasım 2026 Cuma 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("piątek, 27 listopada 2026, 10:30", datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        ("27 Δεκεμβρίου 2026", datetime(2026, 12, 26, 21, 0, tzinfo=UTC)),
        ("27 tháng 11, 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("2026. november 27.", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 novembre", None),
        ("27 xyzzy 2026", None),
        ("31/02/2026", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them(written, moment):
    assert parse_date(written, ZoneInfo("Asia/Qatar")) == moment


@given(st.text(st.sampled_from("0123456789 /-.:,apmNov+Zutc٢"), max_size=40))
def test_P16_no_date_raises(text):
    moment = parse_date(text, UTC)
    assert moment is None or moment.tzinfo is UTC
