"""Ranks: placed articles, what sources are worth, and the editor's hand → the stored lists.

Runs inside the stories job, under its lease. Everything that the lists follow from is a row, so
every process gets the same lists within a step of the clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.jobs.stories.leads import refresh_chosen_leads
from syndicate.model import Decision, EditorAction, RankedStory, is_dated
from syndicate.store import Connection, Store, editor, leases, ranking
from syndicate.store import sources as source_store
from syndicate.store import stories as story_store
from syndicate.store.ranking import SourceWeight
from syndicate.stories import (
    ENOUGH_OTHERS,
    Hand,
    RankingOptions,
    Record,
    StoryArticle,
    StoryFacts,
    learn_weights,
    rank_step,
    rank_top,
    rank_trending,
    theme_weight,
)

LISTS = ("top", "trending")
DAY = timedelta(days=1)
# An article is judged when the others have had a day to tell its story too.
JUDGED_AFTER = DAY
# A week shows what is usual at an hour, and which sources are rare.
RHYTHM_DAYS = 7
# Rare: at most so many articles in that week.
RARE_ARTICLES = 3
# Parts of a rank that readers are told of.
MARKS = ("boost", "pin", "rare", "recent", "slow")


@dataclass(slots=True, kw_only=True)
class RankingJob:
    """Brings top, trending, learned weights and the editor's headlines up to date."""

    store: Store
    options: RankingOptions
    _ranked: tuple[object, ...] | None = field(default=None, init=False)

    def is_due(self, now: datetime) -> bool:
        """Return whether anything the lists follow from has moved since this job last ran."""
        return self._ranked != self._news(now)

    def run(self, now: datetime) -> tuple[str, ...]:
        """Recompute what is not up to date; returns the lists that changed.

        The lists are as of the clock's last step, or of the newest article if that came since: between
        two steps only news and the editor change them.
        """
        news = self._news(now)
        with self.store.write() as connection:
            editor.sync_headlines(connection, at=now)
            if self._ranked is None or self._ranked[2:] != news[2:]:
                refresh_chosen_leads(connection, now)
        self._learn(now)
        step = rank_step(now, self.options.step_seconds)
        with self.store.read() as connection:
            rows = candidates(connection, now, self.options)
            newest = max((_seen(row) for row in rows if _seen(row) <= now), default=step)
            facts = story_facts(connection, rows, now, self.options)
        moment = max(step, newest)
        fresh = {
            "top": rank_top(facts, moment, self.options),
            "trending": rank_trending(facts, moment, self.options),
        }
        changed = self._save(fresh)
        self._ranked = news
        return changed

    def _save(self, fresh: Mapping[str, Sequence[RankedStory]]) -> tuple[str, ...]:
        with self.store.read() as connection:
            changed = [
                name for name in LISTS if _differs(ranking.ranked_stories(connection, name), fresh[name])
            ]
        if changed:
            with self.store.write() as connection:
                for name in changed:
                    ranking.save_ranked(connection, name, fresh[name])
        return tuple(changed)

    def _learn(self, now: datetime) -> None:
        """Once a day (of UTC) learn what the sources are worth, and forget old page openings."""
        today = rank_step(now, int(DAY.total_seconds()))
        with self.store.read() as connection:
            known = ranking.source_weights(connection)
            if known and all(one.learned == today for one in known.values()):
                return
            learned = learned_weights(connection, today, self.options)
        if not learned and not known:
            return
        with self.store.write() as connection:
            ranking.save_source_weights(connection, learned, now=today)
            ranking.prune_reads(connection, before=today - RHYTHM_DAYS * DAY)

    def _news(self, now: datetime) -> tuple[object, ...]:
        """Return the inputs of the lists: the step of the clock, the placements, the editor's decisions."""
        with self.store.read() as connection:
            return (
                rank_step(now, self.options.step_seconds),
                leases.counter(connection, leases.PLACEMENTS),
                [one.id for one in editor.decisions(connection, at=now)],
            )


def learned_weights(
    connection: Connection, moment: datetime, options: RankingOptions
) -> dict[int, SourceWeight]:
    """Return what the rows up to a moment teach about the sources; nothing when ``learn_days`` is 0."""
    until = moment - JUDGED_AFTER
    since = until - timedelta(days=options.learn_days)
    found = ranking.source_records(connection, since=since, until=until, enough=ENOUGH_OTHERS)
    records = {
        source: Record(articles=count, prominence=sum(others.values()), followers=others)
        for source, (count, others) in found.items()
    }
    return {
        source: SourceWeight(
            weight=weight, articles=records[source].articles, prominence=records[source].prominence
        )
        for source, weight in learn_weights(records).items()
    }


def looks_back(options: RankingOptions) -> timedelta:
    """Return how far before a moment a story can have moved last and still be ranked."""
    return timedelta(hours=max(options.slow_window_hours, options.history_hours + options.burst_hours))


def candidates(
    connection: Connection, moment: datetime, options: RankingOptions
) -> list[story_store.StoryArticle]:
    """Return the articles of every story that could be ranked at a moment, pinned stories included."""
    rows = story_store.story_articles(connection, since=moment - looks_back(options))
    found = {row.story_id for row in rows}
    pinned = [
        story_id
        for story_id, made in editor.story_decisions(connection, at=moment).items()
        if story_id not in found and hand_of(made).pin
    ]
    return rows + (story_store.story_articles(connection, ids=sorted(pinned)) if pinned else [])


