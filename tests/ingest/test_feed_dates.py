"""The fast path for standard dates gives feedparser's result; feedparser reads all other forms."""

from datetime import UTC, datetime

import pytest
from feedparser.datetimes import _parse_date
from hypothesis import given
from hypothesis import strategies as st

from syndicate.ingest.feed.feed_dates import parse_standard_date
from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.worker.parsers import ParseRequest

CUSTOMARY = [
    ("Tue, 24 Nov 2026 08:00:00 GMT", "2026-11-24T08:00:00+00:00"),
    ("Tue, 24 Nov 2026 08:00:00 +0530", "2026-11-24T02:30:00+00:00"),
    ("Thu, 31 Dec 2026 23:59:59 -0130", "2027-01-01T01:29:59+00:00"),
    ("Mon, 24 Nov 2026 08:00:00 -0000", "2026-11-24T08:00:00+00:00"),
    ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00+00:00"),
    ("2026-11-24T08:00:59.999Z", "2026-11-24T08:00:59+00:00"),
    ("2026-11-24T08:00:00.123456-01:00", "2026-11-24T09:00:00+00:00"),
    ("2028-02-29T00:10:00+01:00", "2028-02-28T23:10:00+00:00"),
]
OTHERS = [
    "", "24 Nov 2026 08:00:00 GMT", "Tue, 4 Nov 2026 08:00:00 GMT", "tue, 24 nov 2026 08:00:00 gmt",
    "Tue, 24 Nov 26 08:00:00 GMT", "Tue, 24 Nov 2026 08:00 GMT", "Tue, 24 Nov 2026 08:00:00 EST",
    "Tue, 24 Nov 2026 08:00:00", "Tue, 31 Feb 2026 08:00:00 GMT", "Tue, 24 Nov 2026 24:00:00 GMT",
    "Tue, 24 Nov 2026 23:59:60 GMT", "Tue, 24 Nov 2026 08:00:00 +2400", "Sat, 01 Jan 0001 00:00:00 +0100",
    "Tue, ٢٤ Nov 2026 08:00:00 GMT", "2026-11-24", "2026-11-24T08:00Z", "2026-11-24T08:00:00+0130",
    "2026-11-24T08:00:00.1234567Z", "2026-11-24T08:00:00.Z", "2026-02-31T08:00:00Z",
    "2026-11-24 08:00:00Z", "2026-11-24T24:00:00Z",
]  # fmt: skip
_NUMBERS = st.sampled_from(["00", "01", "08", "12", "19", "23", "24", "29", "30", "31", "59", "60", "8"])
_YEARS = st.sampled_from(["2026", "2028", "1000", "2999", "0001", "9999", "26"])
_CLOCKS = st.builds("{}:{}:{}".format, _NUMBERS, _NUMBERS, _NUMBERS)
_OFFSETS = st.builds("{}{}{}{}".format, st.sampled_from("+-"), _NUMBERS, st.sampled_from([":", ""]), _NUMBERS)
RFC_822 = st.builds(
    "{}{} {} {} {} {}".format,
    st.sampled_from(["Tue, ", "Sat, ", "tue, ", ""]),
    _NUMBERS,
    st.sampled_from(["Nov", "Feb", "Dec", "nov"]),
    _YEARS,
    _CLOCKS,
    st.sampled_from(["GMT", "Z", "EST"]) | _OFFSETS,
)
RFC_3339 = st.builds(
    "{}-{}-{}{}{}{}{}".format,
    _YEARS,
    _NUMBERS,
    _NUMBERS,
    st.sampled_from("TTt "),
    _CLOCKS,
    st.sampled_from(["", ".5", ".999999", ",5", "."]),
    st.sampled_from(["Z", "z", ""]) | _OFFSETS,
)


def dated(written: str, element: str) -> datetime | None:
    """Return the date of a feed's only item, written in this element."""
    document = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbour</title>'
        f"<item><guid>1</guid><title>Rain</title><{element}>{written}</{element}></item></channel></rss>"
    )
    (entry,) = parse_feed(ParseRequest(body=document.encode(), url="https://a.example/feed")).entries
    return entry.published or entry.updated


@pytest.mark.parametrize(("text", "moment"), CUSTOMARY)
def test_customary_dates(text: str, moment: str) -> None:
    found = parse_standard_date(text)
    assert found
    assert found.isoformat() == moment
    assert found.utctimetuple() == _parse_date(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_forms_and_impossible_days_are_left_to_feedparser(text: str) -> None:
    assert parse_standard_date(text) is None


@given(RFC_822 | RFC_3339)
def test_whatever_is_read_is_what_feedparser_reads(text: str) -> None:
    found = parse_standard_date(text)
    assert found is None or found.utctimetuple() == _parse_date(text)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026年11月27日 14:30", "2026-11-27T14:30:00"),
        ("27. März 2026", "2026-03-27T00:00:00"),
        ("27 Nov 2026 11:52 PM", "2026-11-27T23:52:00"),
        ("20 June ,2023: 11:52 PM GST", "2023-06-20T19:52:00"),
        ("Nov 27, 2026", "2026-11-27T00:00:00"),
        ("27.11.2026", "2026-11-27T00:00:00"),
        ("Tue, 24 Nov 2026 08:00:00 EST", "2026-11-24T13:00:00"),
    ],
)
@pytest.mark.parametrize("element", ["pubDate", "dc:date"])
def test_a_feed_may_date_its_items_as_people_do(written: str, moment: str, element: str) -> None:
    assert dated(written, element) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30",
        "2026-02-30T10:00:00Z",
        "2026-02-29 10:00:00",
        "20261131",
        "2026-13-01",
        "2026-00-10",
        "2026-02-00",
    ],
)
@pytest.mark.parametrize("element", ["pubDate", "dc:date"])
def test_a_day_that_no_calendar_has_is_no_date(written: str, element: str) -> None:
    assert dated(written, element) is None


@pytest.mark.parametrize("written", ["2026-03-30", "2028-02-29", "20261130", "2026-12-31T10:00"])
def test_the_last_days_of_a_month_are_dates(written: str) -> None:
    assert dated(written, "dc:date")
