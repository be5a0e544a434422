"""The edition job: a period that ended → one frozen edition and a delivery for every subscriber, or neither.

Choosing and rendering happen outside the transaction; the edition, its stories and all its deliveries
are then one commit. A second cut of the same period changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.errors import ConfigError, RenderError
from syndicate.jobs.newsletter.desk import DeskJob
from syndicate.jobs.newsletter.press import Draft, Press
from syndicate.jobs.newsletter.readiness import Readiness, due_periods, record_missed
from syndicate.jobs.newsletter.variants import cut_variants, in_selection, sending_times
from syndicate.jobs.publish.views import ArticleViews
from syndicate.jobs.stories.ranking import candidates, story_facts
from syndicate.model import EVERY_EDITION, EditionStory, Newsletter, RankedStory
from syndicate.newsletter.compose import Candidate, Carried, ComposeOptions, compose
from syndicate.newsletter.periods import Period, latest_period, parse_schedule, read_zone
from syndicate.newsletter.readiness import Gathered
from syndicate.newsletter.views import digest_from_stories
from syndicate.store import Connection, Store, quarantine
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store import editions as edition_store
from syndicate.store import newsletters as newsletter_store
from syndicate.store import sources as source_store
from syndicate.store import stories as story_store
from syndicate.store.preferences import Variant
from syndicate.store.ranking import SourceWeight
from syndicate.stories import RankingOptions, rank_top, rank_trending
from syndicate.text.privacy import shown_source

# More stories than any edition carries, for what repeats and the cap per source take away.
POOL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionOutcome:
    """Result for one newsletter, and the parts left out to make its edition fit (``trimmed``).

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionJob:
    """Cuts editions that are due, and lets go those whose editor has had time enough."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    press: Press
    ranking: RankingOptions
    options: ComposeOptions = field(default_factory=ComposeOptions)

    def due(self, now: datetime, newsletters: Sequence[Newsletter]) -> list[tuple[Newsletter, Period]]:
        """Return those of these newsletters that have a period which waits for its edition."""
        return due_periods(self.store, newsletters, now)

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
        waits until it is ready, which is an outcome only once.
        """
        with self.store.read() as connection:
            paused = newsletter_store.paused_newsletters(connection)

        def wanted(name: str) -> bool:
            return name not in paused and (names is None or name in names)

        running = [one for one in self.newsletters if wanted(one.name)]
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
        for newsletter, period in self.due(now, running):
            if should_stop():
                break
            outcome = self._cut(newsletter, period, now, readiness, dry_run=dry_run)
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
        desk = DeskJob(store=self.store, newsletters=self.newsletters, press=self.press)
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
            before = edition_store.carried_stories(
                connection,
                newsletter.name,
                before=period.end,
                cadence=variant.key if variant else EVERY_EDITION,
            )
            earlier = {story_id: one.cut_at for story_id, one in before.items()}
            stories = self.choose(connection, newsletter, period, moment, earlier, variant=variant)
        cadence = variant.key if variant else EVERY_EDITION
        return self.render(newsletter, period, stories, cadence=cadence)

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
        kept = {story.story_id for story in proof.digest.stories}
        stories = tuple(story for story in stories if story.story_id in kept)
        return Draft(newsletter=newsletter, period=period, stories=stories, proof=proof)

    def upcoming(self, newsletter: Newsletter, now: datetime) -> Period:
        """The period that is running now; its edition is the next one."""
        schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
        last = latest_period(schedule, zone, now)
        return Period(start=last.end, end=schedule.next_runs(zone, now, 1)[0], key="next")

    def _cut(
        self,
        newsletter: Newsletter,
        period: Period,
        now: datetime,
        readiness: Readiness | None,
        *,
        dry_run: bool,
    ) -> EditionOutcome:
        outcome = EditionOutcome(newsletter=newsletter.name, outcome="failed", period_end=period.end)
        look = readiness.look(newsletter, period, now) if readiness else None
        waits = outcome
        if look is not None:
            outcome = replace(outcome, gathered=look.gathered)
            waits = replace(outcome, outcome="gathering", problem=str(look.gathered))
            if not look.may_cut:
                return waits
        try:
            draft = self.draft(newsletter, period, now)
        except (RenderError, ConfigError) as error:
            return replace(outcome, problem=self._quarantined(newsletter, str(error), now, dry_run=dry_run))
        if draft.problems:
            problem = "; ".join(draft.problems)
            return replace(outcome, problem=self._quarantined(newsletter, problem, now, dry_run=dry_run))
        if draft.proof is None and look is not None and not look.may_be_empty:
            return waits
        if draft.proof is None:
            return self._empty(outcome, period, now, dry_run=dry_run)
        approve_by = now + timedelta(seconds=newsletter.approval) if newsletter.approval else None
        outcome = replace(
            outcome,
            outcome="waiting" if approve_by else "cut",
            subject=draft.proof.rendered.subject,
            stories=len(draft.stories),
            trimmed=draft.proof.trimmed,
        )
        if dry_run:
            return outcome
        with self.store.write() as connection:
            if newsletter.name in newsletter_store.paused_newsletters(connection):
                return replace(outcome, outcome="paused")
            edition_id = edition_store.cut_edition(
                connection,
                newsletter=newsletter.name,
                cadence=EVERY_EDITION,
                period=(period.start, period.end),
                rendered=draft.proof.parts,
                stories=draft.stories,
                now=now,
                times=sending_times(newsletter, now),
                content=draft.proof.digest.to_json(),
                web_url=draft.proof.web_url,
                state=edition_store.WAITING if approve_by else edition_store.CUT,
                approve_by=approve_by,
            )
            quarantine.clear_failure(connection, "newsletter", newsletter.name)
        return replace(outcome, edition_id=edition_id, outcome=outcome.outcome if edition_id else "exists")

    def _empty(
        self, outcome: EditionOutcome, period: Period, now: datetime, *, dry_run: bool
    ) -> EditionOutcome:
        if not dry_run:
            with self.store.write() as connection:
                edition_store.record_no_edition(
                    connection,
                    outcome.newsletter,
                    EVERY_EDITION,
                    (period.start, period.end),
                    edition_store.EMPTY,
                    now,
                )
        return replace(outcome, outcome="empty")

    def choose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        moment: datetime,
        earlier: Mapping[int, datetime],
        learned: Mapping[int, SourceWeight] | None = None,
        variant: Variant | None = None,
    ) -> tuple[EditionStory, ...]:
        """The stories of an edition as of a moment; ``earlier`` says when one last carried each story.

        In a replay ``learned`` replaces the stored weights of the sources. ``variant`` is what some readers
        chose.
        """
        ranking = for_period(self.ranking, period.end - period.start)
        rows = candidates(connection, moment, ranking)
        facts = story_facts(connection, rows, moment, ranking, learned)
        matching = channel_store.matching_stories(
            connection, newsletter.clauses, [one.story_id for one in facts]
        )
        facts = [one for one in facts if one.story_id in matching]
        top, trending = rank_top(facts, moment, ranking), rank_trending(facts, moment, ranking)
        known = [row for row in rows if min(row.published, row.first_seen) <= moment]
        found = self._candidates(connection, known, top, trending)
        if variant is not None:
            found = in_selection(found, variant)
        carried = {
            story_id: Carried(coverage=known_coverage(rows, story_id, cut_at))
            for story_id, cut_at in earlier.items()
        }
        return self._whole(connection, compose(newsletter, period, found, carried, self.options))

    def _whole(self, connection: Connection, stories: Sequence[EditionStory]) -> tuple[EditionStory, ...]:
        """The chosen stories, each lead with its text and links, which the many others never need."""
        articles = [story.lead.article for story in stories]
        sources = {story.lead.source.id: story.lead.source for story in stories}
        leads = ArticleViews(sources, self.press.site.url).published(connection, articles)
        return tuple(replace(story, lead=lead) for story, lead in zip(stories, leads, strict=True))

    def _candidates(
        self,
        connection: Connection,
        rows: Sequence[story_store.StoryArticle],
        top: Sequence[RankedStory],
        trending: Sequence[RankedStory],
    ) -> list[Candidate]:
        by_top = {one.story_id: one for one in top}
        by_trending = {one.story_id: one for one in trending}
        stories = story_store.get_stories(connection, by_top.keys() | by_trending.keys())
        articles = article_store.get_articles(connection, [story.lead_id for story in stories.values()])
        sources = {one.id: shown_source(one) for one in source_store.list_sources(connection)}
        leads = ArticleViews(sources, self.press.site.url).listed(connection, list(articles.values()))
        lead_of = {item.article.id: item for item in leads}
        times: dict[int, list[tuple[datetime, datetime]]] = {}
        told: dict[int, set[int]] = {}
        for row in rows:
            times.setdefault(row.story_id, []).append((row.published, row.first_seen))
            told.setdefault(row.story_id, set()).add(row.source_id)
        return [
            Candidate(
                story=replace(story, coverage=len(told[story.id])),
                lead=lead_of[story.lead_id],
                times=tuple(times[story.id]),
                top=by_top.get(story.id),
                trending=by_trending.get(story.id),
                pinned="pin" in by_top[story.id].parts if story.id in by_top else False,
            )
            for story in stories.values()
            if story.lead_id in lead_of
        ]

    def _quarantined(self, newsletter: Newsletter, problem: str, now: datetime, *, dry_run: bool) -> str:
        if not dry_run:
            with self.store.write() as connection:
                quarantine.record_failure(connection, "newsletter", newsletter.name, problem, now=now)
        return problem


def known_coverage(rows: Sequence[story_store.StoryArticle], story_id: int, moment: datetime) -> int:
    """Return how many sources told a story at a moment, counted in the story as it is now.

    So a story that merged with another has not moved because of that: only what was first seen later counts.
    """
    return len({row.source_id for row in rows if row.story_id == story_id and row.first_seen <= moment})


def for_period(ranking: RankingOptions, length: timedelta) -> RankingOptions:
    """Ranking that looks back over a whole period: a digest wants the day's stories, not the hour's.

    Half the period is the half-life (measured: 12 hours rank the next half day best), and every story of
    the period may take part.
    """
    hours = length.total_seconds() / 3600
    return replace(
        ranking, half_life_hours=hours / 2, window_hours=hours, slow_window_hours=2 * hours, limit=POOL
    )
