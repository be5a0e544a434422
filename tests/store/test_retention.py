"""Old rows go; what was decided about them is remembered as long as it matters."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from syndicate.model import DeliveryState, ScoredLink
from syndicate.store import schema
from syndicate.store.core import old_rows
from syndicate.store.ingest import article_store, known_articles
from syndicate.store.mail import delivery_store
from syndicate.store.output import channel_store
from syndicate.store.stories import story_store
from tests import factories
from tests.factories import NOW, declared, new_article

YEAR_AGO = NOW - timedelta(days=365)
OLD = YEAR_AGO - timedelta(days=1)


def old_article(number: int, **changes):
    return new_article(number, **({"published": OLD, "updated": OLD, "first_seen": OLD} | changes))


@pytest.fixture
def room(store):
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        yield connection, source.id


def prune(connection, limit: int = 100) -> int:
    return len(old_rows.prune_articles(connection, before=YEAR_AGO, now=NOW, limit=limit))


def pruned_keys(connection: Connection, source: int) -> frozenset[str]:
    return known_articles.known_entries(connection, {source: (["key-1", "key-2", "key-3"], [])})[source][1]


def test_only_articles_published_and_seen_long_ago_go_oldest_rows_first(room):
    connection, source = room
    wanted = [
        old_article(1, tags=("Sea",)),
        old_article(2),
        old_article(3, first_seen=NOW),
        old_article(4, published=NOW),
        old_article(5),
    ]
    ids = factories.add_articles(connection, source, *wanted)
    assert prune(connection, limit=2) == 2
    assert set(article_store.get_articles(connection, ids)) == set(ids[2:])
    assert (prune(connection), prune(connection)) == (1, 0)
    assert set(article_store.get_articles(connection, ids)) == {ids[2], ids[3]}


def test_everything_that_hangs_on_an_article_goes_with_it(room):
    connection, source = room
    old, kept = factories.add_articles(connection, source, old_article(1, tags=("Sea",)), new_article(2))
    links = {
        one: [ScoredLink(article_id=other, score=1.0, parts={})] for one, other in ((old, kept), (kept, old))
    }
    story_store.save_related(connection, links)
    prune(connection)
    for table in (schema.article_tags, schema.related):
        assert connection.scalars(select(func.count()).select_from(table)).one() == 0
    for table in (schema.article_bodies, schema.article_terms, schema.stale_pages):
        assert connection.scalars(select(table.c.article_id)).all() == [kept]


def test_a_copy_of_a_pruned_article_is_shown_in_its_place(room):
    connection, source = room
    (old,) = factories.add_articles(connection, source, old_article(1))
    story = article_store.get_articles(connection, [old])[old].story_id
    (copy,) = factories.add_unplaced(connection, source, [new_article(2)])
    factories.place(connection, copy, story, same_text=old)
    prune(connection)
    assert [one.id for one in channel_store.channel_articles(connection, (), limit=9)] == [copy]


def test_a_pruned_article_leaves_a_trace_so_that_it_does_not_come_back(room):
    connection, source = room
    factories.add_articles(connection, source, old_article(1), new_article(2))
    prune(connection)
    assert pruned_keys(connection, source) == {"key-1"}
    assert pruned_keys(connection, source + 1) == frozenset()
    assert known_articles.known_item_hashes(connection, {source: ()})[source] == {"digest-1", "digest-2"}
    assert old_rows.prune_tombstones(connection, before=NOW) == 0
    assert old_rows.prune_tombstones(connection, before=NOW + timedelta(seconds=1)) == 1
    assert pruned_keys(connection, source) == frozenset()


def test_stories_without_articles_go(room):
    connection, source = room
    factories.add_articles(connection, source, old_article(1), new_article(2))
    assert old_rows.prune_stories(connection, [1, 2]) == 0
    prune(connection)
    assert old_rows.prune_stories(connection, [1, 2]) == 1
    assert story_store.count_stories(connection) == (1, 0)


def test_deliveries_that_ended_long_ago_go_and_open_or_uncertain_ones_stay(store):
    states = list(DeliveryState)
    with store.write() as connection:
        factories.newsroom(connection, *(f"{state.value}@example.org" for state in states))
        table = schema.deliveries
        for state in states:
            mine = table.c.address == f"{state.value}@example.org"
            connection.execute(update(table).where(mine).values(state=state.value, changed=OLD))
        count = old_rows.count_prunable(
            connection, articles_before=OLD, deliveries_before=YEAR_AGO, tombstones_before=OLD
        )
        assert (count.deliveries, count.articles) == (3, 0)
        assert old_rows.prune_deliveries(connection, before=OLD) == 0
        assert old_rows.prune_deliveries(connection, before=YEAR_AGO) == 3
        assert delivery_store.count_deliveries(connection) == {
            "deferred": 1,
            "pending": 1,
            "sending": 1,
            "uncertain": 1,
        }


def test_counting_removes_nothing(room):
    connection, source = room
    factories.add_articles(connection, source, old_article(1), new_article(2))
    counted = old_rows.count_prunable(
        connection, articles_before=YEAR_AGO, deliveries_before=YEAR_AGO, tombstones_before=YEAR_AGO
    )
    assert counted == old_rows.Pruned(articles=1, stories=1, deliveries=0, tombstones=0)
    assert article_store.count_articles(connection) == 2
