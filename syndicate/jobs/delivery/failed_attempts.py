"""Failed attempts: the next state of a delivery, its bounce after a final reply, and the pause of sending."""

from collections.abc import Iterable
from datetime import datetime

from syndicate.delivery.attempt_outcome import (
    KEEP_TRYING,
    brakes,
    is_sender_refused,
    outcome_of,
    pause_after_outage,
)
from syndicate.delivery.bounce_parser import BounceKind
from syndicate.errors import MailError, RenderError, TransportDown
from syndicate.jobs.delivery.bounce_job import BouncePolicy, apply_bounce, bounce_of_reply
from syndicate.model import Delivery, DeliveryState
from syndicate.store import Connection
from syndicate.store.mail import delivery_store, sending_pauses, sending_rests
from syndicate.store.mail.sending_pauses import SendingPause


def record_failure(
    connection: Connection,
    delivery: Delivery,
    error: MailError | RenderError,
    *,
    owner: str,
    policy: BouncePolicy,
    now: datetime,
) -> DeliveryState:
    """Record a failed attempt and return the new state; ``TransportDown`` is no attempt."""
    if isinstance(error, TransportDown):
        delivery_store.release_deliveries(connection, [delivery.id], owner=owner)
        return DeliveryState.PENDING
    first = delivery.first_attempt or now
    state, retry_at = outcome_of(error, attempts=delivery.attempts + 1, first_attempt=first, now=now)
    delivery_store.finish_delivery(
        connection,
        delivery.id,
        state,
        owner=owner,
        now=now,
        code=None if isinstance(error, RenderError) else error.code,
        error=str(error),
        not_before=retry_at,
        keep_trying=first + KEEP_TRYING if retry_at else None,
    )
    is_failed = state is DeliveryState.FAILED
    if is_failed and isinstance(error, MailError) and (kind := bounce_of_reply(error)):
        apply_bounce(
            connection,
            subscription_id=delivery.subscription_id,
            delivery_id=delivery.id,
            kind=kind,
            reply=(str(error.code), str(error)),
            policy=policy,
            now=now,
        )
    return state


def paused_reason(connection: Connection, now: datetime, server: str = "") -> str:
    """Return the reason why sending over a server is paused, ``""`` if it is not."""
    if hand := sending_rests.pause_by_hand(connection):
        return f"{hand.rested_by} paused sending: {hand.reason}. `syndicate deliveries resume` resumes it."
    pause = sending_pauses.sending_pause(connection, now, server)
    return f"{pause.reason}. Nothing is sent before {pause.until:%H:%M} UTC." if pause else ""


def apply_brake(
    connection: Connection, failed: Iterable[tuple[Delivery, MailError | RenderError]], now: datetime
) -> None:
    """Let the editions rest of which too many mails were refused; runs only after such a refusal."""
    refused = {
        delivery.edition_id
        for delivery, error in failed
        if isinstance(error, MailError) and bounce_of_reply(error) in (BounceKind.HARD, BounceKind.POLICY)
    }
    for edition_id in refused:
        mails, attempts, refusals = sending_rests.first_attempts(connection, edition_id)
        if brakes(mails, attempts, refusals):
            reason = f"{refusals} of the first {attempts} mails were refused as unknown or for policy"
            sending_rests.rest(connection, edition_id, reason=reason, by=sending_rests.BRAKE, now=now)


def update_backoff(
    connection: Connection, error: TransportDown | None, at: datetime, *, taken: bool, server: str = ""
) -> None:
    """Record the pause after a run that ended with ``error``; an accepted message (``taken``) ends it."""
    before = None if taken else sending_pauses.latest_pause(connection, server)
    if taken:
        sending_pauses.resume_sending(connection, server)
    if error is None:
        return
    refusals = before.refusals if before else 0
    # Another process got the same refusal and has counted it.
    counted = before is not None and refusals > 0 and before.until > at
    if is_sender_refused(error) and not counted:
        refusals += 1
    until = at + pause_after_outage(error, refusals=refusals)
    pause = SendingPause(until=until, reason=str(error), refusals=refusals)
    sending_pauses.pause_sending(connection, pause, server)
