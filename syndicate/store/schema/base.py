"""Shared helpers for table definitions, and the tables of the store itself."""

from sqlalchemy import Column, Integer, MetaData, Table, Text

from syndicate.store.core.column_types import UtcTime

metadata = MetaData()


def texts(*names: str) -> list[Column[str]]:
    """Return columns of text that are never null."""
    return [Column(name, Text, nullable=False) for name in names]


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied", UtcTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", UtcTime, nullable=False),
)
