"""The stories job: the same places whatever the batches and restarts, and lists that follow the clock."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.jobs.stories.stories_job import StoriesJob, load_index
from syndicate.model import NewArticle
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import LEASE
from syndicate.store.output import stale
from syndicate.store.stories import ranked_lists, story_store
from tests.factories import NOW, new_article
from tests.jobs.room import SITE, Room, newsroom_articles, opened_room, source

STEP = timedelta(minutes=15)
ARTICLES = newsroom_articles()
PAPERS = sorted({paper for paper, _ in ARTICLES})
STRIKE = {
    "title": "Ferry strike closes the northern harbour",
    "text": """Crews of the northern ferry line stayed on shore for a second day as talks about night shifts
    broke down. The harbour authority closed three piers and sent freight to the southern port.""",
}
STRIKE_TOO = {
    "title": "Northern ferry crews on strike, harbour shut",
    "text": """The northern ferry line did not sail. Talks about night shifts broke down, crews stayed on
    shore and the harbour authority sent freight to the southern port, three piers being closed.""",
}
TALKS = {
    "title": "Northern ferry line sails again after talks on night shifts",
    "text": """Crews of the northern ferry line ended their strike. Talks about night shifts brought a deal,
    and the harbour authority opened the three piers in the northern harbour.""",
}
RAILWAY = {
    "title": "Snow comes early to the mountain railway",
    "text": """Half a metre of snow fell on the pass during the night. The mountain railway takes its first
    skiers of the winter up on Saturday, a month before anybody had expected it.""",
}


class TakenOver(Store):
    """A store in which others work just before our second write: between our lease and our first batch."""

    def __init__(self, store: Store, others: Callable[[], None]) -> None:
        super().__init__(store._engine)
        self._others = others
        self._writes = 0

    def write(self) -> AbstractContextManager[Connection]:
        self._writes += 1
        if self._writes == 2:
            self._others()
        return super().write()


def declare(room: Room, papers: Iterable[str] = ("harbour", "hills", "dales")) -> None:
    room.declare("".join(source(paper, f"https://{paper}.example/feed") for paper in papers))


def job(room: Room, owner: str = "us", batch: int = 250) -> StoriesJob:
    """A job that remembers nothing, as after a restart."""
    services = room.services
    return StoriesJob(
        store=room.store,
        options=services.stories.options,
        ranking=RankingJob(store=room.store, options=services.ranking),
        owner=owner,
        batch=batch,
    )


def places(room: Room) -> dict[str, Any]:
    """Where everything is, in titles: stories, copies, related links, lists."""
    found = room.articles()
    title_of = {article.id: article.title for article in found.values()}
    members: dict[int, set[str]] = {}
    for article in found.values():
        members.setdefault(article.story_id or 0, set()).add(article.title)
    with room.store.read() as connection:
        links = story_store.related_links(connection, list(title_of), site_url=SITE)
        stories = story_store.get_stories(connection, members)
        lists = {name: ranked_lists.ranked_stories(connection, name) for name in ("top", "trending")}
    return {
        "stories": {frozenset(titles) for titles in members.values()},
        "texts": {
            frozenset(other.title for other in found.values() if other.same_text == one.same_text)
            for one in found.values()
        },
        "links": {title_of[one]: [link.title for link in links.get(one, [])] for one in title_of},
        "leads": {title_of[one.lead_id]: (one.articles, one.coverage) for one in stories.values()},
        "lists": {name: [title_of[one.article_id] for one in ranked] for name, ranked in lists.items()},
    }


def arrive(room: Room, articles: Iterable[tuple[str, NewArticle]]) -> None:
    for paper, article in articles:
        room.add(article, source=paper)


@pytest.mark.all
def test_the_newsroom_becomes_stories_told_by_several_sources(room: Room) -> None:
    declare(room, PAPERS)
    arrive(room, ARTICLES)
    result = job(room).run(NOW)
    assert result.placed == len(ARTICLES)
    assert result.lists_changed == ("top", "trending")
    with room.store.read() as connection:
        stories, covered = story_store.count_stories(connection)
        assert story_store.count_unplaced(connection) == 0
    assert result.new_stories == stories
    assert 5 <= covered < stories < len(ARTICLES)
    assert job(room).run(NOW).placed == 0


@pytest.mark.all
def test_stories_are_the_same_in_one_batch_in_many_and_over_restarts(tmp_path: Path) -> None:
    """Some related links near the threshold depend on what was known when they were chosen; stories never."""

    def outcome(name: str, batch: int, restart_after: int) -> dict[str, Any]:
        (tmp_path / name).mkdir()
        with opened_room(tmp_path / name) as room:
            declare(room, PAPERS)
            for start in range(0, len(ARTICLES), restart_after):
                arrive(room, ARTICLES[start : start + restart_after])
                job(room, batch=batch).run(NOW)
            return places(room)

    at_once = outcome("once", 1000, 1000)
    for name, batch, restart_after in (("batches", 7, 1000), ("restarts", 1000, 5)):
        other = outcome(name, batch, restart_after)
        links, expected = other.pop("links"), at_once["links"]
        assert other == {part: at_once[part] for part in other}
        assert sum(links[one] == expected[one] for one in expected) > 0.9 * len(expected)


def test_a_restart_reads_no_more_articles_than_may_be_held(room: Room) -> None:
    declare(room)
    for number, facts in enumerate((STRIKE, RAILWAY, STRIKE_TOO), start=1):
        room.add(new_article(number, **facts), source="harbour")
    options = replace(room.services.stories.options, max_articles=2)
    job(room).run(NOW)
    with room.store.read() as connection:
        index, unreadable = load_index(connection, options, NOW - timedelta(days=7))
    newest = sorted(room.articles().values(), key=lambda article: article.published)[1:]
    assert (len(index), unreadable) == (2, [])
    assert all(article.id in index for article in newest)


def test_two_processes_that_take_turns_place_like_one(room: Room) -> None:
    declare(room)
    first, second = job(room, "first"), job(room, "second")
    for number, (worker, facts) in enumerate(
        ((first, STRIKE), (second, RAILWAY), (first, STRIKE_TOO)), start=1
    ):
        room.add(new_article(number, **facts), source=("harbour", "hills", "dales")[number - 1])
        assert worker.run(NOW).placed == 1
    story_of = {title: article.story_id for title, article in room.articles().items()}
    assert story_of[STRIKE["title"]] == story_of[STRIKE_TOO["title"]] != story_of[RAILWAY["title"]]
    assert second.run(NOW).placed == 0


def test_while_another_process_places_nothing_is_done(room: Room) -> None:
    declare(room)
    room.add(new_article(1, **STRIKE))
    with room.store.write() as connection:
        leases.take_lease(connection, "stories", owner="them", now=NOW, until=NOW + STEP)
    assert job(room).run(NOW).busy
    assert room.articles()[STRIKE["title"]].story_id is None
    assert job(room).run(NOW + STEP + timedelta(seconds=1)).placed == 1


def test_T4_it_stops_between_two_batches_and_the_next_run_goes_on(room: Room) -> None:
    declare(room)
    for number, (name, facts) in enumerate(
        (("harbour", STRIKE), ("hills", STRIKE_TOO), ("dales", RAILWAY)), start=1
    ):
        room.add(new_article(number, **facts), source=name)
    answers = iter([False, True])
    stopped = job(room, batch=1).run(NOW, should_stop=lambda: next(answers, True))
    assert (stopped.placed, stopped.lists_changed) == (1, ())
    rest = job(room).run(NOW)
    assert (rest.placed, rest.busy, bool(rest.lists_changed)) == (2, False, True)


@pytest.mark.parametrize("other_is_done", [True, False])
def test_who_is_so_slow_that_another_process_takes_over_places_nothing_twice(
    room: Room, other_is_done: bool
) -> None:
    declare(room)
    for number, (name, facts) in enumerate(
        (("harbour", STRIKE), ("hills", STRIKE_TOO), ("dales", RAILWAY)), start=1
    ):
        room.add(new_article(number, **facts), source=name)
    later = NOW + LEASE + timedelta(seconds=1)

    def others() -> None:
        assert job(room, "them").run(later).placed == 3
        if not other_is_done:
            with room.store.write() as connection:
                leases.take_lease(connection, "stories", owner="them", now=later, until=later + LEASE)

    slow = job(room)
    slow.store = TakenOver(room.store, others)
    assert slow.run(NOW).placed == 0
    with room.store.read() as connection:
        assert connection.scalar(sql("SELECT COUNT(*) FROM stories")) == 2
        assert connection.scalar(sql("SELECT COUNT(*) FROM articles WHERE placed")) == 3


def test_a_batch_that_cannot_be_stored_leaves_nothing_and_is_placed_later(room: Room) -> None:
    declare(room)
    worker = job(room)
    room.add(new_article(1, **STRIKE))
    worker.run(NOW)
    room.add(new_article(2, **STRIKE_TOO), source="hills")
    forbid = "CREATE TRIGGER forbid BEFORE UPDATE ON stories BEGIN SELECT RAISE(ABORT, 'not now'); END"
    with room.store.write() as connection:
        connection.execute(sql(forbid))
    with pytest.raises(IntegrityError, match="not now"):
        worker.run(NOW)
    assert room.articles()[STRIKE_TOO["title"]].story_id is None
    with room.store.write() as connection:
        connection.execute(sql("DROP TRIGGER forbid"))
    assert worker.run(NOW).placed == 1
    found = room.articles()
    assert found[STRIKE["title"]].story_id == found[STRIKE_TOO["title"]].story_id


def test_an_edited_article_keeps_its_story_whatever_it_says_now(room: Room) -> None:
    declare(room)
    (first,) = room.add(new_article(1, **STRIKE))
    room.add(new_article(2, **STRIKE_TOO), source="hills")
    job(room).run(NOW)
    before = room.articles()[STRIKE["title"]].story_id
    with room.store.write() as connection:
        article_store.change_article(connection, first, 1, new_article(1, **RAILWAY))
    result = job(room).run(NOW)
    assert (result.placed, result.new_stories) == (1, 0)
    assert room.articles()[RAILWAY["title"]].story_id == before


def test_new_coverage_and_new_links_mark_the_pages_that_show_them(room: Room) -> None:
    declare(room)
    (first,) = room.add(new_article(1, **STRIKE))
    job(room).run(NOW)
    with room.store.write() as connection:
        stale.clear_stale(connection, stale.stale_pages(connection, 9))
    (second,) = room.add(new_article(2, **STRIKE_TOO), source="hills")
    job(room).run(NOW)
    with room.store.read() as connection:
        assert {one for one, _ in stale.stale_pages(connection, 9)} == {first, second}
        links = story_store.related_links(connection, [first, second], site_url=SITE)
    assert {one: [link.article_id for link in found] for one, found in links.items()} == {
        first: [second],
        second: [first],
    }


@pytest.mark.parametrize("copied", [False, True])
def test_a_link_stays_when_its_article_has_left_the_window(room: Room, *, copied: bool) -> None:
    declare(room)
    reports = [
        (0, "harbour", STRIKE),
        (1, "dales", STRIKE),
        (5, "hills", STRIKE_TOO),
        (7.5, "harbour", TALKS),
    ]
    ids: dict[float, int] = {}
    for days, paper, texts in reports:
        now = NOW + timedelta(days=days)
        if copied or paper != "dales":
            article = new_article(len(ids) + 1, published=now, first_seen=now, **texts)
            (ids[days],) = room.add(article, source=paper)
        job(room).run(now)
    with room.store.read() as connection:
        links = story_store.related_links(connection, [ids[5]], site_url=SITE)[ids[5]]
    # The first report has left the window; its copy, if any, has not, and a list names a text once.
    assert [link.article_id for link in links] == [ids[1 if copied else 0], ids[7.5]]


def test_what_a_source_itself_lists_as_further_reading_is_still_known_after_a_restart(room: Room) -> None:
    declare(room)
    (named,) = room.add(new_article(1, **RAILWAY))
    (naming,) = room.add(new_article(2, **STRIKE, read_more=(RAILWAY["title"],)), source="hills")
    job(room).run(NOW)
    room.add(new_article(3, **STRIKE_TOO), source="dales")
    job(room).run(NOW)
    with room.store.read() as connection:
        links = story_store.related_links(connection, [naming], site_url=SITE)[naming]
    assert named in {link.article_id for link in links}
    assert len(links) == 2


def test_lists_follow_the_clock_in_steps_and_only_a_changed_order_is_written(room: Room) -> None:
    declare(room)
    room.add(new_article(1, **STRIKE), new_article(3, **RAILWAY))
    room.add(new_article(2, **STRIKE_TOO), source="hills")
    worker = job(room)
    assert worker.run(NOW).lists_changed == ("top", "trending")
    with room.store.read() as connection:
        top = ranked_lists.ranked_stories(connection, "top")
    assert [one.coverage for one in top] == [2, 1]
    told = [value for part, value in top[0].parts.items() if part.startswith("source:")]
    assert sum(told) == pytest.approx(top[0].score)
    assert worker.run(NOW + STEP).lists_changed == ()
    # Three days later nothing has moved for long enough to be listed.
    assert worker.run(NOW + timedelta(days=4)).lists_changed == ("top", "trending")
    with room.store.read() as connection:
        assert ranked_lists.ranked_stories(connection, "top") == ()
