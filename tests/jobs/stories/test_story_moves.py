"""Stories that merge and split under the stories job: ids lead on, nothing is lost, nothing is sent twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text as sql

from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.jobs.stories.stories_job import StoriesJob
from syndicate.model import NewArticle
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store
from syndicate.store.mail import edition_articles
from syndicate.store.output import stale
from syndicate.store.stories import ranked_lists, story_moves, story_store
from syndicate.stories import StoryOptions
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PAPERS = ("harbour", "hills", "dales", "moor", "coast")
# Whatever touches two stories joins them: what the rules decide is tested in tests/stories.
EAGER = StoryOptions(merge_share=0.0, merge_caution=0.0, bridge=0.5, split_from=1_000_000)
# Every story is taken apart when it has four articles.
SPLITTING = StoryOptions(split_from=4, split_least=1, split_share=9.0, bridge=9.0)

STRIKE = (
    "Ferry crews strike over night shifts",
    "Ferry crews walked out on Monday over night shifts and wages, their union said in the harbour.",
)
PIER = (
    "Pier cracks close the northern terminal",
    "Engineers found cracks in the pier of the northern terminal and closed it for a month of repairs.",
)
BOTH = (
    "Ferry crews strike while pier cracks close the northern terminal",
    "Ferry crews walked out over night shifts while engineers found cracks in the pier of the terminal.",
)


def declare(room: Room, more: str = "") -> None:
    room.declare("".join(source(paper, f"https://{paper}.example/feed") for paper in PAPERS) + more)


def job(room: Room, options: StoryOptions = EAGER, owner: str = "us") -> StoriesJob:
    ranking = RankingJob(store=room.store, options=room.services.ranking)
    return StoriesJob(store=room.store, options=options, ranking=ranking, owner=owner)


def news(number: int, facts: tuple[str, str], when: datetime = NOW, **changes: object) -> NewArticle:
    title, text = facts
    times = {"published": when, "updated": when, "first_seen": when}
    return new_article(number, title=title, text=text, summary=text[:60], **times | changes)


def homes(room: Room, ids: Sequence[int]) -> list[int]:
    with room.store.read() as connection:
        found = article_store.get_articles(connection, ids)
    return [found[one].story_id or 0 for one in ids]


def two_stories(room: Room) -> tuple[list[int], list[int]]:
    """A strike and a pier, each told by one paper; (article ids, story ids)."""
    ids = [
        *room.add(news(1, STRIKE, NOW - 3 * HOUR)),
        *room.add(news(2, PIER, NOW - 2 * HOUR), source="hills"),
    ]
    job(room).run(NOW)
    stories = homes(room, ids)
    assert stories[0] != stories[1]
    return ids, stories


def test_an_article_that_shows_two_stories_to_be_one_merges_them_into_the_older(room: Room) -> None:
    declare(room)
    ids, (first, second) = two_stories(room)
    with room.store.write() as connection:
        stale.clear_stale(connection, stale.stale_pages(connection, 9))
    ids += room.add(news(3, BOTH), source="dales")
    job(room).run(NOW)
    assert homes(room, ids) == [first] * 3
    with room.store.read() as connection:
        assert set(story_store.get_stories(connection, [first, second])) == {first}
        story = story_store.get_stories(connection, [first])[first]
        assert (story.articles, story.coverage, story.lead_id in ids) == (3, 3, True)
        assert story_moves.current_stories(connection, [second]) == {second: first}
        (move,) = story_moves.story_moves(connection, first)
        assert (move.kind, move.from_story, move.article_id, move.articles) == ("merged", second, ids[2], 1)
        assert {one for one, _ in stale.stale_pages(connection, 9)} == set(ids)
        assert [one.story_id for one in ranked_lists.ranked_stories(connection, "top")] == [first]


def test_stories_that_begin_and_merge_in_one_batch_leave_no_trace(room: Room) -> None:
    declare(room)
    ids = [
        *room.add(news(1, STRIKE, NOW - 3 * HOUR)),
        *room.add(news(2, PIER, NOW - 2 * HOUR), source="hills"),
        *room.add(news(3, BOTH, NOW - HOUR), source="dales"),
    ]
    assert job(room).run(NOW).new_stories == 1
    assert len(set(homes(room, ids))) == 1
    with room.store.read() as connection:
        assert story_store.count_stories(connection) == (1, 1)
        assert story_moves.story_moves(connection, homes(room, ids)[0]) == []


def test_copies_and_articles_beyond_the_window_go_with_their_story(room: Room) -> None:
    declare(room)
    ids, (first, second) = two_stories(room)
    ids += room.add(news(4, PIER, NOW - 90 * 60 * timedelta(seconds=1)), source="moor")
    (old,) = room.add(
        news(5, ("Old words about something else", "Nothing of this is in the index any more."))
    )
    job(room).run(NOW)
    with room.store.write() as connection:
        connection.execute(
            sql("UPDATE articles SET story_id = :s, published = 1 WHERE id = :a"), [{"s": second, "a": old}]
        )
    ids += room.add(news(3, BOTH), source="dales")
    job(room).run(NOW)
    assert homes(room, [*ids, old]) == [first] * 5


def test_an_edited_article_follows_its_story_even_when_it_merges_in_the_same_batch(room: Room) -> None:
    declare(room)
    (one, two), (first, _) = two_stories(room)
    (three,) = room.add(news(3, BOTH, NOW - 150 * timedelta(minutes=1)), source="dales")
    with room.store.write() as connection:
        edited = news(2, (PIER[0], "The weather in the mountains was fine."), NOW - HOUR)
        article_store.change_article(connection, two, 2, edited)
    job(room).run(NOW)
    assert homes(room, [one, two, three]) == [first] * 3


def test_a_story_that_is_two_is_split_and_the_ids_stay_where_most_articles_are(room: Room) -> None:
    declare(room)
    told = [STRIKE, (f"{STRIKE[0]} again", f"{STRIKE[1]} Passengers waited."), BOTH, PIER]
    ids = [
        room.add(news(n, facts, NOW - (9 - n) * HOUR), source=PAPERS[n])[0]
        for n, facts in enumerate(told[:3])
    ]
    options = StoryOptions(
        split_from=4, split_least=1, split_share=9.0, bridge=9.0, story_base=0.05, story_lowest=0.05,
        copy_jaccard=2.0, copy_containment=2.0,
    )  # fmt: skip
    job(room, options).run(NOW)
    (story,) = set(homes(room, ids))
    ids += room.add(news(4, PIER), source="coast")
    assert job(room, options).run(NOW).new_stories == 1
    after = homes(room, ids)
    assert len(set(after)) == 2
    assert after.count(story) >= 2
    with room.store.read() as connection:
        (move,) = story_moves.story_moves(connection, story)
        stories = story_store.get_stories(connection, after)
    assert (move.kind, move.from_story, move.article_id) == ("split", story, ids[-1])
    assert sum(one.articles for one in stories.values()) == 4
    assert all(homes(room, [one.lead_id]) == [one.id] for one in stories.values())


def test_another_process_and_a_restart_see_the_stories_as_they_are_now(room: Room) -> None:
    declare(room)
    here, there = job(room, owner="here"), job(room, owner="there")
    room.add(news(1, STRIKE, NOW - 3 * HOUR))
    there.run(NOW)
    room.add(news(2, PIER, NOW - 2 * HOUR), source="hills")
    here.run(NOW)
    room.add(news(3, BOTH, NOW - HOUR), source="dales")
    there.run(NOW)
    follow_up = (f"{PIER[0]} for longer", f"{PIER[1]} It may take two.")
    (late,) = room.add(news(4, follow_up), source="moor")
    here.run(NOW)
    assert len(set(homes(room, [1, 2, 3, late]))) == 1


def test_an_article_whose_merge_cannot_be_stored_stands_alone_and_is_shown(room: Room) -> None:
    declare(room)
    ids, stories = two_stories(room)
    worker = job(room)
    worker.run(NOW)
    ids += room.add(news(3, BOTH), source="dales")
    forbid = "CREATE TRIGGER forbid BEFORE INSERT ON story_moves BEGIN SELECT RAISE(ABORT, 'no'); END"
    with room.store.write() as connection:
        connection.execute(sql(forbid))
    result = worker.run(NOW)
    assert (result.placed, result.failed) == (1, 1)
    assert homes(room, ids[:2]) == stories
    assert homes(room, ids[2:]) not in ([stories[0]], [stories[1]], [0])
    with room.store.read() as connection:
        (failure,) = quarantine.failures(connection, kind="placing")
    assert (failure.subject, "no" in failure.reason) == (str(ids[2]), True)
    with room.store.write() as connection:
        connection.execute(sql("DROP TRIGGER forbid"))
        story_store.requeue_articles(connection, ids[2:])
    worker.run(NOW)
    with room.store.read() as connection:
        assert quarantine.failures(connection, kind="placing") == ()


def test_an_edition_neither_repeats_nor_calls_an_update_what_only_merged(room: Room) -> None:
    """Both were carried yesterday; today they are one story of four sources: that is no news."""
    declare(room, '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\ntime_zone = "UTC"\n')
    seven = datetime(2026, 11, 24, 7, tzinfo=NOW.tzinfo)
    room.add(news(1, STRIKE, seven - 5 * HOUR))
    room.add(news(2, PIER, seven - 4 * HOUR), source="hills")
    room.add(news(6, (f"{PIER[0]} now", f"{PIER[1]} Ships turn back."), seven - 4 * HOUR), source="coast")
    job(room).run(seven)
    assert [one.outcome for one in room.services.editions.run(seven)] == ["cut"]
    room.add(news(3, BOTH, seven + HOUR), source="dales")
    job(room).run(seven + DAY)
    assert len(set(homes(room, [1, 2, 3]))) == 1
    with room.store.read() as connection:
        told = edition_articles.carried_articles(connection, "daily", before=seven + DAY)
    assert len(told) == 3
    assert [one.outcome for one in room.services.editions.run(seven + DAY)] == ["empty"]


def test_after_a_split_no_article_that_was_told_is_told_again(room: Room) -> None:
    declare(room, '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\ntime_zone = "UTC"\n')
    seven = datetime(2026, 11, 24, 7, tzinfo=NOW.tzinfo)
    ids = room.add(news(1, STRIKE, seven - 5 * HOUR))
    ids += room.add(news(2, (f"{STRIKE[0]} again", f"Not a boat sailed. {STRIKE[1]}"), seven - 4 * HOUR))
    job(room).run(seven)
    assert [one.outcome for one in room.services.editions.run(seven)] == ["cut"]
    (story,) = set(homes(room, ids))
    with room.store.write() as connection:
        lead = story_store.get_stories(connection, [story])[story].lead_id
        (other,) = story_store.add_stories(connection, [lead], NOW)
        move = story_moves.StoryMove(
            kind=story_moves.SPLIT, from_story=story, to_story=other, article_id=lead, articles=1,
            similarity=0.1, threshold=0.3, moved=NOW,
        )  # fmt: skip
        story_moves.split_story(connection, move, [lead])
    assert [one.outcome for one in room.services.editions.run(seven + DAY)] == ["empty"]


@pytest.mark.all
def test_a_better_lead_takes_over_and_no_feed_loses_an_item(room: Room) -> None:
    room.declare(
        source("harbour", "https://harbour.example/feed")
        + source("hills", "https://hills.example/feed", weight="3.0")
        + '[[channels]]\nname = "all"\nquery = ""\n'
    )
    (first,) = room.add(news(1, STRIKE, NOW - HOUR))
    job(room).run(NOW)
    room.services.publish.run(NOW)
    more = (
        "Second day of ferry strike over night shifts",
        "The union of ferry crews wants wages, not shifts.",
    )
    (better,) = room.add(news(2, more), source="hills")
    job(room).run(NOW)
    room.services.publish.run(NOW)
    (story,) = set(homes(room, [first, better]))
    with room.store.read() as connection:
        assert story_store.get_stories(connection, [story])[story].lead_id == better
    feed = (room.folder / "feeds" / "all.rss").read_text("utf-8")
    assert STRIKE[0] in feed
    assert more[0] in feed


def largest(room: Room) -> int:
    with room.store.read() as connection:
        found: int = connection.scalars(sql("SELECT max(articles) FROM stories")).one()
    return found


def counted(room: Room) -> int:
    with room.store.read() as connection:
        return story_store.count_stories(connection)[0]


@pytest.mark.all
def test_five_hundred_copies_of_one_wire_story_are_one_story(room: Room) -> None:
    declare(room)
    for paper in PAPERS:
        start = 100 * PAPERS.index(paper)
        room.add(*(news(start + n, STRIKE, NOW - n * timedelta(minutes=1)) for n in range(100)), source=paper)
    result = job(room, StoryOptions()).run(NOW)
    assert (result.placed, result.duplicates, result.new_stories) == (500, 499, 1)
    with room.store.read() as connection:
        (story,) = story_store.get_stories(connection, range(1, 9)).values()
    assert (story.articles, story.coverage) == (500, 5)


@pytest.mark.all
@pytest.mark.parametrize(
    "text", ["", "Clear sky, {n} degrees, wind from the west.", "Rain until {n} o'clock, then fog."]
)
def test_the_same_headline_every_hour_is_one_story_a_day_at_most(room: Room, text: str) -> None:
    declare(room)
    facts = ("Weather today in the harbour", text)
    room.add(*(news(n, (facts[0], text.format(n=n)), NOW - n * HOUR, entry_key=f"w{n}") for n in range(96)))
    job(room, StoryOptions()).run(NOW)
    assert largest(room) <= 25
    assert counted(room) >= 4


@pytest.mark.parametrize("title", ["🔥🔥🔥", "😀", "Video", "تحديث", "…"])
def test_titles_of_one_word_or_none_make_no_story(room: Room, title: str) -> None:
    declare(room)
    room.add(*(news(n, (title, ""), NOW - n * HOUR) for n in range(40)), source="hills")
    job(room, StoryOptions()).run(NOW)
    assert (largest(room), counted(room)) == (1, 40)


@pytest.mark.parametrize("year", [1970, 1901, 2099])
def test_clocks_in_the_wrong_century_join_nothing_and_survive_a_restart(room: Room, year: int) -> None:
    declare(room)
    ids = room.add(news(1, STRIKE))
    ids += room.add(news(2, (f"{STRIKE[0]} again", STRIKE[1]), NOW.replace(year=year)), source="hills")
    ids += room.add(news(3, (f"{STRIKE[0]} still", STRIKE[1])), source="dales")
    job(room, StoryOptions()).run(NOW)
    ids += room.add(news(4, (f"{STRIKE[0]} on", STRIKE[1])), source="moor")
    job(room, StoryOptions()).run(NOW)
    first, wrong, third, fourth = homes(room, ids)
    assert first == third == fourth != wrong
