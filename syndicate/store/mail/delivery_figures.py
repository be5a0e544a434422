"""Deliveries in numbers: progress of an edition, failures by reply, recipients' providers, bounces."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    type_coerce,
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
_CHANGED = type_coerce(table.c.changed, BigInteger)
_MARKS = 20_000
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
    states, sent = Counter[str](), Counter[int]()
    parts = [part for part, of in parts_of(connection, [edition_id]).items() if edition_id in of]
    for part, state, cause, count in count_deliveries(connection, parts):
        states[state] += count
        if state == DeliveryState.SENT.value:
            sent.update(dict(map(tuple, connection.execute(_SENT_BY_MINUTE, {"part": part, "cause": cause}))))
    minutes = tuple((from_microseconds(minute * MINUTE), count) for minute, count in sorted(sent.items()))
    return Progress(states=dict(states), sent=minutes)


def _sent_by_minute() -> Select[Any]:
    """Return the query for the minutes in which mails of a part with a cause were sent, with their number.

    It looks up each minute in the index: grouping by minute would sort all mails.
    """
    of_part = table.c.edition_id == bindparam("part"), table.c.cause == bindparam("cause")
    sent = and_(ENDED, state_is(table, DeliveryState.SENT), *of_part)
    first = select((func.min(_CHANGED) // MINUTE).label("minute")).where(sent)
    minutes = first.cte("minutes", recursive=True)
    later = first.where((minutes.c.minute + 1) * MINUTE <= _CHANGED).correlate(minutes).scalar_subquery()
    minutes = minutes.union_all(select(later).where(minutes.c.minute.is_not(None)))
    within = _CHANGED.between(minutes.c.minute * MINUTE, minutes.c.minute * MINUTE + MINUTE - 1)
    number = select(func.count()).select_from(table).where(sent, within).correlate(minutes)
    return select(minutes.c.minute, number.scalar_subquery()).where(minutes.c.minute.is_not(None))


_SENT_BY_MINUTE = _sent_by_minute()


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
    found: dict[str, Counter[str]] = {}
    for edition_id in edition_ids:
        for mark, count in _count_domains(connection, edition_id).items():
            state, _, name = mark.partition(" ")
            found.setdefault(name.lower(), Counter())[state] += count
    domain, last = _domain(connection, table.c.address), dict[str, int]()
    refused = state_is(table, DeliveryState.FAILED), TROUBLE
    put_off = state_is(table, DeliveryState.DEFERRED), ready(table)
    for condition in (refused, put_off):
        query = select(domain.label("domain"), func.max(table.c.id)).where(*condition)
        query = query.where(table.c.edition_id.in_(edition_ids)).group_by(text("domain"))
        for name, newest in connection.execute(query):
            last[name] = max(newest, last.get(name, 0))
    names = sorted(found, key=lambda name: -found[name].total())[:limit]
    ids = {last[name]: name for name in names if name in last}
    errors = connection.execute(select(table.c.id, table.c.error).where(table.c.id.in_(ids)))
    replies, complaints = {ids[row.id]: row.error for row in errors}, _complaints(connection, since)
    return [
        ProviderFigures(
            domain=name,
            states=found[name],
            complaints=complaints.get(name, 0),
            reply=replies.get(name, ""),
        )
        for name in names
    ]


def _count_domains(connection: Connection, edition_id: int) -> Counter[str]:
    """Count the deliveries of an edition by state and domain, two words.

    The database joins them to texts: sorted groups take SQLite twice as long.
    """
    address = table.c.address
    mark = (table.c.state + " " + func.substr(address, _at(connection, address) + 1)).label("mark")
    rows = select(table.c.subscription_id, mark).where(table.c.edition_id == edition_id)
    rows = rows.where(table.c.subscription_id > bindparam("after")).order_by(table.c.subscription_id)
    part = rows.limit(_MARKS).subquery()
    query = select(func.aggregate_strings(part.c.mark, "\n"), func.max(part.c.subscription_id))
    counts, after = Counter[str](), 0
    while True:
        joined, last = connection.execute(query, {"after": after}).one()
        if last is None:
            return counts
        counts.update(joined.split("\n"))
        after = last


def _complaints(connection: Connection, since: datetime) -> dict[str, int]:
    domain = _domain(connection, table.c.address)
    query = select(domain.label("domain"), func.count()).join(bounces, bounces.c.delivery_id == table.c.id)
    query = query.where(bounces.c.kind == "complaint", bounces.c.recorded >= since).group_by(text("domain"))
    return dict(connection.execute(query).all())


def _domain(connection: Connection, address: ColumnElement[str]) -> ColumnElement[str]:
    return func.lower(func.substr(address, _at(connection, address) + 1), type_=Text())


def _at(connection: Connection, address: ColumnElement[str]) -> ColumnElement[int]:
    """Return the place of the @ of an address; the engines name the function differently."""
    return func.instr(address, "@") if connection.dialect.name == "sqlite" else func.strpos(address, "@")


def sent_editions(connection: Connection, now: datetime, *, days: int = 14) -> list[tuple[int, datetime]]:
    """Return the editions of the last days that have mail, oldest first, with the time of their cut."""
    recent = and_(editions.c.cut_at >= now - timedelta(days=days), editions.c.stories > 0, _is_edition())
    main = editions.c.state == "cut"
    query = select(editions.c.id, editions.c.cut_at).where(recent, main).order_by(editions.c.id)
    return [(row.id, row.cut_at) for row in connection.execute(query)]
