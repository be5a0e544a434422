"""Commands that back up, restore and move the store."""

import tempfile
from datetime import datetime
from pathlib import Path

import click

from syndicate.cli.options import Call, common_options, json_option, now_option, timed_options
from syndicate.cli.output import progress, say
from syndicate.errors import StoreError
from syndicate.jobs.backup.backup_job import write_backup
from syndicate.jobs.backup.restoring import restore_file, restore_tables
from syndicate.jobs.backup.store_moving import move_store
from syndicate.services.store_location import sqlite_file, store_lock, store_url
from syndicate.settings import load_settings
from syndicate.store.core.engine import migrated_store
from syndicate.text.phrases import plural


@click.command()
@common_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(call: Call, file: Path) -> None:
    """Write a checked backup of the store into FILE while everything runs.

    FILE is an SQLite file for a store on either engine. It holds addresses and secrets: only its owner may
    read it.
    """
    with call.services() as services, progress("Copying", call.as_json) as draw:
        size = write_backup(services.store, file, draw)
    call.show({"file": str(file), "bytes": size}, f"Wrote {file}: {size / 1e6:.1f} MB, checked.")


@click.command()
@timed_options
@click.option("--force", is_flag=True, help="Replace a store that has rows.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(call: Call, force: bool, file: Path) -> None:
    """Put the backup FILE into the place of the store of the configuration.

    All mail is held until `syndicate deliveries after-restore`, since the backup does not know of mail that
    was sent after it.
    """
    url = store_url(load_settings(call.config))
    kept = None
    with store_lock(url), progress("Copying", call.as_json) as draw:
        if place := sqlite_file(url):
            kept = restore_file(file, place, call.now, force=force)
        else:
            folder = Path(tempfile.gettempdir())
            restore_tables(file, url, call.now, folder=folder, force=force, report=draw)
    with call.services() as services:
        hold = services.guard.check_markers(call.now)
    lines = [f"Restored {file}."]
    if kept:
        lines.append(f"The store that was there is {kept}; remove it when you no longer need it.")
    if hold:
        lines.append(
            "Mail is held. Unsubscribe the readers who left since the backup (`subscribers "
            "export-suppressions` from the old store, `subscribers import-suppressions` here), then run "
            "`syndicate deliveries after-restore`."
        )
    answer = {"file": str(file), "kept": kept and str(kept), "held": hold is not None}
    call.show(answer, lambda: say("\n".join(lines)))


@click.command("migrate-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
@now_option
def migrate_store(source: str, target: str, as_json: bool, now: datetime | None) -> None:
    """Move an installation from the database URL FROM to the empty database TO, on either engine.

    Stop the daemon and all workers first. The command reports success once both hold the same rows. Run it
    again after an interruption. FROM keeps its rows and sends no more mail.
    """
    call = Call(Path(), as_json, now)
    if (place := sqlite_file(source)) and not place.exists():
        raise StoreError(f"there is no store {place}")
    if source == target or (place and place == sqlite_file(target)):
        raise click.UsageError("FROM and TO are the same store.")
    with (
        store_lock(source),
        store_lock(target),
        migrated_store(source) as old,
        migrated_store(target) as new,
        progress("Copying", call.as_json) as draw,
    ):
        rows = move_store(old, new, call.now, draw)
        where = new.where
    total = sum(rows.values())
    password = ", with its password," if ":***@" in where else ""
    text = (
        f"Moved {plural(total, 'row')} in {plural(len(rows), 'table')}: both stores hold the same. "
        f"Write {where} as [store] url{password} and start the daemon. The old store sends no more mail."
    )
    call.show({"rows": rows, "total": total, "url": where}, lambda: say(text))
