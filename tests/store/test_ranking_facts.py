"""What ranking reads from the rows: records of sources, usual hours, related sources, openings."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model import NewArticle, ScoredLink
from syndicate.store.stories import ranked_lists, story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from tests import factories
from tests.factories import NOW, declared, new_article

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# SQLite's own default, which Debian raises.
MOST_PARAMETERS = 32_766


@pytest.fixture
def room(store):
    with store.write() as connection:
        sources = factories.add_sources(connection, declared(), declared("The Hills"))
        yield connection, sources


def test_a_record_counts_articles_and_how_many_others_took_up_their_stories(room):
    connection, (harbour, hills) = room
    first, _ = factories.add_articles(connection, harbour.id, *_hours_ago(5, 3))
    (second,) = factories.add_articles(connection, hills.id, *_hours_ago(4))
    (third,) = factories.add_articles(connection, harbour.id, *_hours_ago(2))
    story = factories.place(connection, first)
    for article in (second, third):
        factories.place(connection, article, story)
    found = ranked_lists.source_records(connection, since=NOW - DAY, until=NOW, enough=3)
    assert found == {harbour.id: (3, {hills.id: 0.333333}), hills.id: (1, {})}, (
        "the harbour had told it before the hills did"
    )
    assert ranked_lists.source_records(connection, since=NOW, until=NOW + DAY, enough=3) == {}


def test_what_everybody_takes_up_counts_one_which_the_followers_share(room):
    connection, (harbour, _) = room
    (article,) = factories.add_articles(connection, harbour.id, *_hours_ago(5))
    story = factories.place(connection, article)
    followers = factories.add_sources(connection, *(declared(f"Follower {n}") for n in range(5)))
    for minute, source in enumerate(followers, 11):
        (other,) = factories.add_articles(connection, source.id, new_article(minute))
        factories.place(connection, other, story)
    found = ranked_lists.source_records(connection, since=NOW - DAY, until=NOW - 2 * HOUR, enough=3)
    assert found == {harbour.id: (1, {source.id: 0.2 for source in followers})}


def test_a_source_that_follows_after_more_than_a_day_does_not_count(room):
    connection, (harbour, hills) = room
    (article,) = factories.add_articles(connection, harbour.id, *_hours_ago(72))
    story = factories.place(connection, article)
    (late,) = factories.add_articles(connection, hills.id, *_hours_ago(47))
    factories.place(connection, late, story)
    found = ranked_lists.source_records(connection, since=NOW - 4 * DAY, until=NOW - DAY, enough=3)
    assert found == {harbour.id: (1, {}), hills.id: (1, {})}


def _hours_ago(*hours: int) -> list[NewArticle]:
    return [replace(new_article(hour), published=NOW - hour * HOUR) for hour in hours]


def test_the_same_hour_of_the_days_before_is_counted_and_no_other(room):
    connection, (harbour, _) = room
    published = {
        1: NOW - DAY - HOUR,
        2: NOW - 2 * DAY - 2 * HOUR,
        3: NOW - DAY - 4 * HOUR,
        4: NOW - DAY + HOUR,
        5: NOW - HOUR,
        6: NOW - 9 * DAY - HOUR,
    }
    factories.add_articles(
        connection,
        harbour.id,
        *(replace(new_article(n), published=moment) for n, moment in published.items()),
    )
    spans = [(NOW - day * DAY - 3 * HOUR, NOW - day * DAY) for day in range(1, 8)]
    found = ranked_lists.section_counts(connection, spans)
    assert found == {"world": (2, 2)}, "only the first two"
    assert ranked_lists.first_published(connection) == published[6]


def test_the_numbers_of_any_number_of_sections_are_counted(sqlite_store):
    spans = [(NOW - day * DAY - 3 * HOUR, NOW - day * DAY) for day in range(1, 8)]
    with sqlite_store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        factories.add_articles(connection, source.id, replace(new_article(1), published=NOW - DAY - HOUR))
        limited = connection.connection.dbapi_connection
        limited.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MOST_PARAMETERS)
        sections = ["world", *map(str, range(4096))]
        assert ranked_lists.section_counts(connection, spans, sections) == {"world": (1, 1)}


def test_related_sources_are_those_of_other_stories(room):
    connection, (harbour, hills) = room
    one, same = factories.add_articles(connection, harbour.id, new_article(1), new_article(2))
    far, later = factories.add_articles(
        connection, hills.id, new_article(3), replace(new_article(4), first_seen=NOW + HOUR)
    )
    story = factories.place(connection, one)
    factories.place(connection, same, story)
    links = [ScoredLink(article_id=related, score=1.0, parts={}) for related in (same, far, later)]
    story_store.save_related(connection, {one: links})
    linked = {story: {hills.id: new_article(3).published}}
    assert ranked_lists.linked_sources(connection, [story], until=NOW) == (linked, {})
    ranked_lists.save_neighbours(connection, {one: [same, far, later]})
    assert ranked_lists.linked_sources(connection, [story], until=NOW) == (linked, {story: {hills.id: 1}})
    ranked_lists.prune_inputs(connection, before=NOW + HOUR)
    assert ranked_lists.linked_sources(connection, [story])[1] == {}


def test_rare_sources_publish_a_little_but_something(room):
    connection, (harbour, hills) = room
    factories.add_articles(connection, harbour.id, *(new_article(n) for n in range(1, 6)))
    factories.add_articles(connection, hills.id, *(new_article(n) for n in range(6, 9)))
    for ids, rare in ((None, {hills.id}), ([harbour.id], set())):
        assert ranked_lists.rare_sources(connection, ids, since=NOW - DAY, until=NOW, most=3) == rare


def test_learned_weights_are_replaced_as_a_whole(room):
    connection, (harbour, hills) = room
    weight = SourceWeight(weight=1.5, prominence=2.0, articles=4)
    ranked_lists.save_source_weights(connection, {harbour.id: weight, hills.id: weight}, now=NOW)
    ranked_lists.save_source_weights(connection, {hills.id: weight}, now=NOW + DAY)
    assert ranked_lists.source_weights(connection) == {hills.id: weight._replace(learned=NOW + DAY)}
    ranked_lists.save_source_weights(connection, {}, now=NOW)
    assert ranked_lists.source_weights(connection) == {}


def test_openings_add_up_by_hour_and_unknown_pages_count_for_nothing(room):
    connection, (harbour, _) = room
    (article,) = factories.add_articles(connection, harbour.id, new_article(1))
    story = factories.place(connection, article)
    path = new_article(1).path
    ranked_lists.add_reads(connection, {path: 2, "site/nowhere.html": 7}, hour=NOW)
    ranked_lists.add_reads(connection, {path: 3}, hour=NOW)
    ranked_lists.add_reads(connection, {path: 1}, hour=NOW - DAY)
    assert ranked_lists.story_reads(connection, since=NOW - HOUR, until=NOW) == {story: 5}
    assert ranked_lists.story_reads(connection, since=NOW - 2 * DAY, until=NOW) == {story: 6}
    ranked_lists.prune_inputs(connection, before=NOW)
    assert ranked_lists.story_reads(connection, since=NOW - 2 * DAY, until=NOW) == {story: 5}
