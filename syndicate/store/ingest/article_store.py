"""Articles: insert, update and look-up."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.sql.dml import ReturningInsert

from syndicate.model import EARLIEST, FUTURE_TOLERANCE, Article, ArticleBody, Enclosure, Image, NewArticle
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.column_types import from_microseconds, to_json, to_microseconds
from syndicate.store.core.compiled_sql import CompiledInsert, CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_on
from syndicate.store.output.stale import mark_lists_with, mark_stale
from syndicate.store.search import word_index
from syndicate.store.stories.story_moves import current_stories
from syndicate.text.names import tag_key
from syndicate.text.plain import folded_words, plain_text
from syndicate.text.search_words import search_term

table = schema.articles
_UID_BEGINNING = 8
# Latest articles with the words of a text among which its article is looked for.
_LATEST_WITH = 1_000
_SHORT = 3
# The text must equal that of the partial index: otherwise SQLite does not use the index.
RETITLED = sql_text("articles.headline <> ''")
_LATEST = CompiledStatement(
    select(table.c.published)
    .where(table.c.source_id == bindparam("source"), table.c.published >= EARLIEST)
    .order_by(table.c.published.desc(), table.c.id.desc())
    .limit(bindparam("most"))
)
_TIMES = ("published", "updated", "first_seen")
# Fields that are columns of the same name and type.
_SAME = (
    *("uid", "entry_key", "url", "path", *_TIMES, "language", "direction", "section", "summary"),
    *("minutes", "words", "content_hash", "item_hash", "boost", "declared_title"),
)
_STORED = (*_SAME, "id", "source_id", "story_id", "same_text", "revised")
_WORDS = ("authors", "tags", "hidden_tags", "read_more")
_JSON = tuple(f"{name}_json" for name in (*_WORDS, "image", "enclosures"))
_READ = (*_STORED, "title", "headline", *_JSON)
# By place: a row as a dict takes longer to make than the article.
_values_of = itemgetter(*map(table.c.keys().index, _READ))


def _adding(dialect: str, rows: list[dict[str, BindParameter[Any]]]) -> ReturningInsert[Any]:
    """Return the insert of articles; existing articles stay as they are."""
    new = insert_on(dialect, table).values(rows).on_conflict_do_nothing()
    statement: ReturningInsert[Any] = new.returning(table.c.id, table.c.uid)
    return statement


_ADD = CompiledInsert(_adding)
_ADD_BODIES = CompiledStatement(insert(schema.article_bodies))
_ADD_TAGS = CompiledStatement(insert(schema.article_tags))
_ADD_AUTHORS = CompiledStatement(insert(schema.article_authors))


def latest_published(connection: Connection, source_id: int, *, limit: int) -> tuple[datetime, ...]:
    """Return the publication times of a source's latest articles, latest first."""
    found = _LATEST.rows(connection, {"source": source_id, "most": limit})
    return tuple([from_microseconds(published) for (published,) in found])


def newest_before(
    connection: Connection, source_ids: Collection[int], *, first_seen: datetime
) -> dict[int, datetime]:
    """Return, by source, the newest publication time among articles first seen, and dated, before a time."""
    newest = select(table.c.published).order_by(table.c.published.desc()).limit(1)
    latest = first_seen + FUTURE_TOLERANCE  # bounds the search of the index
    newest = newest.where(table.c.first_seen < first_seen, table.c.published < latest)
    found = {source: connection.scalar(newest.where(table.c.source_id == source)) for source in source_ids}
    return {source: published for source, published in found.items() if published is not None}


def add_articles(
    connection: Connection, found: Sequence[tuple[int, Sequence[NewArticle]]]
) -> list[list[int]]:
    """Insert new articles of several sources with texts and tags; return the new ids per source.

    No uid may occur twice. An article whose (source, entry key) exists stays as it is and gets no id in the
    result.
    """
    rows = [_stored(_row(source_id, article)) for source_id, articles in found for article in articles]
    ids = {uid: article_id for article_id, uid in _ADD.execute(connection, rows)}
    added = [article for _, articles in found for article in articles if article.uid in ids]
    if added:
        bodies = [{"article_id": ids[article.uid], "html": article.html} for article in added]
        _ADD_BODIES.execute_many(connection, bodies)
        _add_names(connection, {ids[article.uid]: article for article in added})
        found_ids = {article.uid: source_id for source_id, articles in found for article in articles}
        word_index.index_new(
            connection, [(ids[article.uid], found_ids[article.uid], article) for article in added]
        )
        mark_stale(connection, ids.values())
    return [[ids[article.uid] for article in articles if article.uid in ids] for _, articles in found]


