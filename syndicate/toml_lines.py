"""Line numbers of keys in a TOML text, for error messages.

``tomllib`` does not report positions. This module finds table headers and keys at the beginning of lines.
"""

import re
import tomllib
from pathlib import Path as File

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\-\"' ]+?)\s*\]\]?")
_KEY = re.compile(r"^\s*([\w\-\"']+)\s*(?:=|\.)")

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int | None:
    """Return the line (from 1) of the longest prefix of ``path`` in the text, or ``None``.

    ``path`` is a key path with the indexes of array tables: ``("sources", 1, "url")``.
    """
    lines = lines_of_paths(text)
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def declared_places(file: File, table: str) -> dict[str, str]:
    """Return the file and line of each declaration in an array of tables by its name."""
    try:
        text = file.read_text("utf-8")
        declared = tomllib.loads(text).get(table, ())
    except (OSError, ValueError):
        return {}
    lines = lines_of_paths(text)
    return {
        str(values.get("name")): f"{file.name}, line {lines.get((table, number), 1)}"
        for number, values in enumerate(declared)
    }


def lines_of_paths(text: str) -> dict[Path, int]:
    """Return the line (from 1) of each table and key by its path."""
    lines: dict[Path, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].strip("\"' ")
            table = (name,)
            if header[1] == "[[":
                table = (name, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            lines.setdefault((name,), number)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1].strip("\"'")), number)
    return lines
