"""Numbers of the overview, the system page and the metrics, on both engines."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from syndicate.store import Connection, Store, schema
from syndicate.store.core import quarantine
from syndicate.store.core.counts import Kept
from syndicate.store.ingest import source_figures, source_store
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store, review_store
from syndicate.store.output import metric_rows
from syndicate.store.subscribers import audience_store, subscriber_rows
from tests.factories import NOW, add_articles, add_sources, declared, new_article, newsroom

HOUR = timedelta(hours=1)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A write transaction, on each engine."""
    with store.write() as connection:
        yield connection


def test_articles_are_counted_by_hour_and_source(connection: Connection):
    large, small = add_sources(connection, declared("Large"), declared("Small"))
    hours = [0, 0, 1, 23]
    for number, hour in enumerate(hours):
        add_articles(connection, large.id, new_article(number, first_seen=NOW + hour * HOUR))
    add_articles(connection, small.id, new_article(9, first_seen=NOW + HOUR + timedelta(minutes=59)))
    add_articles(connection, small.id, new_article(10, first_seen=NOW - timedelta(seconds=1)))
    kept: Kept[Counter[int]] = {}
    found = metric_rows.sources_by_step(connection, NOW, HOUR, 24, kept)
    assert found[0] == {large.id: 2}
    assert found[1] == {large.id: 1, small.id: 1}
    assert found[23] == {large.id: 1}
    assert not any(found[2:23])
    counts = metric_rows.count_by_step(connection, NOW, HOUR, 24)
    assert [*counts.values()] == [hour.total() for hour in found]
    add_articles(connection, small.id, new_article(11, first_seen=NOW + 5 * HOUR))
    connection.exec_driver_sql("DELETE FROM articles WHERE id = (SELECT min(id) FROM articles)")
    later = metric_rows.sources_by_step(connection, NOW - HOUR, HOUR, 24, kept)
    assert later == metric_rows.sources_by_step(connection, NOW - HOUR, HOUR, 24, {})
    assert (len(kept), later[6]) == (24, {small.id: 1})
    connection.execute(
        update(schema.articles).where(schema.articles.c.source_id == small.id).values(source_id=large.id)
    )
    moved = metric_rows.sources_by_step(connection, NOW - HOUR, HOUR, 24, kept)
    assert moved[6] == {large.id: 1}


def test_subscriptions_that_began_are_counted_by_day(connection: Connection):
    newsroom(connection, "jo@example.org", "kim@example.org")
    kept: Kept[tuple[int, int]] = {}
    days = subscriber_rows.changes_by_day(connection, NOW, ZoneInfo("UTC"), kept, days=4)
    assert list(days.values()) == [(0, 0), (0, 0), (0, 0), (2, 0)]
    audience_store.record_consent(connection, "jo@example.org", "daily", "unsubscribed", "", NOW)
    later = subscriber_rows.changes_by_day(connection, NOW, ZoneInfo("UTC"), kept, days=4)
    assert list(later.values()) == [(0, 0), (0, 0), (0, 0), (2, 1)]


def test_sources_in_trouble_fail_often_never_worked_moved_or_are_gone(connection: Connection):
    add_sources(
        connection, *(declared(name) for name in ("A well", "B fails", "C new", "D moved", "E gone", "F"))
    )
    for change in (
        "failures = 3, last_success = 1 WHERE name = 'B fails'",
        "failures = 1 WHERE name = 'C new'",
        "permanent_url = 'https://new.example/' WHERE name = 'D moved'",
        "gone = TRUE WHERE name = 'E gone'",
        "failures = 9, paused = TRUE WHERE name = 'F'",
    ):
        connection.exec_driver_sql(f"UPDATE sources SET {change}")
    found = source_store.sources_in_trouble(connection, 3)
    assert [source.name for source, _ in found] == ["B fails", "C new", "D moved", "E gone"]
    assert set(source_store.source_names(connection, [found[0][0].id]).values()) == {"B fails"}


