"""The prune job: old rows go in small steps, the newsroom goes on without them."""

from datetime import timedelta

import pytest

from syndicate.model import NewArticle
from syndicate.store.retention import Pruned
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


def test_only_what_is_older_than_asked_goes_and_a_dry_run_only_counts(desk: Room, monkeypatch) -> None:
    monkeypatch.setattr("syndicate.jobs.prune.BATCH", 3)
    desk.add(*(aged(number, days=number) for number in range(1, 21)))
    desk.services.stories.run(NOW)
    assert desk.services.prune.run(NOW, dry_run=True).articles == 10
    assert len(desk.articles()) == 20
    pruned = desk.services.prune.run(NOW)
    assert (pruned.articles, pruned.deliveries, pruned.tombstones) == (10, 0, 0)
    assert set(desk.articles()) == {f"Title {number}" for number in range(1, 11)}
    again = desk.services.prune.run(NOW)
    assert again == Pruned(articles=0, stories=0, deliveries=0, tombstones=0)
