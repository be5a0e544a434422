"""One store, two engines: opening it, reading from it and writing to it.

SQLite runs in WAL mode with ``synchronous=FULL``: what was committed survives a power cut. Writes
take the writer's lock at once (``BEGIN IMMEDIATE``), because an upgrade from read to write fails
instead of waiting (measured: 345 of 400 transactions); reads never take it. Errors never carry the
parameters of a statement, which may be addresses of readers.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError

from syndicate.errors import StoreBusy, StoreError, StoreGone
from syndicate.store.core import migration
from syndicate.store.core.compiled_sql import raw_cursor

BUSY_TIMEOUT = 15.0


class Store:
    """The rows behind everything. Threads may share it; each transaction has its own connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writers = _WriteQueue() if engine.dialect.name == "sqlite" else None

    @property
    def where(self) -> str:
        """The store's address for messages, never with a password."""
        return str(self._engine.url.render_as_string(hide_password=True))

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the store and changes nothing.

        Raises ``StoreBusy`` when locked for too long, ``StoreError`` for anything else.
        """
        return self._transaction("BEGIN")

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that commits whole or not at all; on SQLite there is one at a time.

        The threads of this process queue for it without a timeout. Raises ``StoreBusy`` when another process
        keeps SQLite's lock for too long, ``StoreError`` for anything else.
        """
        return self._transaction("BEGIN IMMEDIATE")

    @contextmanager
    def dry_run(self) -> Iterator[Connection]:
        """Like ``write``, but nothing stays: for saying what would be done."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def hold(self) -> Iterator[Connection]:
        """A connection for what belongs to a connection: no transaction stays open between its statements.

        Many servers end a transaction that is left open.
        """
        with self._explained(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def migrate(self) -> list[str]:
        """Bring the tables up to date and return the names of the migrations that ran.

        Raises ``StoreError`` when the store was written by a newer version of this program.
        """
        with self.write() as connection:
            return migration.migrate(connection)

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        turn = nullcontext() if begin == "BEGIN" or self._writers is None else self._writers.turn()
        with turn, self._explained(), self._engine.connect() as connection, connection.begin():
            if self._engine.dialect.name == "sqlite":
                # Not by a listener: an engine with any pays for all of them with each statement.
                with raw_cursor(connection, begin) as cursor:
                    cursor.execute(begin)
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError):
            # A row is refused, not the store: who asked for it has to do without it.
            raise
        except DBAPIError as error:
            raise _explain(error, self.where) from error


class _WriteQueue:
    """First-come, first-served lock for the threads that write to one SQLite file.

    SQLite waits for its own lock by sleeping up to 100 ms between attempts. A thread that commits in a loop
    takes the lock again before a sleeper wakes up: the sleeper times out beside a lock of its own process.
    """

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock. Raises ``RuntimeError`` in a thread that holds it: it would wait for itself."""
        me, baton = threading.get_ident(), threading.Lock()
        baton.acquire()
        with self._gate:
            if self._holder == me:
                raise RuntimeError("a write transaction was begun inside another one of the same thread")
            if self._holder is None:
                baton.release()
                self._holder = me
            else:
                self._waiting.append(baton)
        try:
            baton.acquire()
            self._holder = me
            yield
        finally:
            self._pass_on(baton)

    def _pass_on(self, baton: threading.Lock) -> None:
        with self._gate:
            if baton in self._waiting:
                # Interrupted while it waited (Ctrl-C).
                self._waiting.remove(baton)
            elif self._waiting:
                self._holder = 0
                self._waiting.popleft().release()
            else:
                self._holder = None


def open_store(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Store:
    """Open the store at a database URL (``sqlite:///file`` or ``postgresql://…``).

    An SQLite file is created with mode 0600 when it does not exist. Call ``migrate`` before use.
    ``busy_timeout`` is how many seconds a transaction of SQLite waits for another process. Raises
    ``StoreError`` when the URL is not understood or the place cannot be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not repeated: a password may stand anywhere in it.
        raise StoreError(
            "[store] url is not a database URL: use sqlite:///syndicate.db or postgresql://user@host:port/name"
        ) from error
    if parsed.drivername == "sqlite":
        return Store(_open_sqlite(parsed, busy_timeout))
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return Store(_open_postgresql(parsed.set(drivername="postgresql+psycopg")))
    raise StoreError(f"[store] url names {parsed.drivername!r}: only sqlite and postgresql are supported")


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
    engine = create_engine(url, connect_args={"timeout": busy_timeout}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # The pages that an insert of many rows keeps in case it fails went to a file: 2.5 % of a first poll, and
    # a full /tmp stopped a store that had space.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _open_postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs one more package: pip install 'syndicate-news[postgres]'"
        ) from error


def _explain(error: DBAPIError, where: str) -> StoreError:
    reason = _first_line(error.orig)
    if "database is locked" in reason or "database table is locked" in reason:
        return StoreBusy(f"the store {where} is locked by another process; try again when it has finished")
    if "database or disk is full" in reason or "No space left on device" in reason:
        return StoreError(
            f"no space left for the store {where}: nothing was changed; free some space and run again"
        )
    if "disk I/O error" in reason:
        return StoreError(
            f"the disk of the store {where} takes or gives no data: it is full, or broken; "
            "free some space and run again, and look into the system's log"
        )
    if "file is not a database" in reason or "malformed" in reason:
        return StoreError(
            f"the store {where} is damaged or not a database ({reason}); restore it from a backup"
        )
    kind = StoreGone if _is_gone(error) else StoreError
    return kind(f"the store {where} cannot be used: {reason}")


def _is_gone(error: DBAPIError) -> bool:
    """Return whether PostgreSQL ended the connection (classes 08 and 57P) or sent no error code."""
    code = getattr(error.orig, "sqlstate", "")
    return isinstance(error, OperationalError) and (code is None or code.startswith(("08", "57P")))


def _first_line(error: Any) -> str:
    return str(error).strip().split("\n", 1)[0]
