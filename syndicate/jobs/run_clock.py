"""The time inside a run that may take long."""

import time
from datetime import datetime, timedelta


class RunClock:
    """A run is one moment, unless it takes longer than a minute: then time goes on, and leases with it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The moment the run was started at, later the time that has come since."""
        elapsed = time.monotonic() - self._started
        return self._now if elapsed < 60 else self._now + timedelta(seconds=elapsed)
