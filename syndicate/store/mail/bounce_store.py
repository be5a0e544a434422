"""Reports about deliveries: bounces, complaints, unsubscriptions and replies, a row for each kind."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, delete, func, literal, select

from syndicate.model import DeliveryState
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.counts import count_by
from syndicate.store.core.upsert import insert_for, insert_new
from syndicate.store.leases import leases
from syndicate.store.schema import bounces as table
from syndicate.store.schema import deliveries, editions, subscribers, subscriptions

_IGNORED = "bounces ignored"
_OF_READERS = ("leaving", "reply")
ATTRIBUTED_FOR = timedelta(days=7)
"""Time after a delivery within which an unsubscription is attributed to it."""


def addressee(connection: Connection, delivery_id: int) -> Row[Any, Any] | None:
    """Return the subscription and the address of a delivery, ``None`` if it is no longer stored."""
    query = select(deliveries.c.subscription_id, deliveries.c.address)
    return connection.execute(query.where(deliveries.c.id == delivery_id)).first()


def subscriptions_of(connection: Connection, address_keys: Collection[str]) -> list[int]:
    """Return the ids of the mailboxes' subscriptions."""
    joined = select(subscriptions.c.id).join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    return list(connection.scalars(joined.where(subscribers.c.address_key.in_(address_keys))))


def delivery_of(connection: Connection, edition_id: int, subscription_id: int) -> int:
    """Return the id of an edition's delivery to a subscription, 0 if it is no longer stored."""
    of_edition = deliveries.c.edition_id == edition_id, deliveries.c.subscription_id == subscription_id
    return connection.scalars(select(deliveries.c.id).where(*of_edition)).first() or 0


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
    edition = select(deliveries.c.edition_id).where(deliveries.c.id == delivery_id).scalar_subquery()
    values["edition_id"] = func.coalesce(edition, 0)
    return insert_new(connection, table, values)


def variant_of(connection: Connection, delivery_id: int) -> str:
    """Return the variant of a delivery's edition, ``""`` if the delivery is no longer stored."""
    query = select(editions.c.variant_key).join(deliveries, deliveries.c.edition_id == editions.c.id)
    return connection.scalars(query.where(deliveries.c.id == delivery_id)).first() or ""


def has_left(connection: Connection, *, subscription_id: int, delivery_id: int, since: datetime) -> bool:
    """Return whether an unsubscription was recorded for a delivery since a time."""
    fingerprint = f"{subscription_id}:{delivery_id}:leaving"
    query = select(table.c.id).where(table.c.fingerprint == fingerprint, table.c.recorded >= since)
    return connection.execute(query).first() is not None


def record_unsubscription(connection: Connection, subscription_id: int, now: datetime) -> None:
    """Attribute an unsubscription to the latest delivery of the 7 days before it, if any."""
    delivery_id = deliveries.c.id
    values: dict[str, ColumnElement[Any]] = {
        "subscription_id": deliveries.c.subscription_id,
        "delivery_id": delivery_id,
        "edition_id": deliveries.c.edition_id,
        "fingerprint": literal(f"{subscription_id}:") + cast(delivery_id, Text) + ":leaving",
        "kind": literal("leaving"),
        "recorded": literal(now, UtcTime),
        **dict.fromkeys(("status", "detail"), literal("")),
    }
    sent = deliveries.c.subscription_id == subscription_id, deliveries.c.state == DeliveryState.SENT.value
    recent = deliveries.c.changed.between(now - ATTRIBUTED_FOR, now)
    # A mail provider has named the delivery.
    named = select(table.c.id).where(
        table.c.subscription_id == subscription_id, table.c.kind == "leaving", table.c.recorded == now
    )
    latest = select(*values.values()).where(*sent, recent, ~named.exists()).limit(1)
    latest = latest.order_by(deliveries.c.changed.desc(), delivery_id.desc())
    statement = insert_for(connection, table).from_select(list(values), latest)
    connection.execute(statement.on_conflict_do_nothing())


def forget_other_unsubscription(connection: Connection, subscription_id: int, delivery_id: int) -> None:
    """Remove the report of a subscription's end that names another delivery: an end counts once."""
    ended = select(subscriptions.c.changed).where(subscriptions.c.id == subscription_id).scalar_subquery()
    own = table.c.subscription_id == subscription_id, table.c.kind == "leaving"
    connection.execute(
        delete(table).where(*own, table.c.recorded == ended, table.c.delivery_id != delivery_id)
    )


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
    """Return the number of bounces and complaints by kind, and of reports ``ignored`` as not proven."""
    ignored = leases.read_counter(connection, _IGNORED)
    return count_by(connection, table.c.kind, table.c.kind.not_in(_OF_READERS)) | {"ignored": ignored}


def ignore_bounces(connection: Connection, count: int) -> None:
    """Add to the number of reports that prove nothing."""
    leases.increment_counter(connection, _IGNORED, by=count)


def prune_bounces(connection: Connection, *, before: datetime) -> int:
    """Delete reports from before a time."""
    return connection.execute(delete(table).where(table.c.recorded < before)).rowcount
