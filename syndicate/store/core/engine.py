"""Database access on two engines: open the store, read from it and write to it.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit survives a power cut. A write transaction takes
the write lock at once (``BEGIN IMMEDIATE``), because an upgrade from read to write fails instead of waiting
(measured: 345 of 400 transactions). Reads never take it. Errors never contain the parameters of a
statement, since these may be email addresses.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError

from syndicate.errors import StoreBusy, StoreError, StoreGone, needs_extra
from syndicate.memory import register
from syndicate.store.core import migration
from syndicate.store.core.compiled_sql import raw_cursor

BUSY_TIMEOUT = 15.0


class Store:
    """Database of an installation. Threads may share it; each transaction has its own connection."""

    def __init__(self, engine: Engine, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._engine = engine
        self._writers = _WriteQueue(busy_timeout) if engine.dialect.name == "sqlite" else None
        register(self)

    @property
    def where(self) -> str:
        """Database URL as an operator writes it, without its password, for messages."""
        url = self._engine.url
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)

    def read(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees a single state of the store and changes nothing.

        Raises ``StoreBusy`` when locked for too long, ``StoreError`` for anything else.
        """
        return self._transaction("BEGIN")

    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction that commits as a whole or not at all; SQLite runs them in turn.

        The threads of this process queue for it without a timeout. Raises ``StoreBusy`` when another
        process keeps SQLite's lock for too long, ``StoreError`` for anything else.
        """
        return self._transaction("BEGIN IMMEDIATE")

    def write_at_once(self) -> AbstractContextManager[Connection]:
        """Open a write transaction for what a read notes beside its answer, such as the use of a token.

        Raises ``StoreBusy`` at once while another thread or process has SQLite's lock.
        """
        return self._transaction("BEGIN IMMEDIATE", waits=False)

    @contextmanager
    def dry_run(self) -> Iterator[Connection]:
        """Open a write transaction that is rolled back, to report the changes without making them."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Open a connection in autocommit mode, for state that belongs to a connection such as a lock.

        No transaction stays open between statements, since many servers end an idle transaction.
        """
        with self._explained(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read transaction whose statements all see a single state of the store, on both engines."""
        with self._explained(), self._engine.connect() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if self._engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                yield connection

    @contextmanager
    def write_declarations(self) -> Iterator[Connection]:
        """Open a write transaction that waits for other processes that migrate or store declarations."""
        with self.write() as connection:
            migration.lock_schema(connection)
            yield connection

    def migrate(self) -> list[str]:
        """Bring the tables up to date and return the names of the migrations that ran.

        Processes that start at once wait for the first. Raises ``StoreError`` when a newer version of this
        program wrote the store and does not let this version use it.
        """
        with self.write() as connection:
            return migration.migrate(connection)

    def mark_connections(self, name: str, idle_limit: timedelta) -> None:
        """Name the connections to PostgreSQL, so that others can end them, and limit their idle transactions.

        Other processes wait for the locks of a stopped process. PostgreSQL itself ends only its idle
        transactions, not the statements that it was sending in a pipeline. Open connections are closed, so
        that name and limit hold for all.
        """
        milliseconds = int(idle_limit.total_seconds() * 1000)

        def connected(connection: Any, _record: object) -> None:
            connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
            connection.execute(f"SET application_name = '{name}'")
            connection.commit()

        event.listen(self._engine, "connect", connected)
        self._engine.dispose()

    def release_unused(self) -> bool:
        """Close idle connections to SQLite: each has 1.3 MiB of pages, schema and prepared statements."""
        if self._writers is not None:
            with self._explained():
                idle = [self._engine.connect() for _ in range(self._engine.pool.checkedin())]  # type: ignore[attr-defined]
            for connection in idle:
                connection.invalidate()
                connection.close()
        return False

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str, *, waits: bool = True) -> Iterator[Connection]:
        lock = nullcontext() if begin == "BEGIN" or self._writers is None else self._writers.lock(waits=waits)
        with lock as seconds, self._explained(), self._engine.connect() as connection, connection.begin():
            if self._engine.dialect.name == "sqlite":
                # Not by an event listener: any listener slows down every statement of the engine.
                with raw_cursor(connection, begin) as cursor:
                    if seconds is None:
                        cursor.execute(begin)
                    else:
                        _begin_within(cursor, begin, seconds)
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError):
            # The database rejected a row; the caller handles it. The store itself works.
            raise
        except DBAPIError as error:
            raise _explain(error, self.where) from error


