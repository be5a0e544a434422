"""Long lists of articles: their articles in order, the bounds of their pages, and facts about them.

The order of a list is publication time, then id. Each text stands once, as its first published article.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    type_coerce,
)
from sqlalchemy import tuple_ as row_of

from syndicate.model import EARLIEST, ListedArticle, known_since
from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.output.stale import HOUR
from syndicate.store.stories.same_text import NEWEST_FIRST, Rows, first_of_text

NAMED: dict[str, Column[str]] = {"tag": schema.article_tags.c.tag, "author": schema.article_authors.c.author}
"""Kinds of lists whose articles are rows of a table of their own."""
_END = 1 << 62


class Place(NamedTuple):
    """Place of an article in lists: microseconds of its publication since 1970, and its id."""

    published: int
    article_id: int


START = Place(-_END, 0)
END = Place(_END, _END)


def places(connection: Connection, kind: str, key: str, *, after: Place, until: Place) -> list[Place]:
    """Return the articles of a list between two places, the second included, in order."""
    values = {"key": int(key) if kind == "source" else key, "after": after[0], "after_id": after[1]}
    values |= {"until": until[0], "until_id": until[1]}
    return [Place(*row) for row in _PLACES[kind].rows(connection, values)]


def newest_rows(
    connection: Connection, kind: str, key: str, *, since: int, limit: int
) -> list[ListedArticle]:
    """Return facts of the newest articles of a list since a time, newest first, also of equal texts."""
    values = {"key": int(key) if kind == "source" else key, "since": since, "most": limit}
    return [_listed(row) for row in _NEWEST[kind].rows(connection, values)]


def rows_between(connection: Connection, start: int, end: int) -> list[ListedArticle]:
    """Return facts of all placed articles published in a span of time, newest first."""
    return [_listed(row) for row in _BETWEEN.rows(connection, {"start": start, "end": end})]


def texts_between(connection: Connection, start: int, end: int) -> int:
    """Return the number of texts of placed articles published in a span of time."""
    return int(_TEXTS_BETWEEN.rows(connection, {"start": start, "end": end})[0][0])


def newest_places(connection: Connection, limit: int) -> list[Place]:
    """Return the newest dated articles of all, newest first, each text once."""
    return [Place(*row) for row in _NEWEST_OF_ALL.rows(connection, {"most": limit})]


def count_of_source(connection: Connection, source_id: int) -> tuple[int, int | None]:
    """Return the number of articles of a source, and the time of its first dated article."""
    ((number, at),) = _OF_SOURCE.rows(connection, {"source": source_id})
    return int(number), at


def story_coverage(connection: Connection, story_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return (number of sources, id of the leading article) of the stories that several sources cover."""
    rows = _COVERAGE.rows_of(connection, story_ids)
    return {story_id: (coverage, lead_id) for story_id, coverage, lead_id in rows}


def partner_sources(connection: Connection, story_ids: Collection[int]) -> dict[int, int]:
    """Return, by source, the number of these stories that it reports."""
    return dict(_PARTNERS.rows(connection, {"ids": sorted(story_ids)})) if story_ids else {}


def newest_of_sources(connection: Connection) -> dict[int, int]:
    """Return, by source, the time of its newest placed article: of its first sight if none has a date."""
    table, source = schema.articles, schema.sources
    newest = (
        select(type_coerce(table.c.published, BigInteger))
        .where(table.c.source_id == source.c.id, table.c.story_id.is_not(None))
        .order_by(*NEWEST_FIRST)
        .limit(1)
        .correlate(source)
        .scalar_subquery()
    )
    rows = connection.execute(select(source.c.id, newest))
    return {
        row[0]: to_microseconds(known_since(from_microseconds(row[1]))) for row in rows if row[1] is not None
    }


def bounds(connection: Connection, name: str) -> dict[int, Place]:
    """Return the newest place on each cut page of a list, by the number of the page, oldest first."""
    return {row[0]: Place(row[1], row[2]) for row in _BOUNDS.rows(connection, {"name": name})}


