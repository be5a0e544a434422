"""Leads by language, for stories with articles in several languages."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from syndicate.store import schema
from syndicate.store.core.batches import in_batches, rows_with
from syndicate.store.core.upsert import insert_for
from syndicate.store.output.stale import mark_stale

LanguageLeads = dict[tuple[int, str], int]
"""Leading article by story and language (a tag without region)."""


def language_leads(connection: Connection, story_ids: Iterable[int]) -> LanguageLeads:
    """Return the leads of stories by language; a story in a single language has none."""
    table = schema.story_leads
    rows = rows_with(connection, select(table), table.c.story_id, sorted(set(story_ids)))
    return {(row.story_id, row.language): row.article_id for row in rows}


def save_language_leads(connection: Connection, story_ids: Iterable[int], leads: LanguageLeads) -> None:
    """Replace the leads of stories by language; mark the pages of stories that have or had any."""
    table, articles = schema.story_leads, schema.articles
    changed = sorted({story_id for story_id, _ in language_leads(connection, story_ids) | leads})
    for batch in in_batches(changed):
        connection.execute(delete(table).where(table.c.story_id.in_(batch)))
        pages = connection.scalars(select(articles.c.id).where(articles.c.story_id.in_(batch)))
        mark_stale(connection, pages)
    names = [column.name for column in table.c]
    if rows := [dict(zip(names, (*key, lead), strict=True)) for key, lead in sorted(leads.items())]:
        connection.execute(insert(table), rows)
        list_language_leads(connection, table.c.story_id.in_(changed))


def list_language_leads(connection: Connection, *conditions: ColumnElement[bool]) -> None:
    """Store the leads of listed stories in each language beside the leads of the whole stories."""
    leads, ranked, listed = schema.story_leads, schema.ranked, schema.listed_articles
    found = select(ranked.c.list, leads.c.article_id, leads.c.language)
    found = found.join(leads, leads.c.story_id == ranked.c.story_id).where(*conditions).distinct()
    statement = insert_for(connection, listed).from_select(["list", "article_id", "language"], found)
    connection.execute(statement.on_conflict_do_nothing())
