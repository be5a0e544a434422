"""Audit log: every change by a person, a token or a command, in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from syndicate.model.actors import ActionResult, Actor
from syndicate.store import schema

table = schema.audit
# Any number that no other lock has.
_ACTION_LOCK = 7_146_220_401_113_502_466


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Row of the audit log; ``before`` and ``after`` hold changed fields without secrets."""

    id: int
    at: datetime
    actor_kind: str
    actor_name: str
    user_id: int | None
    token_id: int | None
    action: str
    object_kind: str
    object_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    network: str


def add_row(connection: Connection, actor: Actor, action: str, result: ActionResult, now: datetime) -> None:
    """Append an action and its result."""
    row: dict[str, Any] = {"at": now, "action": action, "object_kind": result.kind, "object_id": result.id}
    row |= {"actor_kind": actor.kind, "actor_name": actor.name, "network": actor.network}
    row |= {"user_id": actor.user_id, "token_id": actor.token_id}
    row |= {"before": result.before, "after": result.after}
    connection.execute(insert(table).values(row))


def lock_actions(connection: Connection) -> None:
    """Let actions run in turn until the transaction ends, so that none changes what another has checked.

    SQLite's write transactions exclude each other without it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ACTION_LOCK)))


def audit_rows(
    connection: Connection,
    *,
    actor: str = "",
    action: str = "",
    object_kind: str = "",
    object_id: str = "",
    below: int | None = None,
    limit: int = 50,
) -> list[AuditRow]:
    """Return rows newest first; an empty text does not limit. ``below`` is the last id of the page before."""
    chosen = {"actor_name": actor, "action": action, "object_kind": object_kind, "object_id": object_id}
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    query = query.where(*(table.c[name] == value for name, value in chosen.items() if value))
    if below is not None:
        query = query.where(table.c.id < below)
    return [AuditRow(**row) for row in connection.execute(query).mappings()]
