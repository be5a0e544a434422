"""Approvals that are taken back before any mail of the edition has left."""

from datetime import datetime

from sqlalchemy import Connection, Select, and_, delete, literal, or_, select, update

from syndicate.errors import ActionRefused
from syndicate.model import EVERY_EDITION, DeliveryCause, DeliveryState
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.counts import count_rows
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail.edition_store import CUT, HELD, VARIANT, edition_of_period
from syndicate.store.schema import deliveries, editions

_STAYED = (DeliveryState.PENDING.value, DeliveryState.CANCELLED.value)


def delay_deliveries(connection: Connection, edition_id: int, until: datetime) -> None:
    """Send no mail of an edition before a time."""
    early = and_(deliveries.c.edition_id == edition_id, deliveries.c.not_before < until)
    connection.execute(update(deliveries).where(early).values(not_before=until))


def take_back(connection: Connection, edition_id: int, now: datetime) -> int | None:
    """Hold a released edition and the variants released with it, and delete their deliveries.

    Returns ``None`` when that is done, else the number of mails that have left; then nothing has changed. It
    is not done after the time to take the approval back. Mail of an earlier revision that the edition
    replaced waits again.
    """
    ids = list(connection.scalars(_family(edition_id)))
    in_time = select(editions.c.id).where(editions.c.id == edition_id, editions.c.approve_by > now)
    mails = deliveries.c.edition_id.in_(ids)
    left = count_rows(connection, deliveries, mails, deliveries.c.state.not_in(_STAYED))
    if left or not ids or connection.execute(in_time).first() is None:
        return left
    connection.execute(delete(deliveries).where(mails, deliveries.c.state.in_(_STAYED)))
    if left := count_rows(connection, deliveries, mails):
        raise ActionRefused("mail-has-left", f"{left:,} mails have just left.", facts={"left": left})
    held = update(editions).where(editions.c.id.in_(ids), editions.c.state.in_((CUT, VARIANT)))
    for row in connection.execute(held.values(state=HELD, approve_by=None).returning(*editions.c)).all():
        earlier = edition_of_period(row.newsletter, row.variant_key, row.period_end)
        earlier = and_(earlier, editions.c.revision < row.revision)
        replaced = and_(
            deliveries.c.edition_id.in_(select(editions.c.id).where(earlier)),
            deliveries.c.state == DeliveryState.CANCELLED.value,
            deliveries.c.cause == DeliveryCause.CORRECTED.value,
            deliveries.c.changed >= literal(row.cut_at, UtcTime),
        )
        waits = {"state": DeliveryState.PENDING.value, "cause": "", "changed": now, **NO_LEASE}
        connection.execute(update(deliveries).where(replaced).values(**waits))
    return None


def count_mails(connection: Connection, edition_id: int) -> int:
    """Return the number of mails of an edition and of the variants released with it that are waiting."""
    return count_rows(connection, deliveries, deliveries.c.edition_id.in_(_family(edition_id)))


def _family(edition_id: int) -> Select[tuple[int]]:
    """Return the query for a released edition and the variants released with it."""
    main = editions.alias("main")
    with_it = and_(
        main.c.variant_key == EVERY_EDITION,
        editions.c.newsletter == main.c.newsletter,
        editions.c.period_end == main.c.period_end,
        editions.c.revision == main.c.revision,
        editions.c.cut_at == main.c.cut_at,
    )
    return (
        select(editions.c.id)
        .join(main, or_(editions.c.id == main.c.id, with_it))
        .where(main.c.id == edition_id, editions.c.state.in_((CUT, VARIANT)))
    )
