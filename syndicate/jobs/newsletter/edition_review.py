"""Review of editions: change and release waiting editions, correct editions that were sent.

Every change is rendered and checked by lint before it is stored, and is recorded with its author and time.
The variants of an edition (chosen sections, languages, cadence) are released, held and withdrawn with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from syndicate.errors import RenderStopped, SyndicateError
from syndicate.jobs.newsletter.edition_storing import sending_times
from syndicate.jobs.newsletter.renderer import CheckedEdition, EditionRenderer
from syndicate.model import EditionContent, Newsletter
from syndicate.newsletter import edition_changes
from syndicate.newsletter.periods import Period
from syndicate.store import Connection, Store
from syndicate.store.mail import review_store
from syndicate.store.mail.edition_store import CUT, HELD, OPEN, VARIANT, WITHDRAWN
from syndicate.store.mail.review_store import EditionChange, ReviewEdition


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedReview:
    """Edition to release, as checked. Without ``checked`` the edition has no story left."""

    reviewed: ReviewEdition
    checked: CheckedEdition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewService:
    """Actions of an editor. Each raises ``SyndicateError`` with the reason when it cannot be done."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    renderer: EditionRenderer

    def edition(self, edition_id: int) -> tuple[ReviewEdition, EditionContent]:
        """Return an edition and its content; a waiting variant follows the changes of its main edition."""
        with self.store.read() as connection:
            reviewed = review_store.review_edition(connection, edition_id)
            if reviewed is None:
                raise SyndicateError(
                    f"there is no edition {edition_id}; `syndicate editions list` shows them"
                )
            return reviewed, _current_content(connection, reviewed)

    def variants(self, reviewed: ReviewEdition) -> list[ReviewEdition]:
        """Return the variants of a main edition; empty for a variant."""
        if reviewed.edition.is_variant:
            return []
        with self.store.read() as connection:
            return review_store.variants_of(connection, reviewed.edition)

    def waiting(self, newsletter: str) -> list[int]:
        """Return the ids of waiting editions, latest first; without variants whose main edition waits."""
        with self.store.read() as connection:
            return review_store.open_editions(connection, newsletter)

    def correctable(self, newsletter: str, *, limit: int) -> list[ReviewEdition]:
        """Return the latest sent editions that can be corrected."""
        with self.store.read() as connection:
            return review_store.editions_to_correct(connection, newsletter, limit=limit)

    def changes(self, edition_id: int) -> list[EditionChange]:
        """Return the recorded changes of an edition."""
        with self.store.read() as connection:
            return review_store.edition_changes(connection, edition_id)

    def check(self, edition_id: int) -> CheckedEdition:
        """Render an edition as it would be sent now, with the findings of lint."""
        reviewed, content = self.edition(edition_id)
        if not content.stories:
            raise SyndicateError(f"edition {edition_id} has no contents to render")
        return self._check(reviewed, content)

    def drop(self, edition_id: int, place: int, *, by: str, now: datetime) -> CheckedEdition:
        """Remove a story."""
        return self._change(
            edition_id, "drop", partial(edition_changes.drop_story, place=place), by=by, now=now
        )

    def move(self, edition_id: int, place: int, to: int, *, by: str, now: datetime) -> CheckedEdition:
        """Move a story to another place, and to the list (top or trending) of that place."""
        return self._change(
            edition_id, "move", partial(edition_changes.move_story, place=place, to=to), by=by, now=now
        )

    def retitle(self, edition_id: int, place: int, title: str, *, by: str, now: datetime) -> CheckedEdition:
        """Replace the headline of a story, or with ``place`` 0 the subject of the mail."""
        change = partial(edition_changes.retitle, place=place, title=title)
        return self._change(edition_id, "retitle", change, by=by, now=now)

    def note(self, edition_id: int, text: str, *, by: str, now: datetime) -> CheckedEdition:
        """Put an editor's note above the stories; an empty text removes it."""
        return self._change(edition_id, "note", partial(edition_changes.add_note, text=text), by=by, now=now)

    def approve(self, edition_id: int, *, by: str, now: datetime) -> int:
        """Release an edition and its variants; return the number of lint warnings.

        A lint error stops the edition. A variant with a lint error waits for its own approval.
        """
        reviewed, content = self._open_edition(edition_id)
        checked = self._check(reviewed, content)
        if checked.errors:
            raise SyndicateError("the edition cannot go like this: " + "; ".join(checked.errors))
        variants = self._ready_variants(reviewed)
        with self.store.write() as connection:
            ready = _CheckedReview(reviewed=reviewed, checked=checked)
            if not self._release(connection, ready, "approve", by, now):
                raise _changed_meanwhile(edition_id)
            for variant in variants:
                self._release(connection, variant, "approve", by, now)
        return len(checked.findings)

    def hold(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Remove the deadline: the edition waits until an editor approves it."""
        self._move(edition_id, HELD, "hold", by, now)

    def withdraw(self, edition_id: int, *, by: str, now: datetime) -> None:
        """Never send this edition."""
        self._move(edition_id, WITHDRAWN, "withdraw", by, now)

    def correct(self, edition_id: int, text: str, *, by: str, now: datetime) -> int:
        """Begin a correction of a sent edition; return the id of the new revision, which is held.

        The revision can be changed like any open edition. When approved, it is sent to the recipients of the
        edition and replaces it in the archive and the feed.
        """
        reviewed, content = self.edition(edition_id)
        text = edition_changes.paragraphs_of(text)
        if reviewed.state not in (CUT, VARIANT) or not content.stories:
            raise SyndicateError(
                f"edition {edition_id} is {reviewed.state}; only an edition that went out can be corrected"
            )
        if not text:
            raise SyndicateError("the correction has no text; write what was wrong")
        corrected = replace(content, correction=text, title="")
        checked = self._check(reviewed, corrected)
        variants = [variant for variant in self.variants(reviewed) if variant.state == VARIANT]
        with self.store.write() as connection:
            revision = review_store.add_correction(
                connection, reviewed, content=corrected.to_json(), rendered=checked.parts, now=now
            )
            if revision is None:
                raise SyndicateError(
                    f"edition {edition_id} has a later revision already; `syndicate editions list` shows it"
                )
            review_store.record_change(connection, revision, "correct", text, by, now)
            for variant in variants:
                self._correct_variant(connection, variant, content, text, now)
        return revision

    def release_overdue(
        self, now: datetime, is_selected: Callable[[str], bool]
    ) -> list[tuple[ReviewEdition, tuple[str, ...]]]:
        """Release every edition whose deadline has passed, of the newsletters that ``is_selected`` accepts.

        Return each edition with its lint errors; an edition with errors is not released.
        """
        with self.store.read() as connection:
            overdue = [
                (edition, _current_content(connection, edition))
                for edition in review_store.overdue_editions(connection, now)
                if is_selected(edition.edition.newsletter)
            ]
        done: list[tuple[ReviewEdition, tuple[str, ...]]] = []
        for reviewed, content in overdue:
            try:
                ready = self._checked_review(reviewed, content)
            except RenderStopped:
                raise
            except SyndicateError as error:
                done.append((reviewed, (str(error),)))
                continue
            errors = ready.checked.errors if ready.checked else ()
            if not errors:
                with self.store.write() as connection:
                    if not self._release(connection, ready, "deadline", "syndicate", now):
                        continue
            done.append((reviewed, errors))
        return done

    def _checked_review(self, reviewed: ReviewEdition, content: EditionContent) -> _CheckedReview:
        """Check an edition for release. A variant is empty when the editor dropped all its stories."""
        empty = reviewed.edition.is_variant and not content.stories
        checked = None if empty else self._check(reviewed, content)
        return _CheckedReview(reviewed=reviewed, checked=checked)

    def _ready_variants(self, reviewed: ReviewEdition) -> list[_CheckedReview]:
        """Return the waiting variants of an edition that have no lint error."""
        ready = []
        for variant in self.variants(reviewed):
            if variant.state in OPEN:
                with self.store.read() as connection:
                    content = _current_content(connection, variant)
                review = self._checked_review(variant, content)
                if review.checked is None or not review.checked.errors:
                    ready.append(review)
        return ready

    def _release(
        self, connection: Connection, ready: _CheckedReview, action: str, by: str, now: datetime
    ) -> bool:
        """Release a checked edition; store its content first if the check left a story out."""
        reviewed, checked = ready.reviewed, ready.checked
        if checked is None:
            withdrawn = review_store.move_edition(connection, reviewed.edition.id, to=WITHDRAWN)
            if withdrawn:
                detail = "the editor dropped all its stories"
                review_store.record_change(connection, reviewed.edition.id, "withdraw", detail, by, now)
            return withdrawn
        edition, stored = reviewed.edition, EditionContent.from_json(reviewed.content)
        if checked.content != stored or checked.parts != (edition.subject, edition.html, edition.text):
            if not _store_change(connection, reviewed, checked):
                return False
            reviewed = replace(reviewed, content=checked.content.to_json())
        if checked.trimmed:
            detail = "; ".join(checked.trimmed)
            review_store.record_change(connection, edition.id, "trim", detail, "syndicate", now)
        times = sending_times(self._newsletter(edition.newsletter), now)
        if not review_store.release_edition(connection, reviewed, now, times):
            return False
        detail = checked.rendered.subject if action == "approve" else ""
        review_store.record_change(connection, edition.id, action, detail, by, now)
        return True

    def _correct_variant(
        self,
        connection: Connection,
        variant: ReviewEdition,
        corrected: EditionContent,
        text: str,
        now: datetime,
    ) -> None:
        """Begin the same correction of a variant, if it has any of the edition's stories."""
        content = EditionContent.from_json(variant.content)
        carried = {story.story_id for story in content.stories}
        if carried & {story.story_id for story in corrected.stories}:
            correction = replace(content, correction=text, title="").to_json()
            edition = variant.edition
            rendered = (edition.subject, edition.html, edition.text)
            review_store.add_correction(connection, variant, content=correction, rendered=rendered, now=now)

    def _move(self, edition_id: int, to: str, action: str, by: str, now: datetime) -> None:
        reviewed, _ = self._open_edition(edition_id)
        variants = self.variants(reviewed)
        with self.store.write() as connection:
            if not review_store.move_edition(connection, edition_id, to=to):
                raise _changed_meanwhile(edition_id)
            review_store.record_change(connection, edition_id, action, "", by, now)
            for variant in variants:
                if review_store.move_edition(connection, variant.edition.id, to=to):
                    review_store.record_change(connection, variant.edition.id, action, "", by, now)

    def _change(
        self,
        edition_id: int,
        action: str,
        change: Callable[[EditionContent], edition_changes.EditionChangeResult],
        *,
        by: str,
        now: datetime,
    ) -> CheckedEdition:
        reviewed, content = self._open_edition(edition_id)
        changed = change(content)
        checked = self._check(reviewed, changed.content)
        if checked.errors:
            raise SyndicateError("nothing was changed: " + "; ".join(checked.errors))
        with self.store.write() as connection:
            if not _store_change(connection, reviewed, checked):
                raise _changed_meanwhile(edition_id)
            review_store.record_change(
                connection, edition_id, action, changed.detail, by, now, changed.story_id
            )
        return checked

    def _check(self, reviewed: ReviewEdition, content: EditionContent) -> CheckedEdition:
        edition = reviewed.edition
        newsletter = self._newsletter(edition.newsletter)
        period = Period(start=edition.period_start, end=edition.period_end)
        return self.renderer.check(newsletter, period, content, variant_key=edition.variant_key)

    def _newsletter(self, name: str) -> Newsletter:
        for newsletter in self.newsletters:
            if newsletter.name == name:
                return newsletter
        raise SyndicateError(f"the newsletter {name} is no longer declared in config.toml")

    def _open_edition(self, edition_id: int) -> tuple[ReviewEdition, EditionContent]:
        reviewed, content = self.edition(edition_id)
        if reviewed.state not in OPEN:
            raise SyndicateError(
                f"edition {edition_id} is {reviewed.state}; only a waiting edition can be changed. "
                "`syndicate editions correct` corrects an edition that went out"
            )
        return reviewed, content


def _store_change(connection: Connection, reviewed: ReviewEdition, checked: CheckedEdition) -> bool:
    """Store the checked content and mail; return false if the edition was changed in the meantime."""
    return review_store.change_edition(
        connection,
        reviewed,
        content=checked.content.to_json(),
        rendered=checked.parts,
        kept=[story.article_id for story in checked.content.stories],
        reasons=checked.dropped,
    )


def _current_content(connection: Connection, reviewed: ReviewEdition) -> EditionContent:
    """Return the content of an edition; a waiting variant follows the changes of its main edition."""
    content, edition = EditionContent.from_json(reviewed.content), reviewed.edition
    if not edition.is_variant or reviewed.state not in OPEN:
        return content
    main = review_store.main_edition(connection, edition.newsletter, edition.period_end)
    if main is None or not main.content:
        return content
    main_changes = review_store.edition_changes(connection, main.edition.id)
    own_changes = review_store.edition_changes(connection, edition.id)
    return edition_changes.follow_main_edition(
        content,
        EditionContent.from_json(main.content),
        dropped={
            change.story_id
            for change in main_changes
            if change.action == "drop" and change.story_id is not None
        },
        own={change.story_id for change in own_changes if change.story_id is not None},
    )


def _changed_meanwhile(edition_id: int) -> SyndicateError:
    return SyndicateError(
        f"edition {edition_id} was changed or released by another editor just now; look at it again"
    )
