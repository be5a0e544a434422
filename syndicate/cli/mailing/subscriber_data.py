"""Text form of the data stored about a subscriber."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from syndicate.cli.output import say

# Internal columns; --json shows them too.
_INTERNAL = {"address_key", "address_fold", "requires", "despite_pause"}


def print_subscriber_data(data: Mapping[str, Any]) -> None:
    """Print the data that ``export_subscriber_data`` returns."""
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
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M} UTC" if _is_time(value) else value
    except ValueError:
        return value


def _is_time(value: object) -> bool:
    return isinstance(value, str) and value[10:11] == "T"
