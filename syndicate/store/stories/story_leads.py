"""Leads by language, for stories with articles in several languages."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_on
from syndicate.store.output.stale import mark_stories

LanguageLeads = dict[tuple[int, str], int]
"""Leading article by story and language (a tag without region)."""
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_TABLE = schema.story_leads
_OF_STORIES = CompiledStatement(select(_TABLE).where(_TABLE.c.story_id.in_(_IDS)))
_FORGET = CompiledStatement(delete(_TABLE).where(_TABLE.c.story_id == bindparam("story")))
_ADD = CompiledStatement(insert(_TABLE))


def language_leads(connection: Connection, story_ids: Iterable[int]) -> LanguageLeads:
    """Return the leads of stories by language; a story in a single language has none."""
    rows = _OF_STORIES.rows_of(connection, set(story_ids))
    return {(story_id, language): article_id for story_id, language, article_id in rows}


def save_language_leads(connection: Connection, story_ids: Iterable[int], leads: LanguageLeads) -> None:
    """Replace the leads of stories by language; mark the pages of stories that have or had any."""
    changed = sorted({story_id for story_id, _ in language_leads(connection, story_ids) | leads})
    mark_stories(connection, changed)
    _FORGET.execute_many(connection, [{"story": story_id} for story_id in changed])
    rows = [(*key, lead) for key, lead in sorted(leads.items())]
    _ADD.execute_many(connection, [dict(zip(_TABLE.c.keys(), row, strict=True)) for row in rows])
    if rows:
        LIST_LEADS.execute(connection, {})


def _listing(dialect: str) -> Any:
    """Return the statement that stores the leads of listed stories in each language beside other leads."""
    found = select(schema.ranked.c.list, _TABLE.c.article_id, _TABLE.c.language).distinct()
    found = found.join(_TABLE, _TABLE.c.story_id == schema.ranked.c.story_id)
    new = insert_on(dialect, schema.listed_articles)
    return new.from_select(["list", "article_id", "language"], found).on_conflict_do_nothing()


LIST_LEADS = CompiledStatement(_listing)
