"""Common parts of commands: options, the services, and the output of results."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.files import write_atomic
from syndicate.services import Services, open_services
from syndicate.settings import Settings, load_settings
from syndicate.store import Connection

Command = Callable[..., Any]
# Characters of a progress bar.
_BAR = 30


class IsoTime(click.ParamType[datetime]):
    """An ISO 8601 time; without an offset it is UTC."""

    name = "iso time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ``2026-11-24T09:00`` and the like."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an ISO time such as 2026-11-24T09:00:00+00:00", param, ctx)
        if not 1970 <= moment.year < 3000:
            self.fail(f"{value!r} is not a time between 1970 and 2999", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


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
    """Add the options that nearly every command has: the configuration file, and JSON as output."""
    return config_option(json_option(command))


def timed_options(command: Command) -> Command:
    """Add the common options and the time to work with."""
    return common_options(now_option(command))


def moment(now: datetime | None) -> datetime:
    """The time a command works with: as asked, else the clock's."""
    return now or datetime.now(UTC)


def local(at: datetime, zone: ZoneInfo) -> str:
    """A moment on the clock of an operator or a newsletter: ``Fri 27 Nov 07:00 CET``."""
    return f"{at.astimezone(zone):%a %d %b %H:%M %Z}"


@contextmanager
def services_of(config: Path, now: datetime | None = None) -> Iterator[tuple[Settings, Services]]:
    """Load the configuration and open what it names, as of ``now``; everything is closed at the end."""
    settings = load_settings(config)
    with open_services(settings, now=now) as services:
        yield settings, services


def changing(services: Services, dry_run: bool) -> AbstractContextManager[Connection]:
    """A transaction that is committed at its end, or undone when nothing may be changed."""
    return services.store.dry_run() if dry_run else services.store.write()


def write_result(file: Path, data: bytes) -> None:
    """Write the named file, whole or not at all; ``-`` is standard output. Raises ``RenderError``."""
    # Replacing /dev/stdout would be the end of it for everybody.
    if str(file) in ("-", "/dev/stdout"):
        sys.stdout.buffer.write(data)
    else:
        write_atomic(file, data)


def show(result: Mapping[str, Any], as_json: bool, text: Callable[[], None]) -> None:
    """Print the result as one JSON object, or let ``text`` print it for people."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=_plain))
    else:
        text()


def say_done(name: str, outcome: str, text: str, changed: bool, as_json: bool) -> None:
    """Tell how something named stands now; ``changed`` is false when it stood so already."""
    answer = {"name": name, "outcome": outcome, "changed": changed}
    show(answer, as_json, lambda: click.echo(f"{name} {text}."))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


@contextmanager
def progress(label: str, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """A callback ``(done, all)`` that draws a bar on a terminal and nothing anywhere else."""
    if as_json or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return

    def draw(done: int, everything: int) -> None:
        bar = "#" * (_BAR * done // max(everything, 1))
        click.echo(f"\r\033[K{label}  [{bar:-<{_BAR}}]  {done}/{everything}", nl=False, err=True)

    click.echo(f"{label} …", nl=False, err=True)
    try:
        yield draw
    finally:
        wipe_bar()


def wipe_bar() -> None:
    """Take a bar off the terminal, to print a line in its place; the next step draws it again below."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print a plain table that fits the terminal (80 columns when there is none).

    The widest text column gives way first: the last, which holds reasons, is wrapped; the others end in an
    ellipsis. ``right`` are columns of numbers.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(headers), *cells]) for column in range(len(headers))]
    room = shutil.get_terminal_size((80, 24)).columns - 2 * (len(headers) - 1)
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    for line in [list(headers), *cells]:
        # Addresses are not broken: the terminal does it, and they can be copied.
        lines = wrap(line[-1], widths[-1], break_long_words=False, break_on_hyphens=False)
        first, *more = lines or [""]
        for shown in [[*line[:-1], first], *([""] * len(line[:-1]) + [rest] for rest in more)]:
            fitted = [_fit(cell, widths[column], column in right) for column, cell in enumerate(shown[:-1])]
            last = shown[-1].rjust(widths[-1]) if len(widths) - 1 in right else shown[-1]
            click.echo("  ".join([*fitted, last]).rstrip())


def _fit(text: str, width: int, right: bool) -> str:
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return cut.rjust(width) if right else cut.ljust(width)


def plural(count: int, noun: str) -> str:
    """``1 source``, ``2 sources``, ``2 stories``."""
    if count == 1:
        return f"{count} {noun}"
    return f"{count} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count} {noun}s"


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago, or how soon, in one short word: ``5 min ago``, ``in 2 h``."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            number = f"{abs(seconds) / size:.0f} {unit}"
            return f"{number} ago" if seconds >= 0 else f"in {number}"
    return "now"
