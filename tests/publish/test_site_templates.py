import inspect
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.errors import RenderError
from syndicate.model import Article, Enclosure, Image, Source
from syndicate.publish.about.about_pages import AboutPage, FeedRow, FeedsPage
from syndicate.publish.front_choice import FrontPlaces, Lane
from syndicate.publish.lists.day_page import ArchivePage, DayLink, DayPage, LatestPage
from syndicate.publish.lists.list_page import ListFacts, ListPage
from syndicate.publish.lists.sources_page import SourcesPage
from syndicate.publish.newsletter_archive import EditionPage, EditionsPage, NewslettersPage
from syndicate.publish.page_context import ArticlePage, FrontPage
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.search.search_results import Facet, FoundStory, SearchPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import (
    Growth,
    Headline,
    Hot,
    NamedPath,
    SectionBlock,
    SourceMark,
    StoryView,
)
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.publish.site_view import EditionLink, EditionTeaser, NewsletterOffer, NewsletterView, SiteView
from syndicate.templating import Templates, iso_date
from tests.publish.samples import NOW, OPTIONS, list_page, page_of, published
from tests.template_variables import attributes, variables

TEMPLATES = Templates()
TOP = [Headline.of(published(number)) for number in (11, 12, 13)]


def test_a_broken_template_is_named_and_costs_only_its_own_page(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "listing.html").write_text("\n{{ headlinez }}")
    pages = SitePages(Templates(tmp_path), OPTIONS)

    with pytest.raises(RenderError, match=r"pages/listing\.html, line 2: 'headlinez' is undefined"):
        list_page(pages, "section", "world", TOP)
    assert page_of(pages, published(1))


def test_own_parts_see_the_newest_article_and_the_sections(tmp_path):
    parts = tmp_path / "pages" / "parts"
    parts.mkdir(parents=True)
    for name in ("head", "masthead", "footer"):
        (parts / f"{name}.html").write_text("[{{ site.updated|iso if site.updated }} {{ sections|length }}]")
    pages = SitePages(Templates(tmp_path), OPTIONS, sections=["world"])

    front = FrontPage(canonical=pages.absolute(FRONT_PATH), top=TOP, places=FrontPlaces())
    for time in (None, NOW, NOW + timedelta(minutes=5), None):
        page = pages.page("pages/front.html", FRONT_PATH, front, updated=time).decode()
        assert page.count(f"[{iso_date(time) if time else ''} 1]") == 3


def test_one_block_of_a_page_can_be_overridden(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "front.html").write_text(
        '{% extends "!builtin/pages/front.html" %}{% block content %}'
        "<p>{{ top|length }} at {{ site.title }}</p>{% endblock %}"
    )

    pages = SitePages(Templates(tmp_path), OPTIONS)
    front = FrontPage(canonical=pages.absolute(FRONT_PATH), top=TOP, places=FrontPlaces())
    page = pages.page("pages/front.html", FRONT_PATH, front)

    assert b"<p>3 at The Daily Tide</p>" in page
    assert b'<link rel="canonical" href="https://news.example/site/index.html">' in page


def test_the_documented_override_stands_before_the_shipped_block(tmp_path):
    documented = (Path(__file__).parents[2] / "docs/templates.md").read_text("utf-8")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "front.html").write_text(documented.partition("```jinja\n")[2].partition("```")[0])

    pages = SitePages(Templates(tmp_path), OPTIONS)
    front = FrontPage(canonical=pages.absolute(FRONT_PATH), top=TOP, places=FrontPlaces(lead=TOP[0]))
    page = pages.page("pages/front.html", FRONT_PATH, front).decode()

    assert 0 < page.index("We are hiring.") < page.index('<article class="lead">')


def test_words_can_be_translated_in_one_file(tmp_path):
    (tmp_path / "pages").mkdir()
    shipped = TEMPLATES.read("pages/words.html").decode()
    (tmp_path / "pages" / "words.html").write_text(
        shipped.replace('"Reader view"', '"Lesemodus"').replace('language = "en"', 'language = "de"')
    )

    page = page_of(SitePages(Templates(tmp_path), OPTIONS), published(1)).decode()

    assert "Lesemodus" in page
    assert "24. Nov. 2026, 08:00" in page


DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
PAGES = {
    "Front page": FrontPage, "Article page": ArticlePage, "Pages of lists": ListPage, "Latest": LatestPage,
    "Search page": SearchPage, "Page of all newsletters": NewslettersPage,
    "Directory of feeds": FeedsPage, "Page about the site": AboutPage,
    "Day": DayPage, "Archive": ArchivePage, "List of sources": SourcesPage,
}  # fmt: skip
ARCHIVE_PAGES = EditionsPage, EditionPage
OBJECTS = {
    "Headline": Headline, "Hot": Hot, "Growth": Growth, "Story": StoryView, "Mark": SourceMark, "Lane": Lane,
    "Section block": SectionBlock, "Newsletter to join": NewsletterOffer, "Edition": EditionTeaser,
    "Newsletter": NewsletterView, "Edition link": EditionLink,
    "Facts of a list": ListFacts, "Day or month": DayLink,
    "Path": NamedPath, "Image": Image, "File": Enclosure,
    "Found story": FoundStory, "Count": Facet, "Row of a feed": FeedRow,
}  # fmt: skip
INTERNAL = {"Article": Article, "Source": Source}


def documented(heading: str) -> set[str]:
    """Return the names in the first column of the table under a heading."""
    section = DOCUMENTATION.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return {name.lstrip(".") for row in rows for name in re.findall(r"`([^`]+)`", row)}


def names_of(kind: type) -> set[str]:
    return {name for name in inspect.get_annotations(kind) if not name.startswith("_")} | {
        name for base in kind.__mro__ for name, value in vars(base).items() if isinstance(value, property)
    }


def test_the_fields_of_the_site_are_the_documented_ones() -> None:
    assert documented("Site") == names_of(PublishOptions) | names_of(SiteView) | {"section_path"}


@pytest.mark.parametrize("heading", PAGES)
def test_the_variables_of_a_page_are_the_documented_ones(heading: str) -> None:
    names = names_of(PAGES[heading]) - {"places"}
    assert documented(heading) == names | (names_of(FrontPlaces) if heading == "Front page" else set())


def test_the_variables_of_an_archive_are_the_documented_ones() -> None:
    names = set().union(*map(names_of, ARCHIVE_PAGES))
    assert documented("Archive of a newsletter") == names


@pytest.mark.parametrize("heading", OBJECTS)
def test_the_fields_of_an_object_are_the_documented_ones(heading: str) -> None:
    assert documented(heading) == names_of(OBJECTS[heading])


@pytest.mark.parametrize("heading", INTERNAL)
def test_the_documented_fields_of_a_row_exist(heading: str) -> None:
    assert all(hasattr(INTERNAL[heading], name) for name in documented(heading))


def test_every_field_that_a_page_template_reads_is_documented() -> None:
    fields = set().union(*map(documented, [*OBJECTS, *INTERNAL, "Archive of a newsletter"]))
    fields |= set(re.findall(r"`\.(\w+)`", DOCUMENTATION)) | {"removeprefix", "removesuffix", "split", "get"}
    fields |= {"startswith", "rstrip", "splitlines", "items", "year"}
    for name in SITE_TEMPLATES:
        assert attributes(TEMPLATES, f"pages/{name}.html") <= fields, name


SITE_TEMPLATES = (
    "article", "front", "listing", "latest", "day", "archive", "sources", "parts/rows", "parts/hours",
    "parts/calendar", "edition", "editions", "parts/head", "parts/masthead", "parts/footer",
    "parts/rail", "parts/atoms", "parts/more_from_section", "parts/files",
    "parts/edition_item", "parts/edition_story", "search", "parts/search_parts", "newsletters",
    "parts/sign_up", "parts/newsletter_rail", "feeds", "about",
)  # fmt: skip
PAGE_TEMPLATES = (
    "article", "front", "listing", "latest", "day", "archive", "sources", "search", "feeds", "about",
    "parts/head", "parts/masthead", "parts/footer", "parts/rail",
)  # fmt: skip


@pytest.mark.parametrize("name", PAGE_TEMPLATES)
def test_every_variable_of_a_template_is_documented(name):
    everywhere = documented("Variables of every page and part") | documented("Variables of every page")
    names = everywhere.union(*map(documented, [*PAGES, "Parts"]))
    assert variables(TEMPLATES, f"pages/{name}.html") <= names


@pytest.mark.parametrize(("language", "name"), [("de", "Ausland"), ("en", "world"), ("ar", "العالم")])
def test_usual_sections_have_names_in_the_language_of_the_site(language, name):
    options = replace(OPTIONS, language=language)
    pages = SitePages(Templates(language=language), options, sections=["world", "Harbour life"])

    page = list_page(pages, "section", "world", TOP).decode()

    assert f'site/sections/world/index.html" aria-current="true">{name}</a>' in page
    assert f"<title>{name[:1].upper()}{name[1:]} · " in page
    assert ">Harbour life</a>" in page
