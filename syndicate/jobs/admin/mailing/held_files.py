"""Uploaded files between two steps of a form: readable by this account only, deleted after an hour."""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

KEPT = timedelta(hours=1)
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFiles:
    """Files in a folder of mode 0700; the name of each begins with its session."""

    folder: Path

    def hold(self, session: str, name: str, body: bytes) -> str:
        """Store a file for a session and return its key. Files of the session before it are deleted."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in self.folder.glob(f"{_prefix(session)}-*"):
            other.unlink(missing_ok=True)
        key = secrets.token_hex(16)
        handle = os.open(self._path(session, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(name.encode("utf-8", "replace")[:200].replace(b"\n", b" ") + b"\n" + body)
        return key

    def read(self, session: str, key: str, now: datetime) -> tuple[str, bytes] | None:
        """Return name and content of a session's file; ``None`` for another session's, or after an hour."""
        self.delete_old(now)
        if not _KEY.fullmatch(key):
            return None
        with suppress(OSError):
            name, _, body = self._path(session, key).read_bytes().partition(b"\n")
            return name.decode("utf-8", "replace"), body
        return None

    def delete(self, session: str, key: str) -> None:
        """Delete a file."""
        if _KEY.fullmatch(key):
            self._path(session, key).unlink(missing_ok=True)

    def delete_old(self, now: datetime) -> None:
        """Delete the files older than an hour."""
        for path in self.folder.glob("*-*") if self.folder.is_dir() else ():
            with suppress(OSError):
                if path.stat().st_mtime < (now - KEPT).timestamp():
                    path.unlink(missing_ok=True)

    def _path(self, session: str, key: str) -> Path:
        return self.folder / f"{_prefix(session)}-{key}"


def _prefix(session: str) -> str:
    """Return the part of a file's name that identifies the session, whose id is a hash."""
    return re.sub(r"[^0-9a-zA-Z]", "", session)[:32]
