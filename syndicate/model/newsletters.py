"""Newsletters, their editions and the way to one mailbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syndicate.model.articles import PublishedArticle
from syndicate.model.channels import Clause


class SubscriptionState(StrEnum):
    """Where one mailbox's consent for one newsletter stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class DeliveryState(StrEnum):
    """The life of one message to one mailbox; DESIGN: a row, a state.

    ``sending`` is committed after the server's 354 and before the body. A row that a crash
    leaves there becomes ``uncertain`` and is never sent again unless a person asks.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A recurring selection of stories. ``max_lateness`` is in seconds."""

    name: str
    title: str
    schedule: str
    time_zone: str
    query: str = ""
    clauses: tuple[Clause, ...] = ()
    stories: int = 12
    trending: int = 5
    language: str = ""
    max_lateness: float = 6 * 3600
    first_edition: str = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStory:
    """One story as an edition carries it, frozen when it was cut.

    ``kind`` is the list it was chosen from (``top`` or ``trending``); ``follow_up`` is true when an
    earlier edition carried the story and it has really moved since.
    """

    story_id: int
    position: int
    kind: str
    coverage: int
    lead: PublishedArticle
    follow_up: bool = False
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One issue of a newsletter for one period, whole and frozen.

    ``period_start`` ≤ t < ``period_end``. ``html`` and ``text`` hold the reader's own opaque
    token as a placeholder; everything else in them is final.
    """

    id: int
    newsletter: str
    period_start: datetime
    period_end: datetime
    revision: int
    cut_at: datetime
    subject: str
    html: str
    text: str
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One edition, or one confirmation, on its way to one mailbox, as a sender claims it.

    It goes out only while its subscription is in the state ``requires``: an edition while it is
    confirmed, the mail that asks for confirmation while it is not.
    """

    id: int
    edition_id: int
    subscription_id: int
    address: str
    state: DeliveryState
    attempts: int
    created: datetime
    requires: SubscriptionState = SubscriptionState.CONFIRMED
