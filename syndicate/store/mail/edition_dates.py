"""Editions in a calendar."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from syndicate.model import EVERY_EDITION, ISSUE, DeliveryState
from syndicate.store.mail.edition_store import CONFIRMATION, MESSAGE
from syndicate.store.schema import deliveries
from syndicate.store.schema import editions as table


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionDate:
    """Edition in a calendar."""

    id: int
    newsletter: str
    period_end: datetime
    state: str
    subject: str
    trouble: bool


def editions_between(connection: Connection, start: datetime, end: datetime) -> list[EditionDate]:
    """Return the main editions and one-off issues whose periods end in a time, in order.

    An edition is in ``trouble`` with failed or uncertain deliveries.
    """
    ill = deliveries.c.state.in_((DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value))
    trouble = select(deliveries.c.id).where(deliveries.c.edition_id == table.c.id, ill).exists()
    names = ("id", "newsletter", "period_end", "state", "subject")
    query = select(*(table.c[name] for name in names), trouble.label("trouble"))
    query = query.where(table.c.period_end >= start, table.c.period_end < end, table.c.revision == 0)
    query = query.where(table.c.variant_key.in_((EVERY_EDITION, ISSUE)))
    query = query.where(table.c.state.not_in((CONFIRMATION, MESSAGE)))
    rows = connection.execute(query.order_by(table.c.period_end, table.c.newsletter))
    return [EditionDate(**row) for row in rows.mappings()]
