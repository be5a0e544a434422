"""Subscribers by command line and CSV. The operator answers for the consent behind each of them."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from syndicate.audience.import_export import (
    ExportedRow,
    ImportedRow,
    ImportOutcome,
    export_subscribers,
    import_subscribers,
)
from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import newsletter_named
from syndicate.cli.common import (
    changing,
    common_options,
    config_option,
    dry_run_option,
    file_argument,
    moment,
    plural,
    services_of,
    show,
    table,
    timed_options,
    write_result,
)
from syndicate.cli.mailing.subscriber_data import print_person
from syndicate.cli.mailing.suppression_commands import allow, export_gone, import_gone
from syndicate.delivery.folder_sender import mails_to
from syndicate.errors import ConfigError, InvalidAddress, SyndicateError
from syndicate.store import Connection
from syndicate.store.mail import audience_store, subscriber_export


@click.group()
def subscribers() -> None:
    """Add, import, list, show, export, erase, remove and allow subscribers."""


for _command in (allow, export_gone, import_gone):
    subscribers.add_command(_command)

newsletter_option = click.option(
    "--newsletter", default=None, help="The newsletter; needed when there are several."
)
agreed_option = click.option(
    "--agreed", default="", metavar="TEXT", help="The words they agreed to, for the record of consent."
)


@subscribers.command()
@timed_options
@newsletter_option
@agreed_option
@click.option("--name", default="", help="The person's name.")
@click.option("--language", default="", help="The person's language, such as en.")
@click.argument("address")
def add(
    config: Path,
    as_json: bool,
    now: datetime | None,
    newsletter: str | None,
    agreed: str,
    name: str,
    language: str,
    address: str,
) -> None:
    """Subscribe one ADDRESS that has agreed to it."""
    wanted = normalise_address(address)
    with services_of(config, now) as (_, services), services.store.write() as connection:
        outcome = audience_store.add_subscription(
            connection,
            address=wanted.display,
            address_key=wanted.key,
            name=name,
            language=language,
            newsletter=newsletter_named(services, newsletter, told_by="--newsletter").name,
            evidence="added by the operator on the command line",
            agreed=agreed,
            now=moment(now),
        )
    show(
        {"address": wanted.display, "outcome": outcome},
        as_json,
        lambda: click.echo(_SAID[outcome].format(wanted.display)),
    )
    if outcome in ("left", "suppressed"):
        raise SystemExit(1)


_SAID = {
    "added": "{} is subscribed.",
    "already": "{} was subscribed already.",
    "left": "{} has unsubscribed and is not subscribed again by the operator.",
    "suppressed": "{} must not be written to (`syndicate subscribers show` says why).",
}

_REASONS = {"left": "has unsubscribed", "suppressed": "must not be written to"}


@subscribers.command("import")
@timed_options
@newsletter_option
@agreed_option
@dry_run_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(
    config: Path,
    as_json: bool,
    now: datetime | None,
    newsletter: str | None,
    agreed: str,
    dry_run: bool,
    file: Path,
) -> None:
    """Subscribe every address of a CSV FILE. Reports by row.

    A reader who has unsubscribed is not subscribed again. All rows are one transaction.
    """
    rows = import_subscribers(file.read_bytes())
    with services_of(config, now) as (_, services):
        name = newsletter_named(services, newsletter, told_by="--newsletter").name
        with changing(services, dry_run) as connection:
            report = [_import_row(connection, row, name, (file.name, agreed), moment(now)) for row in rows]
    counts = Counter(entry["outcome"] for entry in report)

    def text() -> None:
        odd = [entry for entry in report if entry["outcome"] != "added"]
        if odd:
            table(
                ("line", "address", "outcome", "reason"), [tuple(entry.values()) for entry in odd], right=(0,)
            )
        click.echo(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "No rows.")

    show({"counts": counts, "rows": report, "dry_run": dry_run}, as_json, text)
    if counts[ImportOutcome.INVALID.value]:
        raise SystemExit(1)


def _import_row(
    connection: Connection, row: ImportedRow, newsletter: str, proof: tuple[str, str], now: datetime
) -> dict[str, Any]:
    """Return what became of one row; ``proof`` is the name of its file and the text agreed to."""
    file, agreed = proof
    outcome, reason = row.outcome.value, row.reason
    if row.outcome is ImportOutcome.ADDED and row.address:
        outcome = audience_store.add_subscription(
            connection,
            address=row.address.display,
            address_key=row.address.key,
            name=row.name,
            language=row.language,
            newsletter=newsletter,
            evidence=f"imported from {file}, line {row.line}",
            agreed=agreed,
            now=now,
        )
        reason = _REASONS.get(outcome, "")
    return {"line": row.line, "address": row.text, "outcome": outcome, "reason": reason}


@subscribers.command("list")
@common_options
@newsletter_option
def list_(config: Path, as_json: bool, newsletter: str | None) -> None:
    """Show every subscriber and what they are subscribed to."""
    with services_of(config) as (_, services), services.store.read() as connection:
        people = audience_store.list_subscribers(connection, newsletter=newsletter)
    rows = [(person.address, person.name, _states(person)) for person in people]

    def text() -> None:
        if rows:
            table(("address", "name", "subscriptions"), rows)
        click.echo(plural(len(rows), "subscriber") + ".")

    show(
        {"subscribers": [dict(zip(("address", "name", "subscriptions"), row, strict=True)) for row in rows]},
        as_json,
        text,
    )


@subscribers.command()
@config_option
@newsletter_option
@file_argument
def export(config: Path, newsletter: str | None, file: Path) -> None:
    """Write subscribers to a CSV FILE. Spreadsheets open it safely; "-" means standard output."""
    with services_of(config) as (_, services), services.store.read() as connection:
        people = audience_store.list_subscribers(connection, newsletter=newsletter)
    rows = [
        ExportedRow(
            email=person.address,
            name=person.name,
            language=person.language,
            newsletter=name,
            state=state.value,
        )
        for person in people
        for name, state in person.subscriptions.items()
    ]
    write_result(file, export_subscribers(rows))
    click.echo(f"{plural(len(rows), 'subscription')} written.", err=True)


@subscribers.command()
@timed_options
@dry_run_option
@click.argument("address")
def remove(config: Path, as_json: bool, now: datetime | None, dry_run: bool, address: str) -> None:
    """End every subscription of an ADDRESS. Only the person can subscribe again: there is no way back."""
    key = normalise_address(address).key
    with services_of(config, now) as (_, services), changing(services, dry_run) as connection:
        ended = audience_store.end_all_subscriptions(
            connection, key, detail="removed by the operator", now=moment(now)
        )
        if ended is None:
            raise SyndicateError(f"{address} is not a subscriber; `syndicate subscribers list` shows who is")
    answer = {"address": address, "outcome": "unsubscribed", "ended": ended, "dry_run": dry_run}
    text = f"{address} {'would be' if dry_run else 'is'} unsubscribed."
    show(answer, as_json, lambda: click.echo(text))


@subscribers.command("show")
@common_options
@click.argument("address")
def show_(config: Path, as_json: bool, address: str) -> None:
    """Show all that is held about one ADDRESS. Also why it is suppressed, if it is."""
    person = _person(config, address)

    show(person, as_json, lambda: print_person(person))


@subscribers.command("new-feed")
@common_options
@click.argument("address")
def new_feed(config: Path, as_json: bool, address: str) -> None:
    """Give an ADDRESS another private feed.

    The old address of the feed shows nothing more.
    """
    key = normalise_address(address).key
    with services_of(config) as (_, services):
        if services.private_feeds is None:
            raise ConfigError("there are no private feeds while [web] listen is empty")
        feed = services.private_feeds.renew(key)
    if not feed:
        raise SyndicateError(f"{address} is not subscribed, so there is no feed")
    show({"address": address, "feed": feed}, as_json, lambda: click.echo(feed))


@subscribers.command("export-person")
@config_option
@click.argument("address")
@file_argument
def export_person(config: Path, address: str, file: Path) -> None:
    """Write all that is held about one ADDRESS to a JSON FILE.

    "-" means standard output. Hand it to its owner only by mail to that address: it proves whose it is.
    """
    person = _person(config, address)
    write_result(file, (json.dumps(person, ensure_ascii=False, indent=2, default=str) + "\n").encode())
    click.echo(f"Everything about {address} is written.", err=True)


@subscribers.command("erase")
@timed_options
@dry_run_option
@click.argument("address")
def erase_(config: Path, as_json: bool, now: datetime | None, dry_run: bool, address: str) -> None:
    """Erase all that is held about one ADDRESS. A keyed hash keeps it from being imported again.

    Files of mail to it in the outbox folder go as well. What was sent is not ours to take back.
    """
    key = normalise_address(address).key
    with services_of(config, now) as (settings, services):
        with changing(services, dry_run) as connection:
            audience_store.end_all_subscriptions(connection, key, detail="", now=moment(now))
            known = audience_store.erase_subscriber(connection, key, moment(now))
        # Afterwards: nothing more is written to somebody who is gone.
        files = mails_to(settings.path(settings.mail.folder), lambda text: _is_mailbox(text, key))
    if not known and not files:
        raise SyndicateError(f"nothing is known about {address}")
    for file in files if not dry_run else ():
        file.unlink(missing_ok=True)
    text = (
        f"{address} {'would be' if dry_run else 'is'} erased, and {plural(len(files), 'mail')} in the outbox."
    )
    answer = {"address": address, "outcome": "erased", "mails": len(files), "dry_run": dry_run}
    show(answer, as_json, lambda: click.echo(text))


def _is_mailbox(address: str, key: str) -> bool:
    try:
        return normalise_address(address).key == key
    except InvalidAddress:
        return False


def _person(config: Path, address: str) -> dict[str, Any]:
    key = normalise_address(address).key
    with services_of(config) as (_, services):
        with services.store.read() as connection:
            person = subscriber_export.export_subscriber_data(connection, key)
        feeds = services.private_feeds
        feed = feeds.url_of(key) if feeds else ""
    if person is None:
        raise SyndicateError(f"nothing is known about {address}")
    return {"feed": feed} | person


def _states(one: audience_store.Subscriber) -> str:
    return ", ".join(f"{name}: {state.value}" for name, state in sorted(one.subscriptions.items()))
