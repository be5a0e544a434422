"""Subscribers, their subscriptions, and the record of consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import digest
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select, update

from syndicate import measures
from syndicate.model import SubscriptionState, SuppressionReason
from syndicate.model.shards import shard_of_address
from syndicate.store.core.column_types import EPOCH
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_new, upsert
from syndicate.store.events.event_log import add_event, is_wanted
from syndicate.store.leases import leases
from syndicate.store.mail import bounce_store
from syndicate.store.mail.message_store import plan_steps
from syndicate.store.output.private_feed_store import feed_choices, rotate_feed_address
from syndicate.store.schema import consents, sign_ups, subscribers, suppressions
from syndicate.store.schema import subscriptions as table
from syndicate.store.subscribers import field_store

# Runs with every poll.
_READERS = CompiledStatement(
    select(func.count(table.c.subscriber_id.distinct())).where(
        table.c.state == SubscriptionState.CONFIRMED.value
    )
)
# Newsletters one after the other: both databases count the rows of a key faster than they group rows by key.
_STATES = [state.value for state in SubscriptionState]
_names = select(func.min(table.c.newsletter).label("name")).cte("names", recursive=True)
_later, _own = table.alias("later"), table.alias("own")
_next = select(func.min(_later.c.newsletter)).where(_later.c.newsletter > _names.c.name)
_names = _names.union_all(select(_next.scalar_subquery()).where(_names.c.name.is_not(None)))
_count = select(func.count()).where(_own.c.newsletter == _names.c.name)
_counts = [_count.where(_own.c.state == state).scalar_subquery() for state in _STATES]
_COUNTS = CompiledStatement(select(_names.c.name, *_counts).where(_names.c.name.is_not(None)))

OF_THE_MAILBOX: Final = (SuppressionReason.BOUNCED.value, SuppressionReason.BOUNCED_OFTEN.value)
"""Reasons of suppressions that concern the mailbox and not its owner's will; an operator can lift them."""
_EVENTS: Final = {
    "subscribed by operator": "subscriber.confirmed",
    "confirmed": "subscriber.confirmed",
    "unsubscribed": "subscriber.left",
}
ERASED_KEY: Final = "hash:"
"""Prefix of the key that remains of an erased mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Mailbox with fields, tags, and the state of each of its subscriptions, past and present."""

    id: int
    address: str
    name: str
    language: str
    created: datetime
    subscriptions: dict[str, SubscriptionState]
    fields: Mapping[str, str]
    tags: Sequence[str]


def add_subscription(
    connection: Connection,
    *,
    address: str,
    address_key: str,
    name: str,
    language: str,
    newsletter: str,
    evidence: str,
    now: datetime,
    agreed: str = "",
) -> str:
    """Subscribe a mailbox on the operator's word; ``evidence`` names the origin of the consent.

    ``agreed`` is the text the subscriber agreed to elsewhere, as far as the operator knows. Returns
    ``added``, ``already`` (it is confirmed), ``left`` (the subscriber unsubscribed, and an import never
    subscribes them again) or ``suppressed`` (the mailbox is on the suppression list).
    """
    leases.ensure_secret(connection)
    if suppression(connection, address_key) is not None:
        return "suppressed"
    subscriber_id = _subscriber_id(connection, address, address_key, name, language, now)
    state = connection.scalars(
        select(table.c.state).where(table.c.subscriber_id == subscriber_id, table.c.newsletter == newsletter)
    ).first()
    if state == SubscriptionState.CONFIRMED.value:
        return "already"
    if state == SubscriptionState.UNSUBSCRIBED.value:
        return "left"
    keys = {"subscriber_id": subscriber_id, "newsletter": newsletter}
    values = {"state": SubscriptionState.CONFIRMED.value, "changed": now}
    upsert(connection, table, keys, values, new={"created": now})
    record_consent(connection, address_key, newsletter, "subscribed by operator", evidence, now, agreed)
    return "added"


def _subscriber_id(
    connection: Connection, address: str, address_key: str, name: str, language: str, now: datetime
) -> int:
    values = {"address": address, "name": name, "language": language, "shard": shard_of_address(address_key)}
    insert_new(connection, subscribers, {"address_key": address_key, "created": now, **values})
    subscriber_id: int = connection.scalars(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    ).one()
    return subscriber_id


def find_subscriber(connection: Connection, address_key: str) -> int | None:
    """Return the id of a mailbox, or ``None``."""
    return connection.scalars(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    ).first()


def request_subscription(
    connection: Connection, address: str, address_key: str, newsletter: str, now: datetime
) -> tuple[int, SubscriptionState]:
    """Return the subscription that a reader requests, and its state: ``pending`` if it is new.

    An ended subscription stays ``unsubscribed`` until its owner confirms, so that nothing else revives it.
    """
    subscriber_id = _subscriber_id(connection, address, address_key, "", "", now)
    pending = SubscriptionState.PENDING.value
    values = {"subscriber_id": subscriber_id, "newsletter": newsletter, "state": pending}
    insert_new(connection, table, {**values, "created": now, "changed": now})
    matching = and_(table.c.subscriber_id == subscriber_id, table.c.newsletter == newsletter)
    connection.execute(update(table).where(matching, table.c.state == pending).values(changed=now))
    row = connection.execute(select(table.c.id, table.c.state).where(matching)).one()
    return row.id, SubscriptionState(row.state)


