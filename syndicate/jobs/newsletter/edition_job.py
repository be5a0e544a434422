"""Cut due editions: choose, render, check, and store each edition with its deliveries.

Choosing and rendering run outside the write transaction. The edition, its stories and all its deliveries are
a single commit. A second cut of the same period changes nothing. A lease for each newsletter saves processes
from doing the same work.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.errors import ConfigError, RenderError, SyndicateError
from syndicate.jobs.newsletter.due_periods import PeriodCheck, Readiness, due_periods, record_missed
from syndicate.jobs.newsletter.edition_review import ReviewService
from syndicate.jobs.newsletter.edition_storing import store_draft
from syndicate.jobs.newsletter.message_job import MessageJob
from syndicate.jobs.newsletter.renderer import Draft
from syndicate.jobs.newsletter.search_mail_job import SearchMailJob
from syndicate.jobs.newsletter.selection import Selector
from syndicate.jobs.newsletter.variants import cut_variants
from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period
from syndicate.store.core import quarantine
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.leases.held_lease import HeldLease, held_lease
from syndicate.store.mail import edition_store, newsletter_store, review_store
from syndicate.store.subscribers.preference_store import Variant

log = logging.getLogger("syndicate.editions")
DuePeriod = tuple[Newsletter, Period]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionOutcome:
    """Result for a newsletter.

    ``outcome`` is ``cut``, ``gathering`` (its sources are read first), ``waiting`` (for its editor),
    ``released``, ``empty``, ``missed``, ``failed``, ``exists`` or ``paused``. ``trimmed`` has a sentence for
    each part left out of the edition. ``gathered`` counts sources and articles that lacked at the cut.
    """

    newsletter: str
    outcome: str
    period_end: datetime | None = None
    edition_id: int | None = None
    subject: str = ""
    stories: int = 0
    problem: str = ""
    trimmed: tuple[str, ...] = ()
    gathered: Gathered = field(default_factory=Gathered)

    def summary(self) -> dict[str, int | str]:
        """Return the facts for log and text, without empty texts."""
        texts = {
            "period_end": self.period_end.isoformat() if self.period_end else "",
            "problem": self.problem,
            "left_out": "; ".join(self.trimmed),
        }
        return {
            "newsletter": self.newsletter,
            "outcome": self.outcome,
            "stories": self.stories,
            **{name: text for name, text in texts.items() if text},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionJob:
    """Job that cuts due editions and releases editions whose review time has passed.

    ``review`` renders editions and releases them; ``selector`` chooses their stories. The job skips
    newsletters that another process works on. ``messages`` are the welcome mails and series,
    ``searches`` the mails of saved searches.
    """

    review: ReviewService
    selector: Selector
    messages: MessageJob
    searches: SearchMailJob
    owner: str

    def running_names(self, _now: datetime) -> list[str]:
        """Return the names of the newsletters that are not paused."""
        with self.review.store.read() as connection:
            paused = newsletter_store.paused_newsletters(connection)
        return [newsletter.name for newsletter in self.review.newsletters if newsletter.name not in paused]

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        dry_run: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
        readiness: Readiness | None = None,
    ) -> tuple[EditionOutcome, ...]:
        """Record missed periods and cut every due edition, of all newsletters or of the ``names``.

        An edition whose template fails is quarantined and tried again; other editions are cut. A paused
        newsletter is skipped, and is an outcome only if ``names`` has it. With ``readiness`` a period waits
        until it is ready, and is an outcome once. No edition is cut while mail is on hold.
        """
        store = self.review.store
        with store.read() as connection:
            if not dry_run and mail_hold(connection):
                return ()
            paused = newsletter_store.paused_newsletters(connection)

        def is_selected(name: str) -> bool:
            return name not in paused and (names is None or name in names)

        running = [newsletter for newsletter in self.review.newsletters if is_selected(newsletter.name)]
        outcomes = [_paused(name) for name in names or () if name in paused]
        missed = []
        if not dry_run and not should_stop():
            # Recorded before any cut: missed periods lie between the last edition and this one.
            missed = [
                EditionOutcome(newsletter=newsletter.name, outcome="missed", period_end=period.end)
                for newsletter, period in record_missed(store, running, now)
            ]
        waiting = set()
        for due in due_periods(store, running, now):
            if should_stop():
                break
            outcome = self._cut_or_fail(due, now, readiness, dry_run=dry_run)
            if outcome is None or outcome.outcome == "gathering":
                waiting.add(due[0].name)
            if outcome is not None and self._is_reported(outcome, readiness):
                outcomes.append(outcome)
        if not dry_run and not should_stop():
            # Variants chosen since the last run wait, and are released, with their edition.
            ready = [newsletter for newsletter in running if newsletter.name not in waiting]
            cut_variants(store, self.draft, ready, now, partial(self._claim, now=now), should_stop)
            outcomes += self._release(now, is_selected)
            problems = self.messages.run(now, [newsletter.name for newsletter in running], should_stop)
            self.searches.run(now, [newsletter.name for newsletter in running], should_stop)
            outcomes += [_failed(name, problem) for name, problem in problems.items()]
        return (*outcomes, *missed)

    def draft(
        self, newsletter: Newsletter, period: Period, now: datetime, variant: Variant | None = None
    ) -> Draft:
        """Choose and render, as of the end of the period or now, whichever is earlier.

        Raises ``RenderError`` when a template fails.
        """
        with self.review.store.read() as connection:
            chosen = self.selector.choose(
                connection, newsletter, period, min(now, period.end), variant=variant
            )
        variant_key = variant.key if variant else EVERY_EDITION
        draft = self.review.renderer.draft(newsletter, period, chosen.stories, variant_key=variant_key)
        return replace(draft, left_out=(*chosen.left_out, *draft.left_out))

    def _release(self, now: datetime, is_selected: Callable[[str], bool]) -> list[EditionOutcome]:
        """Release overdue editions. The outcome of a variant is returned only if it failed."""
        with self.review.store.read() as connection:
            overdue = [found.edition.newsletter for found in review_store.overdue_editions(connection, now)]
        outcomes: list[EditionOutcome] = []
        for name in filter(is_selected, dict.fromkeys(overdue)):
            with self._claim(name, now) as lease:
                outcomes += self._release_claimed(now, name) if lease else ()
        return outcomes

    def _claim(self, newsletter: str, now: datetime) -> AbstractContextManager[HeldLease | None]:
        return held_lease(self.review.store, f"edition:{newsletter}", owner=self.owner, now=now)

    def _release_claimed(self, now: datetime, name: str) -> list[EditionOutcome]:
        outcomes = []
        for reviewed, errors in self.review.release_overdue(now, name.__eq__):
            edition = reviewed.edition
            outcome = EditionOutcome(
                newsletter=edition.newsletter,
                outcome="failed" if errors else "released",
                period_end=edition.period_end,
                edition_id=edition.id,
                subject=edition.subject,
                stories=edition.stories,
                problem="; ".join(errors),
            )
            with self.review.store.write() as connection:
                if errors:
                    quarantine.record_failure(
                        connection, "newsletter", edition.newsletter, outcome.problem, now=now
                    )
                else:
                    quarantine.clear_failure(connection, "newsletter", edition.newsletter)
            if errors or not edition.is_variant:
                outcomes.append(outcome)
        return outcomes

    def _is_reported(self, outcome: EditionOutcome, readiness: Readiness | None) -> bool:
        if outcome.outcome != "gathering" or readiness is None or outcome.period_end is None:
            return True
        return readiness.report_once(outcome.newsletter, outcome.period_end)

    def _cut_or_fail(
        self, due: DuePeriod, now: datetime, readiness: Readiness | None, *, dry_run: bool
    ) -> EditionOutcome | None:
        """Cut an edition; quarantine it if a template or a bug fails, so that other newsletters are cut."""
        newsletter, period = due
        try:
            return self._cut(due, now, readiness, dry_run=dry_run)
        except (RenderError, ConfigError) as error:
            problem = str(error)
        except SyndicateError:
            raise
        except Exception as bug:
            log.exception("the edition of %s could not be cut", newsletter.name)
            problem = f"{type(bug).__name__}: {bug}"
        if not dry_run:
            with self.review.store.write() as connection:
                quarantine.record_failure(connection, "newsletter", newsletter.name, problem, now=now)
        return _failed(newsletter.name, problem, period.end)

    def _cut(
        self, due: DuePeriod, now: datetime, readiness: Readiness | None, *, dry_run: bool
    ) -> EditionOutcome | None:
        newsletter, period = due
        outcome = EditionOutcome(newsletter=newsletter.name, outcome="cut", period_end=period.end)
        check = readiness.look(newsletter, period, now) if readiness else None
        if check is not None:
            outcome = replace(outcome, gathered=check.gathered)
            if not check.may_cut:
                return _gathering(outcome)
        if dry_run:
            return self._cut_ready(outcome, due, now, check, dry_run=True)
        with self._claim(newsletter.name, now) as lease:
            if lease is None or self._has_edition(newsletter, period):
                return None
            return self._cut_ready(outcome, due, now, check, dry_run=False)

    def _has_edition(self, newsletter: Newsletter, period: Period) -> bool:
        with self.review.store.read() as connection:
            return edition_store.has_edition(connection, newsletter.name, EVERY_EDITION, period.end)

    def _cut_ready(
        self,
        outcome: EditionOutcome,
        due: DuePeriod,
        now: datetime,
        check: PeriodCheck | None,
        *,
        dry_run: bool,
    ) -> EditionOutcome:
        newsletter, period = due
        draft = self.draft(newsletter, period, now)
        draft.raise_for_errors()
        if draft.checked is None:
            if check is not None and not check.may_be_empty:
                return _gathering(outcome)
            state, approve_by = edition_store.EMPTY, None
            outcome = replace(outcome, outcome="empty")
        else:
            approve_by = now + timedelta(seconds=newsletter.approval) if newsletter.approval else None
            state = edition_store.WAITING if approve_by else edition_store.CUT
            outcome = replace(
                outcome,
                outcome=state,
                subject=draft.checked.rendered.subject,
                stories=len(draft.stories),
                trimmed=draft.checked.trimmed,
            )
        if dry_run:
            return outcome
        with self.review.store.write() as connection:
            if newsletter.name in newsletter_store.paused_newsletters(connection):
                return replace(outcome, outcome="paused")
            edition_id = store_draft(connection, draft, now, state=state, approve_by=approve_by)
            quarantine.clear_failure(connection, "newsletter", newsletter.name)
        if draft.checked is None:
            return outcome
        return replace(outcome, edition_id=edition_id, outcome=state if edition_id else "exists")


def _gathering(outcome: EditionOutcome) -> EditionOutcome:
    return replace(outcome, outcome="gathering", problem=str(outcome.gathered))


def _failed(name: str, problem: str, period_end: datetime | None = None) -> EditionOutcome:
    return EditionOutcome(newsletter=name, outcome="failed", period_end=period_end, problem=problem)


def _paused(name: str) -> EditionOutcome:
    problem = f"see `syndicate newsletters resume {name}`"
    return EditionOutcome(newsletter=name, outcome="paused", problem=problem)
