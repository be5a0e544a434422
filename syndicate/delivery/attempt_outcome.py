"""Outcome of a failed attempt: next state, time of the retry, and the pause of all sending.

A 4xx reply may be retried, a 5xx reply is final (RFC 5321 section 4.2.1). Retries go on for days, with
growing pauses (section 4.5.4.1).
"""

from datetime import datetime, timedelta

from syndicate.errors import Deferred, MailError, RenderError, TransportDown, Uncertain
from syndicate.model import DeliveryState

FIRST_RETRY_DELAY = timedelta(minutes=5)
MAX_RETRY_DELAY = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(hours=72)
# A retry may be sent until this long after the first attempt, however late the mail is by then.
KEEP_TRYING = GIVE_UP_AFTER + MAX_RETRY_DELAY
CONNECTION_PAUSE = timedelta(minutes=2)
REFUSAL_PAUSE = timedelta(minutes=15)
MAX_REFUSAL_PAUSE = timedelta(hours=2)
MAX_RENDER_ATTEMPTS = 3
BRAKE_ATTEMPTS = 500
BRAKE_REFUSALS = 10


def outcome_of(
    error: MailError | RenderError, *, attempts: int, first_attempt: datetime, now: datetime
) -> tuple[DeliveryState, datetime | None]:
    """Return the delivery's next state and the time of its retry, ``None`` without a retry.

    ``attempts`` includes this attempt. A delivery fails after 72 hours of 4xx replies since
    ``first_attempt``, and after three attempts to render it.
    """
    if isinstance(error, Uncertain):
        return DeliveryState.UNCERTAIN, None
    retry_at = now + retry_delay(attempts)
    again = (
        attempts < MAX_RENDER_ATTEMPTS
        if isinstance(error, RenderError)
        else isinstance(error, Deferred) and retry_at - first_attempt <= GIVE_UP_AFTER
    )
    return (DeliveryState.DEFERRED, retry_at) if again else (DeliveryState.FAILED, None)


def retry_delay(attempts: int) -> timedelta:
    """Return the pause before a retry: 5 minutes, doubled after each attempt, at most 4 hours."""
    return min(FIRST_RETRY_DELAY * (1 << min(attempts - 1, 10)), MAX_RETRY_DELAY)


def brakes(mails: int, attempts: int, refused: int) -> bool:
    """Return whether sending of an edition rests: more than a tenth of its first 500 mails were refused.

    ``mails`` is the number of its mails, at most 500. It takes more than 10 refusals, so that a few dead
    mailboxes of a short list do not stop it.
    """
    return attempts <= BRAKE_ATTEMPTS and refused > max(BRAKE_REFUSALS, min(mails, BRAKE_ATTEMPTS) // 10)


def is_sender_refused(error: TransportDown) -> bool:
    """Return whether the server refuses the login, the sender or every message."""
    return error.code is not None and error.code >= 500


def pause_after_outage(error: TransportDown, *, refusals: int) -> timedelta:
    """Return the pause of all sending after the server accepted nothing.

    Another attempt after a refused login or sender may lock the account. So the pause is 15 minutes after the
    first of ``refusals`` in a row and doubles each time. Cap at two hours: no signal says when the server has
    recovered.
    """
    if not is_sender_refused(error):
        return CONNECTION_PAUSE
    return min(REFUSAL_PAUSE * (1 << min(refusals - 1, 10)), MAX_REFUSAL_PAUSE)
