"""Migrations on PostgreSQL beside a busy worker of the version before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text, update

from syndicate.errors import StoreBusy
from syndicate.store import Store, open_store, schema
from syndicate.store.core import migration
from syndicate.store.core.migration import Migration, all_migrations
from tests.faults.installation import wait_until
from tests.store.test_migration import old_row

pytestmark = pytest.mark.all
SOURCES = schema.sources


@pytest.fixture
def old(empty_store_url: str) -> Iterator[Store]:
    """A store of the version before, with a source."""
    if "postgres" not in empty_store_url:
        pytest.skip("SQLite runs one write after the other")
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        old_row(connection, "sources", name="harbour")
    yield store
    store.dispose()


@pytest.fixture
def new(old: Store, empty_store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The same store, opened by a version with a further migration."""
    known = all_migrations()
    head, sql = (
        f"-- readers: {known[-1].number}",
        "ALTER TABLE sources ADD COLUMN mood TEXT NOT NULL DEFAULT ''",
    )
    further = Migration(number=97, name="more", sql=f"{head}\n{sql}")
    monkeypatch.setattr(migration, "all_migrations", lambda: (*known, further))
    store = open_store(empty_store_url)
    yield store
    store.dispose()


def poll(store: Store, failures: int) -> None:
    """Write a source as a worker does with each poll."""
    with store.write() as connection:
        connection.execute(update(SOURCES).values(failures=failures))


def statements_that_wait(store: Store) -> int:
    with store.read() as connection:
        waiting = text(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
            " WHERE NOT granted AND datname = current_database()"
        )
        return int(connection.scalars(waiting).one())


def failures(store: Store) -> int:
    with store.read() as connection:
        return int(connection.scalars(select(SOURCES.c.failures)).one())


def test_a_migration_waits_for_the_transaction_of_a_worker_which_then_goes_on(old: Store, new: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with old.write() as connection:
            connection.execute(update(SOURCES).values(failures=1))
            migrating = pool.submit(new.migrate)
            wait_until(lambda: statements_that_wait(old) == 1, "a statement waits for a lock", 60)
            polled = pool.submit(poll, old, 2)
            wait_until(lambda: statements_that_wait(old) == 2, "a statement waits for a lock", 60)
        assert migrating.result(60) == ["more"]
        polled.result(60)
    assert failures(old) == 2
    poll(old, 3)
    assert failures(new) == 3


def test_a_migration_gives_up_beside_a_worker_that_keeps_its_locks_and_stops_no_worker(
    old: Store, new: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_SECONDS", 1)
    with ThreadPoolExecutor() as pool:
        with old.write() as connection:
            connection.execute(update(SOURCES).values(failures=1))
            with pytest.raises(StoreBusy):
                pool.submit(new.migrate).result(60)
            connection.execute(update(SOURCES).values(failures=2))
            polled = pool.submit(poll, old, 3)
        polled.result(60)
    assert failures(old) == 3
    assert new.migrate() == ["more"]
