"""Hostile feeds: bounded time, and no exception but ``ParseError``."""

import contextlib
import random
import re
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.errors import ParseError
from syndicate.ingest.limits import MAX_ITEMS
from tests.examples import examples
from tests.ingest.reading import atom, read, rss

# Quadratic time takes longer; tests do not check ordinary speed.
pytestmark = pytest.mark.cpu_seconds(15)

# Where elements are skipped, so that it is no item.
MANY_ATTRIBUTES = " ".join(f"a{n}='1'" for n in range(200_000))
TINY_ITEM = "<media:credit><item/></media:credit>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = {
    "billion-laughs": f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>',
    "quadratic": f'<!DOCTYPE rss [<!ENTITY l9 "{"a" * 100_000}">]>',
    "external": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    "external-dtd": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">',
    "windows-path": '<!DOCTYPE rss [<!ENTITY l9 "C:\\data">]>',
    "bracket-in-value": '<!DOCTYPE rss [<!ENTITY l9 "]>"><!ENTITY l8 "&l9;">]>',
    "unclosed": '<!DOCTYPE rss [<!ENTITY l9 "x">',
}


@pytest.mark.parametrize("doctype", ENTITIES.values(), ids=ENTITIES)
def test_X7_P1_P2_entities_never_expand(doctype):
    title = f"a{'&l9;' * 500}b"
    body = f"<?xml version='1.0'?>{doctype}<rss><channel><item><title>{title}</title></item></channel></rss>"
    try:
        parsed = read(body.encode())
    except ParseError:
        parsed = None
    for entry in parsed.entries if parsed else ():
        assert entry.title.startswith("a&l9;")
        assert "root:" not in entry.title


def test_P2_xinclude_is_only_an_unknown_element():
    body = rss('<title>a</title><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>')
    (entry,) = read(body).entries
    assert (entry.title, entry.html) == ("a", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (rss(head="<x>" * 100_000 + "</x>" * 100_000), "nested deeper than 200"),
        (rss(head="<x>" * 199 + "</x>" * 199), "nested deeper than 200"),
        (rss(head="<x " + MANY_ATTRIBUTES + "/>"), "more than 500 attributes"),
        (b"<rss><channel><item>" + b"<x>" * 100_000, "cut off"),
    ],
    ids=["depth", "just-too-deep", "attributes", "depth-cut-off"],
)
def test_P5_limits_are_errors_that_say_so(body, reason):
    with pytest.raises(ParseError, match=reason):
        read(body)


@pytest.mark.all
@pytest.mark.parametrize(
    "excess",
    [
        "<x>" * 100_000 + "</x>" * 100_000,
        "<x>" * 198 + "<![CDATA[</x>]]><!-- <x> --><y z='>'/>" + "</x>" * 198,
        f"<x {MANY_ATTRIBUTES}/>",
        f"<x {MANY_ATTRIBUTES}><z>one</z></x>",
    ],
    ids=["depth", "just-too-deep", "attributes", "attributes-around"],
)
@pytest.mark.sampled(1)
def test_an_item_beyond_the_limits_is_flattened_and_the_others_are_read(excess):
    body = rss(f"{excess}<title>a</title>", "<title>b</title>")
    parsed = read(body)
    assert ([entry.title for entry in parsed.entries], parsed.refused) == (["a", "b"], ())
    assert read(body, known=frozenset(parsed.item_hashes)).entries == ()


@pytest.mark.all
def test_an_item_with_too_many_attributes_of_its_own_costs_no_other_item():
    first = b"<item " + MANY_ATTRIBUTES.encode() + b"><title>a</title></item>"
    body = rss("<title>b</title>").replace(b"<item>", first + b"<item>", 1)
    parsed = read(body)
    assert [entry.title for entry in parsed.entries] == ["a", "b"]
    assert [entry.title for entry in read(body, known=frozenset(parsed.item_hashes[:1])).entries] == ["b"]


