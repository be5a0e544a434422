"""Choice of related links: which of the nearest articles a reader sees, and in which order."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import takewhile

from syndicate.stories.comparison import Comparison
from syndicate.stories.index_entry import IndexEntry, pair_length
from syndicate.stories.link_scores import Match, ScoredLink, heaviest_shared, in_context
from syndicate.stories.same_texts import SameTexts

Neighbours = Callable[[IndexEntry], Sequence[tuple[float, int]]]
# A round-up is a little like every article it names.
ROUND_UP_LINKS = 2


class LinkChooser:
    """Rules of related links for the articles of an index, which owns ``comparison`` and ``texts``.

    ``neighbours`` return the best neighbours of an article as (score, id), the least first.
    """

    def __init__(self, comparison: Comparison, texts: SameTexts) -> None:
        self._options = comparison.options
        self._held = comparison.held
        self._comparison = comparison
        self._texts = texts

    def choose(
        self, held: IndexEntry, matches: Iterable[Match], neighbours: Neighbours
    ) -> tuple[ScoredLink, ...]:
        """Return the matches that deserve a link: what the source itself lists first, then the best."""
        options = self._options
        others = [match for match in matches if self._held[match.article_id].text != held.text]
        listed = [match for match in others if match.hint]
        near = at_least(options.lowest / (1 + options.story_gain), others)
        worth = [match for match in near if not match.hint and self.deserves(held, match)]
        placed = self.in_context(held, worth, neighbours, others) if worth else []
        chosen = [
            match for match in placed if match.score >= self._needed(held, self._held[match.article_id])
        ]
        return tuple(match.scored() for match in (listed + chosen)[: options.kept])

    def deserves(self, held: IndexEntry, match: Match) -> bool:
        """Return whether a match is near enough, and by more than a name, before its context."""
        other, options = self._held[match.article_id], self._options
        needed = self._needed(held, other)
        gain = options.story_gain if _same_story(held, other) else 0.0
        if (match.score - match.hint) * (1 + gain) < needed:
            return False
        # Across languages no word counts, so none can be all there is.
        heaviest = heaviest_shared(held.terms, other.terms) if match.words else 0.0
        return match.similarity - options.word_weight * heaviest >= options.evidence_share * needed

    def in_context(
        self, held: IndexEntry, matches: Sequence[Match], neighbours: Neighbours, known: Iterable[Match] = ()
    ) -> list[Match]:
        """Return matches corrected by the best neighbours of each, best first; ``known`` are compared."""
        around = [self._around(held, self._held[match.article_id], neighbours) for match in matches]
        scores = {match.article_id: match.score - match.hint for match in (*matches, *known)}
        missing = dict.fromkeys(number for found in around for number in found if number not in scores)
        scores |= {match.article_id: match.score for match in self._comparison.matches(held, [*missing])}
        placed = []
        for match, found in zip(matches, around, strict=True):
            pairs = [(score, scores[number]) for number, score in found.items()]
            told = _same_story(held, self._held[match.article_id])
            placed.append(in_context(match, pairs, self._options, same_story=told))
        return sorted(placed, reverse=True)

    def _around(self, held: IndexEntry, other: IndexEntry, neighbours: Neighbours) -> dict[int, float]:
        """Return the best neighbours of another article and their scores, each text once, both apart."""
        found: dict[int, float] = {}
        for score, number in reversed(neighbours(other)):
            speaker = self._texts.speaker(self._held[number]) if number in self._held else other
            if speaker.text not in (held.text, other.text):
                found.setdefault(speaker.article_id, score)
            if len(found) == self._options.context_size:
                break
        return found

    def _needed(self, a: IndexEntry, b: IndexEntry) -> float:
        return self._options.related_threshold(pair_length(a, b))


def without_round_ups(
    article_id: int, links: Sequence[ScoredLink], round_ups: Collection[int]
) -> list[ScoredLink]:
    """Return links without round-ups but the best link and hints; a round-up keeps two, none a round-up."""
    own = article_id in round_ups
    kept = [
        link
        for place, link in enumerate(links)
        if link.article_id not in round_ups or "hint" in link.parts or (place == 0 and not own)
    ]
    return kept[:ROUND_UP_LINKS] if own else kept


def at_least(score: float, matches: Iterable[Match]) -> Iterable[Match]:
    """The matches, which are sorted, down to a score."""
    return takewhile(lambda match: match.score >= score, matches)


def _same_story(a: IndexEntry, b: IndexEntry) -> bool:
    """Return whether two sources tell one story; a series of one source shares its footer, not an event."""
    return a.story is not None and a.story == b.story and a.source_id != b.source_id
