"""One-off issues: written by an editor, held until approval, and sent to a newsletter or to a segment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from syndicate.errors import ActionRefused, SyndicateError
from syndicate.jobs.newsletter.edition_review import ReviewService, changed_meanwhile
from syndicate.jobs.newsletter.message_content import MessageComposer
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import ISSUE
from syndicate.store import Connection
from syndicate.store.mail import edition_store, review_store
from syndicate.store.mail.review_store import ReviewEdition

StoreIssue = Callable[[Connection, str, datetime], tuple[int, CheckedEdition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueDraft:
    """Text of an issue in Markdown, and its readers: a newsletter, or a ``segment`` of it.

    An issue for a segment has a page only if it is ``public``. ``replaced`` is the id of a waiting issue
    whose text is written anew, or 0.
    """

    newsletter: str
    text: str
    subject: str = ""
    segment: str = ""
    public: bool = False
    send_at: datetime | None = None
    replaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueWriter:
    """Writer of held issues, which ``review`` changes and releases like any edition."""

    review: ReviewService
    composer: MessageComposer

    def prepare(self, draft: IssueDraft, now: datetime) -> StoreIssue:
        """Compose and check an issue; return the function that stores it and returns its id."""
        edition = self._waiting(draft.replaced) if draft.replaced else self._new(draft, now)
        newsletter = self.review.newsletter(edition.edition.newsletter)
        with self.review.store.read() as connection:
            content, stories = self.composer.compose(
                connection, newsletter, draft.text, subject=draft.subject
            )
        checked = self.review.check_content(edition, content)
        if checked.errors:
            raise SyndicateError("nothing was written: " + "; ".join(checked.errors))
        kept = [story.article_id for story in checked.content.stories]

        def store(connection: Connection, by: str, now: datetime) -> tuple[int, CheckedEdition]:
            stored = edition if draft.replaced else review_store.add_issue(connection, edition)
            if not (
                stored
                and review_store.change_edition(
                    connection,
                    stored,
                    content=checked.content.to_json(),
                    rendered=checked.parts,
                    kept=kept,
                    stories=[story for story in stories if story.lead.article.id in kept],
                )
            ):
                raise changed_meanwhile(connection, draft.replaced)
            subject = checked.rendered.subject
            review_store.record_change(connection, stored.edition.id, "write", subject, by, now)
            return stored.edition.id, checked

        return store

    def _new(self, draft: IssueDraft, now: datetime) -> ReviewEdition:
        if draft.segment:
            self.review.segment(draft.segment)
        with self.review.store.read() as connection:
            end = review_store.issue_time(connection, draft.newsletter, draft.send_at or now)
        facts = {"segment": draft.segment, "unlisted": bool(draft.segment) and not draft.public}
        edition = edition_store.new_edition(draft.newsletter, ISSUE, (end, end), cut_at=now, **facts)
        return ReviewEdition(edition=edition, state=edition_store.HELD, content={}, approve_by=draft.send_at)

    def _waiting(self, edition_id: int) -> ReviewEdition:
        reviewed, _ = self.review.open_edition(edition_id)
        if reviewed.edition.variant_key != ISSUE or reviewed.edition.revision:
            raise ActionRefused("not-an-issue", f"edition {edition_id} was not written as an issue")
        return reviewed
