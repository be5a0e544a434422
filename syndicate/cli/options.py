"""Options that several commands share, and the services that they name."""

import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from syndicate.cli.output import show, table
from syndicate.model.actors import Change, command_actor
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.text.plain import clean_line

Command = Callable[..., Any]
_MAX_NAME_LENGTH = 100


class IsoTime(click.ParamType[datetime]):
    """Parameter type for an ISO 8601 time. A time without an offset is UTC."""

    name = "iso time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse a time such as ``2026-11-24T09:00``."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an ISO time such as 2026-11-24T09:00:00+00:00", param, ctx)
        if not 1970 <= at.year < 3000:
            self.fail(f"{value!r} is not a time between 1970 and 2999", param, ctx)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


_config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The configuration file.",
)
log_option = click.option(
    "--log",
    "log_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of the log.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
now_option = click.option("--now", type=IsoTime(), help="Pretend it is this ISO time.")
by_option = click.option(
    "--by",
    default="",
    help="Who asks, for the audit log  [default: the system's user].",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a command: the values of the options that most commands share."""

    config: Path
    as_json: bool = False
    given_now: datetime | None = None
    by: str = ""
    dry_run: bool = False

    @property
    def change(self) -> Change:
        """Change that the command asks for, by ``--by`` or the user of the operating system."""
        name = clean_line(self.by, _MAX_NAME_LENGTH) or _system_user()
        return Change(actor=command_actor(name), now=self.now, dry_run=self.dry_run)

    @property
    def now(self) -> datetime:
        """Time that the user gave, or the clock's time."""
        return self.given_now or datetime.now(UTC)

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Load the configuration, open its services, and close them at the end."""
        with open_services(load_settings(self.config), now=self.given_now) as services:
            yield services

    def show(self, answer: Mapping[str, Any], text: str | Callable[[], None]) -> None:
        """Print the answer as a JSON object, or as ``text``."""
        show(answer, self.as_json, text)

    def show_table(
        self,
        key: str,
        columns: Sequence[str],
        values: Sequence[Mapping[str, Any]],
        empty: str,
        *,
        right: Sequence[int] = (),
    ) -> None:
        """Print values as a JSON list, or their ``columns`` as a table; without values print ``empty``."""
        rows = [[_cell(value[name]) for name in columns] for value in values]
        self.show({key: values}, (lambda: table(columns, rows, right=right)) if rows else empty)

    def show_change(self, name: str, outcome: str, text: str, changed: bool) -> None:
        """Print the new state of a named row; ``changed`` is false if it was in that state before."""
        self.show({"name": name, "outcome": outcome, "changed": changed}, f"{name} {text}.")


def _cell(value: object) -> object:
    """Return a value as a table shows it: a time in minutes of UTC, ``None`` as an empty cell."""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else "" if value is None else value


def config_option(command: Command) -> Command:
    """Add ``--config``; the command gets a ``Call`` as its first argument."""

    @_config_option
    @wraps(command)
    def called(*, config: Path, as_json: bool = False, now: datetime | None = None, **given: Any) -> Any:
        return command(Call(config, as_json, now), **given)

    return called


def common_options(command: Command) -> Command:
    """Add ``--config`` and ``--json``; the command gets a ``Call`` as its first argument."""
    return config_option(json_option(command))


def timed_options(command: Command) -> Command:
    """Add ``--config``, ``--json`` and ``--now``; the command gets a ``Call`` as its first argument."""
    return common_options(now_option(command))


def action_options(command: Command) -> Command:
    """Add ``--config``, ``--json``, ``--now`` and ``--by``, for commands that the audit log records."""

    @by_option
    @wraps(command)
    def called(call: Call, *, by: str, **given: Any) -> Any:
        return command(replace(call, by=by), **given)

    return timed_options(called)


def tried_options(command: Command) -> Command:
    """Add the options of ``action_options`` and ``--dry-run``, for actions that can be rolled back."""

    @dry_run_option
    @wraps(command)
    def called(call: Call, *, dry_run: bool, **given: Any) -> Any:
        return command(replace(call, dry_run=dry_run), **given)

    return action_options(called)


def add_command(
    group: click.Group,
    name: str,
    text: str,
    run: Command,
    *parameters: Callable[[Command], Command],
    options: Callable[[Command], Command] = action_options,
) -> None:
    """Add a command that calls ``run`` with a ``Call`` and its parameters; ``text`` is its help."""
    for parameter in reversed(parameters):
        run = parameter(run)
    group.command(name, help=text)(options(run))


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
