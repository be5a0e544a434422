"""Sentences that fit the terminal they are read on."""

import shutil
import sys
from textwrap import wrap

import click


def say(text: str, *, err: bool = False) -> None:
    """Print sentences: wrapped between words on a terminal, line for line as they are anywhere else.

    What goes on in another line is indented. Addresses and paths are never broken: they can be copied.
    """
    if (sys.stderr if err else sys.stdout).isatty():
        room = max(20, shutil.get_terminal_size((80, 24)).columns)
        text = "\n".join(_wrapped(line, room) for line in text.splitlines())
    click.echo(text, err=err)


def _wrapped(line: str, room: int) -> str:
    lead = line[: len(line) - len(line.lstrip())]
    lines = wrap(line, room, subsequent_indent=lead + "  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
