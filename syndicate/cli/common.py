"""Options, services and output that several commands share."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from syndicate.files import write_atomic
from syndicate.services import Services, open_services
from syndicate.settings import Settings, load_settings
from syndicate.store import Connection

Command = Callable[..., Any]
# Width of a progress bar in characters.
_BAR = 30


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


def write_result(file: Path, data: bytes) -> None:
    """Write a file atomically, or to standard output for ``-``. Raises ``RenderError``."""
    # An atomic write would replace the device file.
    if str(file) in ("-", "/dev/stdout"):
        sys.stdout.buffer.write(data)
    else:
        write_atomic(file, data)


def show(result: Mapping[str, Any], as_json: bool, text: Callable[[], None]) -> None:
    """Print the result as one JSON object, or call ``text`` to print it as text."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=_plain))
    else:
        text()


def show_change(name: str, outcome: str, text: str, changed: bool, as_json: bool) -> None:
    """Print the new state of a named row; ``changed`` is false if it was in that state before."""
    answer = {"name": name, "outcome": outcome, "changed": changed}
    show(answer, as_json, lambda: click.echo(f"{name} {text}."))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


@contextmanager
def progress(label: str, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback ``(done, total)`` that draws a progress bar. It draws only on a terminal."""
    if as_json or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return

    def draw(done: int, total: int) -> None:
        bar = "#" * (_BAR * done // max(total, 1))
        click.echo(f"\r\033[K{label}  [{bar:-<{_BAR}}]  {done}/{total}", nl=False, err=True)

    click.echo(f"{label} …", nl=False, err=True)
    try:
        yield draw
    finally:
        clear_progress()


def clear_progress() -> None:
    """Erase the progress bar before a line is printed. The next step draws it again below."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print a plain table that fits the terminal, or 80 columns without a terminal.

    The widest columns shrink first. Cells of the last column wrap, other cells end in an ellipsis. ``right``
    holds the indexes of right-aligned columns.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(headers), *cells]) for column in range(len(headers))]
    room = shutil.get_terminal_size((80, 24)).columns - 2 * (len(headers) - 1)
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    for line in [list(headers), *cells]:
        # URLs stay on one line so that users can copy them.
        lines = wrap(line[-1], widths[-1], break_long_words=False, break_on_hyphens=False)
        first, *more = lines or [""]
        for shown in [[*line[:-1], first], *([""] * len(line[:-1]) + [rest] for rest in more)]:
            fitted = [_fit(cell, widths[column], column in right) for column, cell in enumerate(shown[:-1])]
            last = shown[-1].rjust(widths[-1]) if len(widths) - 1 in right else shown[-1]
            click.echo("  ".join([*fitted, last]).rstrip())


def _fit(text: str, width: int, right: bool) -> str:
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return cut.rjust(width) if right else cut.ljust(width)