class _WriteQueue:
    """First-come, first-served lock for the threads that write to an SQLite file.

    SQLite waits for its own lock by sleeping up to 100 ms between attempts. A thread that commits in a loop
    takes the lock again before a sleeping thread wakes up, and the sleeper times out.
    """

    def __init__(self, busy_timeout: float) -> None:
        self._busy_timeout = busy_timeout
        self._turn = threading.Condition()
        self._threads: deque[int] = deque()
        self._was_busy = False

    @contextmanager
    def lock(self, *, waits: bool = True) -> Iterator[float | None]:
        """Hold the lock. Yields the seconds to wait for other processes, or ``None`` for the usual time.

        While another process keeps SQLite's lock, the time in this queue counts: all threads that queue
        fail within one timeout, not one timeout after another. Raises ``RuntimeError`` in a thread that
        holds the lock, which would wait for itself, and ``StoreBusy`` if it cannot be had without waiting.
        """
        me, since = threading.get_ident(), monotonic()
        with self._turn:
            if me in self._threads:
                raise RuntimeError("a write transaction was begun inside another one of the same thread")
            if self._threads and not waits:
                raise StoreBusy("another thread writes to the store")
            self._threads.append(me)
        try:
            with self._turn:
                self._turn.wait_for(lambda: self._threads[0] == me)
            left = self._busy_timeout - (monotonic() - since)
            yield max(left, 0.0) if waits and self._was_busy else None if waits else 0.0
            self._was_busy = False
        except StoreBusy:
            self._was_busy = self._was_busy or waits
            raise
        finally:
            with self._turn:
                self._threads.remove(me)
                self._turn.notify_all()


def open_store(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Store:
    """Open the store at a database URL (``sqlite:///file`` or ``postgresql://…``).

    An SQLite file is created with mode 0600 when it does not exist. Call ``migrate`` before use.
    ``busy_timeout`` is the number of seconds that an SQLite transaction waits for another process. Raises
    ``StoreError`` when the URL cannot be parsed or the file cannot be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The message omits the URL: it may contain a password anywhere.
        raise StoreError(
            "[store] url is not a database URL: use sqlite:///syndicate.db or postgresql://user@host:port/name"
        ) from error
    if parsed.drivername == "sqlite":
        return Store(_open_sqlite(parsed, busy_timeout), busy_timeout)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return Store(_open_postgresql(parsed.set(drivername="postgresql+psycopg")))
    raise StoreError(f"[store] url names {parsed.drivername!r}: only sqlite and postgresql are supported")


def libpq_url(url: str) -> str:
    """Return the URL of a PostgreSQL store in the form of libpq, with its password."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def migrated_store(url: str) -> Iterator[Store]:
    """Open the store at a database URL, migrate it, and close it at the end."""
    store = open_store(url)
    try:
        store.migrate()
        yield store
    finally:
        store.dispose()


def _open_sqlite(url: URL, busy_timeout: float) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("[store] url must name a file: sqlite:///syndicate.db")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot use the store file {path}: {error.strerror}; choose another [store] url"
        ) from error
    # The last connection first: the others stay empty, and its statements stay prepared.
    arguments = {"timeout": busy_timeout, "factory": _SqliteConnection}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, pool_use_lifo=True)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


class _SqliteConnection(sqlite3.Connection):
    """Connection that closes when its store is dropped; otherwise Python 3.13 warns of an open one."""

    def __del__(self) -> None:
        with suppress(sqlite3.Error):
            self.close()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    # macOS only: its fsync stops at the cache of the drive.
    cursor.execute("PRAGMA fullfsync=ON")
    cursor.execute("PRAGMA foreign_keys=ON")
    # Rollback pages of large inserts in files cost 2.5 % of a first poll, and a full /tmp stopped a store
    # that had space.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin_within(cursor: Any, begin: str, seconds: float) -> None:
    """Begin a transaction with a shorter wait for other processes than the connection has."""
    (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    cursor.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    try:
        cursor.execute(begin)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={usual}")


def _open_postgresql(url: URL) -> Engine:
    with needs_extra("postgres", "[store] url names PostgreSQL, which"):
        # psycopg forgets with its cursor how many rows an INSERT wrote; leases need the number.
        options = {"preserve_rowcount": True}
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, execution_options=options)
    # First of all listeners: SQLAlchemy's own fails at text in another encoding.
    event.listen(engine, "connect", _require_utf8, insert=True)
    return engine


def _require_utf8(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        raise StoreError(
            f"the database {connection.info.dbname} has the encoding {encoding}: create a database with "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name it in [store] url"
        )


def _explain(error: DBAPIError, where: str) -> StoreError:
    reason = str(error.orig).strip().split("\n", 1)[0]
    # The code of PostgreSQL's lock_timeout, whose message is in the language of the server.
    is_timeout = getattr(error.orig, "sqlstate", "") == "55P03"
    if is_timeout or "database is locked" in reason or "database table is locked" in reason:
        return StoreBusy(f"the store {where} is locked by another process; try again when it has finished")
    if "database or disk is full" in reason or "No space left on device" in reason:
        return StoreError(
            f"no space left for the store {where}: nothing was changed; free some space and run again"
        )
    if "disk I/O error" in reason:
        return StoreError(
            f"the store {where} cannot be read or written: its disk is full or broken; "
            "free some space, run again, and look into the system's log"
        )
    if "file is not a database" in reason or "malformed" in reason:
        return StoreError(
            f"the store {where} is damaged or not a database ({reason}); restore it from a backup"
        )
    kind = StoreGone if _is_gone(error) else StoreError
    return kind(f"the store {where} cannot be used: {reason}")


def _is_gone(error: DBAPIError) -> bool:
    """Return whether PostgreSQL ended the connection (08, 57P and 25P03) or sent no error code."""
    code = getattr(error.orig, "sqlstate", "")
    is_ended = isinstance(error, OperationalError) and (code is None or code.startswith(("08", "57P")))
    return is_ended or code == "25P03"
