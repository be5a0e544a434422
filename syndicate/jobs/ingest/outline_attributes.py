"""Attributes that OPML lacks: how a source is read, and its weight.

Written by an export, read back by an import, so that a list that goes out and comes back loses nothing. Where
a secret is kept is not among them: private sources are not exported at all.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import fields, replace
from math import isfinite
from typing import Any

from syndicate.errors import ConfigError
from syndicate.ingest.page.css_selectors import check_selector
from syndicate.model import FullText, Paywall, Republish, Selectors, Source, SourceKind

HEAVIEST = 100.0
"""The limit of ``weight`` in the configuration."""
Attributes = tuple[tuple[str, str], ...]

_PREFIX = "syndicate"
_PLAIN = Source(id=0, name="", url="")
_SELECTORS = tuple(field.name for field in fields(Selectors))


def attributes_of(source: Source) -> Attributes:
    """Return what differs from an ordinary source, as attributes of an outline."""
    values = {
        "Kind": source.kind.value if source.kind is not _PLAIN.kind else "",
        "Weight": f"{source.weight:g}" if source.weight != _PLAIN.weight else "",
        "Republish": source.republish.value if source.republish is not _PLAIN.republish else "",
        "FullText": source.full_text.value if source.full_text is not _PLAIN.full_text else "",
        "Paywall": source.paywall.value if source.paywall is not _PLAIN.paywall else "",
        "Interval": f"{source.interval:g}" if source.interval else "",
        "Own": "true" if source.own else "",
        "Paused": "true" if source.paused else "",
    }
    if source.select:
        values |= {f"Select{name.title()}": getattr(source.select, name) for name in _SELECTORS}
    return tuple((_PREFIX + name, value) for name, value in values.items() if value)


def foreign_attributes(attributes: Iterable[tuple[str, str]]) -> Attributes:
    """The attributes that are not ours."""
    return tuple((name, value) for name, value in attributes if not name.startswith(_PREFIX))


def with_attributes(source: Source, attributes: Iterable[tuple[str, str]], *, trusted: bool) -> Source:
    """The source as these attributes describe it; what makes no sense is passed over.

    Only a person who imports a list is ``trusted`` to say what a source counts, whether it is read, and how
    much of it we may show. A list that is read again and again says how its sources can be read, no more.
    """
    given = {name.removeprefix(_PREFIX): value for name, value in attributes if name.startswith(_PREFIX)}
    changes: dict[str, Any] = {}
    if given.get("Kind") in (SourceKind.SITEMAP.value, SourceKind.PAGE.value):
        changes["kind"] = SourceKind(given["Kind"])
        changes["select"] = _selectors(given) if given["Kind"] == SourceKind.PAGE.value else None
    if trusted:
        with contextlib.suppress(KeyError, ValueError):
            changes["republish"] = Republish(given["Republish"])
        with contextlib.suppress(KeyError, ValueError):
            changes["full_text"] = FullText(given["FullText"])
        with contextlib.suppress(KeyError, ValueError):
            changes["paywall"] = Paywall(given["Paywall"])
        with contextlib.suppress(KeyError, ValueError):
            weight = float(given["Weight"])
            changes |= {"weight": weight} if isfinite(weight) and 0 <= weight <= HEAVIEST else {}
        with contextlib.suppress(KeyError, ValueError):
            interval = float(given["Interval"])
            changes |= {"interval": interval} if isfinite(interval) and interval > 0 else {}
        changes |= {"own": given.get("Own") == "true", "paused": given.get("Paused") == "true"}
    return replace(source, **changes)


def _selectors(given: dict[str, str]) -> Selectors | None:
    found = {name: given.get(f"Select{name.title()}", "") for name in _SELECTORS}
    try:
        for selector in filter(None, found.values()):
            check_selector(selector)
    except ConfigError:
        return None
    return Selectors(**found) if found["item"] else None
