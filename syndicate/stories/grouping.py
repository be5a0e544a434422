"""Grouping of articles into stories, while articles come and go.

An article joins the nearest story. It may show that two stories should merge, that a story should split, or
that articles of other stories belong beside it. Such second looks examine only the neighbourhood of the
article, and a whole story only when it has doubled: the cost of an article does not grow with the index.

A round-up stands alone: it resembles many stories, so nothing joins it either.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from syndicate.stories import grouping_rules as rules
from syndicate.stories.article_kind import is_instalment
from syndicate.stories.comparison import Comparison
from syndicate.stories.decided_stories import DecidedStories
from syndicate.stories.duplicates import are_apart, words_of
from syndicate.stories.index_entry import IndexEntry, pair_length
from syndicate.stories.link_scores import Match, heaviest_shared, heaviest_subject
from syndicate.stories.same_texts import SameTexts
from syndicate.stories.terms.fingerprint import differ_in_language
from syndicate.stories.terms.weighed_terms import ArticleTerms

# A story is not joined when its nearest article has less than this share of the threshold.
_MIN_SIMILARITY = 0.4
# Smaller stories are compared for a merge at every near article: that costs little.
_SMALL = 8


class Grouping:
    """Stories of the articles in an index, which owns the contents of ``comparison`` and ``texts``."""

    def __init__(self, comparison: Comparison, texts: SameTexts) -> None:
        self._options = comparison.options
        self._entries = comparison.entries
        self._texts = texts
        self._compare = comparison.similarity
        self._members: dict[int, list[tuple[float, int]]] = {}
        self._coherence: dict[int, rules.Coherence] = {}
        self.decided = DecidedStories(comparison.entries, texts)

    def join(self, entry: IndexEntry, story: int | None) -> None:
        """Put an entry into a story; of articles with the same text only the representative is a member."""
        entry.story = story
        if story is not None and entry.is_representative:
            insort(self._members.setdefault(story, []), (entry.published, entry.article_id))
            self._coherence.setdefault(story, rules.Coherence()).add(entry.mean_similarity, entry.n_compared)

    def leave(self, entry: IndexEntry) -> None:
        """Remove an entry from its story."""
        members = self._members.get(entry.story, []) if entry.story is not None else []
        place = (entry.published, entry.article_id)
        if entry.story is not None and place in members:
            members.remove(place)
            self._coherence[entry.story].add(entry.mean_similarity, -entry.n_compared)
            if not members:
                del self._members[entry.story], self._coherence[entry.story]
        entry.story = None

    def move(self, article_ids: Sequence[int], into: int) -> None:
        """Move articles into another story; all articles with a moved text must be among them."""
        for article_id in article_ids:
            entry = self._entries[article_id]
            self.leave(entry)
            self.join(entry, into)

    def articles(self, story: int) -> tuple[int, ...]:
        """Return every article of a story; articles with the same text are adjacent."""
        return self._with_twins([article_id for _, article_id in self._members.get(story, ())])

    def story_matches(
        self, entry: IndexEntry, matches: Sequence[Match], terms: ArticleTerms, *, repeats: bool
    ) -> list[rules.StoryMatch]:
        """Compare an article with each of the nearest stories; a round-up has none.

        ``repeats``: its source has used the title before; then stories that began a while ago are closed.
        ``terms`` are its words, as they were extracted.
        """
        nearest = {} if entry.kind.round_up else self._nearest(entry, matches, terms, repeats=repeats)
        samples = {story: self._sample(story) for story in nearest}
        members = {number for sample in samples.values() for number in sample} | {*nearest.values()}
        compared = {match.article_id: match.similarity for match in matches}
        known = self._similarities(entry, sorted(members), compared)
        caution = self._options.repeat_caution if repeats else 1.0
        found = []
        for story, article_id in nearest.items():
            expected = self._options.story_threshold(pair_length(entry, self._entries[article_id]))
            pair_threshold = caution * self._own_source_factor(entry, samples[story]) * expected
            match = rules.match_story(
                story=story,
                nearest=(article_id, known[article_id]),
                members=[known[member] for member in samples[story]],
                coherence=self._coherence[story],
                pair_threshold=pair_threshold,
                rivals=self._rivals(entry, story, matches, pair_threshold),
                options=self._options,
            )
            found.append(self._checked(entry, match, terms))
        return found

    def _nearest(
        self, entry: IndexEntry, matches: Sequence[Match], terms: ArticleTerms, *, repeats: bool
    ) -> dict[int, int]:
        """Return the nearest article of each of the nearest stories that the article may join."""
        nearest: dict[int, int] = {}
        least = _MIN_SIMILARITY * self._options.story_threshold(entry.size)
        for match in matches:
            other = self._entries[match.article_id]
            if other.story is None or other.story in nearest:
                continue
            if (nearest and match.similarity < least) or not self._is_open(entry, other, repeats=repeats):
                continue
            if other.kind.round_up or self._are_apart(entry, other, match.similarity):
                continue
            if entry.source_id == other.source_id and _lacks_title(other, entry, terms):
                continue
            if self.decided and self.decided.are_apart(entry, other.story):
                continue
            nearest[other.story] = other.article_id
            if len(nearest) == self._options.stories_compared:
                break
        return nearest

    def place(
        self, entry: IndexEntry, story_matches: Sequence[rules.StoryMatch], matches: Sequence[Match]
    ) -> tuple[rules.Regrouping, ...]:
        """Let an article join a story, or none; return the other changes that follow."""
        best = rules.best_story_match(story_matches)
        if best is None or not best.joins:
            return ()
        entry.mean_similarity, entry.n_compared = best.mean_similarity, best.n_compared
        self.join(entry, best.story)
        merged = self._merge(entry, [match for match in story_matches if match is not best])
        return merged or self._split(entry) or self._take_second_look(entry, matches)

    def _checked(self, entry: IndexEntry, match: rules.StoryMatch, terms: ArticleTerms) -> rules.StoryMatch:
        """Return a match without the heaviest subject, if the nearest article shares hardly more.

        Many headlines name their event by a single name, so of two headlines only a usual word is left out.
        Measured: that gains .4 points of BCubed, every word loses 2. Across languages no word counts.
        """
        options, near = self._options, self._entries[match.nearest_id]
        bridge = options.bridge * match.pair_threshold
        if match.similarity < bridge or differ_in_language(entry.terms, near.terms):
            return match
        if headlines := max(entry.size, near.size) < options.long:
            heaviest = heaviest_shared(entry.terms, near.terms, terms.usual_words())
        else:
            heaviest = heaviest_subject(entry.terms, near.terms, terms.meaning_rows)
        rest = match.nearest - options.word_weight * heaviest
        enough = rest >= options.story_evidence * match.pair_threshold or (headlines and not heaviest)
        return match if enough else replace(match, similarity=rest)

    def _take_second_look(self, entry: IndexEntry, matches: Sequence[Match]) -> tuple[rules.Regrouping, ...]:
        """Move the nearest articles of other stories here, if they now have more in common with this story.

        Only long texts: headlines are too similar by chance.
        """
        options, moves = self._options, list[rules.Regrouping]()
        if entry.story is None or entry.size < options.long or not self._is_due(entry.story):
            return ()
        outside = (match for match in matches if self._entries[match.article_id].story != entry.story)
        for match in islice(outside, options.second_looks):
            other = self._entries[match.article_id]
            pair_threshold = options.story_threshold(pair_length(entry, other))
            if match.similarity < options.bridge * pair_threshold or not self._may_follow(other, entry):
                continue
            story = other.story or 0
            threshold = pair_threshold * self._own_source_factor(other, self._sample(entry.story))
            here = self._similarity_to_story(other, story, pair_threshold)
            there = self._similarity_to_story(other, entry.story, pair_threshold)
            if there >= max(threshold, options.second_look_gain * here):
                whole = self._members[story] == [(other.published, other.article_id)]
                kind, moved = rules.MERGED if whole else rules.SPLIT, self._texts.members(other)
                moves.append(self._regroup(kind, story, entry.story, moved, (there, threshold)))
        return tuple(moves)

    def _regroup(
        self, kind: str, story: int, into: int, article_ids: tuple[int, ...], measured: tuple[float, float]
    ) -> rules.Regrouping:
        """Move articles; return the change with the ``measured`` similarity and threshold."""
        self.move(article_ids, into)
        similarity, threshold = measured
        return rules.Regrouping(
            kind=kind,
            story=story,
            into=into,
            article_ids=article_ids,
            similarity=similarity,
            threshold=threshold,
        )

    def _may_follow(self, other: IndexEntry, entry: IndexEntry) -> bool:
        """Return whether an article may follow another: no round-up, no title that its source repeats."""
        story = entry.story or 0
        if other.story is None or other.kind.round_up or not other.title_key:
            return False
        if self.decided and self.decided.groups_of(other):
            return False
        titles = {self._entries[number].title_key for number in self._sample(story)}
        return other.title_key not in titles and self._is_open(other, entry, repeats=False)

    def _similarity_to_story(self, entry: IndexEntry, story: int, pair_threshold: float) -> float:
        """Return the similarity of an article to the others of a story; 0 without others."""
        sample = [number for number in self._sample(story) if number != entry.article_id]
        if not sample:
            return 0.0
        known = self._similarities(entry, sample, {})
        match = rules.match_story(
            story=story,
            nearest=max(((number, known[number]) for number in sample), key=itemgetter(1)),
            members=[known[number] for number in sample],
            coherence=self._coherence[story],
            pair_threshold=pair_threshold,
            rivals=0.0,
            options=self._options,
        )
        return match.similarity

    def stay(
        self, entry: IndexEntry, story_matches: Sequence[rules.StoryMatch], story: int
    ) -> rules.StoryMatch | None:
        """Keep an article in a story; return its comparison with that story, if known."""
        kept = next((match for match in story_matches if match.story == story), None)
        if kept is not None and kept.joins:
            entry.mean_similarity, entry.n_compared = kept.mean_similarity, kept.n_compared
        self.join(entry, story)
        return kept

    def _similarities(
        self, entry: IndexEntry, article_ids: Sequence[int], known: Mapping[int, float]
    ) -> dict[int, float]:
        """Return the similarities to these articles; separate events have 0, distant days less."""
        similarities = {number: known[number] for number in article_ids if number in known}
        similarities |= self._compare(entry, [number for number in article_ids if number not in similarities])
        for number, similarity in similarities.items():
            other = self._entries[number]
            apart = self._are_apart(entry, other, similarity)
            factor = self._options.age_factor(abs(entry.published - other.published) / 86400, entry.size)
            similarities[number] = 0.0 if apart else similarity * factor
        return similarities

    def _are_apart(self, entry: IndexEntry, other: IndexEntry, similarity: float) -> bool:
        if entry.source_id == other.source_id and is_instalment(entry.kind, other.kind):
            return True
        words = words_of(entry.terms)
        return are_apart(entry.terms, other.terms, self._options, own_words=words, similarity=similarity)

    def _rivals(
        self, entry: IndexEntry, story: int, matches: Sequence[Match], pair_threshold: float
    ) -> float:
        """Return the mean similarity of an article to the nearest articles outside a story.

        A headline shares a word with many others on a day of big news, so it gets the usual value.
        """
        if entry.size < self._options.long:
            return self._options.rival_usual * pair_threshold
        outside = (match.similarity for match in matches if self._entries[match.article_id].story != story)
        return sum(islice(outside, self._options.rivals)) / self._options.rivals

    def _own_source_factor(self, entry: IndexEntry, sample: Sequence[int]) -> float:
        """Return the factor by which the threshold rises because the article's own source is in the story.

        A source that returns to its own subject after hours has a column, not an event.
        """
        members = [self._entries[number] for number in sample]
        own = [
            abs(other.published - entry.published) for other in members if other.source_id == entry.source_id
        ]
        if not own or entry.size < self._options.long:
            return 1.0
        apart = min(min(own) / 3600 / self._options.own_hours, 1.0)
        return 1 + self._options.own_caution * apart * len(own) / len(sample)

    def _is_open(self, entry: IndexEntry, nearest: IndexEntry, *, repeats: bool) -> bool:
        if repeats and nearest.story is not None:
            first = self._members[nearest.story][0][0]
            return abs(entry.published - first) <= self._options.repeat_hours * 3600
        return abs(entry.published - nearest.published) <= self._options.window_days * 86400

    def _sample(self, story: int) -> list[int]:
        """Return articles spread evenly over the story: neither its beginning nor its end decides alone."""
        members, size = self._members[story], self._options.story_sample
        if len(members) <= size:
            return [article_id for _, article_id in members]
        last = len(members) - 1
        return [members[position * last // (size - 1)][1] for position in range(size)]

    def _merge(self, entry: IndexEntry, others: Sequence[rules.StoryMatch]) -> tuple[rules.Regrouping, ...]:
        """Merge the article's story with the nearest other story, if they are similar enough."""
        other = rules.best_story_match(others)
        if entry.story is None or other is None:
            return ()
        if other.similarity < self._options.bridge * other.pair_threshold:
            return ()
        if len(self._members[other.story]) >= _SMALL and not self._is_due(entry.story):
            return ()
        if self.decided and self.decided.have_parted(entry.story, other.story):
            return ()
        kept, gone = sorted((entry.story, other.story), key=rules.age_order)
        similarity, threshold = self._across(entry, other)
        if similarity < threshold:
            return ()
        return (self._regroup(rules.MERGED, gone, kept, self.articles(gone), (similarity, threshold)),)

    def _is_due(self, story: int) -> bool:
        """Return whether a story of this size is compared with others: at 1, 2, 3, 4, 6, 8, 12, 16 and so on.

        Otherwise two large stories that stay apart would be compared at each of their articles.
        """
        size = len(self._members[story])
        return size % (1 << max(size.bit_length() - 2, 0)) == 0

    def _across(self, entry: IndexEntry, other: rules.StoryMatch) -> tuple[float, float]:
        """Return the mean similarity of two stories, and the threshold for a merge."""
        story = entry.story or 0
        sizes = len(self._members[story]), len(self._members[other.story])
        theirs = self._sample(other.story)
        mine = [number for number in self._sample(story) if number != entry.article_id]
        rows = mine[:: max(1, len(mine) // self._options.merge_sample)]
        total, pairs = other.mean_similarity * other.n_compared, other.n_compared
        for row in rows:
            total += sum(self._similarities(self._entries[row], theirs, {}).values())
            pairs += len(theirs)
        expected = [
            self._coherence[number].expected(other.pair_threshold, self._options)
            for number in (story, other.story)
        ]
        expected = (expected[0] * expected[1]) ** 0.5
        return total / pairs, expected * rules.required_merge_share(sizes, self._options)

    def _split(self, entry: IndexEntry) -> tuple[rules.Regrouping, ...]:
        """Examine a story that has doubled again as a whole, and split it if it has two separate parts."""
        story, options = entry.story or 0, self._options
        size = len(self._members[story])
        caution = 1 if entry.size >= options.long else options.headline_caution
        if size < caution * options.split_from or size & (size - 1):
            return ()
        sample = self._sample(story)
        similarity = self._matrix(sample)
        first, second, across = rules.two_parts(similarity)
        share = options.split_share / caution
        if across >= share or 4 * min(len(first), len(second)) < options.split_least * len(sample):
            return ()
        parts = self._parts(story, *([sample[number] for number in part] for part in (first, second)))
        _, gone = sorted(parts, key=lambda part: (-len(part), min(part)))
        moved = self._with_twins(gone)
        if self.decided and self.decided.are_joined(story, moved):
            return ()
        return (self._regroup(rules.SPLIT, story, -min(moved), moved, (across, share)),)

    def _matrix(self, sample: Sequence[int]) -> NDArray[np.float64]:
        similarity = np.ones((len(sample), len(sample)))
        for position, number in enumerate(sample[:-1]):
            similarities = self._similarities(self._entries[number], sample[position + 1 :], {})
            row = [similarities[other] for other in sample[position + 1 :]]
            similarity[position, position + 1 :] = similarity[position + 1 :, position] = row
        return similarity

    def _parts(self, story: int, first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
        """Assign every article of a story to the nearer part."""
        parts: tuple[list[int], list[int]] = (list(first), list(second))
        for _, article_id in self._members[story]:
            if article_id in parts[0] or article_id in parts[1]:
                continue
            similarities = self._similarities(self._entries[article_id], [*first, *second], {})
            means = [sum(similarities[number] for number in part) / len(part) for part in (first, second)]
            parts[means[1] > means[0]].append(article_id)
        return parts

    def _with_twins(self, ids: Sequence[int]) -> tuple[int, ...]:
        return tuple(twin for number in ids for twin in self._texts.members(self._entries[number]))


def _lacks_title(other: IndexEntry, entry: IndexEntry, terms: ArticleTerms) -> bool:
    """Return whether an article in the language of an entry has no telling word of the entry's title."""
    titled = terms.title_words()
    lacks_all = bool(titled) and titled.isdisjoint(other.terms.word_numbers())
    return lacks_all and not differ_in_language(entry.terms, other.terms)
