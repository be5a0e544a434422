"""Data held about one subscriber, as text for people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from syndicate.cli.wrapping import say

# Kept for the sake of the program; --json has them too.
_FOR_THE_PROGRAM = {"address_key", "address_fold", "requires", "despite_pause"}


def print_person(person: Mapping[str, Any]) -> None:
    """Print all that is held about one mailbox, as ``export_subscriber_data`` found it."""
    parts = {name: value for name, value in person.items() if isinstance(value, list)}
    for line in _facts({name: value for name, value in person.items() if name not in parts}):
        say(line)
    spellings = {person["address"], person.get("address_key")}
    for name, rows in parts.items():
        if rows:
            click.echo(f"\n{name}")
        for row in rows:
            said = {key: value for key, value in row.items() if value not in spellings}
            say(f"  - {'; '.join(_facts(said))}")


def _facts(row: Mapping[str, Any]) -> list[str]:
    return [
        f"{key.replace('_', ' ')}: {_readable(value)}"
        for key, value in row.items()
        if value not in ("", None) and key not in _FOR_THE_PROGRAM
    ]


def _readable(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M} UTC" if _is_moment(value) else value
    except ValueError:
        return value


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and value[10:11] == "T"
