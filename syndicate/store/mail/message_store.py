"""Welcome mails and series: the steps of each newsletter, and each step of each subscription.

planned → queued | skipped. A step is planned when the owner confirms the subscription, in the same commit;
imported subscribers have none. A step that is queued has a delivery, made in the same commit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from syndicate.errors import StoreError
from syndicate.model import OPEN_DELIVERIES, DeliveryState, SubscriptionState
from syndicate.store.core.upsert import upsert
from syndicate.store.mail import edition_store
from syndicate.store.mail.edition_store import MESSAGE, edition_values, insert_row
from syndicate.store.schema import deliveries, editions, subscribers, subscriptions, suppressions
from syndicate.store.schema import message_steps as declared_steps
from syndicate.store.schema import subscription_steps as table
from syndicate.store.subscribers.preference_store import not_paused

PLANNED = "planned"
QUEUED = "queued"
SKIPPED = "skipped"
SEARCH = "search:"
"""Beginning of the ``variant_key`` of a saved search's mail, before the number of the search."""
_CLAIMED = "claimed"
_LEFT = "left"
# A step that could not be sent for so long is skipped, so that no reader gets several at once.
LATEST = timedelta(days=3)
GAP = timedelta(hours=20)
"""Time between two steps of different days: after an outage they are not sent together."""
# The date of a mail is the time of its edition.
_SAME_DATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCount:
    """Number of subscriptions with a step in a state. ``reason`` is ``""`` unless it was skipped.

    The state of a queued step is ``waiting``, or how its delivery ended: ``sent``, ``failed``, ….
    """

    newsletter: str
    step: str
    state: str
    reason: str
    count: int


def plan_steps(connection: Connection, subscription_id: int, now: datetime) -> None:
    """Plan the steps of a subscription that its owner is about to confirm.

    A reader who returns gets the steps that remained when they left, counted from now.
    """
    joins = select(subscriptions.c.newsletter).where(
        subscriptions.c.id == subscription_id, subscriptions.c.state != SubscriptionState.CONFIRMED.value
    )
    steps = select(declared_steps).where(declared_steps.c.newsletter.in_(joins))
    for row in connection.execute(steps).all():
        left = and_(table.c.state == SKIPPED, table.c.reason == _LEFT)
        values = {"state": PLANNED, "reason": "", "due_at": now + timedelta(days=row.days), "changed": now}
        keys = {"subscription_id": subscription_id, "step": row.step}
        upsert(connection, table, keys, values, where=or_(table.c.state == PLANNED, left))


def due_steps(connection: Connection, now: datetime) -> set[tuple[str, str]]:
    """Return the newsletters and names of steps that are due."""
    query = select(subscriptions.c.newsletter, table.c.step).join(
        subscriptions, subscriptions.c.id == table.c.subscription_id
    )
    return {(row.newsletter, row.step) for row in connection.execute(query.where(_sendable(now)).distinct())}


def skip_steps(connection: Connection, now: datetime) -> None:
    """Skip the due steps that must not be sent, each with its reason."""
    of_step = (
        select(declared_steps.c.newsletter).where(declared_steps.c.step == table.c.step).correlate(table)
    )
    suppressed = subscribers.c.address_key.in_(select(suppressions.c.address_key))
    confirmed = subscriptions.c.state == SubscriptionState.CONFIRMED.value
    reasons: tuple[tuple[str, ColumnElement[bool]], ...] = (
        (_LEFT, ~_of_subscription(confirmed)),
        ("removed", ~_of_subscription(subscriptions.c.newsletter.in_(of_step))),
        ("suppressed", _of_subscription(suppressed)),
        ("paused", ~_of_subscription(not_paused(now))),
        ("late", table.c.due_at < now - LATEST),
    )
    for reason, applies in reasons:
        _skip(connection, and_(_due(now), applies), reason, now)


def skip_restored(connection: Connection, now: datetime) -> None:
    """Skip due steps of a restored store: they may have been sent since the backup."""
    _skip(connection, _due(now), "restored", now)


def queue_step(
    connection: Connection, newsletter: str, step: str, rendered: tuple[str, str, str], now: datetime
) -> int:
    """Add the deliveries of a due step of a newsletter; return the number of readers.

    The rows are claimed first, so that a process that does the same at this time finds none.
    """
    own = _of_subscription(subscriptions.c.newsletter == newsletter)
    claims = update(table).where(_sendable(now), table.c.step == step, own)
    if connection.execute(claims.values(state=_CLAIMED)).rowcount == 0:
        return 0
    edition_id = _edition(connection, newsletter, step, rendered, now)
    claimed = and_(table.c.step == step, table.c.state == _CLAIMED, own)
    of_reader = select(table.c.step).where(claimed, table.c.subscription_id == subscriptions.c.id)
    chosen = (not_paused(now), of_reader.exists())
    when = edition_store.from_now(now, LATEST)
    edition_store.insert_deliveries(connection, edition_id, newsletter, now, when, chosen)
    given = select(deliveries.c.id).where(
        deliveries.c.edition_id == edition_id, deliveries.c.subscription_id == table.c.subscription_id
    )
    done = update(table).where(claimed, given.exists()).values(state=QUEUED, changed=now)
    queued = connection.execute(done).rowcount
    # The others left or paused just now: the next run skips their step.
    connection.execute(update(table).where(claimed).values(state=PLANNED))
    return queued


