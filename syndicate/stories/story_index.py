"""The story index: a new article comes in, its copies, its story and its related links come out.

A value held in memory by the one job that places articles. It reads no clock and no store; the
same articles in the same order give the same answers, and loading stored articles after a restart
gives the index that was left. The cost of an article does not depend on how many there are.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syndicate.model import StoredArticle
from syndicate.stories.across_languages import RecentMeanings
from syndicate.stories.comparison import Comparison
from syndicate.stories.duplicates import is_copy
from syndicate.stories.grouping import Grouping
from syndicate.stories.grouping_rules import best_bond
from syndicate.stories.index_entry import IndexEntry, title_key
from syndicate.stories.index_loading import Loaded, as_held
from syndicate.stories.link_choice import LinkChooser, at_least
from syndicate.stories.link_scores import Match, ScoredLink
from syndicate.stories.placement import IndexedArticle, Placement
from syndicate.stories.postings import Postings
from syndicate.stories.same_texts import SameTexts
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.similarity import TermSpace
from syndicate.stories.terms.weighed_terms import ArticleTerms

# Twins show the same links; those of the latest few are renewed, so that 500 copies of one text cost no more.
TWINS_TOUCHED = 5


class StoryIndex:
    """Articles of the last days by their rarest words."""

    def __init__(self, options: StoryOptions, *, next_text_label: int = 1) -> None:
        """``next_text_label`` is the first free label for texts: larger than any in the store."""
        self.options = options
        self._next_text = next_text_label
        self._held: dict[int, IndexEntry] = {}
        self._postings = Postings(options)
        self._meanings = RecentMeanings(options)
        self._texts = SameTexts(self._held)
        self._space = TermSpace()
        self._comparison = Comparison(self._held, self._space, options)
        self._grouping = Grouping(self._comparison, self._texts)
        self._chooser = LinkChooser(self._comparison, self._texts)
        self._titles: dict[int, int] = {}
        self._oldest: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, article_id: int) -> bool:
        return article_id in self._held

    def add(self, item: IndexedArticle, *, stays: int | None = None) -> Placement:
        """Place a new article and remember it. Raises ``ValueError`` if it is already there.

        ``stays`` is the story in which an edited article stays, unless its text is now that of another story.
        """
        held = self._hold(item)
        matches = self._matches(held)
        twin = self._twin(held, matches)
        if twin is not None:
            self._join_text(held, twin)
            return Placement(twin=twin.article_id, story=held.story, candidates=self._links(held, matches))
        held.text = self._next_text
        self._next_text += 1
        repeats = self._repeats(held)
        if self._notice_repeated_title(held) and isinstance(item.terms, ArticleTerms):
            untitled = replace(item.terms, title=np.zeros_like(item.terms.title))
            held.kept = self._space.weigh(untitled, self.options.title_weight)
            matches = self._matches(held)
        bonds = self._grouping.bonds(held, matches, repeats=repeats)
        if stays is None:
            found, regrouped = best_bond(bonds), self._grouping.place(held, bonds, matches)
        else:
            found, regrouped = self._grouping.stay(held, bonds, stays), ()
        # Before it is posted: what is near to others is looked for here, if need be, and they meet it below.
        candidates = self._links(held, matches)
        self._post_speaker(held)
        held.neighbours = self._nearest(matches)
        return Placement(
            story=held.story,
            bond=found,
            regrouped=regrouped,
            candidates=candidates,
            touched=self._introduce(held, matches),
        )

    def load(self, batches: Iterable[Sequence[StoredArticle]]) -> Loaded:
        """Take back articles that were placed before a restart, in whatever order they come.

        With the terms that ``packed`` gave, the index is exactly the one that was left, once ``hint`` was
        told what the articles in ``read_more`` of the result list as further reading. Articles with terms of
        another version, or damaged ones, are left out and listed as ``unreadable``. Raises ``ValueError`` for
        an article that is already there.
        """
        loaded = as_held(batches)
        speakers: dict[int, IndexEntry] = {}
        for held in loaded.articles:
            article_id, story = held.article_id, held.story
            if article_id in self._held:
                raise ValueError(f"article {article_id} is already in the index")
            self._held[article_id] = held
            self._oldest.append((held.published, article_id))
            if held.speaks:
                speakers[held.text] = held
                if held.title_key:
                    self._titles[held.title_key] = article_id
            else:
                self._texts.join(held, speakers[held.text])
            self._grouping.join(held, story)
        heapify(self._oldest)
        self._post(loaded.articles, loaded.headers)
        return loaded

    def _post(self, articles: Sequence[IndexEntry], headers: NDArray[Any]) -> None:
        """Count and post loaded articles: all in one go costs a tenth of one by one."""
        speakers = [held for held in articles if held.speaks]
        headers = headers[np.array([held.speaks for held in articles], np.bool_)]
        packed = [held.packed() for held in speakers]
        counted = np.flatnonzero([held.counts for held in speakers])
        self._space.fill([packed[place] for place in counted.tolist()], headers[counted])
        ids = [held.article_id for held in speakers]
        self._postings.fill(ids, packed, headers)
        self._meanings.fill(ids, packed, headers)

    def hint(self, article_id: int, hints: tuple[int, ...]) -> None:
        """Tell which articles a loaded one lists as further reading. Raises ``KeyError`` if it is unknown."""
        self._held[article_id].hints = hints

    def assign(self, article_id: int, story_id: int) -> None:
        """Give an article the story that the caller created for it."""
        self._grouping.move([article_id], story_id)

    def fingerprint(self, item: IndexedArticle) -> Fingerprint:
        """An article's terms as they weigh now, or as they were packed."""
        if isinstance(item.terms, Fingerprint):
            return item.terms
        return self._space.weigh(item.terms, self.options.title_weight)

    def packed(self, article_id: int) -> bytes:
        """Return what ``load`` needs of an article's terms, for the store. Raises ``KeyError`` if unknown."""
        return self._held[article_id].packed()

    def merge(self, story_id: int, into: int) -> None:
        """Move every article of one story into another, for instance a provisional one into its row's id."""
        self._grouping.move(self._grouping.articles(story_id), into)

    def story_of(self, article_id: int) -> int | None:
        """The story of an article in the index."""
        return self._held[article_id].story

    def text_of(self, article_id: int) -> int:
        """Return the label of an article's text: equal for articles with one text."""
        return self._held[article_id].text

    def is_round_up(self, article_id: int) -> bool:
        """Return whether the title of an article in the index says that it tells several events."""
        held = self._held.get(article_id)
        return held is not None and held.kind.round_up

    def articles_of(self, story_id: int) -> tuple[int, ...]:
        """The articles of a story that are in the index, the earliest first, those with one text in a row."""
        return self._grouping.articles(story_id)

    def related(self, article_id: int) -> tuple[ScoredLink, ...]:
        """The related links of an article as they would be chosen now; () if it is not in the index."""
        held = self._held.get(article_id)
        return self._links(held, self._ranked(held)) if held else ()

    def similar(self, article_id: int) -> tuple[ScoredLink, ...]:
        """The nearest articles, best first, deserving a link or not. Raises ``KeyError`` if unknown."""
        held = self._held[article_id]
        ranked = self._chooser.in_context(held, self._ranked(held), self._neighbours)
        return tuple(match.scored() for match in ranked)

    def compare(self, article_id: int, other_id: int) -> ScoredLink:
        """Return how one article scores as seen from another. Raises ``KeyError`` if one is unknown."""
        return self._compare(self._held[article_id], [other_id])[0].scored()

    def forget_before(self, moment: datetime) -> int:
        """Drop every article published before ``moment``, and the oldest beyond ``max_articles``.

        Returns how many.
        """
        count = 0
        limit = moment.timestamp()
        if len(self._oldest) > 2 * len(self._held) + 64:
            self._oldest = [(held.published, held.article_id) for held in self._held.values()]
            heapify(self._oldest)
        while self._oldest and (self._oldest[0][0] < limit or len(self._held) > self.options.max_articles):
            published, article_id = heappop(self._oldest)
            held = self._held.get(article_id)
            # An article that was removed and came back with another date left its old place here.
            if held is not None and held.published == published:
                count += self.remove(article_id)
        return count

    def remove(self, article_id: int) -> bool:
        """Drop one article; its first twin, if any, speaks from then on. False if it is not there."""
        held = self._held.pop(article_id, None)
        if held is None:
            return False
        self._grouping.leave(held)
        if self._titles.get(held.title_key) == article_id:
            del self._titles[held.title_key]
        heir = self._texts.leave(held)
        if held.speaks:
            self._unpost_speaker(held)
        if heir is not None:
            self._post_speaker(heir)
            self._grouping.join(heir, heir.story)
        return True

    def _post_speaker(self, held: IndexEntry) -> None:
        self._postings.add(held.article_id, held.terms)
        self._meanings.add(held.article_id, held.terms)
        if held.counts:
            self._space.add(held.terms)

    def _unpost_speaker(self, held: IndexEntry) -> None:
        self._postings.remove(held.article_id, held.terms)
        self._meanings.remove(held.article_id, held.terms)
        if held.counts:
            self._space.remove(held.terms)

    def _join_text(self, held: IndexEntry, twin: IndexEntry) -> None:
        """Give an article the text and the story of a speaker, and the speaker's part if it was earlier."""
        story = twin.story
        if self._texts.join(held, twin):
            # Only articles that speak count as members of a story.
            self._grouping.leave(twin)
            self._grouping.join(twin, story)
            self._unpost_speaker(twin)
            held.neighbours, twin.neighbours = twin.neighbours, None
            self._post_speaker(held)
        self._grouping.join(held, story)

    def _hold(self, item: IndexedArticle) -> IndexEntry:
        if item.article_id in self._held:
            raise ValueError(f"article {item.article_id} is already in the index")
        terms = self.fingerprint(item)
        held = IndexEntry(
            article_id=item.article_id,
            source_id=item.source_id,
            published=item.published.timestamp(),
            kept=terms,
            size=float(max(terms.length, 1)),
            hints=item.hints,
            title_key=title_key(item.source_id, item.title),
            titled=item.title,
        )
        self._held[item.article_id] = held
        heappush(self._oldest, (held.published, held.article_id))
        return held

    def _matches(self, held: IndexEntry) -> list[Match]:
        """Return the articles with rare words or a meaning in common, compared exactly, best first."""
        group = self._texts.speaker(held).article_id
        found = self._postings.candidates(held.terms)
        for others in (self._meanings.nearest(held.terms), self._hints(held)):
            found += [other for other in others if other not in found]
        return self._compare(
            held, [article_id for article_id in found if article_id not in (held.article_id, group)]
        )

    def _compare(self, held: IndexEntry, article_ids: Sequence[int]) -> list[Match]:
        return self._comparison.matches(held, article_ids, self._hints(held))

    def _ranked(self, held: IndexEntry) -> list[Match]:
        """The nearest articles met so far, compared afresh; after a restart they are looked for again."""
        speaker = self._texts.speaker(held)
        known = [number for _, number in self._neighbours(speaker) if number in self._held]
        ids = [self._texts.speaker(self._held[number]).article_id for number in (*known, *self._hints(held))]
        return self._compare(held, [number for number in dict.fromkeys(ids) if number != speaker.article_id])

    def _neighbours(self, speaker: IndexEntry) -> list[tuple[float, int]]:
        if speaker.neighbours is None:
            speaker.neighbours = self._nearest(self._matches(speaker))
        return speaker.neighbours

    def _nearest(self, matches: Iterable[Match]) -> list[tuple[float, int]]:
        """The neighbours worth remembering, as (score, id), the least first."""
        best = islice(at_least(self.options.remembered, matches), self.options.kept)
        return sorted((match.score - match.hint, match.article_id) for match in best)

    def _introduce(self, held: IndexEntry, matches: Iterable[Match]) -> tuple[int, ...]:
        """Let older articles know the new one; the result is those that would show it."""
        touched: list[int] = []
        for match in islice(at_least(self.options.remembered, matches), 2 * self.options.kept):
            score = match.score - match.hint
            if score < self.options.remembered:
                continue
            other = self._held[match.article_id]
            known = other.neighbours if other.neighbours is not None else []
            better = len(known) - bisect_right(known, (score, held.article_id))
            if better < self.options.related_limit and self._chooser.deserves(held, match):
                touched.append(other.article_id)
                touched += self._texts.members(other)[1:][-TWINS_TOUCHED:]
            if other.neighbours is not None and better < self.options.kept:
                insort(known, (score, held.article_id))
                del known[: -self.options.kept]
        return tuple(touched)

    def _hints(self, held: IndexEntry) -> list[int]:
        if not held.hints:
            return []
        found = [
            self._texts.speaker(self._held[hint]).article_id for hint in held.hints if hint in self._held
        ]
        return [hint for hint in dict.fromkeys(found) if hint != held.article_id]

    def _twin(self, held: IndexEntry, matches: Iterable[Match]) -> IndexEntry | None:
        """Return the speaker of this text, if known; what a source repeats is one text for a day only."""
        repeats = self._repeats(held)
        # Age takes away at most so much, and matches are sorted: the rest cannot be as alike as a copy.
        least = self.options.copy_likeness * (1 - self.options.time_share)
        for match in at_least(least, matches):
            other = self._held[match.article_id]
            if (
                match.similarity >= self.options.copy_likeness
                and self._within_window(held, other, repeats=repeats)
                and is_copy(held.terms, other.terms, self.options)
                and self._titled_alike(held, other)
            ):
                return other
        return None

    def _titled_alike(self, held: IndexEntry, speaker: IndexEntry) -> bool:
        """Return whether every twin of the same source has the same title: sources repeat their templates."""
        twins = map(self._held.__getitem__, self._texts.members(speaker))
        return all(twin.title_key == held.title_key for twin in twins if twin.source_id == held.source_id)

    def _notice_repeated_title(self, held: IndexEntry) -> bool:
        """A source that repeats a title over different texts has a rubric: its words say nothing."""
        if not held.title_key:
            return False
        earlier = self._held.get(self._titles.get(held.title_key, -1))
        self._titles[held.title_key] = held.article_id
        return earlier is not None and not is_copy(held.terms, earlier.terms, self.options)

    def _links(self, held: IndexEntry, matches: Iterable[Match]) -> tuple[ScoredLink, ...]:
        return self._chooser.choose(held, matches, self._neighbours)

    def _within_window(self, a: IndexEntry, b: IndexEntry, *, repeats: bool) -> bool:
        seconds = self.options.repeat_hours * 3600 if repeats else self.options.window_days * 86400
        return abs(a.published - b.published) <= seconds

    def _repeats(self, held: IndexEntry) -> bool:
        """Return whether the article's source has used its title before, as rubrics and services do."""
        return bool(held.title_key) and held.title_key in self._titles
