"""Comparison of the wall clock with the time since the machine started, which cannot be set."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("syndicate.clock")

TOLERANCE = 120.0
"""Seconds by which the wall clock may be corrected at once without being doubted."""

SETTLE = 300.0
"""Seconds after which a wall clock that was set is trusted again."""


def seconds_since_boot() -> float:
    """Return a clock that counts the time of a suspended machine too, where the system has one."""
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_clock is None else time.clock_gettime(boot_clock)


class ClockWatch:
    """Notices that the wall clock was set. ``jumps`` counts how often.

    The first reading is trusted. After a jump the clock is trusted again when it is back where it was, or has
    run steadily for ``SETTLE`` seconds. For any thread.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        since_boot: Callable[[], float] = seconds_since_boot,
    ) -> None:
        self.jumps = 0
        self._wall = wall
        self._since_boot = since_boot
        self._trusted = self._latest = wall() - since_boot()
        self._set_at = 0.0
        self._lock = threading.Lock()

    def trusted(self) -> bool:
        """Compare the clocks; false while the wall clock may be wrong."""
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
                _say(moved, back=back)
            return settled


def _say(moved: float, *, back: bool) -> None:
    way = f"{abs(moved):.0f} seconds {'ahead' if moved > 0 else 'back'}"
    if back:
        log.warning("the clock was set %s, to where it was before", way)
    else:
        log.warning(
            "the clock was set %s; no edition is cut, no mail is sent, nothing is read and nothing is pruned "
            "until it has run steadily for %d minutes",
            way,
            SETTLE // 60,
        )
