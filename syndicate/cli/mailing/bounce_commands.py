"""Commands that read bounces, for operators and for the mail server's pipe."""

import sys

import click

from syndicate.cli.options import Call, timed_options
from syndicate.delivery.bounce_parser import MAX_MESSAGE_BYTES
from syndicate.errors import ConfigError
from syndicate.text.phrases import listed_counts, plural


@click.group()
def bounces() -> None:
    """Read bounces, complaints and unsubscribe mails."""


@bounces.command()
@timed_options
def read(call: Call) -> None:
    """Read a message from standard input. A mail server's pipe calls it."""
    data = sys.stdin.buffer.read(MAX_MESSAGE_BYTES)
    with call.services() as services:
        outcome = services.bounces.handle(data, call.now)
    call.show({"outcome": outcome}, outcome)


@bounces.command()
@timed_options
def collect(call: Call) -> None:
    """Read the messages in the mailboxes of [bounces]."""
    with call.services() as services:
        bounces = services.settings.bounces
        if not bounces.maildir and not bounces.host:
            raise ConfigError("[bounces] names no mailbox. Set maildir or host.")
        counts = services.bounces.run(call.now)
    outcomes = listed_counts(dict(sorted(counts.items())))
    total = plural(sum(counts.values()), "message")
    call.show({"read": counts}, f"{total}: {outcomes}." if counts else f"{total}.")
