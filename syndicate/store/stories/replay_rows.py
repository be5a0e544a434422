"""Copy of a store as known at a past time into an empty store, to replay it.

Rows have today's values, except for the places of articles in stories. Rows that retention deleted since
are missing.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, or_, select

from syndicate.store import schema
from syndicate.store.core.batches import in_batches
from syndicate.store.search import word_index

_COPIED_TOGETHER = 500


def copy_context(source: Connection, target: Connection) -> None:
    """Copy sources and the editor's decisions."""
    for table in (schema.sources, schema.editor_log):
        for rows in source.execute(select(table)).mappings().partitions(_COPIED_TOGETHER):
            target.execute(insert(table), [dict(row) for row in rows])


def copy_placed_articles(
    source: Connection, target: Connection, *, since: datetime, before: datetime
) -> list[int]:
    """Copy articles first seen before a time, in their current stories; return these stories.

    Includes only articles published ``since`` a time, and articles the editor decided about.
    """
    table, log = schema.articles, schema.editor_log
    included = or_(table.c.published >= since, table.c.uid.in_(select(log.c.article_uid)))
    known = and_(table.c.first_seen < before, table.c.story_id.is_not(None), included)
    ids = list(source.scalars(select(table.c.id).where(known).order_by(table.c.id)))
    story_ids: set[int] = set()
    for batch in in_batches(ids, _COPIED_TOGETHER):
        story_ids.update(source.scalars(select(table.c.story_id).where(table.c.id.in_(batch)).distinct()))
        _copy(source, target, table, table.c.id.in_(batch))
        _copy_parts(source, target, batch)
        for placed in (schema.article_terms, schema.story_reasons):
            _copy(source, target, placed, placed.c.article_id.in_(batch))
    _copy_links(source, target, ids)
    stories = sorted(story_ids)
    for batch in in_batches(stories, _COPIED_TOGETHER):
        _copy(source, target, schema.stories, schema.stories.c.id.in_(batch))
    return stories


def articles_first_seen(
    connection: Connection, *, since: datetime, until: datetime
) -> list[tuple[int, datetime]]:
    """Return (id, first seen) of the articles first seen in a time span, in order."""
    table = schema.articles
    query = select(table.c.id, table.c.first_seen)
    query = query.where(table.c.first_seen >= since, table.c.first_seen <= until)
    order = (table.c.first_seen, table.c.published, table.c.id)
    return [(row.id, row.first_seen) for row in connection.execute(query.order_by(*order))]


def copy_unplaced_articles(source: Connection, target: Connection, article_ids: Sequence[int]) -> None:
    """Copy articles without their place."""
    table = schema.articles
    rows = source.execute(select(table).where(table.c.id.in_(article_ids))).mappings()
    fresh = {"story_id": None, "same_text": None, "placed": False}
    if values := [dict(row) | fresh for row in rows]:
        target.execute(insert(table), values)
    _copy_parts(source, target, article_ids)


def _copy_links(source: Connection, target: Connection, article_ids: Sequence[int]) -> None:
    """Copy the related links between these articles, and which of them are neighbours."""
    known = set(article_ids)
    for table, other in ((schema.related, "related_id"), (schema.neighbours, "neighbour_id")):
        for batch in in_batches(article_ids, _COPIED_TOGETHER):
            rows = source.execute(select(table).where(table.c.article_id.in_(batch))).mappings()
            if links := [dict(row) for row in rows if row[other] in known]:
                target.execute(insert(table), links)


def _copy_parts(source: Connection, target: Connection, article_ids: Sequence[int]) -> None:
    for table in (schema.article_bodies, schema.article_tags, schema.article_authors, schema.reads):
        _copy(source, target, table, table.c.article_id.in_(article_ids))
    word_index.index_again(target, article_ids)


def _copy(source: Connection, target: Connection, table: Table, condition: ColumnElement[bool]) -> None:
    query = select(table).where(condition)
    if rows := [dict(row) for row in source.execute(query).mappings()]:
        target.execute(insert(table), rows)
