"""No page, mail or feed item shows words of another language than its own."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from jinja2.runtime import Macro
from lxml import html as lxml_html

from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.model import PublishedArticle
from syndicate.newsletter import sample_edition
from syndicate.publish.feeds.entries import content_html, feed_item
from syndicate.reports import sample_data, template_check
from syndicate.templating import Templates
from syndicate.web.readers.server_pages import ServerPages
from tests.factories import NOW
from tests.jobs.room import BASE, opened_room
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE, render
from tests.newsletter.stories import newsletter
from tests.publish.samples import OPTIONS, published, related
from tests.template_variables import FEED_LANGUAGES, MAIL_LANGUAGES, TRANSLATED

SHIPPED = Templates()
NUMBERS = (
    *("count", "minutes", "hours", "sources", "articles", "stories", "languages", "most", "days", "number"),
    *("articles_", "sources_", "stories_"),
)
NAMES = {"syndicate", "UTC", "CET", "html", "json", "atom", "JSON", "Atom", "http", "https", "UTF"}
SAMPLES = (sample_data, sample_edition, template_check)
INITIALS = {"CC", "DL", "HG", "OS", "SS"}
# Formats, units, names of the samples' languages, titles of the site and its feed.
ON_PAGES = {"RSS", "OPML", "MB", "English", "français", "Deutsch", "The", "Newsroom", "News"} | INITIALS
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


def html_of(page: object) -> str:
    """Return the HTML of a page of the site or of the web server, or of an item of a feed."""
    html = getattr(page, "body", getattr(page, "html", page))
    return html.decode() if isinstance(html, bytes) else str(html)


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.sampled(2)
def test_a_page_has_no_words_but_its_languages_own(language: str, tmp_path: Path) -> None:
    samples = [Path(module.__file__ or "").read_text("utf-8") for module in SAMPLES]
    own = known(language, re.findall(r'"([^"\n]*)"', "".join(samples))) | ON_PAGES
    own |= {word.capitalize() for word in own}
    with opened_room(tmp_path) as room:
        room.declare("", base=BASE.replace("[http]", f'language = "{language}"\n[http]'))
        services = room.services
        frame = bare_frame(services.templates, services.publish_options)
        pages = ServerPages(services.templates, lambda: frame, at_once=True)
        rendered = [html_of(render()) for render in template_check.sample_pages(services, pages, NOW)]

    foreign = [(tokens(shown(page)) - own, page) for page in rendered]
    assert [found for found in foreign if found[0]] == []


@pytest.mark.parametrize("language", MAIL_LANGUAGES)
@pytest.mark.sampled(5)
def test_a_mail_has_no_words_but_its_languages_own(language: str) -> None:
    letter = replace(newsletter(), language=language)
    mail = render(letter=letter)

    own = known(language, full_edition(), SITE, letter) | INITIALS
    assert tokens(shown(mail.html)) - own == set()
    own |= {word.upper() for word in own}
    assert tokens(re.sub(r"https?://\S+", "", mail.text)) - own == set()


@pytest.mark.parametrize("language", FEED_LANGUAGES[1:])
@pytest.mark.sampled(9)
def test_an_item_of_a_feed_has_no_words_but_its_languages_own(language: str) -> None:
    article = sample(1, language)
    content = content_html(feed_item(article, OPTIONS), OPTIONS.time_zone)

    assert tokens(shown(content)) - known(language, article) == set()


@pytest.mark.parametrize("language", FEED_LANGUAGES)
@pytest.mark.sampled(5)
def test_every_macro_of_the_words_says_something_for_every_number(language: str) -> None:
    templates = Templates(None, language)
    words = [*templates.words("pages/words.html").items(), *templates.words("mail/words.txt").items()]
    for name, macro in words:
        for number, kind in ((1, "new"), (2, "sources"), (7, "developing"), (40, "audio"), (103, "video")):
            if isinstance(macro, Macro):
                facts = SimpleNamespace(kind=kind, sources=number, hours=number)
                given = {"news": facts, "growth": facts, "kind": kind} | dict.fromkeys(NUMBERS, number)
                said = str(macro(*(given.get(argument, "Tide") for argument in macro.arguments)))
                assert said.strip(), name
                assert "  " not in said, name


def test_no_page_writes_a_colon_after_a_word_but_that_of_its_language() -> None:
    names = [name for name in SHIPPED.names() if re.fullmatch(r"pages/.*(?<!words)\.html", name)]
    colon = re.compile(r"[}%]}(?:</\w+>)?:[ <]|</bdi>: |\"(?:RSS|Atom|JSON): ")

    assert names
    assert [name for name in names if colon.search(SHIPPED.read(name).decode())] == []
