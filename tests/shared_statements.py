"""Share compiled statements between the stores of a test process.

SQLAlchemy keeps compiled statements for each engine. Each test opens a store of its own, and compiling its
statements anew takes longer than executing them.
"""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event

_MOST_STATEMENTS = 10_000


class SharedStatements(dict[Any, Any]):
    """Compiled statements by the name of their dialect instead of the dialect, and by SQLAlchemy's key."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= _MOST_STATEMENTS:
            self.clear()
        super().__setitem__((key[0].name, *key[1:]), compiled)


@cache
def share_statements() -> None:
    """Give the connections of all engines one cache."""
    shared = SharedStatements()

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=shared)
