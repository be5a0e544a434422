"""Leases in the columns of rows: of sources, sitemap parts, pages and deliveries."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, update

from syndicate.store.core.column_types import EPOCH

NO_LEASE: Final = {"lease_owner": "", "lease_until": EPOCH}


def take_leases(
    connection: Connection,
    table: Table,
    ids: Select[tuple[int]],
    *,
    now: datetime,
    owner: str,
    until: datetime,
) -> list[int]:
    """Lease the rows of a query for their ids, unless another owner leased them since; return the ids."""
    free = update(table).where(table.c.id.in_(ids), table.c.lease_until < now)
    leased = free.values(lease_owner=owner, lease_until=until).returning(table.c.id)
    return [row.id for row in connection.execute(leased)]


def change_leased(
    connection: Connection, table: Table, ids: Iterable[int], *, owner: str, **values: Any
) -> int:
    """Set columns of the rows that ``owner`` leases; return the number of rows changed."""
    leased = update(table).where(table.c.id.in_(list(ids)), table.c.lease_owner == owner)
    return connection.execute(leased.values(**values)).rowcount
