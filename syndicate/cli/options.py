"""Options that several commands share, and the services that they name."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from syndicate.services import Services, open_services
from syndicate.settings import Settings, load_settings
from syndicate.store import Connection

Command = Callable[..., Any]


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


config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
now_option = click.option("--now", type=IsoTime(), default=None, help="Pretend it is this ISO time.")
file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")


def common_options(command: Command) -> Command:
    """Add the options ``--config`` and ``--json``."""
    return config_option(json_option(command))


def timed_options(command: Command) -> Command:
    """Add the common options and ``--now``."""
    return common_options(now_option(command))


def current_time(now: datetime | None) -> datetime:
    """Return ``now``, or the clock's time when the user gave none."""
    return now or datetime.now(UTC)


@contextmanager
def services_of(config: Path, now: datetime | None = None) -> Iterator[tuple[Settings, Services]]:
    """Load the configuration, open the services as of ``now``, and close them at the end."""
    settings = load_settings(config)
    with open_services(settings, now=now) as services:
        yield settings, services


def write_or_dry_run(services: Services, dry_run: bool) -> AbstractContextManager[Connection]:
    """Open a write transaction. A dry run rolls it back at the end."""
    return services.store.dry_run() if dry_run else services.store.write()
