"""Share compiled statements between the stores of a test process.

SQLAlchemy keeps compiled statements for each engine. Each test opens a store of its own, and compiling its
statements anew takes longer than executing them.
"""

from functools import cache
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache


@cache
def share_statements() -> None:
    """Give all engines one cache, whose keys hold the class of a dialect instead of the dialect."""
    shared: LRUCache[Any, Any] = LRUCache(10_000)
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    # Each engine sets the attribute to a cache of its own, which is dropped.
    Engine._compiled_cache = property(lambda _: shared, lambda _self, _own: None)  # type: ignore[assignment]
