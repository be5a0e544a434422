"""New items of a changed document are found without parsing it; in doubt the whole document is parsed."""

from dataclasses import replace

import pytest

from syndicate.ingest.feed.change_detection import (
    DocumentDiff,
    diff_document,
    document_hash,
    is_last_document,
    split_items,
)
from tests.ingest.reading import read

HEAD = "<title>Harbour</title><link>https://harbour.example/</link><lastBuildDate>now</lastBuildDate>"
ONE = "<item><title>One</title><guid>1</guid></item>"
TWO = "<item><title>Two</title><guid>2</guid><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate></item>"
THREE = "<item><title>Three</title><guid>3</guid></item>"
QUOTING = f"<item><title>Quote</title><description><![CDATA[{ONE}]]></description></item>"


def rss(*items: str, head: str = HEAD, after: str = "") -> bytes:
    start = '<?xml version="1.0"?><rss version="2.0" xmlns:r="http://purl.org/rss/1.0/"><channel>'
    return f"{start}{head}{''.join(items)}</channel></rss>{after}".encode()


def frame_of(body: bytes) -> str:
    return diff_document(body, split_items(body), document_hash(body), "", frozenset()).feed_skeleton_hash


def compared(before: bytes, now: bytes) -> DocumentDiff:
    """Return the difference of ``now`` after ``before`` was parsed and stored."""
    known = frozenset(read(before).item_hashes)
    return diff_document(now, split_items(now), document_hash(now), frame_of(before), known)


def same(before: bytes, now: bytes) -> bool:
    return is_last_document(document_hash(now), frame_of(before))


def quiet(before: bytes, now: bytes) -> bool:
    return compared(before, now).has_only_known_items


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


@pytest.mark.parametrize(
    "now",
    [
        rss(ONE, TWO),
        rss(ONE, TWO, after="<!-- built in 0.2 s -->"),
        rss(ONE, TWO, head=HEAD.replace("now", "later")),
    ],
)
def test_a_document_built_again_is_the_last_one(now):
    assert same(rss(ONE, TWO), now)


@pytest.mark.parametrize(
    "now",
    [
        rss(TWO, ONE),
        rss(ONE),
        rss(ONE, TWO, THREE),
        rss(ONE, TWO.replace("08:00", "08:01")),
        rss(ONE, TWO, head=HEAD.replace("Harbour", "Pier")),
        rss(ONE, TWO, head=HEAD.replace("now", "&now;")),
        rss(ONE, TWO)[:-8],
        rss(),
        b"",
    ],
)
def test_a_document_that_says_anything_else_is_not_the_last_one(now):
    assert not same(rss(ONE, TWO), now)


@pytest.mark.parametrize("body", [b"", rss(), rss("<item>"), b"<item><!-- -->", b"</item><item>"])
def test_a_document_without_items_is_never_the_last_one(body):
    assert not same(body, body)


CHANGED = [
    rss(ONE, TWO, THREE),
    rss(THREE, ONE, TWO),
    rss(THREE, THREE, TWO),
    rss(ONE, TWO.replace("Two", "Two, corrected"), THREE),
    rss(TWO, QUOTING),
    rss(ONE, THREE.replace("Three", "<![CDATA[</item>]]>Three")),
    rss(ONE, THREE.replace("Three", f"Three<!-- {ONE} -->")),
    rss(ONE, f"<item><title>Outer</title>{TWO}</item>"),
    rss(ONE, f"<!-- {TWO} {THREE} -->"),
    rss(ONE, THREE.replace("Three", "Drei &uuml;ber")),
    rss(ONE, THREE.replace("Three", "\x02 Three")),
    rss(ONE, THREE, after="<!-- built in 0.2 s -->"),
    rss(ONE, THREE, head=HEAD.replace("now", "later")),
    rss(ONE, THREE, head=HEAD.replace("Harbour", "Pier")),
    rss(ONE, TWO, THREE)[:-20],
    rss(ONE, TWO, THREE)[:-30],
    rss(ONE, TWO, "<item><title>Cut</title><description><![CDATA[ends here </item>"),
    rss(ONE, THREE.replace("Three", "Caf\xe9")).decode().encode("latin-1"),
]


@pytest.mark.parametrize("now", CHANGED)
def test_reading_what_is_unseen_equals_reading_all_with_the_known_left_out(now):
    before = rss(ONE, TWO)
    found = compared(before, now)
    known = frozenset(read(before).item_hashes)
    alone = read(found.unseen, known=known)
    whole = read(now, known=known)
    assert {*found.seen, *alone.item_hashes} == set(whole.item_hashes)
    assert [warning.partition(": line")[0] for warning in alone.warnings] == [
        warning.partition(": line")[0] for warning in whole.warnings
    ]
    assert replace(alone, item_hashes=(), warnings=()) == replace(whole, item_hashes=(), warnings=())


def test_what_was_read_before_is_left_out():
    found = compared(rss(ONE, TWO), rss(ONE, THREE, TWO))
    assert found.unseen == rss(THREE)
    assert set(found.seen) == set(read(rss(ONE, TWO)).item_hashes)


def test_nothing_is_left_out_of_a_document_that_is_not_utf_8():
    now = rss(ONE, THREE.replace("Three", "Caf\xe9")).decode().encode("latin-1")
    assert compared(rss(ONE, TWO), now).unseen == now


def test_an_empty_document_is_not_one_without_news():
    assert not diff_document(b"", split_items(b""), "", "", frozenset()).has_only_known_items


@pytest.mark.parametrize("items", [(), ("<item>",), (f"{ONE[:-2]}",)])
def test_a_document_whose_items_cannot_be_told_apart_has_no_frame(items):
    assert frame_of(rss(*items)) == ""


def test_an_item_that_quotes_another_stays_itself_when_the_quoted_one_is_known():
    before, now = rss(ONE), rss(ONE, QUOTING)
    assert not quiet(before, now)
    assert quiet(now, now.replace(b"now", b"later")) is False
    alone = read(now, known=frozenset(read(before).item_hashes)).entries
    assert [entry.title for entry in alone] == ["Quote"]


@pytest.mark.cpu_seconds(20)
@pytest.mark.parametrize("piece", [b"<item>", b"<updated>", b"<entry ", b"</", b"<item></item>"])
def test_megabytes_of_one_piece_take_no_time(piece):
    body = piece * (5_000_000 // len(piece))
    assert diff_document(body, split_items(body), document_hash(body), "a frame", frozenset()).unseen == body
