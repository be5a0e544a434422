"""Commands that read bounces, for operators and for the mail server's pipe."""

import sys
from datetime import datetime
from pathlib import Path

import click

from syndicate.cli.options import current_time, services_of, timed_options
from syndicate.cli.output import show
from syndicate.delivery.bounce_parser import MAX_MESSAGE_BYTES
from syndicate.errors import ConfigError
from syndicate.reports.phrases import listed_counts, plural


@click.group()
def bounces() -> None:
    """Read bounces, complaints and unsubscribe mails."""


@bounces.command()
@timed_options
def read(config: Path, as_json: bool, now: datetime | None) -> None:
    """Read a message from standard input. A mail server's pipe calls it."""
    data = sys.stdin.buffer.read(MAX_MESSAGE_BYTES)
    with services_of(config, now) as (_, services):
        outcome = services.bounces.handle(data, current_time(now))
    show({"outcome": outcome}, as_json, lambda: click.echo(outcome))


@bounces.command()
@timed_options
def collect(config: Path, as_json: bool, now: datetime | None) -> None:
    """Read the messages in the mailboxes of [bounces]."""
    with services_of(config, now) as (settings, services):
        if not settings.bounces.maildir and not settings.bounces.host:
            raise ConfigError("[bounces] names no mailbox. Set maildir or host.")
        counts = services.bounces.run(current_time(now))
    outcomes = listed_counts(dict(sorted(counts.items())))
    total = plural(sum(counts.values()), "message")
    show({"read": counts}, as_json, lambda: click.echo(f"{total}: {outcomes}." if counts else f"{total}."))
