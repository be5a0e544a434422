"""Commands for bounces, for an operator and for the mail server's pipe."""

import sys
from datetime import datetime
from pathlib import Path

import click

from syndicate.cli.common import moment, plural, services_of, show, timed_options
from syndicate.delivery.bounce_parser import MAX_MESSAGE_BYTES
from syndicate.errors import ConfigError


@click.group()
def bounces() -> None:
    """Read bounces, complaints and mails to unsubscribe."""


@bounces.command()
@timed_options
def read(config: Path, as_json: bool, now: datetime | None) -> None:
    """Read one message from standard input. A mail server's pipe gives it."""
    data = sys.stdin.buffer.read(MAX_MESSAGE_BYTES)
    with services_of(config, now) as (_, services):
        outcome = services.bounces.handle(data, moment(now))
    show({"outcome": outcome}, as_json, lambda: click.echo(outcome))


@bounces.command()
@timed_options
def collect(config: Path, as_json: bool, now: datetime | None) -> None:
    """Read what waits in the mailboxes that [bounces] names."""
    with services_of(config, now) as (settings, services):
        if not settings.bounces.maildir and not settings.bounces.host:
            raise ConfigError("[bounces] names no mailbox: set maildir or host")
        counts = services.bounces.run(moment(now))
    found = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    total = plural(sum(counts.values()), "message")
    show({"read": counts}, as_json, lambda: click.echo(f"{total}: {found}." if counts else f"{total}."))