def confirm_subscription(
    connection: Connection,
    address_key: str,
    newsletter: str,
    *,
    detail: str,
    agreed: str,
    now: datetime,
    source: str = "",
) -> int | None:
    """Confirm a subscription whose owner agreed to ``agreed``; return its id, ``None`` if gone.

    ``source`` is the origin of the sign-up. A subscription that is confirmed already keeps its source.
    """
    subscription_id = subscription_of(connection, address_key, newsletter)
    if subscription_id is None:
        return None
    plan_steps(connection, subscription_id, now)
    connection.execute(
        update(table)
        .where(table.c.id == subscription_id)
        .values(
            state=SubscriptionState.CONFIRMED.value,
            end_reason="",
            changed=now,
            source=case((table.c.state == SubscriptionState.CONFIRMED.value, table.c.source), else_=source),
        )
    )
    # Only the owner's confirmation lifts the suppression of an erased mailbox.
    erased = suppressions.c.reason == SuppressionReason.ERASED.value
    spellings = (address_key, suppression_hash(connection, address_key))
    connection.execute(delete(suppressions).where(suppressions.c.address_key.in_(spellings), erased))
    record_consent(connection, address_key, newsletter, "confirmed", detail, now, agreed)
    return subscription_id


def end_subscription(
    connection: Connection, subscription_id: int, *, detail: str, now: datetime, end_reason: str = ""
) -> bool | None:
    """Unsubscribe; return false when it had ended before, ``None`` for an unknown id.

    ``end_reason`` is the ``SuppressionReason`` for an end by the program, ``""`` for an end by the
    subscriber. A subscriber's own unsubscription replaces a bounce as the reason. The last unsubscription
    also ends the address of the private feed.
    """
    row = connection.execute(
        select(table.c.newsletter, table.c.subscriber_id, subscribers.c.address_key)
        .join(subscribers, subscribers.c.id == table.c.subscriber_id)
        .where(table.c.id == subscription_id)
    ).first()
    if row is None:
        return None
    is_open = table.c.state != SubscriptionState.UNSUBSCRIBED.value
    ends = is_open if end_reason else or_(is_open, table.c.end_reason != "")
    ended = connection.execute(
        update(table)
        .where(table.c.id == subscription_id, ends)
        .values(state=SubscriptionState.UNSUBSCRIBED.value, end_reason=end_reason, changed=now)
    )
    if ended.rowcount == 1:
        record_consent(connection, row.address_key, row.newsletter, "unsubscribed", detail, now)
        if not end_reason:
            bounce_store.record_unsubscription(connection, subscription_id, now)
        if not feed_choices(connection, row.subscriber_id):
            rotate_feed_address(connection, row.subscriber_id)
    return ended.rowcount == 1


def end_all_subscriptions(
    connection: Connection, address_key: str, *, detail: str, now: datetime, end_reason: str = ""
) -> int | None:
    """End all subscriptions of a mailbox; return their number, ``None`` for an unknown mailbox."""
    subscriber_id = find_subscriber(connection, address_key)
    if subscriber_id is None:
        return None
    is_open = table.c.state != SubscriptionState.UNSUBSCRIBED.value
    ids = connection.scalars(select(table.c.id).where(table.c.subscriber_id == subscriber_id, is_open)).all()
    for subscription_id in ids:
        end_subscription(connection, subscription_id, detail=detail, now=now, end_reason=end_reason)
    return len(ids)


def subscription_newsletter(connection: Connection, subscription_id: int) -> str | None:
    """Return the newsletter of a subscription, or ``None``."""
    return connection.scalars(select(table.c.newsletter).where(table.c.id == subscription_id)).first()


def is_confirmed(connection: Connection, subscription_id: int) -> bool:
    """Return whether a subscription is confirmed."""
    return subscription_state(connection, subscription_id) == SubscriptionState.CONFIRMED


def subscription_state(connection: Connection, subscription_id: int) -> str | None:
    """Return the state of a subscription, or ``None``."""
    return connection.scalars(select(table.c.state).where(table.c.id == subscription_id)).first()


def subscription_of(connection: Connection, address_key: str, newsletter: str) -> int | None:
    """Return the id of a mailbox's subscription, or ``None``."""
    query = (
        select(table.c.id)
        .join(subscribers, subscribers.c.id == table.c.subscriber_id)
        .where(subscribers.c.address_key == address_key, table.c.newsletter == newsletter)
    )
    return connection.scalars(query).first()


def any_subscription(connection: Connection) -> int | None:
    """Return the id of any subscription, or ``None`` when there is none."""
    return connection.scalars(select(func.min(table.c.id))).first()


