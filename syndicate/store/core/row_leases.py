"""Leases in the columns of rows: of sources, sitemap parts, pages and deliveries."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Table, update

from syndicate.store.core.column_types import EPOCH

NO_LEASE: Final = {"lease_owner": "", "lease_until": EPOCH}


def change_leased(
    connection: Connection, table: Table, ids: Iterable[int], *, owner: str, **values: Any
) -> int:
    """Set columns of the rows that ``owner`` leases; return the number of rows changed."""
    leased = update(table).where(table.c.id.in_(list(ids)), table.c.lease_owner == owner)
    return connection.execute(leased.values(**values)).rowcount
