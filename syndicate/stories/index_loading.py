"""Convert stored articles to index entries, in batches."""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.model import StoredArticle
from syndicate.stories.index_entry import IndexEntry, title_key
from syndicate.stories.terms.fingerprint import read_headers

_MICROSECONDS = 1_000_000
# Position of ``terms``: access by name is slower in rows of the store.
_TERMS: Final = 8


class Loaded(NamedTuple):
    """Loaded entries in the order of placement; representatives precede the other articles with their text.

    ``headers`` are the headers of their terms, in the same order. ``read_more`` holds the stored further
    reading by article id. ``unreadable`` are ids of articles with terms that are damaged or of another
    version: the caller must place them again.
    """

    articles: list[IndexEntry]
    headers: NDArray[Any]
    read_more: dict[int, str]
    unreadable: list[int]


def entries_of_rows(batches: Iterable[Sequence[StoredArticle]]) -> Loaded:
    """Convert stored articles in any order; each is read twice: batches should fit the processor's cache."""
    articles: list[IndexEntry] = []
    headers = [read_headers([])[0]]
    read_more: dict[int, str] = {}
    unreadable: list[int] = []
    for batch in batches:
        batch_headers, readable = read_headers([row[_TERMS] for row in batch])
        unreadable += [batch[place][0] for place in np.flatnonzero(~readable).tolist()]
        rows, batch_headers = [*compress(batch, readable.tolist())], batch_headers[readable]
        headers.append(batch_headers)
        sizes = np.maximum(batch_headers["length"], 1).astype(np.float64).tolist()
        for row, size in zip(rows, sizes, strict=True):
            article_id, source, published, title, story, text, mean, pairs, packed, listed = row
            if listed is not None:
                read_more[article_id] = listed
            key, seconds = title_key(source, title), published / _MICROSECONDS
            entry = IndexEntry(
                article_id, source, seconds, packed, size, (), key, mean, pairs, story, text, title
            )
            articles.append(entry)
    order = _order(articles)
    ordered = [articles[place] for place in order.tolist()]
    return Loaded(ordered, np.concatenate(headers)[order], read_more, unreadable)


def _order(articles: Sequence[IndexEntry]) -> NDArray[np.intp]:
    """Sort by time, representatives first; mark the other articles as not representative."""
    numbers = np.array([entry.article_id for entry in articles], np.int64)
    published = np.array([entry.published for entry in articles], np.float64)
    by_time = np.lexsort((numbers, published))
    texts = np.array([entry.text for entry in articles], np.int64)[by_time]
    twins = np.ones(len(articles), np.bool_)
    twins[np.unique(texts, return_index=True)[1]] = False
    for place in by_time[twins].tolist():
        articles[place].is_representative = False
    return np.concatenate((by_time[~twins], by_time[twins]))
