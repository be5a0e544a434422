"""Tables of users, sessions, tokens, the audit log and repeated requests."""

from sqlalchemy import BigInteger, Column, Integer, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, table

users = table(
    "users",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "address", "address_key", "name", "role", "password_hash"),
    *columns(Text, "totp_secret", "test_address", default=""),
    *columns(BigInteger, "totp_step", default="0"),
    *columns(UtcTime, "created"),
)

recovery_codes = table(
    "recovery_codes",
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("code_hash", Text, primary_key=True),
    Column("used", UtcTime),
)

sessions = table(
    "sessions",
    Column("id_hash", Text, primary_key=True),
    *columns(BigInteger, "user_id"),
    *columns(Text, "csrf", "browser", "network"),
    *columns(UtcTime, "created", "seen", "ends", "password_at"),
    *columns(Text, "message", default=""),
)

one_time_keys = table(
    "one_time_keys",
    Column("key_hash", Text, primary_key=True),
    *columns(Text, "purpose", "value"),
    Column("user_id", BigInteger),
    *columns(UtcTime, "ends"),
)

attempts = table(
    "attempts",
    *(Column(name, Text, primary_key=True) for name in ("kind", "subject")),
    Column("at", UtcTime, primary_key=True),
    *columns(Integer, "count"),
)

tokens = table(
    "tokens",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "token_hash", "beginning", "name", "scopes"),
    *columns(BigInteger, "user_id"),
    *columns(UtcTime, "created"),
    *columns(UtcTime, "ends", "used", "revoked", nullable=True),
)

audit = table(
    "audit",
    Column("id", BigInteger, primary_key=True),
    *columns(UtcTime, "at"),
    *columns(Text, "actor_kind", "actor_name", "action", "object_kind", "object_id", "network"),
    *columns(BigInteger, "user_id", "token_id", nullable=True),
    *columns(Json, "before", "after", nullable=True),
)

repeated_requests = table(
    "repeated_requests",
    *(Column(name, Text, primary_key=True) for name in ("actor", "request_key")),
    *columns(Text, "request_hash"),
    *columns(Json, "result"),
    *columns(UtcTime, "at"),
)
