"""Pages and feeds of stories: every report once, and each address that a story ever had leads to its page."""

import json
import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from lxml import html
from sqlalchemy import text as sql

from syndicate.store.core import old_rows
from syndicate.store.output import stale
from syndicate.store.stories import story_moves, story_store
from syndicate.store.stories.story_moves import MERGED, StoryMove
from tests import factories
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

PAPERS = ("harbour", "hills", "dales")
HOUR = timedelta(hours=1)


@pytest.fixture
def newsroom(rooms: Room) -> Room:
    channel = '[[channels]]\nname = "all"\nquery = ""\n'
    rooms.declare("".join(source(paper, f"https://{paper}.example/feed") for paper in PAPERS) + channel)
    return rooms


def tell(room: Room, *numbers: int, story: int | None = None, text: int | None = None) -> int:
    """Let the papers in turn tell a story, a new one unless told otherwise; return its id."""
    ids = [
        room.add(new_article(number, title=f"Report {number}"), source=PAPERS[number % 3])[0]
        for number in numbers
    ]
    with room.store.write() as connection:
        for article_id in ids:
            story = factories.place(connection, article_id, story, same_text=text)
    return count(room, story or 0)


def count(room: Room, story: int) -> int:
    """Bring the counts of a story up to date, and name it; return its id."""
    with room.store.write() as connection:
        rows = story_store.story_articles(connection, ids=[story])
        sources = len({row.source_id for row in rows})
        lead = min(row.article_id for row in rows)
        factories.save_story(connection, story, lead_id=lead, articles=len(rows), coverage=sources)
    room.services.stories.run(NOW)
    return story


def merge(room: Room, story: int, into: int) -> None:
    with room.store.write() as connection:
        move = StoryMove(
            kind=MERGED, from_story=story, to_story=into, article_id=1, articles=1, similarity=0.3,
            threshold=0.2, moved=NOW,
        )  # fmt: skip
        story_moves.merge_story(connection, move)
    count(room, into)


def publish(room: Room) -> Sequence[str]:
    result = room.services.publish.run(NOW)
    assert result.failures == ()
    return (*result.feeds, *result.pages)


def path_of(room: Room, story: int) -> str:
    with room.store.read() as connection:
        return story_store.get_stories(connection, [story])[story].path


def page(room: Room, path: str) -> Any:
    return html.fromstring((room.services.output / path).read_bytes())


def reports(room: Room, path: str) -> list[str]:
    return [title.text_content() for title in page(room, path).xpath("//ol[@class='timeline']//h4")]


def feed(room: Room, path: str) -> list[str]:
    """Return the titles of a story's feed."""
    name = re.sub(r"site/stories/.*-(\w+)\.html", r"stories/\1.json", path)
    return [item["title"] for item in json.loads((room.services.output / name).read_bytes())["items"]]


def test_a_story_has_a_page_and_feeds_as_soon_as_two_sources_told_it(newsroom: Room) -> None:
    story = tell(newsroom, 1)
    publish(newsroom)
    assert not (newsroom.services.output / "stories").exists()
    tell(newsroom, 2, 3, story=story)
    written = publish(newsroom)
    path = path_of(newsroom, story)
    assert path == f"site/stories/report-1-{story:x}.html"
    assert {path, *(f"stories/{story:x}.{kind}" for kind in ("rss", "atom", "json"))} <= {*written}
    assert reports(newsroom, path) == ["Report 1", "Report 2", "Report 3"] == feed(newsroom, path)
    assert publish(newsroom) == ()


def test_a_later_lead_changes_the_page_and_not_its_address(newsroom: Room) -> None:
    story = tell(newsroom, 1, 2)
    publish(newsroom)
    path = path_of(newsroom, story)
    with newsroom.store.write() as connection:
        lead = newsroom.articles()["Report 2"].id
        factories.save_story(connection, story, lead_id=lead, articles=2, coverage=2)
    assert path in publish(newsroom)
    assert page(newsroom, path).xpath("//h1")[0].text_content() == "Report 2"
    assert path_of(newsroom, story) == path


def test_a_further_report_of_the_same_source_comes_on_the_page(newsroom: Room) -> None:
    story = tell(newsroom, 2, 3)
    publish(newsroom)
    tell(newsroom, 6, story=story)
    publish(newsroom)
    assert reports(newsroom, path_of(newsroom, story)) == ["Report 2", "Report 3", "Report 6"]


def test_reports_with_the_same_text_stand_under_the_first(newsroom: Room) -> None:
    story = tell(newsroom, 1, 2, 3, text=7)
    tell(newsroom, 4, story=story)
    publish(newsroom)
    shown = page(newsroom, path_of(newsroom, story))
    assert reports(newsroom, path_of(newsroom, story)) == ["Report 3", "Report 4"]
    (copies,) = shown.xpath("//ol[@class='timeline']//details")
    assert copies.xpath("summary")[0].text_content() == "Same text in 2 more"
    assert [link.text_content() for link in copies.xpath(".//a")] == ["dales", "hills"]


