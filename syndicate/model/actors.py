"""Actors: people, tokens and commands that change something, and the scopes that say what each may do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCOPES: Mapping[str, str] = {
    "articles:read": "read articles, stories and channels' items",
    "articles:write": "add own articles",
    "stories:write": "decide on stories: pin, drop, headline, weight, merge, split, lead",
    "sources:read": "read sources, their polls and the state of the installation",
    "sources:write": "add, change, pause, remove and read sources",
    "channels:read": "read channels",
    "channels:write": "add, change, rename and remove channels",
    "newsletters:read": "read newsletters",
    "newsletters:write": "add, change and pause newsletters",
    "editions:read": "read editions, also those that wait for approval",
    "editions:write": "change editions, write one-off issues and send tests",
    "editions:send": "approve, hold and correct editions",
    "deliveries:read": "read deliveries and bounces, with masked addresses",
    "deliveries:write": "send again, and pause or resume sending",
    "subscribers:read": "read subscribers with their addresses",
    "subscribers:write": "add, import, change and erase subscribers",
    "metrics:read": "read the metrics",
    "admin:read": "read users, webhooks, the audit log and the state of the system",
    "admin:write": "change users, tokens and webhooks, and make backups; never given to a token",
}
"""Each scope with what it allows."""
EDITOR_SCOPES = frozenset(
    name
    for name in SCOPES
    if name.partition(":")[0] in ("articles", "stories", "sources", "channels", "editions")
) | {"newsletters:read", "deliveries:read", "metrics:read"}
ROLES: Mapping[str, frozenset[str]] = {"admin": frozenset(SCOPES), "editor": EDITOR_SCOPES}
"""Scopes of each role of a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Cause of a change: ``kind`` is ``user``, ``token``, ``command`` or ``link`` (a signed editor's link).

    ``name`` is the address of a user, the name of a token, or the name given with ``--by``. ``network`` is
    the network of the request, ``""`` for commands. A command on the machine may do everything.
    """

    kind: str
    name: str
    user_id: int | None = None
    token_id: int | None = None
    scopes: frozenset[str] = frozenset()
    network: str = ""

    def may(self, scope: str) -> bool:
        """Return whether the actor has a scope."""
        return scope in self.scopes


def command_actor(name: str) -> Actor:
    """Return the actor of a command; ``name`` is ``--by``, or the user of the operating system."""
    return Actor(kind="command", name=name, scopes=frozenset(SCOPES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Request for a change: its actor and its moment.

    A second request with the same non-empty ``key`` of the same actor changes nothing and gets the first
    result. ``request_hash`` tells a repeated request from another request under the same key. ``check`` is
    called with the connection before the change, and raises ``ActionRefused`` when the object is no longer
    the object that the actor saw. A ``dry_run`` is rolled back.
    """

    actor: Actor
    now: datetime
    key: str = ""
    request_hash: str = ""
    check: Callable[[Any], None] | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """Result of an action on the object ``kind`` and ``id``.

    ``message`` is a sentence for the person who asked. ``before`` and ``after`` are the changed fields for
    the audit log, without secrets and bodies. ``facts`` are JSON values for the answer of a program.
    ``is_logged`` records a result that is no change. ``is_repeated`` is true for the stored result of an
    earlier request with the same key.
    """

    kind: str
    id: str = ""
    message: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None
    is_change: bool = True
    is_logged: bool = False
    is_repeated: bool = False
