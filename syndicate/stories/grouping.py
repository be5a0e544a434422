"""Grouping of articles into stories, while articles come and go.

An article joins the story it has most in common with. It may show that two stories are one, that one
story is two, or that articles of other stories belong beside it. Such second looks are taken only at what
the article touches, at a whole story only when it has doubled: an article costs the same in any newsroom.

A round-up stands alone: it is a little like many stories, so nothing joins it either.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.comparison import Comparison
from syndicate.stories.duplicates import are_apart, words_of
from syndicate.stories.grouping_rules import (
    MERGED,
    SPLIT,
    Coherence,
    Regrouping,
    StoryMatch,
    age_order,
    best_bond,
    bond,
    merge_needed,
    two_parts,
)
from syndicate.stories.index_entry import IndexEntry, pair_length
from syndicate.stories.link_scores import Match, heaviest_shared
from syndicate.stories.same_texts import SameTexts
from syndicate.stories.terms.fingerprint import differ_in_language
from syndicate.stories.title_kind import is_instalment

# A story whose nearest article has less than this share of the threshold in common cannot be joined.
_LEAST_LIKENESS = 0.4
# A story of fewer articles is compared for a merge whenever an article is near to it: that costs little.
_SMALL = 8


class Grouping:
    """The stories of the articles in an index, which owns what ``comparison`` and ``texts`` refer to."""

    def __init__(self, comparison: Comparison, texts: SameTexts) -> None:
        self._options = comparison.options
        self._held = comparison.held
        self._texts = texts
        self._compare = comparison.similarity
        self._members: dict[int, list[tuple[float, int]]] = {}
        self._coherence: dict[int, Coherence] = {}

    def join(self, held: IndexEntry, story: int | None) -> None:
        """Put an article into a story; of articles with one text only the speaker counts as a member."""
        held.story = story
        if story is not None and held.speaks:
            place, members = (held.published, held.article_id), self._members.get(story)
            if members is None:
                self._members[story] = [place]
                self._coherence[story] = Coherence(held.mean_similarity * held.n_compared, held.n_compared)
            else:
                insort(members, place)
                self._coherence[story].add(held.mean_similarity, held.n_compared)

    def leave(self, held: IndexEntry) -> None:
        """Take an article out of its story."""
        members = self._members.get(held.story, []) if held.story is not None else []
        place = (held.published, held.article_id)
        if held.story is not None and place in members:
            members.remove(place)
            self._coherence[held.story].add(held.mean_similarity, -held.n_compared)
            if not members:
                del self._members[held.story], self._coherence[held.story]
        held.story = None

    def move(self, article_ids: Sequence[int], into: int) -> None:
        """Put articles into another story; all that share a text must be among them."""
        for article_id in article_ids:
            held = self._held[article_id]
            self.leave(held)
            self.join(held, into)

    def articles(self, story: int) -> tuple[int, ...]:
        """Return every article of a story, those with one text in a row."""
        return self._with_twins([article_id for _, article_id in self._members.get(story, ())])

    def bonds(self, held: IndexEntry, matches: Sequence[Match], *, repeats: bool) -> list[StoryMatch]:
        """Return what an article has in common with each of the nearest stories; none for a round-up.

        ``repeats``: its source has used the title before; then stories that began a while ago are closed.
        """
        nearest = {} if held.kind.round_up else self._nearest(held, matches, repeats=repeats)
        samples = {story: self._sample(story) for story in nearest}
        members = {number for sample in samples.values() for number in sample} | {*nearest.values()}
        known = self._alike(held, sorted(members), {match.article_id: match.similarity for match in matches})
        caution = self._options.repeat_caution if repeats else 1.0
        found = []
        for story, article_id in nearest.items():
            expected = self._options.story_threshold(pair_length(held, self._held[article_id]))
            pair_threshold = caution * self._own_caution(held, samples[story]) * expected
            joined = bond(
                story=story,
                nearest=(article_id, known[article_id]),
                members=[known[member] for member in samples[story]],
                coherence=self._coherence[story],
                pair_threshold=pair_threshold,
                rivals=self._rivals(held, story, matches, pair_threshold),
                options=self._options,
            )
            found.append(self._beyond_one_word(held, joined))
        return found

    def _nearest(self, held: IndexEntry, matches: Sequence[Match], *, repeats: bool) -> dict[int, int]:
        """Return the nearest article of each of the nearest stories that the article may join."""
        nearest: dict[int, int] = {}
        mine = words_of(held.terms)
        least = _LEAST_LIKENESS * self._options.story_threshold(held.size)
        for match in matches:
            other = self._held[match.article_id]
            if other.story is None or other.story in nearest:
                continue
            if (nearest and match.similarity < least) or other.kind.round_up:
                continue
            if self._are_apart(held, other, mine, match.similarity):
                continue
            if self._is_open(other.story, held, other.article_id, repeats=repeats):
                nearest[other.story] = other.article_id
            if len(nearest) == self._options.stories_compared:
                break
        return nearest

    def place(
        self, held: IndexEntry, bonds: Sequence[StoryMatch], matches: Sequence[Match]
    ) -> tuple[Regrouping, ...]:
        """Let an article join a story, or none; the result is what else changed because of it."""
        best = best_bond(bonds)
        if best is None or not best.joins:
            return ()
        held.mean_similarity, held.n_compared = best.mean_similarity, best.n_compared
        self.join(held, best.story)
        merged = self._merge(held, [match for match in bonds if match is not best])
        return merged or self._split(held) or self._look_again(held, matches)

    def _beyond_one_word(self, held: IndexEntry, found: StoryMatch) -> StoryMatch:
        """Return a bond without the heaviest shared word, if the nearest article shares hardly more.

        Headlines are left as they are: many name their event by one word. Across languages no word counts.
        """
        if held.size < self._options.long or found.similarity < self._options.bridge * found.pair_threshold:
            return found
        nearest = self._held[found.nearest_id].terms
        if differ_in_language(held.terms, nearest):
            return found
        rest = found.nearest - self._options.word_weight * heaviest_shared(held.terms, nearest)
        return (
            found
            if rest >= self._options.story_evidence * found.pair_threshold
            else replace(found, similarity=rest)
        )

    def _look_again(self, held: IndexEntry, matches: Sequence[Match]) -> tuple[Regrouping, ...]:
        """Let the nearest articles of other stories come over, if they have more in common with this one now.

        Only long texts: headlines are too much alike by chance.
        """
        options, moves = self._options, list[Regrouping]()
        if held.story is None or held.size < options.long or not self._is_due(held.story):
            return ()
        outside = (match for match in matches if self._held[match.article_id].story != held.story)
        for match in islice(outside, options.second_looks):
            other = self._held[match.article_id]
            pair_threshold = options.story_threshold(pair_length(held, other))
            if match.similarity < options.bridge * pair_threshold or not self._may_follow(other, held):
                continue
            story, threshold = (
                other.story or 0,
                pair_threshold * self._own_caution(other, self._sample(held.story)),
            )
            there = self._pull(other, held.story, pair_threshold)
            if there >= max(threshold, options.second_look_gain * self._pull(other, story, pair_threshold)):
                moved = self._texts.members(other)
                self.move(moved, held.story)
                kind = SPLIT if story in self._members else MERGED
                move = Regrouping(
                    kind=kind,
                    story=story,
                    into=held.story,
                    article_ids=moved,
                    similarity=there,
                    threshold=threshold,
                )
                moves.append(move)
        return tuple(moves)

    def _may_follow(self, other: IndexEntry, held: IndexEntry) -> bool:
        """Return whether an article may follow another: no round-up, no title that its source repeats."""
        story = held.story or 0
        if other.story is None or other.kind.round_up or not other.title_key:
            return False
        titles = {self._held[number].title_key for number in self._sample(story)}
        return other.title_key not in titles and self._is_open(story, other, held.article_id, repeats=False)

    def _pull(self, held: IndexEntry, story: int, pair_threshold: float) -> float:
        """Return the likeness of an article to the others of a story; 0 without others."""
        sample = [number for number in self._sample(story) if number != held.article_id]
        if not sample:
            return 0.0
        known = self._alike(held, sample, {})
        found = bond(
            story=story,
            nearest=max(((number, known[number]) for number in sample), key=itemgetter(1)),
            members=[known[number] for number in sample],
            coherence=self._coherence[story],
            pair_threshold=pair_threshold,
            rivals=0.0,
            options=self._options,
        )
        return found.similarity

    def stay(self, held: IndexEntry, bonds: Sequence[StoryMatch], story: int) -> StoryMatch | None:
        """Let an article stay in a story; the result is what it still has in common with it, if known."""
        found = next((match for match in bonds if match.story == story), None)
        if found is not None and found.joins:
            held.mean_similarity, held.n_compared = found.mean_similarity, found.n_compared
        self.join(held, story)
        return found

    def _alike(
        self, held: IndexEntry, article_ids: Sequence[int], known: Mapping[int, float]
    ) -> dict[int, float]:
        """Compare as stories do: articles that tell events apart have nothing in common, however alike."""
        found = {number: known[number] for number in article_ids if number in known}
        found |= self._compare(held, [number for number in article_ids if number not in found])
        mine = words_of(held.terms)
        for number, similarity in found.items():
            if self._are_apart(held, self._held[number], mine, similarity):
                found[number] = 0.0
        return found

    def _are_apart(
        self, held: IndexEntry, other: IndexEntry, mine: frozenset[int], similarity: float
    ) -> bool:
        if held.source_id == other.source_id and is_instalment(held.kind, other.kind):
            return True
        return are_apart(held.terms, other.terms, self._options, mine=mine, similarity=similarity)

    def _rivals(self, held: IndexEntry, story: int, matches: Sequence[Match], pair_threshold: float) -> float:
        """Return the mean likeness of an article to the nearest articles outside a story.

        A headline shares a word with many others on a day of big news, so it has the usual rivals.
        """
        if held.size < self._options.long:
            return self._options.rival_usual * pair_threshold
        outside = (match.similarity for match in matches if self._held[match.article_id].story != story)
        return sum(islice(outside, self._options.rivals)) / self._options.rivals

    def _own_caution(self, held: IndexEntry, sample: Sequence[int]) -> float:
        """Return the factor by which a story takes more likeness because the article's source told it.

        A source that comes back after hours to a subject of its own has a column, and no event.
        """
        members = [self._held[number] for number in sample]
        own = [
            abs(member.published - held.published) for member in members if member.source_id == held.source_id
        ]
        if not own or held.size < self._options.long:
            return 1.0
        apart = min(min(own) / 3600 / self._options.own_hours, 1.0)
        return 1 + self._options.own_caution * apart * len(own) / len(sample)

    def _is_open(self, story: int, held: IndexEntry, nearest_id: int, *, repeats: bool) -> bool:
        options = self._options
        if repeats:
            first = self._members[story][0][0]
            return abs(held.published - first) <= options.repeat_hours * 3600
        return abs(held.published - self._held[nearest_id].published) <= options.window_days * 86400

    def _sample(self, story: int) -> list[int]:
        """Articles spread evenly over the story's life: neither its beginning nor its end decides alone."""
        members, size = self._members[story], self._options.story_sample
        if len(members) <= size:
            return [article_id for _, article_id in members]
        last = len(members) - 1
        return [members[position * last // (size - 1)][1] for position in range(size)]

    def _merge(self, held: IndexEntry, others: Sequence[StoryMatch]) -> tuple[Regrouping, ...]:
        """An article near two stories: are they one? Only the nearest other story is looked at."""
        other = best_bond(others)
        if (
            held.story is None
            or other is None
            or other.similarity < self._options.bridge * other.pair_threshold
        ):
            return ()
        if len(self._members[other.story]) >= _SMALL and not self._is_due(held.story):
            return ()
        kept, gone = sorted((held.story, other.story), key=age_order)
        similarity, threshold = self._across(held, other)
        if similarity < threshold:
            return ()
        moved = self.articles(gone)
        self.move(moved, kept)
        change = Regrouping(
            kind=MERGED, story=gone, into=kept, article_ids=moved, similarity=similarity, threshold=threshold
        )
        return (change,)

    def _is_due(self, story: int) -> bool:
        """Return whether a story is compared with others at its size: at 1, 2, 3, 4, 6, 8, 12, 16 and so on.

        Else two large stories that stay apart would be compared at each of their articles.
        """
        size = len(self._members[story])
        return size % (1 << max(size.bit_length() - 2, 0)) == 0

    def _across(self, held: IndexEntry, other: StoryMatch) -> tuple[float, float]:
        """The mean likeness of two stories, and what is needed to call them one."""
        story = held.story or 0
        sizes = len(self._members[story]), len(self._members[other.story])
        theirs = self._sample(other.story)
        mine = [number for number in self._sample(story) if number != held.article_id]
        rows = mine[:: max(1, len(mine) // self._options.merge_sample)]
        total, pairs = other.mean_similarity * other.n_compared, other.n_compared
        for row in rows:
            total += sum(self._alike(self._held[row], theirs, {}).values())
            pairs += len(theirs)
        expected = [
            self._coherence[number].expected(other.pair_threshold, self._options)
            for number in (story, other.story)
        ]
        expected = (expected[0] * expected[1]) ** 0.5
        return total / pairs, expected * merge_needed(sizes, self._options)

    def _split(self, held: IndexEntry) -> tuple[Regrouping, ...]:
        """Look at a story that has doubled again as a whole, and take it apart if it is two."""
        story, options = held.story or 0, self._options
        size = len(self._members[story])
        caution = 1 if held.size >= options.long else options.headline_caution
        if size < caution * options.split_from or size & (size - 1):
            return ()
        sample = self._sample(story)
        similarity = self._matrix(sample)
        first, second, across = two_parts(similarity)
        share = options.split_share / caution
        if across >= share or 4 * min(len(first), len(second)) < options.split_least * len(sample):
            return ()
        parts = self._parts(
            story, [sample[number] for number in first], [sample[number] for number in second]
        )
        kept, gone = sorted(parts, key=lambda part: (-len(part), min(part)))
        moved = self._with_twins(gone)
        into = -min(moved)
        self.move(moved, into)
        change = Regrouping(
            kind=SPLIT, story=story, into=into, article_ids=moved, similarity=across, threshold=share
        )
        return (change,) if kept else ()

    def _matrix(self, sample: Sequence[int]) -> NDArray[np.float64]:
        similarity = np.ones((len(sample), len(sample)))
        for position, number in enumerate(sample[:-1]):
            found = self._alike(self._held[number], sample[position + 1 :], {})
            row = [found[other] for other in sample[position + 1 :]]
            similarity[position, position + 1 :] = similarity[position + 1 :, position] = row
        return similarity

    def _parts(self, story: int, first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
        """Every article of a story to the part it is nearer to."""
        parts: tuple[list[int], list[int]] = (list(first), list(second))
        for _, article_id in self._members[story]:
            if article_id in parts[0] or article_id in parts[1]:
                continue
            found = self._alike(self._held[article_id], [*first, *second], {})
            means = [sum(found[number] for number in part) / len(part) for part in (first, second)]
            parts[means[1] > means[0]].append(article_id)
        return parts

    def _with_twins(self, speakers: Sequence[int]) -> tuple[int, ...]:
        return tuple(twin for speaker in speakers for twin in self._texts.members(self._held[speaker]))
