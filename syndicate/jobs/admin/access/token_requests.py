"""Limit of the requests that a token makes in a minute."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from syndicate.errors import ActionRefused
from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.model.actors import Actor
from syndicate.store.access.request_counts import add_requests

LIMIT = 600
"""Requests of a token in a minute."""
_WRITTEN_TOGETHER = 50


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
        with self.tokens.store.write() as connection:
            total = add_requests(connection, token_id, at, added)
        with self._lock:
            minute.count = max(minute.count, total)
            return minute.count
