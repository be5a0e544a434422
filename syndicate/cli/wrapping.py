"""Output of sentences, wrapped to the terminal."""

import shutil
import sys
from textwrap import wrap

import click


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
