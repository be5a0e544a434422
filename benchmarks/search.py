"""Cost of the word index and of searches: writing, channels with words, and searches.

``python -m benchmarks.search --articles 10000`` invents articles of 50 words each, whose words are as
frequent as the words of a language, stores them, and searches for words in 50 %, 5 %, 0.5 % and 0.05 % of the
articles. Beyond 20 000 the store is filled with shifted copies. ``scan ms`` is a channel that scans the
column searched before the index. Figures are CPU time of this process, the least of several runs.
"""

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from sqlalchemy import bindparam, insert, literal_column, select, update

from syndicate.jobs.publish.on_request.reader_search import ReaderSearch
from syndicate.model import Clause, ClauseField, NewArticle, Source
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.search.search_query import parse_search
from syndicate.store import Connection, Store, open_store, schema
from syndicate.store.ingest import article_store, declared_sources, source_store
from syndicate.store.output import channel_store
from syndicate.store.search import word_index
from syndicate.text.plain import folded_words

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SOURCES, TOGETHER, RUNS = 50, 50, 5
INVENTED = 20_000
# Words in about these shares of the articles.
SHARES = {"half": 0.5, "1 in 20": 0.05, "1 in 200": 0.005, "1 in 2 000": 0.0005}


def main() -> None:
    """Fill a store and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-search-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'syndicate.db'}")
        store.migrate()
        stored, indexed = _fill(store, min(arguments.articles, INVENTED))
        _copy(store, arguments.articles // INVENTED - 1)
        print(f"stored: {stored:.0f} µs an article, of it {indexed:.0f} for the index")
        print(
            f"{'words in':<14}{'articles':>10}{'channel ms':>12}{'not ms':>9}{'scan ms':>9}{'search ms':>11}"
        )
        service = ReaderSearch(store=store, options=PublishOptions(site_url="x", title="x"))
        for name in SHARES:
            print(f"{name:<14}" + _row(store, service, _word(name)))
        store.dispose()


def _word(name: str) -> str:
    return "share" + name.replace(" ", "")


def _row(store: Store, service: ReaderSearch, word: str) -> str:
    clause = Clause(field=ClauseField.WORD, values=(word,))
    without = Clause(field=ClauseField.WORD, values=(word,), negated=True)
    with store.read() as connection:
        number = len(
            connection.execute(
                word_index.matching_ids(connection, word, parse_search({"q": word}).terms())
            ).all()
        )
        found = _least(lambda: channel_store.channel_articles(connection, [clause], limit=50))
        others = _least(lambda: channel_store.channel_articles(connection, [without], limit=50))
        scanned = _least(lambda: _scan(connection, word))
    searched = _least(lambda: service.page(parse_search({"q": word}), NOW))
    return f"{number:>12}{found:>12.1f}{others:>12.1f}{scanned:>12.1f}{searched:>12.1f}"


def _scan(connection: Connection, word: str) -> None:
    table = schema.articles
    query = select(table.c.id).where(table.c.story_id.is_not(None), table.c.search.contains(f" {word} "))
    connection.execute(query.order_by(table.c.published.desc(), table.c.id.desc()).limit(50)).all()


def _least(call: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times) * 1000


def _fill(store: Store, articles: int) -> tuple[float, float]:
    """Store articles, each in a story of its own; return microseconds an article: of all, of the index."""
    chosen = random.Random(1)
    vocabulary = [f"word{number}" for number in range(50_000)]
    weights = list(itertools.accumulate(1 / (place + 10) for place in range(50_000)))
    indexing = 0.0
    index_new = word_index.index_new

    def timed(connection: Connection, added: Sequence[tuple[int, int, NewArticle]]) -> None:
        nonlocal indexing
        start = time.process_time()
        index_new(connection, added)
        indexing += time.process_time() - start

    with store.write() as connection:
        names = [f"Source {number}" for number in range(SOURCES)]
        sources = [Source(id=0, name=name, url=f"https://{name[7:]}.example/") for name in names]
        declared_sources.sync_sources(connection, sources, NOW)
        ids = [source.id for source in source_store.list_sources(connection)]
    start = time.process_time()
    with mock.patch.object(word_index, "index_new", timed):
        for first in range(0, articles, TOGETHER):
            numbers = range(first, first + TOGETHER)
            batch = [_article(number, chosen, vocabulary, weights) for number in numbers]
            with store.write() as connection:
                article_store.add_articles(connection, [(ids[first // TOGETHER % SOURCES], batch)])
    spent = time.process_time() - start
    with store.write() as connection:
        table = schema.articles
        texts = select(table.c.id, table.c.title, table.c.summary)
        rows = [
            {"number": number, "folded": folded_words(f"{title} {summary}")}
            for number, title, summary in connection.execute(texts)
        ]
        by_id = update(table).where(table.c.id == bindparam("number"))
        connection.execute(by_id.values(search=bindparam("folded")), rows)
        connection.execute(update(table).values(story_id=table.c.id, placed=True))
    return spent / articles * 1e6, indexing / articles * 1e6


def _copy(store: Store, copies: int) -> None:
    """Add copies of all articles, published at earlier and earlier times."""
    table, words = schema.articles, word_index.WORDS
    made = {"uid", "entry_key", "url", "path"}
    for copy in range(1, copies + 1):
        shift = copy * INVENTED
        changed = {name: table.c[name].concat(f"-{copy}") for name in made}
        changed |= {"id": table.c.id + shift, "story_id": table.c.id + shift}
        changed["published"] = literal_column(f"published - {shift * 10_000_000}")
        first = table.c.id <= INVENTED
        values = [changed.get(column.name, column) for column in table.columns]
        parts = (words.c.rowid + shift, words.c.title, words.c.text, words.c.more)
        with store.write() as connection:
            connection.execute(insert(table).from_select(table.columns.keys(), select(*values).where(first)))
            same = select(*parts).where(words.c.rowid <= INVENTED)
            connection.execute(insert(words).from_select(words.columns.keys(), same))


def _article(number: int, chosen: random.Random, vocabulary: list[str], weights: list[float]) -> NewArticle:
    words = chosen.choices(vocabulary, cum_weights=weights, k=50)
    words += [_word(name) for name, share in SHARES.items() if chosen.random() < share]
    chosen.shuffle(words)
    published = NOW - timedelta(seconds=10 * (1_000_000 - number) + chosen.randrange(1000))
    return NewArticle(
        uid=str(number), entry_key=str(number), url=f"https://example.com/{number}",
        path=f"site/{number}.html", title=" ".join(words[:9]), summary=" ".join(words[9:]),
        language="en", section=f"section {number % 8}",
        published=published, updated=published, first_seen=published, content_hash=str(number),
        html="<p>text</p>", text="text",
    )  # fmt: skip


if __name__ == "__main__":
    main()
