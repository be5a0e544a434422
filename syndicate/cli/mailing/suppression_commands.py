"""Suppression list: release a mailbox, export the list, import it into another store."""

from pathlib import Path

import click

from syndicate.audience import import_export
from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import file_argument
from syndicate.cli.options import Call, config_option, tried_options
from syndicate.cli.output import write_result
from syndicate.store.subscribers import suppression_list
from syndicate.store.subscribers.audience_store import ERASED_KEY
from syndicate.text.phrases import plural


@click.command()
@tried_options
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why the mailbox accepts mail again, for the record."
)
@click.argument("address")
def unsuppress(call: Call, reason: str, address: str) -> None:
    """Send mail to an ADDRESS again after it bounced.

    Resumes the subscriptions that bounces ended. A reader who unsubscribed, complained or was erased can
    only subscribe again in person.
    """
    with call.services() as services:
        result = services.commands.subscribers.unsuppress(call.change, address, reason)
    resumed = (result.facts or {})["newsletters"]
    names = ", ".join(resumed) or "no newsletter; `syndicate subscribers add` subscribes it"
    answer = {"address": address, "newsletters": resumed, "dry_run": call.dry_run}
    call.show(answer, f"{address} {'would get' if call.dry_run else 'gets'} mail again: {names}.")


@click.command("export-suppressions")
@config_option
@file_argument
def export_suppressions(call: Call, file: Path) -> None:
    """Write suppressed addresses to a CSV FILE.

    Unsubscribed addresses are included. `import-suppressions` reads the file. "-" means standard output.
    """
    with call.services() as services, services.store.read() as connection:
        suppressions = suppression_list.list_suppressions(connection)
    rows = (
        (suppression.address_key, suppression.newsletter, suppression.reason) for suppression in suppressions
    )
    write_result(file, import_export.export_suppressions(rows))
    click.echo(f"{plural(len(suppressions), 'row')} written.", err=True)


@click.command("import-suppressions")
@tried_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_suppressions(call: Call, file: Path) -> None:
    """Suppress the addresses of a CSV FILE.

    `export-suppressions` writes such files. Subscribes no address.
    """
    suppressions = [
        suppression_list.SuppressionEntry(
            address_key=email if email.startswith(ERASED_KEY) else normalise_address(email).key,
            newsletter=newsletter,
            reason=reason,
        )
        for email, newsletter, reason in import_export.import_suppressions(file.read_bytes())
    ]
    with call.services() as services:
        result = services.commands.subscribers.import_suppressions(call.change, suppressions, file.name)
    changed = (result.facts or {})["changed"]
    verb = "would change" if call.dry_run else "changed"
    answer = {"rows": len(suppressions), "changed": changed, "dry_run": call.dry_run}
    call.show(answer, f"{changed} of {plural(len(suppressions), 'row')} {verb} the store.")
