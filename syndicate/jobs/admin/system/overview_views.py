"""Overview: what needs a person, what comes in, what goes out, and the stages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from statistics import median
from zoneinfo import ZoneInfo

from syndicate import plots
from syndicate.jobs.admin.mailing.subscriber_views import SubscriberGrowth
from syndicate.jobs.admin.needs import Need, NeedsReader
from syndicate.jobs.admin.sources.source_list_view import SourceListViews, SourceRow
from syndicate.jobs.stage_log import typical_seconds
from syndicate.model import OPEN_DELIVERIES, Newsletter
from syndicate.newsletter.periods import period_at
from syndicate.plots import Figure
from syndicate.store import Connection, Store
from syndicate.store.core.counts import Kept
from syndicate.store.ingest import source_store
from syndicate.store.mail import edition_store, newsletter_store, review_store
from syndicate.store.mail.edition_store import EditionReport
from syndicate.store.output import feed_read_store, metric_rows, stage_store
from syndicate.store.output.stage_store import StageRow
from syndicate.store.subscribers import subscriber_rows
from syndicate.store.subscribers.subscriber_rows import changes_by_day
from syndicate.text.phrases import ago, listed_counts, plural

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STOPPED_AFTER = timedelta(minutes=2)
"""Time without a run of any stage after which nothing runs."""
LARGEST_SOURCES, WEEKS_COMPARED, EDITIONS_SHOWN = 5, 4, 6
WELL_COVERED, TROUBLED_SHOWN = 5, 8
# States of deliveries by the state that the bar shows.
_SHOWN = {"pending": "waiting", "sending": "waiting", "deferred": "put off"}
_MAIN_STAGES = ("ingest", "pages", "stories", "publish", "editions", "deliver", "bounces")


@dataclass(frozen=True, slots=True)
class NextEdition:
    """Next edition of a newsletter: its time, subscribers, and a state with its level."""

    at: datetime
    newsletter: str
    subscribers: int
    level: str
    state: str
    href: str


@dataclass(frozen=True, slots=True)
class StageState:
    """Stage with its last run. Seconds are an upper bound of the median, and the longest of 24 hours."""

    name: str
    level: str
    state: str
    at: datetime
    when: str
    facts: str
    typical: float | None
    longest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that the overview shows, at a time. ``numbers`` are a name, a figure and a note each."""

    headline: str
    summary: str
    stopped: str
    needs: Sequence[Need]
    numbers: Sequence[tuple[str, str, str]]
    comes_in: Figure
    went_out: Figure | None
    subscribers: Figure | None
    next_editions: Sequence[NextEdition]
    stages: Sequence[StageState]
    sources: Sequence[SourceRow]
    is_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewReader:
    """Reader of the overview; keeps figures of hours and days, counts of sent editions for ten minutes."""

    store: Store
    needs: NeedsReader
    newsletters: Sequence[Newsletter]
    zone: ZoneInfo
    source_views: SourceListViews
    _sent: dict[int, dict[int, dict[str, int]]] = field(default_factory=dict)
    _hours: Kept[Counter[int]] = field(default_factory=dict)
    _days: Kept[tuple[int, int]] = field(default_factory=dict)

    def read(self, now: datetime) -> Overview:
        """Return the overview as of ``now``, of a single state of the store."""
        with self.store.snapshot() as connection:
            needs = self.needs.read(connection, now)
            stages = stage_states(connection, now)
            known = self._sent.get(period := int(now.timestamp()) // 600, {})
            editions = edition_store.report_editions(connection, limit=EDITIONS_SHOWN, known=known)
            readers = subscriber_rows.confirmed_by_newsletter(connection)
            upcoming = self._next_editions(connection, readers, now)
            growth = SubscriberGrowth(readers, changes_by_day(connection, now, self.zone, self._days))
            comes_in, articles, usual = self._comes_in(connection, now)
            moving, covered = metric_rows.count_moving(connection, now - DAY, covered_by=WELL_COVERED)
            conditions = self.source_views.conditions(connection, now)
            troubled = [row for row in conditions if row[1].tab in ("attention", "slow")][:TROUBLED_SHOWN]
            sources = self.source_views.rows(connection, troubled, now)
            programs = feed_read_store.readers(connection, now - 7 * DAY)
        self._sent.clear()
        self._sent[period] = known
        main = [stage for stage in stages if stage.name.partition(" ")[0] in _MAIN_STAGES]
        told = f"{covered} covered by {WELL_COVERED} sources or more"
        not_running = stopped(stages, now)
        return Overview(
            headline="No stage is running" if not_running and not needs else headline(needs),
            summary=self._summary(needs, not_running, editions, upcoming, now),
            stopped=not_running,
            needs=needs,
            numbers=(
                ("Articles, last 24 hours", f"{articles:,}", usual),
                ("Stories moving", f"{moving:,}", told),
                ("Subscribers", f"{growth.total:,}", growth.note),
                _feed_readers(programs),
            ),
            comes_in=comes_in,
            went_out=self._went_out(editions),
            subscribers=growth.figure if growth.total else None,
            next_editions=upcoming,
            stages=sorted(main, key=lambda stage: _MAIN_STAGES.index(stage.name.partition(" ")[0])),
            sources=sources,
            is_fresh=not conditions,
        )

    def _comes_in(self, connection: Connection, now: datetime) -> tuple[Figure, int, str]:
        local = now.astimezone(self.zone)
        start = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC) - 23 * HOUR
        hours = metric_rows.sources_by_step(connection, start, HOUR, 24, self._hours)
        sources = Counter[int]()
        for hour in hours:
            sources.update(hour)
        largest = nlargest(LARGEST_SOURCES, sources, key=lambda key: (sources[key], -key))
        names = source_store.source_names(connection, largest)
        series = [plots.Series(names[key], [hour[key] for hour in hours]) for key in largest]
        if others := len(sources) - len(largest):
            rest = [hour.total() - sum(hour[key] for key in largest) for hour in hours]
            series.append(plots.Series(plural(others, "other"), rest))
        every = sources.total()
        starts = [start - week * 7 * DAY for week in range(1, WEEKS_COMPARED + 1)]
        weeks = [[*metric_rows.count_by_step(connection, at, HOUR, 24).values()] for at in starts]
        weeks = weeks if any(weeks[-1]) else []
        usual = [median(week[hour] for week in weeks) for hour in range(24)] if weeks else []
        days = [sum(week) for week in weeks]
        note = f"usual for a {local:%A}: {min(days):,} to {max(days):,}" if weeks else "too new to compare"
        labels = [f"{(start + hour * HOUR).astimezone(self.zone):%H}" for hour in range(24)]
        finding = f"{every:,} articles in 24 hours from {plural(len(sources), 'source')}; {note}."
        figure = plots.stacked_columns("Articles an hour", finding, labels, series, usual)
        return figure, every, note

    def _next_editions(
        self, connection: Connection, readers: Mapping[str, int], now: datetime
    ) -> list[NextEdition]:
        paused = newsletter_store.paused_newsletters(connection)
        rows = [
            NextEdition(
                edition.approve_by or edition.cut_at,
                edition.newsletter,
                readers.get(edition.newsletter, 0),
                "warn",
                "waits for approval",
                f"/admin/editions/{edition.id}",
            )
            for edition in review_store.waiting_editions(connection)
        ]
        for newsletter in self.newsletters:
            if newsletter.name not in paused:
                count = readers.get(newsletter.name, 0)
                level, state = ("good", "scheduled") if count else ("off", "no subscribers yet")
                page, at = f"/admin/newsletters/{newsletter.name}", period_at(newsletter, now).end
                rows.append(NextEdition(at, newsletter.name, count, level, state, page))
        return sorted(rows, key=lambda row: (row.at, row.newsletter))

    def _summary(
        self,
        needs: Sequence[Need],
        stopped: str,
        editions: Sequence[EditionReport],
        upcoming: Sequence[NextEdition],
        now: datetime,
    ) -> str:
        sentences = ["Everything else is well."] if needs and not stopped else []
        # A full mailbox keeps an edition open for days, when it is no longer news.
        under_way = {
            report.edition.newsletter: report.deliveries
            for report in reversed(editions)
            if now - report.edition.cut_at < DAY and any(map(report.deliveries.get, OPEN_DELIVERIES))
        }
        titles = {known.name: known.title for known in self.newsletters}
        for name, counts in under_way.items():
            sent, every = counts.get("sent", 0), sum(counts.values())
            sentences.append(f"{titles.get(name, name)} is under way: {sent:,} of {every:,} sent.")
        if not under_way and upcoming:
            at = upcoming[0].at.astimezone(self.zone)
            sentences.append(f"The next edition goes at {at:%H:%M} on {at:%A}.")
        return " ".join(sentences)

    def _went_out(self, editions: Sequence[EditionReport]) -> Figure | None:
        rows, titles = [], {known.name: known.title for known in self.newsletters}
        for report in editions:
            counts: dict[str, int] = {}
            for state, count in report.deliveries.items():
                shown = _SHOWN.get(state, state)
                counts[shown] = counts.get(shown, 0) + count
            if every := sum(counts.values()):
                sent, failed = counts.get("sent", 0), counts.get("failed", 0)
                waiting = every - sent - failed - counts.get("uncertain", 0)
                note = f"{sent:,} of {every:,}" if waiting else f"{failed:,} failed"
                at = report.edition.period_end.astimezone(self.zone)
                name = report.edition.newsletter
                label = f"{at:%a %-d %b, %H:%M}, {titles.get(name, name)}"
                rows.append(plots.StateRow(label, note, counts))
        reached = sum(row.counts.get("sent", 0) for row in rows)
        finding = f"{plural(reached, 'mail')} of the last {plural(len(rows), 'edition')} reached a server."
        return plots.state_bar("Deliveries of the last editions", finding, rows) if rows else None


