"""Events of mail providers as reports: a table of the places of facts and of the names of events.

A deferral is no report, because the provider goes on trying. The status and the words of the receiving server
outrank the provider's own judgement, except that a block never counts against the mailbox.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from syndicate.delivery.bounce_parser import BounceKind, Report, kind_of_reply
from syndicate.delivery.mail_headers import header_text
from syndicate.delivery.message_ids import read_tags
from syndicate.delivery.verp import read_verp

_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_BLOCKED = re.compile(
    r"spam|black.?list|block(ed|list)|reputation|policy|content|dnsbl|rbl\b|rate.?limit", re.IGNORECASE
)
_MAX_WORDS = 6
_MAX_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFormat:
    """Places of the facts in an event, as paths: ``a.b`` leads into objects, ``*`` into the first value.

    ``inside`` leads from an element of the document to the event. The values at the paths of ``event`` are
    the event's name; ``hard`` to ``ignored`` list names, or their first words. ``marks`` are the paths of
    envelope sender, Message-ID and tag; ``tag_header`` makes the provider return a mail's tag.
    """

    event: Sequence[str]
    recipient: Sequence[str]
    marks: Sequence[str]
    inside: str = ""
    status: Sequence[str] = ()
    detail: Sequence[str] = ()
    tag_header: str = ""
    hard: Sequence[str] = ()
    soft: Sequence[str] = ()
    policy: Sequence[str] = ()
    complaint: Sequence[str] = ()
    unsubscribe: Sequence[str] = ()
    ignored: Sequence[str] = ()


_TABLE = (resources.files(__package__) / "providers.toml").read_text("utf-8")
FORMATS = {name: EventFormat(**layout) for name, layout in tomllib.loads(_TABLE).items()}


def read_events(provider: str, document: object) -> Iterator[Report]:
    """Yield the reports in a JSON document of a provider: an event, or a list of events."""
    layout = FORMATS[provider]
    for element in document if isinstance(document, list) else [document]:
        event = value_at(element, layout.inside) if layout.inside else element
        kind = _kind_named(provider, " ".join(_texts(event, layout.event)))
        if kind is None:
            continue
        status, detail = (" ".join(_texts(event, paths)) for paths in (layout.status, layout.detail))
        if kind in (BounceKind.HARD, BounceKind.SOFT):
            kind = _kind_of_bounce(kind, status, detail)
        marks = _texts(event, layout.marks)
        yield Report(
            kind=kind,
            status=header_text(status, 40),
            detail=f"at {provider}" if kind is BounceKind.UNSUBSCRIBE else header_text(detail, 300),
            deliveries=tuple(verp for mark in marks if (verp := read_verp(mark))),
            tags=read_tags(*marks),
            recipients=tuple(_texts(event, layout.recipient)),
        )


@lru_cache
def _kinds(provider: str) -> dict[str, BounceKind | None]:
    kinds = {kind.value: kind for kind in BounceKind} | {
        "unsubscribe": BounceKind.UNSUBSCRIBE,
        "ignored": None,
    }
    listed = ((kind, getattr(FORMATS[provider], key, ())) for key, kind in kinds.items())
    return {name: kind for kind, names in listed for name in names}


def _kind_named(provider: str, name: str) -> BounceKind | None:
    """Return the kind of the longest run of first words that the table lists."""
    words, kinds = name.split()[:_MAX_WORDS], _kinds(provider)
    names = (" ".join(words[:length]) for length in range(len(words), 0, -1))
    return next((kinds[name] for name in names if name in kinds), None)


def _kind_of_bounce(judged: BounceKind, status: str, detail: str) -> BounceKind:
    code = _CODE.search(f"{status} {detail}")
    found = kind_of_reply(int(code[1]) if code else None, status, detail)
    return found or (BounceKind.POLICY if _BLOCKED.search(detail) else judged)


def _texts(event: object, paths: Sequence[str]) -> list[str]:
    """Return the values at paths as texts, without empty values, objects and lists."""
    values = filter(None, (value_at(event, path) for path in paths))
    texts = ("true" if value is True else str(value) for value in values if isinstance(value, str | int))
    return [text[:_MAX_TEXT] for text in dict.fromkeys(texts)]


def value_at(value: object, path: str) -> object:
    """Return the value at a path in a JSON document, ``None`` without it."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = next(iter(value.values()), None) if name == "*" else value.get(name)
    return value
