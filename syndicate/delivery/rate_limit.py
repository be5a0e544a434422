"""Rate limits for mail: messages a minute in all, and to one domain."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Messages a minute; 0 for no limit."""

    rate: float = 0
    domain_rate: float = 0


@dataclass(slots=True)
class RateLimiter:
    """Gives every message its moment, in seconds of a monotonic clock. Evenly: no bursts, no catching up.

    Messages that go first keep the limits among themselves. They do not wait for messages that have a moment
    already, and each puts off the messages that have none yet.
    """

    limits: RateLimits = field(default_factory=RateLimits)
    _free: dict[str, float] = field(default_factory=dict)
    _free_for_first: dict[str, float] = field(default_factory=dict)

    def moment(self, address: str, now: float, *, first: bool = False) -> float:
        """Return when a message to this address may go, given all that were asked about before."""
        if not self.limits.rate and not self.limits.domain_rate:
            return now
        domain = "@" + address.rpartition("@")[2].lower()
        gaps = {
            key: 60 / rate
            for key, rate in (("", self.limits.rate), (domain, self.limits.domain_rate))
            if rate
        }
        free = self._free_for_first if first else self._free
        moment = max(now, *(free.get(key, now) for key in gaps))
        for key, gap in gaps.items():
            free[key] = moment + gap
            if first:
                self._free[key] = max(moment, self._free.get(key, now)) + gap
        return moment