def test_text_of_elements_nested_too_deeply_is_kept():
    deep = "<div>" * 300 + "deep" + "</div>" * 300 + "<p>after</p>"
    xhtml = f'<div xmlns="http://www.w3.org/1999/xhtml">{deep}</div>'
    (entry,) = read(atom(f'<title>a</title><content type="xhtml">{xhtml}</content>')).entries
    assert entry.text == "deep\n\nafter"


@pytest.mark.all
def test_a_tag_of_megabytes_in_a_malformed_feed_is_bounded():
    body = b"<rss><channel><item><title>a</title></x><y " + b"a='1' " * 400_000 + b"></item></channel></rss>"
    with contextlib.suppress(ParseError):
        read(body)


def malformed(inside: bytes) -> bytes:
    return b"<rss><channel><item><title>a</b></title>" + inside + b"</item></channel></rss>"


@pytest.mark.parametrize(
    "body",
    [
        malformed(b"<![CDATA[" * 100_000),
        malformed(b"<!--" * 100_000),
        malformed(b"&#" * 100_000),
        malformed(b'<a x="' * 50_000),
        malformed(b"<author>" + b"a." * 30_000 + b"</author>"),
        malformed(b"<!DOCTYPE " * 100_000),
        b"<!--a-->" * 200_000 + b"x",
        b"<!--a--><!" * 100_000 + b"x",
        b"<?a?>" * 200_000 + b"x",
        b"<!DOCTYPE rss [ ]>" + b"<!ENTITY a " * 200_000,
        b"<!DOCTYPE rss " + b"\"a'" * 200_000 + b">",
        b"<!DOCTYPE rss [" + b"] " * 300_000 + b"<rss/>",
        rss("<title>" + "<![CDATA[x]]>" * 200_000 + "</title>"),
        rss("<author>" + "a" * 100_000 + "@" + "b." * 50_000 + "</author>"),
        rss("<author><x/>" + "a" * 100_000 + "@</author>"),
        rss(
            "".join(f"<dc:subject>{n}<b/></dc:subject>" + TINY_ITEM * (n % 900 == 0) for n in range(100_000))
        ),
        rss("<pubDate>" + "1 " * 500_000 + "</pubDate>"),
        atom(
            *["<id>1</id><link href='2'/>"] * 1_000,
            attributes=f'xml:base="https://a.example/{"a/" * 200_000}"',
        ),
        rss("<title>" + "&lt;" * 500_000 + "</title>"),
        rss("".join(f"<dc:subject>{n}</dc:subject>" for n in range(100_000))),
        rss(head="".join(f"<media:category>{n}</media:category>" for n in range(100_000))),
        rss("".join(f"<a{n}/>" for n in range(300_000))),
        atom("<content>" + "\n " * 300_000 + "x</content>"),
        rss("<title>a</title>") + b"<!-- " + b"<skipHours>" * 400_000 + b"<skipDays>" * 400_000 + b"-->",
    ],
)
@pytest.mark.sampled(8)
def test_no_repetition_takes_quadratic_time(body):
    with contextlib.suppress(ParseError):
        read(body)


def test_P5_an_item_with_elements_without_end_costs_no_other():
    many = "".join(f"<dc:subject>{n}</dc:subject>" for n in range(2_000))
    entries = read(rss(f"<title>One</title>{many}<author>late</author>", "<title>Two</title>")).entries
    assert [(entry.title, entry.authors) for entry in entries] == [("One", ()), ("Two", ())]
    assert entries[0].tags[:2] == ("0", "1")


def test_one_attribute_of_eight_megabytes_takes_no_quadratic_time():
    body = rss(f'<title>a</title><x y="{"z" * 8_000_000}"/>')
    assert read(body).entries[0].title == "a"


