"""Number of requests that a token made in a minute."""

from datetime import datetime

from sqlalchemy import Connection

from syndicate.store import schema
from syndicate.store.core.upsert import insert_for

table = schema.attempts


def add_requests(connection: Connection, token_id: int, minute: datetime, count: int) -> int:
    """Add requests of a token in a minute, and return their number in all processes."""
    keys = {"kind": "api", "subject": str(token_id), "at": minute}
    statement = insert_for(connection, table).values(**keys, count=count)
    more = {"count": table.c.count + count}
    adding = statement.on_conflict_do_update(index_elements=list(keys), set_=more)
    return int(connection.execute(adding.returning(table.c.count)).scalar_one())
