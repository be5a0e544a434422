"""Review of editions: change and release waiting editions, correct editions that were sent.

Every change is rendered and checked by lint before it is stored, and is recorded with its author and time.
The variants of an edition (chosen sections, languages, cadence) are released, held and withdrawn with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from syndicate.errors import ActionRefused, NotFound, RenderStopped, SyndicateError
from syndicate.jobs.newsletter.edition_storing import sending_times
from syndicate.jobs.newsletter.renderer import CheckedEdition, EditionRenderer
from syndicate.model import ISSUE, EditionContent, Newsletter, SegmentClause
from syndicate.newsletter import edition_changes
from syndicate.newsletter.periods import Period
from syndicate.store import Connection, Store
from syndicate.store.mail import review_store
from syndicate.store.mail.edition_store import HELD, OPEN, WITHDRAWN
from syndicate.store.mail.review_store import EditionChange, ReviewEdition


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReview:
    """Edition to release, as checked. Without ``checked`` the edition has no story left."""

    reviewed: ReviewEdition
    checked: CheckedEdition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyEdition:
    """Checked edition with the variants that are released with it; ``is_planned`` for an issue of later."""

    main: CheckedReview
    checked: CheckedEdition
    is_planned: bool
    variants: tuple[CheckedReview, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewService:
    """Reader, checker and releaser of editions. Its methods raise ``SyndicateError`` with the reason.

    ``segment`` returns the clauses of a segment, by its name, or of a query.
    """

    store: Store
    newsletters: Sequence[Newsletter]
    renderer: EditionRenderer
    segment: Callable[[str], tuple[SegmentClause, ...]] = lambda _text: ()

    def edition(self, edition_id: int) -> tuple[ReviewEdition, EditionContent]:
        """Return an edition and its content; a waiting variant follows the changes of its main edition."""
        with self.store.read() as connection:
            reviewed = review_store.review_edition(connection, edition_id)
            if reviewed is None:
                raise NotFound(f"there is no edition {edition_id}; `syndicate editions list` shows them")
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
        if content.is_empty:
            raise SyndicateError(f"edition {edition_id} has no contents to render")
        return self.check_content(reviewed, content)

    def ready(self, edition_id: int, now: datetime) -> "ReadyEdition":
        """Check an open edition and its variants for their release.

        A variant with a lint error waits for its own approval. An issue that is planned for later waits for
        its time.
        """
        reviewed, content = self.open_edition(edition_id)
        is_planned = bool(reviewed.state == HELD and reviewed.approve_by and reviewed.approve_by > now)
        reviewed = reviewed if is_planned else self._dated(reviewed, now)
        checked = self.check_content(reviewed, content)
        main = CheckedReview(reviewed=reviewed, checked=checked)
        variants = () if checked.errors else self._ready_variants(reviewed)
        return ReadyEdition(main=main, checked=checked, is_planned=is_planned, variants=tuple(variants))

    def release(
        self, connection: Connection, ready: "ReadyEdition", by: str, now: datetime, until: datetime | None
    ) -> None:
        """Release a checked edition with its variants, or plan it. Raises ``SyndicateError`` if it changed.

        No mail is sent before ``until``, the end of the time to take the approval back.
        """
        reviewed, edition_id = ready.main.reviewed, ready.main.reviewed.edition.id
        if ready.is_planned:
            if not review_store.plan_edition(connection, reviewed):
                raise changed_meanwhile(connection, edition_id)
            detail = f"for {reviewed.approve_by:%Y-%m-%d %H:%M} UTC"
            review_store.record_change(connection, edition_id, "approve", detail, by, now)
        elif not self._release(connection, ready.main, "approve", by, now, until):
            raise changed_meanwhile(connection, edition_id)
        for variant in ready.variants:
            self._release(connection, variant, "approve", by, now, until)

    def stop(self, connection: Connection, edition_id: int, to: str, by: str, now: datetime) -> None:
        """Hold or withdraw an open edition and its variants."""
        reviewed = review_store.review_edition(connection, edition_id)
        if reviewed is None or not review_store.move_edition(connection, edition_id, to=to):
            raise changed_meanwhile(connection, edition_id)
        variants = (
            [] if reviewed.edition.is_variant else review_store.variants_of(connection, reviewed.edition)
        )
        action = "hold" if to == HELD else "withdraw"
        review_store.record_change(connection, edition_id, action, "", by, now)
        for variant in variants:
            if review_store.move_edition(connection, variant.edition.id, to=to):
                review_store.record_change(connection, variant.edition.id, action, "", by, now)

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
                reviewed = self._dated(reviewed, now)  # noqa: PLW2901 the same edition with its time
                ready = self._checked_review(reviewed, content)
                self._recipients(reviewed)
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

    def _checked_review(self, reviewed: ReviewEdition, content: EditionContent) -> CheckedReview:
        """Check an edition for release. A variant is empty when the editor dropped all its stories."""
        empty = reviewed.edition.is_variant and not content.stories
        checked = None if empty else self.check_content(reviewed, content)
        return CheckedReview(reviewed=reviewed, checked=checked)

    def _ready_variants(self, reviewed: ReviewEdition) -> list[CheckedReview]:
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
        self,
        connection: Connection,
        ready: CheckedReview,
        action: str,
        by: str,
        now: datetime,
        until: datetime | None = None,
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
            new, kept = checked.content.to_json(), [story.article_id for story in checked.content.stories]
            if not review_store.change_edition(
                connection, reviewed, content=new, rendered=checked.parts, kept=kept, reasons=checked.dropped
            ):
                return False
            reviewed = replace(reviewed, content=new)
        reviewed = replace(reviewed, edition=replace(edition, web_url=checked.web_url))
        if checked.trimmed:
            detail = "; ".join(checked.trimmed)
            review_store.record_change(connection, edition.id, "trim", detail, "syndicate", now)
        times = sending_times(self.newsletter(edition.newsletter), now)
        members = self._recipients(reviewed)
        if not review_store.release_edition(connection, reviewed, now, times, members, until):
            return False
        detail = checked.rendered.subject if action == "approve" else ""
        review_store.record_change(connection, edition.id, action, detail, by, now)
        return True

    def _recipients(self, reviewed: ReviewEdition) -> tuple[SegmentClause, ...]:
        """Return the clauses of an issue's segment, which may be gone; a correction needs none."""
        edition = reviewed.edition
        return self.segment(edition.segment) if edition.segment and not edition.revision else ()

    def correct_variant(
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

    def check_content(self, reviewed: ReviewEdition, content: EditionContent) -> CheckedEdition:
        """Render a content as the mail of an edition, with the findings of lint."""
        edition = reviewed.edition
        return self.renderer.check(
            self.newsletter(edition.newsletter),
            Period(start=edition.period_start, end=edition.period_end),
            content,
            variant_key=edition.variant_key,
            has_page=not edition.unlisted,
        )

    def _dated(self, reviewed: ReviewEdition, now: datetime) -> ReviewEdition:
        """Return an issue with the period of the time at which it is sent; other editions as they are."""
        edition = reviewed.edition
        if edition.variant_key != ISSUE or edition.revision:
            return reviewed
        with self.store.read() as connection:
            end = review_store.issue_time(connection, edition.newsletter, now, edition.id)
        return replace(reviewed, edition=replace(edition, period_start=end, period_end=end))

    def newsletter(self, name: str) -> Newsletter:
        """Return a newsletter. Raises ``NotFound`` for a newsletter that was removed."""
        for newsletter in self.newsletters:
            if newsletter.name == name:
                return newsletter
        raise NotFound(f"The newsletter {name} was removed. Add it again to see and change its editions.")

    def open_edition(self, edition_id: int) -> tuple[ReviewEdition, EditionContent]:
        """Return an edition that can be changed, and its content."""
        reviewed, content = self.edition(edition_id)
        if reviewed.state not in OPEN:
            raise ActionRefused(
                "not-open",
                f"edition {edition_id} is {reviewed.state}; only a waiting edition can be changed. "
                "`syndicate editions correct` corrects an edition that went out",
            )
        return reviewed, content


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


def changed_meanwhile(connection: Connection, edition_id: int) -> ActionRefused:
    """Return the error for an edition that another editor has changed, with the editor's name."""
    last = review_store.edition_changes(connection, edition_id)[-1:]
    by = next((f"{line.changed_by} at {line.changed:%H:%M} UTC" for line in last), "another editor")
    return ActionRefused("stale", f"edition {edition_id} was changed or released by {by}; look at it again")


def content_hash(reviewed: ReviewEdition, content: EditionContent) -> str:
    """Return the hash of an edition's state and content, which forms carry."""
    text = f"{reviewed.state} {content!r}".encode("utf-8", "replace")
    return blake2b(text, digest_size=12).hexdigest()
