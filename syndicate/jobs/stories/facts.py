"""Facts of stories that lists follow from: read for a moment, or kept and read again where a story moves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import prod

from syndicate.model import Decision, EditorAction, is_dated
from syndicate.store import Connection, editor, ranking
from syndicate.store import sources as source_store
from syndicate.store import stories as story_store
from syndicate.store.ranking import SourceWeight
from syndicate.stories import (
    Contenders,
    Hand,
    Lists,
    RankingOptions,
    StoryArticle,
    StoryFacts,
    rank_step,
    theme_weight,
)

DAY = timedelta(days=1)
# A week shows what is usual at an hour, and which sources are rare.
RHYTHM_DAYS = 7
# Rare: at most so many articles in that week.
RARE_ARTICLES = 3

Weights = Mapping[int, tuple[float, float]]


def looks_back(options: RankingOptions) -> timedelta:
    """Return how far before a moment a story can have moved last and still be ranked."""
    return timedelta(hours=max(options.slow_window_hours, options.history_hours + options.burst_hours))


def candidates(
    connection: Connection, moment: datetime, options: RankingOptions
) -> list[story_store.StoryArticle]:
    """Return the articles of every story that could be ranked at a moment, pinned stories included."""
    return _candidates(connection, moment, options, _hands(connection, moment))


def _candidates(
    connection: Connection,
    moment: datetime,
    options: RankingOptions,
    hands: Mapping[int, Hand],
    ids: Collection[int] | None = None,
) -> list[story_store.StoryArticle]:
    since = rank_step(moment, options.step_seconds) - looks_back(options)
    rows = story_store.story_articles(connection, since=since, ids=None if ids is None else sorted(ids))
    found = {row.story_id for row in rows}
    pinned = [
        story_id
        for story_id, hand in hands.items()
        if hand.pin and story_id not in found and (ids is None or story_id in ids)
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

    Usual rates and rare sources are those of the last step of the clock. ``learned`` replaces the stored
    weights.
    """
    members = story_store.by_story(rows)
    step = rank_step(moment, options.step_seconds)
    gather = _Facts(
        weights=source_weights(
            connection, ranking.source_weights(connection) if learned is None else learned
        ),
        rare=_rare(connection, step),
        usual=_usual(connection, step, options),
        related=ranking.related_sources(connection, sorted(members), until=moment),
        reads=_reads(connection, moment, options),
        hands=_hands(connection, moment),
    )
    return [gather.story(story_id, members[story_id]) for story_id in sorted(members)]


class KnownStories:
    """Facts of every story that could be ranked, kept from one run to the next.

    ``weights`` are those of the sources; when they change, the facts are read anew. So they are when a story
    has moved without ``update`` being told.
    """

    def __init__(self, options: RankingOptions, weights: Weights) -> None:
        self.weights = weights
        self.updated = datetime.min.replace(tzinfo=UTC)
        self._options = options
        self._contenders = Contenders(options)
        self._step: datetime | None = None
        self._rows: dict[int, list[story_store.StoryArticle]] = {}
        self._rare: set[int] = set()
        self._usual: Mapping[str, float] = {}
        self._hands: Mapping[int, Hand] = {}
        self._reads: Mapping[int, int] = {}

    def update(self, connection: Connection, now: datetime, moved: Collection[int]) -> None:
        """Read again the stories that moved, and at a step of the clock the usual rates and rare sources."""
        step, hands = rank_step(now, self._options.step_seconds), _hands(connection, now)
        reads = _reads(connection, now, self._options)
        stories: set[int] | None = None
        if self._step is not None:
            stories = {*moved, *_changed(self._hands, hands), *_changed(self._reads, reads)}
        if self._step is not None and stories is not None and step != self._step:
            since, until = (at - looks_back(self._options) for at in (self._step, step))
            stories.update(story_store.stories_updated(connection, since=since, until=until))
        rows = story_store.by_story(_candidates(connection, now, self._options, hands, stories))
        stories = set(rows) if stories is None else stories
        before = [row for story_id in stories for row in self._rows.pop(story_id, ())]
        self._rows |= rows
        after = [row for found in rows.values() for row in found]
        quiet = step - timedelta(hours=self._options.burst_hours)
        if step != self._step or _counted(before, quiet) != _counted(after, quiet):
            self._usual = _usual(connection, step, self._options)
        sources = None if step != self._step else {row.source_id for row in (*before, *after)}
        stories |= self._turned(_rare(connection, step, sources), sources)
        self._step, self.updated, self._hands, self._reads = step, now, hands, reads
        gather = _Facts(
            weights=self.weights,
            rare=self._rare,
            usual=self._usual,
            related=ranking.related_sources(connection, sorted(stories)),
            reads=reads,
            hands=hands,
        )
        for story_id in sorted(stories):
            if found := self._rows.get(story_id):
                self._contenders.put(gather.story(story_id, found))
            else:
                self._contenders.remove(story_id)

    def lists(self, now: datetime) -> Lists:
        """Return ``top`` and ``trending`` as of the last update."""
        return self._contenders.lists(now, rank_step(now, self._options.step_seconds), self._usual)

    def _turned(self, rare: set[int], among: Collection[int] | None) -> set[int]:
        """Note the rare sources and return the stories of sources that were rare and are not, or are now."""
        turned = (self._rare if among is None else self._rare.intersection(among)) ^ rare
        self._rare ^= turned
        if not turned:
            return set()
        return {story for story, rows in self._rows.items() if any(row.source_id in turned for row in rows)}


def source_weights(
    connection: Connection, learned: Mapping[int, SourceWeight]
) -> dict[int, tuple[float, float]]:
    """Return the learned and the declared weight of each source."""
    return {
        source: (learned[source].weight if source in learned else 1.0, declared)
        for source, declared in source_store.declared_weights(connection).items()
    }


def _counted(rows: Iterable[story_store.StoryArticle], until: datetime) -> set[tuple[object, ...]]:
    """Return what usual rates are counted from."""
    return {
        (row.article_id, row.story_id, row.section, row.same_text, row.published)
        for row in rows
        if row.published < until
    }


def _changed(before: Mapping[int, object], after: Mapping[int, object]) -> set[int]:
    return {story_id for story_id in {*before, *after} if before.get(story_id) != after.get(story_id)}


def _hands(connection: Connection, moment: datetime) -> dict[int, Hand]:
    return {story: hand_of(made) for story, made in editor.story_decisions(connection, at=moment).items()}


def _rare(connection: Connection, step: datetime, among: Collection[int] | None = None) -> set[int]:
    since = step - RHYTHM_DAYS * DAY
    return ranking.rare_sources(connection, since=since, until=step, most=RARE_ARTICLES, among=among)


def _reads(connection: Connection, moment: datetime, options: RankingOptions) -> dict[int, int]:
    since = rank_step(moment, options.step_seconds) - timedelta(hours=options.slow_window_hours)
    return ranking.story_reads(connection, since=since, until=moment) if options.reads else {}


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

    weights: Weights
    rare: set[int]
    usual: Mapping[str, float]
    related: Mapping[int, Mapping[int, tuple[int, datetime]]]
    reads: Mapping[int, int]
    hands: Mapping[int, Hand]

    def story(self, story_id: int, rows: Sequence[story_store.StoryArticle]) -> StoryFacts:
        rows = _dated(rows)
        topic = next((row.section for row in rows if row.article_id == row.lead_id), "")
        related = [
            (prod(self.weights[source]), count, seen)
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
                    seen=min(row.first_seen, row.published),
                    learned=self.weights[row.source_id][0],
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
