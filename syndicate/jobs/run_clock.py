"""Clock of a run that may take minutes."""

import time
from datetime import datetime, timedelta


class RunClock:
    """Clock that stands at the run's start time for the first ``fixed_for`` seconds and then goes on."""

    def __init__(self, now: datetime, fixed_for: float = 60.0) -> None:
        self._now = now
        self._fixed_for = fixed_for
        self._started = time.monotonic()

    def now(self) -> datetime:
        """Return the start time for the first ``fixed_for`` seconds, then start plus elapsed time."""
        elapsed = time.monotonic() - self._started
        return self._now if elapsed < self._fixed_for else self._now + timedelta(seconds=elapsed)
