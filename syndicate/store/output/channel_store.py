"""Articles of channels: query clauses as SQL, the same on both engines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
)

from syndicate.model import Article, Clause, ClauseField
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.listing import count_up_to
from syndicate.store.ingest.article_store import article_of
from syndicate.store.search import word_index
from syndicate.store.stories.same_text import NEWEST_FIRST, Rows, Unindexed, first_of_text
from syndicate.text.names import tag_key
from syndicate.text.search_words import search_term

# Number of newest articles that decide the spelling of a section.
_SPELLINGS = 50
# Number of latest articles whose sections and languages a search offers.
_LATEST = 5_000
# Number of latest articles whose languages are counted for the choice of a subscriber.
_COUNTED_BY_LANGUAGE = 1_000
# Up to this number of articles with a word, it is faster to look them up than to pass over newer articles.
_RARE = 2_000
# From this number of articles with a tag or word, those that were stored last are looked at first.
_FREQUENT = 500
Ids = tuple[int, int] | None
"""First and last id of the articles to read; ``None`` reads all."""
_NEXT_SECTION = CompiledStatement(
    select(func.min(schema.articles.c.section_key)).where(schema.articles.c.section_key > bindparam("last"))
)


def channel_articles(connection: Connection, clauses: Sequence[Clause], *, limit: int) -> list[Article]:
    """Return the newest placed articles that match every clause, newest first, each text once."""
    return newest_articles(connection, _newest_shown(connection, clauses, limit), limit)


def articles_below(
    connection: Connection, clauses: Sequence[Clause], below: tuple[datetime, int] | None, *, limit: int
) -> list[Article]:
    """Return placed articles that match every clause, newest first, below a time and id."""
    conditions = shown_articles(connection, clauses)
    if below is not None:
        table = schema.articles
        conditions.append(tuple_(table.c.published, table.c.id) < tuple(below))
    return newest_articles(connection, conditions, limit)


def newest_articles(
    connection: Connection, conditions: Iterable[ColumnElement[bool]], limit: int
) -> list[Article]:
    """Return the newest articles under these conditions, newest first."""
    query = select(schema.articles).where(*conditions).order_by(*NEWEST_FIRST).limit(limit)
    return [article_of(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFilter:
    """Clauses that must all match, and the sections and languages to match (empty: any)."""

    clauses: tuple[Clause, ...] = ()
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def filtered_articles(
    connection: Connection, filters: Sequence[ArticleFilter], *, limit: int
) -> list[Article]:
    """Return the newest articles that match any of the filters, newest first, each text once."""
    shown = first_of_text(lambda rows: [or_(*(_matches_filter(connection, each, rows) for each in filters))])
    return newest_articles(connection, shown, limit)


def _matches_filter(connection: Connection, article_filter: ArticleFilter, rows: Rows) -> ColumnElement[bool]:
    conditions = _conditions(connection, article_filter.clauses, rows)
    if article_filter.sections:
        conditions.append(rows.c.section_key.in_(map(tag_key, article_filter.sections)))
    if article_filter.languages:
        conditions.append(or_(*(_language(tag, rows) for tag in article_filter.languages)))
    return and_(true(), *conditions)


def channel_signature(
    connection: Connection, clauses: Sequence[Clause], *, limit: int
) -> list[tuple[int, str, str]]:
    """Return (article id, content hash, headline) of the articles of ``channel_articles``, cheaply."""
    table = schema.articles
    query = select(table.c.id, table.c.content_hash, table.c.headline)
    query = query.where(*_newest_shown(connection, clauses, limit)).order_by(*NEWEST_FIRST)
    return [(row.id, row.content_hash, row.headline) for row in connection.execute(query.limit(limit))]


def count_since(connection: Connection, clauses: Sequence[Clause], since: datetime) -> int:
    """Return the number of articles published since a time that match every clause.

    Copies and articles that have no story yet count too: so an index alone answers for most clauses.
    """
    table = schema.articles
    return count_rows(connection, table, table.c.published >= since, *_conditions(connection, clauses, table))


def matching_articles(
    connection: Connection, clauses: Sequence[Clause], article_ids: Sequence[int]
) -> set[int]:
    """Return the articles among these that match every clause."""
    if not clauses:
        return set(article_ids)
    table = schema.articles
    query = select(table.c.id).where(*_conditions(connection, clauses, table))
    return {row.id for row in rows_with(connection, query, table.c.id, article_ids)}


def related_signature(connection: Connection, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return the values that change the links of articles: related articles, leads by language, stories."""
    table, articles = schema.related, schema.articles
    query = (
        select(table.c.article_id, table.c.related_id, articles.c.content_hash, articles.c.headline)
        .join(articles, articles.c.id == table.c.related_id)
        .where(table.c.article_id.in_(ids))
        .order_by(table.c.article_id, table.c.position)
    )
    own, leads, stories = schema.articles.alias("own"), schema.story_leads, schema.stories
    foreign = (
        select(own.c.id, articles.c.id, articles.c.content_hash, articles.c.headline, stories.c.articles)
        .join(stories, stories.c.id == own.c.story_id)
        .join(leads, leads.c.story_id == own.c.story_id)
        .join(articles, articles.c.id == leads.c.article_id)
        .where(own.c.id.in_(ids))
        .order_by(own.c.id, leads.c.language)
    )
    covered = select(own.c.id, stories.c.coverage, stories.c.path).where(
        own.c.id.in_(ids), stories.c.path != ""
    )
    covered = covered.join(stories, stories.c.id == own.c.story_id).order_by(own.c.id)
    return [tuple(row) for part in (query, foreign, covered) for row in connection.execute(part)]


