"""Which articles a channel holds: query clauses as SQL, the same on both engines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select, true

from syndicate.model import Article, Clause, ClauseField
from syndicate.store import schema
from syndicate.store.articles import article_of, search_text
from syndicate.store.same_text import first_of_text


def channel_articles(connection: Connection, clauses: Sequence[Clause], *, limit: int) -> list[Article]:
    """Return the newest articles for which every clause holds, newest first, each text once.

    Articles wait until they have a story.
    """
    table = schema.articles
    query = select(table).where(*_shown(clauses))
    query = query.order_by(table.c.published.desc(), table.c.id.desc()).limit(limit)
    return [article_of(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One of several wishes: clauses that all hold, and of these sections and languages (empty: of any)."""

    clauses: tuple[Clause, ...] = ()
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def wished_articles(connection: Connection, wishes: Sequence[Wish], *, limit: int) -> list[Article]:
    """Return the newest articles that at least one wish takes, newest first, each text once."""
    table = schema.articles
    query = select(table).where(*first_of_text(lambda rows: [or_(*(_wished(wish, rows) for wish in wishes))]))
    query = query.order_by(table.c.published.desc(), table.c.id.desc()).limit(limit)
    return [article_of(row) for row in connection.execute(query)]


def _wished(wish: Wish, rows: FromClause) -> ColumnElement[bool]:
    conditions = _conditions(wish.clauses, rows)
    if wish.sections:
        conditions.append(rows.c.section.in_(wish.sections))
    if wish.languages:
        conditions.append(or_(*(_language(tag, rows) for tag in wish.languages)))
    return and_(true(), *conditions)


def channel_signature(
    connection: Connection, clauses: Sequence[Clause], *, limit: int
) -> list[tuple[int, str, str]]:
    """(article id, content hash, editor's headline) of what ``channel_articles`` would return, cheaply."""
    table = schema.articles
    query = select(table.c.id, table.c.content_hash, table.c.headline).where(*_shown(clauses))
    query = query.order_by(table.c.published.desc(), table.c.id.desc()).limit(limit)
    return [(row.id, row.content_hash, row.headline) for row in connection.execute(query)]


def matching_stories(connection: Connection, clauses: Sequence[Clause], story_ids: Sequence[int]) -> set[int]:
    """Return the stories that have at least one article for which every clause holds."""
    table = schema.articles
    query = select(table.c.story_id).where(table.c.story_id.in_(story_ids), *_conditions(clauses, table))
    return {story_id for story_id in connection.scalars(query.distinct()) if story_id is not None}


def related_signature(connection: Connection, ids: Sequence[int]) -> list[tuple[int, int, str, str]]:
    """(article id, related id, related content hash, its editor's headline) of these articles, in order."""
    table, articles = schema.related, schema.articles
    query = (
        select(table.c.article_id, table.c.related_id, articles.c.content_hash, articles.c.headline)
        .join(articles, articles.c.id == table.c.related_id)
        .where(table.c.article_id.in_(ids))
        .order_by(table.c.article_id, table.c.position)
    )
    return [
        (row.article_id, row.related_id, row.content_hash, row.headline) for row in connection.execute(query)
    ]


def source_articles(
    connection: Connection, source_ids: Sequence[int], *, since: datetime, limit: int
) -> list[Article]:
    """The newest articles of these sources published since a moment; at least the newest of all."""
    table = schema.articles
    query = select(table).where(table.c.source_id.in_(source_ids), table.c.story_id.is_not(None))
    query = query.order_by(table.c.published.desc(), table.c.id.desc())
    found = [
        article_of(row) for row in connection.execute(query.where(table.c.published >= since).limit(limit))
    ]
    return found or [article_of(row) for row in connection.execute(query.limit(1))]


def section_articles(connection: Connection, section: str, *, limit: int) -> list[Article]:
    """The newest articles of a section, newest first."""
    clause = Clause(field=ClauseField.SECTION, values=(section,))
    return channel_articles(connection, (clause,), limit=limit)


