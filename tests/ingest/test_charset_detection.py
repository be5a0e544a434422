"""Documents with a wrong or missing charset label are read in the charset of their bytes."""

import unicodedata

import pytest

from syndicate.ingest.feed.xml_encoding import detect_charset
from syndicate.ingest.html.html_documents import read_html
from syndicate.ingest.worker.parsers import ParseRequest
from tests.ingest.news_in_charsets import NEWS
from tests.ingest.reading import read

TONES = "\u0300\u0301\u0303\u0309\u0323"
WRITTEN = [(language, codec) for language, (codecs, _, _) in NEWS.items() for codec in codecs]


def feed(title: str, text: str, label: str, language: str = "") -> str:
    encoding = f' encoding="{label}"' if label else ""
    described = f'<p class="lead">{text}</p><img src="https://news.example/i.jpg" alt="">'
    return (
        f'<?xml version="1.0"{encoding}?><rss version="2.0"><channel><title>News</title>{language}'
        f"<item><title>{title}</title><link>https://news.example/a/1?b=c&amp;d=e</link>"
        f"<pubDate>Fri, 27 Nov 2026 10:00:00 GMT</pubDate>"
        f"<description><![CDATA[{described}]]></description></item></channel></rss>"
    )


def encoded(text: str, codec: str) -> bytes:
    if codec != "cp1258":
        return text.encode(codec)
    # windows-1258 writes the tone of a Vietnamese letter after it.
    written = ""
    for character in text:
        parts = unicodedata.normalize("NFD", character)
        tone = "".join(mark for mark in parts[1:] if mark in TONES)
        rest = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tone))
        written += rest + tone if tone and len(parts) > 1 else character
    return written.encode(codec)


def read_title_and_text(body: bytes, charset: str = "") -> tuple[str, str]:
    (entry,) = read(body, charset=charset).entries
    return unicodedata.normalize("NFC", entry.title), unicodedata.normalize(
        "NFC", entry.text or entry.summary
    )


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "windows-1252"])
@pytest.mark.parametrize(("language", "codec"), WRITTEN)
@pytest.mark.sampled(54)
def test_X6_a_mislabelled_feed_is_read_in_the_charset_of_its_bytes(
    language: str, codec: str, label: str
) -> None:
    _, title, text = NEWS[language]
    found = read_title_and_text(encoded(feed(title, text, label), codec))
    assert found[0] == title
    assert text.split()[-1] in found[1]


# In ISO 8859-2 a few words of Czech or Slovak are as good in windows-1250, with other letters.
@pytest.mark.parametrize(
    ("language", "codec"), [one for one in WRITTEN if one not in (("cs", "iso8859-2"), ("sk", "iso8859-2"))]
)
def test_X6_a_title_is_enough_to_tell_the_charset(language: str, codec: str) -> None:
    _, title, _ = NEWS[language]
    (entry,) = read(
        encoded(f"<rss><channel><item><title>{title}</title></item></channel></rss>", codec)
    ).entries
    assert unicodedata.normalize("NFC", entry.title) == title


@pytest.mark.parametrize(("language", "codec"), WRITTEN)
@pytest.mark.sampled(27)
def test_X5_text_that_is_labelled_well_stays_as_it_is_labelled(language: str, codec: str) -> None:
    _, title, text = NEWS[language]
    label = {"cp932": "shift_jis", "cp949": "euc-kr", "big5hkscs": "big5"}.get(codec, codec.replace("_", "-"))
    parsed = read(encoded(feed(title, text, label.replace("iso8859", "iso-8859")), codec))
    assert unicodedata.normalize("NFC", parsed.entries[0].title) == title
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("wrong", "language", "codec"),
    [("windows-1251", "ru", "koi8-r"), ("koi8-r", "ru", "cp1251"), ("shift_jis", "ja", "euc_jp"),
     ("euc-kr", "zh", "gb18030"), ("gb2312", "ko", "cp949"), ("windows-1256", "he", "cp1255"),
     ("iso-8859-2", "fr", "cp1252"), ("windows-1250", "lt", "cp1257")],
)  # fmt: skip
def test_X6_another_language_s_label_gives_way_to_a_plausible_text(
    wrong: str, language: str, codec: str
) -> None:
    _, title, text = NEWS[language]
    assert read_title_and_text(encoded(feed(title, text, ""), codec), charset=wrong)[0] == title


@pytest.mark.parametrize("label", ["", "iso-8859-1", "koi8-r"])
@pytest.mark.parametrize("language", sorted(NEWS))
@pytest.mark.sampled(24)
def test_X5_valid_utf_8_wins_over_every_label(language: str, label: str) -> None:
    _, title, text = NEWS[language]
    assert read_title_and_text(feed(title, text, label).encode(), charset=label)[0] == title


def test_iso_2022_jp_is_recognised_without_a_label() -> None:
    _, title, text = NEWS["ja"]
    assert read_title_and_text(feed(title, text, "").encode("iso2022_jp"))[0] == title


def test_text_in_ascii_alone_needs_no_other_charset() -> None:
    assert detect_charset(b"<title>plain</title>", "cp1252") == "cp1252"


@pytest.mark.parametrize("language", ["ru", "ja", "zh", "ko", "pl", "he"])
def test_a_mislabelled_page_is_read_in_the_charset_of_its_bytes(language: str) -> None:
    codecs, title, text = NEWS[language]
    page = f'<html lang="{language}"><meta charset="utf-8"><title>{title}</title><p>{text}</p></html>'
    found = read_html(ParseRequest(body=page.encode(codecs[0]), url="https://a.example/"))
    assert title in found
