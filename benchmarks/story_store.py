"""Labelled articles through a real store and the stories job, as the daemon places them."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from benchmarks.story_measures import Run
from benchmarks.story_sets import BATCH, Document, stored_html, ticks
from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.jobs.stories.stories_job import StoriesJob
from syndicate.model import NewArticle, Source
from syndicate.store import Store, open_store, schema
from syndicate.store.ingest import article_store, declared_sources, source_store
from syndicate.stories import RankingOptions, StoryIndex, StoryOptions


def through_store(documents: Sequence[Document], options: StoryOptions) -> Run:
    """Return the stories and the related links that the tables hold when every document was placed.

    Documents arrive tick by tick, in batches as shipped; every tick runs the job on the same store.
    """
    with tempfile.TemporaryDirectory(prefix="syndicate-stories-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'stories.sqlite'}")
        try:
            store.migrate()
            return _read(store, options, _place(store, documents, options))
        finally:
            store.dispose()


def _place(store: Store, documents: Sequence[Document], options: StoryOptions) -> dict[int, int]:
    """Place the documents; return the number of each by its article's id. Left out documents have no id."""
    numbers: dict[int, int] = {}
    names = {document.source: f"source {document.source:06}" for document in documents}
    declared = [
        Source(id=0, name=name, url=f"https://{number}.example/feed", section="world")
        for number, name in sorted(names.items())
    ]
    with store.write() as connection:
        declared_sources.sync_sources(connection, declared, documents[0].published)
        ids = {source.name: source.id for source in source_store.list_sources(connection)}
    # Lists are not judged here; what they weigh would be learned once a day.
    ranking = RankingJob(store=store, options=RankingOptions(learn_days=0))
    job = StoriesJob(store=store, options=options, ranking=ranking, owner="benchmark", batch=BATCH)
    for batch in ticks(documents):
        with store.write() as connection:
            for document in batch:
                found = [(ids[names[document.source]], [_article(document)])]
                [[article_id]] = article_store.add_articles(connection, found)
                numbers[article_id] = document.number
        result = job.run(batch[0].published)
        if result.placed != len(batch) or result.failed:
            raise AssertionError(f"{len(batch)} articles came, and the job says {result}")
    return numbers


def _article(document: Document) -> NewArticle:
    uid = str(UUID(int=document.number))
    return NewArticle(
        uid=uid,
        entry_key=uid,
        url=f"https://{document.source}.example/{document.number}",
        path=f"site/articles/{uid}.html",
        title=document.title,
        published=document.published,
        updated=document.published,
        first_seen=document.published,
        language=document.language,
        section="world",
        content_hash=uid,
        item_hash=uid,
        html=stored_html(document.text),
        text=document.text,
    )


def _read(store: Store, options: StoryOptions, numbers: Mapping[int, int]) -> Run:
    """Return stories and links by the documents' numbers."""
    run = Run(StoryIndex(options))
    articles, related = schema.articles, schema.related
    with store.read() as connection:
        for row in connection.execute(select(articles.c.id, articles.c.story_id)):
            run.stories[numbers[row.id]] = row.story_id
            run.shown[numbers[row.id]] = []
        links = select(related.c.article_id, related.c.related_id)
        for row in connection.execute(links.order_by(related.c.article_id, related.c.position)):
            run.shown[numbers[row.article_id]].append(numbers[row.related_id])
    return run
