"""Private feeds: whose an address is, and what its owner has chosen."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from syndicate.model import SubscriptionState
from syndicate.store import schema


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FeedChoice:
    """Newsletter of a reader, and their selection of it (``""``: everything)."""

    newsletter: str
    selection: str


def feed_revision(connection: Connection, subscriber_id: int) -> int | None:
    """Return how often a person's address has changed, or ``None`` for an unknown person."""
    table = schema.subscribers
    # One row also for nobody: how long it takes must not tell how many people there are.
    query = select(func.max(table.c.feed_revision)).where(table.c.id == subscriber_id)
    found: int | None = connection.scalars(query).one()
    return found


def feed_choices(connection: Connection, subscriber_id: int) -> tuple[FeedChoice, ...]:
    """Return what a person is subscribed to, in order; nothing for one who has left."""
    table = schema.subscriptions
    query = select(table.c.newsletter, table.c.selection).where(
        table.c.subscriber_id == subscriber_id, table.c.state == SubscriptionState.CONFIRMED.value
    )
    return tuple(sorted(FeedChoice(**row._asdict()) for row in connection.execute(query)))


def rotate_feed_address(connection: Connection, subscriber_id: int) -> bool:
    """End a person's address: from now on there is another one. False when there is no such person."""
    table = schema.subscribers
    statement = update(table).where(table.c.id == subscriber_id)
    return connection.execute(statement.values(feed_revision=table.c.feed_revision + 1)).rowcount == 1


def feed_owner(connection: Connection, address_key: str) -> int | None:
    """The person with a mailbox, or ``None``."""
    table = schema.subscribers
    return connection.scalars(select(table.c.id).where(table.c.address_key == address_key)).first()
