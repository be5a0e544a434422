"""Choice of related links: select and order the nearest articles for readers."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import takewhile

from syndicate.model import ScoredLink
from syndicate.stories.comparison import Comparison
from syndicate.stories.index_entry import IndexEntry, pair_length
from syndicate.stories.link_scores import Match, heaviest_shared, in_context
from syndicate.stories.same_texts import SameTexts

Neighbours = Callable[[IndexEntry], Sequence[tuple[float, int]]]
# A round-up resembles every article it names.
ROUND_UP_LINKS = 2


class LinkChooser:
    """Rules of related links for the articles of an index, which owns ``comparison`` and ``texts``.

    ``neighbours`` returns the best neighbours of an article as (score, id), ascending.
    """

    def __init__(self, comparison: Comparison, texts: SameTexts) -> None:
        self._options = comparison.options
        self._entries = comparison.entries
        self._comparison = comparison
        self._texts = texts

    def choose(
        self, entry: IndexEntry, matches: Iterable[Match], neighbours: Neighbours
    ) -> tuple[ScoredLink, ...]:
        """Return the matches that deserve a link: first the source's own further reading, then the best."""
        options = self._options
        others = [match for match in matches if self._entries[match.article_id].text != entry.text]
        listed = [match for match in others if match.hint]
        near = at_least(options.lowest / (1 + options.story_gain), others)
        worth = [match for match in near if not match.hint and self.deserves(entry, match)]
        placed = self.in_context(entry, worth, neighbours, others) if worth else []
        chosen = [match for match in placed if match.score >= self._threshold(entry, match)]
        return tuple(match.scored() for match in (listed + chosen)[: options.max_neighbours])

    def deserves(self, entry: IndexEntry, match: Match) -> bool:
        """Return whether a match is near enough, by more than a name, before its context counts."""
        other, options = self._entries[match.article_id], self._options
        threshold = self._threshold(entry, match)
        gain = options.story_gain if _same_story(entry, other) else 0.0
        if (match.score - match.hint) * (1 + gain) < threshold:
            return False
        # Across languages no word counts, so a single word cannot be the only evidence.
        heaviest = heaviest_shared(entry.terms, other.terms) if match.words else 0.0
        return match.similarity - options.word_weight * heaviest >= options.evidence_share * threshold

    def in_context(
        self, entry: IndexEntry, matches: Sequence[Match], neighbours: Neighbours, known: Iterable[Match] = ()
    ) -> list[Match]:
        """Return matches corrected by the best neighbours of each, best first; ``known`` are compared."""
        around = [self._around(entry, self._entries[match.article_id], neighbours) for match in matches]
        scores = {match.article_id: match.score - match.hint for match in (*matches, *known)}
        missing = dict.fromkeys(number for near in around for number in near if number not in scores)
        scores |= {match.article_id: match.score for match in self._comparison.matches(entry, [*missing])}
        placed = []
        for match, near in zip(matches, around, strict=True):
            pairs = [(score, scores[number]) for number, score in near.items()]
            same_story = _same_story(entry, self._entries[match.article_id])
            placed.append(in_context(match, pairs, self._options, same_story=same_story))
        return sorted(placed, reverse=True)

    def _around(self, entry: IndexEntry, other: IndexEntry, neighbours: Neighbours) -> dict[int, float]:
        """Return the scores of another article's best neighbours: each text once, without both articles."""
        scores: dict[int, float] = {}
        for score, number in reversed(neighbours(other)):
            near = self._texts.representative(self._entries[number]) if number in self._entries else other
            if near.text not in (entry.text, other.text):
                scores.setdefault(near.article_id, score)
            if len(scores) == self._options.context_size:
                break
        return scores

    def _threshold(self, entry: IndexEntry, match: Match) -> float:
        return self._options.related_threshold(pair_length(entry, self._entries[match.article_id]))


def without_round_ups(
    article_id: int, links: Sequence[ScoredLink], round_ups: Collection[int]
) -> list[ScoredLink]:
    """Return links without round-ups, except the best link and hints; a round-up itself keeps two links."""
    own = article_id in round_ups
    kept = [
        link
        for place, link in enumerate(links)
        if link.article_id not in round_ups or "hint" in link.parts or (place == 0 and not own)
    ]
    return kept[:ROUND_UP_LINKS] if own else kept


def best_first(links: Iterable[ScoredLink]) -> list[ScoredLink]:
    """Return links in the order of ``LinkChooser.choose``: hints, then by score; equal links keep theirs."""
    return sorted(links, key=lambda link: ("hint" not in link.parts, -link.score))


def at_least(score: float, matches: Iterable[Match]) -> Iterable[Match]:
    """Return the leading matches, sorted by score, down to ``score``."""
    return takewhile(lambda match: match.score >= score, matches)


def _same_story(a: IndexEntry, b: IndexEntry) -> bool:
    """Return whether two sources cover the same story; a single source's series shares only a footer."""
    return a.story is not None and a.story == b.story and a.source_id != b.source_id
