"""Named leases, leases of rows, and single values of the store: its secret and its counters."""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import DBAPIError

from syndicate.errors import StoreBusy, StoreError
from syndicate.store import schema
from syndicate.store.core.column_types import EPOCH, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.engine import Store, open_store
from syndicate.store.core.server_clock import require_right_clock
from syndicate.store.core.store_values import read_value, write_value
from syndicate.store.core.upsert import insert_new, replacing
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail.delivery_statements import ready

# Key of the advisory lock ("synd" in ASCII), unlikely to be used by another program.
_DAEMON = 0x73796E64
# Tables whose rows carry leases.
_LEASED = (schema.sources, schema.sitemap_parts, schema.page_reads, schema.deliveries)
_LONGER_THAN_ANY = timedelta(days=1)
_LEASES = schema.leases.c
_HELD = (_LEASES.name == bindparam("lease")) & (_LEASES.owner == bindparam("holder"))
_RENEW = CompiledStatement(update(schema.leases).where(_HELD).values(until=bindparam("end")))
_TAKE = replacing(
    schema.leases,
    lambda new: or_(_LEASES.owner.in_(["", new.owner]), _LEASES.until < bindparam("at")),
)
_RELEASE = CompiledStatement(delete(schema.leases).where(_HELD))
PUBLISHING = "publish"
"""Lease of the whole output; parts that workers write side by side have leases of their own."""
PLACEMENTS = "placements"
"""Counter that rises whenever articles were placed in stories or pruned."""
DECIDED_PAIRS = "decided pairs"
"""Number of the last line of the editor's log whose merge, split or undoing the stories follow."""
EDITOR = "editor"
"""Counter that rises with each decision of the editor, and when a headline begins or ends."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Process that holds a lease, and the end of that lease."""

    owner: str
    until: datetime


