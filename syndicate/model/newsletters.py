"""Newsletters, their editions, and deliveries to mailboxes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import ClassVar, Final, Self
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from syndicate.model.articles import PublishedArticle
from syndicate.model.brands import NO_BRAND, Brand
from syndicate.model.channels import Clause

DIGEST_BLOCKS: Final = (
    *("masthead", "intro", "correction", "note", "contents", "lead", "sections", "announcement"),
    *("trending", "more_today", "forward", "previous"),
)
"""Blocks of a digest in their default order; each is a template in ``mail/blocks/``."""

EVERY_EDITION: Final = "edition"
"""Variant key of the main edition, and cadence of subscribers without a choice."""
CADENCES: Final = (EVERY_EDITION, "daily", "weekly")
"""Cadences that a subscriber may choose, if they are rarer than the newsletter's schedule."""
ISSUE: Final = "issue"
"""Variant key of a one-off issue, which all subscribers of a newsletter or of a segment get."""
MAIN_KEYS: Final = (EVERY_EDITION, ISSUE)
"""Variant keys of editions that are no variant of another."""
IMPORTED_ISSUE: Final = "imported "
"""Start of the variant key of an old issue from another product; its id there follows."""


class SubscriptionState(StrEnum):
    """State of a mailbox's consent for a newsletter."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class DeliveryState(StrEnum):
    """State of the delivery of a message to a mailbox.

    ``sending`` is committed after the server's 354 reply and before the body. A row that a crash leaves in
    that state becomes ``uncertain``, and is sent again only by an operator's command.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


OPEN_DELIVERIES = ("pending", "sending", "deferred")
"""States of deliveries that have not ended."""


class DeliveryCause(StrEnum):
    """Cause of a delivery's state other than a reply of the mail server; ``words`` say it to the operator."""

    words: str

    def __new__(cls, name: str, words: str = "") -> Self:
        """Make a member of its name and its words."""
        cause = str.__new__(cls, name)
        cause._value_, cause.words = name, words
        return cause

    NONE = ""
    TOO_LATE = "too late", "too late to be sent"
    CORRECTED = "corrected", "replaced by a correction"
    LEFT = "left", "unsubscribed before it was sent"
    PAUSED = "paused", "paused by the reader before it was sent"
    INTERRUPTED = "interrupted", "the sender stopped between the body and the server's reply"
    RESTORED = "restored", "it was due in a backup that was restored"
    PERSON = "a person", "a person found it in the mail server's log"


class SuppressionReason(StrEnum):
    """Reason of a suppression. Imported lists may have other reasons."""

    COMPLAINED = "complained"
    BOUNCED = "bounced"
    BOUNCED_OFTEN = "bounced too often"
    BLOCKED = "blocked"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStep:
    """Mail to a new subscriber, ``days`` after the confirmation; ``file`` is the path of its Markdown.

    ``name`` is ``welcome``, or ``series N`` with the number of days. It is the ``variant_key`` of its mails.
    """

    name: str
    days: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """Recurring selection of stories. ``max_lateness`` and ``approval`` are in seconds.

    ``approval`` is the time that an edition waits for an editor before it is sent. ``blocks`` are the parts
    of its mail in order; ``sections`` come first under its lead, in this order. ``images`` is ``lead``,
    ``all`` or ``none``. With ``subject_name`` the title of the newsletter follows a short headline in the
    subject. ``intro`` (below the masthead) and ``footer`` (above the postal address) are Markdown.
    ``messages`` are the welcome mail and the series.
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
    description: str = ""
    max_lateness: float = 6 * 3600
    first_edition: str = "next"
    approval: float = 0.0
    messages: tuple[MessageStep, ...] = ()
    blocks: tuple[str, ...] = DIGEST_BLOCKS
    sections: tuple[str, ...] = ()
    images: str = "lead"
    subject_name: bool = False
    brand: Brand = NO_BRAND
    intro: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStory:
    """Story of an edition, frozen at the cut.

    ``kind`` is the list that the story was chosen from (``top`` or ``trending``). ``follow_up`` is true when
    the story has news of an event that an earlier edition covered. ``tells`` are the articles that its
    subscribers know after the edition; ``coverage`` counts their sources, and the lead's own ``coverage``
    links to them.
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
    """Reason for which an edition left out an article of its period.

    An article left out for ``SIZE`` or ``TEMPLATE`` waits for the next edition. ``LANGUAGE``: the newsletter
    covers its story in another language.
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

    ``detail`` completes the reason: the rank among the candidates and the number of places for ``NO_ROOM``,
    the id of the edition for ``REPEATS``.
    """

    article_id: int
    reason: LeaveReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionArticle:
    """Article of an edition. ``reason`` is ``""`` if the item led by ``lead_id`` carries it.

    Otherwise the edition left the article out for that reason. ``state`` and ``cut_at`` are the edition's.
    """

    WAITS: ClassVar = (LeaveReason.SIZE.value, LeaveReason.TEMPLATE.value)
    """Reasons of articles that the next edition may still carry."""

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
    """Edition of a newsletter for a period, complete and frozen.

    ``period_start`` ≤ t < ``period_end``. ``revision`` 0 is the first, 1… are corrections. ``web_url`` is its
    page in the archive, or ``""``. ``variant_key`` is ``edition`` for the main edition, and names the cadence
    and selection of a variant. ``html`` and ``text`` are final but for the placeholder of the token.
    ``segment`` names or queries the recipients of a one-off issue, ``""`` for all subscribers. An
    ``unlisted`` issue has no page.
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
    segment: str = ""
    unlisted: bool = False

    @property
    def is_variant(self) -> bool:
        """True for a variant that some subscribers chose, false for the main edition."""
        return self.variant_key not in MAIN_KEYS and not self.is_imported

    @property
    def is_imported(self) -> bool:
        """True for an old issue that another product sent."""
        return self.variant_key.startswith(IMPORTED_ISSUE)

    @property
    def uid(self) -> str:
        """The id of the period's edition in feeds; corrections and variants share it."""
        return str(uuid5(NAMESPACE_URL, f"syndicate:{self.newsletter}:{self.period_end.isoformat()}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Delivery of an edition or a confirmation mail to a mailbox, as a sender claims it.

    It is sent only while its subscription is in the state ``requires``: ``confirmed`` for an edition,
    ``pending`` for a confirmation mail. ``first_attempt`` is the time of the first deferral, or ``None``.
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
    """Return the path of a newsletter's own feeds inside the output folder, without their extension."""
    return f"newsletters/{newsletter}"


def edition_path(newsletter: str, period_end: datetime, variant_key: str = EVERY_EDITION) -> str:
    """Return the page of an edition inside the output folder; revisions share the page.

    The page of a variant has a hash in its name, which does not reveal the choices.
    """
    hashed = f"-{blake2b(variant_key.encode(), digest_size=6).hexdigest()}"
    suffix = {EVERY_EDITION: "", ISSUE: f"-{ISSUE}"}.get(variant_key, hashed)
    return f"{archive_folder(newsletter)}/{period_end:%Y-%m-%d-%H%M}{suffix}.html"


def edition_url(
    site_url: str, newsletter: str, period_end: datetime, variant_key: str = EVERY_EDITION
) -> str:
    """Return the URL of an edition's page; ``""`` for a site without an address."""
    return f"{site_url}/{quote(edition_path(newsletter, period_end, variant_key))}" if site_url else ""
