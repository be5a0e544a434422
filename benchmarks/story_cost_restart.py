"""Reading the story index back from a real store, for ``benchmarks/story_cost.py``."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from benchmarks.story_cost_texts import PackedArticle
from syndicate.jobs.stories.stories_job import load_index
from syndicate.model import NewArticle, Source
from syndicate.store import Store, open_store
from syndicate.store.ingest import article_store, declared_sources, source_store
from syndicate.store.stories import story_store
from syndicate.store.stories.story_store import ArticlePlacement
from syndicate.stories import StoryOptions

CHUNK = 5000
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def restart_seconds(articles: Sequence[tuple[PackedArticle, int, int]]) -> float:
    """CPU seconds, the least of three, to load the index of these placed articles from SQLite."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'news.db'}")
        store.migrate()
        fill_store(store, articles)
        spent = []
        for _ in range(3):
            started = time.process_time()
            with store.read() as connection:
                index = load_index(connection, StoryOptions(), LONG_AGO)
            spent.append(time.process_time() - started)
            if len(index) != len(articles):
                raise AssertionError(f"{len(articles)} articles were stored, {len(index)} came back")
            del index
        store.dispose()
    return min(spent)


def fill_store(store: Store, articles: Sequence[tuple[PackedArticle, int, int]]) -> None:
    """Store placed articles, with their stories and terms, as one source told them."""
    ids: dict[int, int] = {}
    stories: dict[int, int] = {}
    with store.write() as connection:
        now = articles[-1][0].published
        declared_sources.sync_sources(
            connection, [Source(id=0, name="wire", url="https://wire.example/feed", section="world")], now
        )
        (source,) = source_store.list_sources(connection)
    for start in range(0, len(articles), CHUNK):
        chunk = articles[start : start + CHUNK]
        with store.write() as connection:
            rows = [_row(item) for item, _, _ in chunk]
            (made,) = article_store.add_articles(connection, [(source.id, rows)])
            ids |= {item.article_id: row for (item, _, _), row in zip(chunk, made, strict=True)}
            leads = {story: ids[item.article_id] for item, story, _ in chunk if story not in stories}
            named = story_store.add_stories(connection, list(leads.values()), now)
            stories |= dict(zip(leads, named, strict=True))
            story_store.place_articles(connection, [_place(item, ids, stories) for item in chunk])


def _place(
    placed: tuple[PackedArticle, int, int], ids: dict[int, int], stories: dict[int, int]
) -> ArticlePlacement:
    item, story, text = placed
    return ArticlePlacement(
        article_id=ids[item.article_id],
        story_id=stories[story],
        same_text=text,
        terms=item.terms.pack(),
    )


def _row(item: PackedArticle) -> NewArticle:
    uid = str(UUID(int=item.article_id))
    return NewArticle(
        uid=uid,
        entry_key=uid,
        url=f"https://wire.example/{item.article_id}",
        path=f"site/articles/{uid}.html",
        title=item.title,
        published=item.published,
        updated=item.published,
        first_seen=item.published + timedelta(minutes=1),
        language="en",
        section="world",
        summary=item.title,
        content_hash=uid,
        item_hash=uid,
        html="",
        text="",
    )
