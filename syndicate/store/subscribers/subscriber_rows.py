"""Subscribers as lists of the operator's pages: pages of a list, a subscriber's rows, and growth."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import Kept, read_changed
from syndicate.store.schema import bounces, consents, deliveries, editions, subscribers
from syndicate.store.schema import subscriptions as table
from syndicate.store.subscribers.audience_store import count_subscriptions_by_state

_JOINED = consents.c.event.in_(("confirmed", "subscribed by operator", "allowed by operator"))
# A day at a time: the index has the events of a day side by side.
_changes: Any = select(func.count().filter(_JOINED), func.count().filter(consents.c.event == "unsubscribed"))
_of_day = consents.c.recorded >= bindparam("start"), consents.c.recorded < bindparam("end")
_CHANGES = CompiledStatement(_changes.where(*_of_day))
_RECORDED = CompiledStatement(select(func.count()).select_from(consents).where(*_of_day))


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


_PERSON = select(*(subscribers.c[name] for name in SubscriberRow.__dataclass_fields__ if name != "states"))


def subscriber_page(
    connection: Connection, chosen: SubscriberFilter, *, after: str = "", limit: int = 50
) -> list[SubscriberRow]:
    """Return a page of subscribers by address, after the key of an address."""
    query = _PERSON.where(subscribers.c.address_key > after)
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
    return _rows(connection, query.order_by(subscribers.c.address_key).limit(limit))


def subscriber_row(connection: Connection, subscriber_id: int) -> SubscriberRow | None:
    """Return a subscriber by id."""
    return next(iter(_rows(connection, _PERSON.where(subscribers.c.id == subscriber_id))), None)


def _rows(connection: Connection, query: Select[Any]) -> list[SubscriberRow]:
    """Return the subscribers of a query of ``_PERSON`` with their subscriptions."""
    rows = connection.execute(query).all()
    states: dict[int, dict[str, str]] = {row.id: {} for row in rows}
    of_page = select(table.c.subscriber_id, table.c.newsletter, table.c.state)
    of_page = of_page.where(table.c.subscriber_id.in_(states)).order_by(table.c.newsletter)
    for owner, newsletter, state in connection.execute(of_page):
        states[owner][newsletter] = state
    return [SubscriberRow(**row._asdict(), states=states[row.id]) for row in rows]


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
    connection: Connection, now: datetime, zone: ZoneInfo, kept: Kept[tuple[int, int]], *, days: int = 60
) -> dict[date, tuple[int, int]]:
    """Return the numbers of subscriptions joined and left by day in a time zone, oldest day first.

    A day in ``kept`` is read again once its number of consents has changed.
    """
    today = now.astimezone(zone).date()
    span = [today - timedelta(days=number) for number in range(days - 1, -2, -1)]
    starts = [to_microseconds(datetime.combine(day, time(), zone)) for day in span]
    days_of = {start: {"start": start, "end": end} for start, end in pairwise(starts)}
    counts = [(start, _RECORDED.rows(connection, day)[0][0]) for start, day in days_of.items()]
    changes = read_changed(kept, counts, lambda start: _CHANGES.rows(connection, days_of[start])[0])
    return dict(zip(span, changes, strict=False))


def confirmed_by_newsletter(connection: Connection) -> dict[str, int]:
    """Return the number of confirmed subscriptions of each newsletter."""
    counts = count_subscriptions_by_state(connection).items()
    return {name: states["confirmed"] for name, states in counts if "confirmed" in states}