@pytest.mark.all
def test_the_page_of_a_merged_story_leads_to_the_other_and_its_feed_goes_on(newsroom: Room) -> None:
    first, second, third = tell(newsroom, 1, 2), tell(newsroom, 4, 5), tell(newsroom, 7, 8)
    publish(newsroom)
    old, later, last = (path_of(newsroom, story) for story in (third, second, first))
    merge(newsroom, third, second)
    publish(newsroom)
    assert_leads(newsroom, old, later)
    assert len(reports(newsroom, later)) == 4 == len(feed(newsroom, old))
    merge(newsroom, second, first)
    written = publish(newsroom)
    assert {old, later, last} <= {*written}
    for former in (old, later):
        assert_leads(newsroom, former, last)
        assert feed(newsroom, former) == feed(newsroom, last) == reports(newsroom, last)
    assert len(reports(newsroom, last)) == 6


def assert_leads(room: Room, path: str, target: str) -> None:
    (link,) = page(room, path).xpath("//link[@rel='canonical']/@href")
    assert link == f"https://news.example/{target}"


@pytest.mark.all
def test_a_story_without_a_page_continues_the_page_of_the_story_that_merges_into_it(newsroom: Room) -> None:
    first, second = tell(newsroom, 1), tell(newsroom, 4, 5)
    publish(newsroom)
    path = path_of(newsroom, second)
    merge(newsroom, second, first)
    publish(newsroom)
    assert path_of(newsroom, first) == path
    assert reports(newsroom, path) == ["Report 1", "Report 4", "Report 5"] == feed(newsroom, path)
    with newsroom.store.read() as connection:
        assert story_moves.former_paths(connection, [first]) == {}


@pytest.mark.all
def test_a_folder_built_afresh_has_the_former_addresses_too(newsroom: Room) -> None:
    first, second = tell(newsroom, 1, 2), tell(newsroom, 4, 5)
    old = path_of(newsroom, second)
    merge(newsroom, second, first)
    newsroom.services.publish.forget()
    publish(newsroom)
    assert_leads(newsroom, old, path_of(newsroom, first))


def test_a_story_keeps_its_page_when_only_a_source_is_left(newsroom: Room) -> None:
    story = tell(newsroom, 1, 2)
    publish(newsroom)
    with newsroom.store.write() as connection:
        connection.execute(sql("UPDATE articles SET published = 1, first_seen = 1 WHERE title = 'Report 2'"))
        gone = old_rows.prune_articles(connection, before=NOW - 9 * HOUR, now=NOW, limit=9)
    assert gone == [story]
    count(newsroom, story)
    path = path_of(newsroom, story)
    assert path in publish(newsroom)
    assert reports(newsroom, path) == ["Report 1"]
    for listed in newsroom.services.output.glob("all.*"):
        assert path not in listed.read_text("utf-8")


@pytest.mark.all
def test_stories_of_an_older_store_get_their_pages_without_new_articles(newsroom: Room) -> None:
    stories = [tell(newsroom, number, number + 1) for number in (1, 4, 7)]
    publish(newsroom)
    with newsroom.store.write() as connection:
        connection.execute(sql("UPDATE stories SET path = ''"))
    newsroom.services.stories.run(NOW)
    shutil.rmtree(newsroom.services.output / "site" / "stories")
    written = publish(newsroom)
    assert {path_of(newsroom, story) for story in stories} <= {*written}


def test_killed_between_the_files_and_their_rows_a_run_writes_the_same_bytes(newsroom: Room) -> None:
    story = tell(newsroom, 1, 2)
    with newsroom.store.read() as connection:
        marks = stale.stale_lists(connection)
    publish(newsroom)
    assert f"story:{story}" in marks
    with newsroom.store.write() as connection:
        stale.mark_lists(connection, marks)
    assert publish(newsroom) == ()
    with newsroom.store.read() as connection:
        assert stale.stale_lists(connection) == {}


def test_feeds_lead_to_the_full_coverage_in_every_format(newsroom: Room) -> None:
    story = tell(newsroom, 1)
    publish(newsroom)
    tell(newsroom, 2, story=story)
    publish(newsroom)
    url = f"https://news.example/{path_of(newsroom, story)}"
    for kind in ("rss", "atom", "json"):
        document = (newsroom.services.output / f"all.{kind}").read_text("utf-8")
        assert document.count("Full coverage: 2 sources") == (4 if kind == "json" else 2), kind
        assert url in document
    for item in json.loads(document)["items"]:
        assert (item["_syndicate"]["story"], item["_syndicate"]["sources"]) == (url, 2)
        assert f"Full coverage: 2 sources\n{url}" in item["content_text"]


@pytest.mark.all
def test_a_story_of_hundreds_of_articles_stays_a_small_page(newsroom: Room) -> None:
    sentence = "The harbour office counted the boats and wrote a long report about each of them. " * 3
    ids = [
        newsroom.add(new_article(number, title=f"Report {number} " + sentence[:80], summary=sentence))[0]
        for number in range(1, 301)
    ]
    with newsroom.store.write() as connection:
        story = factories.place(connection, ids[0])
        for article_id in ids[1:]:
            factories.place(connection, article_id, story)
        connection.execute(sql("UPDATE articles SET source_id = source_id + 1 WHERE id % 2 = 0"))
    count(newsroom, story)
    publish(newsroom)
    path = path_of(newsroom, story)
    assert len(reports(newsroom, path)) == 75
    assert "225 more reports" in page(newsroom, path).text_content()
    assert (newsroom.services.output / path).stat().st_size < 100_000
