"""Choice of a story's lead article: the most central fresh report, changed calmly."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from syndicate.model import EARLIEST, is_dated
from syndicate.stories.terms.fingerprint import Fingerprint

# An article this much older than the newest of its story does not lead it. (Measured on Google News: its best
# report of a story leads in .75 of the cases, with 12 hours in .64; it changes in .52 and .45 of four hours.)
FRESH = timedelta(hours=6)
# Maximum number of articles looked at for one story, the newest.
MOST_COMPARED = 60
# A fresh lead stays unless another article is worth this much more. Centrality counts 1, a picture and a long
# text a tenth each: both together change no lead.
CALM = 0.2
_PICTURE = _LENGTH = 0.1
# Another language leads a story when so many more sources tell it in that language.
MORE_SOURCES = 2
# A longer text says nothing more about being the better report (characters).
_LONG_ENOUGH = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCandidate:
    """Facts about an article for the choice of a lead. ``length`` is in characters.

    ``chosen`` is 0, or the number of the editor's decision that names the article. ``is_report`` is false for
    an opinion piece or a round-up. ``terms`` are ``None`` where they are unknown, ``language`` is ``""``.
    """

    article_id: int
    source_weight: float
    has_image: bool
    length: int
    published: datetime
    is_copy: bool = False
    chosen: int = 0
    is_report: bool = True
    source_id: int = 0
    language: str = ""
    terms: Fingerprint | None = None


def lead_candidates(articles: Iterable[LeadCandidate]) -> list[LeadCandidate]:
    """Return the articles that the choice looks at, the oldest first.

    Undated articles and copies are left out unless the story has nothing else. Of the others, return the
    newest: from the beginning of the day (UTC) ``FRESH`` before the newest on, at most ``MOST_COMPARED``,
    and articles that the editor has chosen.

    Raises ``ValueError`` when there is no article.
    """
    known = list(articles)
    rank = min((not is_dated(candidate.published), candidate.is_copy) for candidate in known)
    usable = [
        candidate for candidate in known if (not is_dated(candidate.published), candidate.is_copy) == rank
    ]
    ordered = sorted(usable, key=lambda candidate: (candidate.published, candidate.article_id))
    # A start that moves with every article would let the lead change with every article.
    newest = ordered[-1].published
    day = max(newest, EARLIEST + FRESH) - FRESH
    start = min(day.replace(hour=0, minute=0, second=0, microsecond=0), newest)
    older = sum(candidate.published < start for candidate in ordered[-MOST_COMPARED:])
    looked_at = ordered[-MOST_COMPARED:][older:]
    return [candidate for candidate in ordered[: -len(looked_at)] if candidate.chosen] + looked_at


def choose_lead(candidates: Sequence[LeadCandidate], language: str = "") -> int:
    """Return the id of the article that leads, of those that ``lead_candidates`` returned.

    That is the editor's latest choice. Without a choice, let the articles come one after another. Fresh
    articles are published up to ``FRESH`` before the latest. Of them, ``language``, if given, goes before
    other languages, a report before other pieces, then the source of most weight; among these, an article is
    worth its centrality, and more with a picture or a long text. The lead stays while it is fresh, goes
    behind none and is worth at most ``CALM`` less than the best. Else the newest of the articles worth as
    much takes over, because it stays the longest. So the lead follows from the articles alone, in whatever
    batches they were placed.

    Raises ``ValueError`` when there is no candidate.
    """
    chosen = max(candidates, key=lambda candidate: candidate.chosen)
    if chosen.chosen or len(candidates) == 1:
        return chosen.article_id
    foreign = [
        bool(language and candidate.language) and candidate.language != language for candidate in candidates
    ]
    pieces = [(not candidate.is_report, -candidate.source_weight) for candidate in candidates]
    classes = list(zip(foreign, pieces, strict=True))
    ranks = np.array([sorted(set(classes)).index(item) for item in classes])
    extra = np.array([_extra(candidate) for candidate in candidates])
    # The likeness of an article (row) to those before a place (column).
    alike = np.pad(_cosines([candidate.terms for candidate in candidates]).cumsum(axis=1), ((0, 0), (1, 0)))
    lead = start = 0
    for latest, newest in enumerate(candidates):
        while newest.published - candidates[start].published > FRESH:
            start += 1
        # Rounded: a lead must not depend on the order in which a processor adds.
        fresh = slice(start, latest + 1)
        central = (alike[fresh, latest + 1] - alike[fresh, start]).round(4)
        worth = central / (central.max() or 1.0) + extra[fresh]
        worth[ranks[fresh] > ranks[fresh].min()] = -1
        enough = worth.max() - CALM
        if lead < start or worth[lead - start] < enough:
            lead = start + int(np.flatnonzero(worth >= enough)[-1])
    return candidates[lead].article_id


def leading_language(candidates: Sequence[LeadCandidate]) -> str:
    """Return the language that leads a story: that of the editor's latest choice, else that of most sources.

    Let the articles come one by one. Another language takes over when ``MORE_SOURCES`` more sources of fresh
    articles tell the story in it, or when no fresh article is in the present language.
    """
    chosen = max(candidates, key=lambda candidate: candidate.chosen)
    if chosen.chosen:
        return chosen.language
    language, start = "", 0
    for latest, newest in enumerate(candidates):
        while newest.published - candidates[start].published > FRESH:
            start += 1
        told = {
            (candidate.language, candidate.source_id)
            for candidate in candidates[start : latest + 1]
            if candidate.language
        }
        sources = Counter(name for name, _ in told)
        best = max(sources, key=lambda name: (sources[name], name == newest.language, name), default="")
        if not sources[language] or sources[best] >= sources[language] + MORE_SOURCES:
            language = best or language
    return language


def _extra(one: LeadCandidate) -> float:
    return _PICTURE * one.has_image + _LENGTH * min(one.length, _LONG_ENOUGH) / _LONG_ENOUGH


def _cosines(articles: Sequence[Fingerprint | None]) -> NDArray[np.float64]:
    """Return the cosines of the articles' words, 0 on the diagonal and where the words are unknown."""
    known = [
        (place, fingerprint)
        for place, fingerprint in enumerate(articles)
        if fingerprint is not None and fingerprint.words
    ]
    found = np.zeros((len(articles), len(articles)))
    if len(known) > 1:
        terms = np.concatenate([fingerprint.term_numbers()[: fingerprint.words] for _, fingerprint in known])
        distinct, columns = np.unique(terms, return_inverse=True)
        table = np.zeros((len(articles), len(distinct)))
        rows = np.repeat([place for place, _ in known], [fingerprint.words for _, fingerprint in known])
        table[rows, columns] = np.concatenate(
            [fingerprint.term_weights()[: fingerprint.words] for _, fingerprint in known]
        )
        found = table @ table.T
        np.fill_diagonal(found, 0)
    return found
