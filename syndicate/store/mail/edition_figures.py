"""Figures of editions: deliveries by their end, and the reactions of readers, without any tracking."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import CTE, Connection, and_, func, or_, select

from syndicate.groups import grouped
from syndicate.model import EVERY_EDITION, DeliveryCause, DeliveryState
from syndicate.store.mail.delivery_counts import count_deliveries
from syndicate.store.mail.edition_store import VARIANT
from syndicate.store.schema import bounces, deliveries, editions

_SENT, _FAILED = DeliveryState.SENT.value, DeliveryState.FAILED.value
_FIGURES = {
    "pending": "waiting", "sending": "waiting", "sent": "delivered",
    "complaint": "complaints", "leaving": "unsubscribed", "reply": "replies",
}  # fmt: skip
"""Figure that a state of deliveries or a kind of report counts for, where it has another name."""
_BOUNCES = ("hard", "policy", "soft")
"""Kinds of bounces, the gravest first, which is also the order of the alphabet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFigures:
    """Figures of an edition. ``recipients`` are readers, the other figures are mails.

    Mails of a correction count too. A bounced mail counts once, with the gravest of its reports: ``policy``
    is a block or a policy of the receiver. ``failed`` mails have another cause or were never tried because
    they were too late. ``unsubscribed`` are unsubscriptions within 7 days after the mail.
    """

    recipients: int = 0
    delivered: int = 0
    waiting: int = 0
    deferred: int = 0
    uncertain: int = 0
    hard: int = 0
    soft: int = 0
    policy: int = 0
    failed: int = 0
    complaints: int = 0
    unsubscribed: int = 0
    replies: int = 0

    @property
    def bounced(self) -> int:
        """Number of bounced mails."""
        return self.hard + self.soft + self.policy


def read_figures(connection: Connection, ids: Sequence[int]) -> dict[int, EditionFigures]:
    """Return the figures of editions by id, a main edition's with its variants and corrections."""
    family = _family(ids)
    parts = connection.execute(select(family)).all()
    key, of_family = family.c.edition_id, bounces.c.edition_id == family.c.part_id
    counts: dict[int, Counter[str]] = {edition_id: Counter() for edition_id in ids}
    rows = count_deliveries(connection, {part.part_id for part in parts})
    of_parts = grouped((row[0], row) for row in rows)
    for part in parts:
        for _, state, cause, count in of_parts.get(part.part_id, ()):
            was_sent = state != DeliveryState.CANCELLED.value or cause == DeliveryCause.CORRECTED.value
            counts[part.edition_id]["recipients"] += count * (part.is_original and was_sent)
            counts[part.edition_id][_FIGURES.get(state, state)] += count
    reactions = select(key, bounces.c.kind, func.count()).join(bounces, of_family)
    reactions = reactions.where(bounces.c.kind.not_in(_BOUNCES)).group_by(key, bounces.c.kind)
    for edition_id, kind, count in connection.execute(reactions):
        counts[edition_id][_FIGURES.get(kind, kind)] += count
    gravest = (
        select(key, bounces.c.delivery_id, func.min(bounces.c.kind).label("kind"))
        .join(bounces, of_family)
        .where(bounces.c.kind.in_(_BOUNCES))
        .group_by(key, bounces.c.delivery_id)
        .cte()
    )
    by_kind = gravest.c.edition_id, gravest.c.kind, deliveries.c.state
    bounced = select(*by_kind, func.count()).join(deliveries, deliveries.c.id == gravest.c.delivery_id)
    for edition_id, kind, state, count in connection.execute(bounced.group_by(*by_kind)):
        counts[edition_id][kind] += count
        if state in (_SENT, _FAILED):
            # Neither delivered nor failed by another cause.
            counts[edition_id][_FIGURES.get(state, state)] -= count
    names = [figure.name for figure in fields(EditionFigures)]
    return {
        edition_id: EditionFigures(**{name: count[name] for name in names})
        for edition_id, count in counts.items()
    }


def _family(ids: Sequence[int]) -> CTE:
    """Return the query of the editions (``part_id``) that count for each edition (``edition_id``)."""
    main, part = editions.alias("main"), editions.alias("part")
    is_original = part.c.revision == main.c.revision
    belongs = and_(
        main.c.variant_key == EVERY_EDITION,
        or_(is_original, main.c.revision == 0),
        or_(part.c.variant_key == EVERY_EDITION, part.c.state == VARIANT),
    )
    return (
        select(main.c.id.label("edition_id"), part.c.id.label("part_id"), is_original.label("is_original"))
        .join(part, and_(part.c.newsletter == main.c.newsletter, part.c.period_end == main.c.period_end))
        .where(main.c.id.in_(ids), or_(part.c.id == main.c.id, belongs))
        .cte()
    )
