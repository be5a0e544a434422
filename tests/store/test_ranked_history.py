"""Places by hour, pages of stories that moved, and pairs of articles in the editor's log."""

from datetime import timedelta
from typing import Any

import pytest

from syndicate.model import EditorAction, RankedStory
from syndicate.store import Connection
from syndicate.store.stories import (
    decision_store,
    ranked_history,
    ranked_lists,
    story_moves,
    story_pages,
    story_store,
)
from syndicate.store.stories.story_moves import StoryMove
from syndicate.store.stories.story_pages import Below
from tests import factories
from tests.factories import NOW, declared, new_article

HOUR = timedelta(hours=1)


@pytest.fixture
def stories(store):
    """A connection, and three stories of an article each."""
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        ids = factories.add_articles(connection, source.id, *(new_article(number) for number in (1, 2, 3)))
        yield connection, story_store.add_stories(connection, ids, NOW), ids


def rank(connection: Connection, *stories: int) -> None:
    places = [
        RankedStory(story_id=story, article_id=1, position=place, score=1.0, coverage=1)
        for place, story in enumerate(stories, start=1)
    ]
    ranked_lists.save_ranked(connection, "trending", places)


def test_an_hour_is_recorded_once_and_kept_for_two_weeks(stories):
    connection, (first, second, _), _ = stories
    rank(connection, first, second)
    ranked_history.record_hour(connection, NOW)
    rank(connection, second, first)
    ranked_history.record_hour(connection, NOW)
    ranked_history.record_hour(connection, NOW + HOUR)
    found = ranked_history.places_by_hour(connection, "trending", since=NOW, lowest=6)
    assert found == {NOW: {first: 1, second: 2}, NOW + HOUR: {second: 1, first: 2}}
    ranked_history.record_hour(connection, NOW + ranked_history.KEPT + HOUR)
    found = ranked_history.places_by_hour(connection, "trending", since=NOW, lowest=1)
    assert [*found] == [NOW + HOUR, NOW + ranked_history.KEPT + HOUR]


def test_a_merged_story_continues_under_the_other_number(stories):
    connection, (first, second, _), _ = stories
    rank(connection, second, first)
    ranked_history.record_hour(connection, NOW)
    move = StoryMove(
        kind="merged", from_story=second, to_story=first, article_id=1, articles=1, similarity=1.0,
        threshold=0.5, moved=NOW,
    )  # fmt: skip
    story_moves.merge_story(connection, move)
    found = ranked_history.places_by_hour(connection, "trending", since=NOW, lowest=6)
    assert found == {NOW: {first: 1}}


def test_moving_stories_come_in_pages_that_neither_skip_nor_repeat(stories):
    connection, ids, _ = stories
    every = story_store.get_stories(connection, ids).values()
    story_store.save_stories(
        connection,
        [
            type(story)(**{**{n: getattr(story, n) for n in story.__slots__}, "coverage": 2})
            for story in every
        ],
    )
    found: list[int] = []
    below = None
    for _ in range(4):
        page = story_pages.moving_stories(connection, since=NOW - HOUR, below=below, limit=1)
        found += [row.id for row in page]
        below = Below.parse(page[-1].text()) if page else below
    assert found == sorted(ids, reverse=True)


@pytest.mark.parametrize("text", ["", "1", "a-b", "-5", "1-", "9" * 30 + "-1", "١-1"])
def test_a_text_that_is_no_place_begins_at_the_top(text):
    assert Below.parse(text) is None


def test_pairs_count_while_they_hold_and_their_lines_are_read_step_by_step(stories):
    connection, _, ids = stories
    assert decision_store.pair_decisions(connection, at=NOW) == []
    assert decision_store.next_pairs(connection, after=0) is None
    uids = [new_article(number).uid for number in (1, 2, 3)]
    common: dict[str, Any] = {"who": "kim", "article_uid": uids[0]}
    merge, split = EditorAction.MERGE, EditorAction.SPLIT
    first = decision_store.add_decision(connection, action=merge, value=uids[1], now=NOW, **common)
    second = decision_store.add_decision(connection, action=split, value=uids[2], now=NOW, **common)
    decision_store.undo_decision(connection, first, who="kim", now=NOW + HOUR)
    before = decision_store.pair_decisions(connection, at=NOW)
    assert [(pair.number, pair.pair, pair.parts) for pair in before] == [
        (first, (ids[0], ids[1]), False),
        (second, (ids[0], ids[2]), True),
    ]
    assert [pair.number for pair in decision_store.pair_decisions(connection, at=NOW + HOUR)] == [second]
    step = decision_store.next_pairs(connection, after=0)
    assert step is not None
    assert (step.last, step.undone) == (second, ())
    step = decision_store.next_pairs(connection, after=step.last)
    assert step is not None
    assert [pair.number for pair in step.undone] == [first]
    assert decision_store.next_pairs(connection, after=step.last) is None
