"""Parse ``Link`` header fields (RFC 8288)."""

import re
from collections.abc import Iterable, Iterator
from html import unescape

_MAX_CHARACTERS = 16_000
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>;,]+))")


def parse_link_fields(fields: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the target and the parameters of each link in the header fields."""
    for target, parameters in _LINK.findall(", ".join(fields)[:_MAX_CHARACTERS]):
        values: dict[str, str] = {}
        for name, double, single, bare in _PARAMETER.findall(parameters):
            values.setdefault(name.lower(), unescape(double or single or bare))
        yield target.strip(), values
