"""Facts of stories for the lists, kept between runs; a story that moves is read again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from syndicate.model import EARLIEST, EditorAction, EditorDecision, RankedStory, is_dated
from syndicate.store import Connection
from syndicate.store.ingest import source_store
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.stories import (
    Contenders,
    EditorOverrides,
    RankedArticle,
    RankingOptions,
    StoryFacts,
    rank_step,
    theme_weight,
)

DAY = timedelta(days=1)
# A week shows the usual number of articles at an hour, and which sources are rare.
RHYTHM_DAYS = 7
# Maximum number of articles of a rare source in that week.
RARE_ARTICLES = 3

# The facts of an article that rates and rarity depend on.
_counted = attrgetter("article_id", "story_id", "same_text", "source_id", "section", "published")
_Rows = Mapping[int, Sequence[story_store.StoryArticleRow]]
# The learned and the declared weight of each source.
Weights = tuple[Mapping[int, float], Mapping[int, float]]


def looks_back(options: RankingOptions) -> timedelta:
    """Return the maximum age of a ranked story's last move."""
    return timedelta(hours=max(options.slow_window_hours, options.history_hours + options.burst_hours))


def candidates(
    connection: Connection,
    now: datetime,
    options: RankingOptions,
    overrides: Mapping[int, EditorOverrides] | None = None,
    ids: Collection[int] | None = None,
) -> list[story_store.StoryArticleRow]:
    """Return the articles of the stories that could be ranked at ``now``, pins included, or of ``ids``."""
    overrides = editor_overrides(connection, now) if overrides is None else overrides
    since = rank_step(now, options.step_seconds) - looks_back(options)
    pinned = [story for story, override in overrides.items() if override.pin]
    return story_store.story_articles(connection, since=since, besides=pinned, ids=ids)


def story_facts(
    connection: Connection,
    rows: Sequence[story_store.StoryArticleRow],
    now: datetime,
    options: RankingOptions,
    learned: Mapping[int, SourceWeight] | None = None,
) -> list[StoryFacts]:
    """Return facts of stories, with ``learned`` or the stored weights; a topic is the lead's section."""
    cache = StoryFactsCache(options, source_weights(connection, learned))
    cache.note(connection, now, editor_overrides(connection, now))
    return cache.read(connection, now, story_store.group_by_story(rows), until=now)


def source_weights(connection: Connection, learned: Mapping[int, SourceWeight] | None = None) -> Weights:
    """Return the learned and the declared weights, read from the store unless given."""
    known = ranked_lists.source_weights(connection) if learned is None else learned
    weights = {source: weight.weight for source, weight in known.items()}
    return weights, source_store.declared_weights(connection)


