"""Actions of editors on editions: change, approve, take back, hold, withdraw, correct, and issues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from syndicate.errors import ActionRefused, SyndicateError
from syndicate.jobs.admin.actions import earlier_result, perform, perform_mail, require
from syndicate.jobs.newsletter.edition_preview import EditionPreviewer
from syndicate.jobs.newsletter.edition_review import ReviewService, changed_meanwhile, content_hash
from syndicate.jobs.newsletter.issue_writer import IssueDraft, IssueWriter
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import EditionContent
from syndicate.model.actors import ActionResult, Change
from syndicate.newsletter import edition_changes
from syndicate.newsletter.edition_changes import EditionChangeResult
from syndicate.newsletter.edition_form import EditionForm, save_form
from syndicate.store import Connection
from syndicate.store.mail import edition_articles, review_store, take_back
from syndicate.store.mail.edition_store import CUT, HELD, VARIANT, WITHDRAWN
from syndicate.store.mail.review_store import ReviewEdition
from syndicate.store.stories import story_store

Edit = Callable[[EditionContent], EditionChangeResult]
WRITE, SEND = "editions:write", "editions:send"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionActions:
    """Actions on editions. ``seen`` is the ``content_hash`` that the person saw, ``""`` for any content.

    After an approval by a person or a program nothing is sent for ``take_back``. Approvals by commands are
    sent at once.
    """

    review: ReviewService
    issues: IssueWriter
    previewer: EditionPreviewer
    take_back: timedelta = timedelta(seconds=60)

    def edit(
        self, change: Change, edition_id: int, *edits: Edit, form: EditionForm | None = None, seen: str = ""
    ) -> ActionResult:
        """Save every field of a form, and then apply edits, to an open edition, in one transaction.

        A change that makes a lint error is refused.
        """
        if earlier := earlier_result(self.review.store, change, WRITE):
            return earlier
        reviewed, content = self._open(edition_id, seen)
        changed, made = content, list[EditionChangeResult]()
        if form:
            changed, changes = save_form(changed, reviewed.edition.subject, form)
            made += changes
        for edit in edits:
            made.append(edit(changed))
            changed = made[-1].content
        checked = self.review.check_content(reviewed, changed)
        if checked.errors:
            before = () if content.is_empty else self.review.check_content(reviewed, content).errors
            if new := [error for error in checked.errors if error not in before]:
                raise ActionRefused("lint-error", "nothing was changed: " + "; ".join(new), status=422)
        work = partial(self._store, change, reviewed, changed, checked, made)
        return perform(self.review.store, change, "edition.edit", WRITE, work)

    def add(self, edition_id: int, name: str) -> Edit:
        """Return the change that adds a story, by its number or the address of its article."""
        reviewed, _ = self.review.open_edition(edition_id)
        newsletter = self.review.newsletter(reviewed.edition.newsletter)
        if not name.isdecimal() and any(mark in name for mark in "\"'\\ "):
            raise SyndicateError(f"there is no story {name}")
        with self.review.store.read() as connection:
            text = f"{{{{ story {name} }}}}"
            content, _ = self.issues.composer.compose(connection, newsletter, text, subject="-")
        return partial(edition_changes.add_story, story=content.stories[0])

    def approve(self, change: Change, edition_id: int, *, seen: str = "") -> ActionResult:
        """Release an edition and its variants. A lint error stops the edition."""
        if earlier := earlier_result(self.review.store, change, SEND):
            return earlier
        reviewed, _ = self._open(edition_id, seen)
        ready = self.review.ready(edition_id, change.now)
        if ready.checked.errors:
            errors = ready.checked.errors
            raise ActionRefused(
                "lint-error",
                "the edition cannot go like this: " + "; ".join(errors),
                facts={"errors": list(errors)},
            )
        waits = change.actor.kind != "command" and not ready.is_planned and bool(self.take_back)
        until = change.now + self.take_back if waits else None

        def work(connection: Connection) -> ActionResult:
            self.review.release(connection, ready, change.actor.name, change.now, until)
            facts = {"warnings": len(ready.checked.findings), "until": until and until.isoformat()}
            mails = take_back.count_mails(connection, edition_id) if until else 0
            message = (
                f"Approved. {mails:,} mails are sent from {until:%H:%M:%S} UTC." if until else "Approved."
            )
            return _result(reviewed, "approved", message, facts)

        return perform(self.review.store, change, "edition.approve", SEND, work)

    def undo_approval(self, change: Change, edition_id: int) -> ActionResult:
        """Take an approval back while no mail has left; the edition waits, held."""
        reviewed, _ = self.review.edition(edition_id)

        def work(connection: Connection) -> ActionResult:
            left = take_back.take_back(connection, edition_id, change.now)
            if left is not None:
                raise ActionRefused(
                    "mail-has-left",
                    f"The approval cannot be taken back: {left:,} mails have left or the time is over. "
                    "Write a correction instead.",
                    facts={"left": left},
                )
            name = change.actor.name
            review_store.record_change(connection, edition_id, "take back", "", name, change.now)
            return _result(reviewed, HELD, "Taken back. Nothing was sent; the edition is held.")

        return perform(self.review.store, change, "edition.take-back", SEND, work)

    def hold(self, change: Change, edition_id: int, *, seen: str = "") -> ActionResult:
        """Remove the deadline: the edition waits until an editor approves it."""
        return self._stop(change, edition_id, HELD, "edition.hold", seen)

    def withdraw(self, change: Change, edition_id: int, *, seen: str = "") -> ActionResult:
        """Never send this edition."""
        return self._stop(change, edition_id, WITHDRAWN, "edition.withdraw", seen)

    def correct(self, change: Change, edition_id: int, text: str, *, seen: str = "") -> ActionResult:
        """Begin a correction of a sent edition; the result names the new revision, which is held.

        The revision can be changed like any open edition. When approved, it is sent to the recipients of the
        edition and replaces it in the archive and the feed.
        """
        if earlier := earlier_result(self.review.store, change, SEND):
            return earlier
        reviewed, content = self._seen(edition_id, seen)
        text = edition_changes.paragraphs_of(text)
        if reviewed.state not in (CUT, VARIANT) or content.is_empty:
            raise ActionRefused(
                "not-sent",
                f"edition {edition_id} is {reviewed.state}; only an edition that went out can be corrected",
            )
        if not text:
            raise SyndicateError("the correction has no text; write what was wrong")
        # The subject template names the correction; an issue has no other title than the editor's.
        corrected = replace(content, correction=text, title=content.title if content.parts else "")
        checked = self.review.check_content(reviewed, corrected)
        variants = [variant for variant in self.review.variants(reviewed) if variant.state == VARIANT]

        def work(connection: Connection) -> ActionResult:
            if reviewed.approve_by and reviewed.approve_by > change.now:
                raise ActionRefused("not-sent", "nothing has been sent yet; take the approval back instead")
            revision = review_store.add_correction(
                connection, reviewed, content=corrected.to_json(), rendered=checked.parts, now=change.now
            )
            if revision is None:
                raise ActionRefused(
                    "corrected",
                    f"edition {edition_id} has a later revision already; `syndicate editions list` shows it",
                )
            review_store.record_change(connection, revision, "correct", text, change.actor.name, change.now)
            for variant in variants:
                self.review.correct_variant(connection, variant, content, text, change.now)
            message = "The correction has begun and is held. Mend the mistake, then approve it."
            return replace(_result(reviewed, HELD, message), id=str(revision))

        return perform(self.review.store, change, "edition.correct", SEND, work)

    def write_issue(self, change: Change, draft: IssueDraft) -> ActionResult:
        """Store a one-off issue, held, or replace the content of an issue that waits."""
        require(change, WRITE)
        store = self.issues.prepare(draft, change.now)
        by, now = change.actor.name, change.now

        def work(connection: Connection) -> ActionResult:
            edition_id, checked = store(connection, by, now)
            subject = checked.rendered.subject
            message = "The issue waits for its approval."
            return ActionResult(
                kind="edition", id=str(edition_id), message=message, after={"subject": subject}
            )

        return perform(self.review.store, change, "edition.write", WRITE, work)

    def test(self, change: Change, edition_id: int, address: str) -> ActionResult:
        """Send an edition as it would be sent now to one mailbox; no delivery is recorded."""
        done = ActionResult(kind="edition", id=str(edition_id), message="The test mail was sent.")

        def send() -> None:
            self.previewer.send(self.previewer.stored(edition_id, change.now, address), address)

        return perform_mail(self.review.store, change, "edition.test", WRITE, send, done)

    def _store(
        self,
        change: Change,
        reviewed: ReviewEdition,
        content: EditionContent,
        checked: CheckedEdition,
        made: Sequence[EditionChangeResult],
        connection: Connection,
    ) -> ActionResult:
        edition_id, by = reviewed.edition.id, change.actor.name
        if not made:
            return replace(_result(reviewed, reviewed.state, "Nothing has changed."), is_change=False)
        # What the check leaves out for its size stays, so that no text is lost; the release leaves it out.
        saved = review_store.change_edition(
            connection,
            reviewed,
            content=content.to_json(),
            rendered=checked.parts,
            kept=[story.article_id for story in content.stories],
        )
        if not saved:
            raise changed_meanwhile(connection, edition_id)
        for result in made:
            if result.action in ("add", "back") and result.story_id is not None:
                self._carry(connection, edition_id, content, result)
            review_store.record_change(
                connection, edition_id, result.action, result.detail, by, change.now, result.story_id
            )
        lines = [f"{result.action}: {result.detail}"[:200] for result in made]
        return replace(
            _result(reviewed, reviewed.state, f"Saved at {change.now:%H:%M} UTC."), after={"changes": lines}
        )

    def _carry(
        self, connection: Connection, edition_id: int, content: EditionContent, result: EditionChangeResult
    ) -> None:
        """Record the articles of a story that an edition carries again, or also."""
        for story in content.stories:
            if story.story_id == result.story_id and story.title == result.detail:
                members = (
                    story_store.story_articles(connection, ids=[story.story_id]) if story.story_id else ()
                )
                leads = {other.article_id for other in content.stories}
                tells = {row.article_id for row in members} - leads
                edition_articles.carry_item(connection, edition_id, story.article_id, tells)

    def _stop(self, change: Change, edition_id: int, to: str, action: str, seen: str) -> ActionResult:
        if earlier := earlier_result(self.review.store, change, SEND):
            return earlier
        reviewed, _ = self._open(edition_id, seen)

        def work(connection: Connection) -> ActionResult:
            self.review.stop(connection, edition_id, to, change.actor.name, change.now)
            held = "Held. Nothing is sent until an editor approves it."
            return _result(reviewed, to, held if to == HELD else "Withdrawn. It is never sent.")

        return perform(self.review.store, change, action, SEND, work)

    def _open(self, edition_id: int, seen: str) -> tuple[ReviewEdition, EditionContent]:
        found = self._seen(edition_id, seen)
        self.review.open_edition(edition_id)
        return found

    def _seen(self, edition_id: int, seen: str) -> tuple[ReviewEdition, EditionContent]:
        reviewed, content = self.review.edition(edition_id)
        if seen and seen != content_hash(reviewed, content):
            with self.review.store.read() as connection:
                raise changed_meanwhile(connection, edition_id)
        return reviewed, content


def _result(
    reviewed: ReviewEdition, state: str, message: str, facts: Mapping[str, object] | None = None
) -> ActionResult:
    before, after = {"state": reviewed.state}, {"state": state}
    number = str(reviewed.edition.id)
    return ActionResult(kind="edition", id=number, message=message, before=before, after=after, facts=facts)