def without_cut_pages(connection: Connection, marks: Iterable[str]) -> set[str]:
    """Return marks that name an hour only if the hour is on a page that was cut from its list."""
    kept: set[str] = set()
    last: dict[str, int] = {}
    for mark in marks:
        head, _, key = mark.partition(":")
        kind, _, hour = head.partition("@")
        name = f"{kind}:{key}"
        if kind != "day" and name not in last:
            rows = _LAST_BOUND.rows(connection, {"name": name})
            last[name] = rows[0][0] // HOUR if rows else -_END
        kept.add(mark if kind == "day" or not hour or int(hour) <= last[name] else name)
    return kept


def save_bounds(
    connection: Connection, name: str, before: Mapping[int, Place], after: Mapping[int, Place]
) -> None:
    """Replace the bounds of a list's pages."""
    table = schema.list_pages
    gone = [number for number in before if before[number] != after.get(number)]
    if gone:
        connection.execute(delete(table).where(table.c.list == name, table.c.number.in_(gone)))
    new = [
        {"list": name, "number": number, "published": place.published, "article_id": place.article_id}
        for number, place in after.items()
        if place != before.get(number)
    ]
    _ADD_BOUND.execute_many(connection, new)


def with_two_texts(connection: Connection, kind: str, article_ids: Sequence[int]) -> set[str]:
    """Return the tags or authors (keys) of these articles that have a page.

    A name has a page when two texts of lists carry it, or when an article with it was pruned: that article's
    page stays and links to the page of the name.
    """
    names = dict(_NAMES[kind].rows_of(connection, article_ids))
    found = {name for name, has_two in names.items() if has_two}
    return found | pruned_names(connection, kind, names.keys() - found)


def latest_named_ids(
    connection: Connection, kind: str, keys: Iterable[str], *, limit: int
) -> dict[str, list[int]]:
    """Return the latest articles with each tag or author (key), whether or not lists show them."""
    latest = _LATEST_NAMED[kind]
    return {key: [row[0] for row in latest.rows(connection, {"key": key, "most": limit})] for key in keys}


def pruned_names(connection: Connection, kind: str, keys: Collection[str]) -> set[str]:
    """Return the tags or authors (keys) among these that a pruned article had."""
    stored = {pruned_name(kind, key): key for key in keys}
    return {stored[row[0]] for row in _PRUNED.rows_of(connection, stored)}


def pruned_name(kind: str, key: str) -> str:
    """Return the stored form of a pruned article's tag or author: no tag contains a tab."""
    return key if kind == "tag" else f"{kind}\t{key}"


def _named_once(kind: str) -> list[ColumnElement[bool]]:
    """Return conditions for rows of tags or authors joined to articles: each text once per name."""
    key = NAMED[kind]
    other = key.table.alias(f"other_{kind}")

    def has_the_name(rows: Rows) -> list[ColumnElement[bool]]:
        same = select(other.c.article_id).where(other.c.article_id == rows.c.id, other.c[key.name] == key)
        return [same.correlate_except(other).exists()]

    return first_of_text(has_the_name)


def _members(kind: str, *columns: Any, once: bool) -> Select[Any]:
    """Return a query for the placed articles of a list with the parameter ``key``."""
    table = schema.articles
    if kind in NAMED:
        key = NAMED[kind]
        query = select(*columns).select_from(key.table.join(table, table.c.id == key.table.c.article_id))
        query = query.where(key == bindparam("key"))
        return query.where(*(_named_once(kind) if once else [table.c.story_id.is_not(None)]))
    if kind == "undated":
        return select(*columns).where(table.c.story_id.is_not(None), table.c.published < EARLIEST)
    column = "section_key" if kind == "section" else "source_id"
    if once:
        conditions = first_of_text(lambda rows: [getattr(rows.c, column) == bindparam("key")])
        return select(*columns).where(*conditions)
    return select(*columns).where(table.c.story_id.is_not(None), table.c[column] == bindparam("key"))


def _places(kind: str) -> CompiledStatement:
    published, number = schema.articles.c.published, schema.articles.c.id
    here = row_of(published, number)
    query = _members(kind, published, number, once=kind != "undated")
    query = query.where(
        here > row_of(_parameter("after"), bindparam("after_id", type_=BigInteger)),
        here <= row_of(_parameter("until"), bindparam("until_id", type_=BigInteger)),
    )
    return CompiledStatement(query.order_by(published, number))


