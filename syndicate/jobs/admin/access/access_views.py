"""Users, sessions, tokens and the audit log as pages, API and commands show them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from syndicate.jobs.admin.access.token_actions import may_see
from syndicate.jobs.admin.access.user_actions import existing_user
from syndicate.model.actors import Actor
from syndicate.store import Connection, Store
from syndicate.store.access import audit_store, session_store, token_store, user_store
from syndicate.store.access.audit_store import AuditRow
from syndicate.store.access.session_store import Session
from syndicate.store.access.token_store import Token
from syndicate.store.access.user_store import User

PAGE = 50
_EXPORT_PAGE = 1000
AUDIT_FILTERS = ("actor", "action", "object_kind", "object_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """User with live sessions; ``seen`` is the last request of a session."""

    user: User
    sessions: tuple[Session, ...]

    @property
    def seen(self) -> datetime | None:
        """Return the time of the last request, or ``None`` without a session."""
        return self.sessions[0].seen if self.sessions else None

    @property
    def is_invited(self) -> bool:
        """Return whether the user has no password yet."""
        return not self.user.password_hash

    def summary(self) -> dict[str, object]:
        """Return the user for a program."""
        user = self.user
        facts = {"id": str(user.id), "address": user.address, "name": user.name, "role": user.role}
        state = {"second_step": bool(user.totp_secret), "invited": self.is_invited}
        return {**facts, **state, "sessions": len(self.sessions), "seen": self.seen and self.seen.isoformat()}


def user_views(connection: Connection, now: datetime) -> list[UserView]:
    """Return all users with their sessions."""
    return [_view(connection, user, now) for user in user_store.list_users(connection)]


def user_view(connection: Connection, user_id: int, now: datetime) -> UserView:
    """Return a user with the sessions. Raises ``NotFound``."""
    return _view(connection, existing_user(connection, user_id), now)


def token_views(connection: Connection, actor: Actor) -> list[Token]:
    """Return the tokens that an actor may see: the own tokens, all tokens for an admin."""
    return [token for token in token_store.list_tokens(connection) if may_see(actor, token)]


def audit_page(
    connection: Connection, chosen: Mapping[str, str], below: int | None = None, limit: int = PAGE
) -> list[AuditRow]:
    """Return rows of the audit log, newest first, filtered by the entries of ``AUDIT_FILTERS``."""
    filters = {name: chosen.get(name, "").strip() for name in AUDIT_FILTERS}
    return audit_store.audit_rows(connection, **filters, below=below, limit=limit)


def audit_summary(row: AuditRow) -> dict[str, object]:
    """Return a row of the audit log for a program."""
    return {**asdict(row), "id": str(row.id), "at": row.at.isoformat()}


def export_audit(store: Store, chosen: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the filtered audit log as lines of JSON, newest first, with a short transaction a page."""
    below: int | None = None
    while True:
        with store.read() as connection:
            rows = audit_page(connection, chosen, below, _EXPORT_PAGE)
        yield b"".join(json.dumps(audit_summary(row), ensure_ascii=False).encode() + b"\n" for row in rows)
        if len(rows) < _EXPORT_PAGE:
            return
        below = rows[-1].id


def _view(connection: Connection, user: User, now: datetime) -> UserView:
    return UserView(user=user, sessions=tuple(session_store.sessions_of(connection, user.id, now)))
