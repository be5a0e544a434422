"""Extraction of the article of a page, its metadata, and refused pages."""

import json
import re

import pytest

from syndicate.errors import ParseError
from syndicate.ingest.html.html_documents import MAX_EXTRACTED_TAGS, drop_code
from syndicate.ingest.page.page_extraction import parse_page
from syndicate.ingest.page.page_refusal import is_teaser, leads_to_front_page
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Entry, ParsedSource

URL = "https://harbour.example/news/flood"
PARAGRAPHS = "".join(
    f"<p>On day {n} the barrier held; the <a href='/more'>harbour master</a> said that it took two hours.</p>"
    for n in range(12)
)


def read(
    body: str | bytes,
    *,
    url: str = URL,
    content_type: str = "text/html",
    charset: str = "",
    requested_url: str = "",
) -> ParsedSource:
    raw = body.encode() if isinstance(body, str) else body
    request = ParseRequest(body=raw, url=url, content_type=content_type, charset=charset)
    return parse_page(request, requested_url=requested_url)


def only(body: str | bytes, **more: str) -> Entry:
    (entry,) = read(body, **more).entries
    return entry


def page(
    head: str = "",
    body: str = f"<article><h1>The barrier closes</h1>{PARAGRAPHS}</article>",
    lang: str = "en",
) -> str:
    head = f"<title>The barrier closes | The Harbour</title>{head}"
    return f"<!doctype html><html lang='{lang}'><head>{head}</head><body>{body}</body></html>"