def change_article(
    connection: Connection, article_id: int, source_id: int, article: NewArticle, *, keep_text: bool = False
) -> None:
    """Write an edited article; id, uid, path and first-seen time stay.

    ``keep_text`` keeps the full text of the article's page when only the feed's short text was edited.
    """
    values = _row(source_id, article)
    for fixed in ("uid", "path", "first_seen", "source_id", *(("minutes", "words") if keep_text else ())):
        del values[fixed]
    if _is_revised(connection, article_id, article, keep_text=keep_text):
        values["revised"] = article.updated
    mark_lists_with(connection, [article_id])
    connection.execute(update(table).where(table.c.id == article_id).values(placed=False, **values))
    if not keep_text:
        bodies = schema.article_bodies
        connection.execute(update(bodies).where(bodies.c.article_id == article_id).values(html=article.html))
    for names in (schema.article_tags, schema.article_authors):
        connection.execute(delete(names).where(names.c.article_id == article_id))
    _add_names(connection, {article_id: article})
    word_index.index_again(connection, [article_id])
    mark_stale(connection, {article_id, *pages_showing_article(connection, article_id)})


def pages_showing_article(connection: Connection, article_id: int) -> Iterable[int]:
    """Yield the articles whose pages link to this article, as related or as coverage."""
    related = schema.related
    linking = select(related.c.article_id).where(related.c.related_id == article_id)
    story = select(table.c.story_id).where(table.c.id == article_id).scalar_subquery()
    yield from connection.scalars(linking.union(select(table.c.id).where(table.c.story_id == story)))


def save_item_hashes(connection: Connection, item_hashes: Iterable[tuple[int, str]]) -> None:
    """Store new item hashes of articles that look the same to a reader."""
    for article_id, item_hash in item_hashes:
        connection.execute(update(table).where(table.c.id == article_id).values(item_hash=item_hash))


def get_articles(connection: Connection, ids: Iterable[int]) -> dict[int, Article]:
    """Return articles by id; unknown ids are left out."""
    return {row.id: article_of(row) for row in rows_with(connection, select(table), table.c.id, [*ids])}


def latest_articles(connection: Connection, limit: int) -> list[tuple[Article, str]]:
    """Return the articles first seen last, each with its plain text."""
    bodies = schema.article_bodies
    # An outer join: the database reads no other articles when some have no text.
    query = select(table, bodies.c.html).outerjoin(bodies, bodies.c.article_id == table.c.id)
    rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return [(article_of(row), plain_text(row.html or "")) for row in rows]


def get_bodies(connection: Connection, ids: Iterable[int]) -> dict[int, ArticleBody]:
    """Return bodies by article id."""
    bodies = schema.article_bodies
    rows = rows_with(connection, select(bodies), bodies.c.article_id, [*ids])
    return {row.article_id: ArticleBody(html=row.html, text=plain_text(row.html)) for row in rows}


def find_article(connection: Connection, text: str) -> Article | None:
    """Return the best match of ``find_articles``, or ``None``."""
    return next(iter(find_articles(connection, text, 1)), None)


def find_articles(connection: Connection, text: str, limit: int) -> list[Article]:
    """Return the articles that ``text`` identifies, the latest first.

    ``text`` is an id, a uid or its beginning, a URL, a page path or a title; a whole title precedes words
    of a title. ``story:12`` means the lead of story 12, or of the story that 12 was merged into.
    """
    story = text.removeprefix("story:")
    if story != text and story.isdecimal() and len(story) < 18:
        now_in = current_stories(connection, [int(story)])[int(story)]
        lead = select(schema.stories.c.lead_id).where(schema.stories.c.id == now_in).scalar_subquery()
        return [article_of(row) for row in connection.execute(select(table).where(table.c.id == lead))]
    for condition in _meanings(connection, text):
        query = select(table).where(condition).order_by(table.c.published.desc(), table.c.id.desc())
        if rows := connection.execute(query.limit(limit)).all():
            return [article_of(row) for row in rows]
    return []


def _meanings(connection: Connection, text: str) -> Iterator[ColumnElement[bool]]:
    """Yield the possible conditions for ``text``, the most specific first.

    An index serves each of them. Of titles with equally many words of ``text``, only the latest are found.
    """
    if text.isdecimal() and len(text) < 18:
        yield table.c.id == int(text)
    # A shorter prefix may be a word of hexadecimal letters, such as "decade".
    if len(text) >= _UID_BEGINNING:
        # No index serves LIKE in every engine. Digits and the letters of uids come before the bound.
        beginning = table.c.uid.startswith(text, autoescape=True)
        yield and_(table.c.uid >= text, table.c.uid < f"{text}z", beginning)
    yield and_(table.c.source_id.in_(select(schema.sources.c.id)), table.c.url == text)
    yield table.c.path == text
    ids, headline = select(table.c.id), select(table.c.id).where(RETITLED)
    yield table.c.id.in_(ids.where(table.c.title == text).union(headline.where(table.c.headline == text)))
    edited, titled = (
        func.lower(title).contains(text.lower(), autoescape=True)
        for title in (table.c.headline, table.c.title)
    )
    if term := search_term(text):
        # The beginning of many words is as good as none.
        written = replace(term, prefix=term.prefix or len(text) > _SHORT)
        in_title = word_index.matching_ids(connection, text, [written], word_index.Scope.TITLE)
        latest = word_index.latest_ids(connection, in_title, limit=_LATEST_WITH)
        yield table.c.id.in_(ids.where(table.c.id.in_(latest), titled).union(headline.where(edited)))
        # The engines fold ASCII letters only; the words of the index are folded for every script.
        anywhere = word_index.matching_ids(connection, text, [term])
        yield table.c.id.in_(word_index.latest_ids(connection, anywhere, limit=_LATEST_WITH))


