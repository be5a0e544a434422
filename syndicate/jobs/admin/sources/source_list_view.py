"""List of sources: the condition of each, trouble first, in pages."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from syndicate.ingest.poll_schedule import REDIRECTS_TO_CONFIRM
from syndicate.jobs.admin.needs import FAILURES_TO_REPORT
from syndicate.model import Absence, Origin, SourceKind
from syndicate.plots import Figure, StripDay, strip
from syndicate.store import Connection
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.ingest import poll_store, source_figures
from syndicate.store.ingest.poll_store import PollDay, PollTrouble
from syndicate.store.ingest.source_figures import SourceFigures
from syndicate.text.phrases import plural
from syndicate.text.urls import host_of

PAGE = 50
DAYS = 14
WEEK = timedelta(days=7)
LEAST_SILENCE = to_microseconds(from_microseconds(0) + timedelta(days=2))
TABS = ("attention", "slow", "well", "paused")
_DAY = 86_400_000_000


class SourceCondition(NamedTuple):
    """SourceCondition of a source: its tab, its level (good, warn, bad, off), and words."""

    tab: str
    level: str
    words: str

    def with_status(self, status: int) -> "SourceCondition":
        """Return the condition with the status of the last answer, if that is an error."""
        return self._replace(words=f"{status}, {self.words}") if status >= 400 else self


WELL, PUSHED = SourceCondition("well", "good", "well"), SourceCondition("well", "good", "well, by hub")
BY_API = SourceCondition("well", "good", "filled by programs")
_ORDER = ("attention bad", "attention warn", "slow warn", "well warn", "well good", "paused off")
_RANKS = {tuple(place.split()): rank for rank, place in enumerate(_ORDER)}


def condition_of(source: SourceFigures, trouble: PollTrouble | None, pause: int, now: int) -> SourceCondition:
    """Return the condition of a source; ``pause`` is its longest usual pause, in microseconds as ``now``.

    A source is silent after three times its longest usual pause, and at least two days.
    """
    if source.absent != Absence.NONE or source.paused:
        words = {"undeclared": "no longer declared", "unlisted": "no longer listed"}
        return SourceCondition("paused", "off", words.get(source.absent, "paused"))
    if source.gone:
        return SourceCondition("attention", "bad", "gone for good (410)")
    if source.failures:
        times = f"failed {source.failures} times" if source.failures > 1 else "failed once"
        is_bad = source.failures >= FAILURES_TO_REPORT
        return SourceCondition("attention" if is_bad else "well", "bad" if is_bad else "warn", times)
    if source.permanent_seen >= REDIRECTS_TO_CONFIRM:
        return SourceCondition("attention", "warn", "moved for good")
    if trouble and trouble.is_slow:
        return SourceCondition("slow", "warn", "slow: half of its answers take over 10 s")
    if trouble and trouble.is_unreliable:
        return SourceCondition("slow", "warn", f"{trouble.failed} of {trouble.polls} polls failed in 7 days")
    silence = now - source.latest if pause and source.latest else 0
    if silence > max(3 * pause, LEAST_SILENCE):
        return SourceCondition("slow", "warn", f"silent for {silence // _DAY} days")
    if source.kind == SourceKind.API:
        return BY_API
    if source.last_success is None:
        return SourceCondition("well", "good", "not read yet")
    return PUSHED if source.websub_lease_until and source.websub_lease_until > now else WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """Row of the list. ``days`` are (day, articles, polls, failed polls), the oldest first."""

    id: int
    name: str
    origin: str
    host: str
    private: bool
    section: str
    condition: SourceCondition
    per_day: float
    next_check: datetime | None
    is_read: bool
    reason: str
    days: Sequence[tuple[datetime, int, int, int]]

    @property
    def strip(self) -> Figure:
        """Small plot of 14 days."""
        days = [StripDay(f"{day:%-d %b}", new, polls, failed) for day, new, polls, failed in self.days]
        failed = sum(day.failed for day in days)
        finding = f"{plural(sum(day.new for day in days), 'article')} and {failed} failed polls in 14 days"
        return strip(f"{self.name}: 14 days", finding, days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListView:
    """Page of the list with the counts of all tabs; ``after`` is the cursor of the next page, or ``""``."""

    rows: Sequence[SourceRow]
    counts: Mapping[str, int]
    sections: Sequence[str]
    articles: int
    found: int
    before: int
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Chosen rows: words in name or address, a section, an origin (config, list, added), and a tab."""

    words: str = ""
    section: str = ""
    origin: str = ""
    tab: str = ""

    def accepts(self, source: SourceFigures, condition: SourceCondition) -> bool:
        """Return whether a source is shown."""
        words = self.words.casefold()
        found = words in source.name.casefold() or (not source.private and words in source.url.casefold())
        return (
            found
            and self.section in ("", source.section)
            and self.origin in ("", origin_of_row(source.origin, source.listed_in))
            and self.tab in ("", condition.tab)
        )


