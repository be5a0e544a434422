"""Page of a story: its reports in order, the chart, and structured data."""

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from syndicate.publish.site import SitePages
from syndicate.publish.site_paths import story_feed, story_path
from syndicate.publish.story_page import (
    StoryChart,
    StoryDay,
    StoryMaterial,
    StoryPage,
    StoryReport,
    shown_groups,
    story_chart,
    story_page,
    text_groups,
)
from syndicate.templating import Templates
from tests.publish.samples import NOW, OPTIONS, OURS, published, related

HOUR = timedelta(hours=1)
PATH = story_path("Flood in the harbour", 26)


def page(*numbers: int, **changes: Any) -> bytes:
    """Return the page of a story of these articles, led by the first."""
    items = {number: published(number, **changes) for number in numbers}
    links = [
        related(number, title=item.article.title, published=item.article.published, same_text=None)
        for number, item in items.items()
    ]
    story = StoryMaterial(path=PATH, lead=items[numbers[0]], links=links, articles=items)
    return story_page(SitePages(Templates(), OPTIONS), story, OPTIONS, ())


def test_only_the_id_decides_the_address_and_the_feed_of_a_story():
    assert PATH == "site/stories/flood-in-the-harbour-1a.html"
    assert story_feed(PATH) == "stories/1a"
    assert story_feed(story_path("", 255)) == "stories/ff"


def test_reports_are_shown_newest_first_and_each_text_under_its_first_report():
    links = [
        related(1, published=NOW - 3 * HOUR, same_text=7),
        related(2, published=NOW - HOUR, same_text=7),
        related(3, published=NOW - 2 * HOUR, same_text=8),
        related(4, published=NOW, same_text=None),
    ]
    groups = text_groups(links)
    assert [group.report.article_id for group in groups] == [4, 3, 1]
    assert [link.article_id for link in groups[-1].copies] == [2]


def test_a_long_story_shows_its_newest_and_its_first_reports():
    groups = text_groups([related(number, published=NOW - number * HOUR) for number in range(1, 101)])
    newest, first = shown_groups(groups)
    assert (len(newest), len(first)) == (60, 15)
    assert first[-1].report.article_id == 100
    assert shown_groups(groups[:75]) == (groups[:75], ())


def test_the_page_marks_the_first_report_the_lead_and_our_own():
    tree: Any = html.fromstring(page(2, 5, 40))
    flags = {
        row.xpath(".//h4")[0].text_content(): [
            flag.text_content() for flag in row.xpath(".//*[@class='flag']")
        ]
        for row in tree.xpath("//ol[@class='timeline']/li")
    }
    assert flags == {
        "Flood & <storm> 2": ["Leads the story"],
        "Flood & <storm> 5": [],
        "Flood & <storm> 40": ["First report"],
    }
    assert [day.text_content() for day in tree.xpath("//h3[@class='day']")] == [
        "Tuesday, 24 November 2026",
        "Sunday, 22 November 2026",
    ]
    assert tree.xpath("//a[text()='To the first report']/@href") == ["#report-40"]
    assert b'class="flag">Our report' in page(1, 2, source=OURS)


def test_a_story_describes_itself_to_search_engines_and_offers_its_feeds():
    tree: Any = html.fromstring(page(2, 5))
    (text,) = tree.xpath("//script[@type='application/ld+json']/text()")
    collection, crumbs = json.loads(text)
    assert collection["@type"] == "CollectionPage"
    assert [item["name"] for item in collection["mainEntity"]["itemListElement"]] == [
        "Flood & <storm> 2",
        "Flood & <storm> 5",
    ]
    assert [step["name"] for step in crumbs["itemListElement"]] == [
        "The Daily Tide",
        "Flood & <storm> 2",
    ]
    assert tree.xpath("//link[@rel='canonical']/@href") == [f"https://news.example/{PATH}"]
    assert "../../stories/1a.atom" in tree.xpath("//link[@rel='alternate']/@href")


@pytest.mark.parametrize(
    ("hours", "bar", "most"), [(1, 1, 3), (70, 1, 72), (100, 6, 24), (24 * 20, 24, 24), (24 * 300, 168, 50)]
)
def test_a_chart_has_as_many_bars_as_a_screen_can_show(hours, bar, most):
    times = [NOW - hours * HOUR, NOW - hours * HOUR, NOW]
    chart = story_chart(times, ZoneInfo("Europe/Berlin"))
    assert chart is not None
    assert (chart.hours, chart.most) == (bar, 2)
    assert chart.bars[0].height == 100
    assert chart.bars[-1].height == 50
    assert chart.bars[-1].x + chart.bars[-1].width <= 100
    assert 2 <= len(chart.labels) <= 7
    assert chart.bars[0].width >= min(0.8 * 100 / (most + 12), 5)


def test_reports_of_one_hour_have_no_chart_and_those_of_two_have_narrow_bars():
    hour = datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert story_chart([hour], ZoneInfo("UTC")) is None
    assert story_chart([hour, hour + timedelta(minutes=59)], ZoneInfo("UTC")) is None
    chart = story_chart([hour, hour + timedelta(minutes=60)], ZoneInfo("UTC"))
    assert chart is not None
    assert [bar.width for bar in chart.bars] == [5, 5]


def test_labels_of_a_chart_of_days_are_at_midnight_of_the_site():
    zone = ZoneInfo("Asia/Tokyo")
    chart = story_chart([datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 6, 5, tzinfo=UTC)], zone)
    assert chart is not None
    assert {label.astimezone(zone).hour for label in chart.labels} == {0}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Story page", StoryPage),
        ("Day of a story", StoryDay),
        ("Report of a story", StoryReport),
        ("Chart of a story", StoryChart),
    ],
)
def test_the_variables_of_the_page_are_the_documented_ones(heading, kind):
    text = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
    table = text.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    names = {name.lstrip(".") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert names == set(inspect.get_annotations(kind))
