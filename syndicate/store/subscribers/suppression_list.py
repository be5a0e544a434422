"""Suppression list: show, lift, export, import."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal, select, update

from syndicate.model import SubscriptionState, SuppressionReason
from syndicate.store.schema import bounces, subscribers, subscriptions, suppressions
from syndicate.store.subscribers import audience_store

_ALLOWED = "allowed by operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionEntry:
    """Ended subscription, or, without ``newsletter``, a suppressed mailbox.

    The ``address_key`` of an erased mailbox is a keyed hash, which only stores with the same secret can
    match.
    """

    address_key: str
    newsletter: str
    reason: str


def list_suppressions(connection: Connection) -> list[SuppressionEntry]:
    """Return all ended subscriptions and suppressed mailboxes."""
    ended = (
        select(
            subscribers.c.address_key,
            subscriptions.c.newsletter,
            literal(SubscriptionState.UNSUBSCRIBED.value).label("reason"),
        )
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(subscriptions.c.state == SubscriptionState.UNSUBSCRIBED.value)
    )
    barred = select(suppressions.c.address_key, literal("").label("newsletter"), suppressions.c.reason)
    rows = [*connection.execute(ended), *connection.execute(barred)]
    return sorted(
        (SuppressionEntry(**row._asdict()) for row in rows),
        key=lambda entry: (entry.address_key, entry.newsletter),
    )


def import_suppressions(
    connection: Connection, entries: Iterable[SuppressionEntry], *, detail: str, now: datetime
) -> int:
    """Apply exported suppressions to this store; return the number of changed rows."""
    changed = 0
    for entry in entries:
        if entry.newsletter:
            subscription = audience_store.subscription_of(connection, entry.address_key, entry.newsletter)
            if subscription is None:
                continue
            state = audience_store.subscription_state(connection, subscription)
            if state != SubscriptionState.UNSUBSCRIBED:
                audience_store.end_subscription(connection, subscription, detail=detail, now=now)
                changed += 1
        else:
            changed += audience_store.suppression(connection, entry.address_key) is None
            audience_store.suppress(connection, entry.address_key, reason=entry.reason, now=now)
            audience_store.end_all_subscriptions(connection, entry.address_key, detail=detail, now=now)
    return changed


def reason_not_liftable(connection: Connection, address_key: str) -> str:
    """Return why the operator cannot lift a suppression; ``""`` when the mailbox only bounced."""
    reason = audience_store.suppression(connection, address_key)
    if reason is None:
        return "is not on the list of suppressed addresses"
    complaints = (
        select(bounces.c.id)
        .join(subscriptions, subscriptions.c.id == bounces.c.subscription_id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscribers.c.address_key == address_key, bounces.c.kind == "complaint")
    )
    if reason == SuppressionReason.BLOCKED:
        return "was blocked in an imported list, so only its owner can undo that, by mail to you"
    if reason == SuppressionReason.COMPLAINED or connection.execute(complaints.limit(1)).first() is not None:
        return "has complained about your mail, so only its owner can undo that, by mail to you"
    hashed = suppressions.c.address_key == audience_store.suppression_hash(connection, address_key)
    erased = connection.execute(select(suppressions.c.reason).where(hashed)).first()
    if erased is not None or reason not in audience_store.OF_THE_MAILBOX:
        return "was erased, so only its owner can subscribe again, on the sign-up page"
    return ""


def lift_suppression(connection: Connection, address_key: str, *, why: str, now: datetime) -> list[str]:
    """Lift the suppression of a bounced mailbox; return the newsletters that it receives again.

    Only subscriptions that the bounce ended are revived, not subscriptions that the owner ended. Call
    ``reason_not_liftable`` first.
    """
    connection.execute(suppressions.delete().where(suppressions.c.address_key == address_key))
    owner = select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    reviving = (
        update(subscriptions)
        .where(
            subscriptions.c.subscriber_id.in_(owner),
            subscriptions.c.state == SubscriptionState.UNSUBSCRIBED.value,
            subscriptions.c.end_reason.in_(audience_store.OF_THE_MAILBOX),
        )
        .values(state=SubscriptionState.CONFIRMED.value, end_reason="", changed=now)
        .returning(subscriptions.c.newsletter)
    )
    revived = sorted(connection.scalars(reviving))
    for newsletter in revived or [""]:
        audience_store.record_consent(connection, address_key, newsletter, _ALLOWED, why, now)
    return revived


def last_lifted_at(connection: Connection, address_key: str) -> datetime:
    """Return when an operator last lifted the suppression; 1970 if never. Earlier bounces do not count."""
    return audience_store.last_event(connection, address_key, _ALLOWED)
