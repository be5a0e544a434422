"""Posts to other networks: a story on a network is one row with one state.

pending → sending → sent | deferred | failed | uncertain. ``sending`` is committed before the request. A row
left in ``sending`` is repeated only if its network recognises a repeated request, else it is uncertain and
never repeated unless a person asks.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, false, func, literal, or_, select, true, update

from syndicate.store import schema
from syndicate.store.core.column_types import EPOCH, UtcTime
from syndicate.store.core.counts import count_by, count_rows
from syndicate.store.core.upsert import insert_new
from syndicate.store.leases.row_leases import NO_LEASE

table, targets = schema.posts, schema.post_targets
PENDING, DEFERRED, SENDING = "pending", "deferred", "sending"
SENT, FAILED, UNCERTAIN = "sent", "failed", "uncertain"
READY = (PENDING, DEFERRED)
LEASE = timedelta(seconds=60)


PostRow = Row[Any]
"""Row of ``posts`` without its lease. With a ``remote_id`` and a ready state it waits for an edit."""
PostTarget = Row[Any]
"""Row of ``post_targets``: stories first told before ``since`` are not posted; it rests after refusals."""
_FIELDS = [column for column in table.c if column.name not in ("not_before", "in_doubt", *NO_LEASE)]


def read_targets(connection: Connection) -> dict[str, PostTarget]:
    """Return the known networks by name."""
    return {row.network: row for row in connection.execute(select(targets))}


def sync_targets(connection: Connection, names: Collection[str], now: datetime) -> None:
    """Add new networks as of ``now``; forget the others, so that a network that returns begins anew."""
    connection.execute(delete(targets).where(targets.c.network.not_in(names)))
    for name in names:
        insert_new(connection, targets, {"network": name, "since": now})


def rest(connection: Connection, network: str, *, until: datetime, reason: str) -> None:
    """Let a network rest after a refusal."""
    values = {"rests_until": until, "reason": reason, "failures": targets.c.failures + 1}
    connection.execute(update(targets).where(targets.c.network == network).values(values))


def resume(connection: Connection, network: str) -> bool:
    """End the rest of a network; false for an unknown one."""
    values = {"rests_until": EPOCH, "failures": 0, "reason": ""}
    ended = update(targets).where(targets.c.network == network).values(values)
    return connection.execute(ended).rowcount == 1


def posted_stories(connection: Connection, network: str, story_ids: Sequence[int]) -> set[int]:
    """Return the stories with a post on a network, also by an article of a story that joined them."""
    articles = schema.articles
    own = select(table.c.story_id).where(table.c.network == network, table.c.story_id.in_(story_ids))
    joined = select(articles.c.story_id).join(table, table.c.article_id == articles.c.id)
    joined = joined.where(table.c.network == network, articles.c.story_id.in_(story_ids))
    return set(connection.scalars(own)) | set(connection.scalars(joined))


def count_recent(connection: Connection, network: str, since: datetime) -> int:
    """Return the number of posts on a network that wait or were begun after a time."""
    busy = or_(table.c.state.in_((*READY, SENDING)), table.c.begun >= since)
    return count_rows(connection, table, table.c.network == network, busy)


def add_post(connection: Connection, values: Mapping[str, Any], now: datetime) -> bool:
    """Add a pending post; false when its story has a post on the network."""
    return insert_new(connection, table, {**values, "created": now, "not_before": now, "changed": now})


def editable_posts(connection: Connection, network: str, since: datetime) -> list[PostRow]:
    """Return the posts on a network that were sent after a time."""
    query = select(*_FIELDS).where(table.c.network == network, table.c.state == SENT)
    return list(connection.execute(query.where(table.c.remote_id != "", table.c.begun >= since)))


def queue_edit(connection: Connection, post_id: int, content: Mapping[str, Any], now: datetime) -> None:
    """Queue a sent post for an edit."""
    sent = and_(table.c.id == post_id, table.c.state == SENT)
    values = {"state": PENDING, "content": content, "attempts": 0, "not_before": now}
    connection.execute(update(table).where(sent).values(values))


def has_open_posts(connection: Connection, network: str) -> bool:
    """Return whether a post on a network waits or is being sent."""
    busy = select(table.c.id).where(table.c.network == network, table.c.state.in_((*READY, SENDING)))
    return connection.execute(busy.limit(1)).first() is not None


def begin_post(connection: Connection, network: str, *, owner: str, now: datetime) -> PostRow | None:
    """Move the oldest post of a network that is due to ``sending``, unless another is in it."""
    others = table.alias("others")
    in_flight = select(others.c.id).where(others.c.network == network, others.c.state == SENDING)
    due = select(table.c.id).where(table.c.network == network, table.c.state.in_(READY))
    due = due.where(table.c.not_before <= now, ~in_flight.exists()).order_by(table.c.id).limit(1)
    begun = (
        update(table)
        .where(table.c.id == due.scalar_subquery(), table.c.state.in_(READY))
        .values(state=SENDING, lease_owner=owner, lease_until=now + LEASE, attempts=table.c.attempts + 1)
        .values(begun=func.coalesce(table.c.begun, literal(now, UtcTime)), changed=now)
        .returning(*_FIELDS)
    )
    return connection.execute(begun).first()


def finish_post(
    connection: Connection,
    post: PostRow,
    state: str,
    *,
    owner: str,
    now: datetime,
    remote_id: str = "",
    error: str = "",
    in_doubt: bool = False,
) -> bool:
    """Store the result of an attempt; false when the lease was lost. ``in_doubt``: it may be posted."""
    held = and_(table.c.id == post.id, table.c.lease_owner == owner, table.c.state == SENDING)
    values = {"state": state, "error": error, "changed": now, **NO_LEASE}
    values |= {"remote_id": remote_id} if remote_id else {}
    values |= {"in_doubt": true()} if in_doubt else {}
    return connection.execute(update(table).where(held).values(values)).rowcount == 1


def end_abandoned(
    connection: Connection, network: str, *, repeatable: timedelta, max_age: timedelta, now: datetime
) -> None:
    """Decide about posts left in ``sending`` whose lease expired, and fail posts that are too old.

    A network recognises a repeated request for ``repeatable`` after the first, and an edit at any time.
    """
    waits = and_(table.c.network == network, table.c.state.in_(READY), table.c.remote_id == "")
    left = and_(table.c.network == network, table.c.state == SENDING, table.c.lease_until < now)
    values = {"state": DEFERRED, "in_doubt": true(), "error": "it was stopped while it was sent"}
    connection.execute(update(table).where(left).values(**values, changed=now, **NO_LEASE))
    unsafe = and_(waits, table.c.in_doubt, table.c.begun <= now - repeatable)
    connection.execute(update(table).where(unsafe).values(state=UNCERTAIN, changed=now))
    old = and_(waits, table.c.created < now - max_age)
    state = case((table.c.in_doubt, UNCERTAIN), else_=FAILED)
    too_late = {"state": state, "error": func.concat("too late; ", table.c.error)}
    connection.execute(update(table).where(old).values(**too_late, changed=now))


def forget_joined(connection: Connection, network: str) -> None:
    """Delete posts that were never attempted, when their story has joined another story with a post."""
    own, other, others = schema.articles, schema.articles.alias("other"), table.alias("others")
    joined = (
        select(others.c.id)
        .join(other, other.c.id == others.c.article_id)
        .join(own, own.c.story_id == other.c.story_id)
        .where(own.c.id == table.c.article_id, others.c.network == network, others.c.id < table.c.id)
    )
    waits = and_(table.c.network == network, table.c.state == PENDING, table.c.attempts == 0)
    connection.execute(delete(table).where(waits, table.c.remote_id == "", joined.exists()))


def forget_dropped(connection: Connection, network: str, story_ids: Collection[int]) -> None:
    """Delete posts that were never attempted, of stories that an editor dropped."""
    articles = select(schema.articles.c.id).where(schema.articles.c.story_id.in_(story_ids))
    waits = and_(table.c.network == network, table.c.state == PENDING, table.c.attempts == 0)
    unposted = and_(waits, table.c.remote_id == "")
    connection.execute(delete(table).where(unposted, table.c.article_id.in_(articles)))


def mark_posts_restored(connection: Connection, now: datetime) -> None:
    """Let no story be posted again after a restored backup: waiting posts become uncertain."""
    open_states = table.c.state.in_((*READY, SENDING))
    values = {"state": UNCERTAIN, "error": "it was due in a backup that was restored", "changed": now}
    connection.execute(update(table).where(open_states).values(**values, **NO_LEASE))
    connection.execute(update(targets).values(since=now))


def list_posts(connection: Connection, *, states: Sequence[str] = (), limit: int = 50) -> list[PostRow]:
    """Return posts, the latest first."""
    query = select(*_FIELDS).order_by(table.c.id.desc()).limit(limit)
    query = query.where(table.c.state.in_(states)) if states else query
    return list(connection.execute(query))


def count_posts(connection: Connection) -> dict[str, int]:
    """Return the number of posts by state."""
    return count_by(connection, table.c.state)


def resend_post(connection: Connection, post_id: int, now: datetime) -> bool:
    """Queue an uncertain or failed post again, on a person's request."""
    ended = and_(table.c.id == post_id, table.c.state.in_((UNCERTAIN, FAILED)))
    values = {"state": PENDING, "not_before": now, "created": now, "begun": None, "error": "", "changed": now}
    values |= {"in_doubt": false()}
    return connection.execute(update(table).where(ended).values(values)).rowcount == 1


def mark_posted(connection: Connection, post_id: int, now: datetime) -> bool:
    """Mark an uncertain post as sent, which a person found on the network."""
    known = and_(table.c.id == post_id, table.c.state == UNCERTAIN)
    values = {"state": SENT, "error": "", "changed": now}
    return connection.execute(update(table).where(known).values(values)).rowcount == 1


def prune_posts(connection: Connection, *, before: datetime) -> int:
    """Delete posts that ended before a time; return their number."""
    old = and_(table.c.changed < before, table.c.state.in_((SENT, FAILED)))
    return connection.execute(delete(table).where(old)).rowcount