def story_facts(
    connection: Connection,
    rows: Sequence[story_store.StoryArticle],
    moment: datetime,
    options: RankingOptions,
    learned: Mapping[int, SourceWeight] | None = None,
) -> list[StoryFacts]:
    """Return stored stories as ranking sees them at a moment; a story's topic is its lead's section.

    ``learned`` replaces the stored weights.
    """
    known = ranking.source_weights(connection) if learned is None else learned
    members = story_store.by_story(rows)
    week_ago = moment - RHYTHM_DAYS * DAY
    since = moment - timedelta(hours=options.slow_window_hours)
    gather = _Facts(
        weights={source: one.weight for source, one in known.items()},
        declared=source_store.declared_weights(connection),
        rare=ranking.rare_sources(connection, since=week_ago, until=moment, most=RARE_ARTICLES),
        usual=_usual(connection, moment, options),
        related=ranking.related_sources(connection, since=since, until=moment),
        reads=ranking.story_reads(connection, since=since, until=moment) if options.reads else {},
        hands={story: hand_of(made) for story, made in editor.story_decisions(connection, at=moment).items()},
    )
    return [gather.story(story_id, _dated(members[story_id])) for story_id in sorted(members)]


def _dated(rows: Sequence[story_store.StoryArticle]) -> Sequence[story_store.StoryArticle]:
    """Return the articles that say when they were published, or all of a story in which none does.

    Such a story is older than any list looks back. Only an editor can bring it in.
    """
    return [row for row in rows if is_dated(row.published)] or rows


def hand_of(made: Sequence[Decision]) -> Hand:
    """Return what the decisions about a story's articles come to; the newest of each kind counts."""
    pin = editor.latest(made, EditorAction.PIN)
    boost = editor.latest(made, EditorAction.BOOST)
    return Hand(
        pin=int(pin.value) if pin else 0,
        drop=editor.latest(made, EditorAction.DROP) is not None,
        boost=float(boost.value) if boost else 1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Everything read once for all stories, by source, section or story."""

    weights: Mapping[int, float]
    declared: Mapping[int, float]
    rare: set[int]
    usual: Mapping[str, float]
    related: Mapping[int, Mapping[int, tuple[int, datetime]]]
    reads: Mapping[int, int]
    hands: Mapping[int, Hand]

    def story(self, story_id: int, rows: Sequence[story_store.StoryArticle]) -> StoryFacts:
        topic = next((row.section for row in rows if row.article_id == row.lead_id), "")
        related = [
            (self.weights.get(source, 1.0) * self.declared.get(source, 1.0), count, seen)
            for source, (count, seen) in sorted(self.related.get(story_id, {}).items())
        ]
        return StoryFacts(
            story_id=story_id,
            lead_article_id=rows[0].lead_id,
            articles=tuple(
                StoryArticle(
                    article_id=row.article_id,
                    source_id=row.source_id,
                    source_weight=row.weight,
                    seen=_seen(row),
                    learned=self.weights.get(row.source_id, 1.0),
                    rare=row.source_id in self.rare,
                )
                for row in rows
            ),
            topic=topic,
            usual_rate=self.usual.get(topic, 0.0),
            theme=theme_weight((weight, count) for weight, count, _ in related),
            echoes=tuple((weight, seen) for weight, _, seen in related),
            reads=self.reads.get(story_id, 0),
            hand=self.hands.get(story_id, Hand()),
        )


def _usual(connection: Connection, moment: datetime, options: RankingOptions) -> dict[str, float]:
    """Return the articles per hour that one story of each topic usually gets, by the topic's own history.

    That is the topic's articles per hour over the number of its stories in the ``history`` before the burst.
    The rate is the larger of two: that of the ``history``, and that at this time of day on the days before
    (seven at most, as far back as there are articles), for a newsroom has its hours.
    """
    burst = timedelta(hours=options.burst_hours)
    quiet = moment - burst
    start = quiet - timedelta(hours=options.history_hours)
    before = ranking.section_counts(connection, since=start, until=quiet)
    rates = {section: articles / options.history_hours for section, (articles, _) in before.items()}
    first = ranking.first_published(connection)
    days = 0 if first is None or burst >= DAY else min(RHYTHM_DAYS, (quiet - first) // DAY)
    if days > 0:
        counts = ranking.section_counts_at_this_hour(connection, until=moment, span=burst, days=days)
        for section, (articles, _) in counts.items():
            rates[section] = max(rates.get(section, 0.0), articles / (days * options.burst_hours))
    return {section: rate / max(before.get(section, (0, 0))[1], 1) for section, rate in rates.items()}


def _seen(row: story_store.StoryArticle) -> datetime:
    return min(row.first_seen, row.published)


def _differs(stored: Sequence[RankedStory], fresh: Sequence[RankedStory]) -> bool:
    """Scores fade with the clock; a list has changed when its order, its coverage or a mark has."""
    return [_shown(one) for one in stored] != [_shown(one) for one in fresh]


def _shown(one: RankedStory) -> tuple[object, ...]:
    marks = {name: part for name, part in one.parts.items() if name.partition(":")[0] in MARKS}
    return one.story_id, one.article_id, one.coverage, marks
