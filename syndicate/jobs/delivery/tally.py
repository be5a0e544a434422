"""Progress of one run of deliveries."""

from collections.abc import Callable
from typing import Any

from syndicate.model import DeliveryState


class Tally:
    """Counts of deliveries by state so far."""

    def __init__(self, waiting: int, progress: Callable[[int, int], None]) -> None:
        self._counts: dict[DeliveryState, int] = {}
        self._waiting = waiting
        self._progress = progress

    def add(self, state: DeliveryState, count: int = 1) -> None:
        """Count deliveries that ended in this state, and show it."""
        self._counts[state] = self._counts.get(state, 0) + count
        done = sum(self._counts.values())
        self._progress(done, max(done, self._waiting))

    @property
    def sent(self) -> int:
        """Return how many were sent."""
        return self._counts.get(DeliveryState.SENT, 0)

    def counts(self) -> dict[str, Any]:
        """Return the counts by the names of states."""
        return {state.value: count for state, count in self._counts.items()}
