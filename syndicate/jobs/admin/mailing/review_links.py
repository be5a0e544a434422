"""Review of editions behind a signed link: the page of an editor, and the changes sent from it.

A link names the newsletter, the editor and its expiry; all links of a newsletter can be revoked at once. Its
holder can call ``EditionActions`` under that editor's name. Every HTML form carries a hash of the content it
shows. A change to content that has changed since is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syndicate.audience.link_tokens import make_token, read_token
from syndicate.errors import ActionRefused, SyndicateError, WrongFields
from syndicate.jobs.admin.mailing.edition_actions import EditionActions
from syndicate.jobs.admin.mailing.edition_views import NOTHING_TYPED, EditionView, Typed, edition_view, press
from syndicate.jobs.newsletter.edition_review import content_hash
from syndicate.model import Newsletter
from syndicate.model.actors import Actor, Change
from syndicate.newsletter.edition_form import EditionForm
from syndicate.newsletter.periods import read_zone
from syndicate.newsletter.story_views import TOKEN
from syndicate.store import Connection, Store
from syndicate.store.leases import leases
from syndicate.store.mail.review_store import ReviewEdition
from syndicate.store.subscribers import audience_store

# Problems that the page explains in the newsletter's language.
_STALE = "stale"
_UNSURE = "unsure"
_UNSAID = "unsaid"
_SCOPES = frozenset(("editions:read", "editions:write", "editions:send"))
# Number of latest sent editions that the page offers for correction.
MOST_SENT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEdition:
    """Sent edition that can be corrected. ``seen`` is as in ``EditionView``."""

    reviewed: ReviewEdition
    seen: str

    found = property(lambda self: self.reviewed)

    def goes_at(self, now: datetime) -> datetime | None:
        """Return the time at which the mail goes, while the approval can be taken back."""
        until = self.reviewed.approve_by
        return until if until and until > now else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Page of an editor: the editions that wait, and the sent editions that can be corrected.

    ``said`` names the last action; ``problem`` names or explains a failed action. ``path`` is the path of the
    page, under which the mails are served. A correction just begun comes first in ``waiting``. Approvals of
    editions in ``leaving`` can be taken back.
    """

    path: str
    newsletter: Newsletter
    editor: str
    ends: datetime
    readers: int
    waiting: tuple[EditionView, ...]
    sent: tuple[SentEdition, ...]
    leaving: tuple[SentEdition, ...] = ()
    said: str = ""
    problem: str = ""

    sheets = property(lambda self: self.waiting)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the newsletter's schedule."""
        return read_zone(self.newsletter.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLink:
    """Parts of a link: the newsletter, the editor's name, and the signed token."""

    newsletter: str
    editor: str
    token: str

    @property
    def path(self) -> str:
        """The path of the URL."""
        parts = (self.newsletter, self.editor, self.token)
        return "/desk/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLinks:
    """Maker of review links, and handler of the requests to them."""

    store: Store
    actions: EditionActions
    site_url: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def link(self, newsletter: str, editor: str, ends: datetime) -> str:
        """Return the review URL of a newsletter for an editor; ``SyndicateError`` for an unusable name."""
        if not editor.strip() or "/" in editor or not editor.isprintable():
            raise SyndicateError(f"{editor!r} cannot be the name in a link; write a name without slashes")
        with self.store.read() as connection:
            secret, purpose = leases.read_secret(connection), self._purpose(connection, newsletter, editor)
        token = make_token(secret, int(ends.timestamp()), purpose)
        return self.site_url + ReviewLink(newsletter=newsletter, editor=editor, token=token).path

    def revoke(self, newsletter: str) -> None:
        """Revoke every review link of a newsletter."""
        with self.store.write() as connection:
            leases.increment_counter(connection, _revisions(newsletter))

    def look(
        self,
        link: ReviewLink,
        *,
        said: str = "",
        correction_id: int | None = None,
        problem: str = "",
        typed: Mapping[int, Typed] = MappingProxyType({}),
    ) -> ReviewPage | None:
        """Return the page, or ``None`` for a link that is invalid, expired or revoked; changes nothing.

        ``typed`` has what was typed and not saved, by edition.
        """
        opened = self._opened(link)
        if opened is None:
            return None
        newsletter, ends = opened
        review = self.actions.review
        with self.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection).get(newsletter.name, {})
        waiting = sorted(review.waiting(newsletter.name), key=lambda number: number != correction_id)
        sent, back = self._sent(newsletter.name), self.clock()
        return ReviewPage(
            path=link.path,
            newsletter=newsletter,
            editor=link.editor,
            ends=ends,
            readers=counts.get("confirmed", 0),
            waiting=tuple(
                edition_view(review, number, typed.get(number, NOTHING_TYPED)) for number in waiting
            ),
            sent=tuple(edition for edition in sent if not edition.goes_at(back)),
            leaving=tuple(edition for edition in sent if edition.goes_at(back)),
            said=said,
            problem=problem,
        )

    def act(
        self, link: ReviewLink, fields: Mapping[str, Sequence[str]], network: str = ""
    ) -> ReviewPage | None:
        """Apply a submitted form and return the page after it; ``None`` as in ``look``.

        What could not be saved comes back in the fields of the page.
        """
        if self._opened(link) is None:
            return None
        form = {name: values[0] for name, values in fields.items()}
        actor = Actor(kind="link", name=link.editor, scopes=_SCOPES, network=network)
        change = Change(actor=actor, now=self.clock())
        number, order, do = form.get("edition", ""), fields.get("story", ()), form.get("do", "")
        try:
            if do in ("correct", "take back"):
                first = self._after_sending(link, change, do, form)
                return self.look(link, said=do, correction_id=first)
            words = form.get("words", "") if do == "find" else ""
            said = self._press(link, change, form, order)
        except SyndicateError as error:
            typed = {}
            if number.isdecimal() and len(number) < 18 and "subject" in form:
                problems = error.fields if isinstance(error, WrongFields) else {}
                typed = {int(number): Typed(form=EditionForm.read(form, order), problems=problems)}
            is_stale = isinstance(error, ActionRefused) and error.problem == "stale"
            return self.look(link, problem=_STALE if is_stale else str(error), typed=typed)
        return self.look(link, said=said, typed={int(number): Typed(words=words)})

    def mail(self, link: ReviewLink, edition: str) -> str | None:
        """Return the HTML of the mail as it would be sent now, without a subscriber's token."""
        if self._opened(link) is None:
            return None
        sent = [edition.reviewed.edition.id for edition in self._sent(link.newsletter)]
        # Compared as text: ``int`` raises on a number of thousands of digits.
        if edition not in map(str, (*self.actions.review.waiting(link.newsletter), *sent)):
            return None
        return self.actions.review.check(int(edition)).rendered.html.replace(TOKEN, "preview")

    def _opened(self, link: ReviewLink) -> tuple[Newsletter, datetime] | None:
        """Return the newsletter and the expiry of a valid link."""
        named = [
            newsletter for newsletter in self.actions.review.newsletters if newsletter.name == link.newsletter
        ]
        with self.store.read() as connection:
            secret = leases.read_secret(connection)
            purpose = self._purpose(connection, link.newsletter, link.editor)
        seconds = read_token(secret, link.token, purpose)
        if not named or seconds is None or seconds <= self.clock().timestamp():
            return None
        return named[0], datetime.fromtimestamp(seconds, UTC)

    def _purpose(self, connection: Connection, newsletter: str, editor: str) -> str:
        revision = leases.read_counter(connection, _revisions(newsletter))
        return "\n".join(("desk", str(revision), newsletter, editor))

    def _sent(self, newsletter: str) -> tuple[SentEdition, ...]:
        return tuple(
            SentEdition(
                reviewed=reviewed, seen=content_hash(*self.actions.review.edition(reviewed.edition.id))
            )
            for reviewed in self.actions.review.correctable(newsletter, limit=MOST_SENT)
        )

    def _after_sending(self, link: ReviewLink, change: Change, do: str, form: Mapping[str, str]) -> int:
        """Begin the correction of a sent edition, or take its approval back; return the waiting edition."""
        seen = {str(edition.reviewed.edition.id): edition.seen for edition in self._sent(link.newsletter)}
        number = form.get("edition", "")
        if number not in seen or form.get("seen") != seen[number]:
            raise SyndicateError(_STALE)
        if do == "take back":
            return int(self.actions.undo_approval(change, int(number)).id)
        text = form.get("text", "").replace("\r\n", "\n")
        if not text.strip():
            raise SyndicateError(_UNSAID)
        return int(self.actions.correct(change, int(number), text, seen=seen[number]).id)

    def _press(self, link: ReviewLink, change: Change, form: Mapping[str, str], order: Sequence[str]) -> str:
        """Save the form, and change, release or stop a waiting edition; return the name of the action."""
        do, number = form.get("do", "").partition(":")[0], form.get("edition", "")
        if number not in map(str, self.actions.review.waiting(link.newsletter)):
            raise SyndicateError(_STALE)
        edition_id = int(number)
        if do not in ("save", "find", "up", "down", "leave", "back", "add", "approve", "hold", "withdraw"):
            raise SyndicateError(_STALE)
        if do in ("approve", "withdraw") and form.get("sure") != "yes":
            raise SyndicateError(_UNSURE)
        press(self.actions, change, edition_id, form, order)
        if do == "approve":
            self.actions.approve(change, edition_id)
        return {"up": "move", "down": "move", "leave": "drop", "find": "save"}.get(do, do)


def _revisions(newsletter: str) -> str:
    """Return the name of the counter that revokes a newsletter's links when it moves."""
    return f"desk links of {newsletter}"
