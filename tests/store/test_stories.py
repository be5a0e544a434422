"""Stories, related links, stale pages and ranked lists as rows."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from syndicate.model import EARLIEST, Image, RankedStory, ScoredLink, Story
from syndicate.store import Connection, schema
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, known_articles
from syndicate.store.output import stale
from syndicate.store.stories import index_rows, ranked_lists, story_store
from syndicate.store.stories.story_store import ArticlePlacement, StoryArticleRow
from tests import factories
from tests.factories import NOW, declared, new_article

SITE = "https://news.example"


@pytest.fixture
def room(store):
    """A connection, two sources (one our own) and three articles of the first, none placed."""
    with store.write() as connection:
        harbour, own = factories.add_sources(
            connection, declared("The Harbour", weight=2.0), declared("Our Desk", own=True)
        )
        ids = factories.add_unplaced(connection, harbour.id, [new_article(n) for n in (1, 2, 3)])
        yield connection, harbour, own, ids


def link(related_id: int, score: float = 0.5) -> ScoredLink:
    return ScoredLink(article_id=related_id, score=score, parts={"words": score, "time": 0.0})


def stale_ids(connection) -> list[int]:
    return [article_id for article_id, _ in stale.stale_pages(connection, 100)]


def clear(connection) -> None:
    stale.clear_stale(connection, stale.stale_pages(connection, 100))


def test_articles_wait_oldest_first_until_they_are_placed(room):
    connection, source, _, ids = room
    waiting = story_store.unplaced_articles(connection, 2)
    assert [one.id for one in waiting] == [ids[2], ids[1]]
    assert (waiting[0].title, waiting[0].text, waiting[0].source_id) == ("Title 3", "Text 3", source.id)
    assert story_store.count_unplaced(connection) == 3
    story = factories.place(connection, ids[2])
    assert [one.id for one in story_store.unplaced_articles(connection, 9)] == [ids[1], ids[0]]
    article_store.change_article(connection, ids[2], source.id, new_article(3, title="Edited"))
    again = story_store.unplaced_articles(connection, 9)[0]
    assert (again.id, again.title, again.story_id) == (ids[2], "Edited", story)


def test_more_articles_than_a_statement_has_parameters_for_can_be_placed_again(room):
    connection, _, _, ids = room
    many = [*range(20_000, 90_000), *ids]
    again = story_store.unplaced_articles(connection, len(many), ids=many)
    assert [one.id for one in again] == [ids[2], ids[1], ids[0]]


def test_the_index_is_loaded_from_a_moment_on(room):
    connection, _source, _, ids = room
    story = factories.place(connection, ids[0])
    factories.place(connection, ids[1], story)
    newer = ArticlePlacement(article_id=ids[2], story_id=story, same_text=ids[0], terms=b"\x00newer")
    story_store.place_articles(connection, [newer])
    (batch,) = index_rows.placed_articles(connection, NOW - timedelta(days=1))
    loaded = [(one.article_id, one.story, one.same_text, one.terms) for one in batch]
    assert sorted(loaded) == [
        (ids[0], story, ids[0], b"terms"),
        (ids[1], story, ids[1], b"terms"),
        (ids[2], story, ids[0], b"\x00newer"),
    ]
    ((newest,),) = index_rows.placed_articles(connection, NOW - timedelta(minutes=1))
    assert newest.article_id == ids[0]


def test_when_the_nth_newest_of_the_placed_articles_was_published(room):
    connection, _source, _, ids = room
    story = factories.place(connection, ids[2])
    factories.place(connection, ids[0], story)
    stored = article_store.get_articles(connection, ids)
    times = [stored[number].published for number in (ids[0], ids[2])]
    assert [index_rows.nth_newest_published(connection, place, EARLIEST) for place in (1, 2, 3)] == [
        *times,
        None,
    ]


def test_titles_lead_to_the_latest_article_that_has_them(room):
    connection, source, _, ids = room
    (twin,) = factories.add_unplaced(connection, source.id, [new_article(4, title="Title 1")])
    found = index_rows.articles_with_titles(connection, ["Title 1", "Title 3", "Nothing"])
    assert found == {"Title 1": twin, "Title 3": ids[2]}
    assert index_rows.articles_with_titles(connection, []) == {}
    many = [f"Nothing {number}" for number in range(70_000)]
    assert index_rows.articles_with_titles(connection, [*many, "Title 3"]) == {"Title 3": ids[2]}


def test_the_titles_that_sources_list_as_further_reading_since_a_moment(room):
    connection, source, _, (plain, *_) = room
    lists = {4: ("Title 1", "Title 2"), 5: ("Title 1",), 90: ("Too old",)}
    four, five, old = factories.add_unplaced(
        connection, source.id, [new_article(number, read_more=titles) for number, titles in lists.items()]
    )
    for number in (four, five, old, plain):
        factories.place(connection, number)
    (batch,) = index_rows.placed_articles(connection, NOW - timedelta(hours=1))
    listed = {one.article_id: one.read_more for one in batch}
    assert listed.pop(plain) is None
    found = {number: json.loads(titles or "") for number, titles in listed.items()}
    assert found == {four: ["Title 1", "Title 2"], five: ["Title 1"]}


def test_a_story_keeps_its_lead_and_counts(room):
    connection, _, _, ids = room
    other, story = story_store.add_stories(connection, [ids[2], ids[0]], NOW)
    later = NOW + timedelta(hours=1)
    factories.save_story(connection, story, lead_id=ids[1], articles=3, coverage=2, updated=later)
    assert story_store.get_stories(connection, [story, story, 999]) == {
        story: Story(id=story, lead_id=ids[1], created=NOW, updated=later, articles=3, coverage=2)
    }
    assert story_store.count_stories(connection) == (2, 1)
    assert story_store.get_stories(connection, [other])[other].lead_id == ids[2]
    assert story_store.add_stories(connection, [], NOW) == []


def test_new_coverage_marks_the_pages_of_every_article_of_the_story(room):
    connection, _, _, ids = room
    story = factories.place(connection, ids[0])
    factories.place(connection, ids[1], story)
    factories.place(connection, ids[2])
    clear(connection)
    factories.save_story(connection, story, lead_id=ids[0], articles=2, coverage=1)
    assert stale_ids(connection) == []
    factories.save_story(connection, story, lead_id=ids[0], articles=2, coverage=2)
    assert sorted(stale_ids(connection)) == sorted(ids[:2])


def test_what_ranking_sees_of_a_story(room):
    connection, source, own, ids = room
    story = factories.place(connection, ids[0])
    wanted = new_article(9, image=Image(url="https://harbour.example/x.png"), words=120, section="sport")
    (theirs,) = factories.add_unplaced(connection, own.id, [wanted])
    factories.place(connection, theirs, story, same_text=ids[0])
    rows = story_store.story_articles(connection, ids=[story])
    assert rows == [
        StoryArticleRow(
            story_id=story,
            lead_id=ids[0],
            article_id=theirs,
            source_id=own.id,
            weight=1.0,
            section="sport",
            published=wanted.published,
            first_seen=NOW,
            words=120,
            has_image=True,
            same_text=ids[0],
            language="en",
        ),
        StoryArticleRow(
            story_id=story,
            lead_id=ids[0],
            article_id=ids[0],
            source_id=source.id,
            weight=2.0,
            section="world",
            published=new_article(1).published,
            first_seen=NOW,
            words=0,
            has_image=False,
            same_text=ids[0],
            language="en",
        ),
    ]
    assert story_store.story_articles(connection, since=NOW) == rows
    assert story_store.story_articles(connection, since=NOW + timedelta(seconds=1)) == []


def test_related_links_are_replaced_whole_and_only_a_changed_list_marks_the_page(room):
    connection, _, _, ids = room
    for article_id in ids:
        factories.place(connection, article_id)
    clear(connection)
    assert story_store.save_related(connection, {ids[0]: [link(ids[1]), link(ids[2], 0.4)]}) == [ids[0]]
    assert stale_ids(connection) == [ids[0]]
    clear(connection)
    assert story_store.save_related(connection, {ids[0]: [link(ids[1], 0.9), link(ids[2], 0.1)]}) == []
    assert stale_ids(connection) == []
    found = story_store.related_links(connection, ids, site_url=SITE)
    assert [(one.article_id, one.score, dict(one.parts)) for one in found[ids[0]]] == [
        (ids[1], 0.5, {"words": 0.5, "time": 0.0}),
        (ids[2], 0.4, {"words": 0.4, "time": 0.0}),
    ]
    assert story_store.save_related(connection, {ids[0]: [link(ids[2]), link(ids[1])]}) == [ids[0]]
    assert story_store.save_related(connection, {ids[0]: []}) == [ids[0]]
    assert story_store.related_links(connection, ids, site_url=SITE) == {}
    assert story_store.save_related(connection, {ids[0]: []}) == []


def test_links_to_articles_that_the_index_does_not_know_are_read_as_saved(room):
    connection, _, _, ids = room
    links = [link(ids[1]), link(ids[2], 0.4)]
    story_store.save_related(connection, {ids[0]: links, ids[1]: [link(ids[0])]})
    assert story_store.links_to_others(connection, ids, {ids[0], ids[1]}) == {ids[0]: links[1:]}
    assert story_store.links_to_others(connection, [], ()) == {}


def test_links_lead_to_the_publisher_unless_the_source_is_our_own_or_has_no_page(room):
    connection, source, own, ids = room
    (ours,) = factories.add_unplaced(connection, own.id, [new_article(8)])
    (pageless,) = factories.add_unplaced(connection, source.id, [new_article(9, url="")])
    story_store.save_related(connection, {ids[0]: [link(ids[1]), link(ours), link(pageless)]})
    found = story_store.related_links(connection, [ids[0]], site_url=SITE)[ids[0]]
    assert [one.url for one in found] == [
        "https://harbour.example/2",
        f"{SITE}/{new_article(8).path}",
        f"{SITE}/{new_article(9).path}",
    ]
    assert [one.source_name for one in found] == ["The Harbour", "Our Desk", "The Harbour"]


def test_coverage_lists_every_article_of_a_shared_story_oldest_first(room):
    connection, _, own, ids = room
    story = factories.place(connection, ids[0])
    (theirs,) = factories.add_unplaced(connection, own.id, [new_article(30)])
    factories.place(connection, theirs, story)
    factories.save_story(connection, story, lead_id=ids[0], articles=2, coverage=2)
    alone = factories.place(connection, ids[1])
    found = story_store.story_links(connection, [story, alone, 999], site_url=SITE)
    assert {
        story_id: [one.article_id for one in told]
        for story_id, told in ((number, links.links) for number, links in found.items())
    } == {story: [theirs, ids[0]]}


def test_more_from_a_section_names_each_text_once_and_nothing_without_a_story(room):
    connection, _, _, ids = room
    story = factories.place(connection, ids[0])
    factories.place(connection, ids[1], story, same_text=ids[0])
    assert story_store.section_articles(connection, "world", limit=5) == [ids[1]]


def test_pages_wait_until_their_article_has_a_story_newest_first_in_batches(room):
    connection, _, _, ids = room
    assert (stale_ids(connection), stale.count_stale(connection)) == ([], 3)
    for article_id in ids:
        factories.place(connection, article_id)
    assert stale_ids(connection) == ids[::-1]
    assert [one for one, _ in stale.stale_pages(connection, 1)] == [ids[2]]
    assert [one for one, _ in stale.stale_pages(connection, 5, below=ids[2])] == [ids[1], ids[0]]


def test_a_page_that_was_marked_again_while_it_was_written_stays_marked(room):
    connection, _, _, ids = room
    for article_id in ids:
        factories.place(connection, article_id)
    written = stale.stale_pages(connection, 10)
    stale.mark_stale(connection, [ids[1], ids[1]])
    stale.clear_stale(connection, written)
    assert stale_ids(connection) == [ids[1]]


def test_a_site_build_and_a_worker_that_marks_its_pages_wait_for_each_other(store):
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared("Sea"))
        articles = [new_article(number) for number in range(40)]
        ids = factories.add_articles(connection, source.id, *articles)
    together = Barrier(2, timeout=30)

    def work(change: Callable[[Connection], None]) -> None:
        for _ in range(20):
            together.wait()
            with store.write() as connection:
                change(connection)

    def write(connection: Connection) -> None:
        newest_first = select(schema.stale_pages).order_by(schema.stale_pages.c.article_id.desc())
        stale.clear_stale(connection, [(row[0], row[1]) for row in connection.execute(newest_first)])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (write, lambda connection: stale.mark_stale(connection, ids))))


def test_young_pages_or_all_of_them_can_be_marked_at_once(room):
    connection, _, _, ids = room
    for article_id in ids:
        factories.place(connection, article_id)
    clear(connection)
    stale.mark_published_since(connection, NOW - timedelta(minutes=2))
    assert stale_ids(connection) == [ids[1], ids[0]]
    stale.mark_all(connection)
    assert stale_ids(connection) == ids[::-1]


def test_outputs_remember_what_they_were_built_from_until_told_to_forget(store):
    with store.write() as connection:
        stale.save_signatures(connection, {"channel:news": "one", "opml": "x"}, NOW)
        stale.save_signatures(connection, {"channel:news": "two"}, NOW)
        stale.save_signatures(connection, {"channel:news": "three"}, NOW, before="one")
        assert stale.signatures(connection) == {"channel:news": "two", "opml": "x"}
        stale.clear_signatures(connection)
        assert set(stale.signatures(connection).values()) == {""}


def test_a_ranked_list_is_replaced_whole_and_keeps_its_order(store):
    def ranked(position: int, story: int) -> RankedStory:
        return RankedStory(
            story_id=story, article_id=story, position=position, score=1 / 3, coverage=2, parts={"a": 1 / 3}
        )

    with store.write() as connection:
        ranked_lists.save_ranked(connection, "top", [ranked(2, 20), ranked(1, 10), ranked(3, 30)])
        ranked_lists.save_ranked(connection, "trending", [ranked(1, 30)])
        assert ranked_lists.ranked_stories(connection, "top", limit=2) == (ranked(1, 10), ranked(2, 20))
        ranked_lists.save_ranked(connection, "top", [ranked(1, 30)])
        assert ranked_lists.ranked_stories(connection, "top") == (ranked(1, 30),)
        ranked_lists.save_ranked(connection, "top", [])
        assert ranked_lists.ranked_stories(connection, "top") == ()
        assert ranked_lists.ranked_stories(connection, "trending") == (ranked(1, 30),)


def test_what_is_usual_counts_articles_of_each_section_without_copies(room):
    connection, source, _, ids = room
    sport = replace(new_article(4, section="sport"), published=NOW - timedelta(hours=5))
    factories.add_unplaced(connection, source.id, [sport])
    story = factories.place(connection, ids[0])
    factories.place(connection, ids[1], story, same_text=ids[0])

    def counts(hours: float, until=NOW + timedelta(seconds=1), sections=None) -> dict[str, tuple[int, int]]:
        return ranked_lists.section_counts(connection, [(NOW - timedelta(hours=hours), until)], sections)

    assert counts(6) == {"world": (2, 1), "sport": (1, 0)}
    assert counts(1) == {"world": (2, 1)}
    assert counts(6, sections={"sport"}) == {"sport": (1, 0)}
    assert counts(6, until=NOW - timedelta(hours=1)) == {"sport": (1, 0)}


def test_three_failures_and_a_thing_rests_until_it_works_again(store):
    def fail(connection, subject: str, reason: str, hours: int = 0) -> None:
        quarantine.record_failure(
            connection, "entry", subject, reason, now=NOW + timedelta(hours=hours), source_id=7
        )

    with store.write() as connection:
        for hours, reason in enumerate(("first", "second", "third")):
            assert known_articles.known_item_hashes(connection, {7: ()})[7] == frozenset()
            fail(connection, "bad", reason, hours)
        fail(connection, "other", "once")
        assert known_articles.known_item_hashes(connection, {7: ()})[7] == {"bad"}
        assert known_articles.known_item_hashes(connection, {8: ()})[8] == frozenset()
        worst = quarantine.failures(connection)[0]
        assert (worst.subject, worst.attempts, worst.reason, worst.is_quarantined) == (
            "bad",
            3,
            "third",
            True,
        )
        assert worst.last_failed - worst.first_failed == timedelta(hours=2)
        assert quarantine.failures(connection, kind="page") == ()
        quarantine.clear_failure(connection, "entry", "bad")
        assert [one.subject for one in quarantine.failures(connection)] == ["other"]
