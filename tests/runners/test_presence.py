"""Presence of workers in a store: leases that outlast their use by a gap, and the database's time."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from syndicate.operating_system import seconds_since_boot
from syndicate.queue import presence
from syndicate.queue.message_queue import cron
from syndicate.queue.presence import Presence
from syndicate.store import Store, schema
from syndicate.store.core.server_clock import database_time
from syndicate.store.leases import worker_store

GAP = 0.2
on_postgres = pytest.mark.parametrize("store_url", ["postgres"], indirect=True)


@pytest.fixture
def first(store: Store) -> Presence:
    return entered(store, "first")


def entered(store: Store, owner: str) -> Presence:
    found = Presence(store, owner, shards=frozenset({1}), gap=GAP)
    found.enter(("ingest",))
    return found


@on_postgres
def test_the_next_worker_gets_a_lease_after_its_last_use_and_the_gap(store: Store, first: Presence) -> None:
    second = entered(store, "second")
    with first.hold("hosts:1") as held:
        assert held
        with first.hold("hosts:1") as again:
            assert again
        assert not second.take("hosts:1")
        with second.hold("hosts:1") as refused:
            assert not refused
    ended = time.monotonic()
    assert not second.take("hosts:1")
    with second.hold("hosts:1") as held:
        assert held
        assert time.monotonic() - ended >= GAP * 0.9
        assert not first.take("hosts:1")
        # Other shards are free meanwhile.
        with first.hold("hosts:2") as other:
            assert other


@on_postgres
def test_a_heartbeat_extends_leases_and_finds_the_lost(store: Store, first: Presence) -> None:
    with first.hold("hosts:1"):
        with store.write() as connection:
            connection.execute(update(schema.leases).values(until=datetime(2000, 1, 1, tzinfo=UTC)))
        first.beat()
        assert not entered(store, "second").take("hosts:1")
        assert not first.should_stop()
        with store.write() as connection:
            connection.execute(delete(schema.leases))
        first.beat()
        assert first.should_stop()
        assert not first.holds("hosts:1")
    assert not first.should_stop()


@on_postgres
def test_work_stops_when_no_heartbeat_reached_the_store_for_the_duration_of_a_lease(
    first: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not first.should_stop()
    later = seconds_since_boot() + presence.LEASE.total_seconds() + 1
    monkeypatch.setattr(presence, "seconds_since_boot", lambda: later)
    assert first.should_stop()
    first.beat()
    assert not first.should_stop()


@on_postgres
def test_the_time_is_the_databases(store: Store, first: Presence, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.read() as connection:
        assert abs(database_time(connection) - first.now()) < timedelta(seconds=1)
    before, boot = first.now(), seconds_since_boot()
    monkeypatch.setattr(presence, "seconds_since_boot", lambda: boot + 30)
    assert timedelta(seconds=28) < first.now() - before < timedelta(seconds=32)


@on_postgres
def test_a_worker_that_counts_as_dead_loses_its_leases(store: Store, first: Presence) -> None:
    second = entered(store, "second")
    assert second.take("hosts:1")
    with store.write() as connection:
        stale = update(schema.workers).where(schema.workers.c.owner == "second")
        connection.execute(stale.values(seen=datetime(2000, 1, 1, tzinfo=UTC)))
    first.release_dead()
    assert first.take("hosts:1")
    with store.read() as connection:
        assert [row.owner for row in worker_store.list_workers(connection)] == ["first"]
    second.beat()
    assert second.should_stop()
    first.leave()


def test_intervals_are_cron_expressions_with_seconds() -> None:
    assert [cron(every) for every in (5.0, 60.0, 300.0, 3600.0)] == [
        "* * * * * */5",
        "*/1 * * * *",
        "*/5 * * * *",
        "0 */1 * * *",
    ]
