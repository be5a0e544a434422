"""JSON Feed 1.0 and 1.1."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import ParseError
from syndicate.ingest.feed.json_feed_parser import parse_json_feed
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Entry, Image, ParsedSource

URL = "https://news.example/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"
NONE: frozenset[str] = frozenset()


def parse(body: bytes, known: frozenset[str] = NONE) -> ParsedSource:
    return parse_json_feed(ParseRequest(body=body, url=URL, known=known))


def feed(*items: Any, **more: Any) -> bytes:
    return json.dumps({"version": VERSION, "title": "News", "items": list(items), **more}).encode()


def only(item: dict[str, Any], **more: Any) -> Entry:
    parsed = parse(feed(item, **more))
    assert parsed.refused == ()
    (entry,) = parsed.entries
    return entry


def test_J1_to_J7_every_field_of_a_feed_is_read():
    parsed = parse(
        feed(
            {
                "id": "tag:1",
                "url": "https://news.example/a?utm_source=json",
                "title": "Bridge & tunnel <closed>",
                "content_html": "<p>The <b>bridge</b> is shut.</p><script>x()</script>",
                "summary": "Shut.",
                "date_published": "2026-11-24T10:05:00+02:00",
                "date_modified": "2026-11-24T09:00:00Z",
                "authors": [{"name": "Ada O’Neil"}, {"name": "Ben"}, {"url": "https://news.example/c"}],
                "tags": ["Traffic", "traffic jam", "Traffic", None],
                "language": "en-GB",
                "image": "/img/bridge.jpg",
            },
            home_page_url="https://news.example/",
            feed_url=URL,
            language="en",
        )
    )
    assert (parsed.title, parsed.home_url, parsed.feed_id, parsed.language) == (
        "News",
        "https://news.example/",
        URL,
        "en",
    )
    (entry,) = parsed.entries
    assert entry == Entry(
        guid="tag:1",
        url="https://news.example/a?utm_source=json",
        title="Bridge & tunnel <closed>",
        authors=("Ada O’Neil", "Ben"),
        published=datetime(2026, 11, 24, 8, 5, tzinfo=UTC),
        updated=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        language="en-gb",
        html="<p>The <b>bridge</b> is shut.</p>",
        text="The bridge is shut.",
        summary="Shut.",
        tags=("Traffic", "traffic jam"),
        image=Image(url="https://news.example/img/bridge.jpg"),
        item_hash=parsed.item_hashes[0],
    )


def test_version_1_has_one_author_and_items_inherit_author_and_language():
    item = {"id": "1", "content_text": "Hello"}
    entry = only(item, version="https://jsonfeed.org/version/1", author={"name": "Desk"}, language="de")
    assert (entry.authors, entry.language) == (("Desk",), "de")


def test_J4_plain_content_becomes_safe_paragraphs():
    entry = only({"id": "1", "content_text": "1 < 2 & so on\nnext line\n\nSecond <b>"})
    assert entry.html == "<p>1 &lt; 2 &amp; so on<br>next line</p><p>Second &lt;b&gt;</p>"
    assert entry.text == "1 < 2 & so on\nnext line\n\nSecond <b>"


def test_relative_links_start_at_the_item():
    entry = only(
        {
            "id": "1",
            "url": "/2026/a",
            "content_html": '<a href="b">b</a><img src="c.jpg" alt="C" width="640">',
        }
    )
    assert entry.url == "https://news.example/2026/a"
    assert 'href="https://news.example/2026/b"' in entry.html
    assert entry.image == Image(url="https://news.example/2026/c.jpg", width=640, alt="C")


def test_a_picture_declared_and_shown_keeps_its_alternative_text():
    html = '<img src="https://news.example/c.jpg" alt="A bridge" width="640" height="360">'
    entry = only({"id": "1", "image": "https://news.example/c.jpg", "content_html": html})
    assert entry.image == Image(url="https://news.example/c.jpg", width=640, height=360, alt="A bridge")


def test_a_picture_may_be_an_attachment():
    pictures = [{"url": "a.mp3", "mime_type": "audio/mpeg"}, {"url": "/b.png", "mime_type": "image/png"}]
    assert only({"id": "1", "title": "t", "attachments": pictures}).image == Image(
        url="https://news.example/b.png"
    )


@pytest.mark.parametrize(
    ("written", "guid"),
    [("7", "7"), ("7.50", "7.50"), ('"  a b "', "a b"), ("9" * 400, "9" * 400), ('"\\ud800x"', "x")],
)
def test_J3_an_id_stays_as_it_was_written(written, guid):
    body = f'{{"version": "{VERSION}", "items": [{{"id": {written}, "title": "t"}}]}}'.encode()
    assert parse(body).entries[0].guid == guid


def test_an_item_without_an_id_is_known_by_its_address():
    assert only({"url": "https://news.example/a", "title": "t"}).guid == ""
    assert (
        only({"id": None, "external_url": "https://other.example/", "title": "t"}).url
        == "https://other.example/"
    )


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("text", "must be an object"),
        (None, "must be an object"),
        ([], "must be an object"),
        ({}, "neither an id nor a url"),
        ({"title": "t", "url": "javascript:x"}, "neither an id nor a url"),
        ({"id": "1"}, "neither a title, content nor a url"),
        ({"id": ["1"], "title": {}}, "neither an id nor a url"),
    ],
)
def test_P12_an_item_that_cannot_be_read_hurts_only_itself(item, reason):
    parsed = parse(feed({"id": "a", "title": "A"}, item, {"id": "b", "title": "B"}))
    assert [entry.guid for entry in parsed.entries] == ["a", "b"]
    assert len(parsed.item_hashes) == 3
    ((item_hash, why),) = parsed.refused
    assert item_hash == parsed.item_hashes[1]
    assert reason in why


def test_P12_wrong_types_of_optional_fields_are_ignored():
    wrong: list[Any] = [1, True, None, [], {}, [[]], [None], {"name": None}]
    for value in wrong:
        fields = (
            "summary",
            "image",
            "authors",
            "author",
            "tags",
            "attachments",
            "language",
            "date_published",
        )
        entry = only({"id": "1", "title": "t", **dict.fromkeys(fields, value)}, language=value, authors=value)
        assert (entry.title, entry.published, entry.authors) == ("t", None, ())


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00", "9" * 5000]
)
def test_a_date_that_is_none_is_left_out(moment):
    assert only({"id": "1", "title": "t", "date_published": moment}).published is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"<rss/>", "not valid JSON"),
        (b"[]", "not a JSON Feed"),
        (b'"text"', "not a JSON Feed"),
        (b'{"items": []}', "not a JSON Feed"),
        (b'{"version": 1.1, "items": []}', "not a JSON Feed"),
        (f'{{"version": "{VERSION}"}}'.encode(), "without a list of items"),
        (f'{{"version": "{VERSION}", "items": {{}}}}'.encode(), "without a list of items"),
        (f'{{"version": "{VERSION}", "items": [], "items": []}}'.encode(), "'items' twice"),
        (feed({"id": "1", "x": float("nan")}), "NaN"),
        (feed({"id": "1", "x": float("-inf")}), "-Infinity"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
    ],
)
def test_P12_what_is_no_json_feed_is_a_parse_error(body, reason):
    with pytest.raises(ParseError, match=reason) as caught:
        parse(body)
    assert URL in str(caught.value)
    assert len(str(caught.value)) < 300


def test_P12_a_key_twice_in_an_item_refuses_the_item():
    items = '[{"id": "1", "id": "2", "title": "t"}, {"id": "3", "title": "t"}]'
    body = f'{{"version": "{VERSION}", "items": {items}}}'
    parsed = parse(body.encode())
    assert [entry.guid for entry in parsed.entries] == ["3"]
    assert "'id' twice" in parsed.refused[0][1]


@pytest.mark.cpu_seconds(15)
def test_P12_a_number_of_a_million_digits_costs_nothing():
    number = b'{"version": "%s", "items": [{"id": "1", "title": "t", "x": %s}]}' % (
        VERSION.encode(),
        b"9" * 1_000_000,
    )
    assert parse(number).entries[0].guid == "1"


def test_X5_X6_byte_order_marks_and_bad_bytes_are_read():
    good = feed({"id": "1", "title": "Café"})
    assert parse(b"\xef\xbb\xbf" + good).entries == parse(good).entries
    assert parse(good.decode().encode("utf-16")).entries == parse(good).entries
    body = f'{{"version": "{VERSION}", "items": [{{"id": "1", "title": "Café"}}]}}'.encode("latin-1")
    bad = parse(body)
    assert bad.entries[0].title == "Caf\ufffd"
    assert "U+FFFD" in bad.warnings[0]


def test_known_items_are_listed_and_not_read_again():
    first, second = {"id": "1", "title": "One"}, {"id": "2", "title": "Two"}
    before = parse(feed(first))
    again = parse(feed(second, first), frozenset(before.item_hashes))
    assert [entry.guid for entry in again.entries] == ["2"]
    assert again.item_hashes[1:] == before.item_hashes


def test_the_digest_is_of_content_not_of_spelling():
    spaced = f'{{"items": [{{"title":"A",   "id":"1"}}], "version": "{VERSION}"}}'.encode()
    assert parse(spaced).item_hashes == parse(feed({"id": "1", "title": "A"})).item_hashes
    assert parse(feed({"id": "1", "title": "B"})).item_hashes != parse(spaced).item_hashes


def test_an_item_listed_twice_is_one_entry():
    item = {"id": "1", "title": "A"}
    parsed = parse(feed(item, item))
    assert (len(parsed.entries), len(parsed.item_hashes)) == (1, 1)


def test_P5_only_the_first_items_of_an_endless_feed_are_read():
    parsed = parse(feed(*({"id": str(number), "title": "t"} for number in range(2_500))))
    assert len(parsed.entries) == 2_000
    assert "2500 items" in parsed.warnings[0]


def test_J13_a_finished_feed_says_so():
    assert "finished" in parse(feed(expired=True)).warnings[0]
    assert parse(feed(expired="yes")).warnings == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "url", "title", "tags", "x"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "url", "title", "authors", "image", "tags", "content_html"]), JSON
    ),
    JSON,
)
def test_P16_no_value_anywhere_raises_anything_but_a_parse_error(item, items):
    for value in ([item], items):
        body = json.dumps({"version": VERSION, "title": item, "items": value}).encode()
        try:
            parsed = parse(body)
        except ParseError:
            continue
        assert len(parsed.item_hashes) == len(set(parsed.item_hashes))


@given(st.binary(max_size=200))
def test_P16_no_bytes_raise_anything_but_a_parse_error(body):
    with pytest.raises(ParseError):
        parse(body)
