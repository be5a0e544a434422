"""API tokens, by their hashes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from syndicate.store import schema

table, users = schema.tokens, schema.users
_MINUTE = timedelta(minutes=1)
_COLUMNS = [column for column in table.columns if column.name != "token_hash"]
_OWNED = select(*_COLUMNS, users.c.address.label("owner"), users.c.role.label("owner_role")).join(
    users, users.c.id == table.c.user_id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Token without its secret; ``beginning`` has the first characters, ``scopes`` are joined by spaces."""

    id: int
    beginning: str
    name: str
    scopes: str
    user_id: int
    created: datetime
    ends: datetime | None
    used: datetime | None
    revoked: datetime | None
    owner: str
    owner_role: str

    def is_live(self, now: datetime) -> bool:
        """Return whether the token has neither ended nor been revoked."""
        return self.revoked is None and (self.ends is None or now < self.ends)


def add_token(connection: Connection, **values: Any) -> int:
    """Store a token and return the id."""
    return int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def find_token(connection: Connection, *, token_hash: str = "", token_id: int = 0) -> Token | None:
    """Return a token by the hash or the id, or ``None``."""
    condition = table.c.token_hash == token_hash if token_hash else table.c.id == token_id
    row = connection.execute(_OWNED.where(condition)).mappings().first()
    return Token(**row) if row else None


def list_tokens(connection: Connection) -> list[Token]:
    """Return all tokens, the newest first."""
    return [Token(**row) for row in connection.execute(_OWNED.order_by(table.c.id.desc())).mappings()]


def note_use(connection: Connection, token_id: int, now: datetime) -> None:
    """Record that a token is in use, at most once a minute."""
    stale = table.c.used.is_(None) | (table.c.used < now - _MINUTE)
    connection.execute(update(table).where(table.c.id == token_id, stale).values(used=now))


def revoke_token(connection: Connection, token_id: int, now: datetime) -> bool:
    """Revoke a token; return ``False`` if there is none or it was revoked before."""
    open_token = (table.c.id == token_id) & table.c.revoked.is_(None)
    return connection.execute(update(table).where(open_token).values(revoked=now)).rowcount == 1
