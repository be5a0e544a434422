"""The edition job: a period that ended → one frozen edition and a delivery for every subscriber, or neither.

Choosing and rendering happen outside the transaction; the edition, its stories and all its deliveries
are then one commit. A second cut of the same period changes nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.errors import ConfigError, RenderError, SyndicateError
from syndicate.jobs.newsletter.due_periods import Readiness, due_periods, record_missed
from syndicate.jobs.newsletter.edition_review import ReviewService
from syndicate.jobs.newsletter.edition_storing import store_draft
from syndicate.jobs.newsletter.renderer import Draft, EditionRenderer
from syndicate.jobs.newsletter.selection import Selector
from syndicate.jobs.newsletter.variants import cut_variants
from syndicate.model import EVERY_EDITION, EditionStory, LeftOut, Newsletter
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period, period_at
from syndicate.newsletter.story_views import digest_from_stories
from syndicate.store import Store
from syndicate.store.core import quarantine
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.mail import edition_store, newsletter_store
from syndicate.store.mail.preference_store import Variant

log = logging.getLogger("syndicate.editions")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionOutcome:
    """Result for one newsletter, and the parts left out of its edition (``trimmed``).

    ``outcome`` is ``cut``, ``gathering`` (its sources are read first), ``waiting`` (for its editor),
    ``released``, ``empty``, ``missed``, ``failed``, ``exists`` or ``paused``. ``gathered`` is what the period
    lacked at the cut.
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
        """Return the facts of the log."""
        return {
            "newsletter": self.newsletter,
            "outcome": self.outcome,
            "stories": self.stories,
            "period_end": self.period_end.isoformat() if self.period_end else "",
            "problem": self.problem,
            "left_out": "; ".join(self.trimmed),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionJob:
    """Cuts editions that are due, and lets go those whose editor has had time enough."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    press: EditionRenderer
    selector: Selector

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        dry_run: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
        readiness: Readiness | None = None,
    ) -> tuple[EditionOutcome, ...]:
        """Record periods that were missed and cut every due edition (or those of the named newsletters).

        An edition whose template fails is quarantined and tried again; the others go on. For a paused
        newsletter nothing happens, which is an outcome only if it was named. With ``readiness`` a period
        waits until it is ready, which is an outcome only once. No edition is cut while mail is held.
        """
        with self.store.read() as connection:
            if not dry_run and mail_hold(connection):
                return ()
            paused = newsletter_store.paused_newsletters(connection)

        def wanted(name: str) -> bool:
            return name not in paused and (names is None or name in names)

        running = [newsletter for newsletter in self.newsletters if wanted(newsletter.name)]
        outcomes = [
            EditionOutcome(
                newsletter=name, outcome="paused", problem=f"see `syndicate newsletters resume {name}`"
            )
            for name in names or ()
            if name in paused
        ]
        missed = []
        if not dry_run and not should_stop():
            # Before anything is cut: what is missed lies between the last edition and this one.
            missed = [
                EditionOutcome(newsletter=newsletter.name, outcome="missed", period_end=period.end)
                for newsletter, period in record_missed(self.store, running, now)
            ]
        gathering: set[str] = set()
        for newsletter, period in due_periods(self.store, running, now):
            if should_stop():
                break
            outcome = self._cut_or_fail(newsletter, period, now, readiness, dry_run=dry_run)
            if outcome.outcome == "gathering" and readiness is not None:
                gathering.add(newsletter.name)
                if not readiness.tell_once(newsletter.name, period.end):
                    continue
            outcomes.append(outcome)
        if not dry_run and not should_stop():
            # What was chosen since the last look waits, and is let go, with the edition.
            ready = [newsletter for newsletter in running if newsletter.name not in gathering]
            cut_variants(self.store, self.draft, ready, now, should_stop)
            outcomes += self._release(now, wanted)
        return (*outcomes, *missed)

    def _release(self, now: datetime, wanted: Callable[[str], bool]) -> list[EditionOutcome]:
        """Let go what has waited for its editor long enough. Of forms only what failed is told."""
        desk = ReviewService(store=self.store, newsletters=self.newsletters, press=self.press)
        outcomes = []
        for found, errors in desk.release_overdue(now, wanted):
            edition = found.edition
            outcome = EditionOutcome(
                newsletter=edition.newsletter,
                outcome="failed" if errors else "released",
                period_end=edition.period_end,
                edition_id=edition.id,
                subject=edition.subject,
                stories=edition.stories,
                problem="; ".join(errors),
            )
            with self.store.write() as connection:
                if errors:
                    quarantine.record_failure(
                        connection, "newsletter", edition.newsletter, outcome.problem, now=now
                    )
                else:
                    quarantine.clear_failure(connection, "newsletter", edition.newsletter)
            if errors or not edition.is_form:
                outcomes.append(outcome)
        return outcomes

    def draft(
        self, newsletter: Newsletter, period: Period, now: datetime, variant: Variant | None = None
    ) -> Draft:
        """Choose and render, as of the end of the period or now, whichever is earlier.

        Raises ``RenderError`` when a template fails.
        """
        moment = min(now, period.end)
        with self.store.read() as connection:
            chosen = self.selector.choose(connection, newsletter, period, moment, variant=variant)
        cadence = variant.key if variant else EVERY_EDITION
        draft = self.render(newsletter, period, chosen.stories, cadence=cadence)
        return replace(draft, left_out=(*chosen.left_out, *draft.left_out))

    def render(
        self,
        newsletter: Newsletter,
        period: Period,
        stories: tuple[EditionStory, ...],
        *,
        cadence: str = EVERY_EDITION,
        invented: bool = False,
    ) -> Draft:
        """Render these stories and look at what came out. Raises ``RenderError`` when a template fails."""
        if not stories:
            return Draft(newsletter=newsletter, period=period, stories=(), proof=None)
        digest = digest_from_stories(stories, self.press.site)
        proof = self.press.proof(newsletter, period, digest, cadence=cadence, invented=invented)
        left_out = tuple(
            LeftOut(article_id=article_id, reason=proof.dropped[story.lead.article.id])
            for story in stories
            if story.lead.article.id in proof.dropped
            for article_id in story.tells
        )
        stories = tuple(story for story in stories if story.lead.article.id not in proof.dropped)
        return Draft(newsletter=newsletter, period=period, stories=stories, proof=proof, left_out=left_out)

    def upcoming(self, newsletter: Newsletter, now: datetime) -> Period:
        """The period that is running now; its edition is the next one."""
        return period_at(newsletter, now)

    def _cut_or_fail(
        self,
        newsletter: Newsletter,
        period: Period,
        now: datetime,
        readiness: Readiness | None,
        *,
        dry_run: bool,
    ) -> EditionOutcome:
        """Cut an edition. A template or a bug that stops one newsletter is quarantined and stops no other."""
        try:
            return self._cut(newsletter, period, now, readiness, dry_run=dry_run)
        except (RenderError, ConfigError) as error:
            problem = str(error)
        except SyndicateError:
            raise
        except Exception as bug:
            log.exception("the edition of %s could not be cut", newsletter.name)
            problem = f"{type(bug).__name__}: {bug}"
        if not dry_run:
            with self.store.write() as connection:
                quarantine.record_failure(connection, "newsletter", newsletter.name, problem, now=now)
        return EditionOutcome(
            newsletter=newsletter.name, outcome="failed", period_end=period.end, problem=problem
        )

    def _cut(
        self,
        newsletter: Newsletter,
        period: Period,
        now: datetime,
        readiness: Readiness | None,
        *,
        dry_run: bool,
    ) -> EditionOutcome:
        outcome = EditionOutcome(newsletter=newsletter.name, outcome="cut", period_end=period.end)
        look = readiness.look(newsletter, period, now) if readiness else None
        waits = outcome
        if look is not None:
            outcome = replace(outcome, gathered=look.gathered)
            waits = replace(outcome, outcome="gathering", problem=str(look.gathered))
            if not look.may_cut:
                return waits
        draft = self.draft(newsletter, period, now)
        draft.check()
        if draft.proof is None:
            if look is not None and not look.may_be_empty:
                return waits
            state, approve_by = edition_store.EMPTY, None
            outcome = replace(outcome, outcome="empty")
        else:
            approve_by = now + timedelta(seconds=newsletter.approval) if newsletter.approval else None
            state = edition_store.WAITING if approve_by else edition_store.CUT
            outcome = replace(
                outcome,
                outcome=state,
                subject=draft.proof.rendered.subject,
                stories=len(draft.stories),
                trimmed=draft.proof.trimmed,
            )
        if dry_run:
            return outcome
        with self.store.write() as connection:
            if newsletter.name in newsletter_store.paused_newsletters(connection):
                return replace(outcome, outcome="paused")
            edition_id = store_draft(connection, draft, now, state=state, approve_by=approve_by)
            quarantine.clear_failure(connection, "newsletter", newsletter.name)
        if draft.proof is None:
            return outcome
        return replace(outcome, edition_id=edition_id, outcome=state if edition_id else "exists")
