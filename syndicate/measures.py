"""Counts and durations of this process, from which the metrics are made.

Labels come from closed sets. ``jobs/stage_log`` adds the counts to totals in the store.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the classes of durations in seconds; the last class has none."""
Key = tuple[str, str]
"""Name and label of a measure."""

_lock = threading.Lock()
_counts: Counter[Key] = Counter()
_durations: dict[Key, tuple[list[int], float]] = {}


def count(name: str, label: str = "", by: int = 1) -> None:
    """Add to a count."""
    with _lock:
        _counts[name, label] += by


def observe(name: str, label: str, seconds: float) -> None:
    """Add a duration to its class."""
    with _lock:
        counts, total = _durations.get((name, label), ([0] * (len(BUCKETS) + 1), 0.0))
        counts[bisect_left(BUCKETS, seconds)] += 1
        _durations[name, label] = counts, total + seconds


def counts() -> Counter[Key]:
    """Return the counts that are not in the store yet."""
    with _lock:
        return Counter(_counts)


def subtract(stored: Mapping[Key, int]) -> None:
    """Take counts away that the store has now."""
    with _lock:
        for key, number in stored.items():
            _counts[key] -= number
            if not _counts[key]:
                del _counts[key]


def durations() -> dict[Key, tuple[list[int], float]]:
    """Return the number of durations in each class, and their sum in seconds, since the start."""
    with _lock:
        return {key: (list(classes), total) for key, (classes, total) in _durations.items()}
