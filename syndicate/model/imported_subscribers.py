"""Subscribers in the lists of other products."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
