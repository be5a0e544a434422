"""Copy of all tables into a store on either engine, and the proof that both stores hold the same rows.

Values are copied as they are stored. Rows are compared by their number and the sum of their hashes, which no
order changes: the engines sort text differently. The index of words has a form of its own on each engine;
publishing builds it again.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    column,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.types import TypeDecorator

from syndicate.errors import StoreError
from syndicate.store import schema
from syndicate.store.core.migration import OLDEST_READER
from syndicate.store.core.store_values import delete_value, read_value, write_value
from syndicate.store.search.word_index import WAITING, index_later

_BATCH = 2_000
_PROGRESS = "unfinished copy"
# Keys of ``meta`` that each store has for itself.
_OWN_KEYS = (OLDEST_READER, _PROGRESS, WAITING, "moved")
# Other tables may have rows from the first start.
_CONTENT = ("sources", "articles", "editions", "subscribers", "sign_ups", "suppressions")
_SEQUENCES = table("sqlite_sequence", column("name"), column("seq"))

Begin = Callable[[], AbstractContextManager[Connection]]
Report = Callable[[int, int], None]
"""Gets the number of rows that were copied, and the number of all rows."""


def copy_store(source: Connection, begin: Begin, report: Report) -> dict[str, int]:
    """Copy all rows into an empty store, prove the copy, and return the numbers of rows by table.

    ``begin`` opens a transaction in the target for each batch. An interrupted copy of the same source goes
    on; commands refuse it until ``finish_copy``. Raises ``StoreError`` for a target with rows of its own.
    """
    with begin() as target:
        begun = _begun_copy(source, target)
    _copy_rows(source, begin, begun, report)
    with begin() as target:
        differing = _differing_tables(source, target)
        if differing and begun["table"]:
            # The source has changed since the interruption.
            clear_tables(target)
    if differing and begun["table"]:
        return copy_store(source, begin, report)
    if differing:
        raise StoreError(f"the copy differs in {', '.join(differing)}: it was not used; run again")
    return row_counts(source)


def finish_copy(target: Connection) -> None:
    """Allow commands to use the copy."""
    delete_value(target, _PROGRESS)


def refuse_unfinished(connection: Connection) -> None:
    """Raise ``StoreError`` for a store that holds an unfinished copy."""
    if read_value(connection, _PROGRESS) is not None:
        raise StoreError(
            "the store holds an unfinished copy: run the same `syndicate migrate-store` again, which goes on "
            "with it, or use another store"
        )


def refuse_rows(connection: Connection, advice: str) -> None:
    """Raise ``StoreError`` with ``advice`` for a store with sources, articles or readers."""
    counts = row_counts(connection)
    if full := [name for name in _CONTENT if counts[name]]:
        raise StoreError(f"the store is not empty (rows in {', '.join(full)}): {advice}")


def clear_tables(connection: Connection) -> None:
    """Delete all rows of all tables, except for the version."""
    names = [stored.name for stored in _in_order(connection) if stored.name != "meta"]
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"TRUNCATE {', '.join([*names, 'article_words'])}"))
    else:
        for name in reversed(names):
            connection.execute(delete(schema.metadata.tables[name]))
    connection.execute(delete(schema.meta).where(schema.meta.c.key != OLDEST_READER))


def block_writers(connection: Connection) -> None:
    """Wait for the transactions that write on PostgreSQL; later writers wait for this transaction.

    A write transaction of SQLite excludes others without it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {', '.join(schema.metadata.tables)} IN EXCLUSIVE MODE"))


def lease_owners(connection: Connection, now: datetime) -> list[str]:
    """Return the owners of named leases that have not expired."""
    leases = schema.leases
    query = select(leases.c.owner).where(leases.c.owner != "", leases.c.until >= now)
    return list(connection.scalars(query))


