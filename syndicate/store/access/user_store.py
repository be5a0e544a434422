"""Users of the admin pages: role, password hash and second step."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import delete as delete_rows

from syndicate.store import schema

table, codes = schema.users, schema.recovery_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """User; an invited user without a password has ``password_hash == ""``.

    ``totp_secret`` is ``""`` without a second step, ``totp_step`` the number of the last accepted code.
    ``test_address`` receives test mails, ``""`` stands for ``address``.
    """

    id: int
    address: str
    address_key: str
    name: str
    role: str
    password_hash: str = field(repr=False)
    totp_secret: str = field(repr=False)
    totp_step: int
    test_address: str
    created: datetime

    @property
    def mail_address(self) -> str:
        """Return the address for test mails."""
        return self.test_address or self.address


def add_user(connection: Connection, *, now: datetime, password_hash: str = "", **values: str) -> int:
    """Add a user of an address, its key, a name and a role; raises ``IntegrityError`` for a known address."""
    row = insert(table).values(**values, password_hash=password_hash, created=now)
    return int(connection.execute(row.returning(table.c.id)).scalar_one())


def find_user(connection: Connection, *, user_id: int = 0, address_key: str = "") -> User | None:
    """Return a user by id or by the key of the address, or ``None``."""
    condition = table.c.address_key == address_key if address_key else table.c.id == user_id
    row = connection.execute(select(table).where(condition)).mappings().first()
    return User(**row) if row else None


def list_users(connection: Connection) -> list[User]:
    """Return all users by address."""
    return [User(**row) for row in connection.execute(select(table).order_by(table.c.address)).mappings()]


def has_users(connection: Connection) -> bool:
    """Return whether there is a user."""
    return connection.execute(select(table.c.id).limit(1)).first() is not None


def other_admins(connection: Connection, user_id: int) -> int:
    """Count the admins with a password other than this user; locks the admins' rows on PostgreSQL."""
    query = select(table.c.id).where(table.c.role == "admin", table.c.password_hash != "")
    return sum(row.id != user_id for row in connection.execute(query.with_for_update()))


def change_user(connection: Connection, user_id: int, **values: Any) -> bool:
    """Set columns of a user; return ``False`` if there is no such user."""
    return connection.execute(update(table).where(table.c.id == user_id).values(**values)).rowcount == 1


def use_step(connection: Connection, user_id: int, step: int) -> bool:
    """Record the number of an accepted code; return ``False`` for a number that is not above the last."""
    newer = update(table).where(table.c.id == user_id, table.c.totp_step < step)
    return connection.execute(newer.values(totp_step=step)).rowcount == 1


def delete_user(connection: Connection, user_id: int) -> None:
    """Delete a user with the sessions, recovery codes and tokens of that user."""
    connection.execute(delete_rows(table).where(table.c.id == user_id))


def replace_codes(connection: Connection, user_id: int, hashes: Collection[str]) -> None:
    """Replace the recovery codes of a user."""
    connection.execute(delete_rows(codes).where(codes.c.user_id == user_id))
    if hashes:
        rows = [{"user_id": user_id, "code_hash": code_hash} for code_hash in hashes]
        connection.execute(insert(codes), rows)


def use_code(connection: Connection, user_id: int, code_hash: str, now: datetime) -> bool:
    """Mark a recovery code as used; return ``False`` for an unknown or used code."""
    unused = (codes.c.user_id == user_id) & (codes.c.code_hash == code_hash) & codes.c.used.is_(None)
    return connection.execute(update(codes).where(unused).values(used=now)).rowcount == 1


def codes_left(connection: Connection, user_id: int) -> int:
    """Count the unused recovery codes of a user."""
    unused = select(func.count()).select_from(codes).where(codes.c.user_id == user_id, codes.c.used.is_(None))
    return int(connection.scalar(unused) or 0)
