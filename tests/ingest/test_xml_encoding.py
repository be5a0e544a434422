"""Wrong charset labels, and characters that XML forbids."""

import codecs

import pytest

from syndicate.ingest.feed.xml_encoding import as_plain_utf8, repair_references, utf8_document
from tests.ingest.reading import only_entry, read, rss

TITLE = "Zürich – “naïve” café"


def declared(encoding: str, title: str = TITLE) -> str:
    feed = f"<rss><channel><item><title>{title}</title></item></channel></rss>"
    return f'<?xml version="1.0" encoding="{encoding}"?>{feed}'


@pytest.mark.parametrize(
    ("body", "charset", "title"),
    [
        (declared("utf-8").encode(), "", TITLE),
        (declared("utf-8").encode(), "utf-8", TITLE),
        (declared("utf-8").encode("utf-8-sig"), "iso-8859-1", TITLE),
        (declared("utf-8").encode(), "iso-8859-1", TITLE),
        (declared("utf-16").encode("utf-16"), "", TITLE),
        (declared("utf-16").encode("utf-16-be"), "", TITLE),
        (declared("utf-16").encode("utf-16-le"), "utf-8", TITLE),
        (declared("utf-32").encode("utf-32"), "", TITLE),
        (declared("utf-16").encode(), "", TITLE),
        (declared("windows-1252").encode("cp1252"), "", TITLE),
        (declared("utf-8").encode("cp1252"), "utf-8", TITLE),
        (declared("utf-8").encode("cp1252"), "windows-1252", TITLE),
        (declared("iso-8859-1").encode("cp1252"), "", TITLE),
        (declared("utf-8", "Привет мир").encode("koi8-r"), "koi8-r", "Привет мир"),
        (declared("koi8-r", "Привет мир").encode("koi8-r"), "", "Привет мир"),
        (declared("koi8-r", "Привет мир").encode("cp1251"), "windows-1251", "Привет мир"),
        (declared("Shift_JIS", "東京の天気").encode("shift_jis"), "", "東京の天気"),
        (declared("iso-2022-jp", "東京の天気").encode("iso2022_jp"), "", "東京の天気"),
        (declared("euc-jp", "東京の天気").encode("euc_jp"), "", "東京の天気"),
        (declared("gb2312", "北京天气").encode("gbk"), "", "北京天气"),
        (declared("big5", "台北天氣").encode("big5"), "", "台北天氣"),
        (declared("windows-1256", "مرحبا").encode("cp1256"), "", "مرحبا"),
    ],
)
def test_X5_X6_P6_text_is_readable_whatever_the_label_says(body, charset, title):
    assert only_entry_title(body, charset) == title


def only_entry_title(body: bytes, charset: str) -> str:
    (entry,) = read(body, charset=charset).entries
    return entry.title


def test_X5_the_http_charset_beats_the_declaration():
    body = declared("koi8-r", "Привет мир").encode("cp1251")
    assert only_entry_title(body, "windows-1251") == "Привет мир"


def test_X6_a_bad_byte_becomes_a_replacement_character_and_a_warning():
    body = declared("utf-8", "Zürich " * 50 + "BAD").encode().replace(b"BAD", b"\xff")
    parsed = read(body)
    assert "\ufffd" in parsed.entries[0].title or parsed.entries[0].title.startswith("Zürich")
    assert "1 bytes do not fit" in parsed.warnings[0]


def test_a_lying_label_is_a_warning():
    assert read(declared("utf-8").encode("cp1252")).warnings == ("declared as utf-8, read as windows-1252",)


@pytest.mark.cpu_seconds(15)
@pytest.mark.parametrize(
    "name", ["utf-7", "punycode", "undefined", "idna", "rot13", "../../x", "base64", "utf-8-sig"]
)
def test_P6_codecs_that_are_no_charsets_are_never_used(name):
    body = declared(name, "+ADw-script+AD4-" + "a" * 800_000).encode()
    parsed = read(body, charset=name)
    assert parsed.entries[0].title.startswith("+ADw-script+AD4-")


