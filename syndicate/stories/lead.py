"""Choice of a story's lead article: the most central report among the fresh ones, changed calmly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from syndicate.model import is_dated
from syndicate.stories.fingerprint import Fingerprint

# An article this much older than the newest of its story does not lead it. (Measured on Google News: its best
# report of a story leads in .77 of the cases, with 12 hours in .58; it changes in .54 and .46 of four hours.)
FRESH = timedelta(hours=6)
# Maximum number of articles looked at for one story, the newest.
MOST_COMPARED = 24
# A fresh lead stays unless another article is worth this much more. Centrality counts 1, a picture and a long
# text a tenth each: both together change no lead.
CALM = 0.2
_PICTURE = _LENGTH = 0.1
# A longer text says nothing more about being the better report (characters).
_LONG_ENOUGH = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCandidate:
    """Facts about an article for the choice of a lead. ``length`` is in characters.

    ``chosen`` is 0, or the number of the editor's decision that names the article. ``is_report`` is false for
    an opinion piece or a round-up. ``terms`` are ``None`` where they are unknown.
    """

    article_id: int
    source_weight: float
    has_image: bool
    length: int
    published: datetime
    is_copy: bool = False
    chosen: int = 0
    is_report: bool = True
    terms: Fingerprint | None = None


def lead_candidates(articles: Iterable[LeadCandidate]) -> list[LeadCandidate]:
    """Return the articles that the choice looks at, the oldest first.

    Undated articles and copies are left out unless the story has nothing else. Of the others, return the
    newest ``MOST_COMPARED`` and those that the editor has chosen.

    Raises ``ValueError`` when there is no article.
    """
    known = list(articles)
    rank = min((not is_dated(one.published), one.is_copy) for one in known)
    usable = [one for one in known if (not is_dated(one.published), one.is_copy) == rank]
    ordered = sorted(usable, key=lambda one: (one.published, one.article_id))
    return [one for one in ordered[:-MOST_COMPARED] if one.chosen] + ordered[-MOST_COMPARED:]


def choose_lead(candidates: Sequence[LeadCandidate]) -> int:
    """Return the id of the article that leads, of those that ``lead_candidates`` returned.

    Let the articles come one after another. Fresh are those published up to ``FRESH`` before the latest.
    The best of them is, in this order, the editor's latest choice, a report, of the source of most weight,
    the most central (a picture and a long text add to that), the earliest. It takes the lead over when the
    lead is not fresh any more, when one of the first three differs, or when it is worth ``CALM`` more. So the
    lead follows from the articles alone, in whatever batches they were placed.

    Raises ``IndexError`` when there is no candidate.
    """
    if len(candidates) == 1:
        return candidates[0].article_id
    alike = _cosines([one.terms for one in candidates])
    lead = 0
    for latest, newest in enumerate(candidates):
        limit = newest.published - FRESH
        fresh = [
            place
            for place, one in enumerate(candidates[: latest + 1])
            if one.published >= limit or one.chosen
        ]
        worth = _worth([candidates[place] for place in fresh], alike[np.ix_(fresh, fresh)])
        rank = {place: _rank(candidates[place]) for place in fresh}
        best = min(fresh, key=lambda place: (rank[place], -worth[fresh.index(place)], place))
        calm = lead in rank and rank[lead] == rank[best]
        if not calm or worth[fresh.index(lead)] + CALM < worth[fresh.index(best)]:
            lead = best
    return candidates[lead].article_id


def _rank(one: LeadCandidate) -> tuple[int, bool, float]:
    return -one.chosen, not one.is_report, -one.source_weight


def _worth(fresh: Sequence[LeadCandidate], alike: NDArray[np.float64]) -> list[float]:
    """Return the likeness of each article to the others in units of the highest, plus picture and length."""
    # Rounded: a lead must not depend on the order in which a processor adds.
    central = alike.sum(axis=1).round(4).tolist()
    most = max(central) or 1.0
    return [
        value / most + _PICTURE * one.has_image + _LENGTH * min(one.length, _LONG_ENOUGH) / _LONG_ENOUGH
        for one, value in zip(fresh, central, strict=True)
    ]


def _cosines(articles: Sequence[Fingerprint | None]) -> NDArray[np.float64]:
    """Return the cosines of the articles' words, 0 on the diagonal and where the words are unknown."""
    known = [(place, one) for place, one in enumerate(articles) if one is not None and one.words]
    found = np.zeros((len(articles), len(articles)))
    if len(known) > 1:
        terms = np.concatenate([one.term_numbers()[: one.words] for _, one in known])
        distinct, columns = np.unique(terms, return_inverse=True)
        table = np.zeros((len(articles), len(distinct)))
        rows = np.repeat([place for place, _ in known], [one.words for _, one in known])
        table[rows, columns] = np.concatenate([one.term_weights()[: one.words] for _, one in known])
        found = table @ table.T
        np.fill_diagonal(found, 0)
    return found
