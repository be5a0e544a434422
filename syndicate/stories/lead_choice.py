"""Choice of a story's lead article: the most central fresh report, changed calmly."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from syndicate.model import EARLIEST, is_dated
from syndicate.stories.terms.fingerprint import Fingerprint

# Maximum age behind the newest article of its story, or for a time behind the newest report, with which an
# article may lead (measured: ``docs/ranking.md``).
FRESH = timedelta(hours=6)
# Age behind the newest article up to which opinion pieces, round-ups and cut titles do not replace a report.
REPORT_STAYS = timedelta(hours=24)
# Maximum number of articles compared for a story: the newest.
MAX_COMPARED = 60
# A fresh lead stays unless another article is worth this much more. Centrality counts 1, an image and a long
# text a tenth each: both together change no lead.
CALM = 0.2
_IMAGE_BONUS = _LENGTH_BONUS = 0.1
# Another language leads a story when this many more sources cover it in that language.
MORE_SOURCES = 2
# Length in characters beyond which a longer text is no better as a report.
_LONG_ENOUGH = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCandidate:
    """Facts about an article for the choice of a lead. ``length`` is in characters.

    ``chosen`` is the number of the editor's decision for the article, or 0. ``is_report`` is false for an
    opinion piece, a round-up or a cut title. Unknown ``terms`` are ``None``, an unknown ``language`` is
    ``""``.
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
    """Return the articles considered as lead, the oldest first.

    Undated articles and copies are left out unless the story has nothing else. Of the others, return the
    newest: from the start of the day (UTC) ``REPORT_STAYS`` before the newest, at most ``MAX_COMPARED``, and
    articles that the editor has chosen.

    Raises ``ValueError`` when there is no article.
    """
    known = list(articles)
    rank = min((not is_dated(candidate.published), candidate.is_copy) for candidate in known)
    usable = [
        candidate for candidate in known if (not is_dated(candidate.published), candidate.is_copy) == rank
    ]
    ordered = sorted(usable, key=lambda candidate: (candidate.published, candidate.article_id))
    # A start that moves with every article could change the lead with every article.
    newest = ordered[-1].published
    day = max(newest, EARLIEST + REPORT_STAYS) - REPORT_STAYS
    start = min(day.replace(hour=0, minute=0, second=0, microsecond=0), newest)
    older = sum(candidate.published < start for candidate in ordered[-MAX_COMPARED:])
    looked_at = ordered[-MAX_COMPARED:][older:]
    return [candidate for candidate in ordered[: -len(looked_at)] if candidate.chosen] + looked_at


def choose_lead(candidates: Sequence[LeadCandidate], language: str = "") -> int:
    """Return the id of the lead among the articles that ``lead_candidates`` returned.

    The editor's latest choice wins. Otherwise process the articles in order, by the rules of
    ``docs/ranking.md``: ``language``, if given, precedes other languages. The lead depends on the articles
    alone, not on the batches in which they were placed.

    Raises ``ValueError`` when there is no candidate.
    """
    chosen = max(candidates, key=lambda candidate: candidate.chosen)
    if chosen.chosen or len(candidates) == 1:
        return chosen.article_id
    foreign = [bool(language) and candidate.language not in ("", language) for candidate in candidates]
    pieces = [(not candidate.is_report, -candidate.source_weight) for candidate in candidates]
    classes = list(zip(foreign, pieces, strict=True))
    best_first = sorted(set(classes))
    ranks = np.array([best_first.index(item) for item in classes])
    extra = np.array([_extra(candidate) for candidate in candidates])
    # Similarity of an article (row) to the articles before a position (column).
    cumulated = np.zeros((len(candidates), len(candidates) + 1))
    _cosines([candidate.terms for candidate in candidates]).cumsum(axis=1, out=cumulated[:, 1:])
    lead = start = 0
    last_report: datetime | None = None
    for latest, newest in enumerate(candidates):
        last_report = newest.published if newest.is_report else last_report
        # For a day only another report makes a report old.
        counts_from = newest.published
        if last_report and newest.published - last_report <= REPORT_STAYS:
            counts_from = last_report
        while counts_from - candidates[start].published > FRESH:
            start += 1
        # Rounded: the lead must not depend on a processor's order of addition.
        fresh = slice(start, latest + 1)
        central = (cumulated[fresh, latest + 1] - cumulated[fresh, start]).round(4)
        worth = central / (central.max() or 1.0) + extra[fresh]
        worth[ranks[fresh] > ranks[fresh].min()] = -1
        enough = worth.max() - CALM
        if lead < start or worth[lead - start] < enough:
            lead = start + int(np.flatnonzero(worth >= enough)[-1])
    return candidates[lead].article_id


def leading_language(candidates: Sequence[LeadCandidate]) -> str:
    """Return the language that leads a story: the language of the editor's choice, else of most sources.

    Process the articles in order. Another language takes over when ``MORE_SOURCES`` more sources of fresh
    articles use it, or when no fresh article is in the present language.
    """
    chosen = max(candidates, key=lambda candidate: candidate.chosen)
    if chosen.chosen:
        return chosen.language
    language, start = "", 0
    for latest, newest in enumerate(candidates):
        while newest.published - candidates[start].published > FRESH:
            start += 1
        fresh = {(candidate.language, candidate.source_id) for candidate in candidates[start : latest + 1]}
        sources = Counter(name for name, _ in fresh if name)
        best = max(sources, key=lambda name: (sources[name], name == newest.language, name), default="")
        if not sources[language] or sources[best] >= sources[language] + MORE_SOURCES:
            language = best or language
    return language


def _extra(candidate: LeadCandidate) -> float:
    length = min(candidate.length, _LONG_ENOUGH) / _LONG_ENOUGH
    return _IMAGE_BONUS * candidate.has_image + _LENGTH_BONUS * length


def _cosines(articles: Sequence[Fingerprint | None]) -> NDArray[np.float64]:
    """Return the cosines of the articles' words; 0 on the diagonal and for unknown words."""
    known = [(place, article) for place, article in enumerate(articles) if article and article.words]
    cosines = np.zeros((len(articles), len(articles)))
    if len(known) > 1:
        terms = np.concatenate([fingerprint.term_numbers()[: fingerprint.words] for _, fingerprint in known])
        distinct, columns = np.unique(terms, return_inverse=True)
        table = np.zeros((len(articles), len(distinct)))
        rows = np.repeat([place for place, _ in known], [fingerprint.words for _, fingerprint in known])
        weights = [fingerprint.term_weights()[: fingerprint.words] for _, fingerprint in known]
        table[rows, columns] = np.concatenate(weights)
        cosines = table @ table.T
        np.fill_diagonal(cosines, 0)
    return cosines