def ld(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


def test_the_text_comes_without_menus_boxes_and_footers():
    around = (
        "<header><nav><ul><li><a href=/>Home</a></li><li><a href=/w>World</a></li></ul></nav></header>"
        "<div class='cookie-banner'>We use cookies</div>"
        f"<article><h1>The barrier closes</h1><p class=byline>By Nora</p>{PARAGRAPHS}"
        "<div class='related'><h3>Related</h3><a href=/a>Another story</a></div></article>"
        "<aside>Most read</aside><footer>Copyright The Harbour</footer><script>alert(1)</script>"
    )
    entry = only(page(body=around))
    assert entry.title == "The barrier closes"
    assert entry.text.startswith("On day 0 the barrier held")
    assert entry.text.count("harbour master") == 12
    for boilerplate in ("Home", "cookies", "Another story", "Copyright", "alert", "Most read"):
        assert boilerplate not in entry.text
    assert '<a href="https://harbour.example/more"' in entry.html


@pytest.mark.parametrize(
    ("end", "cut_off"),
    [
        ("</article></body></html>", False),
        ("</article>", False),
        ("</p></article><p>Bare page</p>", False),
        ("", True),
        ("<p>On day 12 the bar", True),
        ("</article><footer><a href='/impr", True),
        ("</article><script>var page = 1;", True),
        ("</article><!-- built", True),
        ("<p>sloppy</p></body>", False),
    ],
)
def test_only_a_page_that_ends_inside_something_breaks_off(end: str, cut_off: bool):
    parsed = read(f"<title>The barrier closes</title><article><h1>The barrier closes</h1>{PARAGRAPHS}{end}")
    assert parsed.cut_off is cut_off
    assert (parsed.warnings != ()) is cut_off


def test_a_page_that_breaks_off_before_its_article_is_no_final_answer():
    parsed = read("<!doctype html><html><head><meta charset=utf-8><link rel=styl")
    assert (parsed.entries, parsed.cut_off) == ((), True)


def test_a_hidden_picture_in_the_text_of_a_page_is_not_taken_along():
    pixel = "<img src='https://t.example/p.gif' style='display:none'><img src='https://t.example/q' width=1>"
    body = f"<article><h1>The barrier closes</h1>{PARAGRAPHS}<p>{pixel}<img src='/a.jpg'></p></article>"
    entry = only(page(body=body))
    assert "t.example" not in entry.html
    assert "On day 11" in entry.text


def test_declared_facts_win():
    head = (
        "<meta property='og:title' content='Open Graph title'>"
        "<meta property='og:description' content='What happened.'>"
        "<meta name=author content='Somebody Else'><meta property='og:image' content='/og.jpg'>"
        + ld(
            headline="Barrier closes &amp; holds",
            datePublished="2026-11-24T07:10:00+01:00",
            dateModified="2026-11-24T08:00:00Z",
            author=[{"@type": "Person", "name": "Nora O'Dell"}, "Ben Ali"],
            image=["https://harbour.example/1.jpg"],
            keywords="sea, storm",
            articleSection=["Local"],
            inLanguage="en-GB",
        )
    )
    entry = only(page(head))
    assert (entry.title, entry.summary, entry.section) == (
        "Barrier closes & holds",
        "What happened.",
        "Local",
    )
    assert (entry.authors, entry.tags, entry.language) == (
        ("Nora O'Dell", "Ben Ali"),
        ("sea", "storm"),
        "en-gb",
    )
    assert entry.published is not None
    assert entry.published.isoformat() == "2026-11-24T06:10:00+00:00"
    assert entry.updated is not None
    assert entry.updated.hour == 8
    assert entry.image is not None
    assert entry.image.url == "https://harbour.example/1.jpg"


def test_an_article_inside_a_graph_is_found():
    graph = {
        "@context": "https://schema.org",
        "@graph": [{"@type": "WebSite", "name": "x"}, {"@type": ["BlogPosting"], "headline": "In the graph"}],
    }
    assert (
        only(page(f'<script type="application/ld+json">{json.dumps(graph)}</script>')).title == "In the graph"
    )


@pytest.mark.parametrize(
    "junk",
    [
        "{",
        "[" * 100_000,
        '{"@type": 7, "headline": [[[]]]}',
        "null",
        '{"@type":"Article","author":{"name":{"name":1}}}',
    ],
)
def test_broken_json_ld_costs_nothing(junk: str):
    assert (
        only(page(f'<script type="application/ld+json">{junk}</script>')).text.count("harbour master") == 12
    )


def test_guesses_fill_what_is_not_declared():
    entry = only(
        page(
            "<meta name='author' content='Nora'>",
            f"<article><h1>Tides</h1><time datetime='2026-11-20'>20 Nov</time>{PARAGRAPHS}</article>",
        )
    )
    assert entry.published is not None
    assert entry.published.date().isoformat() == "2026-11-20"
    assert entry.authors == ("Nora",)


def test_right_to_left_text_stays_what_it_is():
    text = "".join(
        f"<p>أغلق الحاجز عند مصب النهر في الساعة الرابعة صباحا في اليوم {n} كما قال مدير الميناء.</p>"
        for n in range(12)
    )
    entry = only(
        page("<meta property='og:title' content='الحاجز يغلق'>", f"<article>{text}</article>", lang="ar")
    )
    assert (entry.title, entry.language) == ("الحاجز يغلق", "ar")
    assert entry.text.count("مدير الميناء") == 12


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("utf-8", ""),
        ("cp1252", "<meta charset=windows-1252>"),
        ("cp1251", "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>"),
    ],
)
def test_the_charset_may_be_declared_in_the_page(codec: str, declared: str):
    word = "Сильный ветер" if codec == "cp1251" else "Tempête à l’œuvre"
    body = page(declared + f"<meta property='og:title' content='{word}'>")
    assert only(body.encode(codec)).title == word


def test_nothing_dangerous_is_left():
    dirty = (
        PARAGRAPHS
        + "<p onclick='x()'>Click <a href='javascript:alert(1)'>here</a> now, said the harbour master.</p>"
        "<iframe src='//evil.example'></iframe>"
    )
    entry = only(
        page(
            "<meta property='og:title' content='&lt;script&gt;alert(1)&lt;/script&gt;'>"
            + ld(author="<b>Nora</b>"),
            f"<article>{dirty}</article>",
        )
    )
    for bad in ("onclick", "javascript:", "<iframe", "<script"):
        assert bad not in entry.html


