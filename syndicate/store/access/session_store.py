"""Sessions of signed-in users, by the hash of the id in the cookie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from syndicate.store import schema

table = schema.sessions
IDLE = timedelta(hours=12)
"""Time without a request after which a session ends, unless the user stays signed in."""
LONG = timedelta(days=2)
"""Sessions planned to live longer than this do not end while idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Session; ``password_at`` is the last moment at which the user gave the password."""

    id_hash: str = field(repr=False)
    user_id: int
    csrf: str = field(repr=False)
    created: datetime
    seen: datetime
    ends: datetime
    password_at: datetime
    browser: str
    network: str
    message: str

    @property
    def public_id(self) -> str:
        """Return a part of the hash that names the session on pages."""
        return self.id_hash[:16]

    def is_live(self, now: datetime) -> bool:
        """Return whether the session has not ended and was used within 12 hours, or is a long session."""
        return now < self.ends and (self.ends - self.created > LONG or now - self.seen < IDLE)


def add_session(connection: Connection, row: Mapping[str, Any]) -> None:
    """Store a session, by the names of the fields of ``Session``."""
    connection.execute(insert(table).values(row))


def find_session(connection: Connection, id_hash: str, now: datetime) -> Session | None:
    """Return the live session with this hash, or ``None``."""
    row = connection.execute(select(table).where(table.c.id_hash == id_hash)).mappings().first()
    session = Session(**row) if row else None
    return session if session and session.is_live(now) else None


def sessions_of(connection: Connection, user_id: int, now: datetime) -> list[Session]:
    """Return the live sessions of a user, the last used first."""
    query = select(table).where(table.c.user_id == user_id).order_by(table.c.seen.desc())
    found = (Session(**row) for row in connection.execute(query).mappings())
    return [session for session in found if session.is_live(now)]


def change_session(connection: Connection, id_hash: str, **values: Any) -> None:
    """Set columns of a session."""
    connection.execute(update(table).where(table.c.id_hash == id_hash).values(**values))


def end_session(connection: Connection, id_hash: str) -> bool:
    """Delete a session; return ``False`` if there is none."""
    return connection.execute(delete(table).where(table.c.id_hash == id_hash)).rowcount == 1


def end_sessions(connection: Connection, user_id: int, *, except_hash: str = "") -> int:
    """Delete the sessions of a user except one, and return their number."""
    chosen = (table.c.user_id == user_id) & (table.c.id_hash != except_hash)
    return connection.execute(delete(table).where(chosen)).rowcount