def _parameter(name: str) -> Any:
    return bindparam(name, type_=BigInteger)


_ROW = tuple(
    schema.articles.c[name]
    for name in ("published", "id", "source_id", "story_id", "same_text", "section", "tags_json")
)


def _newest(kind: str) -> CompiledStatement:
    query = _members(kind, *_ROW, once=False).where(schema.articles.c.published >= _parameter("since"))
    return CompiledStatement(query.order_by(*NEWEST_FIRST).limit(bindparam("most")))


def _latest_named(key: Column[str]) -> CompiledStatement:
    number = key.table.c.article_id
    query = select(number).where(key == bindparam("key")).order_by(number.desc())
    return CompiledStatement(query.limit(bindparam("most")))


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)


def _names(kind: str) -> CompiledStatement:
    """Return a query for the names of the articles ``ids``, and whether two texts carry each."""
    key, table = NAMED[kind], schema.articles
    matching, named = key.table.alias(), key.table
    second = (
        select(named.c.article_id)
        .join(table, table.c.id == named.c.article_id)
        .where(key == matching.c[key.name], *_named_once(kind))
        .correlate(matching)
        .limit(1)
        .offset(1)
    )
    query = select(matching.c[key.name], second.exists()).where(matching.c.article_id.in_(_IDS))
    return CompiledStatement(query.distinct())


def _listed(row: Sequence[Any]) -> ListedArticle:
    published, *facts, tags = row
    return ListedArticle._make((from_microseconds(published), *facts, json.loads(tags)))


_PLACES = {kind: _places(kind) for kind in ("section", "tag", "author", "source", "undated")}
_NEWEST = {kind: _newest(kind) for kind in ("section", "tag", "author", "source")}
_LATEST_NAMED = {kind: _latest_named(key) for kind, key in NAMED.items()}
_NAMES = {kind: _names(kind) for kind in NAMED}
_PARTNERS = CompiledStatement(
    select(schema.articles.c.source_id, func.count(schema.articles.c.story_id.distinct()))
    .where(schema.articles.c.story_id.in_(_IDS))
    .group_by(schema.articles.c.source_id)
)
_PRUNED = CompiledStatement(select(schema.pruned_tags.c.tag).where(schema.pruned_tags.c.tag.in_(_IDS)))
_COVERAGE = CompiledStatement(
    select(schema.stories.c.id, schema.stories.c.coverage, schema.stories.c.lead_id).where(
        schema.stories.c.id.in_(_IDS), schema.stories.c.coverage > 1
    )
)
_SPAN = (
    schema.articles.c.published >= _parameter("start"),
    schema.articles.c.published < _parameter("end"),
    schema.articles.c.story_id.is_not(None),
)
_BETWEEN = CompiledStatement(select(*_ROW).where(*_SPAN).order_by(*NEWEST_FIRST))
_TEXTS_BETWEEN = CompiledStatement(select(func.count(schema.articles.c.same_text.distinct())).where(*_SPAN))
_NEWEST_OF_ALL = CompiledStatement(
    select(schema.articles.c.published, schema.articles.c.id)
    .where(*first_of_text(lambda rows: [rows.c.published >= EARLIEST]))
    .order_by(*NEWEST_FIRST)
    .limit(bindparam("most"))
)
_DATED = schema.articles.c.published >= EARLIEST
_FIRST: Any = func.min(schema.articles.c.published, type_=BigInteger).filter(_DATED)
_OF_SOURCE = CompiledStatement(
    select(func.count(), _FIRST).where(schema.articles.c.source_id == bindparam("source"))
)
_PAGES = schema.list_pages.c
_BOUND = select(_PAGES.published, _PAGES.article_id).where(_PAGES.list == bindparam("name"))
_LAST_BOUND = CompiledStatement(_BOUND.order_by(_PAGES.number.desc()).limit(1))
_BOUNDS = CompiledStatement(
    select(_PAGES.number, _PAGES.published, _PAGES.article_id)
    .where(_PAGES.list == bindparam("name"))
    .order_by(_PAGES.number)
)
_ADD_BOUND = CompiledStatement(insert(schema.list_pages))