def count_articles(connection: Connection) -> int:
    """Return the number of articles."""
    return count_rows(connection, table)


def article_of(row: Row[Any]) -> Article:
    """Return a row that begins with the columns of ``articles`` as an ``Article``."""
    facts = dict(zip(_READ, _values_of(row), strict=True))
    image = facts["image_json"]
    words: dict[str, Any] = {name: tuple(facts[f"{name}_json"]) for name in _WORDS}
    return Article(
        **{name: facts[name] for name in _STORED},
        **words,
        title=facts["headline"] or facts["title"],
        original_title=(facts["declared_title"] or facts["title"]) if facts["headline"] else "",
        image=None if image is None else Image(**image),
        enclosures=tuple([Enclosure(**written) for written in facts["enclosures_json"]]),
    )


def _row(source_id: int, article: NewArticle) -> dict[str, Any]:
    return {
        **{name: getattr(article, name) for name in ("title", *_SAME)},
        **{f"{name}_json": list(getattr(article, name)) for name in _WORDS},
        "source_id": source_id,
        "section_key": tag_key(article.section),
        "image_json": article.image and _fields(article.image),
        "enclosures_json": [_fields(enclosure) for enclosure in article.enclosures],
        # Searched until the word index existed.
        "search": "",
    }


def _fields(part: Image | Enclosure) -> dict[str, Any]:
    # 20 times as fast as ``dataclasses.asdict``.
    return {name: getattr(part, name) for name in part.__slots__}


def _is_revised(connection: Connection, article_id: int, article: NewArticle, *, keep_text: bool) -> bool:
    """Return whether words of title or text differ from the stored words.

    ``keep_text`` compares summaries, since the stored text is then that of the article's page.
    """
    bodies = schema.article_bodies
    query = select(table.c.title, table.c.summary, bodies.c.html)
    query = query.join(bodies, bodies.c.article_id == table.c.id)
    row = connection.execute(query.where(table.c.id == article_id)).one_or_none()
    if row is None:
        return False
    texts = (row.summary, article.summary) if keep_text else (plain_text(row.html), plain_text(article.html))
    return any(folded_words(old) != folded_words(new) for old, new in ((row.title, article.title), texts))


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a new article with raw driver values."""
    stored = {**row, "placed": False, "headline": "", "revised": None}
    for name in _TIMES:
        stored[name] = to_microseconds(row[name])
    for name in _JSON:
        stored[name] = None if row[name] is None else to_json(row[name])
    return stored


def _add_names(connection: Connection, articles: Mapping[int, NewArticle]) -> None:
    """Insert the keys of tags and authors of articles by their ids."""
    tags = [
        {"tag": tag, "article_id": article_id}
        for article_id, article in articles.items()
        for tag in sorted(set(map(tag_key, article.tags)))
    ]
    _ADD_TAGS.execute_many(connection, tags)
    add_authors(connection, {article_id: article.authors for article_id, article in articles.items()})


def add_authors(connection: Connection, authors: Mapping[int, Iterable[str]]) -> None:
    """Insert the keys of the authors of articles by their ids."""
    rows = [
        {"author": author, "article_id": article_id}
        for article_id, names in authors.items()
        for author in sorted(set(map(tag_key, names)) - {""})
    ]
    _ADD_AUTHORS.execute_many(connection, rows)


def lead_texts(connection: Connection, language: str, *, limit: int) -> list[str]:
    """Return title and text of the latest story leads in a language."""
    bodies, stories = schema.article_bodies, schema.stories
    leads = select(stories.c.id).where(stories.c.id == table.c.story_id, stories.c.lead_id == table.c.id)
    query = (
        select(table.c.title, bodies.c.html)
        .join(bodies, bodies.c.article_id == table.c.id)
        .where(table.c.language == language, leads.exists())
        .order_by(table.c.published.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [f"{row.title}\n{plain_text(row.html)}" for row in connection.execute(query)]
