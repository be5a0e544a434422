"""Statements about stories that run at each tick, compiled once."""

from sqlalchemy import BindParameter, bindparam, select, union, update

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement

_SEEN = schema.articles.c.first_seen
NEWEST = CompiledStatement(select(_SEEN).where(bindparam("until") >= _SEEN).order_by(_SEEN.desc()).limit(1))
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_BESIDES: BindParameter[int] = bindparam("besides", expanding=True)
_MEMBERS_QUERY = (
    select(
        *(schema.articles.c.story_id, schema.stories.c.lead_id),
        *(schema.articles.c[name] for name in ("id", "source_id", "section", "words", "same_text")),
        (schema.sources.c.weight * schema.articles.c.boost).label("weight"),
        schema.articles.c.image_json.is_not(None),
        *(schema.articles.c[name] for name in ("published", "first_seen", "language")),
    )
    .join(schema.stories, schema.stories.c.id == schema.articles.c.story_id)
    .join(schema.sources, schema.sources.c.id == schema.articles.c.source_id)
    .order_by(schema.articles.c.story_id, schema.articles.c.published, schema.articles.c.id)
)
_MOVED, _NAMED = schema.stories.c.updated >= bindparam("since"), schema.stories.c.id.in_(_BESIDES)
# A union: SQLite reads the whole table for an OR of the two conditions.
_SINCE = union(*(select(schema.stories.c.id).where(condition) for condition in (_MOVED, _NAMED)))
MEMBERS = CompiledStatement(_MEMBERS_QUERY.where(schema.articles.c.story_id.in_(_SINCE)))
MEMBERS_OF = CompiledStatement(_MEMBERS_QUERY.where(_MOVED | _NAMED, schema.articles.c.story_id.in_(_IDS)))
_COUNTED = (schema.stories.c[name] for name in ("id", "coverage", "articles", "lead_id", "path"))
COUNTS = CompiledStatement(select(*_COUNTED).where(schema.stories.c.id.in_(_IDS)))
IN_STORIES = CompiledStatement(select(schema.articles.c.id).where(schema.articles.c.story_id.in_(_IDS)))
SAVING = CompiledStatement(
    update(schema.stories)
    .where(schema.stories.c.id == bindparam("story"))
    .values({name: bindparam(name) for name in ("lead_id", "articles", "coverage", "updated")})
)
