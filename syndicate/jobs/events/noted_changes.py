"""Events of sources, stories and articles, written in the transaction of the change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from syndicate.jobs.admin.needs import FAILURES_TO_REPORT, needs_a_person
from syndicate.model import RankedStory, Source, SourceState
from syndicate.store import Connection
from syndicate.store.events.event_log import add_event, is_wanted
from syndicate.store.ingest import article_store, source_store

# Articles of an event.
_MOST = 100


def note_failure(
    connection: Connection, source: Source, before: SourceState, after: SourceState, now: datetime
) -> None:
    """Write ``source.failing`` when the failures of a source begin to need a person."""
    if needs_a_person(after) and not needs_a_person(before):
        data = {"source": str(source.id), "name": source.name, "error": after.error}
        add_event(connection, "source.failing", f"source/{source.id}", data, now)


def note_answers(connection: Connection, sources: Sequence[Source], now: datetime) -> None:
    """Write ``source.recovered`` for sources that needed a person; call it before their state changes."""
    if is_wanted(connection, "source.recovered"):
        troubled = source_store.sources_in_trouble(connection, FAILURES_TO_REPORT)
        failing = {source.id for source, state in troubled if needs_a_person(state)}
        for source in sources:
            if source.id in failing:
                data = {"source": str(source.id), "name": source.name}
                add_event(connection, "source.recovered", f"source/{source.id}", data, now)


def note_stories(connection: Connection, paths: Mapping[int, str], now: datetime) -> None:
    """Write ``story.created`` for each story that has just been told by a second source."""
    if paths and is_wanted(connection, "story.created"):
        for story_id, path in paths.items():
            data = {"story": str(story_id), "path": path}
            add_event(connection, "story.created", f"story/{story_id}", data, now)


def note_articles(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Write ``article.published`` for new articles, at most 100 an event."""
    if ids and is_wanted(connection, "article.published"):
        articles = article_store.get_articles(connection, ids)
        rows = [{"article": article.uid, "path": article.path} for article in articles.values()]
        for start in range(0, len(rows), _MOST):
            some = rows[start : start + _MOST]
            add_event(connection, "article.published", f"article/{ids[start]}", {"articles": some}, now)


def note_trending(
    connection: Connection, before: Iterable[RankedStory], trending: Sequence[RankedStory], now: datetime
) -> None:
    """Write ``story.trending`` for each story that enters the list."""
    known = {story.story_id for story in before}
    for place, story in enumerate(trending, 1):
        if story.story_id not in known:
            data = {"story": str(story.story_id), "place": place, "sources": story.coverage}
            add_event(connection, "story.trending", f"story/{story.story_id}", data, now)
