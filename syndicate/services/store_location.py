"""Database URL, and files that mark the store's place."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.settings import Settings

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


def marker_files(settings: Settings, where: str) -> tuple[MarkerFile, ...]:
    """Return the marker files, which reveal a restored or copied store.

    They are beside an SQLite file and in the user's state folder. ``where`` is the store's URL without a
    password. Without SMTP nothing leaves the machine, so there are no markers.
    """
    from syndicate.jobs.delivery.markers import MarkerFile, host_id

    if settings.mail.transport == "folder":
        return ()
    file = sqlite_file(store_url(settings))
    name = sha256(str(file or where).encode()).hexdigest()[:16]
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
