"""Restored backups. All mail is held, because mail may have been sent after the backup."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from syndicate.errors import StoreError
from syndicate.files import sync_folder, temporary_sibling
from syndicate.jobs.lease_owners import refuse_holders
from syndicate.store.core import store_identity
from syndicate.store.core.backup_file import check_file, copy_pages, seal
from syndicate.store.core.engine import migrated_store
from syndicate.store.core.store_identity import MailHold
from syndicate.store.core.table_copy import Report, clear_tables, copy_store, finish_copy, refuse_rows
from syndicate.store.leases import worker_store
from syndicate.store.leases.worker_store import live_workers


def restore_file(backup: Path, place: Path, now: datetime, *, force: bool) -> Path | None:
    """Put a backup into the place of an SQLite store; return the path of the store that was there.

    Raises ``StoreError``, also without ``force`` for a place that has a store.
    """
    is_there = place.exists() and place.stat().st_size > 0
    if is_there and not force:
        raise StoreError(
            f"{place} exists: --force puts the backup in its place and keeps the present file beside it"
        )
    earlier = place.with_name(f"{place.name}.before-{now:%Y%m%dT%H%M%SZ}")
    with _prepared(backup, place, now) as prepared:
        # Also those of a removed store: SQLite would apply its log to the backup.
        for suffix in ("", "-wal", "-shm"):
            if (file := place.with_name(place.name + suffix)).exists():
                file.replace(earlier.with_name(earlier.name + suffix))
        prepared.replace(place)
        sync_folder(place.parent)
    return earlier if is_there else None


def restore_tables(
    backup: Path, url: str, now: datetime, *, folder: Path, force: bool, report: Report
) -> None:
    """Put a backup into a PostgreSQL store in a single transaction; ``folder`` holds a copy meanwhile.

    Raises ``StoreError``, also without ``force`` for a database that has rows, and beside a live worker.
    """
    with (
        migrated_store(url) as target,
        _prepared(backup, folder / backup.name, now) as prepared,
        target.write() as connection,
    ):
        refuse_holders(live_workers(connection))
        if not force:
            refuse_rows(connection, "--force replaces all of its rows, for good")
        clear_tables(connection)
        with migrated_store(f"sqlite:///{prepared}") as source, source.read() as original:
            copy_store(original, lambda: nullcontext(connection), report)
        finish_copy(connection)


@contextmanager
def _prepared(backup: Path, place: Path, now: datetime) -> Iterator[Path]:
    """Copy a backup beside ``place``, migrate the copy, and hold its mail."""
    check_file(backup)
    try:
        with temporary_sibling(place) as copy:
            copy_pages(backup, copy)
            with migrated_store(f"sqlite:///{copy}") as store, store.write() as connection:
                store_identity.skip_ids(connection)
                # Workers of the time of the backup never work on the copy.
                worker_store.release_workers(connection, seen_before=now)
                # Without subscriptions there is no reader to write to twice.
                if store_identity.has_subscriptions(connection):
                    hold = MailHold(since=now, found=f"the backup {backup.name} was restored")
                    store_identity.hold_mail(connection, hold)
            seal(copy)
            yield copy
    except OSError as error:
        raise StoreError(f"cannot restore into {place.parent}: {error.strerror}") from error
