"""Newsletters: start of their periods, and pause by an operator."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case, literal, select, update

from syndicate.model import Newsletter, Origin
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.upsert import insert_for
from syndicate.store.schema import newsletters as table


def sync_newsletters(connection: Connection, declared: Sequence[Newsletter], now: datetime) -> None:
    """Enter the newsletters of ``config.toml``; paused newsletters stay paused.

    A newsletter that is no longer declared keeps its row. The periods of a newsletter that is declared
    again count from now: it missed none in between.
    """
    left_out = table.c.name.not_in([newsletter.name for newsletter in declared])
    connection.execute(update(table).where(left_out, table.c.declared).values(declared=False))
    for newsletter in declared:
        values = {"title": newsletter.title, "declared": True}
        new = {"name": newsletter.name, "origin": Origin.CONFIG.value, "paused": False, "known_since": now}
        statement = insert_for(connection, table).values(**values, **new)
        values["known_since"] = case((table.c.declared, table.c.known_since), else_=literal(now, UtcTime))
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


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
