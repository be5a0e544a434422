"""Rate limits for mail: messages per minute in all and to each domain."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Messages per minute over the mail server with this name; 0 for no limit."""

    rate: float = 0
    domain_rate: float = 0
    server: str = ""

    def gaps(self, address: str) -> dict[str, float]:
        """Return the seconds between messages: ``server`` for all messages, and ``server@domain``."""
        rates = (("", self.rate), ("@" + address.rpartition("@")[2].lower(), self.domain_rate))
        return {self.server + name: 60 / rate for name, rate in rates if rate}


@dataclass(slots=True)
class RateLimiter:
    """Assign each message a time slot in seconds of any clock; slots are evenly spaced, without bursts.

    Messages with priority keep the limits among themselves. They do not wait for slots that other messages
    have already, and each delays the later slots of all others. ``free_at`` and ``free_at_for_first`` hold
    the times of the next slots by name.
    """

    limits: RateLimits = field(default_factory=RateLimits)
    free_at: dict[str, float] = field(default_factory=dict)
    free_at_for_first: dict[str, float] = field(default_factory=dict)

    def find_slot(self, address: str, now: float, *, first: bool = False) -> float:
        """Return the time of the next message to an address; ``first`` gives it priority."""
        free_at = self.free_at_for_first if first else self.free_at
        names = (*self.limits.gaps(address), self.limits.server)
        return max(now, *(free_at.get(name, now) for name in names))

    def next_slot(self, address: str, now: float, *, first: bool = False) -> float:
        """Reserve and return the time of the next message to an address."""
        slot = self.find_slot(address, now, first=first)
        for name, gap in self.limits.gaps(address).items():
            if first:
                self.free_at_for_first[name] = slot + gap
            self.free_at[name] = max(slot, self.free_at.get(name, now) if first else slot) + gap
        return slot
