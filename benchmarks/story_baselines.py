"""Baselines of ``benchmarks/stories.py``: three ways to find related articles that anyone can have.

scikit-learn's TF-IDF with its defaults, BM25 (k1 = 1.5, b = .75) over the same tokens, and "more
like this" with SQLite's FTS5 (the 16 rarest words, title twice). All see the whole set before the first
query, which the index never does. The first two need scikit-learn, here only: ``pip install scikit-learn``.
"""

import importlib.util
import random
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.story_measures import ndcg3
from benchmarks.story_sets import Document, in_part, near
from syndicate.stories import StoryOptions

QUERIES = 500
_RANKED = 60
Baseline = Callable[[Sequence[Document], Sequence[Document]], Mapping[int, Sequence[int]]]


def baselines(
    documents: Sequence[Document],
    similar: Mapping[int, Sequence[int]],
    groups: dict[int, int],
    options: StoryOptions,
    seed: int,
    part: str,
) -> dict[str, dict[str, float]]:
    """nDCG@3 and CPU of each baseline, and of the index for the same sample of queries."""
    judged = [document for document in documents if in_part(document.event, part)]
    queries = random.Random(seed).sample(judged, min(QUERIES, len(judged)))
    mine = {query.number: similar[query.number] for query in queries}
    found = {"syndicate, the same queries": {"related_ndcg3": ndcg3(documents, mine, groups, options, part)}}
    named: dict[str, Baseline] = {"SQLite FTS5": lambda all_, some: _fts5(all_, some, options)}
    if has_scikit_learn():
        named |= {
            "scikit-learn TF-IDF": lambda all_, some: _vectors(all_, some, options, bm25=False),
            "BM25": lambda all_, some: _vectors(all_, some, options, bm25=True),
        }
    for name, baseline in named.items():
        started = time.process_time()
        ranked = baseline(documents, queries)
        spent = (time.process_time() - started) * 1000
        found[name] = {
            "related_ndcg3": ndcg3(documents, ranked, groups, options, part),
            "cpu_ms_per_query": spent / len(queries),
        }
    return found


def has_scikit_learn() -> bool:
    """Return whether scikit-learn is installed, which two baselines need."""
    return importlib.util.find_spec("sklearn") is not None


def _in_window(
    one: Document, places: Sequence[int], documents: Sequence[Document], options: StoryOptions
) -> list[int]:
    ranked = [documents[place] for place in places]
    return [other.number for other in ranked if other is not one and near(one, other, options)][:_RANKED]


def _vectors(
    documents: Sequence[Document], queries: Sequence[Document], options: StoryOptions, *, bm25: bool
) -> Mapping[int, Sequence[int]]:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer  # noqa: PLC0415

    texts = [f"{document.title} {document.text}" for document in documents]
    rows = (CountVectorizer() if bm25 else TfidfVectorizer()).fit_transform(texts).tocsr()
    asked = rows
    if bm25:
        asked = rows.sign()
        lengths = np.asarray(rows.sum(1)).ravel()
        held = np.asarray(rows.sign().sum(0)).ravel()
        rarity = np.log(1 + (len(texts) - held + 0.5) / (held + 0.5))
        bent = 1.5 * (0.25 + 0.75 * lengths / lengths.mean())
        rows = rows.tocoo()
        values = rarity[rows.col] * rows.data * 2.5 / (rows.data + bent[rows.row])
        rows = type(rows)((values, (rows.row, rows.col)), shape=rows.shape).tocsr()
    places = {document.number: place for place, document in enumerate(documents)}
    found = {}
    for query in queries:
        scores = (rows @ asked[places[query.number]].T).toarray().ravel()
        order = np.argsort(-scores, kind="stable")
        found[query.number] = _in_window(
            query, [place for place in order.tolist() if scores[place] > 0], documents, options
        )
    return found


def _fts5(
    documents: Sequence[Document], queries: Sequence[Document], options: StoryOptions
) -> Mapping[int, Sequence[int]]:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE article USING fts5(title, body)")
    database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(article, row)")
    rows = ((place, document.title, document.text) for place, document in enumerate(documents))
    database.executemany("INSERT INTO article(rowid, title, body) VALUES (?, ?, ?)", rows)
    held = dict(database.execute("SELECT term, doc FROM words"))
    search = "SELECT rowid FROM article WHERE article MATCH ? ORDER BY bm25(article, 2.0, 1.0) LIMIT 400"
    found = {}
    for query in queries:
        text = "".join(
            letter if letter.isalnum() else " " for letter in f"{query.title} {query.text}".lower()
        )
        rare = sorted({word for word in text.split() if held.get(word, 0) > 1}, key=lambda word: held[word])
        wanted = " OR ".join(f'"{word}"' for word in rare[:16])
        places = [place for (place,) in database.execute(search, (wanted,))] if wanted else []
        found[query.number] = _in_window(query, places, documents, options)
    database.close()
    return found
