"""Bounce job: suppress mailboxes after bounces, complaints and refusals, by a common policy."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.audience.link_tokens import read_token
from syndicate.delivery.bounce_parser import BounceKind, Report, classify_reply, is_policy_reply, read_report
from syndicate.delivery.verp import is_valid_signature
from syndicate.errors import Deferred, MailError, SenderDeferred, SenderRefused
from syndicate.model import SuppressionReason
from syndicate.store import Connection, Store
from syndicate.store.core import leases, quarantine
from syndicate.store.mail import audience_store, bounce_store, suppression_list

log = logging.getLogger("syndicate.bounces")

FORGED = "forged"
NOTHING = "nothing"
REPEATED = "repeated"
_REASONS = {
    BounceKind.COMPLAINT: SuppressionReason.COMPLAINED,
    BounceKind.SOFT: SuppressionReason.BOUNCED_OFTEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncePolicy:
    """Suppression policy: ``soft_limit`` soft bounces within ``soft_window`` seconds."""

    soft_limit: int = 5
    soft_window: float = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceJob:
    """Read reports, and act on reports whose signature matches a delivery."""

    store: Store
    policy: BouncePolicy = field(default_factory=BouncePolicy)
    sources: Callable[[], Iterable[bytes]] = tuple

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Handle the messages in the mailboxes; return the number of each outcome of ``handle``.

        Raises ``MailError`` when a mailbox cannot be read, after the messages before it were handled. Then
        ``status`` shows the error until the mailbox can be read again.
        """
        counts: dict[str, int] = {}
        try:
            for data in self.sources():
                if should_stop():
                    break
                outcome = self._act(data, now)
                counts[outcome] = counts.get(outcome, 0) + 1
        except MailError as error:
            with self.store.write() as connection:
                quarantine.record_failure(connection, "mailbox", "for bounces", str(error), now=now)
            raise
        finally:
            self._ignore(counts.get(FORGED, 0))
        with self.store.read() as connection:
            failed = quarantine.failures(connection, kind="mailbox")
        if failed:
            with self.store.write() as connection:
                quarantine.clear_failure(connection, "mailbox", "for bounces")
        return counts

    def handle(self, data: bytes, now: datetime) -> str:
        """Handle a message; return a ``BounceKind``, ``repeated``, ``forged`` or ``nothing``.

        A report is forged if its signature is missing or wrong, or its mailbox unknown. It only raises a
        count.
        """
        outcome = self._act(data, now)
        self._ignore(int(outcome == FORGED))
        return outcome

    def _ignore(self, forged: int) -> None:
        if forged:
            with self.store.write() as connection:
                bounce_store.ignore_bounces(connection, forged)

    def _act(self, data: bytes, now: datetime) -> str:
        try:
            report = read_report(data)
        except Exception:
            # The mailbox is public: a hostile mail must not block the messages after it.
            log.exception("cannot parse a bounce message")
            return NOTHING
        if report is None:
            return NOTHING
        # Without a write transaction for forged reports, which would take three times as long.
        with self.store.read() as connection:
            if self._proven(connection, report) is None:
                return FORGED
        with self.store.write() as connection:
            proven = self._proven(connection, report)
            return FORGED if proven is None else self._apply(connection, report, *proven, now)

    def _apply(
        self, connection: Connection, report: Report, subscription_id: int, delivery_id: int, now: datetime
    ) -> str:
        if report.kind is BounceKind.UNSUBSCRIBE:
            audience_store.end_subscription(connection, subscription_id, detail="by mail", now=now)
            return report.kind.value
        new = apply_bounce(
            connection,
            subscription_id=subscription_id,
            delivery_id=delivery_id,
            kind=report.kind,
            reply=(report.status, report.detail),
            policy=self.policy,
            now=now,
        )
        return report.kind.value if new else REPEATED

    def _proven(self, connection: Connection, report: Report) -> tuple[int, int] | None:
        """Return the ids of subscription and delivery (0 if unknown) of the first valid signature."""
        secret = leases.read_secret(connection)
        for delivery_id, signature in report.deliveries:
            addressee = bounce_store.addressee(connection, delivery_id)
            if addressee and is_valid_signature(secret, signature, delivery_id, addressee.address):
                return addressee.subscription_id, delivery_id
        for token in report.tokens:
            subscription_id = read_token(secret, token)
            if subscription_id and bounce_store.subscriber_key(connection, subscription_id) is not None:
                return subscription_id, 0
        return None


def apply_bounce(
    connection: Connection,
    *,
    subscription_id: int,
    delivery_id: int,
    kind: BounceKind,
    reply: tuple[str, str],
    policy: BouncePolicy,
    now: datetime,
) -> bool:
    """Record a bounce and suppress the mailbox by the policy; false if it was recorded before."""
    status, detail = reply
    ids = {"subscription_id": subscription_id, "delivery_id": delivery_id}
    if not bounce_store.record_bounce(connection, **ids, kind=kind, status=status, detail=detail, now=now):
        return False
    key = bounce_store.subscriber_key(connection, subscription_id)
    if key is None:
        return False
    if kind is BounceKind.SOFT:
        window = timedelta(seconds=policy.soft_window)
        since = max(now - window, suppression_list.last_lifted_at(connection, key))
        if bounce_store.count_bounces(connection, key, kind=kind.value, since=since) < policy.soft_limit:
            return True
    reason = _REASONS.get(kind, SuppressionReason.BOUNCED).value
    audience_store.suppress(connection, key, reason=reason, now=now)
    text = f"{reason}: {status} {detail}"[:300]
    audience_store.end_all_subscriptions(connection, key, detail=text, now=now, end_reason=reason)
    return True


def bounce_of_reply(error: MailError) -> BounceKind | None:
    """Classify the reply with which a delivery failed; ``None`` if it says nothing about the mailbox.

    A delivery that failed after 72 hours of 4xx replies is a soft bounce, unless they concerned the sender.
    """
    if error.code is None or isinstance(error, SenderDeferred | SenderRefused):
        return None
    if isinstance(error, Deferred):
        return None if is_policy_reply(str(error)) else BounceKind.SOFT
    return classify_reply(error.code, str(error))
