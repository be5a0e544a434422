"""Numbers of deliveries by edition and state; each state is counted within an index."""

from collections.abc import Collection
from itertools import product

from sqlalchemy import Connection, func, null, select

from syndicate.model import EVERY_EDITION, DeliveryCause, DeliveryState
from syndicate.store.mail.delivery_statements import ENDED, TROUBLE, ready, state_is
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import editions
from syndicate.store.stories.same_text import Unindexed

Counts = dict[int, dict[str, int]]
"""Numbers of deliveries by edition and state."""


_KEYS = [*product(("sent", "cancelled"), DeliveryCause)]
_OF_EDITION = select(func.count()).select_from(table).where(ENDED, table.c.edition_id == editions.c.id)
# Both databases count the rows of a key several times as fast as they group rows by key.
_ENDED = [_OF_EDITION.where(table.c.state == state, table.c.cause == cause.value) for state, cause in _KEYS]
_COUNTS_OF_ENDED = select(editions.c.id, *(count.scalar_subquery() for count in _ENDED))


def count_deliveries(
    connection: Connection, edition_ids: Collection[int]
) -> list[tuple[int, str, str | None, int]]:
    """Return (edition, state, cause, number); the cause is ``None`` unless the mail is sent or cancelled."""
    found: list[tuple[int, str, str | None, int]] = []
    if not edition_ids:
        return found
    for edition_id, *counts in connection.execute(_COUNTS_OF_ENDED.where(editions.c.id.in_(edition_ids))):
        counted = zip(_KEYS, counts, strict=True)
        found += [(edition_id, state, cause.value, count) for (state, cause), count in counted if count]
    # The index of editions would lead to every delivery, also to those that have ended.
    sending = Unindexed(table).c.edition_id, state_is(table, DeliveryState.SENDING)
    for edition, condition in ((table.c.edition_id, ready(table)), sending, (table.c.edition_id, TROUBLE)):
        query = select(edition, table.c.state, null(), func.count())
        query = query.where(edition.in_(edition_ids), condition).group_by(edition, table.c.state)
        found += [tuple(row) for row in connection.execute(query)]
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
