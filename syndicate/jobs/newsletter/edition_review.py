"""The editor's desk: change editions that wait, let them go, correct those that went out.

Every change is rendered and looked at by lint before it is stored, and is recorded with who made it and when.
What is done to an edition is done to the forms of it that readers chose: they are let go, held and withdrawn
with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from syndicate.errors import RenderStopped, SyndicateError
from syndicate.jobs.newsletter.edition_storing import sending_times
from syndicate.jobs.newsletter.renderer import CheckedEdition, EditionRenderer
from syndicate.model import Digest, Newsletter
from syndicate.newsletter.edition_changes import (
    EditionChangeResult,
    add_note,
    drop_story,
    move_story,
    paragraphs_of,
    retitle,
)
from syndicate.newsletter.periods import Period
from syndicate.newsletter.variant_changes import as_decided
from syndicate.store import Connection, Store
from syndicate.store.mail import review_store
from syndicate.store.mail.edition_store import CUT, HELD, OPEN, VARIANT, WITHDRAWN
from syndicate.store.mail.review_store import DeskEdition, EditionChange


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """An edition to let go as it was looked at; without a proof nothing is left of it."""

    found: DeskEdition
    digest: Digest
    proof: CheckedEdition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewService:
    """Actions of an editor. Raises ``SyndicateError`` with the reason when one cannot be done."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    press: EditionRenderer

    def edition(self, edition_id: int) -> tuple[DeskEdition, Digest]:
        """An edition and what it says; a form that waits says what was decided for the edition."""
        with self.store.read() as connection:
            found = review_store.desk_edition(connection, edition_id)
            if found is None:
                raise SyndicateError(
                    f"there is no edition {edition_id}; `syndicate editions list` shows them"
                )
            return found, _said(connection, found)

    def forms(self, found: DeskEdition) -> list[DeskEdition]:
        """The forms of an edition that readers chose; none for one that is a form itself."""
        if found.edition.is_form:
            return []
        with self.store.read() as connection:
            return review_store.forms_of(connection, found.edition)

    def waiting(self, newsletter: str) -> list[int]:
        """The ids of what waits of a newsletter, the latest first; forms go with an edition that waits."""
        with self.store.read() as connection:
            return review_store.open_editions(connection, newsletter)

    def correctable(self, newsletter: str, *, limit: int) -> list[DeskEdition]:
        """The latest editions that went out and whose correction can be begun."""
        with self.store.read() as connection:
            return review_store.editions_to_correct(connection, newsletter, limit=limit)

    def changes(self, edition_id: int) -> list[EditionChange]:
        """Return what was done to an edition."""
        with self.store.read() as connection:
            return review_store.edition_changes(connection, edition_id)

    def proof(self, edition_id: int) -> CheckedEdition:
        """An edition as it would be rendered now, with what lint says."""
        found, digest = self.edition(edition_id)
        if not digest.stories:
            raise SyndicateError(f"edition {edition_id} has no contents to render")
        return self._proof(found, digest)

    def drop(self, edition_id: int, place: int, *, by: str, now: datetime) -> CheckedEdition:
        """Take a story out."""
        return self._change(edition_id, "drop", partial(drop_story, place=place), by=by, now=now)

    def move(self, edition_id: int, place: int, to: int, *, by: str, now: datetime) -> CheckedEdition:
        """Put a story at another place; it joins the list it comes to stand in."""
        return self._change(edition_id, "move", partial(move_story, place=place, to=to), by=by, now=now)

    def retitle(self, edition_id: int, place: int, title: str, *, by: str, now: datetime) -> CheckedEdition:
        """Give a story another headline, or with ``place`` 0 the mail another subject."""
        change = partial(retitle, place=place, title=title)
        return self._change(edition_id, "retitle", change, by=by, now=now)

    def note(self, edition_id: int, text: str, *, by: str, now: datetime) -> CheckedEdition:
        """Put an editor's note above the stories; an empty one takes it away."""
        return self._change(edition_id, "note", partial(add_note, text=text), by=by, now=now)

    def approve(self, edition_id: int, *, by: str, now: datetime) -> int:
        """Let an edition go, and its forms; returns the number of lint's warnings.

        What lint calls an error stops it. A form that lint stops stays, and waits for an editor of its own.
        """
        found, digest = self.edition(edition_id)
        self._open(found)
        proof = self._proof(found, digest)
        if proof.errors:
            raise SyndicateError("the edition cannot go like this: " + "; ".join(proof.errors))
        forms = self._ready_forms(found)
        with self.store.write() as connection:
            ready = _Ready(found=found, digest=digest, proof=proof)
            if not self._release(connection, ready, "approve", by, now):
                raise _overtaken(edition_id)
            for form in forms:
                self._release(connection, form, "approve", by, now)
        return len(proof.findings)

    def hold(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Take the deadline away: the edition waits until an editor approves it."""
        self._move(edition_id, HELD, "hold", by, now)

    def withdraw(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Never send this edition."""
        self._move(edition_id, WITHDRAWN, "withdraw", by, now)

    def correct(self, edition_id: int, text: str, *, by: str, now: datetime) -> int:
        """Begin a correction of an edition that went out; returns the id of the new revision, which is held.

        It can be changed like any open edition. Approved, it goes to the readers of the edition, and
        takes its place in the archive and the feed.
        """
        found, digest = self.edition(edition_id)
        text = paragraphs_of(text)
        if found.state not in (CUT, VARIANT) or not digest.stories:
            raise SyndicateError(
                f"edition {edition_id} is {found.state}; only what went out can be corrected"
            )
        if not text:
            raise SyndicateError("say what is corrected")
        corrected = replace(digest, correction=text, title="")
        proof = self._proof(found, corrected)
        forms = [form for form in self.forms(found) if form.state == VARIANT]
        with self.store.write() as connection:
            revision = review_store.add_correction(
                connection, found, content=corrected.to_json(), rendered=proof.parts, now=now
            )
            if revision is None:
                raise SyndicateError(
                    f"edition {edition_id} has a later revision already; `syndicate editions list` shows it"
                )
            review_store.record_change(connection, revision, "correct", text, by, now)
            for form in forms:
                self._correct_form(connection, form, digest, text, now)
        return revision

    def release_overdue(
        self, now: datetime, wanted: Callable[[str], bool]
    ) -> list[tuple[DeskEdition, tuple[str, ...]]]:
        """Let go every edition whose deadline has passed, of the newsletters whose names are ``wanted``.

        An edition that lint stops stays, with the reasons.
        """
        with self.store.read() as connection:
            overdue = [
                (edition, _said(connection, edition))
                for edition in review_store.overdue_editions(connection, now)
                if wanted(edition.edition.newsletter)
            ]
        done: list[tuple[DeskEdition, tuple[str, ...]]] = []
        for found, digest in overdue:
            try:
                ready = self._look(found, digest)
            except RenderStopped:
                raise
            except SyndicateError as error:
                done.append((found, (str(error),)))
                continue
            errors = ready.proof.errors if ready.proof else ()
            if not errors:
                with self.store.write() as connection:
                    if not self._release(connection, ready, "deadline", "syndicate", now):
                        continue
            done.append((found, errors))
        return done

    def _look(self, found: DeskEdition, digest: Digest) -> _Ready:
        """An edition as it would go. Of a form nothing is left when the editor dropped all its stories."""
        empty = found.edition.is_form and not digest.stories
        return _Ready(found=found, digest=digest, proof=None if empty else self._proof(found, digest))

    def _ready_forms(self, found: DeskEdition) -> list[_Ready]:
        """The forms of an edition that wait, and that lint lets go."""
        ready = []
        for form in self.forms(found):
            if form.state in OPEN:
                with self.store.read() as connection:
                    digest = _said(connection, form)
                looked = self._look(form, digest)
                if looked.proof is None or not looked.proof.errors:
                    ready.append(looked)
        return ready

    def _release(self, connection: Connection, ready: _Ready, action: str, by: str, now: datetime) -> bool:
        """Let go what was looked at: what it does not say any more (a page is gone) is left out first."""
        found, proof = ready.found, ready.proof
        if proof is None:
            withdrawn = review_store.move_edition(connection, found.edition.id, to=WITHDRAWN)
            if withdrawn:
                detail = "the editor dropped every story of it"
                review_store.record_change(connection, found.edition.id, "withdraw", detail, by, now)
            return withdrawn
        edition, content = found.edition, proof.digest.to_json()
        as_stored = Digest.from_json(found.content or {"stories": ()})
        if proof.digest != as_stored or proof.parts != (edition.subject, edition.html, edition.text):
            kept = [story.article_id for story in proof.digest.stories]
            if not review_store.change_edition(
                connection, found, content=content, rendered=proof.parts, kept=kept, reasons=proof.dropped
            ):
                return False
            found = replace(found, content=content)
        if proof.trimmed:
            detail = "; ".join(proof.trimmed)
            review_store.record_change(connection, edition.id, "trim", detail, "syndicate", now)
        newsletter = next(
            newsletter for newsletter in self.newsletters if newsletter.name == found.edition.newsletter
        )
        if not review_store.release_edition(connection, found, now, sending_times(newsletter, now)):
            return False
        detail = proof.rendered.subject if action == "approve" else ""
        review_store.record_change(connection, found.edition.id, action, detail, by, now)
        return True

    def _correct_form(
        self, connection: Connection, form: DeskEdition, corrected: Digest, text: str, now: datetime
    ) -> None:
        """Begin the same correction of a form, if it carried any of the stories."""
        digest = Digest.from_json(form.content or {"stories": ()})
        carried = {story.story_id for story in digest.stories}
        if carried & {story.story_id for story in corrected.stories}:
            content = replace(digest, correction=text, title="").to_json()
            edition = form.edition
            rendered = (edition.subject, edition.html, edition.text)
            review_store.add_correction(connection, form, content=content, rendered=rendered, now=now)

    def _move(self, edition_id: int, to: str, action: str, by: str, now: datetime) -> None:
        found, _ = self.edition(edition_id)
        self._open(found)
        forms = self.forms(found)
        with self.store.write() as connection:
            if not review_store.move_edition(connection, edition_id, to=to):
                raise _overtaken(edition_id)
            review_store.record_change(connection, edition_id, action, "", by, now)
            for form in forms:
                if review_store.move_edition(connection, form.edition.id, to=to):
                    review_store.record_change(connection, form.edition.id, action, "", by, now)

    def _change(
        self,
        edition_id: int,
        action: str,
        change: Callable[[Digest], EditionChangeResult],
        *,
        by: str,
        now: datetime,
    ) -> CheckedEdition:
        found, digest = self.edition(edition_id)
        self._open(found)
        changed = change(digest)
        proof = self._proof(found, changed.digest)
        if proof.errors:
            raise SyndicateError("nothing was changed: " + "; ".join(proof.errors))
        with self.store.write() as connection:
            kept = [story.article_id for story in proof.digest.stories]
            content = proof.digest.to_json()
            if not review_store.change_edition(
                connection, found, content=content, rendered=proof.parts, kept=kept, reasons=proof.dropped
            ):
                raise _overtaken(edition_id)
            review_store.record_change(
                connection, edition_id, action, changed.detail, by, now, changed.story_id
            )
        return proof

    def _proof(self, found: DeskEdition, digest: Digest) -> CheckedEdition:
        edition = found.edition
        named = [newsletter for newsletter in self.newsletters if newsletter.name == edition.newsletter]
        if not named:
            raise SyndicateError(f"the newsletter {edition.newsletter} is no longer declared in config.toml")
        period = Period(start=edition.period_start, end=edition.period_end)
        return self.press.proof(named[0], period, digest, cadence=edition.cadence)

    def _open(self, found: DeskEdition) -> None:
        if found.state not in OPEN:
            raise SyndicateError(
                f"edition {found.edition.id} is {found.state}; only one that waits can be changed. "
                "`syndicate editions correct` corrects one that went out"
            )


def _said(connection: Connection, found: DeskEdition) -> Digest:
    """Return what an edition says; a form that waits follows what was decided for the edition."""
    digest, edition = Digest.from_json(found.content or {"stories": ()}), found.edition
    if not edition.is_form or found.state not in OPEN:
        return digest
    issue = review_store.main_edition(connection, edition.newsletter, edition.period_end)
    if issue is None or not issue.content:
        return digest
    decided = review_store.edition_changes(connection, issue.edition.id)
    own = review_store.edition_changes(connection, edition.id)
    return as_decided(
        digest,
        Digest.from_json(issue.content),
        dropped={
            change.story_id for change in decided if change.action == "drop" and change.story_id is not None
        },
        untouched={change.story_id for change in own if change.story_id is not None},
    )


def _overtaken(edition_id: int) -> SyndicateError:
    return SyndicateError(
        f"edition {edition_id} was changed or released by somebody else just now; look at it again"
    )
