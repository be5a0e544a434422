"""Workers: a row for each process with its stages and shards, and a heartbeat in the database's time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, column, delete, func, inspect, select, update
from sqlalchemy import table as sql_table

from syndicate import DOCUMENTATION
from syndicate.errors import StoreError
from syndicate.store import schema
from syndicate.store.core.migration import lock_schema
from syndicate.store.core.server_clock import database_time
from syndicate.store.core.store_values import read_value, write_value
from syndicate.store.core.upsert import upsert
from syndicate.store.leases import leases

table = schema.workers
DEAD = timedelta(seconds=60)
"""Time without a heartbeat after which a worker's leases are released."""
_QUEUE = "queue schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """Worker: the name under which it holds leases, its stages and shards, and its last heartbeat."""

    owner: str
    stages: tuple[str, ...]
    shards: frozenset[int]
    started: datetime
    seen: datetime

    def is_alive(self, now: datetime) -> bool:
        """Return whether the heartbeat is recent at a time of the database."""
        return now - self.seen < DEAD


def save_heartbeat(connection: Connection, worker: WorkerRow) -> None:
    """Store the row of a worker, also of a worker that was taken for dead."""
    values: dict[str, Any] = {"started": worker.started, "seen": worker.seen}
    values["stages"] = ",".join(worker.stages)
    values["shards"] = ",".join(map(str, sorted(worker.shards)))
    upsert(connection, table, {"owner": worker.owner}, values)


def extend_named_leases(
    connection: Connection, names: Collection[str], *, owner: str, until: datetime
) -> set[str]:
    """Extend the named leases that ``owner`` holds; return the names."""
    held = update(schema.leases).where(schema.leases.c.name.in_(names), schema.leases.c.owner == owner)
    return set(connection.scalars(held.values(until=until).returning(schema.leases.c.name)))


def list_workers(connection: Connection) -> list[WorkerRow]:
    """Return all workers that did not stop in order, by name."""
    return [
        WorkerRow(
            owner=row.owner,
            stages=tuple(row.stages.split(",")),
            shards=frozenset(int(shard) for shard in row.shards.split(",") if shard),
            started=row.started,
            seen=row.seen,
        )
        for row in connection.execute(select(table).order_by(table.c.owner))
    ]


def live_workers(connection: Connection) -> list[str]:
    """Return the names of the workers with a recent heartbeat."""
    now = database_time(connection)
    return [worker.owner for worker in list_workers(connection) if worker.is_alive(now)]


def remove_worker(connection: Connection, owner: str) -> None:
    """Delete the row of a worker that stops."""
    connection.execute(delete(table).where(table.c.owner == owner))


def connection_name(owner: str) -> str:
    """Return the name of a worker's connections, as short as PostgreSQL wants it."""
    return f"syndicate worker {sha256(owner.encode()).hexdigest()[:16]}"


def release_workers(connection: Connection, *, seen_before: datetime) -> list[str]:
    """Release the leases of workers without a later heartbeat and delete their rows; return their names.

    Their connections are ended first: a worker that is stopped may hold locks on rows.
    """
    owners = list(connection.scalars(select(table.c.owner).where(table.c.seen < seen_before)))
    activity = sql_table("pg_stat_activity", column("pid"), column("application_name"), column("usename"))
    theirs = activity.c.application_name.in_([connection_name(owner) for owner in owners])
    if owners and connection.dialect.name == "postgresql":
        ended = select(func.pg_terminate_backend(activity.c.pid))
        connection.execute(ended.where(theirs, activity.c.usename == func.current_user())).all()
    for owner in owners:
        leases.release_owner_leases(connection, owner)
        remove_worker(connection, owner)
    return owners


def ensure_queue_tables(connection: Connection, statements: str, version: str) -> None:
    """Create the tables of the queue. Raises ``StoreError`` for tables of another version or program."""
    lock_schema(connection)
    recorded = read_value(connection, _QUEUE)
    if not inspect(connection).has_table("procrastinate_jobs"):
        # A store that was copied from another database has the record without the tables.
        connection.execution_options(no_parameters=True).exec_driver_sql(statements)
        write_value(connection, _QUEUE, version)
    elif recorded is None:
        raise StoreError(
            "the database has Procrastinate's tables of another program: give syndicate a database of its own"
        )
    elif recorded != version:
        raise StoreError(
            f"the queue's tables in the store are of Procrastinate's schema {recorded}, this program needs "
            f'{version}: stop all workers, then follow "Another version of Procrastinate" in '
            f"{DOCUMENTATION}/many-machines.md"
        )
