"""Items cut out by their bytes mean the same as in the whole document."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.errors import ParseError
from syndicate.ingest.feed import feed_parser
from syndicate.ingest.feed.item_splitter import Unsplittable, split
from tests.ingest.reading import NAMESPACES, atom, read, rss


def items_of(document: bytes) -> list[bytes]:
    return [document[span.start : span.end] for span in split(document).spans]


def test_an_item_ends_where_expat_says():
    tricky = [
        b"<item><title><![CDATA[</item><item>]]></title></item>",
        b"<item><!-- </item> --><title>a</title></item >",
        b'<item x="&lt;/item&gt;>"><title>b</title></item\n>',
        "<item><title>日本 ü</title></item>".encode(),
    ]
    document = b"<rss><channel><title>T</title>" + b"\n ".join(tricky) + b"</channel></rss>"
    assert items_of(document) == tricky


def test_equal_bytes_have_equal_digests_and_others_have_not():
    first, second, third = split(rss("<title>a</title>", "<title>b</title>", "<title>a</title>")).spans
    assert first.item_hash == third.item_hash != second.item_hash
    assert len(first.item_hash) == 32


def test_what_stands_between_items_stays():
    document = (
        b"<rss><channel><item>1</item><language>nb</language><item>2</item><ttl>5</ttl></channel></rss>"
    )
    whole = split(document)
    assert whole.without(frozenset({0})) == (
        b"<rss><channel><language>nb</language><item>2</item><ttl>5</ttl></channel></rss>"
    )
    assert [document for _, document in whole.one_by_one((1, 0))] == [
        b"<rss><channel><language>nb</language><item>2</item><ttl>5</ttl></channel></rss>",
        b"<rss><channel><item>1</item><language>nb</language><ttl>5</ttl></channel></rss>",
    ]


@pytest.mark.parametrize(
    ("document", "malformed"),
    [
        (b"<rss><channel><item><item>a</item></item></channel></rss>", False),
        (b"<rss><channel><item/></channel></rss>", False),
        (b"<rss><channel><item>a &nbsp; b</item></channel></rss>", True),
        (b"<rss><channel><item>a</channel></rss>", True),
        (b"", True),
    ],
)
def test_any_doubt_means_reading_the_whole(document, malformed):
    with pytest.raises(Unsplittable) as caught:
        split(document)
    assert caught.value.malformed is malformed


@pytest.mark.parametrize(
    "end",
    [b"", b"<item>", b"<item><title>c", b"<item><title><![CDATA[c", b"<item><ti", b"<item><title>\xe6\x97"],
)
def test_P7_a_cut_off_document_keeps_its_complete_items(end):
    document = (
        b"<rss><channel><title>T</title><item><title>a</title></item><item><title>b</title></item>" + end
    )
    parsed = read(document)
    assert [entry.title for entry in parsed.entries] == ["a", "b"]
    assert "cut off" in parsed.warnings[-1]
    assert parsed.title == "T"
    assert parsed.cut_off


@pytest.mark.parametrize(
    "odd", [b"", b"&nbsp;", b"</b>", b"<item/>"], ids=["well-formed", "mended", "lenient", "whole"]
)
@pytest.mark.parametrize(
    ("end", "cut_off"), [(b"</channel></rss>\n", False), (b"", True), (b"<item><ti", True)]
)
def test_P7_a_document_is_cut_off_however_it_is_read(odd, end, cut_off):
    item = b"<item><title>a" + odd + b"</title></item>"
    assert read(b"<rss><channel><title>T</title>" + item + end).cut_off is cut_off


def test_P7_cut_off_before_the_first_item_is_an_error():
    with pytest.raises(ParseError, match="cut off"):
        read(b"<rss><channel><title>T</title><item><title>a")


def test_P7_the_rest_is_read_when_it_comes():
    items = [f"<title>t{n}</title>" for n in range(3)]
    whole = rss(*items)
    first = read(whole[: whole.index(b"t2")])
    second = read(whole, known=frozenset(first.item_hashes))
    assert [entry.title for entry in first.entries] == ["t0", "t1"]
    assert [entry.title for entry in second.entries] == ["t2"]


def test_junk_after_the_end_is_ignored():
    parsed = read(rss("<title>a</title>") + b"<!-- cached --><script>x</script>")
    assert [entry.title for entry in parsed.entries] == ["a"]
    assert parsed.warnings == ("something follows the end of the document",)


PARTS = st.sampled_from(
    [
        "<title>a</title>", "<title><![CDATA[</item>]]></title>", "<!-- <item> -->", "<?pi </item>?>",
        "<description>&lt;item&gt; x &amp;amp; y</description>", "<guid>1</guid>", "<link>/2</link>",
        "<dc:creator>Kari</dc:creator>", "<u:x xmlns:u='urn:u'>y</u:x>", "<category>c</category>",
        "<title>b</title>", "<description><![CDATA[<p>a</p>]]></description>", "text",
        "<pubDate>2026-03-04</pubDate>",
        '<media:content url="/p.jpg" medium="image"><media:title>t</media:title></media:content>', "日本",
        "<source url='x'><title>other</title></source>", "<description>a <b>c</b></description>", "<x/>",
    ]
)  # fmt: skip
BETWEEN = st.sampled_from(
    ["", "\n", "<language>nb</language>", "<!-- x -->", "<ttl>5</ttl>", "<image><title>i</title></image>"]
)
# A first document is read in one pass; once anything is known, its items are found first.
NOTHING_OF_IT = frozenset({"digest of another document"})
RSS_1 = 'xmlns:r="http://purl.org/rss/1.0/"'
ITEM = st.lists(PARTS, max_size=5).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    items = draw(st.lists(ITEM, max_size=6, unique=True))
    between = [draw(BETWEEN) for _ in items]
    prefixes = [draw(st.sampled_from(["", "r:"])) for _ in items]
    inside = "".join(
        f"<{prefix}item>{item}</{prefix}item>{gap}"
        for prefix, item, gap in zip(prefixes, items, between, strict=True)
    )
    if draw(st.booleans()):
        return f"<rss {RSS_1} {NAMESPACES}><channel><title>T</title>{inside}</channel></rss>".encode()
    rdf = f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {RSS_1}'
    channel = "<channel><title>T</title></channel>"
    return f"<rdf:RDF {rdf} {NAMESPACES}>{channel}{inside}</rdf:RDF>".encode()


@settings(deadline=None)
@given(documents(), st.data())
def test_entries_are_those_of_a_full_reading(document, data):
    full = read(document)
    known = (
        frozenset(data.draw(st.sets(st.sampled_from(full.item_hashes)))) if full.item_hashes else frozenset()
    )
    partial = read(document, known=known)
    assert partial.entries == tuple(entry for entry in full.entries if entry.item_hash not in known)
    assert partial.item_hashes == full.item_hashes
    assert read(document, known=NOTHING_OF_IT) == full


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<title>a</title>",
                "<id>1</id>",
                "<title type='xhtml'><div>b</div></title>",
                "<link href='/1'/>",
            ]
        ).map(str),
        max_size=4,
    ).map("".join),
    st.booleans(),
)
def test_atom_entries_are_those_of_a_full_reading(entry, first):
    document = atom(entry + "<updated>2026-03-04T00:00:00Z</updated>", "<title>other</title>")
    full = read(document)
    known = frozenset({full.item_hashes[0 if first else 1]})
    assert read(document, known=NOTHING_OF_IT) == full
    assert read(document, known=known).entries == tuple(e for e in full.entries if e.item_hash not in known)


@pytest.mark.parametrize(
    "items",
    [
        "<item><title>a</title><item><title>b</title></item></item>",
        "<item/><item><title>a</title></item>",
        "<item><title>a</title></item><item/>",
        "<itemlist><item/></itemlist><item><title>a</title></item>",
        "<item><title>a</title></item><u:item xmlns:u='urn:u'><title>b</title></u:item>",
        "<image><item><title>a</title></item></image><item><title>b</title></item>",
        "<comments><item><title>a</title></item></comments><item><title>b</title></item>",
        "<item><title>a</title></item><item><title>a</title></item><item><title>b</title></item>",
        "<item><description>a <entry><title>b</title></entry></description></item><item>c</item>",
        "<ITEM><title>a</title></ITEM><item><title>b</title></item >",
        "<item><title>a</title></item><item><title>b</title>",
        "<item><title>a &nbsp; b</title></item><item><title>c</title></item>",
        "<item><title>a</title></item></channel></rss><item><title>b</title></item>",
    ],
)
def test_a_first_reading_finds_the_items_that_a_later_one_finds(items):
    document = f"<rss><channel><title>T</title>{items}</channel></rss>".encode()
    assert read(document) == read(document, known=NOTHING_OF_IT)


def test_a_poll_without_news_reads_no_item():
    document = rss("<title>a</title>", "<title>b</title>")
    item_hashes = frozenset(read(document).item_hashes)
    parsed = read(document, known=item_hashes)
    assert parsed.entries == ()
    assert frozenset(parsed.item_hashes) == item_hashes
    assert parsed.title == "The Wire"


def test_a_document_read_leniently_also_knows_its_items():
    items = b"<item><title>a</title><p></item><item><title>b</title></item>"
    document = b"<rss><channel><title>T</title>" + items + b"</channel></rss>"
    first = read(document)
    assert [entry.title for entry in first.entries] == ["a", "b"]
    assert "read leniently" in first.warnings[0]
    assert read(document, known=frozenset(first.item_hashes)).entries == ()


def test_the_same_item_twice_is_one_entry():
    assert len(read(rss("<title>a</title>", "<title>a</title>")).entries) == 1


@pytest.mark.parametrize("name", ["u:item", f"{'x' * 300}", "u:title"])
def test_names_too_long_to_be_remembered_are_read_the_same_each_time(name):
    inside = f"<{name}>b</{name}>"
    items = f"<item><title>a</title>{inside}</item>{inside}"
    document = f"<rss xmlns:u='urn:{'u' * 300}'><channel><title>T</title>{items}</channel></rss>".encode()
    first = read(document)
    assert first == read(document, known=NOTHING_OF_IT)
    assert "a" in {entry.title for entry in first.entries}


def test_equal_items_cost_no_second_reading(monkeypatch):
    item = "<item><title>a</title><description>b</description></item>"
    document = f"<rss><channel>{item * 3}<item><title>c</title></item>{item}</channel></rss>".encode()
    expected = read(document, known=NOTHING_OF_IT)
    monkeypatch.delattr(feed_parser, "split")
    assert read(document) == expected
    assert [entry.title for entry in expected.entries] == ["a", "c"]


def test_a_feed_without_a_version_is_one_when_all_its_items_are_known():
    document = b"<channel><title>T</title><item><title>a</title></item></channel>"
    first = read(document)
    again = read(document, known=frozenset(first.item_hashes))
    assert (again.title, again.item_hashes, again.entries) == (first.title, first.item_hashes, ())
