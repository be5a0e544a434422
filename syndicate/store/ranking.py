"""The stored lists: top and trending, as last computed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from syndicate.model import RankedStory
from syndicate.store import schema
from syndicate.store.upsert import insert_for


def ranked_stories(connection: Connection, name: str, *, limit: int | None = None) -> tuple[RankedStory, ...]:
    """A stored list, best first."""
    table = schema.ranked
    query = select(table).where(table.c.list == name).order_by(table.c.position).limit(limit)
    return tuple(
        RankedStory(
            story_id=row.story_id,
            article_id=row.article_id,
            position=row.position,
            score=row.score,
            coverage=row.coverage,
            parts=row.parts_json,
        )
        for row in connection.execute(query)
    )


def save_ranked(connection: Connection, name: str, ranked: Sequence[RankedStory]) -> None:
    """Replace a stored list, and remember its articles as long as their stories are in it."""
    table = schema.ranked
    connection.execute(delete(table).where(table.c.list == name))
    if ranked:
        connection.execute(
            insert(table),
            [
                {
                    "list": name,
                    "position": story.position,
                    "story_id": story.story_id,
                    "article_id": story.article_id,
                    "score": story.score,
                    "coverage": story.coverage,
                    "parts_json": dict(story.parts),
                }
                for story in ranked
            ],
        )
    _remember_listed(connection, name)


def _remember_listed(connection: Connection, name: str) -> None:
    """A feed keeps an article that it had while its story is listed, whichever article leads it now."""
    table, ranked, articles = schema.listed_articles, schema.ranked, schema.articles
    listed = select(ranked.c.list, articles.c.id).join(articles, articles.c.id == ranked.c.article_id)
    listed = listed.where(ranked.c.list == name).distinct()
    statement = insert_for(connection, table).from_select(["list", "article_id"], listed)
    connection.execute(statement.on_conflict_do_nothing())
    stories = select(ranked.c.story_id).where(ranked.c.list == name)
    there = select(articles.c.id).where(articles.c.story_id.in_(stories))
    connection.execute(delete(table).where(table.c.list == name, table.c.article_id.not_in(there)))


def section_counts(connection: Connection, *, since: datetime, until: datetime) -> dict[str, int]:
    """Articles per section in a span of time: what is usual there."""
    table = schema.articles
    query = (
        select(table.c.section, func.count())
        .where(table.c.first_seen >= since, table.c.first_seen < until, table.c.duplicate_of.is_(None))
        .group_by(table.c.section)
    )
    return {section: count for section, count in connection.execute(query)}  # noqa: C416
