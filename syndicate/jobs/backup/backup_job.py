"""Backups into a folder at an interval; the newest are kept."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.errors import StoreError
from syndicate.files import sync_folder, temporary_sibling
from syndicate.store import Connection, Store
from syndicate.store.core.backup_file import copy_to_file, seal
from syndicate.store.core.store_values import read_value, write_value
from syndicate.store.core.table_copy import Report
from syndicate.store.leases.leases import release_lease, take_lease

_KEY = "backup"
_NAME = "syndicate-{:%Y%m%dT%H%M%SZ}.db"
_NAMED = re.compile(r"syndicate-\d{8}T\d{6}Z\.db")
_RETRY = timedelta(hours=1)
_LONGEST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class BackupState:
    """Last scheduled backup: times in ISO format, the file, and the error of the last attempt."""

    file: str = ""
    made: str = ""
    tried: str = ""
    error: str = ""


def backup_state(connection: Connection) -> BackupState:
    """Return the state of the scheduled backups."""
    value = read_value(connection, _KEY)
    return BackupState(**json.loads(value)) if value else BackupState()


def write_backup(store: Store, file: Path, report: Report = lambda _done, _total: None) -> int:
    """Write a backup that was checked, whole or not at all; return its size in bytes.

    Raises ``StoreError``, also for a file that exists.
    """
    if file.exists():
        raise StoreError(f"{file} exists: choose another name, since a backup replaces no file")
    try:
        with temporary_sibling(file) as temporary:
            copy_to_file(store, temporary, report)
            seal(temporary)
            temporary.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror}") from error
    return file.stat().st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJob:
    """Job that writes a backup every ``every`` seconds, and keeps the newest ``keep`` files."""

    store: Store
    folder: Path
    every: timedelta
    keep: int
    owner: str

    def run(self, now: datetime, *, is_due: bool = False) -> Mapping[str, object] | None:
        """Write a backup if it is due. Raises ``StoreError``, and tries again after an hour at most.

        Returns ``None`` also while another process writes a backup.
        """
        with self.store.write() as connection:
            state = backup_state(connection)
            if not (is_due or self._is_due(state, now)):
                return None
            if not take_lease(connection, _KEY, owner=self.owner, now=now, until=now + _LONGEST):
                return None
        at, file = now.isoformat(), self.folder / _NAME.format(now)
        try:
            size = write_backup(self.store, file)
            for old in self.files()[: -self.keep]:
                with suppress(OSError):
                    old.unlink()
        except StoreError as error:
            self._record(replace(state, tried=at, error=str(error)))
            raise
        self._record(BackupState(str(file), made=at, tried=at))
        return {"backup": str(file), "bytes": size}

    def _is_due(self, state: BackupState, now: datetime) -> bool:
        waits = min(self.every, _RETRY) if state.error else self.every
        return not state.tried or abs(now - datetime.fromisoformat(state.tried)) >= waits

    def _record(self, state: BackupState) -> None:
        with self.store.write() as connection:
            write_value(connection, _KEY, json.dumps(asdict(state)))
            release_lease(connection, _KEY, owner=self.owner)

    def files(self) -> list[Path]:
        """Return the backups in the folder, oldest first."""
        found = self.folder.iterdir() if self.folder.is_dir() else []
        return sorted(file for file in found if _NAMED.fullmatch(file.name))


def backup_problem(state: BackupState, every: timedelta, now: datetime) -> str:
    """Return the operator's problem with the scheduled backups, ``""`` for none."""
    if state.error:
        return f"the backup of {state.tried[:16]} failed: {state.error}"
    if state.made and now - datetime.fromisoformat(state.made) > 2 * every + _LONGEST:
        return f"the last backup is of {state.made[:16]}: is `syndicate run` running?"
    return ""
