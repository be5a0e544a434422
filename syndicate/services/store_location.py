"""Database URL, lock of the store, and files that mark its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.files import file_lock
from syndicate.settings import Settings
from syndicate.store.leases import leases

if TYPE_CHECKING:
    from syndicate.jobs.delivery.markers import MarkerFile


def store_url(settings: Settings) -> str:
    """Return the store's URL with an absolute path of an SQLite file."""
    url = settings.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix:
        return prefix + str(settings.path(url.removeprefix(prefix)))
    return url


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite store, or ``None`` for PostgreSQL."""
    if not url.startswith("sqlite"):
        return None
    return Path(url.partition("///")[2].partition("?")[0]).resolve()


@contextmanager
def store_lock(url: str, *, shared: bool = False) -> Iterator[Callable[[], bool]]:
    """Lock a store for one daemon: a file lock beside an SQLite file, an advisory lock in PostgreSQL.

    Workers share the lock of PostgreSQL. Yields a function that takes the lock again if it was lost, as
    ``AdvisoryLock.ensure_held`` does: PostgreSQL forgets locks at a restart, the kernel never does. Raises
    ``StoreBusy`` with the holder. The kernel or PostgreSQL releases the lock when the process dies.
    """
    with ExitStack() as stack:
        if path := sqlite_file(url):
            stack.enter_context(file_lock(path.with_name(path.name + ".lock")))
            yield lambda: False
        else:
            yield stack.enter_context(leases.advisory_lock(url, shared=shared)).ensure_held


def marker_files(settings: Settings, where: str) -> tuple[MarkerFile, ...]:
    """Return the marker files, which reveal a restored or copied store.

    They are beside an SQLite file and in the user's state folder. ``where`` is the store's URL without a
    password. Without SMTP nothing leaves the machine, so there are no markers.
    """
    from syndicate.jobs.delivery.markers import MarkerFile, host_id

    if settings.mail.transport == "folder":
        return ()
    file = sqlite_file(store_url(settings))
    # Earlier versions named the file by the URL of the driver; under another name the store counts as moved.
    named = where.replace("postgresql://", "postgresql+psycopg://", 1)
    name = sha256(str(file or named).encode()).hexdigest()[:16]
    state = MarkerFile(path=_state_folder() / f"{name}.marker")
    if file is None:
        return (state,)
    beside = MarkerFile(path=file.with_name(f"{file.name}.marker"), database=file, host=host_id())
    return (beside, state)


def _state_folder() -> Path:
    """Return the state folder of systemd or of the user's environment."""
    if folder := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(folder)
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("HOME", "") + "/.local/state"
    return Path(home) / "syndicate"
