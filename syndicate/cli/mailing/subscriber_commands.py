"""Commands for subscribers. The operator is responsible for the consent of added and imported addresses."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from syndicate.audience import import_export
from syndicate.audience.import_export import ExportedRow, ImportedRow, ImportOutcome
from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import check_names, file_argument, newsletter_named, newsletter_names
from syndicate.cli.former_names import RenamedGroup
from syndicate.cli.mailing.suppression_commands import export_suppressions, import_suppressions, unsuppress
from syndicate.cli.options import Call, common_options, config_option, dry_run_option, timed_options
from syndicate.cli.output import say, table, write_result
from syndicate.delivery.folder_sender import mails_to
from syndicate.errors import ConfigError, InvalidAddress, SyndicateError
from syndicate.reports.phrases import listed_counts, plural
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.mail import audience_store, subscriber_export


@click.group(cls=RenamedGroup)
def subscribers() -> None:
    """Add, import, list, show, export, remove, erase and unsuppress subscribers."""


for _command in (unsuppress, export_suppressions, import_suppressions):
    subscribers.add_command(_command)

newsletter_option = click.option(
    "--newsletter", default=None, help="The newsletter; needed when there are several."
)
only_newsletter_option = click.option(
    "--newsletter", default=None, help="Only subscribers of this newsletter; default: all."
)
agreed_option = click.option(
    "--agreed", default="", metavar="TEXT", help="The text they agreed to, for the record of consent."
)


@subscribers.command()
@timed_options
@newsletter_option
@agreed_option
@click.option("--name", default="", help="The subscriber's name.")
@click.option("--language", default="", help="The subscriber's language, such as en.")
@click.argument("address")
def add(call: Call, newsletter: str | None, agreed: str, name: str, language: str, address: str) -> None:
    """Subscribe an ADDRESS whose owner has agreed."""
    mailbox = normalise_address(address)
    with call.services() as services, services.store.write() as connection:
        outcome = audience_store.add_subscription(
            connection,
            address=mailbox.display,
            address_key=mailbox.key,
            name=name,
            language=language,
            newsletter=newsletter_named(services, newsletter, option="--newsletter").name,
            evidence="added by the operator on the command line",
            agreed=agreed,
            now=call.now,
        )
    call.show({"address": mailbox.display, "outcome": outcome}, _OUTCOMES[outcome].format(mailbox.display))
    if outcome in ("left", "suppressed"):
        raise SystemExit(1)


_OUTCOMES = {
    "added": "{} is subscribed.",
    "already": "{} was subscribed already.",
    "left": "{} has unsubscribed and is not subscribed again by the operator.",
    "suppressed": "{} is suppressed (`syndicate subscribers show` says why).",
}

_REASONS = {"left": "has unsubscribed", "suppressed": "is suppressed"}


@subscribers.command("import")
@timed_options
@newsletter_option
@agreed_option
@dry_run_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(call: Call, newsletter: str | None, agreed: str, dry_run: bool, file: Path) -> None:
    """Subscribe every address of a CSV FILE.

    Reports row by row. Readers who have unsubscribed are not subscribed again. The import is a single
    transaction.
    """
    rows = import_export.import_subscribers(file.read_bytes())
    with call.services() as services:
        name = newsletter_named(services, newsletter, option="--newsletter").name
        with services.write(dry_run=dry_run) as connection:
            given = {"newsletter": name, "agreed": agreed, "now": call.now}
            report = [_import_row(connection, row, file.name, **given) for row in rows]
    counts = Counter(entry["outcome"] for entry in report)

    def text() -> None:
        rows = [tuple(entry.values()) for entry in report if entry["outcome"] != "added"]
        if rows:
            table(("line", "address", "outcome", "reason"), rows, right=(0,))
        click.echo(listed_counts(dict(sorted(counts.items()))) or "No rows.")

    call.show({"counts": counts, "rows": report, "dry_run": dry_run}, text)
    if counts[ImportOutcome.INVALID.value]:
        raise SystemExit(1)


def _import_row(connection: Connection, row: ImportedRow, file: str, **given: Any) -> dict[str, Any]:
    """Subscribe the address of a row and return the outcome."""
    outcome, reason = row.outcome.value, row.reason
    if row.outcome is ImportOutcome.ADDED and row.address:
        outcome = audience_store.add_subscription(
            connection,
            address=row.address.display,
            address_key=row.address.key,
            name=row.name,
            language=row.language,
            evidence=f"imported from {file}, line {row.line}",
            **given,
        )
        reason = _REASONS.get(outcome, "")
    return {"line": row.line, "address": row.text, "outcome": outcome, "reason": reason}


def _listed(services: Services, newsletter: str | None) -> list[audience_store.Subscriber]:
    """Return all subscribers, or the subscribers of a newsletter that is declared or still has some."""
    with services.store.read() as connection:
        listed = audience_store.list_subscribers(connection, newsletter=newsletter)
    if newsletter is not None and not listed:
        check_names((newsletter,), newsletter_names(services), "newsletter")
    return listed


@subscribers.command("list")
@common_options
@only_newsletter_option
def list_(call: Call, newsletter: str | None) -> None:
    """Show every subscriber and their subscriptions."""
    with call.services() as services:
        listed = _listed(services, newsletter)
    headers = ("address", "name", "subscriptions")
    rows = [
        (
            subscriber.address,
            subscriber.name,
            ", ".join(f"{name}: {state.value}" for name, state in sorted(subscriber.subscriptions.items())),
        )
        for subscriber in listed
    ]

    def text() -> None:
        if rows:
            table(headers, rows)
        click.echo(plural(len(rows), "subscriber") + ".")

    call.show({"subscribers": [dict(zip(headers, row, strict=True)) for row in rows]}, text)


@subscribers.command()
@config_option
@only_newsletter_option
@file_argument
def export(call: Call, newsletter: str | None, file: Path) -> None:
    """Write subscribers to a CSV FILE. "-" means standard output.

    Spreadsheets do not run its values as formulas.
    """
    with call.services() as services:
        listed = _listed(services, newsletter)
    rows = [
        ExportedRow(
            email=subscriber.address,
            name=subscriber.name,
            language=subscriber.language,
            newsletter=name,
            state=state.value,
        )
        for subscriber in listed
        for name, state in subscriber.subscriptions.items()
    ]
    write_result(file, import_export.export_subscribers(rows))
    click.echo(f"{plural(len(rows), 'subscription')} written.", err=True)


@subscribers.command()
@timed_options
@dry_run_option
@click.argument("address")
def remove(call: Call, dry_run: bool, address: str) -> None:
    """End every subscription of an ADDRESS. Only the reader can subscribe again."""
    key = normalise_address(address).key
    with call.services() as services, services.write(dry_run=dry_run) as connection:
        ended = audience_store.end_all_subscriptions(
            connection, key, detail="removed by the operator", now=call.now
        )
        if ended is None:
            raise SyndicateError(f"{address} is not a subscriber. `syndicate subscribers list` shows all.")
    answer = {"address": address, "outcome": "unsubscribed", "ended": ended, "dry_run": dry_run}
    call.show(answer, f"{address} {'would be' if dry_run else 'is'} unsubscribed.")


@subscribers.command("show")
@common_options
@click.argument("address")
def show_(call: Call, address: str) -> None:
    """Show all data stored about an ADDRESS. Also shows the reason if it is suppressed."""
    data = _subscriber_data(call, address)
    call.show(data, lambda: _print_data(data))


@subscribers.command("new-feed")
@common_options
@click.argument("address")
def new_feed(call: Call, address: str) -> None:
    """Replace the private feed of an ADDRESS. The old feed URL stops working."""
    key = normalise_address(address).key
    with call.services() as services:
        if services.private_feeds is None:
            raise ConfigError("There are no private feeds while [web] listen is empty. Set it first.")
        feed = services.private_feeds.renew(key)
    if not feed:
        raise SyndicateError(f"{address} is not subscribed, so it has no private feed")
    call.show({"address": address, "feed": feed}, feed)


@subscribers.command("export-data")
@config_option
@click.argument("address")
@file_argument
def export_data(call: Call, address: str, file: Path) -> None:
    """Write the data of an ADDRESS to a JSON FILE.

    "-" means standard output. Send the file only by mail to that address, which proves ownership.
    """
    data = _subscriber_data(call, address)
    write_result(file, (json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n").encode())
    click.echo(f"Everything about {address} is written.", err=True)


@subscribers.command("erase")
@timed_options
@dry_run_option
@click.argument("address")
def erase_(call: Call, dry_run: bool, address: str) -> None:
    """Erase all data stored about an ADDRESS.

    A keyed hash prevents a later import. Also deletes its mail in the outbox folder. Sent mail cannot be
    recalled.
    """
    key = normalise_address(address).key
    with call.services() as services:
        with services.write(dry_run=dry_run) as connection:
            audience_store.end_all_subscriptions(connection, key, detail="", now=call.now)
            known = audience_store.erase_subscriber(connection, key, call.now)
        # After the transaction, so that no job writes further mail to the address.
        files = mails_to(
            services.settings.path(services.settings.mail.folder), lambda text: _is_mailbox(text, key)
        )
    if not known and not files:
        raise SyndicateError(f"No data is stored about {address}.")
    for file in files if not dry_run else ():
        file.unlink(missing_ok=True)
    text = (
        f"{address} {'would be' if dry_run else 'is'} erased, and {plural(len(files), 'mail')} in the outbox."
    )
    answer = {"address": address, "outcome": "erased", "mails": len(files), "dry_run": dry_run}
    call.show(answer, text)


def _is_mailbox(address: str, key: str) -> bool:
    try:
        return normalise_address(address).key == key
    except InvalidAddress:
        return False


def _subscriber_data(call: Call, address: str) -> dict[str, Any]:
    key = normalise_address(address).key
    with call.services() as services:
        with services.store.read() as connection:
            data = subscriber_export.export_subscriber_data(connection, key)
        feeds = services.private_feeds
        feed = feeds.url_of(key) if feeds else ""
    if data is None:
        raise SyndicateError(f"No data is stored about {address}.")
    return {"feed": feed} | data


# Internal columns; --json shows them too.
_INTERNAL = {"address_key", "address_fold", "requires", "despite_pause"}


def _print_data(data: Mapping[str, Any]) -> None:
    parts = {name: value for name, value in data.items() if isinstance(value, list)}
    for line in _facts({name: value for name, value in data.items() if name not in parts}):
        say(line)
    spellings = {data["address"], data.get("address_key")}
    for name, rows in parts.items():
        if rows:
            click.echo(f"\n{name}")
        for row in rows:
            facts = {key: value for key, value in row.items() if value not in spellings}
            say(f"  - {'; '.join(_facts(facts))}")


def _facts(row: Mapping[str, Any]) -> list[str]:
    return [
        f"{key.replace('_', ' ')}: {_readable(value)}"
        for key, value in row.items()
        if value not in ("", None) and key not in _INTERNAL
    ]


def _readable(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        is_time = isinstance(value, str) and value[10:11] == "T"
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M} UTC" if is_time else value
    except ValueError:
        return value
