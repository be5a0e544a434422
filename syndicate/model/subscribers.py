"""Subscribers in the lists of other products, and clauses of segments: queries that select subscribers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SegmentSubject(StrEnum):
    """Subjects that a clause of a segment can test."""

    NEWSLETTER = "newsletter"
    SECTION = "section"
    CADENCE = "cadence"
    SOURCE = "source"
    FIELD = "field"
    TAG = "tag"
    LANGUAGE = "language"
    DOMAIN = "domain"
    JOINED = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentClause:
    """Condition on a subscriber: the subject has any of the values, or, if ``negated``, none of them.

    ``field`` is the name of the tested field. Without values the field has any value. ``operator`` is ``:``
    or a comparison with a number or a date: ``=``, ``<``, ``<=``, ``>``, ``>=``.
    """

    subject: SegmentSubject
    values: tuple[str, ...] = ()
    operator: str = ":"
    field: str = ""
    negated: bool = False


class Standing(StrEnum):
    """State of a subscriber in a list. Of two states of a mailbox, the later in this order holds."""

    SUBSCRIBED = "subscribed"
    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"
    BLOCKED = "blocked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OTHER = "other newsletter"
    INVALID = "invalid"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSubscriber:
    """Row of a list. ``line`` counts from 1; ``reason`` explains a standing other than ``SUBSCRIBED``.

    ``since`` and ``ended`` are the times of the subscription and of its end, as far as the list has them.
    ``proof`` are the list's own words about the consent. A row without a valid address has no key.
    """

    file: str
    line: int
    text: str
    standing: Standing
    reason: str = ""
    address: str = ""
    address_key: str = ""
    name: str = ""
    language: str = ""
    newsletter: str = ""
    since: datetime | None = None
    ended: datetime | None = None
    proof: str = ""
    agreed: str = ""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
