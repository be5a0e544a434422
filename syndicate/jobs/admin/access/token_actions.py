"""Tokens of programs: create, revoke, find the actor of a token, and limit its requests in a minute."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from syndicate.access.random_keys import BEGINNING, hash_key, is_token, new_token
from syndicate.errors import ActionRefused, NotFound, StoreBusy, WrongFields, existing
from syndicate.jobs.admin.actions import perform
from syndicate.model.actors import ROLES, SCOPES, ActionResult, Actor, Change
from syndicate.store import Connection, Store
from syndicate.store.access import attempt_store, token_store, user_store
from syndicate.store.access.token_store import Token
from syndicate.text.plain import clean_line

NEVER_FOR_TOKENS = frozenset({"admin:write"})
LIMIT = 600
"""Requests of a token in a minute."""
_WRITTEN_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class SecretResult:
    """Result of an action with a secret that is shown once; ``""`` for a repeated request."""

    result: ActionResult
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenActions:
    """Creates and revokes the tokens of a store, and finds the actor of a token."""

    store: Store

    def actor_of(self, token: str, now: datetime, network: str = "") -> Actor | None:
        """Return the actor of a live token, with no scope that the owner lacks, or ``None``."""
        if not is_token(token):
            return None
        with self.store.read() as connection:
            found = token_store.find_token(connection, token_hash=hash_key(token))
        if found is None or not found.is_live(now):
            return None
        if found.used is None or now - found.used > timedelta(minutes=1):
            with suppress(StoreBusy), self.store.write_at_once() as connection:
                token_store.note_use(connection, found.id, now)
        scopes = frozenset(found.scopes.split()) & ROLES.get(found.owner_role, frozenset())
        return Actor(
            kind="token",
            name=found.name,
            user_id=found.user_id,
            token_id=found.id,
            scopes=scopes - NEVER_FOR_TOKENS,
            network=network,
        )

    def add(
        self,
        change: Change,
        name: str,
        scopes: Collection[str],
        *,
        days: float | None = None,
        user_id: int | None = None,
    ) -> SecretResult:
        """Create a token for the actor, or for a user that a command names; ``days`` is its lifetime.

        Raises ``WrongFields`` for a name, scope or lifetime that cannot be used.
        """
        owner_id = user_id if change.actor.kind == "command" else change.actor.user_id
        token, name = new_token(), clean_line(name, 80)

        def work(connection: Connection) -> ActionResult:
            owner = existing(user_store.find_user(connection, user_id=owner_id or 0), "such user")
            wrong = _problems(name, scopes, days, ROLES.get(owner.role, frozenset()))
            if wrong:
                raise WrongFields(wrong)
            number = token_store.add_token(
                connection,
                token_hash=hash_key(token),
                beginning=token[:BEGINNING],
                name=name,
                scopes=" ".join(scope for scope in SCOPES if scope in scopes),
                user_id=owner.id,
                created=change.now,
                ends=change.now + timedelta(days=days) if days else None,
            )
            after = {"name": name, "scopes": sorted(scopes), "owner": owner.address}
            return ActionResult(
                kind="token", id=str(number), message=f"The token {name} was created.", after=after
            )

        scope = "admin:write" if change.actor.kind in ("command", "token") else ""
        result = perform(self.store, change, "token.add", scope, work)
        return SecretResult(result, "" if result.is_repeated else token)

    def revoke(self, change: Change, token_id: int) -> ActionResult:
        """Revoke a token of the actor, or of any user for an admin."""

        def work(connection: Connection) -> ActionResult:
            token = token_store.find_token(connection, token_id=token_id)
            if token is None or not (may_see(change.actor, token)):
                raise NotFound("There is no such token.")
            is_change = token_store.revoke_token(connection, token_id, change.now)
            message = f"The token {token.name} was revoked."
            return ActionResult(kind="token", id=str(token_id), message=message, is_change=is_change)

        scope = "admin:write" if change.actor.kind == "token" else ""
        return perform(self.store, change, "token.revoke", scope, work)


@dataclass(slots=True)
class _Minute:
    """Requests of a token in a minute; ``unwritten`` of them are in no row yet."""

    at: datetime
    count: int = 0
    unwritten: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequests:
    """Finds the actor of each request. A process writes the first and every 50th request of a minute."""

    tokens: TokenActions
    _minutes: dict[int, _Minute] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def actor(self, token: str, now: datetime, network: str) -> Actor:
        """Return the actor of a token. Raises ``ActionRefused`` 401 for no live token, 429 above a limit."""
        actor = self.tokens.actor_of(token, now, network)
        if actor is None or actor.token_id is None:
            raise ActionRefused("no-token", "The token is unknown, revoked or at its end.", status=401)
        if self._count(actor.token_id, now) > LIMIT:
            wait = {"retry_after": 60 - now.second}
            message = f"A token makes at most {LIMIT} requests a minute."
            raise ActionRefused("too-many-requests", message, status=429, facts=wait)
        return actor

    def _count(self, token_id: int, now: datetime) -> int:
        """Return the number of requests in this minute, this request included."""
        at = now.replace(second=0, microsecond=0)
        with self._lock:
            minute = self._minutes.get(token_id)
            if minute is None or minute.at != at:
                minute = self._minutes[token_id] = _Minute(at)
            minute.count += 1
            minute.unwritten += 1
            if minute.count > 1 and minute.unwritten < _WRITTEN_TOGETHER:
                return minute.count
            added, minute.unwritten = minute.unwritten, 0
        try:
            with self.tokens.store.write_at_once() as connection:
                total = attempt_store.add_attempt(connection, "api", str(token_id), at, added)
        except StoreBusy:
            total = 0
        with self._lock:
            minute.unwritten += 0 if total else added
            minute.count = max(minute.count, total)
            return minute.count


def may_see(actor: Actor, token: Token) -> bool:
    """Return whether an actor may look at a token and revoke it."""
    return actor.may("admin:write") or token.user_id == actor.user_id


def _problems(
    name: str, scopes: Collection[str], days: float | None, allowed: Collection[str]
) -> dict[str, str]:
    wrong = {}
    if not name:
        wrong["name"] = "Write the name of the program that will use the token."
    refused = [scope for scope in scopes if scope not in allowed or scope in NEVER_FOR_TOKENS]
    if refused:
        wrong["scopes"] = f"The owner of the token cannot give {', '.join(sorted(refused))}."
    if not scopes:
        wrong["scopes"] = "Choose at least one permission."
    if days is not None and not 0 < days <= 3650:
        wrong["days"] = "Write a number of days between 1 and 3650."
    return wrong
