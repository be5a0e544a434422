"""Suppressed mailboxes: carried over to another store, and released when only mail bounced."""

from datetime import datetime
from pathlib import Path

import click

from syndicate.audience import import_export
from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.common import (
    changing,
    config_option,
    dry_run_option,
    file_argument,
    moment,
    plural,
    services_of,
    show,
    timed_options,
    write_result,
)
from syndicate.errors import SyndicateError
from syndicate.store.mail import suppression_list
from syndicate.store.mail.audience_store import ERASED_KEY
from syndicate.store.mail.suppression_list import SuppressionEntry


@click.command("allow")
@timed_options
@dry_run_option
@click.option("--reason", required=True, metavar="TEXT", help="Why the mailbox takes mail again; it is kept.")
@click.argument("address")
def allow(
    config: Path, as_json: bool, now: datetime | None, dry_run: bool, reason: str, address: str
) -> None:
    """Write to an ADDRESS again whose mail came back.

    Its subscriptions that the bounce ended go on. A reader who left, complained or was erased can only
    come back by their own doing.
    """
    key = normalise_address(address).key
    with services_of(config, now) as (_, services), changing(services, dry_run) as connection:
        if why := suppression_list.reason_not_liftable(connection, key):
            raise SyndicateError(f"{address} {why}")
        revived = suppression_list.lift_suppression(connection, key, why=reason, now=moment(now))
    names = ", ".join(revived) or "no newsletter, add it where it agreed to"
    text = f"{address} {'would be' if dry_run else 'is'} written to again: {names}."
    answer = {"address": address, "newsletters": revived, "dry_run": dry_run}
    show(answer, as_json, lambda: click.echo(text))


@click.command("export-gone")
@config_option
@file_argument
def export_gone(config: Path, file: Path) -> None:
    """Write who left or must not be written to.

    A CSV FILE for `import-gone`; "-" means standard output.
    """
    with services_of(config) as (_, services), services.store.read() as connection:
        gone = suppression_list.list_suppressions(connection)
    rows = ((departure.address_key, departure.newsletter, departure.reason) for departure in gone)
    write_result(file, import_export.export_gone(rows))
    click.echo(f"{plural(len(gone), 'row')} written.", err=True)


@click.command("import-gone")
@timed_options
@dry_run_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_gone(config: Path, as_json: bool, now: datetime | None, dry_run: bool, file: Path) -> None:
    """Let those of an `export-gone` FILE be gone here too.

    It subscribes no address.
    """
    gone = [
        SuppressionEntry(address_key=_key(email), newsletter=newsletter, reason=reason)
        for email, newsletter, reason in import_export.import_gone(file.read_bytes())
    ]
    with services_of(config, now) as (_, services), changing(services, dry_run) as connection:
        changed = suppression_list.import_suppressions(
            connection, gone, detail=f"carried over from {file.name}", now=moment(now)
        )
    text = f"{changed} of {plural(len(gone), 'row')} {'would be' if dry_run else 'were'} news here."
    answer = {"rows": len(gone), "changed": changed, "dry_run": dry_run}
    show(answer, as_json, lambda: click.echo(text))


def _key(text: str) -> str:
    return text if text.startswith(ERASED_KEY) else normalise_address(text).key
