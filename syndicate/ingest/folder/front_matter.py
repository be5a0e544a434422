"""Parse the front matter of a Markdown file: a subset of YAML between ``---``, or TOML between ``+++``.

Supported YAML: ``key: value`` with a bare or quoted value, ``[a, b]``, lists of ``- item`` lines, ``>`` and
``|`` blocks, and comments. Values are strings, dates too. Not supported: anchors, tags, several documents,
nested mappings (``- name: Ada`` in a list counts as ``Ada``).
"""

import re
import tomllib
from collections.abc import Iterator

from syndicate.errors import ParseError

MAX_FRONT_MATTER_CHARACTERS = 20_000
"""Real files have some hundred; a TOML key of 100 000 parts takes gigabytes of memory."""

FrontMatter = dict[str, list[str]]
"""Values by key in lower case with ``_`` for spaces and hyphens; a single value is a list of length 1."""

_BLOCK = re.compile(
    r"(?P<fence>---|\+\+\+)[ \t]*\n(?P<head>.*?)^(?:(?P=fence)|\.\.\.)[ \t]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PAIR = re.compile(r"(?P<key>[^\W\d][\w -]*?)\s*:(?:\s+(?P<value>.*))?")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ITEM = re.compile(r"\s*-(?:\s+(?P<value>.*))?")
_QUOTED = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?""")
_LIST_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]*)\s*(?:,|\Z)""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Split a Markdown file into its front matter and its text.

    A file that does not start with a closed block has no front matter. Raises ``ParseError``, with the line,
    for a block that is too long or neither YAML nor TOML.
    """
    match = _BLOCK.match(text)
    if match is None:
        return {}, text
    if len(match["head"]) > MAX_FRONT_MATTER_CHARACTERS:
        raise ParseError(f"its front matter has more than {MAX_FRONT_MATTER_CHARACTERS:,} characters")
    values = _toml(match["head"]) if match["fence"] == "+++" else _yaml(match["head"])
    return values, text[match.end() :]


def _toml(head: str) -> FrontMatter:
    try:
        table = tomllib.loads(head)
    except (ValueError, RecursionError) as error:
        # ``tomllib`` raises a plain ValueError for numbers of more than 4 300 digits.
        raise ParseError(f"the TOML front matter is wrong: {error}") from error
    return {
        _key(name): [str(part) for part in (value if isinstance(value, list) else [value])]
        for name, value in table.items()
        if not isinstance(value, dict)
    }


def _yaml(head: str) -> FrontMatter:
    values: FrontMatter = {}
    current: list[str] = []
    lines = iter(list(enumerate(head.split("\n"), start=2)))
    pending: tuple[int, str] | None = None
    while (numbered := pending or next(lines, None)) is not None:
        pending = None
        number, line = numbered
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if item := _ITEM.fullmatch(line):
            text = _scalar(item["value"] or "")
            current.append(_scalar(text[5:].strip()) if text.lower().startswith("name:") else text)
        elif line[0] in " \t":
            continue  # inside a nested mapping
        elif pair := _PAIR.fullmatch(line):
            current = values.setdefault(_key(pair["key"]), [])
            value = (pair["value"] or "").strip()
            if value[:1] in (">", "|"):
                block, pending = _indented(lines)
                current.append((" " if value[0] == ">" else "\n").join(block).strip())
            else:
                current += _values(value)
        else:
            raise ParseError(f"front matter line {number} is not 'key: value'")
    return values


def _indented(lines: Iterator[tuple[int, str]]) -> tuple[list[str], tuple[int, str] | None]:
    block: list[str] = []
    for number, line in lines:
        if line.strip() and line[0] not in " \t":
            return block, (number, line)
        block.append(line.strip())
    return block, None


def _values(text: str) -> list[str]:
    if text.startswith("[") and text.endswith("]"):
        parts = (_scalar(part) for part in _LIST_PART.findall(text[1:-1]))
        return [part for part in parts if part]
    value = _scalar(text)
    return [value] if value else []


def _scalar(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return _COMMENT.sub("", text).strip()
    if quoted[1] is not None:
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), quoted[1])
    return quoted[2].replace("''", "'")


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())
