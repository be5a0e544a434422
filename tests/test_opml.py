from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import ParseError
from syndicate.opml import Outline, read_opml, write_opml
from syndicate.text.plain import clean_line

HARBOUR = Outline(
    title="Harbour & “Sea” <News>",
    feed_url="https://harbour.example/feed?a=1&b=2",
    home_url="https://harbour.example/",
    language="en-gb",
    section="Local/Sea",
    description='Ships, "tides"',
)
A = '<outline text="A" xmlUrl="https://a.example/f" htmlUrl="javascript:x"/>'
MARKET = Outline(title="سوق", feed_url="https://market.example/rss", language="ar")


def opml(body: str) -> bytes:
    return f'<opml version="1.0"><head/><body>{body}</body></opml>'.encode()


def test_X1_O1_the_document_is_opml_2_in_utf_8():
    data = write_opml("Sources", [HARBOUR, MARKET])
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">')
    root = ElementTree.fromstring(data)
    assert root.findtext("head/title") == "Sources"
    assert root.find("head/docs") is None


def test_O2_O3_every_outline_has_text_and_feeds_have_their_attributes():
    root = ElementTree.fromstring(write_opml("Sources", [HARBOUR, MARKET]))
    assert all(outline.get("text") for outline in root.iter("outline"))
    feed = root.find("body/outline/outline/outline")
    assert feed is not None
    assert feed.attrib == {
        "type": "rss",
        "text": "Harbour & “Sea” <News>",
        "title": "Harbour & “Sea” <News>",
        "xmlUrl": "https://harbour.example/feed?a=1&b=2",
        "htmlUrl": "https://harbour.example/",
        "language": "en-gb",
        "description": 'Ships, "tides"',
    }


def test_O4_folders_hold_the_feeds_of_a_section():
    more = Outline(title="More sea", feed_url="https://sea.example/rss", section="Local/Sea")
    root = ElementTree.fromstring(write_opml("Sources", [HARBOUR, MARKET, more]))
    local = root.find("body/outline")
    assert local is not None
    assert [outline.get("text") for outline in local.iter("outline")] == [
        "Local",
        "Sea",
        HARBOUR.title,
        "More sea",
    ]
    assert local.get("xmlUrl") is None


def test_O5_the_date_is_rfc_822():
    data = write_opml("Sources", [MARKET], created=datetime(2026, 11, 24, 8, 5, tzinfo=UTC))
    assert b"<dateCreated>Tue, 24 Nov 2026 08:05:00 +0000</dateCreated>" in data


def test_O1_an_empty_list_is_still_valid_and_reads_as_empty():
    data = write_opml("Sources", [])
    assert len(ElementTree.fromstring(data).findall("body/outline")) == 1
    assert read_opml(data).outlines == ()


TEXT = st.text(st.characters(exclude_characters="/", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(
            lambda number, title, sections, description: Outline(
                title=title,
                feed_url=f"https://example.com/{number}",
                section="/".join(sections),
                description=description,
            ),
            st.integers(0, 10**6),
            TEXT,
            st.lists(TEXT, max_size=3),
            TEXT,
        ),
        unique_by=lambda outline: outline.feed_url,
    )
)
def test_O8_what_we_export_comes_back(outlines):
    def cleaned(outline: Outline) -> tuple[str, str, str]:
        section = "/".join(clean_line(part) for part in outline.section.split("/"))
        return clean_line(outline.title), section, clean_line(outline.description)

    read = {outline.feed_url: outline for outline in read_opml(write_opml("List", outlines)).outlines}
    assert set(read) == {outline.feed_url for outline in outlines}
    for outline in outlines:
        if all(cleaned(outline)):
            assert cleaned(read[outline.feed_url]) == cleaned(outline)


def test_O8_a_list_written_twice_is_the_same_bytes():
    data = write_opml("Sources", [HARBOUR, MARKET])
    assert write_opml("Sources", [HARBOUR, MARKET]) == data
    assert read_opml(data).outlines == (HARBOUR, MARKET)


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        (
            '<outline TITLE="A" XMLURL="https://a.example/f"/>',
            Outline(title="A", feed_url="https://a.example/f"),
        ),
        (
            '<OUTLINE text="A" xmlUrl="feed:https://a.example/f"/>',
            Outline(title="A", feed_url="https://a.example/f"),
        ),
        (
            '<outline text="A" xmlUrl="feed://a.example/f"/>',
            Outline(title="A", feed_url="http://a.example/f"),
        ),
        (
            '<outline xmlUrl="https://a.example/f" title=""/>',
            Outline(title="a.example", feed_url="https://a.example/f"),
        ),
        (
            '<outline text="A" xmlUrl="https://a.example/f" category="/News/World,/Other"/>',
            Outline(
                title="A",
                feed_url="https://a.example/f",
                section="News/World",
                extra=(("category", "/News/World,/Other"),),
            ),
        ),
        (
            f'<outline text="A/B" htmlUrl="javascript:x">{A}</outline>',
            Outline(title="A", feed_url="https://a.example/f", section="A-B"),
        ),
        (
            f'<outline text="Parent" xmlUrl="https://p.example/f">{A}</outline>',
            Outline(title="A", feed_url="https://a.example/f"),
        ),
    ],
)
def test_O8_lists_of_other_readers_are_understood(outline, expected):
    assert read_opml(opml(outline)).outlines[-1] == expected


def test_O8_the_same_address_twice_is_one_feed():
    feeds = '<outline text="A" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="HTTPS://A.example:443/f#x"/>'
    assert [outline.title for outline in read_opml(opml(feeds)).outlines] == ["A"]


