"""Bounce job: suppress mailboxes after bounces, complaints and refusals, by a common policy."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.audience.link_tokens import SEARCH, read_token
from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.delivery.bounce_parser import BounceKind, Report, is_policy_reply, kind_of_reply, read_report
from syndicate.delivery.message_ids import is_valid_tag
from syndicate.delivery.verp import is_valid_signature
from syndicate.errors import Deferred, InvalidAddress, MailError, SenderDeferred, SenderRefused
from syndicate.model import SuppressionReason
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.core.batches import in_batches
from syndicate.store.leases import leases
from syndicate.store.mail import bounce_store, message_store
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import SavedSearch
from syndicate.store.subscribers import audience_store, suppression_list

log = logging.getLogger("syndicate.bounces")

BATCH = 100
"""Number of reports of a mail provider in a commit."""
FORGED = "forged"
NOTHING = "nothing"
REPEATED_WITHIN = timedelta(days=1)
"""Time within which an unsubscription about the same delivery is a repeated report."""
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
        return NOTHING if report is None else self._outcomes([report], now)[0]

    def act_on(self, reports: Sequence[Report], now: datetime) -> list[str]:
        """Act on the reports of a mail provider; return the outcome of each, as ``handle`` does.

        Each batch is a commit of its own, so that a long request does not keep other writers waiting.
        """
        outcomes = [outcome for batch in in_batches(reports, BATCH) for outcome in self._outcomes(batch, now)]
        self._ignore(outcomes.count(FORGED))
        return outcomes

    def _outcomes(self, reports: Sequence[Report], now: datetime) -> list[str]:
        # Without a write transaction for forged reports, which would take three times as long.
        with self.store.read() as connection:
            if not any(
                self._proven(connection, report) or _searches(connection, report) for report in reports
            ):
                return [_unproven(report) for report in reports]
        outcomes = []
        with self.store.write() as connection:
            for report in reports:
                proven = self._proven(connection, report)
                outcomes.append(
                    self._apply(connection, report, *proven, now)
                    if proven
                    else _end_search(connection, report, now) or _unproven(report)
                )
        return outcomes

    def _apply(
        self, connection: Connection, report: Report, subscription_id: int, delivery_id: int, now: datetime
    ) -> str:
        ids = {"subscription_id": subscription_id, "delivery_id": delivery_id}
        if report.kind is BounceKind.UNSUBSCRIBE:
            # Its reader may have returned since. Reports about unknown deliveries cannot be told apart.
            if delivery_id and bounce_store.has_left(connection, **ids, since=now - REPEATED_WITHIN):
                return REPEATED
            if delivery_id:
                bounce_store.record_bounce(connection, **ids, kind=report.kind, status="", detail="", now=now)
            variant = bounce_store.variant_of(connection, delivery_id)
            if variant.startswith(message_store.SEARCH):
                number = int(variant.removeprefix(message_store.SEARCH))
                saved_searches.end_search(connection, number, now)
            else:
                ended = audience_store.end_subscription(
                    connection, subscription_id, detail=report.detail, now=now
                )
                if delivery_id and not ended:
                    # Its reader had left before, on the web: the report names the mail.
                    bounce_store.forget_other_unsubscription(connection, **ids)
            return report.kind.value
        new = apply_bounce(
            connection,
            **ids,
            kind=report.kind,
            reply=(report.status, report.detail),
            policy=self.policy,
            now=now,
        )
        return report.kind.value if new else REPEATED

    def _proven(self, connection: Connection, report: Report) -> tuple[int, int] | None:
        """Return the ids of subscription and delivery (0 if unknown) of the first valid proof."""
        secret = leases.read_secret(connection)
        for delivery_id, signature in report.deliveries:
            addressee = bounce_store.addressee(connection, delivery_id)
            if addressee and is_valid_signature(secret, signature, delivery_id, addressee.address):
                return addressee.subscription_id, delivery_id
        ids = [number for token in report.tokens if (number := read_token(secret, token))]
        if report.kind is not BounceKind.UNSUBSCRIBE:
            ids += [search.subscription_id or 0 for search in _searches(connection, report)]
        by_token = [number for number in ids if bounce_store.subscriber_key(connection, number) is not None]
        keys = [_address_key(recipient) for recipient in report.recipients] if report.tags else []
        for subscription_id in by_token + (bounce_store.subscriptions_of(connection, keys) if keys else []):
            for edition_id, mac in report.tags:
                if is_valid_tag(secret, mac, edition_id, subscription_id):
                    return subscription_id, bounce_store.delivery_of(connection, edition_id, subscription_id)
        return (by_token[0], 0) if by_token else None


def _end_search(connection: Connection, report: Report, now: datetime) -> str:
    """End the saved search whose token a mail to unsubscribe names; return ``""`` without any."""
    found = _searches(connection, report) if report.kind is BounceKind.UNSUBSCRIBE else []
    for search in found:
        saved_searches.end_search(connection, search.id, now)
    return report.kind.value if found else ""


def _searches(connection: Connection, report: Report) -> list[SavedSearch]:
    secret = leases.read_secret(connection)
    numbers = (read_token(secret, token, SEARCH) for token in report.tokens)
    found = (saved_searches.get_search(connection, number) for number in numbers if number)
    return [search for search in found if search is not None]


def _unproven(report: Report) -> str:
    return NOTHING if report.kind is BounceKind.REPLY else FORGED


def _address_key(text: str) -> str:
    try:
        return parse_mailbox(text).address.key
    except InvalidAddress:
        return ""


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
    """Record a report and suppress the mailbox by the policy; false if it was recorded before."""
    status, detail = reply
    ids = {"subscription_id": subscription_id, "delivery_id": delivery_id}
    if not bounce_store.record_bounce(connection, **ids, kind=kind, status=status, detail=detail, now=now):
        return False
    if kind in (BounceKind.POLICY, BounceKind.REPLY):
        return True
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

    A delivery that failed after 72 hours of 4xx replies is a soft bounce, unless a policy was named.
    """
    if error.code is None or isinstance(error, SenderDeferred | SenderRefused):
        return None
    if isinstance(error, Deferred):
        return BounceKind.POLICY if is_policy_reply(str(error)) else BounceKind.SOFT
    return kind_of_reply(error.code, "", str(error))
