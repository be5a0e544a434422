"""Newsletters: start of their periods, and pause by an operator."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, literal, select, update

from syndicate.model import DeliveryState, Newsletter, Origin
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_for, upsert
from syndicate.store.schema import deliveries, editions, message_steps
from syndicate.store.schema import newsletters as table

_DECLARED = select(table.c.name, table.c.declaration).where(table.c.declaration.is_not(None))
_DECLARATIONS = CompiledStatement(_DECLARED.order_by(table.c.name))


def sync_newsletters(connection: Connection, declared: Sequence[Newsletter], now: datetime) -> None:
    """Enter the newsletters of ``config.toml``; paused newsletters stay paused.

    A newsletter that is no longer declared keeps its row. The periods of a newsletter that is declared
    again count from now: it missed none in between. Waiting deliveries follow a newsletter to the mail server
    of another brand.
    """
    _sync_steps(connection, declared)
    senders = {newsletter.name: newsletter.brand.sender for newsletter in declared}
    for name, before in connection.execute(select(table.c.name, table.c.sender)).all():
        if (sender := senders.get(name, "")) != before:
            connection.execute(update(table).where(table.c.name == name).values(sender=sender))
            issues = select(editions.c.id).where(editions.c.newsletter == name)
            unsent = deliveries.c.state.not_in([DeliveryState.SENT.value, DeliveryState.CANCELLED.value])
            moved = update(deliveries).where(deliveries.c.edition_id.in_(issues), unsent)
            connection.execute(moved.values(sender=sender))
    left_out = table.c.name.not_in([newsletter.name for newsletter in declared])
    connection.execute(update(table).where(left_out, table.c.declared).values(declared=False))
    for newsletter in declared:
        values = {"title": newsletter.title, "declared": True, "sender": newsletter.brand.sender}
        new = {"name": newsletter.name, "origin": Origin.CONFIG.value, "paused": False, "known_since": now}
        statement = insert_for(connection, table).values(**values, **new)
        values["known_since"] = case((table.c.declared, table.c.known_since), else_=literal(now, UtcTime))
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _sync_steps(connection: Connection, newsletters: Sequence[Newsletter]) -> None:
    """Enter the steps that ``config.toml`` declares; readers who confirmed before get no new step."""
    wanted = {(letter.name, step.name, step.days) for letter in newsletters for step in letter.messages}
    names = ("newsletter", "step", "days")
    stored = connection.execute(select(*(message_steps.c[name] for name in names)))
    if {tuple(row) for row in stored} == wanted:
        return
    connection.execute(delete(message_steps))
    if wanted:
        connection.execute(insert(message_steps), [dict(zip(names, row, strict=True)) for row in wanted])


def declarations(connection: Connection) -> dict[str, Mapping[str, Any]]:
    """Return the declarations of the added newsletters by name."""
    return {name: json.loads(declaration) for name, declaration in _DECLARATIONS.rows(connection, {})}


def save_declaration(
    connection: Connection, newsletter: Newsletter, declaration: Mapping[str, Any], now: datetime
) -> None:
    """Add a newsletter, or save its new declaration. The periods of a new newsletter count from now."""
    key, values = {"name": newsletter.name}, {"title": newsletter.title, "declaration": dict(declaration)}
    again = update(table).where(table.c.name == newsletter.name, ~table.c.declared)
    connection.execute(again.values(declared=True, known_since=now))
    new = {"origin": Origin.STORE.value, "paused": False, "sender": newsletter.brand.sender}
    upsert(connection, table, key, values, new={**new, "declared": True, "known_since": now})


def remove_declaration(connection: Connection, newsletter: str) -> None:
    """Remove an added newsletter. Its row, editions and subscribers stay."""
    values = {"declaration": None, "declared": False}
    connection.execute(update(table).where(table.c.name == newsletter).values(**values))


def sender_of(newsletter: str) -> ColumnElement[str]:
    """Return the expression for the name of the mail server of a newsletter, as in ``Brand.sender``."""
    query = select(table.c.sender).where(table.c.name == newsletter)
    return func.coalesce(query.scalar_subquery(), "")


def newsletter_titles(connection: Connection) -> dict[str, str]:
    """Return the title of every newsletter ever declared, by name."""
    return {row.name: row.title for row in connection.execute(select(table.c.name, table.c.title))}


def known_since(connection: Connection, newsletter: str) -> datetime | None:
    """Return the start of a newsletter's periods: declared (again) or resumed; ``None`` if unknown."""
    return connection.scalars(select(table.c.known_since).where(table.c.name == newsletter)).first()


def paused_newsletters(connection: Connection) -> frozenset[str]:
    """Return the names of newsletters that an operator has paused."""
    return frozenset(connection.scalars(select(table.c.name).where(table.c.paused)))


def pause_newsletter(connection: Connection, newsletter: str) -> bool:
    """Cut no edition until the newsletter is resumed; false when it is paused or unknown."""
    running = update(table).where(table.c.name == newsletter, ~table.c.paused)
    return connection.execute(running.values(paused=True)).rowcount == 1


def resume_newsletter(connection: Connection, newsletter: str, now: datetime) -> bool:
    """Cut editions of periods that end from now on; false when the newsletter is not paused."""
    paused = update(table).where(table.c.name == newsletter, table.c.paused)
    return connection.execute(paused.values(paused=False, known_since=now)).rowcount == 1
