"""Welcome mails and series: the mail of each step that is due, delivered like an edition."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syndicate.errors import RenderStopped, StoreError, SyndicateError
from syndicate.jobs.newsletter.edition_review import ReviewService
from syndicate.jobs.newsletter.message_content import MessageComposer
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import MessageStep, Newsletter
from syndicate.newsletter.periods import Period
from syndicate.store.core import quarantine
from syndicate.store.mail import message_store

_KIND = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageJob:
    """Job that queues the due steps. A step whose file cannot be mailed waits, and is quarantined."""

    review: ReviewService
    composer: MessageComposer

    def run(
        self, now: datetime, names: Collection[str], should_stop: Callable[[], bool] = lambda: False
    ) -> dict[str, str]:
        """Queue the due steps of these newsletters; return the problem of each newsletter that has any."""
        store = self.review.store
        with store.read() as connection:
            due = message_store.due_steps(connection, now)
        if not due:
            return {}
        with store.write() as connection:
            message_store.skip_steps(connection, now)
            due = message_store.due_steps(connection, now)
        problems: dict[str, str] = {}
        for newsletter in self.review.newsletters:
            for step in newsletter.messages:
                if should_stop():
                    return problems
                if newsletter.name in names and (newsletter.name, step.name) in due:
                    problem = self._queue(newsletter, step, now)
                    problems |= {newsletter.name: problem} if problem else {}
        return problems

    def check(self, newsletter: Newsletter, step: MessageStep, now: datetime) -> CheckedEdition:
        """Return the mail of a step as it would be sent now. Raises ``SyndicateError`` with the mistake."""
        try:
            text = Path(step.file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SyndicateError(f"the {step.name} mail {step.file} cannot be read: {error}") from error
        try:
            with self.review.store.read() as connection:
                content, _ = self.composer.compose(connection, newsletter, text)
        except SyndicateError as error:
            raise SyndicateError(f"{step.file}, {error}") from error
        period = Period(start=now, end=now)
        return self.composer.renderer.check(
            newsletter, period, content, variant_key=step.name, has_page=False
        )

    def _queue(self, newsletter: Newsletter, step: MessageStep, now: datetime) -> str:
        """Queue a step; return the problem that prevents it, or ``""``."""
        try:
            checked = self.check(newsletter, step, now)
            problem = "; ".join(checked.errors)
        except (RenderStopped, StoreError):
            raise
        except SyndicateError as error:
            problem = str(error)
        subject = f"{step.name} of {newsletter.name}"
        with self.review.store.write() as connection:
            if problem:
                quarantine.record_failure(connection, _KIND, subject, problem, now=now)
            else:
                quarantine.clear_failure(connection, _KIND, subject)
                message_store.queue_step(connection, newsletter.name, step.name, checked.parts, now)
        return problem