def take_lease(connection: Connection, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
    """Take or renew a lease; return false while another owner's lease has not expired."""
    lease = {"name": name, "owner": owner, "until": to_microseconds(until), "at": to_microseconds(now)}
    return _TAKE.execute(connection, lease).rowcount == 1


def renew_lease(connection: Connection, name: str, *, owner: str, until: datetime) -> bool:
    """Move the end of a lease; return false when its owner has lost it, even if it is free again."""
    held = {"lease": name, "holder": owner, "end": to_microseconds(until)}
    return _RENEW.execute(connection, held).rowcount == 1


def release_lease(connection: Connection, name: str, *, owner: str) -> None:
    """Release a named lease before it expires."""
    _RELEASE.execute_many(connection, [{"lease": name, "holder": owner}])


def lease_name(part: str) -> str:
    """Return the name of a part's lease; ``""`` stands for the whole output."""
    return f"{PUBLISHING}:{part}" if part else PUBLISHING


def take_part(connection: Connection, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
    """Take a lease of ``lease_name``; false while another owner holds it, the whole output or a part of it.

    All parts first take the lease of the whole output, whose row serialises them on both engines.
    """
    if not take_lease(connection, PUBLISHING, owner=owner, now=now, until=until):
        return False
    if name != PUBLISHING:
        taken = take_lease(connection, name, owner=owner, now=now, until=until)
    else:
        leased, holder = schema.leases.c.name, schema.leases.c.owner
        others = select(leased).where(leased.startswith(f"{PUBLISHING}:"), holder.not_in(["", owner]))
        taken = connection.execute(others.where(schema.leases.c.until >= now)).first() is None
    if name != PUBLISHING or not taken:
        release_lease(connection, PUBLISHING, owner=owner)
    return taken


def lease_holder(connection: Connection, name: str, *, now: datetime) -> LeaseHolder | None:
    """Return the holder of a named lease."""
    table = schema.leases
    query = select(table.c.owner, table.c.until).where(table.c.name == name, table.c.owner != "")
    return _holder(connection, query.where(table.c.until >= now))


def named_leases(connection: Connection, now: datetime) -> list[tuple[str, str, datetime]]:
    """Return name, owner and end of all named leases that hold, by name."""
    table = schema.leases
    query = select(table.c.name, table.c.owner, table.c.until)
    held = query.where(table.c.owner != "", table.c.until >= now)
    return [tuple(row) for row in connection.execute(held.order_by(table.c.name))]


def ingest_holder(
    connection: Connection, *, now: datetime, names: Sequence[str] | None
) -> LeaseHolder | None:
    """Return the holder of a source that is due or in ``names``, of a waiting page or a sitemap's part."""
    table = schema.sources
    due = or_(table.c.next_check.is_(None), table.c.next_check <= now)
    polled = _leased_rows(table, now).where(due if names is None else table.c.name.in_(names))
    read = (_leased_rows(table, now) for table in (schema.page_reads, schema.sitemap_parts))
    return next(filter(None, (_holder(connection, query) for query in (polled, *read))), None)


def delivery_holder(connection: Connection, *, now: datetime) -> LeaseHolder | None:
    """Return the holder of a delivery that is due."""
    table = schema.deliveries
    return _holder(connection, _leased_rows(table, now).where(table.c.not_before <= now))


def _leased_rows(table: Table, now: datetime) -> Select[Any]:
    query = select(table.c.lease_owner, table.c.lease_until)
    return query.where(_open(table), table.c.lease_owner != "", table.c.lease_until >= now)


def _holder(connection: Connection, query: Select[Any]) -> LeaseHolder | None:
    owner, until = query.selected_columns
    found = connection.execute(query.order_by(until.desc(), owner).limit(1)).first()
    return None if found is None else LeaseHolder(*found)


def _open(table: Table) -> ColumnElement[bool]:
    """Return the condition for unfinished rows: leases of finished rows mean nothing and have no index."""
    if table is schema.deliveries:
        return ready(table)
    return table.c.state == literal_column("'waiting'") if table is schema.page_reads else true()


def lease_owners(connection: Connection) -> set[str]:
    """Return all holders of a named lease, a source, a page or a delivery."""
    queries = (select(table.c.lease_owner).where(_open(table)) for table in _LEASED)
    return {
        owner
        for query in (select(schema.leases.c.owner), *queries)
        for owner in connection.scalars(query.distinct())
        if owner
    }


def release_owner_leases(connection: Connection, owner: str) -> None:
    """Release all leases of a dead owner, except for deliveries in ``sending``.

    Such a mail may have been sent: it becomes uncertain when its lease expires.
    """
    connection.execute(delete(schema.leases).where(schema.leases.c.owner == owner))
    for table in _LEASED:
        leased = and_(_open(table), table.c.lease_owner == owner)
        connection.execute(update(table).where(leased).values(**NO_LEASE))


def release_implausible_leases(connection: Connection, now: datetime) -> None:
    """Release leases that end later than any lease can: a wrong clock set them.

    Deliveries in ``sending`` retain their owner, so that they become ``uncertain``.
    """
    beyond = now + _LONGER_THAN_ANY
    connection.execute(delete(schema.leases).where(schema.leases.c.until > beyond))
    for table in _LEASED:
        values: dict[str, Any] = {"lease_until": EPOCH}
        if table is not schema.deliveries:
            values["lease_owner"] = ""
        connection.execute(update(table).where(table.c.lease_until > beyond).values(**values))


def ensure_secret(connection: Connection) -> None:
    """Create the store's 32-byte secret unless it exists."""
    insert_new(connection, schema.meta, {"key": "secret", "value": secrets.token_hex(32)})


def read_secret(connection: Connection) -> bytes:
    """Return the secret, which signs tokens and Message-IDs."""
    table = schema.meta
    return bytes.fromhex(connection.scalars(select(table.c.value).where(table.c.key == "secret")).one())


def read_counter(connection: Connection, key: str) -> int:
    """Return a counter, by which a caller detects changes; 0 when it never rose."""
    return int(read_value(connection, key) or 0)


def increment_counter(connection: Connection, key: str, *, by: int = 1) -> int:
    """Add to a counter and return its new value."""
    value = read_counter(connection, key) + by
    write_value(connection, key, str(value))
    return value


class AdvisoryLock:
    """PostgreSQL advisory lock of the daemon, or in its shared form of a worker, on its own connection.

    The server frees the lock when that connection ends: when the daemon dies or the server restarts.
    """

    def __init__(self, store: Store, *, shared: bool = False) -> None:
        self._store = store
        self._shared = shared
        self._gate = threading.Lock()
        self._resources = ExitStack()
        self._connection: Connection | None = None

    def ensure_held(self) -> bool:
        """Ensure in a single round trip that this process holds the lock; true when it had to be taken.

        Threads may share it. Raises ``StoreBusy`` when another process excludes it, ``StoreError`` when the
        server cannot be reached or this machine's clock is wrong.
        """
        with self._gate:
            if self._connection is not None and _is_alive(self._connection):
                return False
            self._connection = None
            self._resources.close()
            with ExitStack() as stack:
                connection = stack.enter_context(self._store.autocommit())
                require_right_clock(connection)
                take = func.pg_try_advisory_lock_shared if self._shared else func.pg_try_advisory_lock
                if not connection.scalars(select(take(_DAEMON))).one():
                    holder = "`syndicate run`" if self._shared else "another daemon"
                    others = "" if self._shared else ", or workers do"
                    raise StoreBusy(
                        f"{holder} works with {self._store.where}{others}: stop it first or use another store"
                    )
                with self._store.autocommit() as other:
                    if other.scalars(select(func.pg_try_advisory_lock(_DAEMON))).one():
                        # Two connections of this process hold the lock of a single session.
                        raise StoreError(
                            f"{self._store.where} is a pool that shares connections, so locks do not hold: "
                            "set pool_mode = session in PgBouncer, or connect to PostgreSQL itself"
                        )
                self._connection, self._resources = connection, stack.pop_all()
            return True

    def release(self) -> None:
        """Release the lock now; after a mere close the server keeps it until it notices."""
        if self._connection is not None:
            with suppress(DBAPIError):
                unlock = func.pg_advisory_unlock_shared if self._shared else func.pg_advisory_unlock
                self._connection.execute(select(unlock(_DAEMON)))
        self._resources.close()
        self._store.dispose()


def _is_alive(connection: Connection) -> bool:
    try:
        require_right_clock(connection)
    except DBAPIError:
        return False
    return True


@contextmanager
def advisory_lock(url: str, *, shared: bool = False) -> Iterator[AdvisoryLock]:
    """Hold the daemon's lock on a PostgreSQL store; workers share it. Raises ``StoreBusy``."""
    lock = AdvisoryLock(open_store(url), shared=shared)
    try:
        lock.ensure_held()
        yield lock
    finally:
        lock.release()
