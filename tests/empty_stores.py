"""Empty stores on SQLite: writing the bytes of a migrated file takes a hundredth of a migration."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syndicate.store import Store

SQLITE_FILE = "syndicate.db"


def write_empty_store(folder: Path) -> str:
    """Write a store with the current schema and no rows; return its URL."""
    (folder / SQLITE_FILE).write_bytes(_migrated_file())
    return sqlite_url(folder)


def sqlite_url(folder: Path) -> str:
    """Return the URL of the SQLite file in a folder."""
    return f"sqlite:///{folder / SQLITE_FILE}"


def opened(url: str) -> "Store":
    """Open a store. The import is here, so that tests without a store do not wait for SQLAlchemy."""
    from syndicate.store import open_store
    from tests.shared_statements import share_statements

    share_statements()
    return open_store(url)


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as name:
        store = opened(sqlite_url(Path(name)))
        store.migrate()
        store.dispose()
        return (Path(name) / SQLITE_FILE).read_bytes()
