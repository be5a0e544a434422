"""Tables and every SQL statement, on SQLite and PostgreSQL.

Functions take a ``Connection`` first, never commit, and return the model's own dataclasses.
Transactions begin and end in ``jobs``.
"""

from sqlalchemy import Connection

from syndicate.store.core.engine import Store, open_store

__all__ = ["Connection", "Store", "open_store"]
