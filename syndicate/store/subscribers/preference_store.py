"""Preferences of readers, and the recipients of editions that follow from them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, or_, select, update

from syndicate.model import EVERY_EDITION, DeliveryState, SubscriptionState
from syndicate.store.schema import deliveries, subscribers, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPreferences:
    """Preferences of a subscription's owner; ``subscribed`` are all their newsletters."""

    address: str
    address_key: str
    newsletter: str
    state: SubscriptionState
    selection: str
    cadence: str
    hour: int | None
    time_zone: str
    paused_until: datetime | None
    subscribed: tuple[str, ...]
    subscriber_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Cadence and selection of a reader, other than every edition with everything."""

    cadence: str
    selection: str

    @property
    def key(self) -> str:
        """Value of the edition's column ``variant_key``."""
        return variant_key(self.cadence, self.selection)


def variant_key(cadence: str, selection: str) -> str:
    """Return a single text for cadence and selection; the main edition's is its cadence alone."""
    return f"{cadence}\n{selection}" if selection else cadence


def get_preferences(connection: Connection, subscription_id: int) -> StoredPreferences | None:
    """Return the preferences of a subscription, or ``None`` when it is gone."""
    of_owner = ("address", "address_key", "hour", "time_zone", "paused_until")
    own = ("newsletter", "state", "selection", "cadence", "subscriber_id")
    row = connection.execute(
        select(*(subscribers.c[name] for name in of_owner), *(subscriptions.c[name] for name in own))
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.id == subscription_id)
    ).first()
    if row is None:
        return None
    facts = row._asdict()
    matching = and_(
        subscriptions.c.subscriber_id == facts["subscriber_id"],
        subscriptions.c.state == SubscriptionState.CONFIRMED.value,
    )
    names = connection.scalars(select(subscriptions.c.newsletter).where(matching))
    facts["state"] = SubscriptionState(facts["state"])
    return StoredPreferences(**facts, subscribed=tuple(sorted(names)))


def save_preferences(
    connection: Connection,
    subscription_id: int,
    *,
    selection: str,
    cadence: str,
    hour: int | None,
    time_zone: str,
    paused_until: datetime | None,
) -> None:
    """Store selection and cadence of a newsletter, and hour, time zone and pause of the mailbox."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .values(selection=selection, cadence=cadence)
    )
    owner = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == subscription_id)
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id.in_(owner))
        .values(hour=hour, time_zone=time_zone, paused_until=paused_until)
    )


def variants(connection: Connection, newsletter: str, now: datetime) -> list[Variant]:
    """Return every distinct choice of a newsletter's present readers."""
    special = or_(subscriptions.c.cadence != EVERY_EDITION, subscriptions.c.selection != "")
    query = (
        select(subscriptions.c.cadence, subscriptions.c.selection)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.state == SubscriptionState.CONFIRMED.value,
            special,
            not_paused(now),
        )
        .distinct()
        .order_by(subscriptions.c.cadence, subscriptions.c.selection)
    )
    return [Variant(cadence=row.cadence, selection=row.selection) for row in connection.execute(query)]


def not_paused(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition for subscribers whose mail is not paused."""
    until = subscribers.c.paused_until
    return or_(until.is_(None), until <= now)


def delay_to_own_hours(
    connection: Connection, edition_id: int, own_hour: Callable[[int, str], datetime]
) -> None:
    """Delay the deliveries of an edition until each reader's own hour.

    A statement runs for each distinct hour and time zone, whatever the number of readers. A correction's
    delivery that replaced a waiting delivery keeps its time.
    """
    of_edition = (
        select(subscribers.c.hour, subscribers.c.time_zone)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
        .where(deliveries.c.edition_id == edition_id, subscribers.c.hour.is_not(None))
        .distinct()
    )
    for hour, zone in connection.execute(of_edition).all():
        subscription_ids = (
            select(subscriptions.c.id)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscribers.c.hour == hour, subscribers.c.time_zone == zone)
        )
        connection.execute(
            update(deliveries)
            .where(deliveries.c.edition_id == edition_id, deliveries.c.subscription_id.in_(subscription_ids))
            .where(deliveries.c.not_before == deliveries.c.created)
            .values(**rescheduled_values(own_hour(hour, zone)))
        )


def reschedule_waiting(
    connection: Connection, subscription_id: int, own_hour: Callable[[str, datetime], datetime], now: datetime
) -> None:
    """Move the waiting editions of a mailbox whose hour has changed to the new hour.

    ``own_hour`` returns that hour for a newsletter and the time at which the edition was cut.
    """
    owner = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == subscription_id)
    waits = and_(
        deliveries.c.state == DeliveryState.PENDING.value,
        deliveries.c.requires == SubscriptionState.CONFIRMED.value,
        deliveries.c.attempts == 0,
        deliveries.c.not_before > now,
    )
    query = (
        select(deliveries.c.id, deliveries.c.created, subscriptions.c.newsletter)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(subscriptions.c.subscriber_id.in_(owner), waits)
    )
    for row in connection.execute(query).all():
        at = max(own_hour(row.newsletter, row.created), now)
        statement = update(deliveries).where(deliveries.c.id == row.id, waits)
        connection.execute(statement.values(**rescheduled_values(at)))


def rescheduled_values(not_before: datetime) -> dict[str, Any]:
    """Return values that move a delivery to another time and keep its allowed lateness."""
    return {
        "not_before": not_before,
        "not_after": deliveries.c.not_after + (not_before - deliveries.c.not_before),
    }
