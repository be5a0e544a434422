"""Listing pages by CSS selectors and XPath."""

import pytest

from syndicate.errors import ConfigError, ParseError
from syndicate.ingest.page.css_selectors import check_selector
from syndicate.ingest.page.listing_pages import MAX_LISTED_ITEMS, parse_listing
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource, Selectors

URL = "https://town.example/news/"
LIST = """<html lang="pt-BR"><head><title>Notícias</title></head><body>
<div class=item><a href="1"><img src="/1.jpg" alt="Estrada"></a><h2><a href="1">Estrada fechada</a></h2>
 <time datetime="2026-11-24T08:00:00Z">hoje</time><p>Até sexta-feira.</p><span class=by>Ana</span></div>
<div class=item><a href="/2?utm_source=x">Ponte abre</a><time>20 November 2026</time></div>
<div class=item><a href="2?utm_source=y#top">Ponte</a></div>
<div class=item><a href="javascript:x()">Nada</a></div>
<div class=item>Sem link</div></body></html>"""


def read(select: Selectors, body: str = LIST, known: frozenset[str] = frozenset()) -> ParsedSource:
    request = ParseRequest(body=body.encode(), url=URL, content_type="text/html", known=known)
    return parse_listing(request, select=select)


def test_only_an_item_selector_is_needed():
    parsed = read(Selectors(item="div.item"))
    assert [(entry.url, entry.title) for entry in parsed.entries] == [
        ("https://town.example/news/1", "Estrada fechada"),
        ("https://town.example/2?utm_source=x", "Ponte abre"),
        ("https://town.example/news/2?utm_source=y#top", "Ponte"),
    ]
    assert (parsed.title, parsed.language, parsed.entries[0].language) == ("Notícias", "pt-br", "pt-br")


def test_every_selector_looks_inside_the_item():
    select = Selectors(
        item="div.item", link="h2 a", title="h2", date="time", summary="p", author=".by", image="img"
    )
    (entry,) = read(select).entries
    assert (entry.title, entry.summary, entry.authors) == ("Estrada fechada", "Até sexta-feira.", ("Ana",))
    assert entry.published is not None
    assert entry.published.isoformat() == "2026-11-24T08:00:00+00:00"
    assert entry.image is not None
    assert (entry.image.url, entry.image.alt) == ("https://town.example/1.jpg", "Estrada")


def test_the_item_may_be_the_link_itself():
    assert len(read(Selectors(item="h2 > a")).entries) == 1


def test_known_items_are_not_told_again():
    known = frozenset(read(Selectors(item="div.item")).item_hashes)
    assert read(Selectors(item="div.item"), known=known).entries == ()


@pytest.mark.parametrize("item", ["article", "div.other", "ul > li:first-child"])
def test_a_list_without_items_is_an_error(item: str):
    with pytest.raises(ParseError, match=r"select\.item"):
        read(Selectors(item=item))


def test_a_list_has_an_end():
    rows = "".join(f"<li><a href='/{n}'>Item {n}</a></li>" for n in range(2_000))
    assert len(read(Selectors(item="li"), f"<html><ul>{rows}</ul></html>").entries) == MAX_LISTED_ITEMS


@pytest.mark.parametrize(
    "selector", ["article", "ul.news > li a[href^='/news']", "h2:not(.ad)", "li:nth-child(2n+1)", "a, b"]
)
def test_selectors_that_are_known(selector: str):
    check_selector(selector)


@pytest.mark.parametrize("selector", ["li >", "a[", "p::before::after(", "li:has-no-such()", "..", "//li"])
def test_selectors_that_are_not(selector: str):
    with pytest.raises(ConfigError, match="not a CSS selector"):
        check_selector(selector)


def test_xpath_finds_elements_attributes_and_texts():
    select = Selectors(
        item="xpath://div[contains(concat(' ', @class, ' '), ' item ')]",
        link="xpath:descendant::a[string-length(@href)>0]/@href",
        title="xpath:normalize-space(h2)",
        date="xpath:./time/@datetime",
        author="xpath:concat('By ', span)",
        image="xpath:(.//img)[1]/@src",
    )
    entry = read(select).entries[0]
    assert (entry.url, entry.title) == ("https://town.example/news/1", "Estrada fechada")
    assert entry.published is not None
    assert (entry.authors, entry.published.day) == (("By Ana",), 24)
    assert entry.image is not None
    assert entry.image.url == "https://town.example/1.jpg"


def test_what_is_no_element_attribute_or_text_is_not_found():
    names = "xpath:namespace::*"
    entry = read(Selectors(item="div.item", title=names, date=names, image=names)).entries[0]
    assert (entry.title, entry.published, entry.image) == ("", None, None)


def test_the_words_of_a_link_found_by_its_address_are_the_title():
    (first, *_) = read(Selectors(item="xpath://div", link="xpath:.//a/@href")).entries
    assert first.title == "Estrada fechada"


@pytest.mark.parametrize("item", ["xpath://div[nothing()]", "xpath://svg:path", "xpath:$x"])
def test_an_unknown_name_in_xpath_is_an_error(item: str):
    with pytest.raises(ParseError, match="selector failed"):
        read(Selectors(item=item))


@pytest.mark.parametrize("item", ["xpath:count(//div)", "xpath://a/@href", "xpath:'x'"])
def test_an_item_that_is_no_element_is_an_error(item: str):
    with pytest.raises(ParseError, match=r"select\.item"):
        read(Selectors(item=item))


@pytest.mark.parametrize(
    "selector", ["xpath:", "xpath://a[", "xpath:((", "xpath:\x00", "xpath:" + "//a[" * 200]
)
def test_invalid_xpath_is_refused(selector: str):
    with pytest.raises(ConfigError, match="not an XPath expression"):
        check_selector(selector)