def source_articles(
    connection: Connection, source_ids: Sequence[int], *, since: datetime, limit: int
) -> list[Article]:
    """Return the newest articles of these sources since a time; at least the newest of all."""
    table = schema.articles
    if not source_ids:
        return []
    conditions = [table.c.source_id.in_(source_ids), table.c.story_id.is_not(None)]
    found = newest_articles(connection, [*conditions, table.c.published >= since], limit)
    return found or newest_articles(connection, conditions, 1)


def _commonest(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], name), default="")


def usual_languages(connection: Connection) -> list[str]:
    """Return the languages of at least one in a hundred of the latest articles, as tags without a region.

    A rarer language is often that of a short text which was identified wrongly.
    """
    newest = select(schema.articles.c.language).order_by(*NEWEST_FIRST).limit(_COUNTED_BY_LANGUAGE)
    found = Counter(tag.partition("-")[0] for tag in connection.scalars(newest) if tag)
    return sorted(language for language, count in found.items() if count * 100 >= found.total())


def sections(connection: Connection) -> list[str]:
    """Return the sections that have articles, spelt as most of their newest articles spell them."""
    table = schema.articles
    # Each key is looked up after the last: DISTINCT reads every article.
    keys: list[str] = []
    while key := _NEXT_SECTION.rows(connection, {"last": keys[-1] if keys else ""})[0][0]:
        keys.append(key)
    newest = select(table.c.section).where(table.c.section_key == bindparam("key"))
    newest = newest.order_by(*NEWEST_FIRST).limit(_SPELLINGS)
    return sorted(_commonest(Counter(connection.scalars(newest, {"key": key}))) for key in keys)


def latest_sections_and_languages(connection: Connection) -> tuple[dict[str, str], list[str]]:
    """Return the sections by key, and the languages, of the latest articles; the most frequent first."""
    table = schema.articles
    query = select(table.c.section_key, table.c.section, table.c.language).order_by(*NEWEST_FIRST)
    rows = connection.execute(query.limit(_LATEST)).all()
    sections = Counter((row.section_key, row.section) for row in rows if row.section_key)
    languages = Counter(row.language.partition("-")[0] for row in rows if row.language)
    names = {key: name for (key, name), _ in reversed(sections.most_common())}
    return names, [language for language, _ in languages.most_common()]


def shown_articles(
    connection: Connection, clauses: Sequence[Clause], ids: Ids = None
) -> list[ColumnElement[bool]]:
    """Return the conditions for articles that a list with this query shows: the first of each text.

    With ``ids``, only the rows of these articles are read, however many others have a tag or word.
    """
    shown = first_of_text(lambda rows: _conditions(connection, clauses, rows, ids))
    return [schema.articles.c.id.between(*ids), *shown] if ids else shown


def _newest_shown(connection: Connection, clauses: Sequence[Clause], limit: int) -> list[ColumnElement[bool]]:
    """Return conditions under which the newest articles are those of ``shown_articles``.

    They are cheap for a frequent tag or word: most articles were stored in the order of their publication, so
    the articles with it that were stored last usually are the newest.
    """
    for clause in clauses:
        match [] if clause.negated else _found(connection, clause):
            case [Select() as found]:
                others = [other for other in clauses if other is not clause]
                if conditions := _stored_last(connection, found, others, limit):
                    return conditions
    return shown_articles(connection, clauses)


def _found(connection: Connection, clause: Clause) -> list[word_index.Found]:
    """Return the queries whose articles match a clause of tags or words; an article may match several."""
    if clause.field is ClauseField.TAG:
        tagged = schema.article_tags
        return [select(tagged.c.article_id).where(tagged.c.tag.in_(map(tag_key, clause.values)))]
    if clause.field is not ClauseField.WORD:
        return []
    terms = {value: search_term(value) for value in clause.values}
    return [word_index.matching_ids(connection, value, [term]) for value, term in terms.items() if term]


