"""Random histories: after each event the stored lists are those of all stories ranked anew."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.jobs.prune import PruneJob, RetentionOptions
from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.jobs.stories.stories_job import StoriesJob
from syndicate.jobs.stories.story_facts import (
    StoryFactsCache,
    candidates,
    editor_overrides,
    source_weights,
    story_facts,
)
from syndicate.model import EditorAction, NewArticle, RankedStory
from syndicate.store import Store
from syndicate.store.ingest import article_store, declared_sources
from syndicate.store.stories import decision_store, ranked_lists
from syndicate.stories import rank_step, rank_top, rank_trending
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

PAPERS = ("harbour", "hills", "dales", "moors", "coast", "weald", "fens")
WORDS = tuple(
    f"{first}{second}{end}" for first in "bdfgklmnprst" for second in "aeiou" for end in ("rin", "lot")
)
STEPS = 45
Row = tuple[int, int, int, dict[str, float]]


@pytest.fixture
def room(tmp_path: Path, store: Store) -> Iterator[Room]:
    room = Room(tmp_path, store, None)
    room.declare("".join(source(paper, f"https://{paper}.example/feed") for paper in PAPERS))
    yield room
    room.close()


class Newsroom:
    """A newsroom to which one thing after the other happens, drawn by lot."""

    def __init__(self, room: Room, seed: int) -> None:
        self._room = room
        self._random = random.Random(seed)
        self._number = 0
        self._sources: dict[int, str] = {}
        self._decisions: list[int] = []
        self._events = [self._random.sample(WORDS, 14) for _ in range(6)]
        self.now = NOW
        self.options = replace(room.services.ranking, limit=8, least_stories=3, reads=True)
        self.job = self._restarted("us")

    def happen(self) -> str:
        """Let something happen, bring the lists up to date, and return what it was."""
        happening = self._random.choice(
            (self.arrive,) * 6
            + (self.arrive_late, self.edit, self.decide, self.decide, self.undo, self.prune, self.read)
            + (self.step, self.step, self.wait, self.restart, self.others_place, self.weigh)
        )
        self.now += timedelta(seconds=self._random.choice((0, 1, 40)))
        happening()
        self.job.run(self.now)
        # Neither openings nor weights make a run due.
        self.job.ranking.run(self.now)
        return happening.__name__

    def arrive(self, hours: float = 0.0) -> None:
        for _ in range(self._random.choice((1, 1, 3))):
            paper = self._random.choice(PAPERS)
            self._number += 1
            self._room.add(self._article(self._number, hours + self._random.random()), source=paper)
            self._sources[self._number] = paper

    def arrive_late(self) -> None:
        self.arrive(self._random.choice((4.0, 26.0, 70.0, 170.0, 300.0)))

    def edit(self) -> None:
        with self._room.store.write() as connection:
            known = article_store.get_articles(connection, range(1, 500))
            if known:
                old = self._random.choice([known[number] for number in sorted(known)])
                new = self._article(int(old.uid[-12:]), self._random.choice((0.5, 9.0)))
                article_store.change_article(connection, old.id, old.source_id, new)

    def decide(self) -> None:
        action, value = self._random.choice(
            (
                (EditorAction.PIN, "2"),
                (EditorAction.DROP, ""),
                (EditorAction.BOOST, "3"),
                (EditorAction.RETITLE, "Ours"),
            )
        )
        ends = self._random.choice((None, self.now + timedelta(minutes=30)))
        with self._room.store.write() as connection:
            uid = new_article(self._random.randint(1, max(self._number, 1))).uid
            number = decision_store.add_decision(
                connection, who="kim", action=action, article_uid=uid, value=value, expires=ends, now=self.now
            )
            self._decisions.append(number)

    def undo(self) -> None:
        if self._decisions:
            with self._room.store.write() as connection:
                decision_store.undo_decision(
                    connection, self._random.choice(self._decisions), who="kim", now=self.now
                )

    def prune(self) -> None:
        options = RetentionOptions(articles=86400 * 10, deliveries=1e9, tombstones=1e9, sign_ups=1e9)
        PruneJob(store=self._room.store, options=options).run(self.now)

    def read(self) -> None:
        with self._room.store.write() as connection:
            path = self._article(self._random.randint(1, max(self._number, 1)), 0.0).path
            ranked_lists.add_reads(connection, {path: 7}, hour=rank_step(self.now, 3600))

    def step(self) -> None:
        self.now += timedelta(minutes=self._random.choice((15, 15, 90)))

    def wait(self) -> None:
        self.now += timedelta(hours=self._random.choice((20, 50)))

    def restart(self) -> None:
        self.job = self._restarted("us")

    def others_place(self) -> None:
        self.arrive()
        self._restarted("them").run(self.now)

    def weigh(self) -> None:
        weights = {paper: self._random.choice((0.5, 1.0, 2.0)) for paper in PAPERS}
        declared = [replace(one, weight=weights[one.name]) for one in self._room.services.sources]
        with self._room.store.write() as connection:
            declared_sources.sync_sources(connection, declared, self.now)

    def _article(self, number: int, hours: float) -> NewArticle:
        event = self._random.choice((*self._events, self._random.sample(WORDS, 14)))
        published = self.now - timedelta(hours=hours)
        return new_article(
            number,
            path=f"site/{number}.html",
            title=" ".join(self._random.sample(event, 5)),
            text=" ".join(self._random.sample(event, 12)),
            section=self._random.choice(("world", "sport")),
            published=published,
            updated=published,
            first_seen=self.now,
        )

    def _restarted(self, owner: str) -> StoriesJob:
        services, store = self._room.services, self._room.store
        ranks = RankingJob(store=store, options=self.options)
        return StoriesJob(store=store, options=services.stories.options, ranking=ranks, owner=owner)


def anew(newsroom: Newsroom, store: Store) -> dict[str, list[Row]]:
    """Rank all stories without anything kept."""
    now, options = newsroom.now, newsroom.options
    with store.read() as connection:
        rows = candidates(connection, now, options)
        facts = story_facts(connection, rows, now, options)
    moment = rank_step(now, options.step_seconds) + timedelta(seconds=options.step_seconds)
    return {
        "top": shown(rank_top(facts, moment, options)),
        "trending": shown(rank_trending(facts, moment, options)),
    }


def kept_counts(newsroom: Newsroom) -> tuple[dict[str, float], set[int]]:
    """Return the usual rates and the rare sources, of which only those that moved were counted again."""
    cache = newsroom.job.ranking._cache
    assert cache is not None
    return cache._usual_rate, cache._rare


def counts_anew(newsroom: Newsroom, store: Store) -> tuple[dict[str, float], set[int]]:
    with store.read() as connection:
        cache = StoryFactsCache(newsroom.options, source_weights(connection))
        cache.lists(connection, newsroom.now, editor_overrides(connection, newsroom.now), ())
    return cache._usual_rate, cache._rare


def stored(store: Store) -> dict[str, list[Row]]:
    with store.read() as connection:
        return {name: shown(ranked_lists.ranked_stories(connection, name)) for name in ("top", "trending")}


def shown(ranked: tuple[RankedStory, ...]) -> list[Row]:
    """Return the fields for which a list is written again; a score that fades is none of them."""
    marks = ("boost", "pin", "rare", "recent", "slow")
    return [
        (
            one.story_id,
            one.article_id,
            one.coverage,
            {name: part for name, part in one.parts.items() if name.partition(":")[0] in marks},
        )
        for one in ranked
    ]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.all)])
def test_the_stored_lists_are_those_of_all_stories_ranked_anew(room: Room, seed: int) -> None:
    newsroom = Newsroom(room, seed)
    happened: list[str] = []
    listed = 0
    for _ in range(STEPS):
        happened.append(newsroom.happen())
        lists = stored(room.store)
        assert lists == anew(newsroom, room.store), happened[-5:]
        assert kept_counts(newsroom) == counts_anew(newsroom, room.store), happened[-5:]
        listed += len(lists["trending"])
    assert listed, "stories were in both lists"


def test_a_step_that_drops_old_stories_counts_no_section_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom = Newsroom(room, 0)
    newsroom.arrive()
    newsroom.job.run(NOW)
    ranks, later = newsroom.job.ranking, NOW + timedelta(hours=newsroom.options.slow_window_hours)
    ranks.run(later)
    cache = ranks._cache
    assert cache is not None
    assert cache._rows
    monkeypatch.setattr(ranked_lists, "section_counts", None)
    ranks.run(later + timedelta(seconds=newsroom.options.step_seconds))
    assert ranks._cache is cache
    assert not cache._rows


def test_an_article_of_an_earlier_week_counts_no_section_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom = Newsroom(room, 0)
    newsroom.arrive(300.0)
    newsroom.job.run(NOW)
    monkeypatch.setattr(ranked_lists, "section_counts", None)
    newsroom.arrive(200.0)
    assert newsroom.job.run(NOW).placed


def test_lists_name_the_lead_that_another_process_chose(room: Room) -> None:
    newsroom = Newsroom(room, 0)
    for number, paper in ((1, "harbour"), (2, "hills")):
        at = NOW - timedelta(hours=1)
        article = new_article(number, path=f"site/{number}.html", published=at, updated=at, first_seen=at)
        room.add(replace(article, title="Ferry strike closes the northern harbour"), source=paper)
    with room.store.write() as connection:
        uid, action = new_article(1).uid, EditorAction.RETITLE
        chosen = decision_store.add_decision(
            connection, who="kim", action=action, article_uid=uid, value="Ours", expires=None, now=NOW
        )
    newsroom.job.run(NOW)
    with room.store.write() as connection:
        decision_store.undo_decision(connection, chosen, who="kim", now=NOW)
    newsroom.job.run(NOW)
    with room.store.write() as connection:
        declared = [replace(one, weight=5.0 if one.name == "hills" else 1.0) for one in room.services.sources]
        declared_sources.sync_sources(connection, declared, NOW)
    ours = newsroom.job.ranking
    ours.run(NOW)
    before = stored(room.store)
    newsroom.restart()
    newsroom.job.run(NOW)
    assert stored(room.store) != before
    newsroom.now += timedelta(seconds=newsroom.options.step_seconds)
    ours.run(newsroom.now)
    assert stored(room.store) == anew(newsroom, room.store)
