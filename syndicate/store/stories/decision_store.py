"""Editor's log, and the headlines that follow from it. Rows are only ever added."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, text, union, update

from syndicate.model import EditorAction, EditorDecision
from syndicate.store import schema
from syndicate.store.core import leases
from syndicate.store.ingest.article_store import pages_showing_article
from syndicate.store.output.stale import mark_lists, mark_stale
from syndicate.store.search import word_index

table = schema.editor_log
# Decisions that choose the article of a story that readers see.
_CHOICES = (EditorAction.PIN.value, EditorAction.RETITLE.value)
# The text must equal that of the partial index: otherwise SQLite does not use the index.
_RETITLED = text("articles.headline <> ''")


def add_decision(
    connection: Connection,
    *,
    who: str,
    action: EditorAction,
    article_uid: str,
    value: str = "",
    expires: datetime | None = None,
    now: datetime,
) -> int:
    """Append a decision to the log and return its number."""
    return _append(connection, now, who, action, article_uid, value=value, expires=expires)


def undo_decision(
    connection: Connection, decision_id: int, *, who: str, now: datetime
) -> EditorDecision | None:
    """Undo a decision that is in force and return it; ``None`` when there is none."""
    found = next((decision for decision in decisions(connection, at=now) if decision.id == decision_id), None)
    if found is not None:
        _append(connection, now, who, EditorAction.UNDO, found.article_uid, value="", undoes=found.id)
    return found


def decision_log(connection: Connection) -> list[EditorDecision]:
    """Return the whole log, oldest first."""
    return [_decision(row) for row in connection.execute(select(table).order_by(table.c.id))]


def decisions(
    connection: Connection, *, at: datetime, article_uids: Sequence[str] | None = None
) -> list[EditorDecision]:
    """Return the decisions in force at a time, oldest first: recorded, not expired, not undone."""
    query = select(table).where(_in_force(at)).order_by(table.c.id)
    if article_uids is not None:
        query = query.where(table.c.article_uid.in_(article_uids))
    return [_decision(row) for row in connection.execute(query)]


def story_decisions(connection: Connection, *, at: datetime) -> dict[int, list[EditorDecision]]:
    """Return the decisions in force at a time by the current story of their article."""
    articles = schema.articles
    query = (
        select(table, articles.c.story_id)
        .join(articles, articles.c.uid == table.c.article_uid)
        .where(_in_force(at), articles.c.story_id.is_not(None))
        .order_by(table.c.id)
    )
    found: dict[int, list[EditorDecision]] = {}
    for row in connection.execute(query):
        found.setdefault(row.story_id, []).append(_decision(row))
    return found


def chosen_articles(connection: Connection, *, at: datetime) -> dict[int, int]:
    """Return pinned and retitled articles, each with the id of its latest decision."""
    articles = schema.articles
    query = (
        select(articles.c.id, func.max(table.c.id))
        .join(articles, articles.c.uid == table.c.article_uid)
        .where(_in_force(at), table.c.action.in_(_CHOICES))
        .group_by(articles.c.id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def stories_with_choices(connection: Connection) -> set[int]:
    """Return the stories of articles that were ever pinned or retitled."""
    articles = schema.articles
    query = select(articles.c.story_id).join(table, table.c.article_uid == articles.c.uid)
    query = query.where(table.c.action.in_(_CHOICES), articles.c.story_id.is_not(None))
    return set(connection.scalars(query))


def sync_headlines(connection: Connection, *, at: datetime) -> list[int]:
    """Set the headlines in force at a time and clear headlines that ended; return the changed articles.

    Marks as stale every page that shows a changed article.
    """
    articles = schema.articles
    headlines = {
        decision.article_uid: decision.value
        for decision in decisions(connection, at=at)
        if decision.action is EditorAction.RETITLE
    }
    query = select(articles.c.id, articles.c.uid, articles.c.headline)
    found = union(query.where(_RETITLED), query.where(articles.c.uid.in_(headlines)))
    changed = [
        (row.id, row.headline, headlines.get(row.uid, ""))
        for row in connection.execute(found).all()
        if row.headline != headlines.get(row.uid, "")
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


def _append(
    connection: Connection, now: datetime, who: str, action: EditorAction, article_uid: str, **values: Any
) -> int:
    values |= {"recorded": now, "who": who, "action": action.value, "article_uid": article_uid}
    number: int = connection.scalars(insert(table).values(**values).returning(table.c.id)).one()
    leases.increment_counter(connection, leases.EDITOR)
    return number


def _in_force(at: datetime) -> ColumnElement[bool]:
    undone = select(table.c.undoes).where(table.c.undoes.is_not(None), table.c.recorded <= at)
    return and_(
        table.c.undoes.is_(None),
        table.c.recorded <= at,
        or_(table.c.expires.is_(None), table.c.expires > at),
        table.c.id.not_in(undone),
    )


def _decision(row: Row[Any]) -> EditorDecision:
    facts = {name: getattr(row, name) for name in EditorDecision.__dataclass_fields__}
    return EditorDecision(**facts | {"action": EditorAction(row.action)})


def latest_decision(found: Iterable[EditorDecision], action: EditorAction) -> EditorDecision | None:
    """Return the newest decision of a kind: it replaces the earlier decisions."""
    of_kind = (decision for decision in found if decision.action is action)
    return max(of_kind, key=lambda decision: decision.id, default=None)
