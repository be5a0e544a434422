"""Full-text index of articles: the same words in SQLite FTS5 and in PostgreSQL, and the same articles found.

A row is written in the transaction of its article, and removed with it. The tokeniser of
``text/search_words`` cuts words for both engines, so each engine only stores and intersects them.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
)

from syndicate.model import NewArticle, Republish
from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.store_values import delete_value, read_value, write_value
from syndicate.text.plain import folded_words, plain_text
from syndicate.text.search_words import IndexedText, SearchTerm, indexed_text

WORDS = Table(
    "article_words",
    MetaData(),
    Column("rowid", BigInteger, primary_key=True),
    *(Column(name, Text) for name in ("title", "text", "more")),
)
# By operator: importing the types of PostgreSQL's dialect takes 40 ms of each command.
_VECTOR = bindparam("words").op("::")(literal_column("tsvector"))
_ADD = {
    "sqlite": CompiledStatement(insert(WORDS)),
    "postgresql": CompiledStatement(
        insert(Table("article_words", MetaData(), Column("rowid", BigInteger), Column("words", Text))).values(
            rowid=bindparam("rowid"), words=_VECTOR
        )
    ),
}
_SOURCES = CompiledStatement(
    select(schema.sources.c.id, schema.sources.c.name, schema.sources.c.republish).where(
        schema.sources.c.id.in_(bindparam("ids", expanding=True))
    )
)
_MAX_POSITION = 16_383
Found = Select[tuple[int]] | CompoundSelect[tuple[int]]
WAITING = "words before"
"""Key of the id below which stored articles are not in the index yet."""


class Scope(Enum):
    """Fields to search in: columns in FTS5, weights in PostgreSQL."""

    ALL = ("", "")
    WORDS = ("{title text} : ", "AB")
    TITLE = ("title : ", "A")


def index_new(connection: Connection, added: Sequence[tuple[int, int, NewArticle]]) -> None:
    """Index new articles, given with their ids and the ids of their sources."""
    sources = _sources(connection, [source_id for _, source_id, _ in added])
    documents = []
    for article_id, source_id, article in added:
        name, is_full = sources[source_id]
        more = (article.text if is_full else "", name)
        text = (article.summary, *article.tags)
        documents.append((article_id, indexed_text(article.title, text, more, article.language)))
    _write(connection, documents)


def index_again(connection: Connection, article_ids: Sequence[int]) -> None:
    """Index stored articles as they are now."""
    if not article_ids:
        return
    table, bodies = schema.articles, schema.article_bodies
    connection.execute(delete(WORDS).where(WORDS.c.rowid.in_(article_ids)))
    names = ("id", "source_id", "title", "headline", "summary", "tags_json", "language")
    query = select(*(table.c[name] for name in names), bodies.c.html)
    query = query.join(bodies, bodies.c.article_id == table.c.id, isouter=True)
    rows = connection.execute(query.where(table.c.id.in_(article_ids))).all()
    sources = _sources(connection, [row.source_id for row in rows])
    documents = []
    for row in rows:
        name, is_full = sources[row.source_id]
        body = plain_text(row.html or "") if is_full else ""
        # Channels go on with the publisher's title; readers also find the editor's.
        more = (row.headline, body, name)
        documents.append((row.id, indexed_text(row.title, (row.summary, *row.tags_json), more, row.language)))
    _write(connection, documents)


def index_later(connection: Connection) -> None:
    """Let ``index_waiting`` index every stored article."""
    last = connection.scalars(select(func.max(schema.articles.c.id))).one()
    if last is not None:
        write_value(connection, WAITING, str(last + 1))


def index_waiting(connection: Connection, limit: int) -> int:
    """Index the newest stored articles that were never indexed; return the number indexed, 0 at the end."""
    waiting = _waiting(connection)
    if waiting is None:
        return 0
    number = schema.articles.c.id
    query = select(number).where(number < waiting).order_by(number.desc()).limit(limit)
    ids = connection.scalars(query).all()
    index_again(connection, ids)
    if len(ids) < limit:
        delete_value(connection, WAITING)
    else:
        write_value(connection, WAITING, str(ids[-1]))
    return len(ids)


def matches(
    connection: Connection, terms: Sequence[SearchTerm], scope: Scope = Scope.ALL
) -> ColumnElement[bool]:
    """Return the condition on ``WORDS`` that all terms hold. At least one term must not be negated."""
    columns, weights = scope.value
    if connection.dialect.name == "sqlite":
        return literal_column("article_words").op("MATCH", is_comparison=True)(_fts5(terms, columns))
    return literal_column("article_words.words").op("@@", is_comparison=True)(
        literal(_tsquery(terms, weights)).op("::")(literal_column("tsquery"))
    )


def matching_ids(
    connection: Connection, value: str, terms: Sequence[SearchTerm], scope: Scope = Scope.WORDS
) -> Found:
    """Return the query of the articles with a word or phrase in title, summary or tags, or in a ``scope``.

    Articles that are not in the index yet are found by the column that was searched before.
    """
    indexed = select(WORDS.c.rowid).where(matches(connection, terms, scope))
    if (waiting := _waiting(connection)) is None:
        return indexed
    table = schema.articles
    old = select(table.c.id).where(table.c.id < waiting)
    return indexed.union(old.where(table.c.search.contains(folded_words(value), autoescape=True)))


def latest_ids(connection: Connection, found: Found, *, limit: int) -> Sequence[int]:
    """Return the latest stored among the articles of a query, such as ``matching_ids``."""
    number = found.subquery().c[0]
    return connection.scalars(select(number).order_by(number.desc()).limit(limit)).all()


def _waiting(connection: Connection) -> int | None:
    value = read_value(connection, WAITING)
    return None if value is None else int(value)


def _sources(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, bool]]:
    """Return name, and whether texts may be shown in full, of sources."""
    rows = _SOURCES.rows_of(connection, set(ids))
    return {number: (name, policy == Republish.FULL.value) for number, name, policy in rows}


def _write(connection: Connection, documents: Iterable[tuple[int, IndexedText]]) -> None:
    if connection.dialect.name == "sqlite":
        rows = [{"rowid": number, **document._asdict()} for number, document in documents]
    else:
        rows = [{"rowid": number, "words": _tsvector(document)} for number, document in documents]
    _ADD[connection.dialect.name].execute_many(connection, rows)


def _tsvector(document: IndexedText) -> str:
    """Return the vector of a document; no phrase spans two fields."""
    position, lexemes = 0, []
    for weight, field in zip("ABC", document, strict=True):
        for word in field.split():
            position += 1
            lexemes.append(f"'{word}':{min(position, _MAX_POSITION)}{weight}")
        position += 1
    return " ".join(lexemes)


def _fts5(terms: Sequence[SearchTerm], columns: str) -> str:
    def written(term: SearchTerm) -> str:
        star = "*" if term.prefix else ""
        return "(" + " OR ".join(f'"{" ".join(phrase)}"{star}' for phrase in term.phrases) + ")"

    wanted = " AND ".join(written(term) for term in terms if not term.negated)
    unwanted = "".join(f" NOT {written(term)}" for term in terms if term.negated)
    return f"{columns}(({wanted}){unwanted})"


def _tsquery(terms: Sequence[SearchTerm], weights: str) -> str:
    def written(term: SearchTerm) -> str:
        phrases = []
        for phrase in term.phrases:
            marks = [f":{weights}"] * len(phrase) if weights else [""] * len(phrase)
            if term.prefix:
                marks[-1] = f":*{weights}"
            phrases.append(" <-> ".join(f"'{word}'{mark}" for word, mark in zip(phrase, marks, strict=True)))
        return ("!" if term.negated else "") + "(" + " | ".join(f"({phrase})" for phrase in phrases) + ")"

    return " & ".join(map(written, terms))
