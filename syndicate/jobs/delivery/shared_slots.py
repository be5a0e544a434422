"""Time slots of deliveries under rate limits, reserved in the store: the limits hold over all processes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from syndicate.delivery.rate_limit import RateLimiter, RateLimits
from syndicate.model import Delivery, SubscriptionState
from syndicate.store import Connection
from syndicate.store.mail import delivery_store, sending_slots

BATCH = 32
"""Number of deliveries that get their slots in a transaction."""
MAX_WAIT = 60.0
"""Seconds that a delivery waits for its slot; with a later slot it is released until then."""


@dataclass(slots=True)
class SharedSlots:
    """Slots of the deliveries of a run.

    Only deliveries that are sent soon reserve slots. The others are spread over the time in which slots will
    be free, and ask again.
    """

    limits: RateLimits
    owner: str
    _planned: RateLimiter = field(init=False)

    def __post_init__(self) -> None:
        self._planned = RateLimiter(self.limits)

    def reserve(
        self, connection: Connection, deliveries: Sequence[Delivery], now: datetime
    ) -> dict[int, float | None]:
        """Return the seconds until each delivery's slot, by id; ``None`` for a delivery that is put off."""
        at, waits = now.timestamp(), dict[int, float | None]()
        names = {name for delivery in deliveries for name in self.limits.gaps(delivery.address)}
        stored = sending_slots.lock_slots(connection, names, now=now)
        others = {name: free_at.timestamp() for name, (free_at, _) in stored.items()}
        firsts = {name: first.timestamp() for name, (_, first) in stored.items()}
        shared, plan = RateLimiter(self.limits, others, firsts), self._planned
        for planned, known in ((plan.free_at, others), (plan.free_at_for_first, firsts)):
            planned.update({name: max(time, planned.get(name, at)) for name, time in known.items()})
        for delivery in deliveries:
            first = delivery.requires is not SubscriptionState.CONFIRMED
            later = plan.next_slot(delivery.address, at, first=first)
            if shared.find_slot(delivery.address, at, first=first) - at <= MAX_WAIT:
                waits[delivery.id] = shared.next_slot(delivery.address, at, first=first) - at
            else:
                waits[delivery.id] = None
                again = now + timedelta(seconds=later - at)
                delivery_store.postpone_delivery(connection, delivery.id, owner=self.owner, not_before=again)
        times = {name: (others.get(name, at), firsts.get(name, at)) for name in {*others, *firsts}}
        found = {name: (_time(free_at), _time(first)) for name, (free_at, first) in times.items()}
        sending_slots.save_slots(connection, found)
        return waits


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
