"""Numbers of deliveries by edition and state; mail that has ended is counted within an index."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, null, select

from syndicate.model import EVERY_EDITION, DeliveryState
from syndicate.store.mail.delivery_statements import ENDED, TROUBLE, ready, state_is
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import editions
from syndicate.store.stories.same_text import Unindexed

Counts = dict[int, dict[str, int]]
"""Numbers of deliveries by edition and state."""


def count_deliveries(
    connection: Connection, edition_ids: Collection[int], more: ColumnElement[Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return edition, state, a third value, and the number of deliveries that share them.

    The third value is ``more`` for ended mail, a column of its index, and ``None`` for other mail.
    """
    if not edition_ids:
        return []
    # The index of editions would lead to every delivery, also to those that have ended.
    unindexed = Unindexed(table).c.edition_id
    open_mail = ready(table), state_is(table, DeliveryState.SENDING), TROUBLE
    found: list[tuple[Any, ...]] = []
    ended = ENDED, table.c.edition_id, () if more is None else (more,)
    for condition, edition, third in (ended, *((part, unindexed, ()) for part in open_mail)):
        key = edition, table.c.state, *third
        query = select(edition, table.c.state, *(third or [null()]), func.count())
        query = query.where(edition.in_(edition_ids), condition).group_by(*key)
        found += map(tuple, connection.execute(query))
    return found


def count_by_edition(connection: Connection, edition_ids: Collection[int]) -> Counts:
    """Count deliveries by edition and state; deliveries of a variant count for its edition too."""
    parts, counts = parts_of(connection, edition_ids), Counts()
    for part, state, _, count in count_deliveries(connection, parts):
        for edition_id in parts[part]:
            states = counts.setdefault(edition_id, {})
            states[state] = states.get(state, 0) + count
    return counts


def parts_of(connection: Connection, edition_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the editions whose deliveries count for these editions: the editions, and their variants.

    Each has the ids of the editions that it counts for.
    """
    period = editions.c.newsletter, editions.c.period_end, editions.c.revision
    mains = select(editions.c.id, *period).where(
        editions.c.id.in_(edition_ids), editions.c.variant_key == EVERY_EDITION
    )
    belongs = {tuple(key): edition_id for edition_id, *key in connection.execute(mains)}
    parts = {edition_id: [edition_id] for edition_id in edition_ids}
    if belongs:
        variants = select(editions.c.id, *period).where(
            editions.c.newsletter.in_({key[0] for key in belongs}),
            editions.c.period_end.in_({key[1] for key in belongs}),
            editions.c.variant_key != EVERY_EDITION,
            editions.c.state != "confirmation",
        )
        for edition_id, *key in connection.execute(variants):
            parts.setdefault(edition_id, []).extend(filter(None, [belongs.get(tuple(key))]))
    return parts
