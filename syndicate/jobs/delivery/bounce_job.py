"""Bounces and complaints → suppressed mailboxes, by one policy, whichever way the news came."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.audience.link_tokens import read_token
from syndicate.delivery.bounce_parser import BounceKind, Report, about_us, judge, read_report
from syndicate.delivery.verp import is_ours
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
    """Policy for giving up a mailbox: ``soft_limit`` soft bounces within ``soft_window`` seconds."""

    soft_limit: int = 5
    soft_window: float = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceJob:
    """Reads reports and acts on those that prove to be about a delivery of ours."""

    store: Store
    policy: BouncePolicy = field(default_factory=BouncePolicy)
    sources: Callable[[], Iterable[bytes]] = tuple

    def run(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Read what waits in the mailboxes; how often each outcome of ``handle`` came up.

        Raises ``MailError`` when a mailbox cannot be read; what was read before is done. ``status`` shows it
        until the mailbox can be read again.
        """
        counts: dict[str, int] = {}
        try:
            for data in self.sources():
                if stopping():
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
        """Act on one message; what it was: a ``BounceKind``, ``repeated``, ``forged`` or ``nothing``.

        Forged is everything whose signature is missing or wrong, and each report about an unknown mailbox. It
        changes nothing but a count.
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
            # Anybody can write to that mailbox; one mail must not stay in the way of all that follow.
            log.exception("a message that came back could not be read")
            return NOTHING
        if report is None:
            return NOTHING
        # Whoever forges thousands must not make us commit as often (measured: three times the time).
        with self.store.read() as connection:
            if self._proven(connection, report) is None:
                return FORGED
        with self.store.write() as connection:
            found = self._proven(connection, report)
            return FORGED if found is None else self._apply(connection, report, *found, now)

    def _apply(
        self, connection: Connection, report: Report, subscription_id: int, delivery_id: int, now: datetime
    ) -> str:
        if report.kind is BounceKind.LEAVING:
            audience_store.end_subscription(connection, subscription_id, detail="by mail", now=now)
            return report.kind.value
        new = apply_bounce(
            connection,
            subscription_id=subscription_id,
            delivery_id=delivery_id,
            kind=report.kind,
            said=(report.status, report.detail),
            policy=self.policy,
            now=now,
        )
        return report.kind.value if new else REPEATED

    def _proven(self, connection: Connection, report: Report) -> tuple[int, int] | None:
        """The subscription and the delivery (0 if unknown) that a signature of ours stands for."""
        secret = leases.read_secret(connection)
        for delivery_id, signature in report.deliveries:
            found = bounce_store.addressee(connection, delivery_id)
            if found is not None and is_ours(secret, signature, delivery_id, found.address):
                return found.subscription_id, delivery_id
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
    said: tuple[str, str],
    policy: BouncePolicy,
    now: datetime,
) -> bool:
    """Record a bounce or complaint and give the mailbox up when the policy says so; false if it is not new.

    ``said`` is the status code and the words that came with it.
    """
    status, detail = said
    if not bounce_store.record_bounce(
        connection,
        subscription_id=subscription_id,
        delivery_id=delivery_id,
        kind=kind.value,
        status=status,
        detail=detail,
        now=now,
    ):
        return False
    key = bounce_store.subscriber_key(connection, subscription_id)
    if key is None:
        return False
    if kind is BounceKind.SOFT:
        since = max(
            now - timedelta(seconds=policy.soft_window), suppression_list.last_lifted_at(connection, key)
        )
        if bounce_store.count_bounces(connection, key, kind=kind.value, since=since) < policy.soft_limit:
            return True
    reason = _REASONS.get(kind, SuppressionReason.BOUNCED).value
    audience_store.suppress(connection, key, reason=reason, now=now)
    words = f"{reason}: {status} {detail}"[:300]
    audience_store.end_all_subscriptions(connection, key, detail=words, now=now, end_reason=reason)
    return True


def bounce_of_reply(error: MailError) -> BounceKind | None:
    """Return what the answer with which a delivery failed says about the mailbox, by the same table.

    One that was put off until it was given up is a soft bounce, unless it was put off because of us.
    """
    if error.code is None or isinstance(error, SenderDeferred | SenderRefused):
        return None
    said = str(error)
    if isinstance(error, Deferred):
        return None if about_us(said) else BounceKind.SOFT
    return judge(error.code, said)
