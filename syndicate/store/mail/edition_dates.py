"""Editions in a calendar."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from syndicate.model import MAIN_KEYS, DeliveryState
from syndicate.store.mail.edition_store import CONFIRMATION, MESSAGE
from syndicate.store.schema import deliveries
from syndicate.store.schema import editions as table


def editions_between(connection: Connection, start: datetime, end: datetime) -> list[Row[Any]]:
    """Return the main editions and one-off issues whose periods end in a time, in order.

    An edition is in ``trouble`` with failed or uncertain deliveries.
    """
    ill = deliveries.c.state.in_((DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value))
    trouble = select(deliveries.c.id).where(deliveries.c.edition_id == table.c.id, ill).exists()
    names = ("id", "newsletter", "period_end", "state", "subject")
    query = select(*(table.c[name] for name in names), trouble.label("trouble"))
    query = query.where(table.c.period_end >= start, table.c.period_end < end, table.c.revision == 0)
    query = query.where(table.c.variant_key.in_(MAIN_KEYS))
    query = query.where(table.c.state.not_in((CONFIRMATION, MESSAGE)))
    return list(connection.execute(query.order_by(table.c.period_end, table.c.newsletter)))