def _stored_last(
    connection: Connection, found: Select[tuple[int]], others: Sequence[Clause], limit: int
) -> list[ColumnElement[bool]]:
    """Return conditions for the newest of many found articles; empty if the last stored do not tell them."""
    table, (number,) = schema.articles, found.selected_columns
    # Other clauses, such as a section, leave few of them.
    wanted = max(2 * limit, _RARE if others else 0)
    latest = word_index.latest_ids(connection, found, limit=max(_FREQUENT, wanted))
    if len(latest) < _FREQUENT:
        return []
    latest = latest[:wanted]

    def shown() -> list[ColumnElement[bool]]:
        def matching(rows: Rows) -> list[ColumnElement[bool]]:
            is_found = rows.c.id.in_(latest) if rows is table else found.where(number == rows.c.id).exists()
            return [*_conditions(connection, others, rows), is_found]

        return first_of_text(matching)

    newest = select(table.c.id, table.c.published).where(*shown()).order_by(*NEWEST_FIRST).limit(limit)
    rows = connection.execute(newest).all()
    if len(rows) < limit:
        return []
    is_newer = table.c.published >= rows[-1].published
    earlier = select(table.c.id).where(is_newer, table.c.id < latest[-1]).limit(_RARE)
    if ids := set(connection.scalars(earlier)):
        among = found.where(number >= min(ids), number < latest[-1]).limit(_RARE)
        known = connection.scalars(among).all()
        if max(len(ids), len(known)) == _RARE:
            return []
        latest = [*latest, *ids.intersection(known)]
        return [is_newer, *shown()]
    return [table.c.id.in_([row.id for row in rows])]


def _conditions(
    connection: Connection, clauses: Sequence[Clause], rows: Rows, ids: Ids = None
) -> list[ColumnElement[bool]]:
    """Return the conditions of a query, on the table of articles or an alias."""
    return [_condition(connection, clause, rows, ids) for clause in clauses]


def _condition(connection: Connection, clause: Clause, rows: Rows, ids: Ids) -> ColumnElement[bool]:
    condition: ColumnElement[bool]
    match clause.field:
        case ClauseField.SECTION:
            condition = rows.c.section_key.in_(map(tag_key, clause.values))
        case ClauseField.SOURCE:
            sources = schema.sources
            condition = rows.c.source_id.in_(select(sources.c.id).where(sources.c.name.in_(clause.values)))
        case ClauseField.TAG if ids is None:
            condition = rows.c.id.in_(*_found(connection, clause))
        case ClauseField.TAG | ClauseField.WORD:
            each = (_is_among(connection, found, rows, ids) for found in _found(connection, clause))
            condition = or_(false(), *each)
        case ClauseField.LANGUAGE:
            condition = or_(*(_language(value.lower(), rows) for value in clause.values))
        case ClauseField.LIST:
            condition = _listed(clause, rows)
    return ~condition if clause.negated else and_(condition)


def _is_among(connection: Connection, found: word_index.Found, rows: Rows, ids: Ids) -> ColumnElement[bool]:
    if ids and isinstance(found, Select):
        (number,) = found.selected_columns
        if isinstance(rows, Table):
            among: ColumnElement[bool] = rows.c.id.in_(found.where(number.between(*ids)))
            return among
        # An article with the same text may have any id.
        return found.where(number == rows.c.id).exists()
    if isinstance(rows, Table) and count_up_to(connection, found, _RARE + 1) > _RARE:
        # The database passes over the newest articles and looks each up among the articles with the word.
        rows = Unindexed(rows)
    return rows.c.id.in_(found)


def _listed(clause: Clause, rows: Rows) -> ColumnElement[bool]:
    """Return the condition for leads of listed stories, in a requested language if there is any."""
    table, other = schema.listed_articles, schema.articles.alias("listed")
    here = table.c.list.in_(clause.values)
    listed = rows.c.id.in_(select(table.c.article_id).where(here))
    if clause.negated or not clause.languages:
        return listed
    leads = rows.c.id.in_(select(table.c.article_id).where(here, table.c.language == ""))
    in_languages = or_(*(_language(tag.lower(), other) for tag in clause.languages))
    preferred = select(other.c.story_id).join(table, table.c.article_id == other.c.id)
    preferred = preferred.where(here, in_languages, other.c.story_id.is_not(None))
    own = or_(rows.c.language == "", *(_language(tag.lower(), rows) for tag in clause.languages))
    return and_(listed, or_(own, and_(leads, rows.c.story_id.not_in(preferred))))


def _language(tag: str, rows: Rows) -> ColumnElement[bool]:
    return or_(rows.c.language == tag, rows.c.language.startswith(f"{tag}-", autoescape=True))
