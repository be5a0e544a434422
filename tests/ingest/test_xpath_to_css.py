import random
import re
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lxml import etree, html

from syndicate.errors import ConfigError
from syndicate.ingest.page.css_selectors import xpath_of
from syndicate.ingest.page.xpath_to_css import xpath_to_css

TAGS = ("div", "article", "a", "h2", "p")
VALUES = ("post", "post ad", "ad", "/news/1", "", 'a"b', "x\\")


def document(seed: int) -> html.HtmlElement:
    """Return a random small document; drawing it element by element would take most of the time."""
    pick = random.Random(seed)
    root: html.HtmlElement = html.document_fromstring("<body> </body>")
    parents: list[etree._Element] = [root[0]]
    for _ in range(pick.randrange(1, 25)):
        element = etree.SubElement(pick.choice(parents[-6:]), pick.choice(TAGS))
        for name in ("class", "href", "id"):
            if pick.random() < 0.5:
                element.set(name, pick.choice(VALUES))
        element.text = pick.choice(("", "More", "words"))
        parents.append(element)
    return root


documents = st.integers(0, 2**32).map(document)
names = st.sampled_from((*TAGS, "*"))
words = st.sampled_from(("post", "ad", "/news/", 'a"b', "x\\")).map(lambda word: f"'{word}'")
attributes = st.sampled_from(("@class", "@href", "@id"))
tests = st.one_of(
    attributes,
    st.builds("{} = {}".format, attributes, words),
    st.builds("{} != {}".format, attributes, words),
    st.builds("contains({}, {})".format, attributes, words),
    st.builds("starts-with({},{})".format, attributes, words),
    st.builds("string-length({}) > 0".format, attributes),
    st.sampled_from(
        (
            "contains(concat(' ', normalize-space(@class), ' '), ' post ')",
            'contains(concat(" ",@class," ")," ad ")',
            "contains(., 'More')",
            "self::h2 or self::p",
        )
    ),
    st.builds(
        "{}{}".format, st.sampled_from((".//", "./", "", "descendant::", "following-sibling::")), names
    ),
    st.builds("{}/{}".format, names, attributes),
)
predicates = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds("not({})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=4,
)
positions = st.sampled_from(("", "", "[1]", "[2]", "[last()]", "[position()=1]"))
steps = st.builds(
    "{}{}{}".format,
    names,
    positions,
    st.lists(predicates.map("[{}]".format), max_size=2).map("".join),
)
more = st.lists(
    st.builds("{}{}".format, st.sampled_from(("/", "//", "/descendant::", "/following-sibling::")), steps),
    max_size=2,
).map("".join)
absolute = st.one_of(
    st.builds("//{}{}".format, steps, more),
    st.builds("/html/body/{}{}".format, steps, more),
    st.builds("//{}/{}{}".format, steps, st.sampled_from(("ancestor::", "parent::")), names),
    st.builds("//{}/..".format, steps),
)
relative = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from((".//", "./", "", "descendant::")), steps, more), st.just(".")
)


def check(context: html.HtmlElement, expression: str) -> None:
    try:
        css = xpath_to_css(expression)
    except ConfigError:
        # Refused, for example a position on the descendant axis.
        assume(False)
    xpath = xpath_of(css)
    if context.tag == "html":
        # In XPath ``*`` may also be the root; a page's selectors are searched below it.
        xpath = re.sub(r"(?:^|(?<=\| ))descendant::", "descendant-or-self::", xpath)
    assert context.xpath(xpath) == context.xpath(expression), css


@given(documents, st.one_of(absolute, st.builds("{} | {}".format, absolute, absolute)))
def test_the_selector_of_a_path_in_the_document_finds_the_same_elements(document, expression):
    check(document, expression)


@given(documents, st.data(), relative)
def test_the_selector_of_a_path_in_an_item_finds_the_same_elements(document, data, expression):
    check(data.draw(st.sampled_from(list(document.iter("body", *TAGS)))), expression)


@pytest.mark.parametrize(
    ("expression", "css"),
    [
        ("//a[contains(@href, '/interesting/')]/ancestor::article", 'article:has(a[href*="/interesting/"])'),
        ("descendant::a[string-length(@href)>0]", 'a[href]:not([href=""])'),
        ('//div[@class="news-item"]', 'div[class="news-item"]'),
        ("//div[contains(concat(' ', normalize-space(@class), ' '), ' post ')]", 'div[class~="post"]'),
        ("/html/body/div[2]/ul/li", "body > div:nth-of-type(2) > ul > li"),
        ("//*[@id='content']/*[2]", '*[id="content"] > *:nth-child(2)'),
        ("./h2/a", ":scope > h2 > a"),
        (".", ":scope"),
    ],
)
def test_expressions_of_the_guides_become_selectors(expression, css):
    assert xpath_to_css(expression) == css


@pytest.mark.parametrize(
    "expression",
    [
        "", "/", "//", "..", "/html", "//a[", "//a]", "//a[]", "/div", "a b", "//a[1", "((", "'", "@href",
        "//p[text()='x']", "concat('a', .)", "descendant::a[1]", "//a[@id][2]", "//tr[position()>1]",
        "//svg:path", "//a/preceding-sibling::p", "//a[contains(@href, '')]", "//a[//b]", "//a[.]",
        "h2 | h3", "following-sibling::p", "//a[@x='\n']", "//a[" * 200,
        "//div[contains(concat(' ', @class, ' '), ' a b ')]", "\x00", "//a[@x='", "//a[-1]", "$x", "id('x')",
    ],
)  # fmt: skip
def test_an_expression_that_css_cannot_say_is_refused(expression):
    with pytest.raises(ConfigError):
        xpath_to_css(expression)


@given(st.text(alphabet="/.@[]()*|'\" :=,abhtml-01ornd", max_size=60))
@example("//a[not(")
def test_any_text_gives_a_selector_or_a_refusal(expression):
    with suppress(ConfigError):
        xpath_of(xpath_to_css(expression))
