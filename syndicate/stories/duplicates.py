"""Sameness of texts: the same text again, edited, cut or wrapped by another outlet.

Exact sets of word triples beat MinHash and SimHash in quality and cost (reference: recall .953 at precision
.99 against .870 and .712). Long texts are compared on a sample: the triples with the smallest hashes, which
is fair to both sides within the range of both samples.

Reports that agencies write by a template share most triples and cover different events. So copies must also
name the same names and figures; the shorter the texts, the more of these must agree.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from syndicate.stories.link_scores import weigh_cosines
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint, differ_in_language
from syndicate.stories.terms.similarity import TermSpace
from syndicate.stories.terms.weighed_terms import MAX_NAMES, MAX_SHINGLES, Hashes

_LARGEST = 0xFFFFFFFF
_FIGURE = 0x80
_LEAST_FIGURE = _FIGURE << 24
# A single differing figure may be a growing number of victims.
_SEVERAL = 2
# Share of new names in an article from which it reports something else. So have 6 of 47 later reports of
# other outlets in stories of 69 real feeds, nearly all correctly.
MOSTLY_NEW = 0.75

# A headline inside an article is no copy of the article: containment needs a few sentences.
_CONTAINED_AT_LEAST = 12
# Texts with at least this number of triples need only the agreement that ``StoryOptions`` states.
_LONG = 100


def is_copy(a: Fingerprint, b: Fingerprint, options: StoryOptions) -> bool:
    """Return whether a reader would call two articles the same text."""
    strength = 0.0 if differ_in_language(a, b) else copy_strength(a, b, options)
    if strength < 1 or _differ_in_figures(a, b):
        return False
    mine, theirs = names_of(a), names_of(b)
    shared = len(mine & theirs)
    if shared < options.apart_names and strength < 1 + options.copy_brevity * _brevity(a, b):
        return False
    smaller = min(len(mine), len(theirs))
    return shared >= smaller * (options.copy_names if smaller < MAX_NAMES else options.copy_names_of_long)


def copy_strength(a: Fingerprint, b: Fingerprint, options: StoryOptions) -> float:
    """Return the similarity of wording, relative to the copy threshold: copies have 1 or more."""
    shared, mine, theirs = overlap(np.frombuffer(a.shingles, np.uint32), np.frombuffer(b.shingles, np.uint32))
    smaller = min(mine, theirs)
    if not shared:
        return 0.0
    strength = shared / (mine + theirs - shared) / options.copy_jaccard
    if smaller >= _CONTAINED_AT_LEAST:
        strength = max(strength, shared / smaller / options.copy_containment)
    return strength


def names_of(article: Fingerprint) -> frozenset[int]:
    """Return the hashes of an article's names and figures."""
    return frozenset(memoryview(article.names).cast("I"))


# The last article is kept, since it is compared with several others in a row.
@lru_cache(maxsize=1)
def words_of(article: Fingerprint) -> frozenset[int]:
    """Return the hashes of an article's words, names and figures."""
    return frozenset(memoryview(article.terms[: 4 * article.words] + article.names).cast("I"))


def are_apart(
    a: Fingerprint, b: Fingerprint, options: StoryOptions, *, own_words: frozenset[int], similarity: float
) -> bool:
    """Return whether two articles share no name or figure, so that they report different events.

    A name counts only if the other article lacks the word: at the start of a sentence no capital marks it. A
    few names, or names of long and similar texts, prove nothing unless the sentences around them are the
    same. Then figures separate short reports too: German capitalises every noun, other scripts have no
    capitals. ``own_words`` are words and names of ``a``; ``similarity`` compares the two texts.
    """
    # Names differ between languages.
    if differ_in_language(a, b):
        return False
    # Most pairs have a low similarity and few or shared names: test that first, as it is fast.
    looks_alike = similarity >= options.copy_similarity
    several = min(len(a.names), len(b.names)) >= 4 * options.apart_names
    if not looks_alike and not several:
        return False
    by_names = own_words.isdisjoint(memoryview(b.names).cast("I")) and _has_name(a) and _has_name(b)
    by_names = by_names and names_of(a).isdisjoint(memoryview(b.terms)[: 4 * b.words].cast("I"))
    if not looks_alike and not by_names:
        return False
    brevity = _brevity(a, b)
    if by_names and several and (brevity or not looks_alike):
        return True
    if not looks_alike or not (by_names or (brevity and _differ_in_all_figures(names_of(a), names_of(b)))):
        return False
    shared, *sizes = overlap(np.frombuffer(a.shingles, np.uint32), np.frombuffer(b.shingles, np.uint32))
    return shared >= options.template_share * min(sizes)


