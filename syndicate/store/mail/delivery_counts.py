"""Numbers of deliveries by edition and state; each state is counted within an index."""

from collections.abc import Collection, Sequence
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from syndicate.model import EVERY_EDITION, DeliveryCause, DeliveryState
from syndicate.store.mail.delivery_statements import ENDED, READY, TROUBLE, ready, state_is
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import editions
from syndicate.store.stories.same_text import Unindexed

Counts = dict[int, dict[str, int]]
"""Numbers of deliveries by edition and state."""


def count_deliveries(
    connection: Connection, edition_ids: Collection[int]
) -> list[tuple[int, str, str | None, int]]:
    """Return edition, state, cause and number of the deliveries that share them; mail under way has no cause.

    The databases count the rows of a key several times as fast as they group rows by key.
    """
    if not edition_ids:
        return []
    # The index of editions would lead to every delivery.
    edition, is_sending = Unindexed(table).c.edition_id, state_is(table, DeliveryState.SENDING)
    query = select(edition, table.c.state, null(), func.count()).where(is_sending)
    query = query.where(edition.in_(edition_ids)).group_by(edition, table.c.state)
    queries = (query, *(counted.where(editions.c.id.in_(edition_ids)) for counted in _COUNTED))
    rows = (row for query in queries for row in connection.execute(query))
    return [(row[0], row[1], row[2], row[3]) for row in rows if row[3]]


def _counted(condition: ColumnElement[bool], states: Sequence[str], causes: Sequence[str]) -> Select[Any]:
    """Return the query for edition, state, cause and number of deliveries within a partial index.

    Without ``causes`` the cause is ``None``.
    """
    keys = union_all(
        *(
            select(literal_column(f"'{state}'", Text).label("state"), literal(cause, Text).label("cause"))
            for state, cause in product(states, causes or ("",))
        )
    ).subquery()
    number = (
        select(func.count())
        .select_from(table)
        .correlate(editions, keys)
        .where(condition, table.c.edition_id == editions.c.id, table.c.state == keys.c.state)
    )
    if causes:
        number = number.where(table.c.cause == keys.c.cause)
    cause = keys.c.cause if causes else null()
    counted = select(editions.c.id, keys.c.state, cause, number.scalar_subquery())
    return counted.join_from(editions, keys, true())


_COUNTED = (
    _counted(ENDED, ("sent", "cancelled"), [cause.value for cause in DeliveryCause]),
    _counted(ready(table), READY, ()),
    _counted(TROUBLE, ("failed", "uncertain"), ()),
)


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
