"""The story index: a new article comes in, its copies, its story and its related links come out.

A value held in memory by the one job that places articles. It reads no clock and no store; the
same articles in the same order give the same answers, and loading stored articles after a restart
gives the index that was left. The cost of an article does not depend on how many there are.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from zlib import crc32

import numpy as np

from syndicate.stories.clusters import choose_story, story_likeness
from syndicate.stories.duplicates import is_copy
from syndicate.stories.fingerprint import Fingerprint
from syndicate.stories.options import StoryOptions
from syndicate.stories.postings import Postings
from syndicate.stories.related import Match, Scored, match_all
from syndicate.stories.terms import ArticleTerms
from syndicate.stories.vectors import TermSpace

# Loaded articles whose terms are counted in one go: counting is fast in bulk, but needs memory.
_COUNTED_TOGETHER = 20_000


# Copies show the links of their original; the latest few, so that 500 copies of one story cost no more.
COPIES_TOUCHED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedArticle:
    """An article as the index takes it. ``hints`` are ids of articles its source lists as further reading.

    ``terms`` are as extracted for a new article, or as they were packed for one that is loaded.
    """

    article_id: int
    source_id: int
    published: datetime
    title: str
    terms: ArticleTerms | Fingerprint
    language: str = ""
    hints: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a new article belongs.

    ``duplicate_of`` is the article it is a copy of. ``story`` is the story it joins; ``None``
    means it starts one: the caller creates the row and calls ``StoryIndex.assign``.
    ``candidates`` are its related links, best first, more than are shown. ``touched`` are the older
    articles whose own related links change because of it: ask ``StoryIndex.related`` for them.
    """

    duplicate_of: int | None = None
    story: int | None = None
    candidates: tuple[Scored, ...] = ()
    touched: tuple[int, ...] = ()


@dataclass(slots=True)
class _Held:
    """One article in the index. Only originals are found by others; copies hang on their original."""

    article_id: int
    source_id: int
    published: float
    terms: Fingerprint
    hints: tuple[int, ...]
    title_key: int
    story: int | None = None
    duplicate_of: int | None = None
    copies: list[int] = field(default_factory=list)
    neighbours: list[tuple[float, int]] | None = None