def _feed_readers(programs: Mapping[str, Mapping[str, int]]) -> tuple[str, str, str]:
    """Return the readers of all feeds by channel and program, as a lower bound."""
    count = sum(sum(readers.values()) for readers in programs.values())
    note = f"as their programs say; {plural(len(programs), 'channel')}"
    return "Feed readers, at least", f"{count:,}", note if programs else "none counted in 7 days"


def headline(needs: Sequence[Need]) -> str:
    """Return the sentence above the needs."""
    if not needs:
        return "Nothing needs attention"
    return f"{plural(len(needs), 'item')} need{'s' if len(needs) == 1 else ''} attention"


def stopped(stages: Sequence[StageState], now: datetime) -> str:
    """Return a sentence if no stage has run for minutes: the daemon does not run."""
    latest = max((stage.at for stage in stages), default=None)
    if latest is None or now - latest < STOPPED_AFTER:
        return ""
    return f"Nothing runs: the last stage ran {ago(latest, now)}. Start `syndicate run`, or a worker."


def stage_states(connection: Connection, now: datetime) -> list[StageState]:
    """Return all stages with their last runs."""
    return [_stage_state(row, now) for row in stage_store.stage_rows(connection).values()]


def _stage_state(row: StageRow, now: datetime) -> StageState:
    counts = {name: f"{value:,}" for name, value in row.facts_json.items() if isinstance(value, int)}
    level, state = ("bad", row.problem) if row.problem else ("good", "well")
    if not row.problem and now - row.at > 2 * HOUR:
        level, state = "warn", "has not run"
    told = listed_counts(counts) or "nothing due"
    return StageState(row.stage, level, state, row.at, ago(row.at, now), told, *typical_seconds(row))
