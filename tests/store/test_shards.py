"""Shards: rows of a host belong to a single shard, and a claim of a shard takes no other row."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from yarl import URL

from syndicate.model import Hub, QueuedPage, SitemapPart, SourceState
from syndicate.model.shards import SHARDS, shard_of
from syndicate.store import open_store, schema
from syndicate.store.core import migration
from syndicate.store.core.migration import all_migrations
from syndicate.store.ingest import (
    added_sources,
    declared_sources,
    hub_store,
    page_store,
    part_store,
    source_store,
)
from syndicate.store.leases import worker_store
from syndicate.store.leases.worker_store import WorkerRow
from syndicate.text.urls import host_shard
from tests.factories import NOW, declared
from tests.store.test_migration import old_row

A, B = "https://a.example/feed", "https://b.example/feed"
SHARD_A, SHARD_B = host_shard(A), host_shard(B)
LEASE: dict[str, Any] = {"owner": "us", "until": NOW + timedelta(minutes=10)}


def sync(store, *urls: str) -> dict[str, int]:
    with store.write() as connection:
        sources = [replace(declared(url), url=url) for url in urls]
        declared_sources.sync_sources(connection, sources, NOW)
        return {source.name: source.id for source in source_store.list_sources(connection)}


def shards(connection, table) -> list[int]:
    return list(connection.scalars(select(table.c.shard).order_by(table.c.shard)))


def claim(store, shard: int, now=NOW) -> list[str]:
    with store.write() as connection:
        found = source_store.claim_due_sources(connection, now=now, limit=9, shard=shard, **LEASE)
    return [source.url for source, _ in found]


HOSTS = ["Example.ORG", "münchen.example", "127.0.0.1", "[::1]", "a_b.example", "xn--mnchen-3ya.de"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_shard_of_a_url_is_that_of_the_host_by_which_requests_queue(host: str) -> None:
    url = f"https://{host}:8443/feed?x=1"
    assert host_shard(url) == shard_of((URL(url).raw_host or "").lower())
    assert host_shard("/srv/news") == shard_of("/srv/news")
    assert SHARD_A != SHARD_B


def test_a_shard_has_its_own_due_sources_and_no_others(store) -> None:
    ids = sync(store, A, B)
    with store.read() as connection:
        assert source_store.due_shards(connection, NOW) == sorted((SHARD_A, SHARD_B))
    assert claim(store, SHARD_A) == [A]
    with store.read() as connection:
        assert source_store.due_shards(connection, NOW) == [SHARD_B]
    assert [claim(store, shard) for shard in range(SHARDS) if shard != SHARD_B] == [[]] * (SHARDS - 1)
    polled = SourceState(last_attempt=NOW, next_check=NOW + timedelta(hours=1))
    assert claim(store, SHARD_B) == [B]
    with store.write() as connection:
        source_store.save_poll(connection, ids[B], polled, owner="us")
        source_store.save_poll(connection, ids[A], polled, owner="us")
        assert source_store.due_shards(connection, NOW) == []
        assert source_store.due_shards(connection, NOW + timedelta(hours=1)) == sorted((SHARD_A, SHARD_B))


def test_a_source_is_due_in_its_shard_again_after_polls_in_the_future(store) -> None:
    ids = sync(store, A)
    ahead = SourceState(last_attempt=NOW + timedelta(days=9), next_check=NOW + timedelta(days=10))
    assert claim(store, SHARD_A)
    with store.write() as connection:
        source_store.save_poll(connection, ids[A], ahead, owner="us")
    assert claim(store, SHARD_A) == []
    with store.write() as connection:
        source_store.forget_future_polls(connection, NOW)
    assert claim(store, SHARD_A) == [A]


def test_the_shard_follows_the_address_that_is_polled(store) -> None:
    ids = sync(store, A)
    with store.write() as connection:
        declared_sources.sync_sources(connection, [replace(declared(A), url=B)], NOW)
        assert shards(connection, schema.sources) == [SHARD_B]
        assert source_store.claim_due_sources(connection, now=NOW, limit=9, **LEASE)
        moved = SourceState(moved_to=A, last_attempt=NOW)
        source_store.save_poll(connection, ids[A], moved, owner="us", shard=host_shard(A))
        assert shards(connection, schema.sources) == [SHARD_A]
        declared_sources.sync_sources(connection, [replace(declared(A), url=B, section="world")], NOW)
        assert shards(connection, schema.sources) == [SHARD_A]
    with store.write() as connection:
        added = replace(declared("added"), url=A)
        assert added_sources.add_source(connection, added, NOW)
        assert added_sources.move_source(connection, "added", B)
        assert shards(connection, schema.sources) == sorted((SHARD_A, SHARD_B))


def test_pages_parts_and_hubs_are_claimed_by_the_shard_of_their_own_host(store) -> None:
    ids = sync(store, A)
    with store.write() as connection:
        pages = [
            QueuedPage(url=url, content_hash="x", published=NOW, uid="", entry=None)
            for url in ("https://a.example/1", "https://b.example/2")
        ]
        page_store.queue_pages(connection, ids[A], pages, NOW)
        part_store.save_parts(connection, ids[A], [SitemapPart(url=A), SitemapPart(url=B)], NOW)
        hub = {ids[A]: Hub(url="https://b.example/hub", topic=A)}
        hub_store.save_hubs(connection, hub, secrets=lambda: ("callback", "secret"), now=NOW)
    facts: dict[str, Any] = {"now": NOW, "limit": 9, "shard": SHARD_B}
    with store.write() as connection:
        both = sorted((SHARD_A, SHARD_B))
        assert sorted(page_store.due_shards(connection, NOW)) == both
        assert sorted(part_store.due_shards(connection, NOW)) == both
        assert hub_store.due_shards(connection, NOW) == [SHARD_B]
        claimed = page_store.claim_pages(connection, per_poll=5, **facts, **LEASE)
        assert [page.url for page in claimed] == ["https://b.example/2"]
        assert [part.url for part in part_store.claim_parts(connection, **facts, **LEASE)] == [B]
        assert hub_store.count_due_hubs(connection, now=NOW, shard=SHARD_A) == 0
        hubs = hub_store.claim_hubs(connection, until=NOW + timedelta(hours=1), **facts)
        assert [hub.hub for hub in hubs] == ["https://b.example/hub"]
        assert page_store.due_shards(connection, NOW) == [SHARD_A]
        assert part_store.due_shards(connection, NOW) == [SHARD_A]


def test_rows_stored_before_shards_get_theirs(empty_store_url, monkeypatch) -> None:
    before = [known for known in all_migrations() if known.number < 45]
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        source = old_row(connection, "sources", name="a", url="https://c.example/", moved_to=A)
        old_row(connection, "sitemap_parts", source_id=source, url=B)
        old_row(connection, "page_reads", source_id=source, url=A, state="waiting")
        old_row(connection, "hub_subscriptions", source_id=source, hub=B)
    monkeypatch.undo()
    store.migrate()
    with store.read() as connection:
        tables = schema.sources, schema.sitemap_parts, schema.page_reads, schema.hub_subscriptions
        assert [shards(connection, table) for table in tables] == [[SHARD_A], [SHARD_B], [SHARD_A], [SHARD_B]]
    store.dispose()


def test_workers_without_a_heartbeat_lose_their_leases(store) -> None:
    sync(store, A)
    with store.write() as connection:
        for owner, seen in (("dead", NOW - timedelta(minutes=2)), ("us", NOW)):
            row = WorkerRow(owner=owner, stages=("ingest",), shards=frozenset({1, 2}), started=NOW, seen=seen)
            worker_store.save_heartbeat(connection, row)
        lease = LEASE | {"owner": "dead"}
        source_store.claim_due_sources(connection, now=NOW, limit=9, **lease)
        assert worker_store.release_workers(connection, seen_before=NOW - timedelta(minutes=1)) == ["dead"]
        assert [row.owner for row in worker_store.list_workers(connection)] == ["us"]
    assert claim(store, SHARD_A) == [A]
    with store.write() as connection:
        worker_store.remove_worker(connection, "us")
        assert worker_store.list_workers(connection) == []


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_locks_of_a_worker_that_was_stopped_while_it_sent_statements_keep_nobody_waiting(
    store, store_url
) -> None:
    """PostgreSQL takes such a connection for active, so that no limit of idle transactions ends it."""
    sync(store, A)
    row = WorkerRow(owner="dead", stages=("ingest",), shards=frozenset(), started=NOW, seen=NOW)
    with store.write() as connection:
        worker_store.save_heartbeat(connection, row)
    stopped = psycopg.connect(store_url, application_name=worker_store.connection_name("dead"))
    with suppress(psycopg.OperationalError), stopped.pipeline():
        stopped.execute("UPDATE sources SET etag = 'x' RETURNING name")
        stopped.pgconn.send_flush_request()
        stopped.pgconn.flush()
        with store.read() as connection:
            waiting = text(
                "SELECT wait_event FROM pg_stat_activity WHERE application_name LIKE 'syndicate w%'"
            )
            while connection.scalars(waiting).all() != ["ClientRead"]:
                pass
        with store.write() as connection:
            worker_store.release_workers(connection, seen_before=NOW + timedelta(seconds=1))
        assert claim(store, SHARD_A) == [A]
    stopped.close()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_claim_of_a_shard_reads_only_its_due_sources(store) -> None:
    """A plan without the index reads every source for each shard."""
    sync(store, A)
    with store.read() as connection:
        claiming = source_store._CLAIMABLE_IN_SHARD._compile(connection.dialect)
        text = f"EXPLAIN QUERY PLAN {claiming}"
        plan = str(connection.exec_driver_sql(text, (1,) * text.count("?")).all())
    assert "sources_shard" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan
