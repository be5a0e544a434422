"""Count page views of the published article pages, if the operator enabled it.

The store keeps only sums: a number for each page and hour. The server reads and stores no address, cookie,
referrer or browser. Links are never rewritten, so mail and feeds cannot be counted at all.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.store import Store
from syndicate.store.stories import ranked_lists


@dataclass(slots=True, kw_only=True)
class ReadCounter:
    """Page views in memory, for several threads; ``flush`` adds them to the store."""

    store: Store
    _counts: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add(self, path: str) -> None:
        """Count a view of a page, given by its path inside the output folder."""
        with self._lock:
            self._counts[path] += 1

    def flush(self, now: datetime) -> None:
        """Write the views since the last call; a killed process loses its unwritten views."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if counts:
            hour = now.replace(minute=0, second=0, microsecond=0)
            with self.store.write() as connection:
                ranked_lists.add_reads(connection, counts, hour=hour)
