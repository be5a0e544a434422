"""Output of commands: JSON or text, tables, progress bars and files."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from syndicate.files import write_atomic

# Width of a progress bar in characters.
_BAR = 30


def write_result(file: Path, data: bytes) -> None:
    """Write a file atomically, or to standard output for ``-``. Raises ``RenderError``."""
    # An atomic write would replace the device file.
    if str(file) in ("-", "/dev/stdout"):
        sys.stdout.buffer.write(data)
    else:
        write_atomic(file, data)


def show(answer: Mapping[str, Any], as_json: bool, text: str | Callable[[], None]) -> None:
    """Print the answer as a JSON object, or as ``text``: a line, or a function that prints it."""
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain))
    elif isinstance(text, str):
        click.echo(text)
    else:
        text()


def attributes(value: object, names: str) -> dict[str, Any]:
    """Return attributes as the JSON form of a value: ``attributes(row, "id name size=file.size")``."""
    paths = [name.partition("=") for name in names.split()]
    return {name: attrgetter(path or name)(value) for name, _, path in paths}


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


def say(text: str, *, err: bool = False) -> None:
    """Print sentences, wrapped between words on a terminal and unwrapped elsewhere.

    Continuation lines are indented. URLs and paths stay whole so that users can copy them.
    """
    if (sys.stderr if err else sys.stdout).isatty():
        width = max(20, shutil.get_terminal_size((80, 24)).columns)
        text = "\n".join(_wrapped(line, width) for line in text.splitlines())
    click.echo(text, err=err)


def _wrapped(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    lines = wrap(line, width, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
