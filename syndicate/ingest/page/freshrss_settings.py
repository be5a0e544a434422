"""Settings of a source from the attributes that FreshRSS adds to OPML (``frss:…``). Pure."""

from collections.abc import Mapping
from typing import Any

from syndicate.errors import ConfigError
from syndicate.ingest.page.css_selectors import XPATH, check_selector
from syndicate.model import FullText, Selectors, SourceKind

_FIELDS = {
    "link": "Uri", "title": "Title", "date": "Timestamp", "summary": "Content", "author": "Author",
    "image": "Thumbnail",
}  # fmt: skip


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
    item = XPATH + given.get("xPathItem", "")
    try:
        check_selector(item)
    except ConfigError as error:
        raise ConfigError(f"its items cannot be found: {error}; write [[sources]] for it") from error
    found = {}
    for field, name in _FIELDS.items():
        expression = given.get(f"xPathItem{name}", "")
        # The whole item is no summary.
        if not expression or (expression, field) == (".", "summary"):
            continue
        try:
            check_selector(XPATH + expression)
        except ConfigError as error:
            notes.append(f"imported without a selector for the {field}: {error}")
        else:
            found[field] = XPATH + expression
    return Selectors(item=item, **found)