class StoryFactsCache:
    """Facts of stories for ranking, kept between runs; only stories that moved are read again.

    Rare sources are as of the beginning of the clock's step, usual rates as of the last full hour.
    """

    def __init__(self, options: RankingOptions, weights: Weights) -> None:
        self.weights, self.read_at = weights, EARLIEST
        self._options, self._contenders = options, Contenders(options)
        self._step = self._hour = EARLIEST
        self._days = 0  # days with articles before the burst, for usual rates
        self._rows: dict[int, Sequence[story_store.StoryArticleRow]] = {}
        self._rare: set[int] = set()
        self._usual_rate: dict[str, float] = {}
        self._overrides: Mapping[int, EditorOverrides] = {}
        self._reads: Mapping[int, int] = {}

    def lists(
        self,
        connection: Connection,
        now: datetime,
        overrides: Mapping[int, EditorOverrides],
        moved: Collection[int],
    ) -> tuple[tuple[RankedStory, ...], ...]:
        """Return top and trending; ``moved`` are the stories that placements changed since the last call."""
        changed = self.note(connection, now, overrides)
        ids = changed.union(moved) if self._rows else None
        rows = story_store.group_by_story(candidates(connection, now, self._options, overrides, ids))
        gone = (ids or set()) - rows.keys()
        for story_id in gone:
            self._contenders.remove(story_id)
            if story_id not in moved:
                # Too old for the lists; its articles count as before.
                self._rows.pop(story_id, None)
        for story in self.read(connection, now, {**dict.fromkeys(gone, ()), **rows}):
            self._contenders.put(story)
        end = self._step + timedelta(seconds=self._options.step_seconds)
        return self._contenders.top(end), self._contenders.trending(end, self._usual_rate)

    def led_anew(self, leads: Mapping[int, int]) -> set[int]:
        """Return the stories whose lead differs from the lead as last read."""
        known = ((story_id, self._rows.get(story_id)) for story_id in leads)
        return {story_id for story_id, rows in known if rows and rows[0].lead_id != leads[story_id]}

    def note(
        self, connection: Connection, now: datetime, overrides: Mapping[int, EditorOverrides]
    ) -> set[int]:
        """Note decisions and page views; return the stories that they change or that have become too old."""
        options = self._options
        step, span = rank_step(now, options.step_seconds), looks_back(options)
        since = step - timedelta(hours=options.slow_window_hours)
        reads = ranked_lists.story_reads(connection, since=since, until=now) if options.reads else {}
        pairs = {*overrides.items()} ^ {*self._overrides.items()}, {*reads.items()} ^ {*self._reads.items()}
        changed = {story for items in pairs for story, _ in items}
        if EARLIEST < self._step < step:
            changed |= ranked_lists.stories_updated(connection, since=self._step - span, until=step - span)
        self._overrides, self._reads, self.read_at = overrides, reads, now
        return changed

    def read(
        self, connection: Connection, now: datetime, moved: _Rows, *, until: datetime | None = None
    ) -> list[StoryFacts]:
        """Take the articles of stories that moved; return the facts of all stories that changed with them.

        A story without articles can no longer be ranked. ``until`` leaves out links to articles seen later.
        """
        step, old = rank_step(now, self._options.step_seconds), self._step
        before = [row for story_id in moved for row in self._rows.pop(story_id, ())]
        after = [row for rows in moved.values() for row in rows]
        self._rows |= {story_id: rows for story_id, rows in moved.items() if rows}
        hour, old_hour = rank_step(step, 3600), self._hour
        self._step, self._hour, quiet = step, hour, hour - timedelta(hours=self._options.burst_hours)
        changed = {_counted(row) for row in before} ^ {_counted(row) for row in after}
        # ``None`` counts all of them again.
        sources: set[int] | None = {source for *_, source, _, published in changed if published <= step}
        if old != step:
            sources = None
        days = self._days
        if old_hour != hour or any(published <= quiet - days * DAY for *_, published in changed):
            first = ranked_lists.first_published(connection) or quiet
            days = min(RHYTHM_DAYS, (quiet - first) // DAY)
        sections: set[str] | None = None
        if (old_hour, self._days) == (hour, days):
            start = quiet - max(days * DAY, timedelta(hours=self._options.history_hours))
            sections = {section for *_, section, published in changed if start <= published < quiet}
        if sections is None or sections:
            for section in [*self._usual_rate] if sections is None else sections:
                self._usual_rate.pop(section, None)
            self._usual_rate |= _usual_rates(connection, hour, days, sections, self._options)
        self._days = days
        week = step - RHYTHM_DAYS * DAY
        rare = ranked_lists.rare_sources(connection, sources, since=week, until=step, most=RARE_ARTICLES)
        rarity_changed = rare ^ (self._rare if sources is None else self._rare & sources)
        self._rare ^= rarity_changed
        affected = {
            story_id
            for story_id, rows in (self._rows.items() if rarity_changed else ())
            if any(row.source_id in rarity_changed for row in rows)
        }
        ids = sorted({*moved, *affected} & self._rows.keys())
        related, near = ranked_lists.linked_sources(connection, ids, until=until)
        return [self._story(story_id, related.get(story_id, {}), near.get(story_id, {})) for story_id in ids]

    def _story(self, story_id: int, related: Mapping[int, datetime], near: Mapping[int, int]) -> StoryFacts:
        known, (learned, declared) = self._rows[story_id], self.weights
        # A story without any date is older than any list covers: only an editor can list it.
        rows = [row for row in known if is_dated(row.published)] or known
        topic = next((row.section for row in rows if row.article_id == row.lead_id), "")

        def weight(source: int) -> float:
            return learned.get(source, 1.0) * declared.get(source, 1.0)

        return StoryFacts(
            story_id=story_id,
            lead_article_id=rows[0].lead_id,
            articles=tuple(
                RankedArticle(
                    article_id=row.article_id,
                    source_id=row.source_id,
                    source_weight=row.weight,
                    seen=min(row.first_seen, row.published),
                    learned=learned.get(row.source_id, 1.0),
                    rare=row.source_id in self._rare,
                )
                for row in rows
            ),
            topic=topic,
            usual_rate=self._usual_rate.get(topic, 0.0),
            theme=theme_weight((weight(source), count) for source, count in sorted(near.items())),
            echoes=tuple((weight(source), seen) for source, seen in sorted(related.items())),
            reads=self._reads.get(story_id, 0),
            overrides=self._overrides.get(story_id, EditorOverrides()),
        )


def editor_overrides(connection: Connection, now: datetime) -> dict[int, EditorOverrides]:
    """Return the editor's decisions about each story; the newest of each kind counts."""
    return {
        story: _override(decisions)
        for story, decisions in decision_store.story_decisions(connection, at=now).items()
    }


def _override(decisions: Sequence[EditorDecision]) -> EditorOverrides:
    pin = decision_store.latest_decision(decisions, EditorAction.PIN)
    boost = decision_store.latest_decision(decisions, EditorAction.BOOST)
    return EditorOverrides(
        pin=int(pin.value) if pin else 0,
        drop=decision_store.latest_decision(decisions, EditorAction.DROP) is not None,
        boost=float(boost.value) if boost else 1.0,
    )


def _usual_rates(
    connection: Connection, now: datetime, days: int, among: Collection[str] | None, options: RankingOptions
) -> dict[str, float]:
    """Return the usual articles per hour for a story of each topic, by the topic's own history.

    That is the topic's articles per hour over the number of its stories in the ``history`` before the burst.
    The rate is the larger of two: that of the ``history``, and that at this time of day on ``days`` before,
    since a newsroom has its hours. ``among`` limits the topics.
    """
    burst = timedelta(hours=options.burst_hours)
    quiet = now - burst
    start = quiet - timedelta(hours=options.history_hours)
    before = ranked_lists.section_counts(connection, [(start, quiet)], among)
    rates = {section: articles / options.history_hours for section, (articles, _) in before.items()}
    if days > 0 and burst < DAY:
        # After the start of the span, up to its end.
        ends = quiet + timedelta.resolution, now + timedelta.resolution
        spans = [(ends[0] - day * DAY, ends[1] - day * DAY) for day in range(1, days + 1)]
        for section, (articles, _) in ranked_lists.section_counts(connection, spans, among).items():
            rates[section] = max(rates.get(section, 0.0), articles / (days * options.burst_hours))
    return {section: rate / max(before.get(section, (0, 0))[1], 1) for section, rate in rates.items()}
