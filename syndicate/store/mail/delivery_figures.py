"""Deliveries in numbers: progress of an edition, failures by reply, recipients' providers, bounces."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    text,
)

from syndicate.model import DeliveryCause, DeliveryState
from syndicate.store.core.column_types import from_microseconds
from syndicate.store.core.counts import count_by
from syndicate.store.mail.delivery_counts import count_deliveries, parts_of
from syndicate.store.mail.delivery_statements import ENDED, TROUBLE, ready, state_is
from syndicate.store.mail.edition_store import CONFIRMATION, MESSAGE
from syndicate.store.schema import bounces, editions
from syndicate.store.schema import deliveries as table

MINUTE = 60_000_000
_MINUTE = literal_column(f"deliveries.changed / {MINUTE}", BigInteger)
MOST_FAILED = 2000
"""Number of latest failures that are grouped by reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Deliveries of an edition and its variants by state, and the number sent by the start of each minute."""

    states: dict[str, int]
    sent: tuple[tuple[datetime, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFigures:
    """Deliveries of recent editions to a domain by state, and its last reply."""

    domain: str
    states: dict[str, int]
    complaints: int = 0
    reply: str = ""


def progress(connection: Connection, edition_id: int) -> Progress:
    """Return the progress of an edition."""
    states, parts = Counter[str](), parts_of(connection, [edition_id])
    own = [part for part, of in parts.items() if edition_id in of]
    for _, state, _, count in count_deliveries(connection, own):
        states[state] += count
    of_parts = ENDED, state_is(table, DeliveryState.SENT), table.c.edition_id.in_(own)
    sent = connection.execute(select(_MINUTE, func.count()).where(*of_parts).group_by(_MINUTE)).all()
    minutes = tuple((from_microseconds(minute * MINUTE), count) for minute, count in sorted(map(tuple, sent)))
    return Progress(states=dict(states), sent=minutes)


def editions_under_way(connection: Connection, *, limit: int) -> list[int]:
    """Return editions with mail that is due or being sent, the latest first; else the last that was sent."""
    of_edition = table.c.edition_id == editions.c.id
    # Each part as in its partial index: finished deliveries are not read.
    waiting = select(table.c.id).where(ready(table), of_edition).exists()
    sending = select(table.c.edition_id).where(state_is(table, DeliveryState.SENDING))
    query = select(editions.c.id).where(or_(waiting, editions.c.id.in_(sending)), _is_edition())
    found = list(connection.scalars(query.order_by(editions.c.id.desc()).limit(limit)))
    if found:
        return found
    has_mail = select(table.c.id).where(of_edition).exists()
    last = select(editions.c.id).where(_is_edition(), editions.c.stories > 0, has_mail)
    return list(connection.scalars(last.order_by(editions.c.id.desc()).limit(1)))


def _is_edition() -> ColumnElement[bool]:
    return editions.c.state.not_in((CONFIRMATION, MESSAGE))


def trouble_counts(connection: Connection) -> dict[str, int]:
    """Return the number of uncertain and of failed deliveries."""
    return count_by(connection, table.c.state, TROUBLE)


def failed_replies(connection: Connection) -> list[tuple[int, int | None, str, str]]:
    """Return the latest failed deliveries: id, reply code, cause and reply."""
    failed = state_is(table, DeliveryState.FAILED), table.c.cause != DeliveryCause.TOO_LATE.value
    query = select(table.c.id, table.c.code, table.c.cause, table.c.error).where(TROUBLE, *failed)
    rows = connection.execute(query.order_by(table.c.id.desc()).limit(MOST_FAILED))
    return [(row.id, row.code, row.cause, row.error) for row in rows]


def providers(
    connection: Connection, edition_ids: Sequence[int], *, since: datetime, limit: int = 12
) -> list[ProviderFigures]:
    """Return the domains with the most mails of some editions, with complaints since a time."""
    domain = _domain(connection, table.c.address)
    query = select(domain.label("domain"), table.c.state, func.count(), func.max(table.c.id)).where(
        table.c.edition_id.in_(edition_ids)
    )
    found: dict[str, dict[str, int]] = {}
    last: dict[str, int] = {}
    for name, state, count, newest in connection.execute(query.group_by(text("domain"), table.c.state)):
        found.setdefault(name, {})[state] = count
        if state in (DeliveryState.FAILED.value, DeliveryState.DEFERRED.value) or name not in last:
            last[name] = newest
    names = sorted(found, key=lambda name: -sum(found[name].values()))[:limit]
    replies = dict(
        connection.execute(
            select(table.c.id, table.c.error).where(table.c.id.in_([last[name] for name in names]))
        ).all()
    )
    complaints = _complaints(connection, since)
    return [
        ProviderFigures(
            domain=name,
            states=found[name],
            complaints=complaints.get(name, 0),
            reply=replies.get(last[name], ""),
        )
        for name in names
    ]


def _complaints(connection: Connection, since: datetime) -> dict[str, int]:
    domain = _domain(connection, table.c.address)
    query = select(domain.label("domain"), func.count()).join(bounces, bounces.c.delivery_id == table.c.id)
    query = query.where(bounces.c.kind == "complaint", bounces.c.recorded >= since).group_by(text("domain"))
    return dict(connection.execute(query).all())


def _domain(connection: Connection, address: ColumnElement[str]) -> ColumnElement[str]:
    """Return the domain of an address; the engines name the function differently."""
    place = func.instr(address, "@") if connection.dialect.name == "sqlite" else func.strpos(address, "@")
    return func.lower(func.substr(address, place + 1), type_=Text())


def sent_editions(connection: Connection, now: datetime, *, days: int = 14) -> list[tuple[int, datetime]]:
    """Return the editions of the last days that have mail, oldest first, with the time of their cut."""
    recent = and_(editions.c.cut_at >= now - timedelta(days=days), editions.c.stories > 0, _is_edition())
    main = editions.c.state == "cut"
    query = select(editions.c.id, editions.c.cut_at).where(recent, main).order_by(editions.c.id)
    return [(row.id, row.cut_at) for row in connection.execute(query)]
