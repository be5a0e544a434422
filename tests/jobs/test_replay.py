"""A replay shows what lists and editions would have been, and leaves every row and file as it was."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from syndicate.jobs.replay import periods_between
from syndicate.model import EditorAction
from syndicate.store import schema
from tests import factories
from tests.jobs.room import Room
from tests.jobs.test_ranking import DAILY, DAY, HOUR, SEVEN, SOURCES, TITLES, decide, news


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


def test_lists_hold_what_had_been_seen_by_then(desk: Room) -> None:
    found = list(desk.services.replay.lists(SEVEN - 3 * DAY, SEVEN, DAY))
    assert [one.moment for one in found] == [SEVEN - number * DAY for number in (3, 2, 1, 0)]
    titles = {one.id: one.title for one in desk.articles().values()}
    first = [titles[one.lists["top"][0].article_id] for one in found[:3]]
    assert first == [TITLES[2], TITLES[1], TITLES[0]]
    assert len(found[0].lists["top"]) == 1


def test_editions_follow_from_the_replayed_ones_before_them(desk: Room) -> None:
    assert replayed(desk) == [[TITLES[2]], [TITLES[1]], [TITLES[0]], []]


def test_the_editors_hand_counts_from_when_it_was_laid(desk: Room) -> None:
    decide(desk, EditorAction.DROP, 2, now=SEVEN - 2 * DAY - HOUR)
    decide(desk, EditorAction.DROP, 3, now=SEVEN)
    assert replayed(desk) == [[TITLES[2]], [], [TITLES[0]], []]


def test_coverage_is_that_of_the_time(desk: Room) -> None:
    old = desk.articles()[TITLES[2]]
    (late,) = desk.add(news(9, "Much later", SEVEN - HOUR), source="hills")
    with desk.store.write() as connection:
        factories.place(connection, late, old.story_id)
        factories.save_story(connection, old.story_id or 0, lead_id=old.id, articles=2, coverage=2)
    (newsletter,) = desk.services.newsletters
    first, *_ = desk.services.replay.newsletter(newsletter, SEVEN - 4 * DAY, SEVEN)
    assert [story.coverage for story in first.stories] == [1]


def test_present_rules_apply_to_the_past(desk: Room) -> None:
    desk.declare(SOURCES + DAILY + "[ranking]\nfloor = 50\n", now=SEVEN - 30 * DAY)
    assert replayed(desk) == [[], [], [], []]


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
