"""Editor's log, and the headlines that follow from it. Rows are only ever added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    true,
    union,
    update,
)

from syndicate.groups import grouped
from syndicate.model import EditorAction, EditorDecision, PairDecision
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.ingest.article_store import RETITLED, pages_showing_article
from syndicate.store.leases import leases
from syndicate.store.output.stale import mark_lists, mark_stale
from syndicate.store.search import word_index

table = schema.editor_log
# Decisions that choose the article of a story that readers see.
_CHOICES = (EditorAction.PIN.value, EditorAction.RETITLE.value, EditorAction.LEAD.value)
# The text must equal that of the partial index.
_IS_PAIR = text("editor_log.action IN ('merge', 'split')")
_ANY_PAIR = CompiledStatement(select(table.c.id).where(_IS_PAIR, table.c.id > bindparam("after")).limit(1))


def add_decision(
    connection: Connection,
    *,
    who: str,
    action: EditorAction,
    article_uid: str,
    value: str = "",
    expires: datetime | None = None,
    undoes: int | None = None,
    now: datetime,
) -> int:
    """Append a decision to the log and return its number."""
    values = {"recorded": now, "who": who, "action": action.value, "article_uid": article_uid}
    values |= {"value": value, "expires": expires, "undoes": undoes}
    number: int = connection.scalars(insert(table).values(**values).returning(table.c.id)).one()
    leases.increment_counter(connection, leases.EDITOR)
    return number


def undo_decision(
    connection: Connection, decision_id: int, *, who: str, now: datetime
) -> EditorDecision | None:
    """Undo a decision that is in force and return it; ``None`` when there is none."""
    found = next((decision for decision in decisions(connection, at=now) if decision.id == decision_id), None)
    if found is not None:
        uid, undo = found.article_uid, EditorAction.UNDO
        add_decision(connection, who=who, action=undo, article_uid=uid, undoes=found.id, now=now)
    return found


def decision_log(connection: Connection) -> list[EditorDecision]:
    """Return the whole log, oldest first."""
    return [_decision(row) for row in connection.execute(select(table).order_by(table.c.id))]


def log_page(
    connection: Connection, *, below: int | None, uids: Sequence[str] = (), limit: int
) -> list[tuple[EditorDecision, str, int | None]]:
    """Return lines of the log, the newest first, with the title and story of their article.

    ``below`` is the number of the last line of the page before; ``uids`` limit the lines to some articles.
    """
    articles = schema.articles
    title = func.coalesce(func.nullif(articles.c.headline, ""), articles.c.title).label("title")
    query = select(table, title, articles.c.story_id)
    query = query.join(articles, articles.c.uid == table.c.article_uid, isouter=True)
    if below is not None:
        query = query.where(table.c.id < below)
    if uids:
        query = query.where(table.c.article_uid.in_(uids))
    rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return [(_decision(row), row.title or "", row.story_id) for row in rows]


def decisions(
    connection: Connection, *, at: datetime, article_uids: Sequence[str] | None = None
) -> list[EditorDecision]:
    """Return the decisions in force at a time, oldest first: recorded, not expired, not undone."""
    query = select(table).where(_in_force(at)).order_by(table.c.id)
    if article_uids is not None:
        query = query.where(table.c.article_uid.in_(article_uids))
    return [_decision(row) for row in connection.execute(query)]


def decision_ids(connection: Connection, *, at: datetime) -> list[int]:
    """Return the numbers of the decisions in force at a time, oldest first."""
    return [number for (number,) in _IN_FORCE.rows(connection, {"at": to_microseconds(at)})]


def story_decisions(connection: Connection, *, at: datetime) -> dict[int, list[EditorDecision]]:
    """Return the decisions in force at a time by the current story of their article."""
    articles = schema.articles
    query = (
        select(table, articles.c.story_id)
        .join(articles, articles.c.uid == table.c.article_uid)
        .where(_in_force(at), articles.c.story_id.is_not(None))
        .order_by(table.c.id)
    )
    return grouped((row.story_id, _decision(row)) for row in connection.execute(query))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStep:
    """Lines of the log about pairs, recorded together: the number of the last, and the undone pairs."""

    last: int
    undone: tuple[PairDecision, ...]


def pair_decisions(connection: Connection, *, at: datetime, until: int | None = None) -> list[PairDecision]:
    """Return the merges and splits in force at a time, up to the number ``until`` of the log."""
    if not _ANY_PAIR.rows(connection, {"after": -1}):
        return []
    query = select(table).where(_in_force(at, until), _IS_PAIR)
    return _pairs(connection, connection.execute(query).all())


def next_pairs(connection: Connection, *, after: int) -> PairStep | None:
    """Return the next lines about pairs after a number of the log; ``None`` without any."""
    if not _ANY_PAIR.rows(connection, {"after": -1}):
        return None
    pairs = table.alias("pairs")
    undone = select(pairs.c.id).where(pairs.c.action.in_((EditorAction.MERGE, EditorAction.SPLIT)))
    later = select(table).where(table.c.id > after, or_(_IS_PAIR, table.c.undoes.in_(undone)))
    rows = connection.execute(later.order_by(table.c.id)).all()
    step = [row for row in rows if row.recorded == rows[0].recorded]
    if not step:
        return None
    before = [row.undoes for row in step if row.undoes is not None]
    found = connection.execute(select(table).where(table.c.id.in_(before))).all()
    return PairStep(last=step[-1].id, undone=tuple(_pairs(connection, found)))


def _pairs(connection: Connection, rows: Sequence[Row[Any]]) -> list[PairDecision]:
    articles = schema.articles
    uids = sorted({uid for row in rows for uid in (row.article_uid, row.value)})
    ids = dict(map(tuple, rows_with(connection, select(articles.c.uid, articles.c.id), articles.c.uid, uids)))
    return [
        PairDecision(
            number=row.id,
            article_id=ids[row.article_uid],
            other_id=ids[row.value],
            parts=row.action == EditorAction.SPLIT,
        )
        for row in rows
        if row.article_uid in ids and row.value in ids
    ]


def chosen_articles(connection: Connection, *, at: datetime) -> dict[int, int]:
    """Return pinned, retitled and leading articles, each with the id of its latest decision."""
    return dict(_CHOSEN.rows(connection, {"at": to_microseconds(at)}))


def stories_with_choices(connection: Connection) -> dict[int, int]:
    """Return the stories of articles that were ever pinned, retitled or made to lead, with their leads."""
    uids = {uid for (uid,) in _EVER_CHOSEN.rows(connection, {})}
    return dict(_LEADS.rows_of(connection, uids))


def sync_headlines(connection: Connection, *, at: datetime) -> list[int]:
    """Set the headlines in force at a time and clear headlines that ended; return the changed articles.

    Marks as stale every page that shows a changed article.
    """
    articles = schema.articles
    headlines: dict[str, str] = dict(_HEADLINES.rows(connection, {"at": to_microseconds(at)}))
    # The list must not be empty, and no article has an empty uid. Each batch finds all shown headlines.
    shown = {*_SHOWN_AS.rows_of(connection, {*headlines, ""})}
    changed = [
        (article_id, headline, headlines.get(uid, ""))
        for article_id, uid, headline in sorted(shown)
        if headline != headlines.get(uid, "")
    ]
    mark_lists(connection, [f"edit:{article_id}" for article_id, _, _ in changed])
    ids = [
        article_id
        for article_id, before, after in changed
        if connection.execute(
            update(articles)
            .where(articles.c.id == article_id, articles.c.headline == before)
            .values(headline=after)
        ).rowcount
    ]
    word_index.index_again(connection, ids)
    mark_stale(
        connection,
        {page for article_id in ids for page in (article_id, *pages_showing_article(connection, article_id))},
    )
    if ids:
        leases.increment_counter(connection, leases.EDITOR)
    return ids


def _in_force(at: Any, until: int | None = None) -> ColumnElement[bool]:
    """Return the condition for decisions in force; ``at`` is a time or parameter."""
    early = true() if until is None else table.c.id <= until
    undone = select(table.c.undoes).where(table.c.undoes.is_not(None), table.c.recorded <= at, early)
    return and_(
        early,
        table.c.undoes.is_(None),
        table.c.recorded <= at,
        or_(table.c.expires.is_(None), table.c.expires > at),
        table.c.id.not_in(undone),
    )


_IN_FORCE = CompiledStatement(select(table.c.id).where(_in_force(bindparam("at"))).order_by(table.c.id))
_CHOSEN = CompiledStatement(
    select(schema.articles.c.id, func.max(table.c.id))
    .join(schema.articles, schema.articles.c.uid == table.c.article_uid)
    .where(_in_force(bindparam("at")), table.c.action.in_(_CHOICES))
    .group_by(schema.articles.c.id)
)
_HEADLINES = CompiledStatement(
    select(table.c.article_uid, table.c.value)
    .where(_in_force(bindparam("at")), table.c.action == EditorAction.RETITLE.value)
    .order_by(table.c.id)
)
_TITLED = select(*(schema.articles.c[name] for name in ("id", "uid", "headline")))
_UIDS: BindParameter[str] = bindparam("ids", expanding=True)
_SHOWN_AS = CompiledStatement(union(_TITLED.where(RETITLED), _TITLED.where(schema.articles.c.uid.in_(_UIDS))))
_LEADS = CompiledStatement(
    select(schema.stories.c.id, schema.stories.c.lead_id)
    .join(schema.articles, schema.articles.c.story_id == schema.stories.c.id)
    # With statistics SQLite may scan all articles for a join with the log.
    .where(schema.articles.c.uid.in_(_UIDS))
)
_EVER_CHOSEN = CompiledStatement(select(table.c.article_uid).where(table.c.action.in_(_CHOICES)))


def _decision(row: Row[Any]) -> EditorDecision:
    facts = {name: getattr(row, name) for name in EditorDecision.__dataclass_fields__}
    return EditorDecision(**facts | {"action": EditorAction(row.action)})


def latest_decision(found: Iterable[EditorDecision], action: EditorAction) -> EditorDecision | None:
    """Return the newest decision of a kind: it replaces the earlier decisions."""
    of_kind = (decision for decision in found if decision.action is action)
    return max(of_kind, key=lambda decision: decision.id, default=None)
