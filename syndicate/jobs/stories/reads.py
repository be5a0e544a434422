"""Counting how often our own article pages are opened, if the operator asked for it.

Only sums are kept: a page and an hour have a number. No address, cookie, referrer or browser is
looked at or stored; links are never rewritten, so that mail and feeds cannot be counted at all.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.store import Store
from syndicate.store.stories import ranked_lists


@dataclass(slots=True, kw_only=True)
class ReadCounter:
    """Counts in memory, for several threads; ``flush`` adds it to the store."""

    store: Store
    _counts: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add(self, path: str) -> None:
        """A page (its path inside the output folder) was opened."""
        with self._lock:
            self._counts[path] += 1

    def flush(self, now: datetime) -> None:
        """Write what was counted since the last time; what a killed process had not written is lost."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if counts:
            with self.store.write() as connection:
                ranked_lists.add_reads(
                    connection, counts, hour=now.replace(minute=0, second=0, microsecond=0)
                )
