"""Stored ranked lists (top and trending), and the counts from which they are computed."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    type_coerce,
)

from syndicate.model import EARLIEST, RankedStory
from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_json, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_for, insert_on
from syndicate.store.stories.story_leads import LIST_LEADS
from syndicate.store.stories.story_moves import SPLIT
from syndicate.text.names import tag_key

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 2**62
# The count of each source stops at the number that shows it is not rare.
_SOME = (
    select(schema.articles.c.id)
    .where(
        schema.articles.c.source_id == schema.sources.c.id,
        schema.articles.c.published.between(bindparam("since"), bindparam("until")),
    )
    .limit(bindparam("enough"))
    .correlate(schema.sources)
    .subquery()
)
_FEW = select(func.count()).select_from(_SOME).scalar_subquery().between(1, bindparam("most"))
_RARE = CompiledStatement(select(schema.sources.c.id).where(_FEW))
_AMONG: BindParameter[int] = bindparam("ids", expanding=True)
_RARE_OF = CompiledStatement(select(schema.sources.c.id).where(_FEW, schema.sources.c.id.in_(_AMONG)))
_OWN, _OTHER = schema.articles.alias("own"), schema.articles.alias("other")
_SEEN = case((_OTHER.c.published < _OTHER.c.first_seen, _OTHER.c.published), else_=_OTHER.c.first_seen)


def _linked_sources(article: Column[int], other: Column[int], fact: ColumnElement[Any]) -> CompiledStatement:
    """Return a statement for a fact about each source to which pairs of articles lead from stories."""
    return CompiledStatement(
        select(_OWN.c.story_id, _OTHER.c.source_id, fact)
        .join(article.table, article == _OWN.c.id)
        .join(_OTHER, _OTHER.c.id == other)
        .where(
            _OWN.c.story_id.in_(_AMONG),
            _OTHER.c.story_id != _OWN.c.story_id,
            _OTHER.c.first_seen <= bindparam("until"),
            _OWN.c.first_seen <= bindparam("until"),
        )
        .group_by(_OWN.c.story_id, _OTHER.c.source_id)
    )


_RELATED = _linked_sources(schema.related.c.article_id, schema.related.c.related_id, func.max(_SEEN))
_PAIRS = schema.neighbours.c
_NEAR = _linked_sources(_PAIRS.article_id, _PAIRS.neighbour_id, func.count(_OTHER.c.id.distinct()))
_FORGET_NEAR = CompiledStatement(delete(schema.neighbours).where(_PAIRS.article_id == bindparam("article")))
_ADD_NEAR = CompiledStatement(insert(schema.neighbours))

_RANKED_FIELDS = ("position", "story_id", "article_id", "score", "coverage")
_RANKED = CompiledStatement(
    select(schema.ranked.c.parts_json, *(schema.ranked.c[name] for name in _RANKED_FIELDS))
    .where(schema.ranked.c.list == bindparam("list"))
    .order_by(schema.ranked.c.position)
)
_ARTICLES = schema.articles.c
_FIRST = CompiledStatement(
    select(_ARTICLES.published)
    .where(_ARTICLES.published >= bindparam("earliest"))
    .order_by(_ARTICLES.published)
    .limit(1)
)
_STORIES_OF = CompiledStatement(select(_ARTICLES.story_id).where(_ARTICLES.id.in_(_AMONG)))
_STORIES = schema.stories.c
_UPDATED = CompiledStatement(
    select(_STORIES.id).where(_STORIES.updated >= bindparam("since"), _STORIES.updated < bindparam("until"))
)


class SourceWeight(NamedTuple):
    """Learned weight of a source (1 is average), and its evidence."""

    weight: float
    prominence: float
    articles: int
    learned: datetime | None = None


_LEARNED = (schema.source_weights.c[name] for name in ("source_id", *SourceWeight._fields))
_WEIGHTS = CompiledStatement(select(*_LEARNED))


def ranked_stories(connection: Connection, name: str, *, limit: int | None = None) -> tuple[RankedStory, ...]:
    """Return a stored list, best first."""
    return tuple(map(_ranked_story, _RANKED.rows(connection, {"list": name})[:limit]))


# Each tick reads the lists, and most rows are those of the tick before.
@lru_cache(maxsize=256)
def _ranked_story(row: tuple[Any, ...]) -> RankedStory:
    parts, *values = row
    return RankedStory(parts=json.loads(parts), **dict(zip(_RANKED_FIELDS, values, strict=True)))


def save_ranked(connection: Connection, name: str, ranked: Sequence[RankedStory]) -> None:
    """Replace a stored list; keep its articles in its feed while their stories are listed."""
    rows = [
        {key: getattr(story, key) for key in _RANKED_FIELDS}
        | {"list": name, "parts_json": to_json(dict(story.parts))}
        for story in ranked
    ]
    _UNRANK.execute_many(connection, [{"name": name}])
    _RANK.execute_many(connection, rows)
    _LIST.execute(connection, {"name": name})
    LIST_LEADS.execute(connection, {})
    _UNLIST.execute(connection, {"name": name})


def _listing(dialect: str) -> Any:
    """Return the statement that stores the articles that lead the stories of a list."""
    ranked, articles = schema.ranked, schema.articles
    listed = select(ranked.c.list, articles.c.id).join(articles, articles.c.id == ranked.c.article_id)
    keys, listed = ["list", "article_id"], listed.where(_IN_LIST).distinct()
    statement = insert_on(dialect, schema.listed_articles).from_select(keys, listed)
    return statement.on_conflict_do_update(index_elements=keys, set_={"language": ""})


def _unlisting() -> CompiledStatement:
    """Return the statement that forgets the articles of a list whose stories are in it no more.

    Articles of a listed story that splits stay as well, since a feed cannot withdraw an item.
    """
    table, ranked, articles = schema.listed_articles, schema.ranked, schema.articles
    stories, moves = select(ranked.c.story_id).where(_IN_LIST), schema.story_moves
    # A move into an existing story is no split of the listed story.
    began = schema.stories.c.id == moves.c.to_story, schema.stories.c.created == moves.c.moved
    split = moves.c.kind == SPLIT, select(schema.stories.c.id).where(*began).correlate(moves).exists()
    split_off = select(moves.c.to_story).where(*split, moves.c.from_story.in_(stories))
    left_behind = select(moves.c.from_story).where(*split, moves.c.to_story.in_(stories))
    in_listed_stories = or_(*(articles.c.story_id.in_(ids) for ids in (stories, split_off, left_behind)))
    there = select(articles.c.id).where(in_listed_stories)
    ended = table.c.list == bindparam("name"), table.c.article_id.not_in(there)
    return CompiledStatement(delete(table).where(*ended))


_IN_LIST = schema.ranked.c.list == bindparam("name")
_UNRANK = CompiledStatement(delete(schema.ranked).where(_IN_LIST))
_RANK, _LIST, _UNLIST = CompiledStatement(insert(schema.ranked)), CompiledStatement(_listing), _unlisting()


def section_counts(
    connection: Connection,
    spans: Sequence[tuple[datetime, datetime]],
    sections: Collection[str] | None = None,
) -> dict[str, tuple[int, int]]:
    """Return (articles, stories) by section, or by these sections, published in time spans."""
    times: dict[str, int] = {}
    for place, (since, until) in enumerate(spans):
        times |= {f"since_{place}": to_microseconds(since), f"until_{place}": to_microseconds(until)}
    statement = _section_counts(len(spans), of_sections=sections is not None)
    if sections is None:
        counted = statement.rows(connection, times)
        return {section: (articles, stories) for section, articles, stories in counted}
    of_keys = statement.rows_of(connection, {tag_key(section) for section in sections}, **times)
    return {section: (articles, stories) for section, articles, stories in of_keys if section in sections}


@lru_cache(maxsize=16)
def _section_counts(spans: int, *, of_sections: bool) -> CompiledStatement:
    """Return a statement for the articles and stories of each section in a number of time spans."""
    table = schema.articles.c
    texts = func.count(func.coalesce(table.same_text, -table.id).distinct())
    # The key stands in the condition of each span: else SQLite reads the whole section.
    keys = (table.section_key.in_(_AMONG),) if of_sections else ()
    begun = (table.published >= bindparam(f"since_{place}") for place in range(spans))
    ended = (table.published < bindparam(f"until_{place}") for place in range(spans))
    in_spans = (and_(*keys, *times) for times in zip(begun, ended, strict=True))
    counts = select(table.section, texts, func.count(table.story_id.distinct())).where(or_(*in_spans))
    return CompiledStatement(counts.group_by(table.section))


def first_published(connection: Connection) -> datetime | None:
    """Return when the oldest dated article was published."""
    rows = _FIRST.rows(connection, {"earliest": to_microseconds(EARLIEST)})
    return from_microseconds(rows[0][0]) if rows else None


def stories_updated(connection: Connection, *, since: datetime, until: datetime) -> set[int]:
    """Return the stories whose last update lies in a time span."""
    times = {"since": to_microseconds(since), "until": to_microseconds(until)}
    return {story_id for (story_id,) in _UPDATED.rows(connection, times)}


def stories_of(connection: Connection, article_ids: Sequence[int]) -> set[int]:
    """Return the stories of these articles."""
    return {story_id for (story_id,) in _STORIES_OF.rows_of(connection, article_ids)} - {None}


def source_records(
    connection: Connection, *, since: datetime, until: datetime, enough: int
) -> dict[int, tuple[int, dict[int, float]]]:
    """Return, by source, its article count and the prominence of its articles, in a time span.

    The prominence of an article is the number of sources that begin to tell its story within a day after
    it, as a share of ``enough`` and at most 1. These sources share it in equal parts.
    """
    table, published = schema.articles, schema.articles.c.published
    judged = (published >= since, published < until, table.c.story_id.is_not(None))
    begun = (
        select(table.c.story_id, table.c.source_id, func.min(published).label("first"))
        .where(table.c.story_id.in_(select(table.c.story_id).where(*judged)))
        .group_by(table.c.story_id, table.c.source_id)
        .cte("begun")
    )
    later = type_coerce(begun.c.first, BigInteger) - type_coerce(published, BigInteger)
    # An article's own source began no later than the article, so it is never counted here.
    follows = (begun.c.story_id == table.c.story_id) & later.between(1, _DAY // _MICROSECOND)
    followed = (
        select(
            table.c.source_id,
            begun.c.source_id.label("other"),
            # Partitioning by the bare id makes SQLite read the whole table in id order.
            func.count().over(partition_by=table.c.id + 0).label("others"),
        )
        .join(begun, follows)
        .where(*judged)
        .subquery()
    )
    counted = case((followed.c.others > enough, enough), else_=followed.c.others)
    share = func.sum(counted * 1.0 / followed.c.others) / enough
    articles = select(table.c.source_id, func.count()).where(*judged).group_by(table.c.source_id)
    found: dict[int, tuple[int, dict[int, float]]]
    found = {source: (count, {}) for source, count in connection.execute(articles)}
    query = select(followed.c.source_id, followed.c.other, share)
    for source, other, part in connection.execute(query.group_by(followed.c.source_id, followed.c.other)):
        found[source][1][other] = round(float(part), 6)
    return found


def save_source_weights(
    connection: Connection, weights: Mapping[int, SourceWeight], *, now: datetime
) -> None:
    """Replace the learned weights."""
    connection.execute(delete(schema.source_weights))
    learned = {"learned": now}
    rows = [weight._asdict() | {"source_id": source} | learned for source, weight in sorted(weights.items())]
    if rows:
        connection.execute(insert(schema.source_weights), rows)


def source_weights(connection: Connection) -> dict[int, SourceWeight]:
    """Return the learned weight of each source by its id."""
    return {
        source: SourceWeight._make((*values, from_microseconds(learned)))
        for source, *values, learned in _WEIGHTS.rows(connection, {})
    }


def rare_sources(
    connection: Connection, ids: Collection[int] | None, *, since: datetime, until: datetime, most: int
) -> set[int]:
    """Return the sources, or those among ``ids``, with 1 to ``most`` articles published in a time span."""
    span = {"since": to_microseconds(since), "until": to_microseconds(until)}
    span |= {"most": most, "enough": most + 1}
    rows = _RARE.rows(connection, span) if ids is None else _RARE_OF.rows_of(connection, ids, **span)
    return {source for (source,) in rows}


def linked_sources(
    connection: Connection, story_ids: Sequence[int], *, until: datetime | None = None
) -> tuple[dict[int, dict[int, datetime]], dict[int, dict[int, int]]]:
    """Return, by story, the sources that its related links lead to, and the sources of the nearest articles.

    A source of related links comes with the newest time at which an article was seen or published, a source
    of nearest articles with their number. Articles of the story do not count, nor do articles first seen
    after ``until``.
    """
    last = _LATEST if until is None else to_microseconds(until)
    related: dict[int, dict[int, datetime]] = {}
    near: dict[int, dict[int, int]] = {}
    for story, source, seen in _RELATED.rows_of(connection, story_ids, until=last):
        related.setdefault(story, {})[source] = from_microseconds(seen)
    for story, source, count in _NEAR.rows_of(connection, story_ids, until=last):
        near.setdefault(story, {})[source] = count
    return related, near


def save_neighbours(connection: Connection, neighbours: Mapping[int, Sequence[int]]) -> None:
    """Replace the nearest articles of articles."""
    rows = [
        {"article_id": article_id, "neighbour_id": neighbour}
        for article_id, nearest in neighbours.items()
        for neighbour in nearest
    ]
    _FORGET_NEAR.execute_many(connection, [{"article": article_id} for article_id in neighbours])
    _ADD_NEAR.execute_many(connection, rows)


def prune_inputs(connection: Connection, *, before: datetime) -> None:
    """Forget page openings, and neighbours of articles first seen, before a time: no list ranks these."""
    table, articles = schema.neighbours, schema.articles
    first_kept = select(func.min(articles.c.id)).where(articles.c.first_seen >= before).scalar_subquery()
    connection.execute(delete(table).where(table.c.article_id < first_kept))
    connection.execute(delete(schema.reads).where(schema.reads.c.hour < before))


def add_reads(connection: Connection, counts: Mapping[str, int], *, hour: datetime) -> None:
    """Add page openings, by page path, to the counts of an hour; unknown paths are ignored."""
    table, articles = schema.reads, schema.articles
    query = select(articles.c.id, articles.c.path).where(articles.c.path.in_(counts))
    found = connection.execute(query.order_by(articles.c.id))
    rows = [{"article_id": row.id, "hour": hour, "count": counts[row.path]} for row in found]
    if rows:
        statement, keys = insert_for(connection, table), ["article_id", "hour"]
        added = {"count": table.c.count + statement.excluded.count}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)


def story_reads(connection: Connection, *, since: datetime, until: datetime) -> dict[int, int]:
    """Return the number of page openings by story in a time span."""
    table, articles = schema.reads, schema.articles
    query = (
        select(articles.c.story_id, func.sum(table.c.count))
        .join(articles, articles.c.id == table.c.article_id)
        .where(table.c.hour >= since, table.c.hour <= until, articles.c.story_id.is_not(None))
        .group_by(articles.c.story_id)
    )
    return {story: int(count) for story, count in connection.execute(query) if story is not None}
