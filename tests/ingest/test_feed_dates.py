"""Dates as feeds write them: each form of this table was found in feeds of publishers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from feedparser.datetimes import _parse_date
from hypothesis import given
from hypothesis import strategies as st

from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.ingest.written_dates import parse_standard_date

CUSTOMARY = [
    ("Tue, 24 Nov 2026 08:00:00 GMT", "2026-11-24T08:00:00+00:00"),
    ("Tue, 24 Nov 2026 08:00:00 +0530", "2026-11-24T02:30:00+00:00"),
    ("Thu, 31 Dec 2026 23:59:59 -0130", "2027-01-01T01:29:59+00:00"),
    ("Mon, 24 Nov 2026 08:00:00 -0000", "2026-11-24T08:00:00+00:00"),
    ("4 Nov 2026 08:00 GMT", "2026-11-04T08:00:00+00:00"),
    ("Tue, 24 Nov 2026 08:00:00 PST", "2026-11-24T16:00:00+00:00"),
    ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00+00:00"),
    ("2026-11-24T08:00:59.999Z", "2026-11-24T08:00:59+00:00"),
    ("2026-11-24T08:00:00.123456-01:00", "2026-11-24T09:00:00+00:00"),
    ("2028-02-29T00:10:00+01:00", "2028-02-28T23:10:00+00:00"),
]
OTHERS = [
    "", "tue, 24 nov 2026 08:00:00 gmt", "Tue, 24 Nov 26 08:00:00 GMT", "Tue, 24 Nov 2026 08:00:00 IST",
    "Tue, 24 Nov 2026 08:00:00", "Tue, 31 Feb 2026 08:00:00 GMT", "Tue, 24 Nov 2026 24:00:00 GMT",
    "Tue, 24 Nov 2026 23:59:60 GMT", "Tue, 24 Nov 2026 08:00:00 +2400", "Tue, 24 Nov 2026 08:00:00 XYZ",
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


# What one feed writes, and the moment in UTC. A feed of English without a country, unless told otherwise.
WRITTEN = [
    # RFC 822 and its misspellings.
    ("Wed, 02 Dec 2026 07:59:00 +0100", "2026-12-02T06:59"),
    ("Wed, 2 Dec 2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("Wed, 02 Dec 2026 07:59 GMT", "2026-12-02T07:59"),
    ("Wed, 02 Dec 26 07:59:00 GMT", "2026-12-02T07:59"),
    ("02 Dec 2026 07:59:00 Z", "2026-12-02T07:59"),
    ("Wed,02 Dec 2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("WED, 02 DEC 2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("Wednesday, 02 December 2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("Wed, 02 Dec 2026 07:59:00 +01:00", "2026-12-02T06:59"),
    ("Wed, 02 Dec 2026 07:59:00 +0100 (CET)", "2026-12-02T06:59"),
    ("Wed, 02 Dec 2026 07:59:00 GMT+0100", "2026-12-02T06:59"),
    ("Wed, 02 Dec 2026 07:59:00 GMT+8", "2026-12-01T23:59"),
    ("Wed, 02 Dec 2026 07:59:00 UTC-05:00", "2026-12-02T12:59"),
    ("Wed, 02 Dec 2026 07:59:00 +8", "2026-12-01T23:59"),
    ("Wed, 02 Dec 2026 07:59:00", "2026-12-02T07:59"),
    ("Wed, 02 Dec 2026", "2026-12-02T00:00"),
    ("Wed, 02-Dec-2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("02-Dec-26 07:59:00", "2026-12-02T07:59"),
    ("Wed, Dec 02 2026 07:59:00 GMT", "2026-12-02T07:59"),
    ("Wed, 02 Sept 2026 07:59:00 GMT", "2026-09-02T07:59"),
    # Names of zones.
    ("Wed, 02 Dec 2026 07:59:00 KST", "2026-12-01T22:59"),
    ("Wed, 02 Dec 2026 07:59:00 JST", "2026-12-01T22:59"),
    ("Thu, 02 Jul 2026 07:59:00 CEST", "2026-07-02T05:59"),
    ("Wed, 02 Dec 2026 07:59:00 CET", "2026-12-02T06:59"),
    ("Thu, 02 Jul 2026 07:59:00 BST", "2026-07-02T06:59"),
    ("Wed, 02 Dec 2026 07:59:00 EST", "2026-12-02T12:59"),
    ("Thu, 02 Jul 2026 07:59:00 EDT", "2026-07-02T11:59"),
    ("Thu, 02 Jul 2026 07:59:00 ET", "2026-07-02T11:59"),
    ("Wed, 02 Dec 2026 07:59:00 PST", "2026-12-02T15:59"),
    ("Thu, 02 Jul 2026 07:59:00 PDT", "2026-07-02T14:59"),
    ("Wed, 02 Dec 2026 07:59:00 PT", "2026-12-02T15:59"),
    ("Wed, 02 Dec 2026 07:59:00 MSK", "2026-12-02T04:59"),
    ("Wed, 02 Dec 2026 07:59:00 IST", "2026-12-02T02:29"),
    ("Wed, 02 Dec 2026 07:59:00 PKT", "2026-12-02T02:59"),
    ("Wed, 02 Dec 2026 07:59:00 NPT", "2026-12-02T02:14"),
    ("Wed, 02 Dec 2026 07:59:00 HKT", "2026-12-01T23:59"),
    ("Wed, 02 Dec 2026 07:59:00 SGT", "2026-12-01T23:59"),
    ("Wed, 02 Dec 2026 07:59:00 WIB", "2026-12-02T00:59"),
    ("Wed, 02 Dec 2026 07:59:00 AEDT", "2026-12-01T20:59"),
    ("Wed, 02 Dec 2026 07:59:00 NZDT", "2026-12-01T18:59"),
    ("Wed, 02 Dec 2026 07:59:00 SAST", "2026-12-02T05:59"),
    ("Wed, 02 Dec 2026 07:59:00 EAT", "2026-12-02T04:59"),
    ("Wed, 02 Dec 2026 07:59:00 BRT", "2026-12-02T10:59"),
    ("2026-12-02 07:59 Asia/Seoul", "2026-12-01T22:59"),
    ("2026-12-02T07:59:00+01:00[Europe/Paris]", "2026-12-02T06:59"),
    # ISO 8601 and its relatives.
    ("2026-12-02T07:59:00+0100", "2026-12-02T06:59"),
    ("2026-12-02T07:59:00.1234567Z", "2026-12-02T07:59"),
    ("2026-12-02T07:59Z", "2026-12-02T07:59"),
    ("2026-12-02t07:59:00z", "2026-12-02T07:59"),
    ("2026-12-02 07:59:00", "2026-12-02T07:59"),
    ("2026-12-02 07:59:00 +0000 UTC", "2026-12-02T07:59"),
    ("2026-12-02 07:59:00 KST", "2026-12-01T22:59"),
    ("2026-12-02 07:59:00 -0500", "2026-12-02T12:59"),
    ("2026-12-02", "2026-12-02T00:00"),
    ("2026-12", "2026-12-01T00:00"),
    ("20261202T075900Z", "2026-12-02T07:59"),
    ("20261202", "2026-12-02T00:00"),
    ("2026/12/02 07:59", "2026-12-02T07:59"),
    ("2026/12/02", "2026-12-02T00:00"),
    ("2026.12.02 07:59:00", "2026-12-02T07:59"),
    ("2026-12-2 7:59", "2026-12-02T07:59"),
    # Seconds since 1970.
    ("1796198340", "2026-12-02T07:59"),
    ("1796198340000", "2026-12-02T07:59"),
    ("1796198340.25", "2026-12-02T07:59"),
    # Figures in the order of a country.
    ("12/02/2026 07:59:00 AM", "2026-12-02T07:59"),
    ("12/2/2026 7:59:00 PM", "2026-12-02T19:59"),
    ("12/02/2026 12:05:00 AM", "2026-12-02T00:05"),
    ("03-12-2026", "2026-12-03T00:00"),
    ("03.12.2026 07:59", "2026-12-03T07:59"),
    ("03/12/2026 07:59", "2026-12-03T07:59"),
    ("03.12.26, 07:59", "2026-12-03T07:59"),
    ("12/24/2026 07:59", "2026-12-24T07:59"),
    ("24/12/2026 - 07:59", "2026-12-24T07:59"),
    # Programs and people.
    ("Wed Dec  2 07:59:00 2026", "2026-12-02T07:59"),
    ("Wed Dec 02 07:59:00 CET 2026", "2026-12-02T06:59"),
    ("Wed Dec 02 07:59:00 +0100 2026", "2026-12-02T06:59"),
    ("Wed Dec 02 2026 07:59:00 GMT+0900 (Korean Standard Time)", "2026-12-01T22:59"),
    ("December 2, 2026 7:59 am EST", "2026-12-02T12:59"),
    ("Dec 2, 2026, 7:59:00 PM", "2026-12-02T19:59"),
    ("Nov 27, 2026", "2026-11-27T00:00"),
    ("27 Nov 2026 11:52 PM", "2026-11-27T23:52"),
    ("20 June ,2023: 11:52 PM GST", "2023-06-20T19:52"),
    ("7:59 2 December 2026", "2026-12-02T07:59"),
    ("mer, 02 déc 2026 07:59:00 +0100", "2026-12-02T06:59"),
    ("Mi, 02 Dez 2026 07:59:00 +0100", "2026-12-02T06:59"),
    ("mié, 02 dic 2026 07:59:00 +0100", "2026-12-02T06:59"),
    ("Ср, 02 дек 2026 07:59:00 +0300", "2026-12-02T04:59"),
    ("27. März 2026", "2026-03-27T00:00"),
    ("2026年11月27日 14:30", "2026-11-27T14:30"),
    ("2026년 12월 2일 07:59", "2026-12-02T07:59"),
]


def feed_of(
    *written: str, element: str = "pubDate", language: str = "en", host: str = "a.example"
) -> ParseRequest:
    """A feed whose items have these dates."""
    items = "".join(
        f"<item><guid>{number}</guid><title>Rain {number}</title><{element}>{text}</{element}></item>"
        for number, text in enumerate(written)
    )
    document = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbour</title>'
        f"<language>{language}</language>{items}</channel></rss>"
    )
    return ParseRequest(body=document.encode(), url=f"https://{host}/feed")


def dates(request: ParseRequest) -> list[datetime | None]:
    return [entry.published or entry.updated for entry in parse_feed(request).entries]


@pytest.mark.parametrize(("text", "moment"), CUSTOMARY)
def test_customary_dates(text: str, moment: str) -> None:
    found = parse_standard_date(text)
    assert found
    assert found.isoformat() == moment
    assert found.utctimetuple() == _parse_date(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_forms_impossible_days_and_ambiguous_zones_are_no_standard_dates(text: str) -> None:
    assert parse_standard_date(text) is None


@given(RFC_822 | RFC_3339)
def test_a_standard_date_is_read_as_feedparser_reads_it(text: str) -> None:
    found = parse_standard_date(text)
    assert found is None or found.utctimetuple() == _parse_date(text)


@pytest.mark.parametrize(("written", "moment"), WRITTEN)
def test_a_date_is_the_moment_that_its_writer_meant(written: str, moment: str) -> None:
    expected = [datetime.fromisoformat(moment).replace(tzinfo=UTC)]
    assert dates(feed_of(written)) == expected
    assert dates(feed_of(written, element="dc:date")) == expected


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
        "Wed, 31 Feb 2026 07:59:00 GMT",
        "31/02/2026",
        # Parts that only a clock could fill.
        "2 December",
        "Wed, 02 Dec",
        "07:59",
        "today",
        "3 hours ago",
        "12",
        "0",
    ],
)
@pytest.mark.parametrize("element", ["pubDate", "dc:date"])
def test_a_day_that_no_calendar_has_or_that_lacks_a_part_is_no_date(written: str, element: str) -> None:
    assert dates(feed_of(written, element=element)) == [None]


@pytest.mark.parametrize(
    ("written", "language", "host", "day"),
    [
        (["03/04/2026 10:00", "03/25/2026 10:00"], "", "a.example", (3, 4)),
        (["03/04/2026 10:00 AM", "25/03/2026 10:00 AM"], "en-us", "a.example", (4, 3)),
        (["03/04/2026 10:00"], "en-us", "a.example", (3, 4)),
        (["03/04/2026 10:00 AM"], "en-gb", "a.example", (4, 3)),
        (["03/04/2026 10:00 AM"], "en-us", "news.a.co.uk", (4, 3)),
        (["03/04/2026 10:00 AM"], "es", "a.example", (4, 3)),
        (["03/04/2026"], "", "city.gov", (3, 4)),
        (["03/04/2026"], "", "a.io", (4, 3)),
    ],
)
def test_an_order_is_settled_by_other_dates_then_country_then_language(
    written: list[str], language: str, host: str, day: tuple[int, int]
) -> None:
    found = dates(feed_of(*written, language=language, host=host))[0]
    assert found
    assert (found.month, found.day) == day


def test_dates_of_known_items_settle_the_order_of_a_new_one() -> None:
    request = feed_of("03/25/2026 10:00", "03/04/2026 10:00")
    known = frozenset(parse_feed(request).item_hashes[:1])
    assert dates(replace(request, known=known)) == [datetime(2026, 3, 4, 10, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("zone", "language", "host", "hour"),
    [
        ("IST", "he", "a.example", 8),
        ("IST", "en", "a.ie", 9),
        ("CST", "zh-cn", "a.example", 2),
        ("CST", "en", "a.com.au", 0),
        ("CST", "en", "a.example", 16),
        ("AST", "en-ca", "a.example", 14),
    ],
)
def test_a_zone_of_several_countries_is_that_of_the_feeds_country_or_language(
    zone: str, language: str, host: str, hour: int
) -> None:
    (found,) = dates(feed_of(f"Wed, 02 Dec 2026 10:00:00 {zone}", language=language, host=host))
    assert found
    assert found.hour == hour


def test_a_json_feed_may_count_seconds_and_write_figures() -> None:
    items = (
        '{"id":"1","url":"/1","date_published":1796198340},{"id":"2","url":"/2","date_published":"3/4/2026"}'
    )
    body = f'{{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{items}]}}'.encode()
    assert dates(ParseRequest(body=body, url="https://a.example/feed")) == [
        datetime(2026, 12, 2, 7, 59, tzinfo=UTC),
        datetime(2026, 4, 3, tzinfo=UTC),
    ]
