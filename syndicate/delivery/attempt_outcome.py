"""Outcome of a failed attempt: the delivery's next state, the time of a retry, and the pause of all sending.

Codes are judged as RFC 5321 section 4.2.1 wants it: 4xx may succeed later, 5xx never will. A queue
should keep trying for days, with growing pauses (section 4.5.4.1).
"""

from datetime import datetime, timedelta

from syndicate.errors import Deferred, MailError, RenderError, TransportDown, Uncertain
from syndicate.model import DeliveryState

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(hours=72)
# From the first attempt on: what is put off in time may be sent until then, however late it is.
KEEP_TRYING = GIVE_UP_AFTER + LONGEST_PAUSE
CONNECTION_PAUSE = timedelta(minutes=2)
REFUSAL_PAUSE = timedelta(minutes=15)
LONGEST_REST = timedelta(hours=2)
RENDERS = 3


def outcome_of(
    error: MailError | RenderError, *, attempts: int, first_attempt: datetime, now: datetime
) -> tuple[DeliveryState, datetime | None]:
    """Return the delivery's next state, and the time of the next attempt if there is one.

    ``attempts`` counts this one. ``first_attempt`` is when the first was made: after 72 hours of 4xx
    replies it fails. What cannot even be rendered is set aside after three attempts.
    """
    if isinstance(error, Uncertain):
        return DeliveryState.UNCERTAIN, None
    retry_at = now + pause_after(attempts)
    again = (
        attempts < RENDERS
        if isinstance(error, RenderError)
        else isinstance(error, Deferred) and retry_at - first_attempt <= GIVE_UP_AFTER
    )
    return (DeliveryState.DEFERRED, retry_at) if again else (DeliveryState.FAILED, None)


def pause_after(attempts: int) -> timedelta:
    """5 minutes after the first attempt, then twice as long each time, at most 4 hours."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def refuses_us(error: TransportDown) -> bool:
    """Return whether the server was reached and rejects our login, our sender or every message."""
    return error.code is not None and error.code >= 500


def rest_after(error: TransportDown, *, refusals: int) -> timedelta:
    """Return the pause of all sending after the server took nothing.

    A refused login or sender would be refused again, and trying may lock the account: 15 minutes after the
    first of so many ``refusals`` in a row, then twice as long each time. At most two hours: no signal
    says when the server has recovered, and a single message may have been the reason.
    """
    if not refuses_us(error):
        return CONNECTION_PAUSE
    return min(REFUSAL_PAUSE * (1 << min(refusals - 1, 10)), LONGEST_REST)
