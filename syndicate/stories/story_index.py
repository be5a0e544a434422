"""Story index: takes a new article and returns its copies, its story and its related links.

The job that places articles owns the index in memory. The index reads no clock and no store. The same
articles in the same order give the same results; loading stored articles after a restart restores the index.
The cost of an article does not depend on the number of articles.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syndicate.model import PairDecision, ScoredLink, StoredArticle
from syndicate.stories.across_languages import RecentMeanings
from syndicate.stories.comparison import Comparison
from syndicate.stories.decision_moves import apply_decisions
from syndicate.stories.duplicates import is_copy
from syndicate.stories.grouping import Grouping
from syndicate.stories.grouping_rules import Regrouping, best_story_match
from syndicate.stories.index_entry import IndexEntry, NearestArticles, title_key
from syndicate.stories.index_loading import Loaded, entries_of_rows
from syndicate.stories.link_choice import LinkChooser, at_least
from syndicate.stories.link_scores import Match
from syndicate.stories.placement import IndexedArticle, Placement
from syndicate.stories.postings import Postings
from syndicate.stories.same_texts import SameTexts
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.similarity import TermSpace

# Twins show the same links; only the latest few are renewed, so that 500 copies of a text cost no more.
TWINS_TOUCHED = 5


class StoryIndex:
    """Articles of the last days by their rarest words."""

    def __init__(self, options: StoryOptions, *, next_text_label: int = 1) -> None:
        """``next_text_label`` is the first free label for texts: larger than any in the store."""
        self.options = options
        self._next_text = next_text_label
        self._entries: dict[int, IndexEntry] = {}
        self._postings = Postings(options)
        self._meanings = RecentMeanings(options)
        self._texts = SameTexts(self._entries)
        self._space = TermSpace()
        self._comparison = Comparison(self._entries, self._space, options)
        self._grouping = Grouping(self._comparison, self._texts)
        self._chooser = LinkChooser(self._comparison, self._texts)
        self._titles: dict[int, int] = {}
        self._oldest: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, article_id: object) -> bool:
        return article_id in self._entries

    def add(self, item: IndexedArticle, *, stays: int | None = None) -> Placement:
        """Place a new article and keep it. Raises ``ValueError`` if it is already in the index.

        ``stays`` is the story in which an edited article stays, unless its text now equals that of another
        story.
        """
        entry = self._new_entry(item)
        matches = self._matches(entry)
        twin = self._twin(entry, matches)
        if twin is not None:
            self._join_text(entry, twin)
            return Placement(
                twin=twin.article_id,
                story=entry.story,
                candidates=self._chooser.choose(entry, matches, self._neighbours),
                neighbours=self._theme_neighbours(self._nearest(matches)),
            )
        entry.text = self._next_text
        self._next_text += 1
        repeats = self._repeats(entry)
        if self._notice_repeated_title(entry):
            untitled = replace(item.terms, title=np.zeros_like(item.terms.title))
            entry.stored_terms = self._space.weigh(untitled, self.options.title_weight)
            matches = self._matches(entry)
        story_matches = self._grouping.story_matches(entry, matches, item.terms, repeats=repeats)
        if stays is None:
            nearest = best_story_match(story_matches)
            regrouped = self._grouping.place(entry, story_matches, matches)
        else:
            nearest, regrouped = self._grouping.stay(entry, story_matches, stays), ()
        # Before posting: the search for links must not find the article itself; ``_introduce`` then adds it.
        candidates = self._chooser.choose(entry, matches, self._neighbours)
        self._post_representative(entry)
        entry.neighbours = self._nearest(matches)
        return Placement(
            story=entry.story,
            story_match=nearest,
            regrouped=regrouped,
            candidates=candidates,
            neighbours=self._theme_neighbours(entry.neighbours),
            touched=self._introduce(entry, matches),
        )

    def load(self, batches: Iterable[Sequence[StoredArticle]]) -> Loaded:
        """Load articles that were placed before a restart, in any order.

        With the terms that ``packed`` returned, this restores the index exactly, once the caller has passed
        the result's ``read_more`` to ``hint``. Articles with damaged terms or terms of another version are
        left out and listed as ``unreadable``. Raises ``ValueError`` for an article that is already in the
        index.
        """
        loaded = entries_of_rows(batches)
        representatives: dict[int, IndexEntry] = {}
        for entry in loaded.articles:
            article_id, story = entry.article_id, entry.story
            if article_id in self._entries:
                raise ValueError(f"article {article_id} is already in the index")
            self._entries[article_id] = entry
            self._oldest.append((entry.published, article_id))
            if entry.is_representative:
                representatives[entry.text] = entry
                if entry.title_key:
                    self._titles[entry.title_key] = article_id
            else:
                self._texts.join(entry, representatives[entry.text])
            self._grouping.join(entry, story)
        heapify(self._oldest)
        self._post(loaded.articles, loaded.headers)
        return loaded

    def _post(self, articles: Sequence[IndexEntry], headers: NDArray[Any]) -> None:
        """Count and post loaded articles: a batch costs a tenth of single calls."""
        representatives = [entry for entry in articles if entry.is_representative]
        headers = headers[np.array([entry.is_representative for entry in articles], np.bool_)]
        packed = [entry.packed() for entry in representatives]
        counted = np.flatnonzero([entry.counts_as_document for entry in representatives])
        self._space.fill([packed[place] for place in counted.tolist()], headers[counted])
        ids = [entry.article_id for entry in representatives]
        self._postings.fill(ids, packed, headers)
        self._meanings.fill(ids, packed, headers)

    def hint(self, article_id: int, hints: tuple[int, ...]) -> None:
        """Set the further reading of a loaded article. Raises ``KeyError`` if the article is unknown."""
        self._entries[article_id].hints = hints

    def assign(self, article_id: int, story_id: int) -> None:
        """Assign an article to the story that the caller created for it."""
        self._grouping.move([article_id], story_id)

    def decide(self, decisions: Sequence[PairDecision]) -> list[tuple[int, Regrouping]]:
        """Set and apply the editors' decisions about pairs; return the moves, each with its article."""
        if not decisions and not self._grouping.decided:
            return []
        self._grouping.decided.decide(decisions)
        return apply_decisions(self._grouping, self._entries)

    def fingerprint(self, item: IndexedArticle) -> Fingerprint:
        """Return an article's terms with present weights."""
        return self._space.weigh(item.terms, self.options.title_weight)

    def packed(self, article_id: int) -> bytes:
        """Return an article's terms as bytes for the store and ``load``. Raises ``KeyError`` if unknown."""
        return self._entries[article_id].packed()

    def merge(self, story_id: int, into: int) -> None:
        """Move a story's articles into another, for instance from a provisional number to the row's id."""
        self._grouping.move(self._grouping.articles(story_id), into)

    def story_of(self, article_id: int) -> int | None:
        """Return the story of an article in the index."""
        return self._entries[article_id].story

    def text_of(self, article_id: int) -> int:
        """Return the label of an article's text: equal for articles with the same text."""
        return self._entries[article_id].text

    def twins_of(self, article_id: int) -> tuple[int, ...]:
        """Return all articles with the text of an article in the index; () if it is unknown."""
        entry = self._entries.get(article_id)
        return self._texts.members(entry) if entry else ()

    def is_round_up(self, article_id: int) -> bool:
        """Return whether the title of an article in the index announces a round-up."""
        entry = self._entries.get(article_id)
        return entry is not None and entry.kind.round_up

    def articles_of(self, story_id: int) -> tuple[int, ...]:
        """Return the story's articles in the index, the earliest first; equal texts are adjacent."""
        return self._grouping.articles(story_id)

    def related(self, article_id: int) -> tuple[ScoredLink, ...]:
        """Return the related links of an article as chosen now; () if it is not in the index."""
        entry = self._entries.get(article_id)
        return self._chooser.choose(entry, self._ranked(entry), self._neighbours) if entry else ()

    def forget_before(self, limit: datetime) -> int:
        """Drop articles older than ``limit`` and the oldest beyond ``max_articles``; return their number."""
        count = 0
        start = limit.timestamp()
        if len(self._oldest) > 2 * len(self._entries) + 64:
            self._oldest = [(entry.published, entry.article_id) for entry in self._entries.values()]
            heapify(self._oldest)
        while self._oldest and (self._oldest[0][0] < start or len(self._entries) > self.options.max_articles):
            published, article_id = heappop(self._oldest)
            entry = self._entries.get(article_id)
            # A removed article that came back with another date left its old position here.
            if entry is not None and entry.published == published:
                count += self.remove(article_id)
        return count

    def remove(self, article_id: int) -> bool:
        """Drop an article; its first twin, if any, becomes the representative. Return false if unknown."""
        entry = self._entries.pop(article_id, None)
        if entry is None:
            return False
        self._grouping.leave(entry)
        if self._titles.get(entry.title_key) == article_id:
            del self._titles[entry.title_key]
        new_representative = self._texts.leave(entry)
        if entry.is_representative:
            self._unpost_representative(entry)
        if new_representative is not None:
            self._post_representative(new_representative)
            self._grouping.join(new_representative, new_representative.story)
        return True

    def _post_representative(self, entry: IndexEntry) -> None:
        self._postings.add(entry.article_id, entry.terms)
        self._meanings.add(entry.article_id, entry.terms)
        if entry.counts_as_document:
            self._space.add(entry.terms)

    def _unpost_representative(self, entry: IndexEntry) -> None:
        self._postings.remove(entry.article_id, entry.terms)
        self._meanings.remove(entry.article_id, entry.terms)
        if entry.counts_as_document:
            self._space.remove(entry.terms)

    def _join_text(self, entry: IndexEntry, twin: IndexEntry) -> None:
        """Give an entry the text and story of a representative, and replace that if the entry is earlier."""
        story = twin.story
        if self._texts.join(entry, twin):
            # Only representatives count as members of a story.
            self._grouping.leave(twin)
            self._grouping.join(twin, story)
            self._unpost_representative(twin)
            entry.neighbours, twin.neighbours = twin.neighbours, None
            self._post_representative(entry)
        self._grouping.join(entry, story)

    def _new_entry(self, item: IndexedArticle) -> IndexEntry:
        if item.article_id in self._entries:
            raise ValueError(f"article {item.article_id} is already in the index")
        terms = self.fingerprint(item)
        entry = IndexEntry(
            article_id=item.article_id,
            source_id=item.source_id,
            published=item.published.timestamp(),
            stored_terms=terms,
            size=float(max(terms.length, 1)),
            hints=item.hints,
            title_key=title_key(item.source_id, item.title),
            title_or_kind=item.title,
        )
        self._entries[item.article_id] = entry
        heappush(self._oldest, (entry.published, entry.article_id))
        return entry

    def _matches(self, entry: IndexEntry) -> list[Match]:
        """Return the articles with rare words or a meaning in common, compared exactly, best first."""
        group = self._texts.representative(entry).article_id
        ids = self._postings.candidates(entry.terms)
        for others in (self._meanings.nearest(entry.terms), self._representatives(entry.hints, entry)):
            ids += [other for other in others if other not in ids]
        return self._compare(entry, [number for number in ids if number not in (entry.article_id, group)])

    def _compare(self, entry: IndexEntry, article_ids: Sequence[int]) -> list[Match]:
        return self._comparison.matches(entry, article_ids, self._representatives(entry.hints, entry))

    def _ranked(self, entry: IndexEntry) -> list[Match]:
        """Return the nearest known articles, compared afresh; after a restart they are searched again."""
        representative = self._texts.representative(entry)
        known = [number for _, number in self._neighbours(representative)]
        return self._compare(entry, self._representatives((*known, *entry.hints), representative))

    def _neighbours(self, representative: IndexEntry) -> list[tuple[float, int]]:
        if representative.neighbours is None:
            representative.neighbours = self._nearest(self._matches(representative))
        return representative.neighbours.pairs()

    def _nearest(self, matches: Iterable[Match]) -> NearestArticles:
        """Return the neighbours to remember."""
        best = islice(at_least(self.options.min_neighbour_score, matches), self.options.max_neighbours)
        return NearestArticles(sorted((match.score - match.hint, match.article_id) for match in best))

    def _theme_neighbours(self, nearest: NearestArticles) -> tuple[int, ...]:
        return tuple(number for score, number in nearest.pairs() if score >= self.options.min_theme_score)

    def _introduce(self, entry: IndexEntry, matches: Iterable[Match]) -> tuple[int, ...]:
        """Add the new article to its neighbours' lists; return the articles that would show it."""
        touched: list[int] = []
        near = at_least(self.options.min_neighbour_score, matches)
        for match in islice(near, 2 * self.options.max_neighbours):
            score = match.score - match.hint
            if score < self.options.min_neighbour_score:
                continue
            other = self._entries[match.article_id]
            known = other.neighbours
            better = known.add(score, entry.article_id, most=self.options.max_neighbours) if known else 0
            if better < self.options.related_limit and self._chooser.deserves(entry, match):
                touched.append(other.article_id)
                touched += self._texts.members(other)[1:][-TWINS_TOUCHED:]
        return tuple(touched)

    def _representatives(self, ids: Iterable[int], entry: IndexEntry) -> list[int]:
        """Return the representatives of the articles in the index, each once, except ``entry``."""
        known = (self._texts.representative(self._entries[number]) for number in ids if number in self)
        numbers = dict.fromkeys(near.article_id for near in known)
        return [number for number in numbers if number != entry.article_id]

    def _twin(self, entry: IndexEntry, matches: Iterable[Match]) -> IndexEntry | None:
        """Return the representative of this text, if known; under a repeated title only within a day."""
        repeats = self._repeats(entry)
        # Age lowers the score by at most this much, and matches are sorted: later matches cannot be copies.
        least = self.options.copy_similarity * (1 - self.options.time_share)
        for match in at_least(least, matches):
            other = self._entries[match.article_id]
            if (
                match.similarity >= self.options.copy_similarity
                and self._within_window(entry, other, repeats=repeats)
                and is_copy(entry.terms, other.terms, self.options)
                and self._titled_alike(entry, other)
            ):
                return other
        return None

    def _titled_alike(self, entry: IndexEntry, representative: IndexEntry) -> bool:
        """Return whether every twin of the same source has the same title: sources repeat their templates."""
        twins = map(self._entries.__getitem__, self._texts.members(representative))
        return all(twin.title_key == entry.title_key for twin in twins if twin.source_id == entry.source_id)

    def _notice_repeated_title(self, entry: IndexEntry) -> bool:
        """Return whether the source repeats a title over different texts: its words then say nothing."""
        if not entry.title_key:
            return False
        earlier = self._entries.get(self._titles.get(entry.title_key, -1))
        self._titles[entry.title_key] = entry.article_id
        return earlier is not None and not is_copy(entry.terms, earlier.terms, self.options)

    def _within_window(self, a: IndexEntry, b: IndexEntry, *, repeats: bool) -> bool:
        seconds = self.options.repeat_hours * 3600 if repeats else self.options.window_days * 86400
        return abs(a.published - b.published) <= seconds

    def _repeats(self, entry: IndexEntry) -> bool:
        """Return whether the article's source has used its title before, as rubrics and services do."""
        return bool(entry.title_key) and entry.title_key in self._titles