def test_sources_are_read_by_id_and_unknown_ids_are_left_out(connection: Connection):
    _, second = add_sources(connection, declared("A"), declared("B"))
    assert source_store.get_sources(connection, [second.id, second.id, 999]) == {second.id: second}


def test_sections_of_sources_are_listed_once(connection: Connection):
    add_sources(connection, *(declared(name) for name in "ABCD"))
    connection.exec_driver_sql("UPDATE sources SET section = 'sea' WHERE name IN ('A', 'B')")
    connection.exec_driver_sql("UPDATE sources SET section = 'land' WHERE name = 'C'")
    connection.exec_driver_sql("UPDATE sources SET section = '' WHERE name = 'D'")
    assert source_figures.source_sections(connection) == ["land", "sea"]


def test_a_source_that_is_read_again_is_due_with_no_known_document(connection: Connection):
    (source,) = add_sources(connection, declared())
    connection.exec_driver_sql("UPDATE sources SET etag = 'x', body_hash = 'y'")
    source_store.read_again(connection, source.id, NOW)
    known = source_store.get_source(connection, source.id)
    assert known is not None
    assert (known[1].etag, known[1].body_hash, known[1].next_check) == ("", "", NOW)


def test_the_deliveries_that_need_a_person_are_counted(connection: Connection):
    newsroom(connection, "jo@example.org", "kim@example.org", "lee@example.org")
    states = metric_rows.unsent_deliveries(connection)
    assert states["pending"] == 3
    connection.exec_driver_sql("UPDATE deliveries SET state = 'uncertain' WHERE address LIKE 'jo@%%'")
    connection.exec_driver_sql("UPDATE deliveries SET state = 'failed' WHERE address LIKE 'kim@%%'")
    counts = delivery_store.count_uncertain(connection), delivery_store.count_refused(connection)
    assert (*counts, delivery_store.count_late(connection, since=NOW - HOUR)) == (1, 1, 0)
    assert metric_rows.unsent_deliveries(connection) == {
        "pending": 1, "sending": 0, "deferred": 0, "failed": 1, "uncertain": 1,
    }  # fmt: skip
    assert metric_rows.edition_outcomes(connection, NOW) == {("daily", "sent"): 1}


def test_an_edition_counts_as_sent_once_its_approval_cannot_be_taken_back(connection: Connection):
    edition = newsroom(connection)
    values = {"approve_by": NOW + HOUR}
    connection.execute(update(schema.editions).where(schema.editions.c.id == edition).values(values))
    assert metric_rows.edition_outcomes(connection, NOW) == {}
    assert metric_rows.edition_outcomes(connection, NOW + HOUR) == {("daily", "sent"): 1}


def test_editions_that_wait_are_found(connection: Connection):
    edition = newsroom(connection)
    connection.exec_driver_sql("UPDATE editions SET state = 'held'")
    assert [row.id for row in review_store.waiting_editions(connection)] == [edition]


def test_a_failure_is_forgotten_once(connection: Connection):
    quarantine.record_failure(connection, "entry", "x", "reason", now=NOW, source_id=7)
    assert not quarantine.forget_failure(connection, "entry", "x", 8)
    assert quarantine.forget_failure(connection, "entry", "x", 7)
    assert not quarantine.forget_failure(connection, "entry", "x", 7)


def test_named_leases_are_those_that_hold(connection: Connection):
    for name, end in (("prune", HOUR), ("bounces", -HOUR)):
        leases.take_lease(connection, name, owner="a:1", now=NOW - 2 * HOUR, until=NOW + end)
    assert leases.named_leases(connection, NOW) == [("prune", "a:1", NOW + HOUR)]


def test_the_store_has_a_size_and_tables(connection: Connection):
    add_sources(connection, declared())
    assert metric_rows.store_bytes(connection) > 10_000
    names = [name for name, _ in metric_rows.table_counts(connection)]
    assert {"sources", "stage_runs"} <= set(names)
