"""System and settings pages: daemon, store, jobs, leases, failures, backups, settings and checks."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from syndicate.errors import ActionRefused, NotFound
from syndicate.jobs.admin.actions import perform, recorded_as, require
from syndicate.jobs.admin.system.overview_views import StageState, stage_states, stopped
from syndicate.jobs.backup.backup_job import BackupJob, BackupState, backup_state
from syndicate.jobs.lease_owners import describe_owner
from syndicate.model.actors import ActionResult, Change
from syndicate.operating_system import process_started, resident_bytes
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.core.quarantine import Failure
from syndicate.store.core.server_clock import database_time
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases, worker_store
from syndicate.store.output import metric_rows

FAILURES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Finding of a check: its name, a level (good, warn, bad, off) and a sentence."""

    name: str
    level: str
    detail: str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """Setting in force: its value as text, and its origin (file and line, variable, or default)."""

    section: str
    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything that the system page shows. ``started`` and ``memory`` are those of this process."""

    started: datetime
    memory: int
    engine: str
    store_bytes: int
    free_bytes: int
    stopped: str
    stages: Sequence[StageState]
    leases: Sequence[tuple[str, str, datetime]]
    failures: Sequence[tuple[Failure, str]]
    workers: Sequence[tuple[str, str, bool]]
    tables: Sequence[tuple[str, int]]
    backup: BackupState | None
    backed_up: datetime | None
    rejected: tuple[datetime, str] | None
    backup_files: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemJobs:
    """Reads the system page, tries failures again, and makes backups.

    ``folder`` is on the disk of the store. ``settings`` and ``checks`` read the configuration and run
    ``check`` and ``doctor``. ``rejections`` are reloads for which the process kept its settings.
    """

    store: Store
    folder: Path
    backup: BackupJob | None
    settings: Callable[[], Sequence[SettingRow]]
    checks: Callable[[datetime], Sequence[Finding]] = lambda _now: ()
    rejections: Sequence[tuple[datetime, str]] = ()

    @property
    def rejected(self) -> tuple[datetime, str] | None:
        """Time and mistakes of the last reload, ``None`` if the settings in force are those of the file."""
        return self.rejections[-1] if self.rejections else None

    def read(self, now: datetime) -> System:
        """Return the state of the system, of a single state of the store."""
        with self.store.snapshot() as connection:
            stages = stage_states(connection, now)
            failures = quarantine.failures(connection)[:FAILURES_SHOWN]
            names = source_store.source_names(connection, {failure.source_id for failure in failures})
            at = database_time(connection)
            return System(
                started=datetime.fromtimestamp(process_started(), UTC),
                memory=resident_bytes(),
                engine=connection.dialect.name,
                store_bytes=metric_rows.store_bytes(connection),
                free_bytes=shutil.disk_usage(self.folder).free,
                stopped=stopped(stages, now),
                stages=stages,
                leases=[
                    (name, describe_owner(owner), until)
                    for name, owner, until in leases.named_leases(connection, now)
                ],
                failures=[(failure, names.get(failure.source_id, "")) for failure in failures],
                workers=[
                    (describe_owner(worker.owner), ", ".join(worker.stages), worker.is_alive(at))
                    for worker in worker_store.list_workers(connection)
                ],
                tables=metric_rows.table_counts(connection),
                backup=(backup := backup_state(connection)) if self.backup else None,
                backed_up=datetime.fromisoformat(backup.made) if self.backup and backup.made else None,
                rejected=self.rejected,
                backup_files=self._files(),
            )

    @recorded_as("quarantine.retry", "admin:write")
    def try_again(
        self, connection: Connection, change: Change, kind: str, subject: str, source_id: int
    ) -> ActionResult:
        """Forget the failures of a thing, so that the next run tries it, and read its source again."""
        if not quarantine.forget_failure(connection, kind, subject, source_id):
            raise NotFound("This failure is gone already.")
        source_store.read_again(connection, source_id, change.now)
        message = f"The next run tries {kind} {subject} again."
        return ActionResult(kind="failure", id=f"{kind} {subject}", message=message)

    def back_up(self, change: Change) -> ActionResult:
        """Write a backup now. Raises ``ActionRefused`` without a folder, and ``StoreError``."""
        require(change, "admin:write")
        if self.backup is None:
            raise ActionRefused("no-backup-folder", "Set [backup] folder in config.toml first.")
        facts = self.backup.run(change.now, is_due=True)
        if facts is None:
            raise ActionRefused("backup-runs", "Another process writes a backup now.")
        name = Path(str(facts["backup"])).name
        result = ActionResult(kind="backup", id=name, message=f"Wrote {name}, checked.", facts=dict(facts))
        return perform(self.store, change, "backup.write", "admin:write", lambda _connection: result)

    def backup_file(self, change: Change, name: str) -> Path:
        """Return a backup for a download, which is recorded. Raises ``NotFound``."""
        if self.backup is None or name not in dict(self._files()):
            raise NotFound("There is no such backup.")
        result = ActionResult(kind="backup", id=name, message="")
        perform(self.store, change, "backup.download", "admin:write", lambda _connection: result)
        return self.backup.folder / name

    def _files(self) -> list[tuple[str, int]]:
        files = self.backup.files() if self.backup else []
        return [(file.name, file.stat().st_size) for file in reversed(files)]