def suppress(connection: Connection, address_key: str, *, reason: str, now: datetime) -> bool:
    """Put a mailbox on the suppression list; return whether that changed something.

    The owner's will, such as a complaint, replaces a bounce as the reason.
    """
    key, values = {"address_key": address_key}, {"reason": reason, "recorded": now}
    if reason in OF_THE_MAILBOX:
        return insert_new(connection, suppressions, key | values)
    replaceable = suppressions.c.reason.in_(OF_THE_MAILBOX)
    return upsert(connection, suppressions, key, values, where=replaceable) == 1


def suppression(connection: Connection, address_key: str) -> str | None:
    """Return the reason for which a mailbox is suppressed, or ``None``."""
    spellings = (address_key, suppression_hash(connection, address_key))
    return connection.scalars(
        select(suppressions.c.reason).where(suppressions.c.address_key.in_(spellings))
    ).first()


def suppression_hash(connection: Connection, address_key: str) -> str:
    """Return the key that remains of an erased mailbox: a hash with the store's secret."""
    (hashed,) = suppression_hashes(connection, [address_key])
    return hashed


def suppression_hashes(connection: Connection, address_keys: Sequence[str]) -> dict[str, str]:
    """Return mailboxes by the keys that would remain of them."""
    secret = leases.read_secret(connection)
    hashes = (digest(secret, b"syndicate suppression\x00" + key.encode(), "sha256") for key in address_keys)
    return {ERASED_KEY + hashed.hex(): key for hashed, key in zip(hashes, address_keys, strict=True)}


def erase_subscriber(connection: Connection, address_key: str, now: datetime) -> bool:
    """Erase a subscriber: subscriptions, deliveries, requests. False for an unknown mailbox.

    A keyed hash stays on the suppression list and in the record of consent. No later import writes to the
    mailbox, and the proof of consent stays without the subscriber's data.
    """
    leases.ensure_secret(connection)
    hashed = suppression_hash(connection, address_key)
    reason = suppression(connection, address_key)
    known = connection.execute(delete(subscribers).where(subscribers.c.address_key == address_key)).rowcount
    known += connection.execute(delete(sign_ups).where(sign_ups.c.address_key == address_key)).rowcount
    known += connection.execute(
        update(consents).where(consents.c.address_key == address_key).values(address_key=hashed, detail="")
    ).rowcount
    if known or reason is not None:
        connection.execute(delete(suppressions).where(suppressions.c.address_key == address_key))
        suppress(connection, hashed, reason=reason or SuppressionReason.ERASED.value, now=now)
    return known > 0


def list_subscribers(
    connection: Connection, *members: ColumnElement[bool], newsletter: str | None = None
) -> list[Subscriber]:
    """Return every subscriber (of one newsletter) that meets the conditions ``members``, by address."""
    query = (
        select(subscribers, table.c.newsletter, table.c.state)
        .outerjoin(table, table.c.subscriber_id == subscribers.c.id)
        .where(*members)
        .order_by(subscribers.c.address_key, table.c.newsletter)
    )
    fields, tags = field_store.fields_and_tags(connection, *members)
    if newsletter is not None:
        query = query.where(table.c.newsletter == newsletter)
    found: dict[int, Subscriber] = {}
    for row in connection.execute(query):
        facts = {name: getattr(row, name) for name in ("id", "address", "name", "language", "created")}
        facts |= {"fields": fields.get(row.id, {}), "tags": tags.get(row.id, ())}
        subscriber = found.setdefault(row.id, Subscriber(**facts, subscriptions={}))
        if row.newsletter is not None:
            subscriber.subscriptions[row.newsletter] = SubscriptionState(row.state)
    return list(found.values())


def count_readers(connection: Connection) -> int:
    """Return the number of mailboxes with a confirmed subscription."""
    ((count,),) = _READERS.rows(connection, {})
    return int(count)


def count_subscriptions_by_state(connection: Connection) -> dict[str, dict[str, int]]:
    """Return newsletter → state → number of subscriptions."""
    return {
        newsletter: {state: count for state, count in zip(_STATES, counts, strict=True) if count}
        for newsletter, *counts in _COUNTS.rows(connection, {})
    }


def record_consent(
    connection: Connection,
    address_key: str,
    newsletter: str,
    event: str,
    detail: str,
    now: datetime,
    agreed: str = "",
) -> None:
    """Record an agreement or its end, with time and circumstances; records are never removed."""
    values = {"address_key": address_key, "newsletter": newsletter, "event": event, "detail": detail}
    connection.execute(insert(consents).values(**values, recorded=now, agreed=agreed))
    measures.count("consents", event)
    event_type = _EVENTS.get(event, "")
    if event_type and is_wanted(connection, event_type):
        subscriber = str(find_subscriber(connection, address_key))
        data = {"subscriber": subscriber, "newsletter": newsletter}
        add_event(connection, event_type, f"subscriber/{subscriber}", data, now)


def last_event(
    connection: Connection, address_key: str, event: str, *conditions: ColumnElement[bool]
) -> datetime:
    """Return when the record of consent last had an event of a mailbox; 1970 if never."""
    query = select(func.max(consents.c.recorded, type_=consents.c.recorded.type))
    query = query.where(consents.c.address_key == address_key, consents.c.event == event, *conditions)
    return connection.scalars(query).one() or EPOCH
