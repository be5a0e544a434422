"""Leads by language, for stories with articles in several languages."""

from collections.abc import Iterable

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, delete, insert, select

from syndicate.store import schema
from syndicate.store.core.batches import in_batches
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_on
from syndicate.store.output.stale import mark_stale

LanguageLeads = dict[tuple[int, str], int]
"""Leading article by story and language (a tag without region)."""
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_OF_STORIES = CompiledStatement(select(schema.story_leads).where(schema.story_leads.c.story_id.in_(_IDS)))


def language_leads(connection: Connection, story_ids: Iterable[int]) -> LanguageLeads:
    """Return the leads of stories by language; a story in a single language has none."""
    batches = in_batches(sorted(set(story_ids)))
    rows = (row for batch in batches for row in _OF_STORIES.rows(connection, {"ids": batch}))
    return {(story_id, language): article_id for story_id, language, article_id in rows}


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
        _LIST_LEADS.execute_many(connection, [{"story": story_id} for story_id in changed])


def _listing(condition: ColumnElement[bool]) -> CompiledStatement:
    """Return the statement that stores the leads of listed stories in each language beside other leads."""
    leads, ranked, listed = schema.story_leads, schema.ranked, schema.listed_articles
    found = select(ranked.c.list, leads.c.article_id, leads.c.language)
    found = found.join(leads, leads.c.story_id == ranked.c.story_id).where(condition).distinct()
    names = ["list", "article_id", "language"]
    return CompiledStatement(
        lambda dialect: insert_on(dialect, listed).from_select(names, found).on_conflict_do_nothing()
    )


LIST_LEADS_OF_LIST = _listing(schema.ranked.c.list == bindparam("name"))
_LIST_LEADS = _listing(schema.story_leads.c.story_id == bindparam("story"))
