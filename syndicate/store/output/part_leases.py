"""Leases of publishing: one of the whole output, or one of each part that workers write side by side."""

from datetime import datetime

from sqlalchemy import Connection, select

from syndicate.store import schema
from syndicate.store.leases import leases

WHOLE = "publish"


def lease_name(part: str) -> str:
    """Return the name of a part's lease; ``""`` stands for the whole output."""
    return f"{WHOLE}:{part}" if part else WHOLE


def take_part(connection: Connection, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
    """Take a lease of this module; false while another owner holds it, or the whole output, or a part of it.

    All parts first take the lease of the whole output, whose row serialises them on both engines.
    """
    if not leases.take_lease(connection, WHOLE, owner=owner, now=now, until=until):
        return False
    if name != WHOLE:
        taken = leases.take_lease(connection, name, owner=owner, now=now, until=until)
    else:
        leased, holder = schema.leases.c.name, schema.leases.c.owner
        others = select(leased).where(leased.startswith(f"{WHOLE}:"), holder.not_in(["", owner]))
        taken = connection.execute(others.where(schema.leases.c.until >= now)).first() is None
    if name != WHOLE or not taken:
        leases.release_lease(connection, WHOLE, owner=owner)
    return taken
