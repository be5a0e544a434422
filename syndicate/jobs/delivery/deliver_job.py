"""Deliver job: send pending deliveries, each at most once.

Deliveries are leased in batches, confirmation mails first. The state ``sending`` is committed after the
server's 354 and before the body, together with the results of the other connections. After a crash such a
delivery becomes ``uncertain``, once its process is known to be dead or its lease has expired. It is resent
only at an operator's request. Before ``sending``, an expired lease can be claimed: nothing was sent.

A long run checks every few seconds for deliveries that have become due.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.message import MailOptions
from syndicate.delivery.outgoing import OutgoingMail, Sender, SendResult
from syndicate.delivery.rate_limit import RateLimiter, RateLimits
from syndicate.errors import StoreError, SyndicateError, TransportDown
from syndicate.jobs.delivery.bounce_job import BouncePolicy
from syndicate.jobs.delivery.failed_attempts import paused_reason, record_failure, update_backoff
from syndicate.jobs.delivery.messages import MessageBuilder
from syndicate.jobs.delivery.restore_guard import RestoreGuard, hold_text
from syndicate.model import Delivery, DeliveryState, SubscriptionState
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.core.retry import RetryingStore
from syndicate.store.mail import corrections, delivery_store, sending_pauses

log = logging.getLogger("syndicate.delivery")

BATCH = 500
LEASE = timedelta(minutes=15)
# Longer than the longest wait for the server's verdict on a body (RFC 5321 section 4.5.3.2.6).
SENDING_LEASE = timedelta(minutes=15)
# A delivery whose time slot is more than this (seconds) away is released until then.
MAX_SLOT_WAIT = 60.0
# Seconds between checks for deliveries that have become due during a run.
DUE_CHECK_INTERVAL = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResult:
    """Number of deliveries by result; ``late`` deliveries failed without an attempt.

    ``problem`` is the reply after which the server accepted nothing more. ``paused`` means that an earlier
    run got it and that this run did not try again. ``busy`` means that another process holds the sending
    lease, which rate limits need: this run did nothing.
    """

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    uncertain: int = 0
    cancelled: int = 0
    swept: int = 0
    late: int = 0
    problem: str = ""
    paused: bool = False
    busy: bool = False

    def summary(self) -> dict[str, int | str]:
        """Return the counts by state, including the deliveries without an attempt."""
        return {
            "sent": self.sent,
            "deferred": self.deferred,
            "failed": self.failed + self.late,
            "uncertain": self.uncertain + self.swept,
            "cancelled": self.cancelled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverJob:
    """Send due deliveries; several processes may run it at once, since each delivery is leased.

    ``keys`` sign every message. ``rate_limiter`` outlives a run; with limits a single process sends at a
    time. ``bounces`` decides when a mailbox is suppressed. ``is_dead`` returns whether the process that owns
    a lease has ended.
    """

    store: Store
    sender: Callable[[], Sender]
    mail: Callable[[str], MailOptions]
    owner: str
    keys: Callable[[], Sequence[DkimKey]] = tuple
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    bounces: BouncePolicy = field(default_factory=BouncePolicy)
    guard: RestoreGuard | None = None
    is_dead: Callable[[str], bool] = lambda _owner: False
    due_check_interval: float = DUE_CHECK_INTERVAL
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def due(self, now: datetime) -> list[delivery_store.DeliveryReport]:
        """Return the deliveries that the next run would try to send."""
        waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
        with self.store.read() as connection:
            return delivery_store.list_deliveries(connection, states=waiting, limit=10_000, due=now)

    def paused_reason(self, now: datetime) -> str:
        """Return the reason why sending is paused, ``""`` if it is not."""
        if self.guard and (hold := self.guard.check_markers(now)):
            return hold_text(hold)
        with self.store.read() as connection:
            return paused_reason(connection, now)

    def run(
        self,
        now: datetime,
        *,
        resume: bool = False,
        prepare: Callable[[datetime], object] = lambda _now: None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> DeliverResult:
        """Send until nothing is due, the server accepts nothing more, or ``should_stop`` returns true.

        ``resume`` ends a pause after a refusal of the sender. ``prepare`` writes the pages that the editions
        link to; if it fails, mail is sent all the same.
        """
        if self.guard and (hold := self.guard.check_markers(now)):
            return DeliverResult(problem=hold_text(hold), paused=hold.since < now)
        with self.store.write() as connection:
            dead = [owner for owner in delivery_store.sending_owners(connection) if self.is_dead(owner)]
            swept = delivery_store.mark_stuck_uncertain(connection, now=now, dead=dead)
            result = DeliverResult(swept=swept, late=delivery_store.fail_late(connection, now=now))
            if resume:
                sending_pauses.resume_sending(connection)
            secret = leases.read_secret(connection)
            before, problem = sending_pauses.latest_pause(connection), paused_reason(connection, now)
            waiting = delivery_store.count_due(connection, now)
            confirmations = delivery_store.count_due(connection, now, confirmations=True)
        if problem:
            return replace(result, problem=problem, paused=True)
        if not waiting:
            return result
        # Before the lease is taken: an error here must not make other processes wait.
        keys = self.keys()
        with self.store.write() as connection:
            if not self.acquire_sending_lease(connection, now):
                return replace(result, busy=True)
        # A restart of the database server must not make mail uncertain.
        retrying = RetryingStore(store=self.store, should_stop=should_stop)
        messages = MessageBuilder(store=retrying, mail=self.mail, keys=keys, secret=secret)
        run = _DeliveryRun(self, retrying, messages, now, waiting, prepare, progress)
        error = self._send(run, waiting, confirmations, should_stop)
        sent = run.counts[DeliveryState.SENT]
        if error is not None or (before and sent):
            with self.store.write() as connection:
                update_backoff(connection, error, run.now(), taken=sent > 0)
        counts: dict[str, Any] = {state.value: count for state, count in run.counts.items()}
        return replace(result, late=result.late + run.late, problem=str(error or ""), **counts)

    def _send(
        self, run: "_DeliveryRun", waiting: int, confirmations: int, should_stop: Callable[[], bool]
    ) -> TransportDown | None:
        send = partial(self.sender().run, run.next_mail, run.record_results, should_stop=should_stop)
        try:
            # Writing the pages may take a minute; confirmation mails do not wait for it.
            error = send(backlog=confirmations) if confirmations else None
            if error is None and waiting > confirmations and not should_stop():
                run.prepare()
                error = send(backlog=waiting)
        finally:
            run.release()
            run.count_batch()
        return error

    def acquire_sending_lease(self, connection: Connection, now: datetime) -> bool:
        """Take or renew the sending lease that rate limits need; false when another process holds it."""
        if self.rate_limiter.limits == RateLimits():
            return True
        until = max(now, self.clock()) + LEASE
        return leases.take_lease(connection, leases.SENDING, owner=self.owner, now=now, until=until)


@dataclass
class _DeliveryRun:
    """Store side of a run: hand leased deliveries to the sender and record the results."""

    _job: DeliverJob
    _store: RetryingStore
    _messages: MessageBuilder
    _now: datetime
    _waiting: int
    _prepare: Callable[[datetime], object]
    _progress: Callable[[int, int], None]

    def __post_init__(self) -> None:
        self.counts: Counter[DeliveryState] = Counter()
        self.late = 0
        self._started_at = self._job.clock()
        # The pages of editions that were due by then are written.
        self._prepared_until: datetime | None = None
        self._next_due_check = time.monotonic() + self._job.due_check_interval
        self._leased: deque[Delivery] = deque()
        self._in_progress: dict[int, Delivery] = {}
        self._may_have_more = True

    def now(self) -> datetime:
        """Return the clock, but never before the run's start: a lease must not end before it starts."""
        return max(self._now, self._job.clock())

    def _run_time(self) -> datetime:
        """Return the run's start time plus the elapsed time; deliveries are late against it."""
        return self._now + max(self._job.clock() - self._started_at, timedelta())

    def next_mail(self) -> OutgoingMail | None:
        """Return the next leased delivery; lease another batch when the batch is empty."""
        if time.monotonic() > self._next_due_check:
            self._check_due()
        while self._leased or (self._may_have_more and self._lease_batch()):
            delivery = self._leased.popleft()
            now = time.monotonic()
            first = delivery.requires is not SubscriptionState.CONFIRMED
            slot = self._job.rate_limiter.next_slot(delivery.address, now, first=first)
            if slot - now > MAX_SLOT_WAIT:
                self._postpone(delivery, slot - now)
                continue
            self._in_progress[delivery.id] = delivery
            return OutgoingMail(
                key=delivery.id,
                sender=self._messages.envelope_sender(delivery),
                recipient=delivery.address,
                render=partial(self._messages.message, delivery),
                not_before=slot,
            )
        return None

    def record_results(
        self, results: Sequence[SendResult], starting: Sequence[OutgoingMail]
    ) -> Collection[int]:
        """Record results, and move allowed starts to ``sending``, in a single commit."""
        states, started = self._store.write(partial(self._record, results=results, starting=starting))
        cancelled = [mail.key for mail in starting if mail.key not in started]
        for key in [*(result.mail.key for result in results if result.final), *cancelled]:
            self._in_progress.pop(key, None)
        states += [DeliveryState.CANCELLED] * len(cancelled)
        self.counts.update(state for state in states if state is not DeliveryState.PENDING)
        done = self.counts.total()
        self._progress(done, max(done, self._waiting))
        return started

    def _record(
        self, connection: Connection, results: Sequence[SendResult], starting: Sequence[OutgoingMail]
    ) -> tuple[list[DeliveryState], set[int]]:
        """Return the new states of the results, and the ids of the deliveries that may start."""
        owner, now = self._job.owner, self.now()
        sent = [result.mail.key for result in results if result.error is None]
        failed = [(mail, error) for mail, error, final in results if error is not None and final]
        not_accepted = [result.mail.key for result in results if not result.final]
        started: set[int] = set()
        if sent:
            delivery_store.mark_sent(connection, sent, owner=owner, now=now)
        if not_accepted:
            delivery_store.return_to_pending(connection, not_accepted, owner=owner)
        record = partial(record_failure, connection, owner=owner, policy=self._job.bounces, now=now)
        states = [record(self._in_progress[mail.key], error) for mail, error in failed]
        if not_accepted or failed:
            again = [*not_accepted, *(mail.key for mail, _ in failed)]
            corrections.cancel_replaced(connection, again, now)
        if starting:
            keys, until = [mail.key for mail in starting], now + SENDING_LEASE
            started = delivery_store.begin_sending(connection, keys, owner=owner, now=now, until=until)
            if self._store.has_retried and len(started) < len(keys):
                started |= delivery_store.already_sending(connection, keys, owner=owner)
        return [DeliveryState.SENT] * len(sent) + states, started

    def count_batch(self) -> None:
        """Count a batch of mail in the markers outside the store."""
        if self._job.guard:
            self._job.guard.count_batch(self._store.write)

    def release(self) -> None:
        """Release the leases of deliveries that were not started."""
        ids = [*(delivery.id for delivery in self._leased), *self._in_progress]
        if ids or self._job.rate_limiter.limits != RateLimits():
            self._store.write(partial(self._release, ids=ids))

    def _release(self, connection: Connection, ids: Sequence[int]) -> None:
        delivery_store.release_deliveries(connection, ids, owner=self._job.owner)
        leases.release_lease(connection, leases.SENDING, owner=self._job.owner)

    def prepare(self) -> None:
        """Write the pages of the due editions, then allow these editions to be leased."""
        due_by = self._run_time()
        try:
            self._prepare(due_by)
        except StoreError:
            raise
        except (SyndicateError, OSError) as error:
            log.warning("sending mail before the pages that it links to are written: %s", error)
        self._prepared_until, self._may_have_more = due_by, True

    def _check_due(self) -> None:
        """Lease waiting confirmation mails; once the batch is used up, check for editions."""
        self._next_due_check = time.monotonic() + self._job.due_check_interval
        now = self._run_time()
        try:
            with self._job.store.read() as connection:
                confirmations = delivery_store.is_any_due(connection, now=now, confirmations=True)
                idle = not (self._leased or self._may_have_more)
                editions = idle and delivery_store.is_any_due(connection, now=now)
            if editions and not confirmations:
                self.prepare()
            if confirmations:
                self._lease_batch(confirmations=True)
        except StoreError as error:
            # A failed check must not interrupt mail that is being sent.
            log.warning("cannot check for further deliveries: %s", error)

    def _lease_batch(self, *, confirmations: bool = False) -> bool:
        """Lease another batch, confirmation mails in front of it; false when nothing is leased."""
        first, claimed, late = self._store.write(partial(self._claim_rows, only_confirmations=confirmations))
        if first or claimed:
            self.count_batch()
        # Without deliveries in progress whose lease expired, so that they were leased again.
        new = [
            [delivery for delivery in batch if delivery.id not in self._in_progress]
            for batch in (first, claimed)
        ]
        self._leased.extendleft(reversed(new[0]))
        self._leased.extend(new[1])
        if not confirmations:
            self._may_have_more = BATCH in (len(first), len(claimed))
        self.late += late
        return bool(self._leased)

    def _claim_rows(
        self, connection: Connection, *, only_confirmations: bool
    ) -> tuple[list[Delivery], list[Delivery], int]:
        """Return confirmation mails, other deliveries, and the number of late deliveries (last batch)."""
        # From now: a run may take longer than a lease.
        until, late_by = self.now() + LEASE, self._run_time()
        if not self._job.acquire_sending_lease(connection, self._now):
            return [], [], 0
        lease = partial(
            delivery_store.claim_deliveries,
            connection,
            owner=self._job.owner,
            until=until,
            limit=BATCH,
            late_by=late_by,
        )
        first = lease(now=late_by, confirmations=True)
        if only_confirmations or self._prepared_until is None:
            return first, [], 0
        claimed = lease(now=self._prepared_until)
        late = delivery_store.fail_late(connection, now=late_by) if len(claimed) < BATCH else 0
        return first, claimed, late

    def _postpone(self, delivery: Delivery, seconds: float) -> None:
        at, postpone = self.now() + timedelta(seconds=seconds), delivery_store.postpone_delivery
        self._store.write(partial(postpone, delivery_id=delivery.id, owner=self._job.owner, not_before=at))
