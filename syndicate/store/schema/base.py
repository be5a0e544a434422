"""Shared helpers for table definitions, and the tables of the store itself."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from syndicate.store.core.column_types import UtcTime

metadata = MetaData()


def columns(column_type: Any, *names: str, nullable: bool = False) -> list[Column[Any]]:
    """Return columns of this type."""
    return [Column(name, column_type, nullable=nullable) for name in names]


def id_keys(*names: str) -> list[Column[Any]]:
    """Return columns of a primary key that hold ids of rows of other tables."""
    return [Column(name, BigInteger, primary_key=True, autoincrement=False) for name in names]


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(Text, "name"),
    *columns(UtcTime, "applied"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    *columns(Text, "owner"),
    *columns(UtcTime, "until"),
)
