"""Commands for subscribers. The operator is responsible for the consent of added and imported addresses."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import check_names, file_argument, newsletter_named, newsletter_names
from syndicate.cli.former_names import RenamedGroup
from syndicate.cli.mailing.import_commands import agreed_option, import_list, newsletter_option
from syndicate.cli.mailing.segment_commands import segment_option, set_, tag
from syndicate.cli.mailing.suppression_commands import export_suppressions, import_suppressions, unsuppress
from syndicate.cli.options import (
    Call,
    action_options,
    common_options,
    config_option,
    now_option,
    timed_options,
    tried_options,
)
from syndicate.cli.output import attributes, say, table, write_result
from syndicate.errors import ActionRefused, ConfigError, SyndicateError
from syndicate.jobs.admin.mailing.subscriber_actions import NewSubscriber
from syndicate.jobs.admin.mailing.subscriber_views import subscriber_csv
from syndicate.services import Services
from syndicate.store.subscribers import audience_store, segment_store, subscriber_export
from syndicate.text.phrases import plural


@click.group(cls=RenamedGroup)
def subscribers() -> None:
    """Add, import, list, show, set, tag, export, remove, erase and unsuppress subscribers."""


for _command in (import_list, unsuppress, export_suppressions, import_suppressions, set_, tag):
    subscribers.add_command(_command)

only_newsletter_option = click.option(
    "--newsletter", default=None, help="Only subscribers of this newsletter; default: all."
)


@subscribers.command()
@action_options
@newsletter_option
@agreed_option
@click.option("--name", default="", help="The subscriber's name.")
@click.option("--language", default="", help="The subscriber's language, such as en.")
@click.argument("address")
def add(call: Call, newsletter: str | None, agreed: str, name: str, language: str, address: str) -> None:
    """Subscribe an ADDRESS whose owner has agreed."""
    mailbox = normalise_address(address)
    with call.services() as services:
        title = newsletter_named(services, newsletter, option="--newsletter").name
        new = NewSubscriber(
            address=address, newsletter=title, agreed=agreed, name=name, language=language, has_agreed=True
        )
        try:
            result = services.commands.subscribers.add(call.change, new)
            outcome = "added" if result.is_change else "already"
        except ActionRefused as refused:
            outcome = "suppressed" if refused.problem == "suppressed" else "left"
    call.show({"address": mailbox.display, "outcome": outcome}, _OUTCOMES[outcome].format(mailbox.display))
    if outcome in ("left", "suppressed"):
        raise SystemExit(1)


_OUTCOMES = {
    "added": "{} is subscribed.",
    "already": "{} was subscribed already.",
    "left": "{} has unsubscribed and is not subscribed again by the operator.",
    "suppressed": "{} is suppressed (`syndicate subscribers show` says why).",
}


def _listed(
    call: Call, services: Services, newsletter: str | None, segment: str | None
) -> list[audience_store.Subscriber]:
    """Return all subscribers, or the subscribers of a newsletter that is declared or still has some.

    A segment has only readers: mailboxes with a confirmed subscription, to the newsletter if it is given.
    """
    clauses = services.segment_clauses(segment or "")
    members = segment_store.members(clauses, call.now, newsletter) if segment is not None else []
    with services.store.read() as connection:
        listed = audience_store.list_subscribers(connection, *members, newsletter=newsletter)
    if newsletter is not None and not listed:
        check_names((newsletter,), newsletter_names(services), "newsletter")
    return listed


@subscribers.command("list")
@timed_options
@only_newsletter_option
@segment_option
def list_(call: Call, newsletter: str | None, segment: str | None) -> None:
    """Show every subscriber and their subscriptions."""
    with call.services() as services:
        listed = _listed(call, services, newsletter, segment)
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

    answer = [
        dict(zip(headers, row, strict=True)) | attributes(subscriber, "language tags fields")
        for row, subscriber in zip(rows, listed, strict=True)
    ]
    call.show({"subscribers": answer}, text)


@subscribers.command()
@config_option
@now_option
@only_newsletter_option
@segment_option
@file_argument
def export(call: Call, newsletter: str | None, segment: str | None, file: Path) -> None:
    """Write subscribers to a CSV FILE. "-" means standard output.

    Spreadsheets do not run its values as formulas.
    """
    with call.services() as services:
        listed = _listed(call, services, newsletter, segment)
        with services.store.read() as connection:
            parts, rows = subscriber_csv(connection, listed)
    write_result(file, b"".join(parts))
    click.echo(f"{plural(rows, 'subscription')} written.", err=True)


@subscribers.command()
@tried_options
@click.argument("address")
def remove(call: Call, address: str) -> None:
    """End every subscription of an ADDRESS. Only the reader can subscribe again."""
    with call.services() as services:
        result = services.commands.subscribers.end_all(call.change, address)
    ended = (result.facts or {})["ended"]
    answer = {"address": address, "outcome": "unsubscribed", "ended": ended, "dry_run": call.dry_run}
    call.show(answer, f"{address} {'would be' if call.dry_run else 'is'} unsubscribed.")


@subscribers.command("show")
@common_options
@click.argument("address")
def show_(call: Call, address: str) -> None:
    """Show all data stored about an ADDRESS. Also shows the reason if it is suppressed."""
    data = _subscriber_data(call, address)
    call.show(data, lambda: _print_data(data))


@subscribers.command("new-feed")
@action_options
@click.argument("address")
def new_feed(call: Call, address: str) -> None:
    """Replace the private feed of an ADDRESS. The old feed URL stops working."""
    with call.services() as services:
        feeds = services.private_feeds
        if feeds is None:
            raise ConfigError("There are no private feeds while [web] listen is empty. Set it first.")
        result = services.commands.subscribers.new_feed(call.change, address, feeds.renew)
    feed = (result.facts or {})["feed"]
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
@tried_options
@click.argument("address")
def erase_(call: Call, address: str) -> None:
    """Erase all data stored about an ADDRESS.

    A keyed hash prevents a later import. Also deletes its mail in the outbox folder. Sent mail cannot be
    recalled.
    """
    with call.services() as services:
        result = services.commands.subscribers.erase(call.change, address)
    mails = (result.facts or {})["mails"]
    verb = "would be" if call.dry_run else "is"
    text = f"{address} {verb} erased, and {plural(mails, 'mail')} in the outbox."
    call.show({"address": address, "outcome": "erased", "mails": mails, "dry_run": call.dry_run}, text)


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
    spellings = (data["address"], data.get("address_key"))
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
        if value not in ("", None, {}) and key not in _INTERNAL
    ]


def _readable(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {text}" for name, text in value.items())
    try:
        is_time = isinstance(value, str) and value[10:11] == "T"
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M} UTC" if is_time else value
    except ValueError:
        return value
