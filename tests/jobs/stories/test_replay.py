"""A replay shows what lists and editions would have been, and leaves every row and file as it was."""

from dataclasses import replace
from datetime import timedelta
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.jobs.stories.replay_job import ReplayJob, periods_between
from syndicate.jobs.stories.stories_job import StoriesJob
from syndicate.model import EditorAction
from syndicate.store import schema
from syndicate.store.mail import edition_articles
from tests.jobs.room import Room
from tests.jobs.stories.test_ranking import DAILY, DAY, HOUR, SEVEN, SOURCES, TITLES, decide, news
from tests.jobs.stories.test_story_moves import BOTH, EAGER, PIER, STRIKE
from tests.jobs.stories.test_story_moves import news as told
from tests.stories.test_grouping import POSTS


@pytest.fixture
def desk(room: Room) -> Room:
    """Three stories on three days, one a day, each an hour before the edition."""
    room.declare(SOURCES + DAILY, now=SEVEN - 30 * DAY)
    for number, title in enumerate(TITLES, 1):
        room.add(news(number, title, SEVEN - number * DAY - HOUR))
    room.services.stories.run(SEVEN)
    return room


def rows(room: Room) -> dict[str, list[tuple[object, ...]]]:
    with room.store.read() as connection:
        return {
            name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for name, table in schema.metadata.tables.items()
        }


def replayed(room: Room, days: int = 4) -> list[list[str]]:
    (newsletter,) = room.services.newsletters
    found = room.services.replay.newsletter(newsletter, SEVEN - days * DAY, SEVEN)
    return [[story.lead.article.title for story in one.stories] for one in found]


@pytest.mark.all
def test_lists_hold_what_had_been_seen_by_then(desk: Room) -> None:
    found = list(desk.services.replay.lists(SEVEN - 3 * DAY, SEVEN, DAY))
    assert [one.at for one in found] == [SEVEN - number * DAY for number in (3, 2, 1, 0)]
    titles = {one.id: one.title for one in desk.articles().values()}
    first = [titles[one.lists["top"][0].article_id] for one in found[:3]]
    assert first == [TITLES[2], TITLES[1], TITLES[0]]
    assert len(found[0].lists["top"]) == 1


@pytest.mark.all
def test_editions_follow_from_the_replayed_ones_before_them(desk: Room) -> None:
    assert replayed(desk) == [[TITLES[2]], [TITLES[1]], [TITLES[0]], []]


@pytest.mark.all
def test_the_editors_hand_counts_from_when_it_was_laid(desk: Room) -> None:
    decide(desk, EditorAction.DROP, 2, now=SEVEN - 2 * DAY - HOUR)
    decide(desk, EditorAction.DROP, 3, now=SEVEN)
    assert replayed(desk) == [[TITLES[2]], [], [TITLES[0]], []]


@pytest.mark.all
def test_coverage_is_that_of_the_time(desk: Room) -> None:
    told_again = news(9, TITLES[2], SEVEN - HOUR)
    desk.add(told_again, source="hills")
    desk.services.stories.run(SEVEN)
    titles = desk.articles()
    assert len({one.story_id for one in titles.values()}) == len(TITLES)
    (newsletter,) = desk.services.newsletters
    first, *_, last = desk.services.replay.newsletter(newsletter, SEVEN - 4 * DAY, SEVEN)
    assert [story.coverage for story in first.stories] == [1]
    *_, now = desk.services.replay.lists(SEVEN - DAY, SEVEN, DAY)
    assert {one.coverage for one in now.lists["top"]} == {1, 2}
    assert last.period.end == SEVEN


def test_what_came_later_is_not_known_however_old_it_is(desk: Room) -> None:
    slow = replace(news(9, "Whales reach the southern bay", SEVEN - 26 * HOUR), first_seen=SEVEN - HOUR)
    (found_late,) = desk.add(slow)
    desk.services.stories.run(SEVEN)
    then, now = desk.services.replay.lists(SEVEN - DAY, SEVEN, DAY)
    assert found_late not in {one.article_id for one in then.lists["top"]}
    assert found_late in {one.article_id for one in now.lists["top"]}


def test_short_posts_that_share_a_usual_word_only_are_no_story_in_a_replay_either(room: Room) -> None:
    room.declare(SOURCES, now=SEVEN - 30 * DAY)
    sources = cycle(("hills", "dales"))
    for number, title in enumerate(POSTS, 1):
        room.add(told(number, (title, ""), SEVEN - (10 - number) * HOUR), source=next(sources))
    room.services.stories.run(SEVEN)
    assert len({article.story_id for article in room.articles().values()}) == len(POSTS)
    *_, now = room.services.replay.lists(SEVEN - DAY, SEVEN, DAY)
    assert [story.coverage for story in now.lists["top"]] == [1] * len(POSTS)


