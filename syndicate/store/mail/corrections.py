"""Recipients of the correction of a sent edition, and the times of its deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, select, update

from syndicate.model import ISSUE, DeliveryCause, DeliveryState, Edition
from syndicate.store.core.column_types import EPOCH, UtcTime, to_microseconds
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail.edition_store import SendingTimes, edition_of_period, insert_deliveries
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import editions, subscriptions
from syndicate.store.subscribers.preference_store import delay_to_own_hours

_GOT = (DeliveryState.SENT.value, DeliveryState.SENDING.value, DeliveryState.UNCERTAIN.value)
_WAITS = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)


def replace_deliveries(connection: Connection, edition: Edition, now: datetime, times: SendingTimes) -> None:
    """Add deliveries of a correction for recipients of earlier revisions, sent or still waiting.

    Readers whose delivery was or may have been sent get the correction whatever they have chosen since,
    even during a pause. The others get it in place of the wrong edition, at the time planned for that
    edition.
    """
    same = edition_of_period(edition.newsletter, edition.variant_key, edition.period_end)
    earlier = select(editions.c.id).where(same, editions.c.revision < edition.revision)
    matching = (table.c.subscription_id == subscriptions.c.id, table.c.edition_id.in_(earlier))
    got = exists().where(*matching, table.c.state.in_(_GOT))
    waiting = exists().where(*matching, table.c.state.in_(_WAITS))
    until = select(func.max(table.c.not_before)).where(*matching, table.c.state.in_(_WAITS)).scalar_subquery()
    cut_time, lateness = literal(now, UtcTime), to_microseconds(EPOCH + times.max_lateness)
    when: dict[str, ColumnElement[Any]] = {
        "not_before": func.coalesce(until, cut_time),
        "despite_pause": case((got, literal(value=True)), else_=literal(value=False)),
        "not_after": case((until > cut_time, until), else_=cut_time) + literal(lateness),
    }
    insert_deliveries(connection, edition.id, edition.newsletter, now, when, [got | waiting])
    if edition.variant_key != ISSUE:
        delay_to_own_hours(connection, edition.id, times.own_hour)
    _cancel(connection, table.c.edition_id.in_(earlier), now)


def cancel_replaced(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Cancel waiting deliveries among ``ids`` whose reader has a delivery of a correction.

    A correction leaves a delivery in ``sending`` alone. When the server rejects that mail, it must not be
    tried again.
    """
    other = table.alias("other")
    this, later = editions.alias("this"), editions.alias("later")
    same = edition_of_period(this.c.newsletter, this.c.variant_key, this.c.period_end, later)
    correction = and_(same, later.c.revision > this.c.revision)
    given = (
        select(other.c.id)
        .join(later, later.c.id == other.c.edition_id)
        .join(this, correction)
        .where(this.c.id == table.c.edition_id, other.c.subscription_id == table.c.subscription_id)
    )
    _cancel(connection, and_(table.c.id.in_(ids), given.exists()), now)


def _cancel(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    state, cause = DeliveryState.CANCELLED.value, DeliveryCause.CORRECTED.value
    values = {"state": state, "cause": cause, "error": "", "changed": now, **NO_LEASE}
    connection.execute(update(table).where(which, table.c.state.in_(_WAITS)).values(**values))