@pytest.mark.parametrize("newest_first", [True, False])
def test_P5_of_many_items_the_newest_are_kept_and_the_rest_is_not_lost(newest_first):
    day = datetime(2026, 1, 1, tzinfo=UTC)
    items = [
        f"<title>t{n}</title><pubDate>{(day - timedelta(hours=n)).isoformat()}</pubDate>"
        for n in range(MAX_ITEMS + 3)
    ]
    body = rss(*(items if newest_first else items[::-1]))
    first = read(body)
    assert {entry.title for entry in first.entries} == {f"t{n}" for n in range(MAX_ITEMS)}
    assert first.warnings == (f"3 items beyond {MAX_ITEMS} were left for the next poll",)
    assert first.left_out == 3
    second = read(body, known=frozenset(first.item_hashes))
    assert second.left_out == 0
    assert {entry.title for entry in second.entries} == {f"t{MAX_ITEMS + n}" for n in range(3)}


@pytest.mark.parametrize(
    "inside",
    [
        "&#xD800;", "&#x110000;", "&#99999999999999999999;", "&#0;", "&#xFFFE;", "&undefined;", "AT&T",
        "a < b",
        "<b>unclosed", "</p>", "<a href=x>", "<![CDATA[open",
    ],
)  # fmt: skip
def test_what_makes_feedparser_raise_or_give_up_costs_no_entry(inside):
    body = rss("<title>before</title>", f"<title>a{inside}b</title>", "<title>after</title>")
    parsed = read(body)
    titles = [entry.title for entry in parsed.entries]
    assert "before" in titles
    assert parsed.warnings


@pytest.mark.all
def test_bases_that_each_element_declares_anew_are_not_all_kept():
    based = "".join(f'<b xml:base="{number}/"><i></i></b>' for number in range(1_000))
    body = atom(f"<title>a</title>{based}<p>", attributes=f'xml:base="https://a.example/{"a/" * 4_000}"')
    tracemalloc.start()
    try:
        (entry,) = read(body).entries
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert entry.title == "a"
    assert most < 8 << 20


def test_one_item_that_breaks_feedparser_hurts_only_itself():
    broken = (
        '<title>bad</title><where xmlns="http://www.georss.org/georss"><gml:Point xmlns:gml="http://www.opengis.net/gml"'
        ' srsName="urn:x:EPSG:9.9:x"><gml:pos>a b</gml:pos></gml:Point></where>'
    )
    body = rss("<title>good</title>", broken, "<description>not <b>escaped</b></description>")
    parsed = read(body)
    assert len(parsed.entries) + len(parsed.refused) == 3
    assert parsed.entries[0].title == "good"


