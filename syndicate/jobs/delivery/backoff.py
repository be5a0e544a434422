"""Pause of all sending after the server refused the sender or could not be reached."""

from datetime import datetime

from syndicate.delivery.attempt_outcome import is_sender_refused, pause_after_outage
from syndicate.errors import TransportDown
from syndicate.store import Connection
from syndicate.store.mail import sending_pauses
from syndicate.store.mail.sending_pauses import SendingPause


def paused_reason(connection: Connection, now: datetime) -> str:
    """Return the reason why sending is paused, ``""`` if it is not."""
    pause = sending_pauses.sending_pause(connection, now)
    return f"{pause.reason}. Nothing is sent before {pause.until:%H:%M} UTC." if pause else ""


def update_backoff(connection: Connection, error: TransportDown | None, at: datetime, *, taken: bool) -> None:
    """Record the pause after a run that ended with ``error``; an accepted message (``taken``) ends it."""
    before = None if taken else sending_pauses.latest_pause(connection)
    if taken:
        sending_pauses.resume_sending(connection)
    if error is None:
        return
    refusals = before.refusals if before else 0
    # Another process got the same refusal and has counted it.
    counted = before is not None and refusals > 0 and before.until > at
    if is_sender_refused(error) and not counted:
        refusals += 1
    until = at + pause_after_outage(error, refusals=refusals)
    sending_pauses.pause_sending(connection, SendingPause(until=until, reason=str(error), refusals=refusals))
