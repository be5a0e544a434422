"""Newsletters, their editions and the way to one mailbox."""

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
"""The cadence of the edition everybody gets, and of readers who chose none."""


class SubscriptionState(StrEnum):
    """State of one mailbox's consent for one newsletter."""

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


class DeliveryCause(StrEnum):
    """Cause of a delivery's end or doubt, apart from replies of the mail server."""

    NONE = ""
    TOO_LATE = "too late"
    CORRECTED = "corrected"
    LEFT = "left"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    RESTORED = "restored"


class SuppressionReason(StrEnum):
    """Reason of a suppression. Imported lists may bring other words."""

    COMPLAINED = "complained"
    BOUNCED = "bounced"
    BOUNCED_OFTEN = "bounced too often"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A recurring selection of stories. ``max_lateness`` and ``approval`` are in seconds.

    An edition waits ``approval`` for an editor before it is sent.
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
    """One story as an edition carries it, frozen when it was cut.

    ``kind`` is the list it was chosen from (``top`` or ``trending``); ``follow_up`` is true when it has news
    of an event that an earlier edition told. ``tells`` are the articles that its readers know from now on,
    ``coverage`` counts their sources, and the lead's own ``coverage`` links to them.
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

    An article left out for ``SIZE`` or ``TEMPLATE`` waits for the next edition. ``LANGUAGE``: its story is
    told in another language.
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
    """An article that an edition left out, and why.

    ``detail`` adds what the reason needs: the place among the candidates and the number of places for
    ``NO_ROOM``, the id of the edition for ``REPEATS``.
    """

    article_id: int
    reason: LeaveReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionArticle:
    """An article of an edition. ``reason`` is ``""`` if the item led by ``lead_id`` told it, else why not.

    ``state`` and ``cut_at`` belong to the edition.
    """

    WAITS: ClassVar = (LeaveReason.SIZE.value, LeaveReason.TEMPLATE.value)
    """Reasons of articles that the next edition may still tell."""

    article_id: int
    edition_id: int
    lead_id: int
    reason: str
    detail: str
    variant_key: str
    newsletter: str
    state: str
    period_end: datetime
    cut_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One issue of a newsletter for one period, whole and frozen.

    ``period_start`` ≤ t < ``period_end``. ``revision`` 0 is the issue, 1… are corrections. ``web_url`` is its
    page in the archive, or ``""``. ``variant_key`` is ``edition``, or names the form that some readers chose.
    ``html`` and ``text`` hold the reader's own opaque token as a placeholder; all else in them is final.
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
    variant_key: str = EVERY_EDITION

    @property
    def is_variant(self) -> bool:
        """True when it is what some readers chose, and not what everybody gets."""
        return self.variant_key != EVERY_EDITION

    @property
    def uid(self) -> str:
        """The issue's id wherever it appears; its corrections have the same."""
        return str(uuid5(NAMESPACE_URL, f"syndicate:{self.newsletter}:{self.period_end.isoformat()}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One edition, or one confirmation, on its way to one mailbox, as a sender claims it.

    It goes out only while its subscription is in the state ``requires``: an edition while it is
    confirmed, the mail that asks for confirmation while it is not. ``first_attempt`` is when it was first
    put off, if it was.
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
    """Return where the editions of a newsletter lie inside the output folder."""
    return f"site/newsletters/{newsletter}"


def archive_feed(newsletter: str) -> str:
    """Return where a newsletter's own feeds lie inside the output folder, without their extension."""
    return f"newsletters/{newsletter}"


def edition_path(newsletter: str, period_end: datetime, variant_key: str = EVERY_EDITION) -> str:
    """The page of an edition inside the output folder: one for each period and form, whatever its revision.

    The name of a form's page does not say what was chosen.
    """
    form = (
        "" if variant_key == EVERY_EDITION else f"-{blake2b(variant_key.encode(), digest_size=6).hexdigest()}"
    )
    return f"{archive_folder(newsletter)}/{period_end:%Y-%m-%d-%H%M}{form}.html"


def edition_url(
    site_url: str, newsletter: str, period_end: datetime, variant_key: str = EVERY_EDITION
) -> str:
    """The same on the web; ``""`` for a site without an address."""
    return f"{site_url}/{quote(edition_path(newsletter, period_end, variant_key))}" if site_url else ""
