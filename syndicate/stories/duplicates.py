"""Sameness of texts: the same text again, edited, cut or wrapped by another outlet.

Exact sets of word triples beat MinHash and SimHash in quality and cost (reference: recall .953
at precision .99 against .870 and .712). Long texts are compared on a sample: the triples whose
hashes are smallest, which is fair to both sides as far as both samples reach.

Reports that agencies write by a template share most triples and tell different events. So two texts
are one only if they also name the same names and figures; the less text there is, the more of it must agree.
"""

from collections.abc import Sequence

import numpy as np

from syndicate.stories.link_scores import weigh_cosines
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint, differ_in_language
from syndicate.stories.terms.similarity import TermSpace
from syndicate.stories.terms.weighed_terms import MAX_NAMES, MAX_SHINGLES, Hashes

_LARGEST = 0xFFFFFFFF
_FIGURE = 0x80
_LEAST_FIGURE = _FIGURE << 24
# One figure that differs may be a number of victims that grows.
_SEVERAL = 2
# Share of an article's names that are new when it tells something else: so are 6 of 47 later reports of other
# outlets in stories of 69 real feeds, nearly all of them rightly.
MOSTLY_NEW = 0.75

# A headline inside an article is no copy of the article: containment needs a few sentences.
_CONTAINED_AT_LEAST = 12
# Texts of so many triples or more need no more agreement than ``StoryOptions`` says.
_LONG = 100


def is_copy(a: Fingerprint, b: Fingerprint, options: StoryOptions) -> bool:
    """Return whether a reader would call two articles one text."""
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
    """Return how far the wording of two articles is on the way to being one text: 1 is where it is."""
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


def words_of(article: Fingerprint) -> frozenset[int]:
    """Return the hashes of an article's words, names and figures."""
    return frozenset(memoryview(article.terms[: 4 * article.words] + article.names).cast("I"))


def are_apart(
    a: Fingerprint, b: Fingerprint, options: StoryOptions, *, mine: frozenset[int], similarity: float
) -> bool:
    """Return whether two articles name different names and figures throughout, so tell different events.

    A name counts only if the other article has no such word: at the start of a sentence no capital marks it.
    A few names, or those of long texts that are much alike, prove nothing unless the sentences around them
    are the same. Then figures tell short reports apart too: German writes every noun with a capital, other
    scripts have no capitals. ``mine`` are words and names of ``a``, ``similarity`` is how alike the two are.
    """
    # Names of other languages are other words.
    if differ_in_language(a, b):
        return False
    # Most articles compared are less alike and have few names, or share one: asked first, and quickly.
    alike = similarity >= options.copy_likeness
    several = min(len(a.names), len(b.names)) >= 4 * options.apart_names
    if not alike and not several:
        return False
    by_names = mine.isdisjoint(memoryview(b.names).cast("I")) and _has_name(a) and _has_name(b)
    by_names = by_names and names_of(a).isdisjoint(memoryview(b.terms)[: 4 * b.words].cast("I"))
    if not alike and not by_names:
        return False
    brevity = _brevity(a, b)
    if by_names and several and (brevity or not alike):
        return True
    if not alike or not (by_names or (brevity and _differ_in_all_figures(names_of(a), names_of(b)))):
        return False
    shared, *sizes = overlap(np.frombuffer(a.shingles, np.uint32), np.frombuffer(b.shingles, np.uint32))
    return shared >= options.template_share * min(sizes)


def says_else(article: Fingerprint, told: Sequence[Fingerprint], options: StoryOptions) -> bool:
    """Return whether an article names another version, number, name or event than each article told before.

    The title has another figure, both name different names throughout, or most of its names are new.
    """
    names, known = names_of(article), frozenset[int]().union(*map(names_of, told))
    unknown = len(names - known)
    if unknown >= options.apart_names and unknown >= MOSTLY_NEW * len(names):
        return True
    return all(
        _differ_in_figures(article, other)
        or are_apart(article, other, options, mine=names, similarity=options.copy_likeness)
        for other in told
    )


def is_update(
    article: Fingerprint, told: Sequence[Fingerprint], options: StoryOptions, *, at_least: float
) -> bool:
    """Return whether an article adds a name or figure to an event that one of the told articles reports.

    Two articles report one event when their similarity is ``at_least`` so much and their names allow it.
    """
    if names_of(article) <= frozenset[int]().union(*map(names_of, told)):
        return False
    lengths = np.sqrt(
        np.array([max(article.length, 1) * max(fingerprint.length, 1) for fingerprint in told], np.float64)
    )
    alike = weigh_cosines(TermSpace().cosines(article, told), lengths, options).total.tolist()
    words = words_of(article)
    return any(
        similarity >= at_least
        and not are_apart(article, fingerprint, options, mine=words, similarity=similarity)
        for fingerprint, similarity in zip(told, alike, strict=True)
    )


def _differ_in_all_figures(mine: frozenset[int], theirs: frozenset[int]) -> bool:
    """Return whether two articles have several figures each and share none, nor all names of either."""
    shared, figures = mine & theirs, (_figures(mine), _figures(theirs))
    if min(figures) < _SEVERAL or _figures(shared):
        return False
    return not shared or (len(mine - theirs) > figures[0] and len(theirs - mine) > figures[1])


def figures_of(article: Fingerprint) -> frozenset[int]:
    """Return the hashes of an article's figures."""
    return frozenset(name for name in names_of(article) if name >= _LEAST_FIGURE)


def _figures(names: frozenset[int]) -> int:
    return sum(name >= _LEAST_FIGURE for name in names)


def overlap(a: Hashes, b: Hashes) -> tuple[int, int, int]:
    """Return how many shingles are shared, and how many each side has, within what both samples cover."""
    limit = min(_covered(a), _covered(b))
    if limit < _LARGEST:
        a, b = a[: a.searchsorted(limit, "right")], b[: b.searchsorted(limit, "right")]
    # None stands twice on one side, so what stands twice is shared.
    both = np.concatenate((a, b))
    both.sort()
    return int(np.count_nonzero(both[1:] == both[:-1])), len(a), len(b)


def _covered(shingles: Hashes) -> int:
    """The largest hash up to which the sample is complete."""
    return int(shingles[-1]) if len(shingles) >= MAX_SHINGLES else _LARGEST


def _brevity(a: Fingerprint, b: Fingerprint) -> float:
    """Return how little text the smaller of two articles has: 0 for a long one, nearly 1 for a few words."""
    return max(1 - min(len(a.shingles), len(b.shingles)) / 4 / _LONG, 0.0)


def _differ_in_figures(a: Fingerprint, b: Fingerprint) -> bool:
    """Return whether either title has a figure that the other has not: "1.2 released", "1.3 released"."""
    mine, theirs = (set(memoryview(article.figures).cast("I")) for article in (a, b))
    return bool(mine - theirs and theirs - mine)


def _has_name(article: Fingerprint) -> bool:
    """Return whether an article names anything but figures, which have the highest bit and come last."""
    return bool(article.names) and article.names[3] < _FIGURE
