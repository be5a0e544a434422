"""Subscribers as lists of the operator's pages: pages of a list, a subscriber's rows, and growth."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, case, func, or_, select, text, type_coerce

from syndicate.model import SubscriptionState
from syndicate.store.core.column_types import from_microseconds
from syndicate.store.schema import bounces, consents, deliveries, editions, subscribers
from syndicate.store.schema import subscriptions as table

_HOUR = 3_600_000_000
_JOINED = ("confirmed", "subscribed by operator", "allowed by operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberFilter:
    """Filter of a list: words at the beginning of the address or the name, newsletter, state, first day."""

    words: str = ""
    newsletter: str = ""
    state: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRow:
    """Subscriber of a list with the state of each subscription by newsletter."""

    id: int
    address: str
    address_key: str
    name: str
    language: str
    created: datetime
    states: dict[str, str]


def subscriber_page(
    connection: Connection, chosen: SubscriberFilter, *, after: str = "", limit: int = 50
) -> list[SubscriberRow]:
    """Return a page of subscribers by address, after the key of an address."""
    names = [name for name in SubscriberRow.__dataclass_fields__ if name != "states"]
    query = select(*(subscribers.c[name] for name in names)).where(subscribers.c.address_key > after)
    if words := chosen.words.strip().lower():
        # A range, because no index serves LIKE in every engine.
        beginning = subscribers.c.address_key.between(words, words + "\uffff")
        named = func.lower(subscribers.c.name).startswith(words, autoescape=True)
        query = query.where(beginning if "@" in words else or_(beginning, named))
    if chosen.since:
        query = query.where(subscribers.c.created >= chosen.since)
    if chosen.newsletter or chosen.state:
        given = [table.c.subscriber_id == subscribers.c.id]
        given += [table.c.newsletter == chosen.newsletter] if chosen.newsletter else []
        given += [table.c.state == chosen.state] if chosen.state else []
        query = query.where(select(table.c.id).where(*given).exists())
    rows = connection.execute(query.order_by(subscribers.c.address_key).limit(limit)).all()
    states: dict[int, dict[str, str]] = {}
    of_page = select(table.c.subscriber_id, table.c.newsletter, table.c.state)
    for owner, newsletter, state in connection.execute(
        of_page.where(table.c.subscriber_id.in_([row.id for row in rows])).order_by(table.c.newsletter)
    ):
        states.setdefault(owner, {})[newsletter] = state
    return [SubscriberRow(**row._asdict(), states=states.get(row.id, {})) for row in rows]


def subscriber_row(connection: Connection, subscriber_id: int) -> SubscriberRow | None:
    """Return a subscriber by id."""
    names = [name for name in SubscriberRow.__dataclass_fields__ if name != "states"]
    query = select(*(subscribers.c[name] for name in names)).where(subscribers.c.id == subscriber_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    states = select(table.c.newsletter, table.c.state).where(table.c.subscriber_id == subscriber_id)
    return SubscriberRow(**row._asdict(), states=dict(connection.execute(states).all()))


def subscriptions_of(connection: Connection, subscriber_id: int) -> list[dict[str, Any]]:
    """Return the subscriptions of a subscriber with all columns."""
    query = select(table).where(table.c.subscriber_id == subscriber_id).order_by(table.c.newsletter)
    return [row._asdict() for row in connection.execute(query)]


def consents_of(connection: Connection, address_key: str) -> list[dict[str, Any]]:
    """Return the record of consent of a mailbox, newest first."""
    query = select(consents).where(consents.c.address_key == address_key)
    rows = connection.execute(query.order_by(consents.c.id.desc()).limit(200))
    return [row._asdict() for row in rows]


def mails_of(connection: Connection, subscriber_id: int, *, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last deliveries of a subscriber with their editions."""
    own = select(table.c.id).where(table.c.subscriber_id == subscriber_id)
    names = ("id", "state", "cause", "code", "error", "changed")
    query = select(*(deliveries.c[name] for name in names), editions.c.newsletter, editions.c.subject)
    query = query.join(editions, editions.c.id == deliveries.c.edition_id)
    query = query.where(deliveries.c.subscription_id.in_(own)).order_by(deliveries.c.id.desc())
    return [row._asdict() for row in connection.execute(query.limit(limit))]


def bounces_of(connection: Connection, subscriber_id: int, *, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last reports about mails to a subscriber."""
    own = select(table.c.id).where(table.c.subscriber_id == subscriber_id)
    query = select(bounces.c.kind, bounces.c.status, bounces.c.detail, bounces.c.recorded)
    query = query.where(bounces.c.subscription_id.in_(own)).order_by(bounces.c.id.desc())
    return [row._asdict() for row in connection.execute(query.limit(limit))]


def changes_by_day(
    connection: Connection, now: datetime, zone: ZoneInfo, *, days: int = 60
) -> dict[date, tuple[int, int]]:
    """Return the numbers of subscriptions joined and left by day in a time zone, oldest day first."""
    hour = type_coerce(consents.c.recorded, BigInteger) // _HOUR
    kind = case((consents.c.event.in_(_JOINED), "joined"), else_="left")
    events = consents.c.event.in_((*_JOINED, "unsubscribed"))
    query = select(hour.label("hour"), kind.label("kind"), func.count().label("number"))
    query = query.where(events, consents.c.recorded >= now - timedelta(days=days))
    query = query.group_by(text("hour"), text("kind"))
    joined, left = Counter[date](), Counter[date]()
    for row in connection.execute(query):
        day = from_microseconds(row.hour * _HOUR).astimezone(zone).date()
        (joined if row.kind == "joined" else left)[day] += row.number
    today = now.astimezone(zone).date()
    span = (today - timedelta(days=number) for number in range(days - 1, -1, -1))
    return {day: (joined[day], left[day]) for day in span}


def confirmed_by_newsletter(connection: Connection) -> dict[str, int]:
    """Return the number of confirmed subscriptions of each newsletter."""
    query = select(table.c.newsletter, func.count()).where(table.c.state == SubscriptionState.CONFIRMED.value)
    return dict(connection.execute(query.group_by(table.c.newsletter)).all())
