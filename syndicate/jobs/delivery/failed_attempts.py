"""Failed attempts: the delivery's next state, and the bounce that a final reply amounts to."""

from datetime import datetime

from syndicate.delivery.attempt_outcome import KEEP_TRYING, outcome_of
from syndicate.errors import MailError, RenderError, TransportDown
from syndicate.jobs.delivery.bounce_job import BouncePolicy, apply_bounce, bounce_of_reply
from syndicate.model import Delivery, DeliveryState
from syndicate.store import Connection
from syndicate.store.mail import delivery_store


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