@pytest.mark.parametrize(
    "address", ["", "../../etc/passwd", "file:///etc/passwd", "javascript:x", "https://u:p@a.example/"]
)
def test_P15_addresses_that_are_no_feed_are_left_out(address):
    assert read_opml(opml(f'<outline text="A" xmlUrl="{address}"/>')).outlines == ()


def test_O8_folders_nest_deep_and_a_declared_encoding_is_kept():
    nested = (
        '<outline text="é">' * 12 + '<outline text="A" xmlUrl="https://a.example/f"/>' + "</outline>" * 12
    )
    data = ('<?xml version="1.0" encoding="ISO-8859-1"?>' + opml(nested).decode()).encode("latin-1")
    assert read_opml(b"\n " + data).outlines[0].section == "/".join("é" * 12)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "well-formed"),
        (b"not xml", "well-formed"),
        (b"<opml><body>", "well-formed"),
        (b"<rss/>", "not an OPML"),
        (b"<opml/>", "not an OPML"),
        (b"<html><body/></html>", "not an OPML"),
        (b'<?xml version="1.0" encoding="nonsense"?><opml><body/></opml>', "OPML"),
        (b'<!DOCTYPE o [<!ENTITY a "b">]><opml><body><outline text="&a;"/></body></opml>', "entity"),
        (b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><body/></opml>', "entity"),
        (b'<!DOCTYPE o [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x">%a;]><opml><body/></opml>', "entity"),
        (opml("<outline text='a'>" * 100_000), "deeper"),
        (b" " * 5_000_001, "5,000,000"),
    ],
)
def test_P2_P15_what_is_no_harmless_list_is_refused(data, reason):
    with pytest.raises(ParseError, match=reason):
        read_opml(data)


def test_P2_an_external_document_type_is_not_fetched():
    data = b'<!DOCTYPE opml SYSTEM "http://127.0.0.1:9/opml.dtd">' + opml(
        '<outline text="A" xmlUrl="https://a.example/f"/>'
    )
    assert len(read_opml(data).outlines) == 1


def test_P15_ten_thousand_feeds_are_read():
    feeds = "".join(
        f'<outline text="F{number}" xmlUrl="https://a.example/{number}"/>' for number in range(10_000)
    )
    assert len(read_opml(opml(feeds)).outlines) == 10_000


def test_P15_deep_folders_with_long_names_do_not_multiply_in_memory():
    folders = f'<outline text="{"x" * 290}">' * 150
    feeds = "".join(f'<outline xmlUrl="https://a.example/{number}"/>' for number in range(1_000))
    read = read_opml(opml(folders + feeds + "</outline>" * 150)).outlines
    assert len(read) == 1_000
    assert all(len(outline.section) <= 200 for outline in read)


def test_O8_a_round_trip_keeps_what_only_others_understand():
    outline = (
        '<outline type="atom" text="Short" title="The long name" xmlUrl="https://a.example/f"'
        ' created="Mon, 23 Nov 2026 08:00:00 GMT" customTag="&lt;x&gt;" version="ATOM1"/>'
    )
    once = read_opml(opml(f'<outline text="World">{outline}</outline>')).outlines
    assert read_opml(write_opml("List", once)).outlines == once
    assert dict(once[0].extra) == {
        "type": "atom",
        "text": "Short",
        "created": "Mon, 23 Nov 2026 08:00:00 GMT",
        "customTag": "<x>",
        "version": "ATOM1",
    }


def test_O4_a_folder_that_holds_feeds_and_folders_is_written_once():
    outlines = [
        Outline(title=title, feed_url=f"https://{title}.example/", section=section)
        for title, section in (("a", "News"), ("b", "News/World"), ("c", ""), ("d", "News"))
    ]
    body = ElementTree.fromstring(write_opml("List", outlines)).find("body")
    assert body is not None
    shape = [
        (one.get("text"), [(inner.get("text"), [leaf.get("text") for leaf in inner]) for inner in one])
        for one in body
    ]
    assert shape == [("News", [("a", []), ("World", ["b"]), ("d", [])]), ("c", [])]


def test_the_title_of_a_list_is_that_of_its_head():
    data = b"<opml><head><title>My &amp; yours</title></head><body><outline text='x'/></body></opml>"
    assert read_opml(data).title == "My & yours"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("javascript:alert(1)", "http or https address"),
        ("file:///etc/passwd", "http or https address"),
        ("https://ann:hunter2@a.example/", "user name or password"),
    ],
)
def test_P15_what_is_left_out_is_said_without_its_password(address, reason):
    refused = read_opml(opml(f'<outline text="A" xmlUrl="{address}"/>')).refused
    assert [title for title, _ in refused] == ["A"]
    assert reason in refused[0][1]
    assert "hunter2" not in refused[0][1]


def test_P15_attributes_are_kept_within_limits():
    many = " ".join(f'a{number}="{number}"' for number in range(1_000))
    outline = f'<outline text="A" xmlUrl="https://a.example/f" long="{"x" * 501}" xml:lang="en" {many}/>'
    extra = read_opml(opml(outline)).outlines[0].extra
    assert (len(extra), extra[0]) == (40, ("a0", "0"))


def test_P15_a_list_of_a_hundred_thousand_feeds_is_refused():
    feeds = "".join(f'<outline xmlUrl="http://a/{number}"/>' for number in range(100_000))
    with pytest.raises(ParseError, match="more than 10,000"):
        read_opml(opml(feeds))