def merged(room: Room) -> tuple[list[int], ReplayJob]:
    """A strike and a pier, two stories until this morning an article showed them to be one."""
    room.declare(SOURCES + DAILY, now=SEVEN - 30 * DAY)
    yesterday = SEVEN - DAY
    ids = [
        *room.add(told(1, STRIKE, yesterday - 3 * HOUR)),
        *room.add(told(2, PIER, yesterday - 2 * HOUR), source="hills"),
        *room.add(told(3, BOTH, SEVEN - 2 * HOUR), source="dales"),
    ]
    ranking = RankingJob(store=room.store, options=room.services.ranking)
    StoriesJob(store=room.store, options=EAGER, ranking=ranking, owner="us").run(SEVEN)
    assert len({one.story_id for one in room.articles().values()}) == 1
    return ids, replace(room.services.replay, stories=EAGER)


def test_stories_that_merged_later_are_still_two_in_earlier_lists(rooms: Room) -> None:
    ids, job = merged(rooms)
    then, now = job.lists(SEVEN - DAY, SEVEN, DAY)
    assert {(one.article_id, one.coverage) for one in then.lists["top"]} == {(ids[0], 1), (ids[1], 1)}
    assert [one.coverage for one in now.lists["top"]] == [3]


@pytest.mark.all
def test_an_edition_holds_the_stories_of_its_time_and_what_they_became_is_not_told_again(room: Room) -> None:
    ids, job = merged(room)
    (newsletter,) = room.services.newsletters
    first, second = job.newsletter(newsletter, SEVEN - 2 * DAY, SEVEN)
    assert {one.lead.article.id for one in first.stories} == set(ids[:2])
    assert second.stories == ()


@pytest.mark.all
def test_what_a_real_edition_carried_before_is_known_in_a_replay(room: Room) -> None:
    room.declare(SOURCES + DAILY, now=SEVEN - 30 * DAY)
    (lead,) = room.add(news(1, TITLES[0], SEVEN - DAY - HOUR))
    room.services.stories.run(SEVEN - DAY)
    room.services.editions.run(SEVEN - DAY)
    for number, name in enumerate(("hills", "dales"), 2):
        own = " ".join(f"{name}{letter}" for letter in "abcdefghijklmno")
        text = f"{news(1, TITLES[0], SEVEN).text} {own}"
        room.add(told(number, (TITLES[0], text), SEVEN - number * HOUR), source=name)
    room.services.stories.run(SEVEN)
    (newsletter,) = room.services.newsletters
    with room.store.read() as connection:
        assert set(edition_articles.carried_articles(connection, newsletter.name, before=SEVEN)) == {lead}
    (edition,) = room.services.replay.newsletter(newsletter, SEVEN - DAY, SEVEN)
    assert [(one.coverage, one.follow_up) for one in edition.stories] == [(2, False)]


def test_what_was_settled_long_before_keeps_its_story_and_does_not_come_back(room: Room) -> None:
    room.declare(SOURCES + DAILY, now=SEVEN - 60 * DAY)
    room.add(told(1, STRIKE, SEVEN - 40 * DAY), told(2, STRIKE, SEVEN - 20 * DAY))
    room.add(told(3, STRIKE, SEVEN - 20 * DAY + HOUR), source="hills")
    (new,) = room.add(told(4, STRIKE, SEVEN - HOUR), source="dales")
    room.services.stories.run(SEVEN)
    (found,) = room.services.replay.lists(SEVEN, SEVEN, DAY)
    assert [(one.article_id, one.coverage) for one in found.lists["top"]] == [(new, 1)]


@pytest.mark.all
def test_present_rules_apply_to_the_past(desk: Room) -> None:
    for day in range(4):
        desk.add(news(10 + day, f"Another paper of day {day}", SEVEN - day * DAY - HOUR), source="hills")
    desk.add(news(20, "Dales has a story today", SEVEN - 2 * HOUR), source="dales")
    desk.services.stories.run(SEVEN)
    desk.declare(SOURCES + DAILY + "[ranking]\nfloor = 50\n", now=SEVEN - 30 * DAY)
    assert replayed(desk) == [[], [], [], []]


@pytest.mark.all
def test_nothing_is_written_and_nothing_is_sent(desk: Room) -> None:
    desk.subscribe("ann@example.org")
    before = rows(desk)
    files = sorted(Path(desk.folder).rglob("*"))
    assert replayed(desk)
    assert list(desk.services.replay.lists(SEVEN - 3 * DAY, SEVEN, HOUR))
    assert rows(desk) == before
    assert sorted(Path(desk.folder).rglob("*")) == files


def test_every_period_of_a_time_appears_once_through_the_end_of_summer_time(desk: Room) -> None:
    zone = DAILY.replace("\nstories", '\ntime_zone = "Europe/Berlin"\nstories')
    desk.declare(SOURCES + zone, now=SEVEN - 90 * DAY)
    (newsletter,) = desk.services.newsletters
    start = SEVEN.replace(month=10, day=23, hour=0)
    found = periods_between(newsletter, start, start + 5 * DAY)
    assert [(one.end - one.start) // HOUR for one in found] == [24, 24, 25, 24, 24]
    assert all(one.end == other.start for one, other in pairwise(found))
    assert found[-1].end - timedelta(hours=6) == start + 4 * DAY
