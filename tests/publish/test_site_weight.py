"""Weights that readers download: page, style sheet and script, without pictures."""

import gzip
from dataclasses import replace
from datetime import UTC
from typing import Any

from syndicate.model import StoryLinks
from syndicate.publish.front_choice import choose_front
from syndicate.publish.lists.day_page import FIRST_PART, DayArticle, DayPage, day_page, weeks_of
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, SectionBlock
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.templating import Templates
from tests.publish.samples import NOW, OPTIONS, published, related

SUMMARY = "The river rose by a metre at night, and the lower town was cleared before the morning. " * 3
TITLE = "The lower town is cleared before the river breaks the wall"
SECTIONS = [f"section {number}" for number in range(8)]


def told(number: int, **changes: Any) -> Headline:
    links = tuple(
        related(
            100 * number + place, title=f"{TITLE} {place}", source_name=f"The Source {place}", same_text=place
        )
        for place in range(8)
    )
    item = published(number, title=f"{TITLE} {number}", summary=SUMMARY, **changes)
    story = StoryLinks(path=f"site/stories/council-clears-the-lower-town-{number:x}.html", links=links)
    return Headline.of(replace(item, sources=9, story=story))


def weights(*files: bytes) -> tuple[int, int]:
    """Return bytes as they are and compressed."""
    return sum(map(len, files)), sum(len(gzip.compress(file, 9)) for file in files)


def test_a_full_front_page_weighs_less_than_75_kilobytes_and_with_style_and_script_25_packed():
    pages = SitePages(Templates(), OPTIONS, sections=SECTIONS)
    headlines = [told(number) for number in range(1, 140)]
    blocks = [
        SectionBlock(name=name, path="x", headlines=headlines[40 + 12 * place : 52 + 12 * place])
        for place, name in enumerate(SECTIONS)
    ]
    places = choose_front(headlines[:24], headlines[24:32], headlines[:40], blocks, NOW)
    front = FrontPage(canonical="https://news.example/", top=headlines, places=places)

    page = pages.page("pages/front.html", FRONT_PATH, front, updated=NOW)
    assets = pages.assets()

    assert len(places.sections) == 8
    assert len(page) < 75_000
    assert weights(page, assets["site/assets/site.css"], assets["site/assets/site.js"])[1] < 25_000


def test_the_longest_page_of_a_day_weighs_less_than_100_kilobytes():
    address = f"https://harbour.example/{'section-and-headline/' * 6}"
    listed = [
        DayArticle(
            Headline.of(
                published(
                    number, url=f"{address}{number}", link=f"{address}{number}", title=f"{TITLE} {number}"
                )
            )
        )
        for number in range(1, FIRST_PART + 1)
    ]
    weeks = weeks_of(NOW.date(), {NOW.day: FIRST_PART})
    day = DayPage(
        day=NOW.date(), sources=1, stories=FIRST_PART, previous=None, next=None, weeks=weeks, covered=()
    )

    page = day_page(SitePages(Templates(), OPTIONS), day, listed, 1, UTC)

    assert len(page) < 100_000


def test_style_and_script_are_small():
    assets = SitePages(Templates(), OPTIONS).assets()

    assert weights(assets["site/assets/site.css"])[1] < 12_000
    assert weights(assets["site/assets/site.js"])[1] < 3_000
