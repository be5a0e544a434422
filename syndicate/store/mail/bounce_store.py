"""Bounces: a row for each kind of report about a delivery."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from syndicate.store.core import leases
from syndicate.store.core.counts import count_by
from syndicate.store.core.upsert import insert_for
from syndicate.store.schema import bounces as table
from syndicate.store.schema import deliveries, subscribers, subscriptions

_IGNORED = "bounces ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Mailbox that a delivery was addressed to."""

    delivery_id: int
    subscription_id: int
    address: str
    address_key: str


def addressee(connection: Connection, delivery_id: int) -> Addressee | None:
    """Return the mailbox of a delivery, or ``None`` when the delivery is no longer stored."""
    row = connection.execute(
        select(deliveries.c.subscription_id, deliveries.c.address, subscribers.c.address_key)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(deliveries.c.id == delivery_id)
    ).first()
    return None if row is None else Addressee(delivery_id=delivery_id, **row._asdict())


def subscriber_key(connection: Connection, subscription_id: int) -> str | None:
    """Return the mailbox of a subscription, or ``None``."""
    return connection.scalars(
        select(subscribers.c.address_key)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.id == subscription_id)
    ).first()


def record_bounce(
    connection: Connection,
    *,
    subscription_id: int,
    delivery_id: int,
    kind: str,
    status: str,
    detail: str,
    now: datetime,
) -> bool:
    """Store the first report of a kind about a delivery; false for further reports."""
    values = {"subscription_id": subscription_id, "delivery_id": delivery_id, "kind": kind, "recorded": now}
    values |= {"status": status, "detail": detail, "fingerprint": f"{subscription_id}:{delivery_id}:{kind}"}
    statement = insert_for(connection, table).values(**values).on_conflict_do_nothing()
    return connection.scalars(statement.returning(table.c.id)).first() is not None


def count_bounces(connection: Connection, address_key: str, *, kind: str, since: datetime) -> int:
    """Return the number of deliveries to a mailbox that bounced in that way since a time."""
    query = (
        select(func.count())
        .select_from(table)
        .join(subscriptions, subscriptions.c.id == table.c.subscription_id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscribers.c.address_key == address_key, table.c.kind == kind, table.c.recorded >= since)
    )
    return connection.scalars(query).one()


def count_by_kind(connection: Connection) -> dict[str, int]:
    """Return the number of reports by kind, and of reports ``ignored`` as forged or unknown."""
    ignored = leases.read_counter(connection, _IGNORED)
    return count_by(connection, table.c.kind) | {"ignored": ignored}


def ignore_bounces(connection: Connection, count: int) -> None:
    """Add to the number of reports that prove nothing."""
    leases.increment_counter(connection, _IGNORED, by=count)


def prune_bounces(connection: Connection, *, before: datetime) -> int:
    """Delete reports from before a time."""
    return connection.execute(delete(table).where(table.c.recorded < before)).rowcount