def test_the_digest_is_of_what_a_reader_sees():
    first, counted, other = (
        only(page(head)).item_hash
        for head in ("", "<meta name=visits content=7>", "<meta property='og:title' content='Other'>")
    )
    assert first == counted != other


@pytest.mark.parametrize(
    ("title", "body", "reason"),
    [
        ("404 | The Harbour", "<p>Nothing here.</p>", "error page"),
        ("Seite nicht gefunden", "<p>Leider.</p>", "error page"),
        ("页面不存在", "<p>返回首页</p>", "error page"),
        ("Sign in", "<form><input type='password' name=p></form>", "log in"),
        ("Attention required!", "<p>Please verify you are a human.</p>", "browser"),
        (
            "Your privacy choices",
            "<p>We and our partners store cookies. Accept all cookies. Consent.</p>",
            "consent",
        ),
    ],
)
def test_pages_that_answer_200_and_are_no_article(title: str, body: str, reason: str):
    with pytest.raises(ParseError, match=reason):
        read(f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>")


@pytest.mark.parametrize(
    "title", ["Why error 404 exists", "Log in, log out: a history", "Cookies and consent, explained"]
)
def test_articles_about_such_pages_are_articles(title: str):
    tells = "<p>We use cookies, partners, consent and privacy.</p><input type=password>"
    body = f"<article><h1>{title}</h1>{PARAGRAPHS}{tells}</article>"
    assert only(page(f"<meta property='og:title' content='{title}'>", body)).title == title


@pytest.mark.parametrize(
    ("head", "body", "taken"),
    [
        ("<meta property='og:type' content='article'>", PARAGRAPHS, True),
        (ld(headline="The barrier closes"), "<p>Short.</p>", True),
        ("<meta name=date content='2026-11-24'>", PARAGRAPHS, True),
        ("<meta property='og:type' content='website'>", PARAGRAPHS, False),
        ("<meta name=date content='2026-11-24'>", "<p>Imprint: 1 Quay Street.</p>", False),
    ],
)
def test_a_page_that_only_a_sitemap_names_must_say_that_it_is_an_article(head: str, body: str, taken: bool):
    def parse() -> ParsedSource:
        raw = page(head, f"<article>{body}</article>").encode()
        request = ParseRequest(body=raw, url=URL, content_type="text/html")
        return parse_page(request, is_listed_article=False)

    if taken:
        assert len(parse().entries) == 1
    else:
        with pytest.raises(ParseError, match="does not say that it is one"):
            parse()


@pytest.mark.parametrize(
    ("requested_url", "url", "expected"),
    [
        (URL, "https://harbour.example/", True),
        (URL, "https://www.harbour.example", True),
        (URL, "https://harbour.example/news/flood-2", False),
        ("https://harbour.example/?p=7", "https://harbour.example/", True),
        ("https://harbour.example/", "https://harbour.example/", False),
        (URL, "", False),
    ],
)
def test_being_sent_to_the_front_page_is_noticed(requested_url: str, url: str, expected: bool):
    assert leads_to_front_page(requested_url, url) is expected


def test_being_sent_to_a_consent_host_is_noticed():
    with pytest.raises(ParseError, match="consent"):
        read(
            "<html><title>x</title><p>Go on</p></html>",
            requested_url=URL,
            url="https://consent.harbour.example/collect?x=1",
        )


@pytest.mark.parametrize(
    "sentence",
    [
        "Subscribe to continue reading",
        "Already a subscriber?",
        "Jetzt weiterlesen mit Plus",
        "Cet article est réservé aux abonnés",
        "Contenido exclusivo para suscriptores",
    ],
)
def test_a_teaser_is_not_full_text(sentence: str):
    text = f"<p>It closed at four in the morning on Tuesday.</p><div>{sentence}</div>"
    parsed = read(page(body=f"<article><h1>The barrier closes</h1>{text}</article>"))
    (entry,) = parsed.entries
    assert (entry.html, entry.text) == ("", "")
    assert parsed.warnings == ("its text is for subscribers only",)


def test_an_offer_under_a_long_text_is_no_paywall():
    assert is_teaser("Subscribe to continue reading", 100)
    assert not is_teaser("Subscribe to continue reading", 600)
    assert not is_teaser("The sea is calm", 100)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"%PDF-1.7", "application/pdf", "not a page"),
        (b"", "text/html", "empty page"),
        (b"just words", "text/html", "not an HTML page"),
        (b'{"a": 1}', "application/json", "not an HTML page"),
        (b"<html><body><p>No title at all</p></body></html>", "text/html", "no title"),
        (b"\x00" * 5_000, "text/html", "empty page"),
    ],
)
def test_what_is_no_page(body: bytes, content_type: str, reason: str):
    with pytest.raises(ParseError, match=reason):
        read(body, content_type=content_type)


