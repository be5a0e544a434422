"""Review of editions behind a signed link: the page of an editor, and the changes sent from it.

A link names the newsletter, the editor and its expiry; all links of a newsletter can be revoked at once. Its
holder can call ``ReviewService`` under that editor's name. Every HTML form carries a hash of the content it
shows. A change to content that has changed since is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syndicate.audience.link_tokens import make_token, read_token
from syndicate.errors import SyndicateError
from syndicate.jobs.newsletter.edition_review import ReviewService
from syndicate.model import EditionContent, Newsletter
from syndicate.newsletter.periods import read_zone
from syndicate.newsletter.story_views import TOKEN
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.mail import audience_store
from syndicate.store.mail.review_store import EditionChange, ReviewEdition

# Problems that the page explains in the newsletter's language.
_STALE = "stale"
_UNSURE = "unsure"
_UNSAID = "unsaid"
# Number of latest sent editions that the page offers for correction.
MOST_SENT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """Waiting edition. ``seen`` is the hash of its state and content; ``errors`` stop its release."""

    reviewed: ReviewEdition
    content: EditionContent
    seen: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[EditionChange, ...]
    variants: int

    # Former names, for templates of operators.
    found = property(lambda self: self.reviewed)
    digest = property(lambda self: self.content)
    forms = property(lambda self: self.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEdition:
    """Sent edition that can be corrected. ``seen`` is as in ``EditionView``."""

    reviewed: ReviewEdition
    seen: str

    found = property(lambda self: self.reviewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Page of an editor: the editions that wait, and the sent editions that can be corrected.

    ``said`` names the last action; ``problem`` names or explains a failed action. ``path`` is the path of the
    page, under which the mails are served. A correction just begun comes first in ``waiting``.
    """

    path: str
    newsletter: Newsletter
    editor: str
    ends: datetime
    readers: int
    waiting: tuple[EditionView, ...]
    sent: tuple[SentEdition, ...]
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
    review: ReviewService
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
        self, link: ReviewLink, *, said: str = "", correction_id: int | None = None, problem: str = ""
    ) -> ReviewPage | None:
        """Return the page, or ``None`` for a link that is invalid, expired or revoked; changes nothing."""
        opened = self._opened(link)
        if opened is None:
            return None
        newsletter, ends = opened
        with self.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection).get(newsletter.name, {})
        waiting = sorted(self.review.waiting(newsletter.name), key=lambda number: number != correction_id)
        return ReviewPage(
            path=link.path,
            newsletter=newsletter,
            editor=link.editor,
            ends=ends,
            readers=counts.get("confirmed", 0),
            waiting=tuple(map(self._edition_view, waiting)),
            sent=self._sent(newsletter.name),
            said=said,
            problem=problem,
        )

    def act(self, link: ReviewLink, fields: Mapping[str, Sequence[str]]) -> ReviewPage | None:
        """Apply a submitted form and return the page after it; ``None`` as in ``look``."""
        if self._opened(link) is None:
            return None
        # Browsers send the lines of a text field with CRLF.
        form = {name: values[0].replace("\r\n", "\n") for name, values in fields.items()}
        said, correction_id = "correct", None
        try:
            if form.get("do") == said:
                correction_id = self._correct(link, form)
            else:
                said = self._change(link, form)
        except SyndicateError as error:
            return self.look(link, problem=str(error))
        return self.look(link, said=said, correction_id=correction_id)

    def mail(self, link: ReviewLink, edition: str) -> str | None:
        """Return the HTML of the mail as it would be sent now, without a subscriber's token."""
        if self._opened(link) is None:
            return None
        sent = [edition.reviewed.edition.id for edition in self._sent(link.newsletter)]
        # Compared as text: ``int`` raises on a number of thousands of digits.
        if edition not in map(str, (*self.review.waiting(link.newsletter), *sent)):
            return None
        return self.review.check(int(edition)).rendered.html.replace(TOKEN, "preview")

    def _opened(self, link: ReviewLink) -> tuple[Newsletter, datetime] | None:
        """Return the newsletter and the expiry of a valid link."""
        named = [newsletter for newsletter in self.review.newsletters if newsletter.name == link.newsletter]
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

    def _edition_view(self, edition_id: int) -> EditionView:
        reviewed, content = self.review.edition(edition_id)
        errors, warnings = self._findings(edition_id)
        return EditionView(
            reviewed=reviewed,
            content=content,
            seen=_content_hash(reviewed, content),
            errors=errors,
            warnings=warnings,
            changes=tuple(self.review.changes(edition_id)),
            variants=len(self.review.variants(reviewed)),
        )

    def _findings(self, edition_id: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the lint errors, and the lint warnings with the parts left out."""
        try:
            checked = self.review.check(edition_id)
        except SyndicateError as error:
            return (str(error),), ()
        others = tuple(str(finding) for finding in checked.findings if str(finding) not in checked.errors)
        return checked.errors, (*others, *checked.trimmed)

    def _sent(self, newsletter: str) -> tuple[SentEdition, ...]:
        return tuple(
            SentEdition(reviewed=reviewed, seen=_content_hash(*self.review.edition(reviewed.edition.id)))
            for reviewed in self.review.correctable(newsletter, limit=MOST_SENT)
        )

    def _correct(self, link: ReviewLink, form: Mapping[str, str]) -> int:
        """Begin the correction of a sent edition; sends nothing."""
        seen = {str(edition.reviewed.edition.id): edition.seen for edition in self._sent(link.newsletter)}
        number = form.get("edition", "")
        if number not in seen or form.get("seen") != seen[number]:
            raise SyndicateError(_STALE)
        text = form.get("text", "")
        if not text.strip():
            raise SyndicateError(_UNSAID)
        return self.review.correct(int(number), text, by=link.editor, now=self.clock())

    def _change(self, link: ReviewLink, form: Mapping[str, str]) -> str:
        """Change, release or stop a waiting edition; return the name of the action."""
        number = form.get("edition", "")
        if number not in map(str, self.review.waiting(link.newsletter)):
            raise SyndicateError(_STALE)
        edition_id, now = int(number), self.clock()
        reviewed, content = self.review.edition(edition_id)
        if form.get("seen") != _content_hash(reviewed, content):
            raise SyndicateError(_STALE)
        action, text = form.get("do", ""), form.get("text", "")
        finish = {"approve": self.review.approve, "hold": self.review.hold, "withdraw": self.review.withdraw}
        if action in finish:
            if action != "hold" and form.get("sure") != "yes":
                raise SyndicateError(_UNSURE)
            finish[action](edition_id, by=link.editor, now=now)
        elif action == "note":
            self.review.note(edition_id, text, by=link.editor, now=now)
        elif action == "subject":
            self.review.retitle(edition_id, 0, text, by=link.editor, now=now)
        else:
            return self._change_story(edition_id, content, form, by=link.editor, now=now)
        return action

    def _change_story(
        self, edition_id: int, content: EditionContent, form: Mapping[str, str], *, by: str, now: datetime
    ) -> str:
        action, place = form.get("do", ""), _place(content, form.get("story", ""))
        to = {"first": 1, "up": max(1, place - 1), "down": min(len(content.stories), place + 1)}
        if action in to:
            self.review.move(edition_id, place, to[action], by=by, now=now)
            return "move"
        if action == "drop":
            self.review.drop(edition_id, place, by=by, now=now)
        elif action == "retitle":
            self.review.retitle(edition_id, place, form.get("text", ""), by=by, now=now)
        else:
            raise SyndicateError(_STALE)
        return action


def _revisions(newsletter: str) -> str:
    """Return the name of the counter that revokes a newsletter's links when it moves."""
    return f"desk links of {newsletter}"


def _content_hash(reviewed: ReviewEdition, content: EditionContent) -> str:
    return blake2b(f"{reviewed.state} {content!r}".encode("utf-8", "replace"), digest_size=12).hexdigest()


def _place(content: EditionContent, story: str) -> int:
    """Return the current place of a story by its id, which the form carries in place of a position."""
    ids = [str(story.story_id) for story in content.stories]
    if story not in ids:
        raise SyndicateError(_STALE)
    return ids.index(story) + 1