def queue_search(
    connection: Connection,
    newsletter: str,
    search_id: int,
    subscription_id: int,
    rendered: tuple[str, str, str],
    now: datetime,
) -> None:
    """Add the delivery of a saved search's mail, unless its reader left or paused."""
    edition_id = _edition(connection, newsletter, f"{SEARCH}{search_id}", rendered, now)
    chosen = (not_paused(now), subscriptions.c.id == subscription_id)
    when = edition_store.from_now(now, LATEST)
    edition_store.insert_deliveries(connection, edition_id, newsletter, now, when, chosen)


def _edition(
    connection: Connection, newsletter: str, step: str, rendered: tuple[str, str, str], now: datetime
) -> int:
    """Return the recent edition with this mail, or a new edition."""
    subject, html, text = rendered
    mail = {"state": MESSAGE, "subject": subject, "html": html, "text": text}
    same = and_(*(editions.c[name] == value for name, value in mail.items()))
    line = and_(editions.c.newsletter == newsletter, editions.c.variant_key == step, same)
    recent = select(editions.c.id).where(line, editions.c.cut_at.between(now - _SAME_DATE, now))
    found: int | None = connection.scalars(recent.order_by(editions.c.id.desc()).limit(1)).first()
    if found is not None:
        return found
    edition_id = insert_row(connection, edition_values(newsletter, step, (now, now), now) | mail)
    if edition_id is None:
        raise StoreError(f"another process stores the {step} mail of {newsletter} at this moment")
    return edition_id


def count_steps(connection: Connection) -> list[StepCount]:
    """Count the steps of subscriptions by newsletter, step, state and reason.

    A step whose delivery has been pruned counts as sent.
    """
    own = editions.c.variant_key.label("step"), deliveries.c.subscription_id, deliveries.c.state
    mails = select(*own).join(editions, editions.c.id == deliveries.c.edition_id)
    mail = mails.where(editions.c.state == MESSAGE).subquery()
    state = case(
        (table.c.state != QUEUED, table.c.state),
        (mail.c.state.in_(OPEN_DELIVERIES), "waiting"),
        else_=func.coalesce(mail.c.state, DeliveryState.SENT.value),
    )
    keys = subscriptions.c.newsletter, table.c.step, state.label("state"), table.c.reason
    of_step = and_(mail.c.subscription_id == table.c.subscription_id, mail.c.step == table.c.step)
    query = select(*keys, func.count().label("count")).select_from(table).outerjoin(mail, of_step)
    query = query.join(subscriptions, subscriptions.c.id == table.c.subscription_id)
    rows = connection.execute(query.group_by(*keys).order_by(*keys))
    return [StepCount(**row._asdict()) for row in rows]


def prune_messages(connection: Connection, *, before: datetime) -> None:
    """Delete the mails of steps from before a time whose deliveries have gone."""
    needed = select(deliveries.c.id).where(deliveries.c.edition_id == editions.c.id)
    old = and_(editions.c.state == MESSAGE, editions.c.cut_at < before)
    connection.execute(delete(editions).where(old, ~needed.exists()))


def _of_subscription(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for steps whose subscription, or its subscriber, meets a condition."""
    query = select(subscriptions.c.id).join_from(
        subscriptions, subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    )
    own = subscriptions.c.id == table.c.subscription_id
    return query.where(own, condition).correlate(table).exists()


def _due(now: datetime) -> ColumnElement[bool]:
    # A literal, because both engines match a partial index only against literals.
    return and_(table.c.state == literal_column(f"'{PLANNED}'"), table.c.due_at <= now)


def _sendable(now: datetime) -> ColumnElement[bool]:
    """Return the condition for due steps whose earlier steps were sent a while ago."""
    other = table.alias("other")
    blocks = or_(other.c.state == PLANNED, and_(other.c.state == QUEUED, other.c.changed > now - GAP))
    earlier = and_(other.c.subscription_id == table.c.subscription_id, other.c.due_at < table.c.due_at)
    return and_(_due(now), ~select(other.c.step).where(earlier, blocks).correlate(table).exists())


def _skip(connection: Connection, which: ColumnElement[bool], reason: str, now: datetime) -> None:
    values = {"state": SKIPPED, "reason": reason, "changed": now}
    connection.execute(update(table).where(which).values(**values))
