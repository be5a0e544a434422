r"""Query language that selects subscribers: a segment.

A query is a list of clauses separated by spaces; a subscriber belongs to the segment if every clause holds.
The empty query holds for every subscriber.

``newsletter:daily``       confirmed subscription to a newsletter of the list
``section:World``          the subscriber has chosen a section of the list
``cadence:weekly``         the chosen cadence is in the list: ``edition``, ``daily`` or ``weekly``
``source:footer``          the source of the sign-up is in the list
``tag:vip,press``          a tag is in the list
``field:city=Bristol``     the value is in the list; ``field:city`` holds for any value
``field:age>=18``          comparison of a number or a date: ``<``, ``<=``, ``>``, ``>=``
``language:de``            the language is in the list (``de`` also covers ``de-at``)
``domain:example.org``     the domain of the address is in the list
``joined:30d``             first seen in the last 30 days; ``joined<2026-01-01`` before that day in UTC
``-tag:press``             a minus negates any clause

Section, cadence and source hold for the subscription to each newsletter that the query names, else for any. A
value with a space, a comma, a colon or a quotation mark goes between quotation marks, with ``\"`` and ``\\``
for themselves.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial

from syndicate.audience.fields import SubscriberField, read_tag, read_value
from syndicate.errors import InvalidField
from syndicate.model import CADENCES, SegmentClause, SegmentSubject
from syndicate.text.query_scanner import read_clauses, read_values, refuse, write_value

MAX_PARTS = 200
"""Maximum number of clauses and values; SQLite reads expressions of at most 1,000 levels."""
_SUBJECTS = {subject.value: subject for subject in SegmentSubject}
_CLAUSE = re.compile(r"(?:(field):([a-z0-9][a-z0-9_-]*)|([A-Za-z]+))([<>]=?|[:=])?")
_COMPARISONS = ("<", "<=", ">", ">=")
_PERIOD = re.compile(r"(\d{1,5})([dw])", re.ASCII)
_MAX_DAYS = 99_999
_DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]+")
_HELP = f"use {', '.join(f'{subject}:' for subject in _SUBJECTS)}"


def parse_segment(
    text: str, fields: Iterable[SubscriberField] = (), newsletters: Collection[str] | None = None
) -> tuple[SegmentClause, ...]:
    """Parse the query of a segment over declared fields; without ``newsletters`` any name is valid.

    Raises ``ConfigError`` with the position, counted from 1, and the allowed names.
    """
    readers = dict(_READERS)
    if newsletters is not None:
        readers[SegmentSubject.NEWSLETTER] = partial(_named, "newsletter", newsletters)
    declared = {field.name: field for field in fields}
    clauses = read_clauses(text, partial(_clause, fields=declared, readers=readers))
    if len(clauses) + sum(len(clause.values) for clause in clauses) > MAX_PARTS:
        problem = f"more than {MAX_PARTS} clauses and values"
        refuse(text, 0, problem, "give the subscribers a tag, and select the tag")
    return clauses


def segment_text(clauses: Iterable[SegmentClause]) -> str:
    """Return the query of clauses, as ``parse_segment`` reads it."""
    return " ".join(
        f"{'-' * clause.negated}{clause.subject}{clause.field and ':' + clause.field}"
        f"{clause.operator if clause.values else ''}{','.join(map(write_value, clause.values))}"
        for clause in clauses
    )


def _clause(
    text: str,
    position: int,
    *,
    fields: Mapping[str, SubscriberField],
    readers: Mapping[SegmentSubject, Callable[[str], str]],
) -> tuple[SegmentClause, int]:
    negated = text[position] == "-"
    start = position + negated
    match = _CLAUSE.match(text, start)
    subject = _SUBJECTS.get(match[1] or match[3].lower()) if match else None
    if match is None or subject is None:
        refuse(text, start, f"there is no clause {(text[start:].split() or [''])[0][:40]!r}", _HELP)
    name, sign, at = match[2] or "", match[4] or "", match.end()
    allowed: tuple[str, ...] = (":",)
    read = readers.get(subject, str)
    if subject is SegmentSubject.FIELD:
        if name not in fields:
            known = ", ".join(fields) or "none; declare it in [[fields]]"
            refuse(
                text, match.end(1) + 1 if name else at, f"there is no field {name!r}", f"known names: {known}"
            )
        if not sign:
            return SegmentClause(subject=subject, field=name, negated=negated), at
        read = partial(read_value, fields[name])
        allowed = ("=", *(_COMPARISONS if fields[name].type in ("number", "date") else ()))
    elif subject is SegmentSubject.JOINED:
        allowed, read = (":", *_COMPARISONS), _period if sign == ":" else _day
    if sign not in allowed:
        refuse(text, at - len(sign), f"{sign!r} cannot follow {name or subject}", f"use {' '.join(allowed)}")
    values, end, _ = read_values(text, at)
    if sign in _COMPARISONS and len(values) > 1:
        refuse(text, at, f"{sign} compares with a single value", "write a clause for each comparison")
    try:
        values = tuple(dict.fromkeys(map(read, values)))
    except InvalidField as error:
        refuse(text, at, str(error).rstrip("."), "correct the value")
    return SegmentClause(subject=subject, values=values, operator=sign, field=name, negated=negated), end


def _named(noun: str, names: Collection[str], value: str) -> str:
    if value not in names:
        raise InvalidField(f"there is no {noun} {value!r}, known names: {', '.join(names) or 'none'}")
    return value


def _domain(value: str) -> str:
    """Return a domain as addresses are stored: in lower-case ASCII."""
    try:
        domain = value.removeprefix("@").encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    if not _DOMAIN.fullmatch(domain):
        raise InvalidField(f"{value!r} is no domain such as example.org")
    return domain


def _period(value: str) -> str:
    match = _PERIOD.fullmatch(value)
    days = int(match[1]) * (7 if match[2] == "w" else 1) if match else _MAX_DAYS + 1
    if days > _MAX_DAYS:
        raise InvalidField(f"{value!r} is no number of days or weeks such as 30d or 4w, at most 99999d")
    return f"{days}d"


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.max
    # No day follows the last day of the calendar, as ``joined>`` needs.
    if day == date.max:
        raise InvalidField(f"{value!r} is no date such as 2026-01-31 (joined:30d: the last 30 days)")
    return day.isoformat()


_READERS: Mapping[SegmentSubject, Callable[[str], str]] = {
    SegmentSubject.TAG: read_tag,
    SegmentSubject.LANGUAGE: str.lower,
    SegmentSubject.DOMAIN: _domain,
    SegmentSubject.CADENCE: partial(_named, "cadence", CADENCES),
}
