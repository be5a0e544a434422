"""Shared helpers for table definitions, and the tables of the store itself."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from syndicate.store.core.column_types import UtcTime

metadata = MetaData()


def table(name: str, *parts: Column[Any]) -> Table:
    """Return a table of the store."""
    return Table(name, metadata, *parts)


def columns(
    column_type: Any, *names: str, nullable: bool = False, default: str | None = None
) -> list[Column[Any]]:
    """Return columns of this type; ``default`` is the value that a migration gave to older rows."""
    return [Column(name, column_type, nullable=nullable, server_default=default) for name in names]


def id_keys(*names: str) -> list[Column[Any]]:
    """Return columns of a primary key that hold ids of rows of other tables."""
    return [Column(name, BigInteger, primary_key=True, autoincrement=False) for name in names]


meta = table("meta", Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

migrations = table(
    "migrations",
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(Text, "name"),
    *columns(UtcTime, "applied"),
)

leases = table(
    "leases",
    Column("name", Text, primary_key=True),
    *columns(Text, "owner"),
    *columns(UtcTime, "until"),
)

workers = table(
    "workers",
    Column("owner", Text, primary_key=True),
    *columns(Text, "stages", "shards"),
    *columns(UtcTime, "started", "seen"),
)
