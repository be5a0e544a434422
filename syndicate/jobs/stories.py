"""The stories job: new articles → their story, their related links, and the ranked lists.

The story index is a value this job holds in memory, loaded from stored terms. One process at a time
works with it (a lease); a counter in the store tells whether somebody else placed or pruned articles
meanwhile, and then the index is loaded again.
"""

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.jobs.ranking import RankingJob
from syndicate.model import Story
from syndicate.store import Connection, Store, leases
from syndicate.store import stories as story_store
from syndicate.store.stories import RelatedRow, UnplacedArticle
from syndicate.stories import (
    ArticleTerms,
    IndexedArticle,
    LeadCandidate,
    Scored,
    StoryIndex,
    StoryOptions,
    choose_lead,
    extract_terms,
)

BATCH = 100
CHARACTERS_PER_WORD = 6
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesResult:
    """What one run did. ``busy`` means another process holds the lease and nothing was done."""

    placed: int = 0
    new_stories: int = 0
    duplicates: int = 0
    lists_changed: tuple[str, ...] = ()
    busy: bool = False


@dataclass(slots=True, kw_only=True)
class StoriesJob:
    """Places what has no place yet. Not for several threads at once: the index is one value."""

    store: Store
    options: StoryOptions
    ranking: RankingJob
    owner: str
    _index: StoryIndex | None = field(default=None, init=False)
    _counter: int = field(default=-1, init=False)

    def run(
        self, now: datetime, *, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> StoriesResult:
        """Place every waiting article, then bring the lists up to date with the clock's step.

        Without either to do it takes no lease and ranks nothing: that is what most ticks find.
        """
        if not self._is_due(now):
            return StoriesResult()
        with self.store.write() as connection:
            if not leases.take_lease(connection, "stories", owner=self.owner, now=now, until=now + LEASE):
                return StoriesResult(busy=True)
        try:
            placed, new, duplicates = self._place_all(now, progress)
            changed = self.ranking.run(now)
        finally:
            with self.store.write() as connection:
                leases.drop_lease(connection, "stories", owner=self.owner)
        return StoriesResult(placed=placed, new_stories=new, duplicates=duplicates, lists_changed=changed)

    def _is_due(self, now: datetime) -> bool:
        with self.store.read() as connection:
            waiting = story_store.count_unplaced(connection)
        return waiting > 0 or self.ranking.is_due(now)

    def _place_all(self, now: datetime, progress: Callable[[int, int], None]) -> tuple[int, int, int]:
        placed = new = duplicates = 0
        while True:
            with self.store.read() as connection:
                waiting = story_store.unplaced_articles(connection, BATCH)
                total = placed + story_store.count_unplaced(connection) if waiting else placed
            if not waiting:
                return placed, new, duplicates
            terms = [extract_terms(article.title, article.text, article.language) for article in waiting]
            started, copies = self._place(waiting, terms, now)
            placed, new, duplicates = placed + len(waiting), new + started, duplicates + copies
            progress(placed, total)

    def _place(
        self, waiting: Sequence[UnplacedArticle], terms: Sequence[ArticleTerms], now: datetime
    ) -> tuple[int, int]:
        """One batch in one transaction. If it fails, the index knows more than the store: drop it."""
        index = self._fresh_index(now)
        try:
            with self.store.write() as connection:
                result = _Placing(connection, index, now).place(waiting, terms)
                self._counter = leases.move_counter(connection, leases.PLACEMENTS)
        except BaseException:
            self._index = None
            raise
        return result

    def _fresh_index(self, now: datetime) -> StoryIndex:
        oldest = now - timedelta(days=self.options.window_days)
        with self.store.read() as connection:
            counter = leases.counter(connection, leases.PLACEMENTS)
            if self._index is not None and counter == self._counter:
                self._index.forget_before(oldest)
                return self._index
            self._index = load_index(connection, self.options, oldest)
            self._counter = counter
        return self._index


def load_index(connection: Connection, options: StoryOptions, since: datetime) -> StoryIndex:
    """The story index as the store's terms give it."""
    index = StoryIndex(options)
    collecting = gc.isenabled()
    # Everything loaded stays: looking for garbage among it took a third of the time (measured).
    gc.disable()
    try:
        titles = story_store.listed_titles(connection, since)
        named = story_store.articles_with_titles(connection, titles)
        for row in story_store.placed_articles(connection, since):
            item = IndexedArticle(
                article_id=row.id,
                source_id=row.source_id,
                published=row.published,
                title=row.title,
                terms=ArticleTerms.unpack(row.terms),
                language=row.language,
                hints=tuple(named[title] for title in row.read_more if title in named),
            )
            index.load(item, row.story_id, row.duplicate_of)
    finally:
        if collecting:
            gc.enable()
    return index


class _Placing:
    """One batch of articles on their way into stories, inside one transaction."""

    def __init__(self, connection: Connection, index: StoryIndex, now: datetime) -> None:
        self._connection = connection
        self._index = index
        self._now = now
        self._places: list[story_store.Place] = []
        self._new: list[int] = []
        self._links: dict[int, Sequence[Scored]] = {}
        self._touched: set[int] = set()

    def place(self, waiting: Sequence[UnplacedArticle], terms: Sequence[ArticleTerms]) -> tuple[int, int]:
        """Place the articles in order; returns (new stories, near-duplicates)."""
        titles = [title for article in waiting for title in article.read_more]
        hints = story_store.articles_with_titles(self._connection, titles)
        for article, article_terms in zip(waiting, terms, strict=True):
            self._one(article, article_terms, hints)
        self._name_new_stories()
        story_store.place_articles(self._connection, self._places)
        self._save_links()
        refresh_stories(self._connection, {place.story_id for place in self._places}, self._now)
        return len(self._new), sum(place.duplicate_of is not None for place in self._places)

    def _one(self, article: UnplacedArticle, terms: ArticleTerms, hints: dict[str, int]) -> None:
        self._index.remove(article.id)
        placement = self._index.add(
            IndexedArticle(
                article_id=article.id,
                source_id=article.source_id,
                published=article.published,
                title=article.title,
                terms=terms,
                language=article.language,
                hints=tuple(hints[title] for title in article.read_more if title in hints),
            )
        )
        # An edited article keeps its story, whatever its new words say: links to it must not break.
        story_id = article.story_id or placement.story
        if story_id is None:
            self._new.append(article.id)
            story_id = -article.id
        if placement.story != story_id:
            self._index.assign(article.id, story_id)
        self._places.append(
            story_store.Place(
                article_id=article.id,
                story_id=story_id,
                duplicate_of=placement.duplicate_of,
                terms=terms.pack(),
            )
        )
        self._links[article.id] = placement.candidates
        self._touched.update(placement.touched)

    def _name_new_stories(self) -> None:
        """Stories begun in this batch have a provisional number; now they get a row and its id."""
        ids = story_store.add_stories(self._connection, self._new, self._now)
        final = {-lead: story_id for lead, story_id in zip(self._new, ids, strict=True)}
        for provisional, story_id in final.items():
            self._index.merge(provisional, story_id)
        self._places = [
            replace(place, story_id=final.get(place.story_id, place.story_id)) for place in self._places
        ]

    def _save_links(self) -> None:
        """Related links of the new articles, and of the older ones that now have a better one."""
        limit = self._index.options.related_limit
        found = {**self._links, **{one: self._index.related(one) for one in sorted(self._touched)}}
        lists = {
            article_id: [
                RelatedRow(related_id=one.article_id, score=one.score, parts=one.parts)
                for one in links[:limit]
            ]
            for article_id, links in found.items()
        }
        story_store.save_related(self._connection, lists)


def refresh_stories(connection: Connection, story_ids: Iterable[int], now: datetime) -> None:
    """Bring the lead and the counts of stories up to date with their articles."""
    members: dict[int, list[story_store.StoryArticle]] = {}
    for row in story_store.story_articles(connection, ids=sorted(story_ids)):
        members.setdefault(row.story_id, []).append(row)
    story_store.save_stories(
        connection,
        [
            Story(
                id=story_id,
                lead_id=_lead(rows),
                created=now,
                updated=now,
                articles=len(rows),
                coverage=len({row.source_id for row in rows}),
            )
            for story_id, rows in members.items()
        ],
    )


def _lead(rows: Sequence[story_store.StoryArticle]) -> int:
    return choose_lead(
        LeadCandidate(
            article_id=row.article_id,
            source_weight=row.weight,
            has_image=row.has_image,
            length=row.words * CHARACTERS_PER_WORD,
            published=row.published,
            is_copy=row.duplicate,
        )
        for row in rows
    )
