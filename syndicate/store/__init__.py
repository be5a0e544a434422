"""Tables, migrations and every SQL statement, for SQLite and PostgreSQL.

Each function takes a ``Connection`` first, never commits, and returns rows or dataclasses.
Jobs begin and end the transactions.
"""

from sqlalchemy import Connection

from syndicate.store.core.engine import Store, open_store

__all__ = ["Connection", "Store", "open_store"]