@pytest.mark.parametrize(
    "payload",
    [
        "<script>steal()</script>", "<img src=x onerror=steal()>", "<svg/onload=steal()>",
        "javascript:steal()",
        "<a href='javascript:steal()'>x</a>", "\" onmouseover=\"steal()", "<iframe src=javascript:steal()>",
        "<math><a xlink:href=javascript:steal()>x", "<style>@import 'javascript:steal()'</style>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["html", "text", "xhtml-escaped"])
def test_CF1_payloads_in_every_field_stay_text(payload, kind):
    escaped = payload.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    if kind == "text":
        escaped = escaped.replace("&", "&amp;")
    body = rss(
        f"<title>{escaped}</title><link>{escaped}</link><guid>{escaped}</guid><dc:creator>{escaped}</dc:creator>"
        f"<category>{escaped}</category><description>{escaped}</description>"
        f'<content:encoded>{escaped}</content:encoded><enclosure url="{escaped}" type="image/png"/>'
        f'<media:content url="{escaped}" medium="image"><media:title>{escaped}</media:title></media:content>'
        f"<itunes:summary>{escaped}</itunes:summary>"
    )
    (entry,) = read(body).entries
    assert entry.url == "" or entry.url.startswith("https://news.example/feeds/")
    assert entry.image is None or entry.image.url.startswith("https://news.example/feeds/")
    for tag in re.findall("<[^>]*>", entry.html):
        assert re.fullmatch(r'</?(a|p|img)( (rel|src|href)="[^"]*")*>', tag)
        assert "javascript:" not in tag


def test_CF7_a_title_of_ten_megabytes_is_cut():
    (entry,) = read(rss(f"<title>{'word ' * 2_000_000}</title>")).entries
    assert len(entry.title) <= 300
    assert entry.title.endswith("…")


def test_deep_html_in_an_item_is_bounded():
    (entry,) = read(rss(f"<description>{'&lt;div&gt;' * 15_000}end</description>")).entries
    assert entry.text == "end"


SEEDS = (
    rss(
        "<title>a</title><link>/1</link><pubDate>Wed, 04 Mar 2026 12:00:00 GMT</pubDate>"
        "<description>&lt;p&gt;x</description>"
    ),
    atom(
        '<id>1</id><title type="html">a</title><content type="xhtml"><div>x</div></content>',
        '<title>b</title><link href="/"/>',
    ),
    '<?xml version="1.0" encoding="koi8-r"?><!DOCTYPE rss><rss><item><title>Я</title></item></rss>'.encode(
        "koi8-r"
    ),
    b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_html":"<p>x"}]}',
)
SNIPPETS = (
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"</item>",
    b"<item>",
    b"\x00",
    b"\xff",
    b"&#x",
    b'"',
    b"<!DOCTYPE",
)


def mutated(seed: int) -> bytes:
    dice = random.Random(seed)
    body = bytearray(dice.choice(SEEDS))
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(body) + 1)
        match dice.randrange(4):
            case 0:
                del body[at : at + dice.randint(1, 20)]
            case 1:
                body[at:at] = dice.choice(SNIPPETS)
            case 2:
                body[at:at] = body[dice.randrange(len(body) + 1) :][: dice.randint(1, 40)]
            case _:
                body[at : at + 1] = bytes([dice.randrange(256)])
    return bytes(body)


@settings(deadline=None, max_examples=examples(400))
@given(st.integers(min_value=0, max_value=10**9))
def test_P16_a_mutated_feed_raises_nothing_but_a_parse_error(seed):
    try:
        parsed = read(mutated(seed), charset=random.Random(seed).choice(["", "utf-8", "koi8-r", "utf-7"]))
    except ParseError:
        return
    for entry in parsed.entries:
        f"{entry.title}{entry.html}{entry.text}{entry.summary}{entry.url}{entry.guid}".encode()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_P16_any_bytes_raise_nothing_but_a_parse_error(body):
    with contextlib.suppress(ParseError):
        read(body)


@pytest.mark.parametrize(
    "inside",
    [
        "<description>see <title>another</title></description>",
        "<description><details><summary>more</summary>x</details></description>",
        '<a:summary type="html">x<a:summary>y</a:summary></a:summary>',
        "<description>x</description><description>a <info>b</info></description>",
        "<category><item>x</item></category><description>a <title>b</title></description>",
    ],
)
def test_what_an_item_leaves_open_changes_no_other(inside):
    """feedparser ends a text at the end tag of any element with a text's name in it."""
    bad = f"<item><title>Bad</title><link>https://a.example/1</link>{inside}</item>"
    good = (
        "<item><title>Good</title><link>https://a.example/2</link><description>Calm sea</description></item>"
    )
    body = f'<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><title>F</title>{bad}{good}</channel></rss>'
    (entry,) = (entry for entry in read(body.encode()).entries if entry.url.endswith("/2"))
    assert (entry.title, entry.text) == ("Good", "Calm sea")


def test_what_stands_before_the_items_changes_none():
    body = (
        "<rss><channel><title>F</title><description>a <title>b</title></description>"
        "<item><title>Good</title><link>https://a.example/2</link></item></channel></rss>"
    )
    assert [entry.title for entry in read(body.encode()).entries] == ["Good"]
