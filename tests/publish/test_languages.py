"""No page, mail or feed item shows words of another language than its own."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from jinja2.runtime import Macro
from lxml import html as lxml_html

from syndicate.model import PublishedArticle
from syndicate.publish.feeds.entries import content_html, feed_item
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, SectionBlock
from syndicate.publish.site_paths import section_path
from syndicate.templating import Templates
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE, render
from tests.newsletter.stories import newsletter
from tests.publish.samples import OPTIONS, published, related
from tests.template_variables import FEED_LANGUAGES, TRANSLATED

SHIPPED = Templates()
NUMBERS = ("count", "minutes", "hours", "sources")
NAMES = {"syndicate", "UTC", "CET", "html", "json", "atom", "JSON", "Atom", "http", "https", "UTF"}
_TAG = re.compile(r"{[#%{].*?[#%}]}", re.DOTALL)
SAID_BY_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder")


def tokens(text: str) -> set[str]:
    """Return the words in Latin letters, of two letters or more."""
    return set(re.findall(r"[a-zA-ZÀ-ɏ]{2,}", text))


def shown(html: str) -> str:
    """Return the text that a reader of a page sees or hears."""
    tree: Any = lxml_html.document_fromstring(html)
    hidden = tree.xpath("//script | //style | //head/*[not(self::title)]")
    for element in hidden:
        element.drop_tree()
    spoken = (element.get(name, "") for element in tree.iter("*") for name in SAID_BY_ATTRIBUTES)
    return " ".join([*tree.itertext(), *spoken])


def known(language: str, *samples: object) -> set[str]:
    """Return the words of a translation, of its dates and of the samples that a page shows."""
    locale = Locale.parse(language.replace("-hant", "_Hant"))
    dates = [*locale.months["format"]["abbreviated"].values(), *locale.months["format"]["wide"].values()]
    dates += [*locale.days["format"]["abbreviated"].values(), *locale.days["format"]["wide"].values()]
    dates += [str(locale.date_formats[width].pattern) for width in ("medium", "long", "full")]
    dates += [str(name) for name in locale.languages.values()]
    file = SHIPPED.read(f"words/{language}.txt").decode()
    return tokens(" ".join([re.sub(_TAG, _quoted, file), *dates, *texts(samples)])) | NAMES


def _quoted(tag: re.Match[str]) -> str:
    return " ".join(["", *re.findall(r'"([^"]*)"', tag[0]), ""])


def texts(value: object) -> Iterable[str]:
    """Return every string in a value of dataclasses and collections."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from texts(tuple(value.values()))
    elif isinstance(value, Iterable):
        for part in value:
            yield from texts(part)


def sample(number: int, language: str) -> PublishedArticle:
    article = published(number, language=language, related=(related(5, language=language),))
    return replace(article, other_languages=(related(7, language="fi"),), sources=5, foreign_sources=2)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_page_has_no_words_but_its_languages_own(language: str) -> None:
    options = replace(OPTIONS, language=language)
    articles = [sample(number, language) for number in (1, 2, 3)]
    headlines = [Headline.of(article) for article in articles]
    pages = SitePages(Templates(None, language), options, sections=("world",))
    block = SectionBlock(name="world", path=section_path("world"), headlines=headlines)
    rendered = {
        "front": pages.front_page(top=headlines, trending=headlines[:1], sections=[block]),
        "article": pages.article_page(articles[0], top=headlines, trending=headlines),
        "section": pages.section_page("world", headlines),
        "tag": pages.tag_page("storm", headlines),
    }

    own = known(language, options, articles)
    foreign = {name: tokens(shown(page.decode())) - own for name, page in rendered.items()}
    assert not any(foreign.values()), foreign


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_mail_has_no_words_but_its_languages_own(language: str) -> None:
    letter = replace(newsletter(), language=language)
    mail = render(letter=letter)

    own = known(language, full_edition(), SITE, letter)
    assert tokens(shown(mail.html)) - own == set()
    own |= {word.upper() for word in own}
    assert tokens(re.sub(r"https?://\S+", "", mail.text)) - own == set()


@pytest.mark.parametrize("language", FEED_LANGUAGES[1:])
def test_an_item_of_a_feed_has_no_words_but_its_languages_own(language: str) -> None:
    article = sample(1, language)
    content = content_html(feed_item(article, OPTIONS), OPTIONS.time_zone)

    assert tokens(shown(content)) - known(language, article) == set()


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_every_macro_of_the_words_says_something_for_every_number(language: str) -> None:
    templates = Templates(None, language)
    words = [*templates.words("pages/words.html").items(), *templates.words("mail/words.txt").items()]
    for name, macro in words:
        for number, kind in ((1, "new"), (2, "sources"), (7, "developing"), (40, "audio"), (103, "video")):
            if isinstance(macro, Macro):
                facts = SimpleNamespace(kind=kind, sources=number, hours=number)
                given = {"news": facts, "growth": facts, "kind": kind} | dict.fromkeys(NUMBERS, number)
                said = str(macro(*(given.get(argument, "Tide") for argument in macro.arguments)))
                assert tokens(said) or re.search(r"[^\W\d]", said), name
                assert "  " not in said, name
