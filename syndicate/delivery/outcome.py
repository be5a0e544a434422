"""What a failed attempt means: the delivery's next state, when to try again, and whether to go on.

Codes are judged as RFC 5321 section 4.2.1 wants it: 4xx may succeed later, 5xx never will. A queue
should keep trying for days, with growing pauses (section 4.5.4.1).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syndicate.errors import Deferred, MailError, Refused, Uncertain
from syndicate.model import DeliveryState

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(hours=72)
BATCH_PAUSE = timedelta(minutes=2)
LOGIN_PAUSE = timedelta(minutes=15)


class Reach(StrEnum):
    """How much an error stops: this message, this batch, or all sending until somebody mends it."""

    MESSAGE = "message"
    BATCH = "batch"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The next state of the delivery. ``retry_at`` is ``None`` when there is no next attempt.

    With a wider ``reach`` the deliveries not yet tried stay pending until ``retry_at`` too.
    """

    state: DeliveryState
    retry_at: datetime | None = None
    reach: Reach = Reach.MESSAGE


def outcome_of(error: MailError, *, attempts: int, first_attempt: datetime, now: datetime) -> Outcome:
    """Judge one failed attempt.

    ``attempts`` counts this one. ``first_attempt`` is when the delivery was first due: after 72 hours
    of 4xx replies it fails.
    """
    match error:
        case Uncertain():
            return Outcome(state=DeliveryState.UNCERTAIN)
        case Refused():
            return Outcome(state=DeliveryState.FAILED)
        case Deferred():
            retry_at = now + pause_after(attempts)
            if retry_at - first_attempt > GIVE_UP_AFTER:
                return Outcome(state=DeliveryState.FAILED)
            return Outcome(state=DeliveryState.DEFERRED, retry_at=retry_at)
        case _ if error.code is not None and error.code >= 500:
            # A refused login or sender: every further try would be refused too, and may lock the account.
            return Outcome(state=DeliveryState.PENDING, retry_at=now + LOGIN_PAUSE, reach=Reach.EVERYTHING)
        case _:
            return Outcome(state=DeliveryState.PENDING, retry_at=now + BATCH_PAUSE, reach=Reach.BATCH)


def pause_after(attempts: int) -> timedelta:
    """5 minutes after the first attempt, then twice as long each time, at most 4 hours."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)
