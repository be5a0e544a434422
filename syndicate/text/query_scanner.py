"""Scanner of the query languages: clauses separated by spaces, with values such as ``a,"b c"``."""

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from syndicate.errors import ConfigError

T = TypeVar("T")
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_BARE = re.compile(r'[^\s,:"]+')
_UNUSABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def read_clauses(text: str, read_clause: Callable[[str, int], tuple[T, int]]) -> tuple[T, ...]:
    """Parse a query; ``read_clause`` returns the clause at a position, and its end.

    Raises ``ConfigError`` with the position, counted from 1, and a remedy.
    """
    unusable = _UNUSABLE.search(text)
    if unusable:
        refuse(text, unusable.start(), "this character cannot be part of a query", "remove it")
    clauses: list[T] = []
    position = _skip_space(text, 0)
    while position < len(text):
        clause, position = read_clause(text, position)
        clauses.append(clause)
        after = _skip_space(text, position)
        if after == position < len(text):
            refuse(text, position, f"{text[position]!r} is not expected here", "separate clauses by a space")
        position = after
    return tuple(clauses)


def read_values(text: str, position: int) -> tuple[tuple[str, ...], int, bool]:
    """Read ``a,"b c",d``; return the values, the end, and whether any value was quoted."""
    values: dict[str, None] = {}
    quoted = False
    while True:
        match = _QUOTED.match(text, position) or _BARE.match(text, position)
        if match is None:
            _refuse_value(text, position)
        is_quoted = match.re is _QUOTED
        value = " ".join(re.sub(r'\\(["\\])', r"\1", match[1]).split()) if is_quoted else match[0]
        if not value:
            refuse(
                text, position, "there is nothing between the quotation marks", "write a value or remove them"
            )
        values[value] = None
        quoted = quoted or is_quoted
        position = match.end()
        if not text.startswith(",", position):
            return tuple(values), position, quoted
        position += 1


def write_value(value: str) -> str:
    """Return a value as a query has it: between quotation marks if it needs them."""
    if _BARE.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def refuse(text: str, position: int, problem: str, remedy: str) -> NoReturn:
    """Raise ``ConfigError`` for the clause at a position."""
    shown = text if len(text) <= 120 else text[:119] + "…"
    raise ConfigError(f"query {shown!r}, position {position + 1}: {problem}; {remedy}")


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _refuse_value(text: str, position: int) -> NoReturn:
    if text.startswith('"', position):
        refuse(
            text, position, "this quotation mark is never closed", 'close it, or write \\" for the character'
        )
    refuse(
        text, position, "a value is missing", "write it right here, without a space before or after commas"
    )