class StoryIndex:
    """Articles of the last days by their rarest words."""

    def __init__(self, options: StoryOptions) -> None:
        self.options = options
        self._held: dict[int, _Held] = {}
        self._postings = Postings(options)
        self._members: dict[int, list[int]] = {}
        self._titles: dict[int, int] = {}
        self._oldest: list[tuple[float, int]] = []
        self._uncounted: list[Fingerprint] = []
        self._space = TermSpace()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, article_id: int) -> bool:
        return article_id in self._held

    def add(self, item: IndexedArticle) -> Placement:
        """Place a new article and remember it. Raises ``ValueError`` if it is already there."""
        self._count_loaded()
        held = self._hold(item)
        matches = self._matches(held)
        original = self._original(held, matches)
        if original is not None:
            self._attach(held, original)
            self._join(held, original.story)
            return Placement(
                duplicate_of=original.article_id,
                story=original.story,
                candidates=self._links(held, matches),
            )
        if self._notice_repeated_title(held) and isinstance(item.terms, ArticleTerms):
            untitled = replace(item.terms, title=np.zeros_like(item.terms.title))
            held.terms = self._space.weigh(untitled, self.options.title_weight)
            matches = self._matches(held)
        self._join(held, self._story(held, matches))
        self._postings.add(held.article_id, held.terms)
        self._space.add([held.terms])
        held.neighbours = self._nearest(matches)
        return Placement(
            story=held.story,
            candidates=self._links(held, matches),
            touched=self._introduce(held, matches),
        )

    def load(self, item: IndexedArticle, story_id: int | None, duplicate_of: int | None) -> None:
        """Take back an article that was placed before a restart; load in the order of placing.

        With the terms that ``packed`` gave, the index is exactly the one that was left.
        """
        held = self._hold(item)
        self._join(held, story_id)
        original = self._held.get(duplicate_of) if duplicate_of is not None else None
        if original is not None:
            self._attach(held, self._original_of(original))
            return
        self._notice_repeated_title(held)
        self._postings.add(held.article_id, held.terms)
        self._uncounted.append(held.terms)
        if len(self._uncounted) >= _COUNTED_TOGETHER:
            self._count_loaded()

    def assign(self, article_id: int, story_id: int) -> None:
        """Give an article the story that the caller created for it."""
        held = self._held[article_id]
        self._leave(held)
        self._join(held, story_id)

    def fingerprint(self, item: IndexedArticle) -> Fingerprint:
        """An article's terms as they weigh now, or as they were packed."""
        if isinstance(item.terms, Fingerprint):
            return item.terms
        return self._space.weigh(item.terms, self.options.title_weight)

    def packed(self, article_id: int) -> bytes:
        """What ``load`` needs of an article's terms, for the store. Raises ``KeyError`` if unknown."""
        return self._held[article_id].terms.pack()

    def merge(self, story_id: int, into: int) -> None:
        """Move every article of one story into another."""
        for article_id in list(self._members.get(story_id, ())):
            self.assign(article_id, into)

    def story_of(self, article_id: int) -> int | None:
        """The story of an article in the index."""
        return self._held[article_id].story

    def related(self, article_id: int) -> tuple[Scored, ...]:
        """The related links of an article as they would be chosen now; () if it is not in the index."""
        held = self._held.get(article_id)
        return self._links(held, self._ranked(held)) if held else ()

    def similar(self, article_id: int) -> tuple[Scored, ...]:
        """The nearest articles, best first, deserving a link or not. Raises ``KeyError`` if unknown."""
        return tuple(match.scored() for match in self._ranked(self._held[article_id]))

    def compare(self, article_id: int, other_id: int) -> Scored:
        """How one article scores as seen from another. Raises ``KeyError`` if one is unknown."""
        self._count_loaded()
        return self._compare(self._held[article_id], [other_id])[0].scored()

    def forget_before(self, moment: datetime) -> int:
        """Drop every article published before ``moment``; return how many."""
        count = 0
        limit = moment.timestamp()
        if len(self._oldest) > 2 * len(self._held) + 64:
            self._oldest = [(held.published, held.article_id) for held in self._held.values()]
            heapify(self._oldest)
        while self._oldest and self._oldest[0][0] < limit:
            published, article_id = heappop(self._oldest)
            held = self._held.get(article_id)
            # An article that was removed and came back with another date left its old place here.
            if held is not None and held.published == published:
                count += self.remove(article_id)
        return count

    def remove(self, article_id: int) -> bool:
        """Drop one article; its first copy, if any, takes its place. False if it is not there."""
        held = self._held.pop(article_id, None)
        if held is None:
            return False
        self._count_loaded()
        self._leave(held)
        if self._titles.get(held.title_key) == article_id:
            del self._titles[held.title_key]
        if held.duplicate_of is not None:
            self._held[held.duplicate_of].copies.remove(article_id)
            return True
        self._postings.remove(held.article_id, held.terms)
        self._space.remove(held.terms)
        self._promote(held.copies)
        return True

    def _hold(self, item: IndexedArticle) -> _Held:
        if item.article_id in self._held:
            raise ValueError(f"article {item.article_id} is already in the index")
        held = _Held(
            article_id=item.article_id,
            source_id=item.source_id,
            published=item.published.timestamp(),
            terms=self.fingerprint(item),
            hints=item.hints,
            title_key=crc32(f"{item.source_id} {item.title.casefold()}".encode(errors="replace")),
        )
        self._held[item.article_id] = held
        heappush(self._oldest, (held.published, held.article_id))
        return held

    def _count_loaded(self) -> None:
        if self._uncounted:
            self._space.add(self._uncounted)
            self._uncounted = []

    def _matches(self, held: _Held) -> list[Match]:
        """The articles that share rare words with this one, compared exactly, best first."""
        group = held.article_id if held.duplicate_of is None else held.duplicate_of
        found = self._postings.candidates(held.terms)
        found += [hint for hint in self._hints(held) if hint not in found]
        return self._compare(
            held, [article_id for article_id in found if article_id not in (held.article_id, group)]
        )

    def _compare(self, held: _Held, article_ids: Sequence[int]) -> list[Match]:
        if not article_ids:
            return []
        others = [self._held[article_id] for article_id in article_ids]
        cosines = self._space.cosines(held.terms, [other.terms for other in others])
        hints = self._hints(held)
        rows = [(other.article_id, other.published, other.article_id in hints) for other in others]
        mine = max(held.terms.length, 1)
        lengths = np.sqrt(np.array([float(mine * max(other.terms.length, 1)) for other in others]))
        return match_all(held.published, rows, cosines, lengths, self.options)

    def _ranked(self, held: _Held) -> list[Match]:
        """The nearest articles met so far, compared afresh; after a restart they are looked for again."""
        self._count_loaded()
        original = self._original_of(held)
        if original.neighbours is None:
            original.neighbours = self._nearest(self._matches(original))
        known = [one for _, one in original.neighbours if one in self._held]
        ids = [self._original_of(self._held[one]).article_id for one in (*known, *self._hints(held))]
        return self._compare(held, [one for one in dict.fromkeys(ids) if one != original.article_id])

    def _nearest(self, matches: Iterable[Match]) -> list[tuple[float, int]]:
        """The neighbours worth remembering, as (score, id), the least first."""
        best = islice(matches, self.options.kept)
        return sorted(
            (match.score, match.article_id) for match in best if match.score >= self.options.remembered
        )

    def _introduce(self, held: _Held, matches: Iterable[Match]) -> tuple[int, ...]:
        """Let older articles know the new one; the result is those that would show it."""
        touched: list[int] = []
        for match in islice(matches, 2 * self.options.kept):
            score = match.score - match.hint
            if score < self.options.remembered:
                continue
            other = self._held[match.article_id]
            known = other.neighbours if other.neighbours is not None else []
            better = len(known) - bisect_right(known, (score, held.article_id))
            if better < self.options.related_limit and score >= self._related_threshold(other, held):
                touched.append(other.article_id)
                touched += other.copies[-COPIES_TOUCHED:]
            if other.neighbours is not None and better < self.options.kept:
                insort(known, (score, held.article_id))
                del known[: -self.options.kept]
        return tuple(touched)

    def _hints(self, held: _Held) -> list[int]:
        found = [self._original_of(self._held[hint]).article_id for hint in held.hints if hint in self._held]
        return [hint for hint in dict.fromkeys(found) if hint != held.article_id]

    def _original_of(self, held: _Held) -> _Held:
        return held if held.duplicate_of is None else self._held[held.duplicate_of]

    def _original(self, held: _Held, matches: Iterable[Match]) -> _Held | None:
        """The article this one is a copy of."""
        for one in matches:
            other = self._held[one.article_id]
            if (
                one.likeness >= self.options.copy_likeness
                and self._within_window(held, other)
                and is_copy(held.terms, other.terms, self.options)
            ):
                return other
        return None

    def _attach(self, held: _Held, original: _Held) -> None:
        held.duplicate_of = original.article_id
        original.copies.append(held.article_id)

    def _promote(self, copies: list[int]) -> None:
        """Let the first of some orphaned copies stand for the others."""
        if not copies:
            return
        first, *others = (self._held[article_id] for article_id in copies)
        first.duplicate_of = None
        for other in others:
            self._attach(other, first)
        self._postings.add(first.article_id, first.terms)
        self._space.add([first.terms])
        self._join(first, first.story)

    def _notice_repeated_title(self, held: _Held) -> bool:
        """A source that repeats a title over different texts has a rubric: its words say nothing."""
        earlier = self._held.get(self._titles.get(held.title_key, -1))
        self._titles[held.title_key] = held.article_id
        return earlier is not None

    def _story(self, held: _Held, matches: Iterable[Match]) -> int | None:
        """The story that is near enough, if any."""
        known = {match.article_id: match.likeness for match in matches}
        nearest: dict[int, int] = {}
        for match in matches:
            other = self._held[match.article_id]
            if other.story is not None and self._within_window(held, other):
                nearest.setdefault(other.story, match.article_id)
            if len(nearest) == self.options.stories_compared:
                break
        likeness: dict[int, float] = {}
        lengths: dict[int, float] = {}
        for story, article_id in nearest.items():
            sample = self._members[story][-self.options.story_sample :]
            missing = [member for member in sample if member not in known]
            known.update((match.article_id, match.likeness) for match in self._compare(held, missing))
            members = [known[member] for member in sample]
            likeness[story] = story_likeness(known[article_id], members, self.options)
            lengths[story] = _pair_length(held, self._held[article_id])
        return choose_story(likeness, lengths, self.options)

    def _links(self, held: _Held, matches: Iterable[Match]) -> tuple[Scored, ...]:
        """The matches that deserve a link."""
        mine = self._original_of(held).article_id
        chosen = (
            match.scored()
            for match in matches
            if match.article_id != mine
            and match.score >= self._related_threshold(held, self._held[match.article_id])
        )
        return tuple(islice(chosen, self.options.kept))

    def _related_threshold(self, a: _Held, b: _Held) -> float:
        return self.options.related_threshold(_pair_length(a, b))

    def _within_window(self, a: _Held, b: _Held) -> bool:
        return abs(a.published - b.published) <= self.options.window_days * 86400

    def _join(self, held: _Held, story: int | None) -> None:
        held.story = story
        if story is not None and held.duplicate_of is None:
            self._members.setdefault(story, []).append(held.article_id)

    def _leave(self, held: _Held) -> None:
        members = self._members.get(held.story, []) if held.story is not None else []
        if held.article_id in members:
            members.remove(held.article_id)
            if not members and held.story is not None:
                del self._members[held.story]
        held.story = None


def _pair_length(a: _Held, b: _Held) -> float:
    """The length that counts for a threshold: the geometric mean of two texts' lengths in characters."""
    return float((max(a.terms.length, 1) * max(b.terms.length, 1)) ** 0.5)
