"""The prune job: old rows go in small steps, the newsroom goes on without them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model import NewArticle
from syndicate.store.core import quarantine
from syndicate.store.core.old_rows import Pruned
from syndicate.store.stories import story_store
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source


@pytest.fixture
def desk(room: Room) -> Room:
    keep = '[retention]\narticles = "10d"\n'
    room.declare(source("harbour", "https://harbour.example/f") + keep)
    return room


def aged(number: int, days: float) -> NewArticle:
    moment = NOW - timedelta(days=days)
    return new_article(number, published=moment, updated=moment, first_seen=moment)


def test_only_what_is_older_than_asked_goes_and_a_dry_run_only_counts(desk: Room) -> None:
    desk.add(*(aged(number, days=number) for number in range(1, 21)))
    desk.services.stories.run(NOW)
    assert desk.services.prune.run(NOW, dry_run=True).articles == 10
    assert len(desk.articles()) == 20
    pruned = replace(desk.services.prune, batch=3).run(NOW)
    assert (pruned.articles, pruned.deliveries, pruned.tombstones) == (10, 0, 0)
    assert set(desk.articles()) == {f"Title {number}" for number in range(1, 11)}
    again = desk.services.prune.run(NOW)
    assert again == Pruned(articles=0, stories=0, deliveries=0, tombstones=0)


def test_T4_it_stops_between_two_batches_and_the_next_run_goes_on(desk: Room) -> None:
    desk.add(*(aged(number, days=number) for number in range(11, 21)))
    job = replace(desk.services.prune, batch=3)
    answers = iter([False, True])
    assert job.run(NOW, should_stop=lambda: next(answers)).articles == 6
    assert job.run(NOW).articles == 4


def test_a_story_whose_lead_was_pruned_gets_another(desk: Room) -> None:
    """The copy leads once its original is gone, and the story counts what is left."""
    original, copy = aged(1, days=12), aged(2, days=9)
    text = "The old harbour ferry is back on its route after eleven months in the dock, the owners said. " * 4
    html = f"<p>{text}</p>"
    desk.add(
        replace(original, title="Ferry is back", html=html), replace(copy, title="Ferry is back", html=html)
    )
    desk.services.stories.run(NOW)
    assert {article.story_id for article in desk.articles().values()} != {None}
    desk.services.prune.run(NOW)
    (left,) = desk.articles().values()
    with desk.store.read() as connection:
        story = story_store.get_stories(connection, [left.story_id or 0])[left.story_id or 0]
    assert (story.lead_id, story.articles, story.coverage) == (left.id, 1, 1)


def test_a_failure_that_does_not_happen_again_is_forgotten_after_a_month(desk: Room) -> None:
    with desk.store.write() as connection:
        for days in (31, 29):
            moment = NOW - timedelta(days=days)
            quarantine.record_failure(connection, "entry", f"{days} days ago", "nothing in it", now=moment)
    desk.services.prune.run(NOW)
    with desk.store.read() as connection:
        assert [one.subject for one in quarantine.failures(connection)] == ["29 days ago"]
