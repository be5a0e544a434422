"""Settings of a source from the attributes that FreshRSS adds to OPML (``frss:…``). Pure."""

import re
from collections.abc import Mapping
from typing import Any

from syndicate.errors import ConfigError
from syndicate.ingest.page.xpath_to_css import xpath_to_css
from syndicate.model import FullText, Selectors, SourceKind

_FIELDS = {
    "link": "Uri", "title": "Title", "date": "Timestamp", "summary": "Content", "author": "Author",
    "image": "Thumbnail",
}  # fmt: skip
# Attributes that a listing reads of the element itself.
_READ = {"link": ("href",), "date": ("datetime", "content"), "image": ("src", "data-src", "srcset")}
_WRAPPED = re.compile(r"(?:string|normalize-space)\((?P<inner>.*)\)|\((?P<first>.*)\)\[1\]", re.DOTALL)
_END = re.compile(r"(?:(?:^|/)\s*@(?P<attribute>[\w-]+)|/(?:text|node)\(\))\Z")
_FIRST_DESCENDANT = re.compile(r"(?P<step>descendant\s*::\s*[\w*-]+)\[1\]\Z")


def freshrss_settings(attributes: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return values for fields of ``Source``, and notes on settings that have no counterpart here.

    Raises ``ConfigError`` with the reason if syndicate cannot read the source at all.
    """
    given = {name.removeprefix("frss:"): value.strip() for name, value in attributes.items()}
    kind = given.get("type", "").upper()
    values: dict[str, Any] = {}
    notes: list[str] = []
    if "DOTNOTATION" in kind or kind == "XML+XPATH":
        raise ConfigError(f"syndicate cannot read a source of the type {given['type']}; look for a feed")
    if kind == "HTML+XPATH":
        values = {"kind": SourceKind.PAGE, "select": _selectors(given, notes)}
    if given.get("cssFullContent"):
        values["full_text"] = FullText.ALWAYS
    if given.get("ttl", "").startswith("-"):
        values["paused"] = True
    if filters := given.get("filtersActionRead"):
        notes.append(f"its filter is not imported; write [[rules]] for: {' · '.join(filters.split(chr(10)))}")
    return values, tuple(notes)


def _selectors(given: Mapping[str, str], notes: list[str]) -> Selectors:
    try:
        item = xpath_to_css(given.get("xPathItem", ""))
    except ConfigError as error:
        raise ConfigError(f"its items have no CSS selector: {error}; write [[sources]] for it") from error
    found = {}
    for field, name in _FIELDS.items():
        expression = given.get(f"xPathItem{name}", "")
        # The whole item is no summary.
        if not expression or (expression, field) == (".", "summary"):
            continue
        try:
            found[field] = _selector(expression, _READ.get(field, ()))
        except ConfigError as error:
            notes.append(f"imported without a selector for the {field}: {error}")
    return Selectors(item=item, **found)


def _selector(expression: str, read: tuple[str, ...]) -> str:
    """Return the selector of the element whose text or attribute an expression takes."""
    taken = ""
    while found := _WRAPPED.fullmatch(expression) or _END.search(expression):
        groups = found.groupdict()
        taken = groups.get("attribute") or taken
        inner = groups.get("inner") or groups.get("first")
        expression = (expression[: found.start()] if inner is None else inner).strip()
    if taken and taken not in read:
        raise ConfigError(f"it takes the attribute {taken}")
    # A listing takes the first element anyway.
    return xpath_to_css(_FIRST_DESCENDANT.sub(r"\g<step>", expression) or ".")
