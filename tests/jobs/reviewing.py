"""Actions of an editor on editions, each in a line."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from syndicate.jobs.admin.mailing.edition_actions import EditionActions
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import EditionContent
from syndicate.model.actors import ActionResult, Change, command_actor
from syndicate.newsletter import edition_changes
from syndicate.newsletter.edition_changes import EditionChangeResult
from syndicate.services import Services
from syndicate.store.mail.review_store import EditionChange, ReviewEdition


def change(by: str, now: datetime) -> Change:
    """The change of a command, which is in force at once."""
    return Change(actor=command_actor(by), now=now)


@dataclass(frozen=True)
class Editor:
    """An editor at the command line."""

    actions: EditionActions

    def edition(self, edition_id: int) -> tuple[ReviewEdition, EditionContent]:
        return self.actions.review.edition(edition_id)

    def changes(self, edition_id: int) -> list[EditionChange]:
        return self.actions.review.changes(edition_id)

    def waiting(self, newsletter: str) -> list[int]:
        return self.actions.review.waiting(newsletter)

    def variants(self, reviewed: ReviewEdition) -> list[ReviewEdition]:
        return self.actions.review.variants(reviewed)

    def approve(self, edition_id: int, *, by: str, now: datetime) -> int:
        facts = self.actions.approve(change(by, now), edition_id).facts or {}
        return int(facts["warnings"])

    def hold(self, edition_id: int, *, by: str, now: datetime) -> ActionResult:
        return self.actions.hold(change(by, now), edition_id)

    def withdraw(self, edition_id: int, *, by: str, now: datetime) -> ActionResult:
        return self.actions.withdraw(change(by, now), edition_id)

    def correct(self, edition_id: int, text: str, *, by: str, now: datetime) -> int:
        return int(self.actions.correct(change(by, now), edition_id, text).id)

    def drop(self, edition_id: int, place: int, *, by: str, now: datetime) -> CheckedEdition:
        return self._edit(edition_id, by, now, partial(edition_changes.drop_story, place=place))

    def move(self, edition_id: int, place: int, to: int, *, by: str, now: datetime) -> CheckedEdition:
        return self._edit(edition_id, by, now, partial(edition_changes.move_story, place=place, to=to))

    def retitle(self, edition_id: int, place: int, title: str, *, by: str, now: datetime) -> CheckedEdition:
        return self._edit(edition_id, by, now, partial(edition_changes.retitle, place=place, title=title))

    def note(self, edition_id: int, text: str, *, by: str, now: datetime) -> CheckedEdition:
        return self._edit(edition_id, by, now, partial(edition_changes.add_note, text=text))

    def write(self, draft: IssueDraft, *, by: str, now: datetime) -> int:
        return int(self.actions.write_issue(change(by, now), draft).id)

    def _edit(
        self, edition_id: int, by: str, now: datetime, edit: "partial[EditionChangeResult]"
    ) -> CheckedEdition:
        self.actions.edit(change(by, now), edition_id, edit)
        return self.actions.review.check(edition_id)


def editor(services: Services) -> Editor:
    return Editor(services.admin.editions)
