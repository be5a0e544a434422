"""Keys that work once: setup, invitations, lost passwords, second steps, and forms kept during a sign-in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from syndicate.store import schema

table = schema.one_time_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeKey:
    """Key with the hash, its purpose, and a value whose meaning the purpose defines."""

    key_hash: str
    purpose: str
    user_id: int | None
    value: str
    ends: datetime


def add_key(connection: Connection, key_hash: str, purpose: str, ends: datetime, **more: object) -> None:
    """Store a key by its hash, for a purpose, until it ends; ``more`` are ``user_id`` and ``value``."""
    row = {"key_hash": key_hash, "purpose": purpose, "ends": ends, "user_id": None, "value": "", **more}
    connection.execute(insert(table).values(row))


def find_key(connection: Connection, key_hash: str, purpose: str, now: datetime) -> OneTimeKey | None:
    """Return a key that has not ended, or ``None``."""
    query = select(table).where(table.c.key_hash == key_hash, table.c.purpose == purpose, table.c.ends > now)
    row = connection.execute(query).mappings().first()
    return OneTimeKey(**row) if row else None


def use_key(connection: Connection, key_hash: str) -> bool:
    """Delete a key; return ``False`` if another request has used it."""
    return connection.execute(delete(table).where(table.c.key_hash == key_hash)).rowcount == 1


def delete_keys(connection: Connection, purpose: str, user_id: int | None = None) -> None:
    """Delete all keys of a purpose, of a user or of no user."""
    connection.execute(delete(table).where(table.c.purpose == purpose, table.c.user_id == user_id))