def row_counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows that a copy has of each table."""
    queries = {stored.name: _query(stored).subquery() for stored in _tables()}
    counts = {name: select(func.count()).select_from(query) for name, query in queries.items()}
    return {name: connection.scalars(query).one() for name, query in counts.items()}


def read_sequences(connection: Connection) -> dict[str, int]:
    """Return the last id that each table with numbered rows has given, 0 for none."""
    names = [name for name, stored in schema.metadata.tables.items() if "id" in stored.c]
    if connection.dialect.name == "sqlite":
        given = {row.name: row.seq for row in connection.execute(select(_SEQUENCES))}
        return {name: given.get(name, 0) for name in names}
    last = "SELECT pg_sequence_last_value(pg_get_serial_sequence('{}', 'id')::regclass)"
    return {name: connection.scalars(text(last.format(name))).one() or 0 for name in names}


def write_sequences(connection: Connection, given: dict[str, int]) -> None:
    """Let ids of new rows follow the last given ids."""
    if connection.dialect.name == "sqlite":
        connection.execute(delete(_SEQUENCES).where(_SEQUENCES.c.name.in_(given)))
        rows = [{"name": name, "seq": last} for name, last in given.items()]
        connection.execute(insert(_SEQUENCES), rows)
        return
    for name, last in given.items():
        sequence = func.pg_get_serial_sequence(name, text("'id'"))
        connection.execute(select(func.setval(sequence, max(last, 1), last > 0)))


def _copy_rows(source: Connection, begin: Begin, begun: dict[str, Any], report: Report) -> None:
    counts = row_counts(source)
    done, total = 0, sum(counts.values())
    after = tuple(begun["key"])
    for stored in _in_order(source):
        if begun["table"] not in ("", stored.name):
            done += counts[stored.name]
            continue
        begun = begun | {"table": ""}
        query = _query(stored).order_by(*stored.primary_key)
        if after:
            keys = stored.primary_key.columns.values()
            last = [literal(value, key.type) for value, key in zip(after, keys, strict=True)]
            query = query.where(tuple_(*keys) > tuple_(*last) if len(keys) > 1 else keys[0] > last[0])
            after = ()
        with source.execute(query, execution_options={"yield_per": _BATCH}) as result:
            for rows in result.mappings().partitions():
                key = [rows[-1][part.name] for part in stored.primary_key]
                with begin() as target:
                    target.execute(insert(stored), [dict(row) for row in rows])
                    write_value(target, _PROGRESS, json.dumps(begun | {"table": stored.name, "key": key}))
                done += len(rows)
                report(min(done, total), total)
    with begin() as target:
        write_sequences(target, read_sequences(source))
        index_later(target)


def _begun_copy(source: Connection, target: Connection) -> dict[str, Any]:
    """Return the source, the last table and the last key in it of the copy that the target holds.

    In an empty target a copy is begun.
    """
    name = sha256((read_value(source, "secret") or "").encode()).hexdigest()[:16]
    if value := read_value(target, _PROGRESS):
        begun: dict[str, Any] = json.loads(value)
        if begun["source"] == name:
            return begun
        raise StoreError("the target holds an unfinished copy of another store: use an empty target")
    refuse_rows(target, "use an empty target")
    clear_tables(target)
    begun = {"source": name, "table": "", "key": []}
    write_value(target, _PROGRESS, json.dumps(begun))
    return begun


def _differing_tables(source: Connection, target: Connection) -> list[str]:
    names = [
        stored.name for stored in _tables() if _fingerprint(source, stored) != _fingerprint(target, stored)
    ]
    given, copied = read_sequences(source), read_sequences(target)
    return names + [f"the ids of {name}" for name in given if given[name] != copied[name]]


def _fingerprint(connection: Connection, stored: Table) -> tuple[int, int]:
    """Return the number of rows, and the sum of the 128-bit hashes of their values."""
    number = total = 0
    with connection.execute(_query(stored), execution_options={"yield_per": _BATCH}) as result:
        for row in result:
            values = repr(tuple(row)).encode("utf-8", "surrogatepass")
            total += int.from_bytes(blake2b(values, digest_size=16).digest())
            number += 1
    return number, total % 2**128


def _in_order(connection: Connection) -> list[Table]:
    """Return the tables that are copied, referenced tables first."""
    found = inspect(connection).get_sorted_table_and_fkc_names()
    order = [name for name, _ in found]
    return sorted(_tables(), key=lambda stored: order.index(stored.name))


@cache
def _tables() -> tuple[Table, ...]:
    """Return the tables that are copied, with columns as they are stored."""
    return tuple(_as_stored(table) for name, table in schema.metadata.tables.items() if name != "migrations")


def _as_stored(declared: Table) -> Table:
    kinds = {
        item: item.type.impl_instance if isinstance(item.type, TypeDecorator) else item.type
        for item in declared.columns
    }
    columns = [Column(item.name, kind, primary_key=item.primary_key) for item, kind in kinds.items()]
    return Table(declared.name, MetaData(), *columns)


def _query(stored: Table) -> Select[Any]:
    query = select(stored)
    return query.where(stored.c.key.not_in(_OWN_KEYS)) if stored.name == "meta" else query
