"""Backup files: SQLite files with all tables of a store on either engine."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url

from syndicate.errors import StoreError
from syndicate.store.core import table_copy
from syndicate.store.core.engine import Store, migrated_store
from syndicate.store.core.table_copy import Report


def copy_to_file(store: Store, target: Path, report: Report) -> None:
    """Copy a store as it is at one instant into a new file, while other processes write to it."""
    url = make_url(store.where)
    if url.drivername == "sqlite":
        copy_pages(Path(url.database or ""), target)
        return
    _create(target)
    with migrated_store(f"sqlite:///{target}") as copy:
        with store.snapshot() as source:
            table_copy.copy_store(source, copy.write, report)
        with copy.write() as connection:
            table_copy.finish_copy(connection)


def copy_pages(source: Path, target: Path) -> None:
    """Copy an SQLite file in a single step; processes that write to it do not wait."""
    _create(target)
    with _opened(source) as connection, closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def seal(file: Path) -> None:
    """Check each page and index of a file, leave no second file beside it, and sync it to the disk."""
    with _opened(file, "rw") as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    check_file(file)
    with file.open("rb") as opened:
        os.fsync(opened)


def check_file(file: Path) -> None:
    """Raise ``StoreError`` for a damaged file and for a file that is no backup; change nothing."""
    with _opened(file) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise StoreError(f"{file} is damaged ({found}); use another backup")
        if not connection.execute("PRAGMA table_info(migrations)").fetchall():
            raise StoreError(f"{file} is no backup of a store")


@contextmanager
def _opened(file: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise StoreError(f"cannot copy {file}: {error}") from error


def _create(file: Path) -> None:
    """Create a file that only its owner may read."""
    file.touch(mode=0o600)
    file.chmod(0o600)
