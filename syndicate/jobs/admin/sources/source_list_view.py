"""List of sources: the condition of each, trouble first, in pages."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from syndicate.ingest.poll_schedule import REDIRECTS_TO_CONFIRM
from syndicate.jobs.admin.needs import FAILURES_TO_REPORT
from syndicate.model import Absence, Origin, SourceKind
from syndicate.plots import Figure, StripDay, strip
from syndicate.store import Connection
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.ingest import poll_store, source_figures
from syndicate.store.ingest.poll_store import PollTrouble
from syndicate.store.ingest.source_figures import SourceFigures, SourceName
from syndicate.text.phrases import plural
from syndicate.text.urls import host_of

PAGE = 50
DAYS = 14
WEEK = timedelta(days=7)
LEAST_SILENCE = to_microseconds(from_microseconds(0) + timedelta(days=2))
TABS = ("attention", "slow", "well", "paused")
# Articles are committed far less than an hour after they were seen.
_HOUR, _DAY = 3_600_000_000, 86_400_000_000


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
_RANKS = {(tab, level): rank for rank, (tab, level) in enumerate(map(str.split, _ORDER))}


def silent_from(newest: int, pause: int) -> int | None:
    """Return the time from which a source of dated articles is silent, in microseconds.

    That is three times its longest usual ``pause`` after its newest article, and at least two days.
    """
    return newest + max(3 * pause, LEAST_SILENCE) if pause and newest > 0 else None


def silence_of(newest: int, pause: int, now: int) -> int:
    """Return the whole days since the newest article of a silent source, 0 for other sources."""
    start = silent_from(newest, pause)
    return 0 if start is None or now <= start else (now - newest) // _DAY


@lru_cache(maxsize=4_000)
def polled_condition(trouble: PollTrouble | None, silence: int) -> SourceCondition:
    """Return the condition of a source by its polls and by the days since its newest article."""
    if trouble and trouble.is_slow:
        return SourceCondition("slow", "warn", "slow: half of its answers take over 10 s")
    if trouble and trouble.is_unreliable:
        return SourceCondition("slow", "warn", f"{trouble.failed} of {trouble.polls} polls failed in 7 days")
    return SourceCondition("slow", "warn", f"silent for {silence} days") if silence else WELL


def condition_of(
    source: SourceFigures, trouble: PollTrouble | None, silence: int, now: int
) -> SourceCondition:
    """Return the condition of a source; times are in microseconds."""
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
    condition = polled_condition(trouble, silence)
    if condition is WELL and not SourceKind(source.kind).is_polled:
        return BY_API
    if condition is WELL and source.last_success is None:
        return SourceCondition("well", "good", "not read yet")
    is_pushed = condition is WELL and (source.websub_lease_until or 0) > now
    return PUSHED if is_pushed else condition


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """Row of the list. ``days`` are (day, articles, polls, failed polls), the oldest first.

    ``seconds`` is how long the last poll took, ``None`` before the first.
    """

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
    seconds: float | None

    @property
    def strip(self) -> Figure:
        """Small plot of 14 days."""
        days = [StripDay(f"{day:%-d %b}", new, polls, failed) for day, new, polls, failed in self.days]
        new, failed = sum(day.new for day in days), sum(day.failed for day in days)
        finding = f"{plural(new, 'article')} and {plural(failed, 'failed poll')} in 14 days"
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

    def rows(self, connection: Connection, judged: "Ordered") -> "Ordered":
        """Return the sources that are shown."""
        rows = [row for row in judged if self.tab in ("", row[1].tab)]
        if self.section or self.origin:
            chosen = source_figures.sources_of(connection, section=self.section, origin=self.origin)
            rows = [row for row in rows if row[0].id in chosen]
        if words := self.words.casefold():
            there = source_figures.sources_at(connection, words)
            rows = [row for row in rows if words in row[0].name.casefold() or row[0].id in there]
        return rows


Judged = tuple[SourceName, SourceCondition]
Ordered = list[Judged]


@dataclass(slots=True)
class SourceListViews:
    """Views of the list.

    ``_latest`` keeps the time of the newest article of each source, with its longest usual pause, until an
    article is seen that ``_recent`` lacks. ``_silent_from`` are the times from which sources are silent,
    sorted. ``_names`` are the sources of the last view as the store returned them, ``_by_name`` in order.
    """

    zone: ZoneInfo
    _looked_at: int = 0
    _recent: dict[int, int] = field(default_factory=dict, repr=False)
    _latest: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    _silent_from: list[tuple[int, int, int]] = field(default_factory=list, repr=False)
    _names: list[tuple[int, str]] = field(default_factory=list, repr=False)
    _by_name: list[SourceName] = field(default_factory=list, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def conditions(self, connection: Connection, now: datetime) -> Ordered:
        """Return every source with its condition, trouble first, then by name."""
        plain, others = source_figures.plain_sources(connection), source_figures.source_figures(connection)
        at = to_microseconds(now)
        trouble = poll_store.troubled(connection, since=now - WEEK)
        names = plain + [source[:2] for source in others]
        with self._lock:  # two first views look for the newest articles of all sources once
            if names != self._names:
                self._by_name = sorted(map(SourceName._make, names), key=_name_key)
                self._names = names
            silences, sources = self._silences(connection, names, at), self._by_name
        noted = {
            number: polled_condition(trouble.get(number), silences.get(number, 0))
            for number in trouble | silences
        }
        for source in others:
            silence = silences.get(source.id, 0)
            noted[source.id] = condition_of(source, trouble.get(source.id), silence, at)
        found = [(name, noted.get(name[0], WELL)) for name in sources]
        return sorted(found, key=lambda row: _RANKS[row[1][:2]])

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
        rows = chosen.rows(connection, everything)
        start = bisect_right(rows, _cursor_position(after), key=_position) if after else 0
        shown = rows[start : start + limit]
        is_last = start + limit >= len(rows)
        counts = Counter(condition.tab for _, condition in everything)
        return SourceListView(
            rows=self.rows(connection, shown, now),
            counts={"": len(everything), **{tab: counts[tab] for tab in TABS}},
            sections=source_figures.source_sections(connection),
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
        latest = poll_store.latest_answers(connection, ids)
        known = source_figures.listed_sources(connection, ids)
        return [
            _row(known[at], condition, since, articles.get(at, {}), polls.get(at, {}), latest.get(at))
            for (at, _), condition in shown
        ]

    def _silences(self, connection: Connection, names: Sequence[tuple[int, str]], now: int) -> dict[int, int]:
        """Return the days of silence of each silent source, also of removed sources."""
        # Another view that began later may have been faster.
        latest = self._latest if -_HOUR < now - self._looked_at < _DAY else {}
        since = self._looked_at - _HOUR
        recent = source_figures.recent_articles(connection, since=since) if latest else {}
        unsure = {owner for article, owner in recent.items() if article not in self._recent}
        unsure |= dict(names).keys() - latest.keys()
        if unsure:
            found = source_figures.newest_and_pauses(connection, [*unsure])
            self._latest = latest | dict.fromkeys(unsure, (0, 0)) | found
            self._silent_from = sorted(
                (start, number, newest)
                for number, (newest, pause) in self._latest.items()
                if (start := silent_from(newest, pause)) is not None
            )
        self._looked_at, self._recent = now, recent
        silent = islice(self._silent_from, bisect_left(self._silent_from, (now,)))
        return {number: (now - newest) // _DAY for _, number, newest in silent}


def origin_of_row(origin: str, listed_in: str) -> str:
    """Return ``config``, ``list`` or ``added``."""
    return "config" if origin == Origin.CONFIG else "list" if listed_in else "added"


def _name_key(source: SourceName) -> tuple[str, int]:
    return source.name.casefold(), source.id


def _position(row: Judged) -> tuple[int, str, int]:
    source, condition = row
    return _RANKS[condition.tab, condition.level], *_name_key(source)


def _cursor_position(after: str) -> tuple[int, str, int]:
    rank, _, rest = after.partition(":")
    name, _, number = rest.rpartition(":")
    return (int(rank) if rank.isdigit() else 0, name, int(number) if number.isdigit() else 0)


def _row(
    source: Any,
    condition: SourceCondition,
    since: datetime,
    articles: Mapping[int, int],
    polls: Mapping[int, tuple[int, int]],
    latest: tuple[int, int] | None,
) -> SourceRow:
    days = [
        (since + timedelta(days=day), articles.get(day, 0), *polls.get(day, (0, 0))) for day in range(DAYS)
    ]
    shows_status = source.failures and not (source.paused or source.gone)
    is_read = condition.tab != "paused" and not source.gone and SourceKind(source.kind).is_polled
    return SourceRow(
        id=source.id,
        name=source.name,
        origin=origin_of_row(source.origin, source.listed_in),
        host=host_of(source.url) or ("" if source.private else source.url),
        private=bool(source.private),
        section=source.section,
        condition=condition.with_status(latest[0]) if latest and shows_status else condition,
        per_day=round(sum(day[1] for day in days[-7:]) / 7, 1),
        next_check=source.next_check if is_read else None,
        is_read=is_read,
        reason=source.check_reason if is_read else "",
        days=days,
        seconds=latest[1] / 1000 if latest else None,
    )