Judged = tuple[SourceFigures, SourceCondition]
Ordered = list[Judged]


@dataclass(slots=True)
class SourceListViews:
    """Views of the list. The usual pause of each source stays in memory until it has a newer article."""

    zone: ZoneInfo
    _pauses: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)

    def conditions(self, connection: Connection, now: datetime) -> Ordered:
        """Return every source with its condition, trouble first, then by name."""
        figures, at = source_figures.source_figures(connection), to_microseconds(now)
        trouble = poll_store.troubled(connection, since=now - WEEK)
        pauses = self._usual_pauses(connection, figures, at)
        found = [
            (source, condition_of(source, trouble.get(source.id), pauses.get(source.id, 0), at))
            for source in figures
        ]
        return sorted(found, key=_position)

    def page(
        self,
        connection: Connection,
        now: datetime,
        chosen: Filter = Filter(),
        after: str = "",
        limit: int = PAGE,
    ) -> SourceListView:
        """Return a page of the chosen sources after a cursor."""
        everything = self.conditions(connection, now)
        rows = everything if chosen == Filter() else [row for row in everything if chosen.accepts(*row)]
        start = bisect_right(rows, _cursor_position(after), key=_position) if after else 0
        shown = rows[start : start + limit]
        is_last = start + limit >= len(rows)
        counts = Counter(condition.tab for _, condition in everything)
        return SourceListView(
            rows=self.rows(connection, shown, now),
            counts={"": len(everything), **{tab: counts[tab] for tab in TABS}},
            sections=sorted({source.section for source, _ in everything if source.section}),
            articles=source_figures.count_articles(connection, since=now - timedelta(days=1)),
            found=len(rows),
            before=start,
            after="" if is_last or not shown else "{}:{}:{}".format(*_position(shown[-1])),
        )

    def rows(self, connection: Connection, shown: Sequence[Judged], now: datetime) -> list[SourceRow]:
        """Return the rows of some sources, with their last 14 days."""
        ids = [source.id for source, _ in shown]
        today = datetime.combine(now.astimezone(self.zone).date(), time(), self.zone)
        since = today - timedelta(days=DAYS - 1)
        articles = source_figures.article_days(connection, ids, since=since)
        polls = poll_store.poll_days(connection, ids, since=since)
        latest = poll_store.latest_polls(connection, ids)
        return [
            _row(source, condition, since, articles.get(source.id, {}), polls.get(source.id, {}), latest)
            for source, condition in shown
        ]

    def _usual_pauses(
        self, connection: Connection, figures: Sequence[SourceFigures], now: int
    ) -> dict[int, int]:
        """Return the longest usual pause of each source that was silent for two days."""
        limit, known = now - LEAST_SILENCE, self._pauses
        silent = {source.id: source.latest for source in figures if source.latest and source.latest < limit}
        unknown = [number for number, latest in silent.items() if known.get(number, (0, 0))[0] != latest]
        fresh = source_figures.longest_pauses(connection, unknown)
        known = {
            number: (latest, fresh.get(number, known.get(number, (0, 0))[1]))
            for number, latest in silent.items()
        }
        self._pauses = known
        return {number: pause for number, (_, pause) in known.items()}


def origin_of_row(origin: str, listed_in: str) -> str:
    """Return ``config``, ``list`` or ``added``."""
    return "config" if origin == Origin.CONFIG else "list" if listed_in else "added"


def _position(row: tuple[SourceFigures, SourceCondition]) -> tuple[int, str, int]:
    source, condition = row
    return _RANKS[condition.tab, condition.level], source.name.casefold(), source.id


def _cursor_position(after: str) -> tuple[int, str, int]:
    rank, _, rest = after.partition(":")
    name, _, number = rest.rpartition(":")
    return (int(rank) if rank.isdigit() else 0, name, int(number) if number.isdigit() else 0)


def _row(
    source: SourceFigures,
    condition: SourceCondition,
    since: datetime,
    articles: Mapping[int, int],
    polls: Mapping[int, PollDay],
    latest: Mapping[int, poll_store.PollRow],
) -> SourceRow:
    none = PollDay(polls=0, failed=0)
    days = [
        (since + timedelta(days=day), articles.get(day, 0), (poll := polls.get(day, none)).polls, poll.failed)
        for day in range(DAYS)
    ]
    last = latest.get(source.id)
    status = last.status if last and source.failures and not (source.paused or source.gone) else 0
    is_read = condition.tab != "paused" and not source.gone and source.kind != SourceKind.API
    return SourceRow(
        id=source.id,
        name=source.name,
        origin=origin_of_row(source.origin, source.listed_in),
        host=host_of(source.url) or ("" if source.private else source.url),
        private=bool(source.private),
        section=source.section,
        condition=condition.with_status(status),
        per_day=round(sum(day[1] for day in days[-7:]) / 7, 1),
        next_check=from_microseconds(source.next_check) if source.next_check and is_read else None,
        is_read=is_read,
        reason=source.check_reason if is_read else "",
        days=days,
    )
