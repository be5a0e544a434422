"""Copies of a store on the same or another engine: every row, proven; interrupted copies go on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from syndicate.errors import StoreBusy, StoreError
from syndicate.jobs.backup.store_moving import move_store
from syndicate.store import Store, open_store, schema
from syndicate.store.core import store_identity, table_copy
from syndicate.store.core.column_types import from_microseconds
from syndicate.store.core.server_clock import database_time
from syndicate.store.core.store_identity import MailHold, StoreIdentity
from syndicate.store.core.table_copy import copy_store, finish_copy, refuse_unfinished, row_counts
from syndicate.store.leases import leases
from syndicate.store.leases.worker_store import DEAD, WorkerRow, save_heartbeat
from syndicate.store.search import word_index
from tests import postgres
from tests.empty_stores import sqlite_url
from tests.factories import NOW, add_articles, add_sources, declared, new_article

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TIMES = st.integers(0, 2**55).map(from_microseconds)


def quiet(_done: int, _total: int) -> None:
    """Report nothing."""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    (tmp_path / "other").mkdir()
    store = open_store(sqlite_url(tmp_path / "other"))
    store.migrate()
    yield store
    store.dispose()


def fill(store: Store, articles: int = 7) -> None:
    """A store with rows of several tables, whose latest rows are gone again."""
    with store.write() as connection:
        leases.ensure_secret(connection)
        (harbour,) = add_sources(connection, declared("harbour"))
        add_articles(connection, harbour.id, *(new_article(number) for number in range(1, articles + 1)))
        ids = list(connection.scalars(select(schema.articles.c.id).order_by(schema.articles.c.id)))
        connection.execute(delete(schema.articles).where(schema.articles.c.id == ids[-1]))
        rows = [{"address_key": f"a{n}", "reason": "left", "recorded": NOW} for n in range(5)]
        connection.execute(insert(schema.suppressions), rows)


def contents(store: Store) -> dict[str, set[Any]]:
    """Every row that is copied, as the statements of the program read it."""
    with store.read() as connection:
        return {
            name: {repr(row) for row in connection.execute(select(table))}
            for name, table in schema.metadata.tables.items()
            if name not in ("migrations", "meta")
        }


def test_a_copy_on_another_engine_has_every_row_and_gives_no_id_again(store: Store, other: Store) -> None:
    fill(store)
    before = contents(store)
    with store.snapshot() as source:
        counts = copy_store(source, other.write, quiet)
    with other.write() as connection:
        finish_copy(connection)
        refuse_unfinished(connection)
    assert contents(other) == before == contents(store)
    assert counts["articles"] == 6
    # And back into the engine that it came from.
    with store.write() as connection:
        table_copy.clear_tables(connection)
        assert set(row_counts(connection).values()) == {0}
    with other.snapshot() as source:
        copy_store(source, store.write, quiet)
    assert contents(store) == before
    with store.write() as connection:
        source_id = connection.scalars(select(schema.sources.c.id)).one()
        (article_id,) = add_articles(connection, source_id, new_article(90))
        assert article_id == 8
        assert word_index.index_waiting(connection, 100) == 6


@pytest.mark.all
def test_an_interrupted_copy_goes_on_wherever_it_ended(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_copy, "_BATCH", 2)
    fill(store)
    attempts = 0
    while True:
        try:
            with store.snapshot() as source:
                copy_store(source, failing_after(other.write, 3), quiet)
            break
        except ConnectionError:
            attempts += 1
            with other.read() as connection, pytest.raises(StoreError, match="unfinished copy"):
                refuse_unfinished(connection)
    assert attempts > 3
    assert contents(other) == contents(store)


def failing_after(
    begin: Callable[[], AbstractContextManager[Connection]], number: int
) -> Callable[[], AbstractContextManager[Connection]]:
    """Transactions of which all after the first few break at their end."""
    left = number

    @contextmanager
    def begun() -> Iterator[Connection]:
        nonlocal left
        left -= 1
        with begin() as connection:
            yield connection
            if left < 0 and len(row_counts(connection)) and connection.scalars(PROGRESS).first():
                left = number
                raise ConnectionError

    return begun


PROGRESS = select(schema.meta.c.value).where(schema.meta.c.key == "unfinished copy")


@pytest.mark.all
def test_rows_that_changed_after_an_interruption_are_copied_as_they_are_now(
    store: Store, other: Store, now: datetime
) -> None:
    fill(store)
    with pytest.raises(ConnectionError), store.snapshot() as source:
        copy_store(source, failing_after(other.write, 4), quiet)
    with store.write() as connection:
        connection.execute(update(schema.sources).values(title="Changed"))
    move_store(store, other, now, quiet)
    assert contents(other) == contents(store)


def test_a_store_with_rows_of_its_own_takes_no_copy(store: Store, other: Store) -> None:
    fill(store)
    fill(other)
    before = contents(other)
    with store.snapshot() as source, pytest.raises(StoreError, match="not empty"):
        copy_store(source, other.write, quiet)
    assert contents(other) == before


def test_an_unfinished_copy_of_another_store_is_not_continued(store: Store, other: Store) -> None:
    fill(store)
    with pytest.raises(ConnectionError), store.snapshot() as source:
        copy_store(source, failing_after(other.write, 2), quiet)
    with store.write() as connection:
        connection.execute(update(schema.meta).where(schema.meta.c.key == "secret").values(value="00"))
    with store.snapshot() as source, pytest.raises(StoreError, match="another store"):
        copy_store(source, other.write, quiet)


@pytest.mark.all
def test_a_moved_store_sends_no_mail_and_the_new_store_does(
    store: Store, other: Store, now: datetime
) -> None:
    fill(store)
    identity = StoreIdentity(generation=3, marked=True)
    with store.write() as connection:
        store_identity.write_identity(connection, identity)
    rows = move_store(store, other, now, quiet)
    assert rows["articles"] == 6
    with store.read() as connection:
        hold = store_identity.mail_hold(connection)
        assert hold == MailHold(now, "", other.where)
    with other.read() as connection:
        assert store_identity.mail_hold(connection) is None
        assert store_identity.read_identity(connection) == replace(identity, marked=False)
    with store.write() as connection:
        assert store_identity.lift_hold(connection)
        assert store_identity.mail_hold(connection) is None


@pytest.mark.all
def test_a_move_that_ended_before_its_last_step_is_finished(
    store: Store, other: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    with monkeypatch.context() as patch:
        patch.delattr(store_identity, "settle")
        with pytest.raises(AttributeError):
            move_store(store, other, now, quiet)
    with other.read() as connection, pytest.raises(StoreError, match="unfinished copy"):
        refuse_unfinished(connection)
    move_store(store, other, now, quiet)
    with other.read() as connection:
        refuse_unfinished(connection)
        assert store_identity.mail_hold(connection) is None


@pytest.mark.all
def test_a_store_with_a_living_lease_is_not_moved(store: Store, other: Store, now: datetime) -> None:
    fill(store)
    until = now + timedelta(minutes=10)
    with store.write() as connection:
        assert leases.take_lease(connection, "stories", owner="far:1::::x", now=now, until=until)
    with pytest.raises(StoreBusy, match="process 1 on host far"):
        move_store(store, other, now, quiet)
    move_store(store, other, until + timedelta(minutes=1), quiet)


@pytest.mark.all
def test_a_store_with_a_live_worker_is_not_moved(store: Store, other: Store, now: datetime) -> None:
    fill(store)
    for age, is_live in ((timedelta(), True), (2 * DEAD, False)):
        with store.write() as connection:
            seen = database_time(connection) - age
            row = WorkerRow(owner="far:1::::x", stages=("x",), shards=frozenset(), started=seen, seen=seen)
            save_heartbeat(connection, row)
        with pytest.raises(StoreBusy, match="process 1 on host far") if is_live else nullcontext():
            move_store(store, other, now, quiet)


@pytest.mark.all
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.dictionaries(WORDS, st.tuples(WORDS, TIMES, st.binary(max_size=40)), max_size=6),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    own=st.booleans(),
)
def test_any_content_goes_from_engine_to_engine_and_back(
    both_engines: tuple[Store, Store], names: dict[str, Any], weight: float, own: bool
) -> None:
    first, second = both_engines
    for store in both_engines:
        with store.write() as connection:
            table_copy.clear_tables(connection)
    with first.write() as connection:
        (harbour,) = add_sources(connection, declared("harbour", weight=weight, own=own))
        for name, (reason, at, body) in names.items():
            row = {"address_key": name, "reason": reason, "recorded": at}
            connection.execute(insert(schema.suppressions).values(row))
            push = {"source_id": harbour.id, "url": name, "content_type": reason, "body": body}
            connection.execute(insert(schema.pushes).values(**push, received=at))
    before = contents(first)
    with first.snapshot() as source:
        copy_store(source, second.write, quiet)
    assert contents(second) == before
    with first.write() as connection:
        table_copy.clear_tables(connection)
    with second.write() as connection:
        finish_copy(connection)
    with second.snapshot() as source:
        copy_store(source, first.write, quiet)
    assert contents(first) == before


@pytest.fixture
def both_engines(
    sqlite_store: Store, postgres_server: str, postgres_template: str
) -> Iterator[tuple[Store, Store]]:
    """An empty store on each engine."""
    with postgres.database(postgres_server, "both_engines", template=postgres_template) as url:
        store = open_store(url)
        yield sqlite_store, store
        store.dispose()
