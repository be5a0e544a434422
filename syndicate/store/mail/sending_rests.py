"""Sending that rests until a person resumes it: of an edition, or of all mail (edition 0)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, literal, select, update

from syndicate.model import DeliveryState
from syndicate.store.core.column_types import EPOCH, to_microseconds
from syndicate.store.core.upsert import insert_new, upsert
from syndicate.store.schema import bounces, deliveries
from syndicate.store.schema import sending_rests as table

ALL_MAIL = 0
BRAKE = "the brake"
_WAITS = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)
FIRST_ATTEMPTS = 500
"""Number of an edition's first attempts that the brake looks at."""


SendingRest = Row[Any]
"""Rest of an edition's sending, or of all mail for the edition 0: since when, why, and by whom."""


def resting(connection: Connection) -> list[SendingRest]:
    """Return everything that rests, all mail first."""
    query = select(table).where(table.c.resumed.is_(None))
    return list(connection.execute(query.order_by(table.c.edition_id)))


def not_resting(mails: Table) -> ColumnElement[bool]:
    """Return the condition for deliveries of editions that do not rest."""
    return mails.c.edition_id.not_in(select(table.c.edition_id).where(table.c.resumed.is_(None)))


def pause_by_hand(connection: Connection) -> SendingRest | None:
    """Return the rest of all mail, if a person paused it."""
    return next((rest for rest in resting(connection) if rest.edition_id == ALL_MAIL), None)


def rest(connection: Connection, edition_id: int, *, reason: str, by: str, now: datetime) -> bool:
    """Let an edition rest, or all mail; false when it rests already.

    The brake also changes nothing where a person has resumed.
    """
    values = {"since": now, "reason": reason, "rested_by": by, "resumed": None}
    if by == BRAKE:
        return insert_new(connection, table, {"edition_id": edition_id, **values})
    if edition_id in [found.edition_id for found in resting(connection)]:
        return False
    upsert(connection, table, {"edition_id": edition_id}, values)
    return True


def resume(connection: Connection, edition_id: int, now: datetime) -> bool:
    """End a rest; false when nothing rests. Mail may be as much later as the rest lasted.

    The brake does not stop an edition that a person has resumed.
    """
    ended = update(table).where(table.c.edition_id == edition_id, table.c.resumed.is_(None))
    since = connection.scalars(ended.values(resumed=now).returning(table.c.since)).first()
    if since is None:
        return False
    if edition_id == ALL_MAIL:
        connection.execute(delete(table).where(table.c.edition_id == edition_id))
    own = [] if edition_id == ALL_MAIL else [deliveries.c.edition_id == edition_id]
    waits = deliveries.c.state.in_(_WAITS), deliveries.c.created <= now, deliveries.c.not_after.is_not(None)
    # A clock that was set back must not bring the end nearer.
    later = deliveries.c.not_after + literal(to_microseconds(EPOCH + max(now - since, timedelta(0))))
    connection.execute(update(deliveries).where(*own, *waits).values(not_after=later))
    return True


def first_attempts(connection: Connection, edition_id: int) -> tuple[int, int, int]:
    """Return an edition's mails (at most 500), attempts (at most 501), and mails refused for good."""
    of_edition = select(deliveries.c.id).where(deliveries.c.edition_id == edition_id)
    tried = of_edition.where(deliveries.c.attempts > 0).limit(FIRST_ATTEMPTS + 1)
    mails, attempts = (
        connection.scalars(select(func.count()).select_from(query.subquery())).one()
        for query in (of_edition.limit(FIRST_ATTEMPTS), tried)
    )
    refused = select(func.count(bounces.c.delivery_id.distinct())).where(
        bounces.c.edition_id == edition_id, bounces.c.kind.in_(("hard", "policy"))
    )
    return mails, attempts, connection.scalars(refused).one()
