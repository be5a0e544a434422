"""Comparison of the wall clock with the time since boot, which cannot be set."""

import logging
import threading
import time
from collections.abc import Callable

from syndicate.operating_system import seconds_since_boot

log = logging.getLogger("syndicate.clock")

TOLERANCE = 120.0
"""Seconds by which a correction may set the wall clock without a loss of trust."""

SETTLE = 300.0
"""Seconds after which a wall clock that was set is trusted again."""


class ClockWatch:
    """Detector of changes of the wall clock, for any thread. ``jumps`` counts the changes.

    The first reading is trusted. After a jump the clock is trusted again once it is set back, or has run
    steadily for ``SETTLE`` seconds.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, since_boot: Callable[[], float] = seconds_since_boot
    ) -> None:
        self.jumps = 0
        self._wall = wall
        self._since_boot = since_boot
        self._trusted = self._latest = wall() - since_boot()
        self._set_at = 0.0
        self._lock = threading.Lock()

    def trusted(self) -> bool:
        """Compare the clocks; return false while the wall clock may be wrong."""
        with self._lock:
            at = self._since_boot()
            offset = self._wall() - at
            moved = offset - self._latest
            self._latest = offset
            if abs(moved) > TOLERANCE:
                self.jumps += 1
                self._set_at = at
            back = abs(offset - self._trusted) <= TOLERANCE
            settled = back or at - self._set_at >= SETTLE
            if settled:
                self._trusted = offset
            if abs(moved) > TOLERANCE:
                _log_jump(moved, back=back)
            return settled


def _log_jump(moved: float, *, back: bool) -> None:
    change = f"{abs(moved):.0f} seconds {'ahead' if moved > 0 else 'back'}"
    if back:
        log.warning("the clock was set %s, to where it was before", change)
    else:
        log.warning(
            "the clock was set %s; no edition is cut, no mail is sent, nothing is read and nothing is pruned "
            "until it has run steadily for %d minutes",
            change,
            SETTLE // 60,
        )