HOSTILE = {
    "15 000 divs": "<title>x</title>" + "<div>" * 15_000 + PARAGRAPHS,
    "200 000 attributes": "<title>x</title><p "
    + " ".join(f"a{n}=1" for n in range(200_000))
    + ">"
    + PARAGRAPHS,
    "unclosed tags": "<title>x</title>" + "<article " * 20_000 + PARAGRAPHS,
    "unclosed comment": f"<title>x</title>{PARAGRAPHS}<!-- " + "<p>" * 20_000,
    "unclosed scripts": f"<title>x</title>{PARAGRAPHS}" + "<script>" * 20_000,
    "formatting": "<title>x</title>" + "<b><i><a>" * 10_000 + PARAGRAPHS,
    "tables": "<title>x</title>" + "<table><tr><td>" * 5_000 + PARAGRAPHS,
    "entities": "<title>x</title>" + "&amp" * 100_000 + PARAGRAPHS,
    "quotes": "<title>x</title><p title='" + '"' * 100_000 + PARAGRAPHS,
    "metas": "<title>x</title>" + "<meta property='og:title' content='t'>" * 5_000 + PARAGRAPHS,
    "surrogates": "<title>x</title>&#xD800;&#0;\ufffe" + PARAGRAPHS,
}


def test_a_page_keeps_its_markup_after_many_links_with_icons():
    icon = '<svg><path d="M0 0"/></svg>'
    links = f'<li><a href="/s">{icon} Section</a></li>' * 1_000
    page = f"<html><title>x</title><ul>{links}</ul>{'<p>A <b>word</b></p>' * 900}"
    assert drop_code(page) == page.replace(icon, "")


@pytest.mark.parametrize("unit", ["<p>word {n} again</p>", "<table>x<p>word {n} again", "<br>word {n} again"])
def test_a_page_of_tags_keeps_the_first_and_all_words(unit: str):
    """Each element costs the extraction some time, so the tags beyond a number are taken for spaces."""
    words = "".join(unit.format(n=n) for n in range(40_000))
    page = drop_code(f"<html><title>x</title>{words}")
    assert len(re.findall("<[a-z]", page)) <= MAX_EXTRACTED_TAGS
    assert [int(number) for number in re.findall(r"word (\d+) again", page)] == list(range(40_000))
    assert not re.search("again[a-z]", page)


def test_endless_space_is_one_space():
    page = drop_code(f"<html><title>x</title>{PARAGRAPHS}{chr(160)} {' ' * 998}a{' ' * 999}b")
    assert page.endswith(f"</p> a{' ' * 999}b")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.sampled(4)
def test_hostile_pages_end_in_an_entry_or_a_refusal(name: str):
    try:
        parsed = read(f"<html>{HOSTILE[name]}")
    except ParseError:
        return
    assert len(parsed.entries) == 1
