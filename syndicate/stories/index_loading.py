"""Stored articles on their way back into the index: what can be done for many at once is."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.model import StoredArticle
from syndicate.stories.index_entry import IndexEntry, title_key
from syndicate.stories.terms.fingerprint import read_headers

_MICROSECONDS = 1_000_000
# The place of ``terms``: a row of the store finds names more slowly.
_TERMS: Final = 8


class Loaded(NamedTuple):
    """Articles in the order in which they were placed, but those that speak for their text before the others.

    ``headers`` are those of their terms, in the same order; ``read_more`` is what the store knows of the
    further reading that some of them list; ``unreadable`` are the ids of articles whose terms are damaged or
    of another version: they have to be placed again.
    """

    articles: list[IndexEntry]
    headers: NDArray[Any]
    read_more: dict[int, str]
    unreadable: list[int]


def as_held(batches: Iterable[Sequence[StoredArticle]]) -> Loaded:
    """Return stored articles, in whatever order, as the index holds them.

    Batches should be small enough for the processor's cache: each article is looked at twice.
    """
    articles: list[IndexEntry] = []
    headers: list[NDArray[Any]] = [read_headers([])]
    read_more: dict[int, str] = {}
    unreadable: list[int] = []
    for batch in batches:
        rows, found = _readable(batch, unreadable)
        headers.append(found)
        sizes = np.maximum(found["length"], 1).astype(np.float64).tolist()
        for row, size in zip(rows, sizes, strict=True):
            number, source, published, title, story, text, mean_similarity, n_compared, packed, listed = row
            if listed is not None:
                read_more[number] = listed
            key, seconds = title_key(source, title), published / _MICROSECONDS
            held = IndexEntry(
                number,
                source,
                seconds,
                packed,
                size,
                (),
                key,
                mean_similarity,
                n_compared,
                story,
                text,
                titled=title,
            )
            articles.append(held)
    order = _order(articles)
    ordered = [articles[place] for place in order.tolist()]
    return Loaded(ordered, np.concatenate(headers)[order], read_more, unreadable)


def _readable(
    batch: Sequence[StoredArticle], unreadable: list[int]
) -> tuple[Sequence[StoredArticle], NDArray[Any]]:
    """Return the rows whose terms can be read, with their headers; add the ids of the others."""
    try:
        return batch, read_headers([row[_TERMS] for row in batch])
    except ValueError:
        rows = []
        for row in batch:
            try:
                read_headers([row[_TERMS]])
            except ValueError:
                unreadable.append(row[0])
            else:
                rows.append(row)
        return rows, read_headers([row[_TERMS] for row in rows])


def _order(articles: Sequence[IndexEntry]) -> NDArray[np.intp]:
    """Sort by time, those that do not speak for their text last; tell each whether it does."""
    numbers = np.array([held.article_id for held in articles], np.int64)
    published = np.array([held.published for held in articles], np.float64)
    by_time = np.lexsort((numbers, published))
    texts = np.array([held.text for held in articles], np.int64)[by_time]
    twins = np.ones(len(articles), np.bool_)
    twins[np.unique(texts, return_index=True)[1]] = False
    for place in by_time[twins].tolist():
        articles[place].speaks = False
    return np.concatenate((by_time[~twins], by_time[twins]))
