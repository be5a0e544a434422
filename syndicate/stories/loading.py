"""Stored articles on their way back into the index: what can be done for many at once is."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.model import StoredArticle
from syndicate.stories.fingerprint import read_headers
from syndicate.stories.held import Held, title_key

_MICROSECONDS = 1_000_000
# The place of ``terms``: a row of the store finds names more slowly.
_TERMS: Final = 8


class Loaded(NamedTuple):
    """Articles in the order in which they were placed, but originals before copies.

    ``headers`` are those of their terms, in the same order; ``read_more`` is what the store knows of the
    further reading that some of them list.
    """

    articles: list[Held]
    headers: NDArray[Any]
    read_more: dict[int, str]


def as_held(batches: Iterable[Sequence[StoredArticle]]) -> Loaded:
    """Stored articles, in whatever order, as the index holds them.

    Batches should be small enough for the processor's cache: each article is looked at twice. Raises
    ``ValueError`` as ``Fingerprint.unpack`` does.
    """
    articles: list[Held] = []
    headers: list[NDArray[Any]] = [read_headers([])]
    read_more: dict[int, str] = {}
    for batch in batches:
        headers.append(read_headers([row[_TERMS] for row in batch]))
        sizes = np.maximum(headers[-1]["length"], 1).astype(np.float64).tolist()
        for row, size in zip(batch, sizes, strict=True):
            number, source, published, title, story, original, mean, compared, packed, listed = row
            if listed is not None:
                read_more[number] = listed
            key, seconds = title_key(source, title), published / _MICROSECONDS
            articles.append(
                Held(number, source, seconds, packed, size, (), key, mean, compared, story, original)
            )
    order = _order(articles)
    return Loaded([articles[place] for place in order.tolist()], np.concatenate(headers)[order], read_more)


def _order(articles: Sequence[Held]) -> NDArray[np.intp]:
    numbers = np.array([held.article_id for held in articles], np.int64)
    published = np.array([held.published for held in articles], np.float64)
    copies = np.array([held.duplicate_of is not None for held in articles], np.bool_)
    return np.lexsort((numbers, published, copies))