def tagged_articles(connection: Connection, tags: Iterable[str], *, limit: int) -> dict[str, list[int]]:
    """Return ids of the newest articles with each of these tags (in lower case), each text once."""
    table, tagged = schema.articles, schema.article_tags
    theirs = tagged.alias("theirs")

    def has_the_tag(rows: FromClause) -> list[ColumnElement[bool]]:
        same = select(theirs.c.tag).where(theirs.c.article_id == rows.c.id, theirs.c.tag == tagged.c.tag)
        return [same.exists()]

    place = func.row_number().over(
        partition_by=tagged.c.tag, order_by=(table.c.published.desc(), table.c.id.desc())
    )
    ranked = (
        select(tagged.c.tag, tagged.c.article_id, place.label("place"))
        .join(table, table.c.id == tagged.c.article_id)
        .where(tagged.c.tag.in_(sorted(tags)), *first_of_text(has_the_tag))
        .subquery()
    )
    found: dict[str, list[int]] = {}
    query = select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.tag, ranked.c.place)
    for row in connection.execute(query):
        found.setdefault(row.tag, []).append(row.article_id)
    return found


def languages(connection: Connection) -> list[str]:
    """Every language that articles are written in, by its tag without a region: ``en`` for ``en-gb`` too."""
    table = schema.articles
    query = select(table.c.language).where(table.c.language != "").distinct()
    return sorted({tag.partition("-")[0] for tag in connection.scalars(query)})


def sections(connection: Connection) -> list[str]:
    """Every section that has articles, by name."""
    table = schema.articles
    query = select(table.c.section).where(table.c.section != "").distinct().order_by(table.c.section)
    return list(connection.scalars(query))


def tag_counts(connection: Connection, tags: Iterable[str]) -> dict[str, int]:
    """How many articles carry each of these tags, by the tag in lower case."""
    table = schema.article_tags
    wanted = sorted({tag.casefold() for tag in tags})
    query = select(table.c.tag, func.count()).where(table.c.tag.in_(wanted)).group_by(table.c.tag)
    return {tag: count for tag, count in connection.execute(query)}  # noqa: C416


def _shown(clauses: Sequence[Clause]) -> list[ColumnElement[bool]]:
    return first_of_text(lambda rows: _conditions(clauses, rows))


def _conditions(clauses: Sequence[Clause], rows: FromClause) -> list[ColumnElement[bool]]:
    """Return what a query asks of articles, in a table or alias of articles."""
    return [_condition(clause, rows) for clause in clauses]


def _condition(clause: Clause, rows: FromClause) -> ColumnElement[bool]:
    condition: ColumnElement[bool]
    match clause.field:
        case ClauseField.SECTION:
            condition = rows.c.section.in_(clause.values)
        case ClauseField.SOURCE:
            sources = schema.sources
            condition = rows.c.source_id.in_(select(sources.c.id).where(sources.c.name.in_(clause.values)))
        case ClauseField.TAG:
            tagged = schema.article_tags
            wanted = [value.casefold() for value in clause.values]
            condition = rows.c.id.in_(select(tagged.c.article_id).where(tagged.c.tag.in_(wanted)))
        case ClauseField.LANGUAGE:
            condition = or_(*(_language(value.lower(), rows) for value in clause.values))
        case ClauseField.WORD:
            words = (rows.c.search.contains(search_text(value), autoescape=True) for value in clause.values)
            condition = or_(*words)
        case ClauseField.LIST:
            listed = schema.listed_articles
            condition = rows.c.id.in_(select(listed.c.article_id).where(listed.c.list.in_(clause.values)))
    return ~condition if clause.negated else and_(condition)


def _language(tag: str, rows: FromClause) -> ColumnElement[bool]:
    return or_(rows.c.language == tag, rows.c.language.startswith(f"{tag}-", autoescape=True))
