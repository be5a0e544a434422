"""The editor's desk: change editions that wait, let them go, correct those that went out.

Every change is rendered and looked at by lint before it is stored, and is recorded with who made it and when.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.errors import SyndicateError
from syndicate.jobs.press import Press, Proof
from syndicate.jobs.variants import hours_of
from syndicate.model import Digest, DigestStory, Newsletter
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import SUBJECT_LIMIT
from syndicate.newsletter.views import harmless
from syndicate.store import Connection, Store, desk
from syndicate.store.desk import DeskEdition, EditionChange
from syndicate.store.editions import CUT, HELD, WITHDRAWN
from syndicate.store.preferences import keep_hours
from syndicate.text.plain import clean_text

NOTE_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskJob:
    """What an editor can do. Raises ``SyndicateError`` when it cannot be done, saying why."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    press: Press

    def edition(self, edition_id: int) -> tuple[DeskEdition, Digest]:
        """An edition and what it says."""
        with self.store.read() as connection:
            found = desk.desk_edition(connection, edition_id)
        if found is None:
            raise SyndicateError(f"there is no edition {edition_id}; `syndicate editions list` shows them")
        return found, Digest.from_json(found.content or {"stories": ()})

    def changes(self, edition_id: int) -> list[EditionChange]:
        """What was done to an edition."""
        with self.store.read() as connection:
            return desk.edition_changes(connection, edition_id)

    def proof(self, edition_id: int) -> Proof:
        """An edition as it would be rendered now, with what lint says."""
        found, digest = self.edition(edition_id)
        if not digest.stories:
            raise SyndicateError(f"edition {edition_id} has no contents to render")
        return self._proof(found, digest)

    def drop(self, edition_id: int, place: int, *, by: str, now: datetime) -> Proof:
        """Take a story out."""

        def change(digest: Digest) -> tuple[Digest, str]:
            story = _story(digest, place)
            if len(digest.stories) == 1:
                raise SyndicateError("an edition without stories is none; `editions withdraw` stops it")
            kept = tuple(one for one in digest.stories if one is not story)
            return replace(digest, stories=kept), story.title

        return self._change(edition_id, "drop", change, by=by, now=now)

    def move(self, edition_id: int, place: int, to: int, *, by: str, now: datetime) -> Proof:
        """Put a story at another place; it joins the list it comes to stand in."""

        def change(digest: Digest) -> tuple[Digest, str]:
            story, there = _story(digest, place), _story(digest, to)
            others = [one for one in digest.stories if one is not story]
            others.insert(to - 1, replace(story, kind=there.kind))
            return replace(digest, stories=tuple(others)), f"{story.title}: {place} → {to}"

        return self._change(edition_id, "move", change, by=by, now=now)

    def retitle(self, edition_id: int, place: int, title: str, *, by: str, now: datetime) -> Proof:
        """Give a story another headline, or with ``place`` 0 the mail another subject."""
        title = harmless(title, 300)
        if not title:
            raise SyndicateError("the title is empty")
        if not place and len(title) > SUBJECT_LIMIT:
            raise SyndicateError(
                f"the subject has {len(title)} characters; mail programs cut it at {SUBJECT_LIMIT}"
            )

        def change(digest: Digest) -> tuple[Digest, str]:
            if not place:
                return replace(digest, title=title), title
            story = _story(digest, place)
            changed = replace(story, title=title, original_title=story.original_title or story.title)
            stories = tuple(changed if one is story else one for one in digest.stories)
            return replace(digest, stories=stories), f"{story.title} → {title}"

        return self._change(edition_id, "retitle", change, by=by, now=now)

    def note(self, edition_id: int, text: str, *, by: str, now: datetime) -> Proof:
        """Put an editor's note above the stories; an empty one takes it away."""
        text = _note(text)
        return self._change(
            edition_id, "note", lambda digest: (replace(digest, note=text), text), by=by, now=now
        )

    def approve(self, edition_id: int, *, by: str, now: datetime) -> int:
        """Let an edition go; returns the number of lint's warnings. What lint calls an error stops it."""
        found, digest = self.edition(edition_id)
        self._open(found)
        proof = self._proof(found, digest)
        if proof.errors:
            raise SyndicateError("the edition cannot go like this: " + "; ".join(proof.errors))
        with self.store.write() as connection:
            if not self._release(connection, found, digest, proof, now):
                raise _changed(edition_id)
            self._record(connection, edition_id, "approve", proof.rendered.subject, by, now)
        return len(proof.findings)

    def hold(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Take the deadline away: the edition waits until somebody approves it."""
        self._move(edition_id, HELD, "hold", by, now)

    def withdraw(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Never send this edition."""
        self._move(edition_id, WITHDRAWN, "withdraw", by, now)

    def correct(self, edition_id: int, text: str, *, by: str, now: datetime) -> int:
        """Begin a correction of an edition that went out; returns the id of the new revision, which is held.

        It can be changed like any open edition. Approved, it goes to those who were sent the edition, and
        takes its place in the archive and the feed.
        """
        found, digest = self.edition(edition_id)
        text = _note(text)
        if found.state != CUT or not digest.stories:
            raise SyndicateError(
                f"edition {edition_id} is {found.state}; only what went out can be corrected"
            )
        if not text:
            raise SyndicateError("say what is corrected")
        corrected = replace(digest, correction=text, title="")
        proof = self._proof(found, corrected)
        with self.store.write() as connection:
            revision = desk.add_correction(
                connection, found, content=corrected.to_json(), rendered=proof.parts, now=now
            )
            if revision is None:
                raise SyndicateError(
                    f"edition {edition_id} has a later revision already; `syndicate editions list` shows it"
                )
            self._record(connection, revision, "correct", text, by, now)
        return revision

    def release_overdue(
        self, now: datetime, wanted: Callable[[str], bool]
    ) -> list[tuple[DeskEdition, tuple[str, ...]]]:
        """Let go every edition whose deadline has passed, of the newsletters whose names are ``wanted``.

        Those that lint stops stay, with the reasons.
        """
        with self.store.read() as connection:
            overdue = [
                one for one in desk.overdue_editions(connection, now) if wanted(one.edition.newsletter)
            ]
        done: list[tuple[DeskEdition, tuple[str, ...]]] = []
        for found in overdue:
            digest = Digest.from_json(found.content or {"stories": ()})
            try:
                proof = self._proof(found, digest)
            except SyndicateError as error:
                done.append((found, (str(error),)))
                continue
            if not proof.errors:
                with self.store.write() as connection:
                    if not self._release(connection, found, digest, proof, now):
                        continue
                    self._record(connection, found.edition.id, "deadline", "", "syndicate", now)
            done.append((found, proof.errors))
        return done

    def _release(
        self, connection: Connection, found: DeskEdition, digest: Digest, proof: Proof, now: datetime
    ) -> bool:
        """Let go what was proofed: what had to be left out since (a page is gone) is left out first."""
        if proof.digest != digest:
            content = proof.digest.to_json()
            kept = [story.story_id for story in proof.digest.stories]
            if not desk.change_edition(connection, found, content=content, rendered=proof.parts, kept=kept):
                return False
            found = replace(found, content=content)
            self._record(connection, found.edition.id, "trim", "; ".join(proof.trimmed), "syndicate", now)
        if not desk.release_edition(connection, found, now):
            return False
        newsletter = next(one for one in self.newsletters if one.name == found.edition.newsletter)
        keep_hours(connection, found.edition.id, hours_of(newsletter, now))
        return True

    def _move(self, edition_id: int, to: str, action: str, by: str, now: datetime) -> None:
        found, _ = self.edition(edition_id)
        self._open(found)
        with self.store.write() as connection:
            if not desk.move_edition(connection, edition_id, to=to):
                raise _changed(edition_id)
            self._record(connection, edition_id, action, "", by, now)

    def _change(
        self,
        edition_id: int,
        action: str,
        change: Callable[[Digest], tuple[Digest, str]],
        *,
        by: str,
        now: datetime,
    ) -> Proof:
        found, digest = self.edition(edition_id)
        self._open(found)
        changed, detail = change(digest)
        proof = self._proof(found, changed)
        if proof.errors:
            raise SyndicateError("nothing was changed: " + "; ".join(proof.errors))
        with self.store.write() as connection:
            kept = [story.story_id for story in proof.digest.stories]
            content = proof.digest.to_json()
            if not desk.change_edition(connection, found, content=content, rendered=proof.parts, kept=kept):
                raise _changed(edition_id)
            self._record(connection, edition_id, action, detail, by, now)
        return proof

    def _proof(self, found: DeskEdition, digest: Digest) -> Proof:
        edition = found.edition
        named = [one for one in self.newsletters if one.name == edition.newsletter]
        if not named:
            raise SyndicateError(f"the newsletter {edition.newsletter} is no longer declared in config.toml")
        period = Period(start=edition.period_start, end=edition.period_end, key="")
        return self.press.proof(named[0], period, digest)

    def _open(self, found: DeskEdition) -> None:
        if found.state not in desk.OPEN:
            raise SyndicateError(
                f"edition {found.edition.id} is {found.state}; only one that waits can be changed. "
                "`syndicate editions correct` corrects one that went out"
            )

    def _record(
        self, connection: Connection, edition_id: int, action: str, detail: str, by: str, now: datetime
    ) -> None:
        desk.record_change(
            connection,
            EditionChange(edition_id=edition_id, changed_by=by, action=action, detail=detail, changed=now),
        )


def _story(digest: Digest, place: int) -> DigestStory:
    if not 1 <= place <= len(digest.stories):
        raise SyndicateError(f"there is no story {place}; the edition has 1 to {len(digest.stories)}")
    return digest.stories[place - 1]


def _note(text: str) -> str:
    """An editor's paragraphs, clean, separated by one empty line."""
    paragraphs = (harmless(part, NOTE_LIMIT) for part in clean_text(text).split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))[:NOTE_LIMIT]


def _changed(edition_id: int) -> SyndicateError:
    return SyndicateError(
        f"edition {edition_id} was changed or released by somebody else just now; look at it again"
    )
