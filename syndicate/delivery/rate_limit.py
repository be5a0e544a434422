"""Rate limits for mail: messages per minute in all and to each domain."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Messages per minute; 0 for no limit."""

    rate: float = 0
    domain_rate: float = 0


@dataclass(slots=True)
class RateLimiter:
    """Assign each message a time slot, in monotonic seconds; slots are evenly spaced, without bursts.

    Messages with priority keep the limits among themselves. They do not wait for slots that other messages
    have already, and each delays the later slots of all others.
    """

    limits: RateLimits = field(default_factory=RateLimits)
    _free_at: dict[str, float] = field(default_factory=dict)
    _free_at_for_first: dict[str, float] = field(default_factory=dict)

    def next_slot(self, address: str, now: float, *, first: bool = False) -> float:
        """Reserve and return the time of the next message to an address; ``first`` gives it priority."""
        if not self.limits.rate and not self.limits.domain_rate:
            return now
        domain = "@" + address.rpartition("@")[2].lower()
        gaps = {
            key: 60 / rate
            for key, rate in (("", self.limits.rate), (domain, self.limits.domain_rate))
            if rate
        }
        free_at = self._free_at_for_first if first else self._free_at
        slot = max(now, *(free_at.get(key, now) for key in gaps))
        for key, gap in gaps.items():
            free_at[key] = slot + gap
            if first:
                self._free_at[key] = max(slot, self._free_at.get(key, now)) + gap
        return slot
