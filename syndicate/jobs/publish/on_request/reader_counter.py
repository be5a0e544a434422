"""Count the readers of feeds: as feed programs say themselves, and distinct networks a day for the rest.

Networks (/24 of IPv4, /64 of IPv6) are hashed in memory with a random key, which is forgotten at midnight UTC
together with the hashes. The store keeps only a number for each channel, program and day, and for each opened
page and hour. Links are never rewritten, so mail cannot be counted at all.
"""

import re
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from syndicate.audience.networks import network_of
from syndicate.store import Store
from syndicate.store.output import feed_read_store
from syndicate.store.output.feed_read_store import FeedReads
from syndicate.store.stories import ranked_lists
from syndicate.text.tables import table_of

OTHER = "other"
PROGRAMS: dict[str, str] = table_of(__name__)["programs"]
"""Programs by a mark in their ``User-Agent``; all others are counted as ``OTHER``."""
_SUBSCRIBERS = re.compile(r"\b(\d{1,7}) (?:subscriber|reader)s?\b", re.IGNORECASE)
_DAY = 86400
_MAX_AGENTS, _MAX_COUNTED = 4096, 200_000
_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(slots=True, kw_only=True)
class ReaderCounter:
    """Readers and opened pages in memory, for several threads; ``flush`` saves their numbers."""

    store: Store
    _day: int = field(default=0, init=False)
    _key: bytes = field(default=b"", init=False)
    _agents: dict[str, tuple[str, int]] = field(default_factory=dict, init=False)
    _networks: set[tuple[str, str, bytes]] = field(default_factory=set, init=False)
    _claims: dict[tuple[str, str, str], int] = field(default_factory=dict, init=False)
    _waiting: dict[FeedReads, int] = field(default_factory=dict, init=False)
    _saved: dict[FeedReads, int] = field(default_factory=dict, init=False)
    _opened: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add(self, path: str, agent: str, peer: str, forwarded: str) -> None:
        """Count a request for the feed at a path (``/news.rss``) with its ``User-Agent``.

        ``peer`` and ``forwarded`` are those of ``network_of``.
        """
        if (day := int(time.time()) // _DAY) != self._day:
            self._begin_day(day)
        program, subscribers = self._agents.get(agent) or self._look_up(agent)
        if len(self._networks) + len(self._claims) >= _MAX_COUNTED:
            return
        if subscribers:
            self._claims[path, program, agent] = subscribers
            return
        if forwarded and peer in _LOOPBACK:
            peer = forwarded.rpartition(",")[2].strip()
        network = peer.rpartition(".")[0] if ":" not in peer else network_of(peer)
        digest = blake2b(network.encode(), key=self._key, digest_size=8).digest()
        self._networks.add((path.rpartition(".")[0], program, digest))

    def add_page(self, path: str) -> None:
        """Count a view of a page, given by its path inside the output folder."""
        with self._lock:
            self._opened[path] += 1

    def flush(self, now: datetime) -> None:
        """Save the counts of this day and of a day that has ended; a killed process loses unsaved counts."""
        self._begin_day(int(now.timestamp()) // _DAY, only_later=True)
        with self._lock:
            counts, self._waiting = {**self._waiting, **self._counts()}, {}
            opened, self._opened = self._opened, Counter()
        changed = {key: count for key, count in counts.items() if self._saved.get(key) != count}
        if changed or opened:
            with self.store.write() as connection:
                feed_read_store.save_reads(connection, changed)
                hour = now.replace(minute=0, second=0, microsecond=0)
                ranked_lists.add_reads(connection, opened, hour=hour)
        self._saved = counts

    def _begin_day(self, day: int, *, only_later: bool = False) -> None:
        with self._lock:
            if day == self._day or (only_later and day < self._day):
                return
            if self._day:
                self._waiting |= self._counts()
            self._networks, self._claims = set(), {}
            self._day, self._key = day, secrets.token_bytes(32)

    def _counts(self) -> dict[FeedReads, int]:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=self._day)
        counts: dict[FeedReads, int] = {}
        for path, program, _ in tuple(self._networks):
            key = FeedReads(path.removeprefix("/"), day, program)
            counts[key] = counts.get(key, 0) + 1
        for (path, program, _), subscribers in tuple(self._claims.items()):
            key = FeedReads(path.rpartition(".")[0].removeprefix("/"), day, program)
            counts[key] = counts.get(key, 0) + subscribers
        return counts

    def _look_up(self, agent: str) -> tuple[str, int]:
        """Return the program and the subscribers that it names; other programs are believed no number."""
        folded = agent.lower()
        program = next((name for mark, name in PROGRAMS.items() if mark in folded), OTHER)
        claimed = _SUBSCRIBERS.search(agent) if program != OTHER else None
        if len(self._agents) >= _MAX_AGENTS:
            self._agents.clear()
        found = self._agents[agent] = program, int(claimed[1]) if claimed else 0
        return found