def is_news(article: Fingerprint, reported: Sequence[Fingerprint], options: StoryOptions) -> bool:
    """Return whether an article reports another version, number, name or event than each reported article.

    The title has another figure, the articles share no name, or most of its names are new.
    """
    names, known = names_of(article), frozenset[int]().union(*map(names_of, reported))
    unknown = len(names - known)
    if unknown >= options.apart_names and unknown >= MOSTLY_NEW * len(names):
        return True
    return all(
        _differ_in_figures(article, other)
        or are_apart(article, other, options, own_words=names, similarity=options.copy_similarity)
        for other in reported
    )


def is_update(
    article: Fingerprint, reported: Sequence[Fingerprint], options: StoryOptions, *, at_least: float
) -> bool:
    """Return whether an article adds a name or figure to an event that a reported article covers.

    Two articles cover the same event when their similarity is ``at_least`` this much and their names allow
    it.
    """
    if names_of(article) <= frozenset[int]().union(*map(names_of, reported)):
        return False
    pairs = [max(article.length, 1) * max(fingerprint.length, 1) for fingerprint in reported]
    lengths = np.sqrt(np.array(pairs, np.float64))
    similarities = weigh_cosines(TermSpace().cosines(article, reported), lengths, options).total.tolist()
    return any(
        similarity >= at_least
        and not are_apart(article, fingerprint, options, own_words=words_of(article), similarity=similarity)
        for fingerprint, similarity in zip(reported, similarities, strict=True)
    )


def _differ_in_all_figures(mine: frozenset[int], theirs: frozenset[int]) -> bool:
    """Return whether two articles have several figures each, share none, and each has names of its own."""
    shared = mine & theirs
    *figures, common = (sum(name >= _LEAST_FIGURE for name in names) for names in (mine, theirs, shared))
    if min(figures) < _SEVERAL or common:
        return False
    return not shared or (len(mine - theirs) > figures[0] and len(theirs - mine) > figures[1])


def figures_of(article: Fingerprint) -> frozenset[int]:
    """Return the hashes of an article's figures."""
    return frozenset(name for name in names_of(article) if name >= _LEAST_FIGURE)


def overlap(a: Hashes, b: Hashes) -> tuple[int, int, int]:
    """Return the number of shared shingles, and of each side's shingles, within the range of both samples."""
    limit = min(_covered(a), _covered(b))
    if limit < _LARGEST:
        a, b = a[: a.searchsorted(limit, "right")], b[: b.searchsorted(limit, "right")]
    # No hash stands twice on one side, so a repeated hash is shared.
    both = np.concatenate((a, b))
    both.sort()
    return int(np.count_nonzero(both[1:] == both[:-1])), len(a), len(b)


def _covered(shingles: Hashes) -> int:
    """Return the largest hash up to which the sample is complete."""
    return int(shingles[-1]) if len(shingles) >= MAX_SHINGLES else _LARGEST


def _brevity(a: Fingerprint, b: Fingerprint) -> float:
    """Return the brevity of the shorter article: 0 for a long text, nearly 1 for a few words."""
    return max(1 - min(len(a.shingles), len(b.shingles)) / 4 / _LONG, 0.0)


def _differ_in_figures(a: Fingerprint, b: Fingerprint) -> bool:
    """Return whether each title has a figure that the other lacks: "1.2 released", "1.3 released"."""
    mine, theirs = (set(memoryview(article.figures).cast("I")) for article in (a, b))
    return bool(mine - theirs and theirs - mine)


def _has_name(article: Fingerprint) -> bool:
    """Return whether an article has a name besides figures; figures have the highest bit and come last."""
    return bool(article.names) and article.names[3] < _FIGURE
