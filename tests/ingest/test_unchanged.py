"""A changed document that says nothing new is told from one that does; when unsure, it is parsed."""

import pytest

from syndicate.ingest.unchanged import frame_of, says_nothing_new
from tests.ingest.reading import read

HEAD = "<title>Harbour</title><link>https://harbour.example/</link><lastBuildDate>now</lastBuildDate>"
ONE = "<item><title>One</title><guid>1</guid></item>"
TWO = "<item><title>Two</title><guid>2</guid><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate></item>"
THREE = "<item><title>Three</title><guid>3</guid></item>"
QUOTING = f"<item><title>Quote</title><description><![CDATA[{ONE}]]></description></item>"


def rss(*items: str, head: str = HEAD, after: str = "") -> bytes:
    start = '<?xml version="1.0"?><rss version="2.0" xmlns:r="http://purl.org/rss/1.0/"><channel>'
    return f"{start}{head}{''.join(items)}</channel></rss>{after}".encode()


def quiet(before: bytes, now: bytes) -> bool:
    """Whether ``now`` brings nothing, after ``before`` was parsed and stored."""
    return says_nothing_new(now, frame_of(before), frozenset(read(before).digests))


@pytest.mark.parametrize(
    "now",
    [
        rss(ONE, TWO),
        rss(TWO, ONE),
        rss(TWO),
        rss(ONE, TWO, after="<!-- built in 0.2 s -->"),
        rss(ONE, TWO, head=HEAD.replace("now", "later")),
    ],
)
def test_known_items_in_a_known_frame_bring_nothing(now):
    assert quiet(rss(ONE, TWO), now)


@pytest.mark.parametrize(
    "now",
    [
        rss(ONE, TWO, THREE),
        rss(ONE, TWO.replace("Two", "Two, corrected")),
        rss(ONE, TWO.replace("08:00", "08:01")),
        rss(ONE, TWO, head=HEAD.replace("Harbour", "Pier")),
        rss(ONE, TWO, head=f"{HEAD}<ttl>60</ttl>"),
        rss(ONE, TWO, THREE.replace("item>", "r:item>")),
        rss(ONE, TWO, THREE.replace("<item>", "<ITEM>").replace("</item>", "</ITEM>")),
        rss(ONE, TWO, THREE.replace("</item>", "</item >")),
        rss(ONE, TWO, f"<!-- {THREE} -->"),
        rss(QUOTING),
        rss(ONE, TWO, "<image><title>new</title></image>"),
        rss(ONE, TWO)[:-20],
        rss(),
        b"",
        b"<rss><item>" * 1_000,
    ],
)
def test_anything_else_is_parsed(now):
    assert not quiet(rss(ONE, TWO), now)


@pytest.mark.parametrize("items", [(), ("<item>",), (f"{ONE[:-2]}",)])
def test_a_document_whose_items_cannot_be_told_apart_has_no_frame(items):
    assert frame_of(rss(*items)) == ""


def test_an_item_that_quotes_another_stays_itself_when_the_quoted_one_is_known():
    before, now = rss(ONE), rss(ONE, QUOTING)
    assert not quiet(before, now)
    assert quiet(now, now.replace(b"now", b"later")) is False
    alone = read(now, known=frozenset(read(before).digests)).entries
    assert [entry.title for entry in alone] == ["Quote"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"<item>", b"<updated>", b"<entry ", b"</", b"<item></item>"])
def test_megabytes_of_one_piece_take_no_time(piece):
    body = piece * (5_000_000 // len(piece))
    assert not says_nothing_new(body, "a frame", frozenset())
