"""The editor's desk behind a signed link: what waits or went out of a newsletter, and what is done to it.

A link names the newsletter, the editor and when it ends; all links of a newsletter can be ended at once.
Its holder may do what ``ReviewService`` can, under that editor's name. Every form says which contents it was
made for: what was decided about other contents than those that are there now changes nothing.
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
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import Digest, Newsletter
from syndicate.newsletter.periods import read_zone
from syndicate.newsletter.render import TOKEN
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.mail import audience_store
from syndicate.store.mail.review_store import DeskEdition, EditionChange

# What the page has words for, in the newsletter's language.
_STALE = "stale"
_UNSURE = "unsure"
_UNSAID = "unsaid"

MOST_SENT = 5
"""Of how many editions that went out, the latest, the desk offers to begin a correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """One edition that waits. ``seen`` stands for just these contents; ``errors`` stop it."""

    found: DeskEdition
    digest: Digest
    seen: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[EditionChange, ...]
    forms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEdition:
    """One edition that went out and can be corrected. ``seen`` as in ``EditionView``."""

    found: DeskEdition
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """View of an editor. ``said`` names the last action, ``problem`` names or explains a failed one.

    ``path`` is the desk's own, under which the mails lie. A correction just begun is the first sheet.
    """

    path: str
    newsletter: Newsletter
    editor: str
    ends: datetime
    readers: int
    sheets: tuple[EditionView, ...]
    sent: tuple[SentEdition, ...]
    said: str = ""
    problem: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The clock on which the desk tells the time: that of the newsletter's schedule."""
        return read_zone(self.newsletter.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLink:
    """The three parts of a link: whose desk, who sits there, and the token that proves it."""

    newsletter: str
    editor: str
    token: str

    @property
    def path(self) -> str:
        """The path of its address."""
        parts = (self.newsletter, self.editor, self.token)
        return "/desk/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLinks:
    """Makes links to the desk, and answers them."""

    store: Store
    desk: ReviewService
    site_url: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def link(self, newsletter: str, editor: str, ends: datetime) -> str:
        """The address of a newsletter's desk for one editor; ``SyndicateError`` for a name it cannot hold."""
        if not editor.strip() or "/" in editor or not editor.isprintable():
            raise SyndicateError(f"{editor!r} is no name for a link; write one without slashes")
        with self.store.read() as connection:
            secret, purpose = leases.read_secret(connection), self._purpose(connection, newsletter, editor)
        token = make_token(secret, int(ends.timestamp()), purpose)
        return self.site_url + ReviewLink(newsletter=newsletter, editor=editor, token=token).path

    def revoke(self, newsletter: str) -> None:
        """End every link to a newsletter's desk."""
        with self.store.write() as connection:
            leases.increment_counter(connection, _revisions(newsletter))

    def look(self, key: ReviewLink) -> ReviewPage | None:
        """Return what waits, or ``None`` for a link that does not lead here (any more); changes nothing."""
        return self._view(key)

    def act(self, key: ReviewLink, fields: Mapping[str, Sequence[str]]) -> ReviewPage | None:
        """Do what a form asks for, and show what is there then; ``None`` as in ``look``."""
        if self._enter(key) is None:
            return None
        try:
            said, begun = self._do(key, {name: values[0] for name, values in fields.items()})
        except SyndicateError as error:
            return self._view(key, problem=str(error))
        return self._view(key, said=said, begun=begun)

    def mail(self, key: ReviewLink, edition: str) -> str | None:
        """The HTML of the mail as it would be sent now, without anybody's token."""
        if self._enter(key) is None:
            return None
        sent = [edition.found.edition.id for edition in self._sent(key.newsletter)]
        # As text: Python refuses to read a number of thousands of digits, and strangers send such.
        if edition not in map(str, (*self.desk.waiting(key.newsletter), *sent)):
            return None
        return self.desk.proof(int(edition)).rendered.html.replace(TOKEN, "preview")

    def _enter(self, key: ReviewLink) -> tuple[Newsletter, datetime] | None:
        """The newsletter and the end of a link that is good now."""
        named = [newsletter for newsletter in self.desk.newsletters if newsletter.name == key.newsletter]
        with self.store.read() as connection:
            secret = leases.read_secret(connection)
            purpose = self._purpose(connection, key.newsletter, key.editor)
        seconds = read_token(secret, key.token, purpose)
        if not named or seconds is None or seconds <= self.clock().timestamp():
            return None
        return named[0], datetime.fromtimestamp(seconds, UTC)

    def _view(
        self, key: ReviewLink, *, said: str = "", begun: int | None = None, problem: str = ""
    ) -> ReviewPage | None:
        entered = self._enter(key)
        if entered is None:
            return None
        newsletter, ends = entered
        with self.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection).get(newsletter.name, {})
        waiting = sorted(self.desk.waiting(newsletter.name), key=lambda number: number != begun)
        return ReviewPage(
            path=key.path,
            newsletter=newsletter,
            editor=key.editor,
            ends=ends,
            readers=counts.get("confirmed", 0),
            sheets=tuple(map(self._sheet, waiting)),
            sent=self._sent(newsletter.name),
            said=said,
            problem=problem,
        )

    def _purpose(self, connection: Connection, newsletter: str, editor: str) -> str:
        revision = leases.read_counter(connection, _revisions(newsletter))
        return "\n".join(("desk", str(revision), newsletter, editor))

    def _sheet(self, edition_id: int) -> EditionView:
        found, digest = self.desk.edition(edition_id)
        errors, warnings = _findings(lambda: self.desk.proof(edition_id))
        return EditionView(
            found=found,
            digest=digest,
            seen=_seen(found, digest),
            errors=errors,
            warnings=warnings,
            changes=tuple(self.desk.changes(edition_id)),
            forms=len(self.desk.forms(found)),
        )

    def _sent(self, newsletter: str) -> tuple[SentEdition, ...]:
        found = self.desk.correctable(newsletter, limit=MOST_SENT)
        return tuple(
            SentEdition(found=edition, seen=_seen(*self.desk.edition(edition.edition.id)))
            for edition in found
        )

    def _do(self, key: ReviewLink, form: Mapping[str, str]) -> tuple[str, int | None]:
        """Do one thing; return its name, and the id of the correction that it began.

        ``SyndicateError`` names or says why it was not done.
        """
        if form.get("do") == "correct":
            return "correct", self._correct(key, form)
        return self._change(key, form), None

    def _correct(self, key: ReviewLink, form: Mapping[str, str]) -> int:
        """Begin the correction of an edition that went out; nothing is sent by that."""
        seen = {str(edition.found.edition.id): edition.seen for edition in self._sent(key.newsletter)}
        number = form.get("edition", "")
        if number not in seen or form.get("seen") != seen[number]:
            raise SyndicateError(_STALE)
        text = _lines(form.get("text", ""))
        if not text.strip():
            raise SyndicateError(_UNSAID)
        return self.desk.correct(int(number), text, by=key.editor, now=self.clock())

    def _change(self, key: ReviewLink, form: Mapping[str, str]) -> str:
        """Change an edition that waits, let it go or stop it; names what was done."""
        number = form.get("edition", "")
        if number not in map(str, self.desk.waiting(key.newsletter)):
            raise SyndicateError(_STALE)
        edition_id, now = int(number), self.clock()
        found, digest = self.desk.edition(edition_id)
        if form.get("seen") != _seen(found, digest):
            raise SyndicateError(_STALE)
        action, text = form.get("do", ""), form.get("text", "")
        finish = {"approve": self.desk.approve, "hold": self.desk.hold, "withdraw": self.desk.withdraw}
        if action in finish:
            if action != "hold" and form.get("sure") != "yes":
                raise SyndicateError(_UNSURE)
            finish[action](edition_id, by=key.editor, now=now)
        elif action == "note":
            self.desk.note(edition_id, _lines(text), by=key.editor, now=now)
        elif action == "subject":
            self.desk.retitle(edition_id, 0, text, by=key.editor, now=now)
        else:
            return self._change_story(edition_id, digest, form, by=key.editor, now=now)
        return action

    def _change_story(
        self, edition_id: int, digest: Digest, form: Mapping[str, str], *, by: str, now: datetime
    ) -> str:
        action, place = form.get("do", ""), _place(digest, form.get("story", ""))
        to = {"first": 1, "up": max(1, place - 1), "down": min(len(digest.stories), place + 1)}
        if action in to:
            self.desk.move(edition_id, place, to[action], by=by, now=now)
            return "move"
        if action == "drop":
            self.desk.drop(edition_id, place, by=by, now=now)
        elif action == "retitle":
            self.desk.retitle(edition_id, place, form.get("text", ""), by=by, now=now)
        else:
            raise SyndicateError(_STALE)
        return action


def _revisions(newsletter: str) -> str:
    """The counter of a newsletter's links: moved, it ends them."""
    return f"desk links of {newsletter}"


def _seen(found: DeskEdition, digest: Digest) -> str:
    return blake2b(f"{found.state} {digest!r}".encode("utf-8", "replace"), digest_size=12).hexdigest()


def _place(digest: Digest, story: str) -> int:
    """Return where a story stands, by its id and not by what stands there meanwhile."""
    ids = [str(story.story_id) for story in digest.stories]
    if story not in ids:
        raise SyndicateError(_STALE)
    return ids.index(story) + 1


def _lines(text: str) -> str:
    """Return what browsers send from a text field, with plain line ends."""
    return text.replace("\r\n", "\n")


def _findings(proof: Callable[[], CheckedEdition]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what lint says: (errors, warnings and what was left out)."""
    try:
        looked = proof()
    except SyndicateError as error:
        return (str(error),), ()
    others = tuple(str(finding) for finding in looked.findings if str(finding) not in looked.errors)
    return looked.errors, (*others, *looked.trimmed)
