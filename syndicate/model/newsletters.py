"""Newsletters, their editions, and deliveries to mailboxes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import ClassVar, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from syndicate.model.articles import PublishedArticle
from syndicate.model.channels import Clause

EVERY_EDITION: Final = "edition"
"""Cadence of the main edition, and of readers who chose no other."""


class SubscriptionState(StrEnum):
    """State of a mailbox's consent for a newsletter."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class DeliveryState(StrEnum):
    """State of a delivery: a message to a mailbox.

    ``sending`` is committed after the server's 354 and before the body. A row that a crash leaves in this
    state becomes ``uncertain`` and is never sent again unless an operator asks for it.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


class DeliveryCause(StrEnum):
    """Cause of a delivery's state other than a reply of the mail server."""

    NONE = ""
    TOO_LATE = "too late"
    CORRECTED = "corrected"
    LEFT = "left"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    RESTORED = "restored"


class SuppressionReason(StrEnum):
    """Reason for suppressing a mailbox. Imported lists may contain other texts."""

    COMPLAINED = "complained"
    BOUNCED = "bounced"
    BOUNCED_OFTEN = "bounced too often"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """Recurring selection of stories.

    - ``schedule``, ``time_zone``: times of its editions
    - ``query``, ``clauses``: articles to choose from, as written and as parsed
    - ``stories``, ``trending``: maximum numbers of top and trending stories
    - ``max_lateness``: seconds after which a mail is too late
    - ``approval``: seconds that an edition waits for an editor
    - ``first_edition``: ``next``, or ``latest`` to begin with the last period
    """

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
    approval: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStory:
    """Story of an edition, frozen when the edition was cut.

    - ``kind``: list of origin, ``top`` or ``trending``
    - ``follow_up``: true if it continues an event of an earlier edition
    - ``tells``: ids of the articles that readers know from now on; ``coverage``: number of their sources
    - ``lead``: article that represents the story, with links to the others
    """

    story_id: int
    position: int
    kind: str
    coverage: int
    lead: PublishedArticle
    tells: tuple[int, ...] = ()
    follow_up: bool = False
    score: float = 0.0


class LeaveReason(StrEnum):
    """Reason why an edition did not carry an article of its period.

    An article left out for ``SIZE`` or ``TEMPLATE`` waits for the next edition. ``LANGUAGE``: another
    language's article represents its story.
    """

    REPEATS = "repeats"
    NO_ROOM = "no room"
    SHARE = "share"
    LANGUAGE = "language"
    EDITOR = "editor"
    SIZE = "size"
    GONE = "gone"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Article that an edition left out, with the reason.

    ``detail`` is rank and limit for ``NO_ROOM``, and the earlier edition's id for ``REPEATS``.
    """

    article_id: int
    reason: LeaveReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionArticle:
    """Record of an article in an edition.

    ``reason`` is ``""`` if the item led by ``lead_id`` carried it, else the reason for leaving it out.
    ``state`` and ``cut_at`` belong to the edition.
    """

    WAITS: ClassVar = (LeaveReason.SIZE.value, LeaveReason.TEMPLATE.value)
    """Reasons of articles that the next edition may still carry."""

    article_id: int
    edition_id: int
    lead_id: int
    reason: str
    detail: str
    cadence: str
    newsletter: str
    state: str
    period_end: datetime
    cut_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Issue of a newsletter for a period, complete and frozen.

    - ``period_start`` (included), ``period_end`` (excluded): publication times of its articles
    - ``revision``: 0 for the issue, 1… for corrections
    - ``subject``, ``html``, ``text``: the mail; only the reader's token is still a placeholder
    - ``stories``: number of stories; ``web_url``: its page in the archive, or ``""``
    - ``cadence``: ``edition``, or the key of a variant that some readers chose
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
    web_url: str = ""
    cadence: str = EVERY_EDITION

    @property
    def is_form(self) -> bool:
        """True for a variant that some readers chose instead of the main edition."""
        return self.cadence != EVERY_EDITION

    @property
    def uid(self) -> str:
        """Stable id of the issue, shared by its corrections."""
        return str(uuid5(NAMESPACE_URL, f"syndicate:{self.newsletter}:{self.period_end.isoformat()}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Mail of an edition or confirmation to a mailbox, as the sender claims it.

    - ``requires``: state of the subscription without which the mail is not sent: confirmed for an edition,
      pending for a mail that asks for confirmation
    - ``attempts``: number of attempts; ``first_attempt``: time of the first deferral, ``None`` without it
    """

    id: int
    edition_id: int
    subscription_id: int
    address: str
    state: DeliveryState
    attempts: int
    first_attempt: datetime | None
    requires: SubscriptionState = SubscriptionState.CONFIRMED


def archive_folder(newsletter: str) -> str:
    """Return the folder of a newsletter's editions inside the output folder."""
    return f"site/newsletters/{newsletter}"


def archive_feed(newsletter: str) -> str:
    """Return the path of a newsletter's own feeds inside the output folder, without extension."""
    return f"newsletters/{newsletter}"


def edition_path(newsletter: str, period_end: datetime, cadence: str = EVERY_EDITION) -> str:
    """Return the path of an edition's page: a page per period and variant, for all revisions.

    The name of a variant's page does not reveal the choice.
    """
    form = "" if cadence == EVERY_EDITION else f"-{blake2b(cadence.encode(), digest_size=6).hexdigest()}"
    return f"{archive_folder(newsletter)}/{period_end:%Y-%m-%d-%H%M}{form}.html"


def edition_url(site_url: str, newsletter: str, period_end: datetime, cadence: str = EVERY_EDITION) -> str:
    """Return the URL of an edition's page; ``""`` for a site without an address."""
    return f"{site_url}/{quote(edition_path(newsletter, period_end, cadence))}" if site_url else ""