def test_X2_control_characters_do_not_cost_the_feed():
    parsed = read(rss("<title>a\x0b\x00b</title>", "<title>c</title>"))
    assert [entry.title for entry in parsed.entries] == ["ab", "c"]
    assert parsed.warnings == ("control characters that XML forbids were removed",)


def test_space_before_the_declaration_is_no_harm():
    assert only_entry(b"\n \n" + declared("utf-8").encode()).title == TITLE


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://dtd.example/rss-0.91.dtd">',
        "<!DOCTYPE rss>",
        "<!doctype rss [<!ENTITY a 'b'> ]>",
        "<!-- first --><!DOCTYPE rss [ <!ELEMENT rss ANY> ]>",
    ],
)
def test_X7_the_document_type_is_cut_out(doctype):
    document, _ = utf8_document(f"{doctype}<rss/>".encode(), "")
    assert document.removeprefix(b"<!-- first -->") == b"<rss/>"


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("caf&eacute; &nbsp;x", "café \u00a0x"),
        ("AT&T", "AT&amp;T"),
        ("a &unknown; b", "a &amp;unknown; b"),
        ("&amp;eacute; &lt;b&gt; &#233;", "&amp;eacute; &lt;b&gt; &#233;"),
        ("&#0;&#xD800;&#x110000;&#99999999;", "\ufffd" * 4),
        ("<![CDATA[AT&T caf&eacute;]]>", "<![CDATA[AT&T caf&eacute;]]>"),
        ("a?b=1&c=2", "a?b=1&amp;c=2"),
    ],
)
def test_references_are_mended_outside_cdata_only(broken, mended):
    assert repair_references(broken.encode()).decode() == mended


def test_every_charset_in_the_table_is_a_codec():
    from syndicate.ingest.feed.xml_encoding import CHARSETS

    for codec in set(CHARSETS.values()):
        codecs.lookup(codec)


@pytest.mark.parametrize("quoted", ["<!DOCTYPE html", "<!DOCTYPE a [<!ENTITY b 'c'>]"])
def test_a_document_type_that_an_item_quotes_is_text(quoted):
    document = f"<rss><item><![CDATA[Begin with {quoted}]]></item><item>x</item></rss>".encode()
    assert utf8_document(document, "") == (document, ())


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"<rss>\xc3\xbc</rss>", b"<rss>\xc3\xbc</rss>"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<!-- x --><rss/>', b"\n<!-- x --><rss/>"),
        (b'<?xml version="1.0" encoding="us-ascii"?><?style x?><rss/>', b"<?style x?><rss/>"),
        (b'<?xml version="1.0" encoding="no such charset"?><rss/>', b"<rss/>"),
        (b'<?xml version="1.0" encoding="iso-8859-1"?><rss/>', b""),
        (b"<!DOCTYPE rss><rss/>", b""),
        (b"<!-- x --><!DOCTYPE rss><rss/>", b""),
        (b"<\0r\0s\0s\0/\0>\0", b""),
        (b"no markup", b""),
        (b"", b""),
    ],
)
def test_what_is_utf8_xml_needs_no_look_before_it_is_parsed(body, document):
    assert as_plain_utf8(body, "") == document
    assert as_plain_utf8(body, "koi8-r") == b""
    if document:
        assert utf8_document(body, "")[0].strip() == document.strip()


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x01", b"\0", b"\xef\xbf\xbf"])
def test_what_is_no_utf8_or_no_character_is_mended_before_it_is_read(bad):
    body = b"<rss><channel><item><title>a" + bad + b"b</title></item></channel></rss>"
    parsed = read(body)
    (entry,) = parsed.entries
    assert (entry.title[0], entry.title[-1]) == ("a", "b")
    assert parsed == read(body, known=frozenset({"digest of another item"}))
