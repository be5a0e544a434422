"""Private feeds: owner of a feed address, and the owner's subscriptions."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from syndicate.model import SubscriptionState
from syndicate.store import schema


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FeedChoice:
    """Newsletter of a reader, and the selection from it (``""``: everything)."""

    newsletter: str
    selection: str


def feed_revision(connection: Connection, subscriber_id: int) -> int | None:
    """Return how often a subscriber's feed address changed; ``None`` for an unknown subscriber."""
    table = schema.subscribers
    # An aggregate returns a row for unknown ids as well, so that timing does not reveal known ids.
    query = select(func.max(table.c.feed_revision)).where(table.c.id == subscriber_id)
    found: int | None = connection.scalars(query).one()
    return found


def feed_choices(connection: Connection, subscriber_id: int) -> tuple[FeedChoice, ...]:
    """Return the confirmed subscriptions of a subscriber, sorted; empty after unsubscribing."""
    table = schema.subscriptions
    query = select(table.c.newsletter, table.c.selection).where(
        table.c.subscriber_id == subscriber_id, table.c.state == SubscriptionState.CONFIRMED.value
    )
    return tuple(sorted(FeedChoice(**row._asdict()) for row in connection.execute(query)))


def rotate_feed_address(connection: Connection, subscriber_id: int) -> bool:
    """Replace a subscriber's feed address; false for an unknown subscriber."""
    table = schema.subscribers
    statement = update(table).where(table.c.id == subscriber_id)
    return connection.execute(statement.values(feed_revision=table.c.feed_revision + 1)).rowcount == 1


def feed_owner(connection: Connection, address_key: str) -> int | None:
    """Return the subscriber with a mailbox, or ``None``."""
    table = schema.subscribers
    return connection.scalars(select(table.c.id).where(table.c.address_key == address_key)).first()
