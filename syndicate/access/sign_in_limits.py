"""Limits of attempts: free tries in 15 minutes, then a wait that doubles with each further failure."""

import math
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_NETWORK, PER_SETUP = 5, 20, 5
FORMS_A_MINUTE = 120
_LONGEST = WINDOW.total_seconds()


def seconds_to_wait(count: int, last: datetime | None, free: int, now: datetime) -> int:
    """Return the seconds until the next try after ``count`` failures, the last at ``last``."""
    if last is None or count < free:
        return 0
    wait = min(2.0 ** min(count - free + 1, 30), _LONGEST)
    return max(0, math.ceil(wait - (now - last).total_seconds()))
