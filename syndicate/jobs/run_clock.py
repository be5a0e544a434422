"""The time inside a run that may take long."""

import time
from datetime import datetime, timedelta


class RunClock:
    """A run is one moment, unless it takes longer than ``still`` seconds: then time goes on."""

    def __init__(self, now: datetime, still: float = 60.0) -> None:
        self._now = now
        self._still = still
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The moment the run was started at, later the time that has come since."""
        elapsed = time.monotonic() - self._started
        return self._now if elapsed < self._still else self._now + timedelta(seconds=elapsed)
