"""Deliver job: send pending deliveries, each at most once.

Deliveries are leased in batches, confirmation mails first. The state ``sending`` is committed after the
server's 354 and before the body, together with the results of the other connections. After a crash such a
delivery becomes ``uncertain``, once its process is known to be dead or its lease has expired. It is resent
only at an operator's request. Before ``sending``, an expired lease can be claimed: nothing was sent. A run
renews these leases while it asks for mail, so that the claims of a slow or dead process soon go to others.

A long run checks every few seconds for deliveries that have become due.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import compress, islice
from operator import not_
from typing import Any

from syndicate.delivery.message import MailOptions
from syndicate.delivery.outgoing import OutgoingMail, Sender, SendResult
from syndicate.delivery.rate_limit import RateLimits
from syndicate.errors import StoreError, SyndicateError, TransportDown
from syndicate.jobs.delivery.bounce_job import BouncePolicy
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.jobs.delivery.failed_attempts import apply_brake, paused_reason, record_failure, update_backoff
from syndicate.jobs.delivery.messages import MessageBuilder, clear_signed, put_off_unsigned
from syndicate.jobs.delivery.restore_guard import RestoreGuard, hold_text
from syndicate.jobs.delivery.shared_slots import BATCH as SLOTS
from syndicate.jobs.delivery.shared_slots import SharedSlots
from syndicate.model import Delivery, DeliveryState
from syndicate.store import Connection, Store
from syndicate.store.core.retry import RetryingStore
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import LEASE, STUCK, beating, held_lease
from syndicate.store.mail import corrections, delivery_store, sending_pauses, sending_rests

log = logging.getLogger("syndicate.delivery")

BATCH = 500
# Longer than the longest wait for the server's verdict on a body (RFC 5321 section 4.5.3.2.6).
SENDING_LEASE = timedelta(minutes=15)
# Seconds between checks for deliveries that have become due during a run.
DUE_CHECK_INTERVAL = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverJob:
    """Send due deliveries; several processes may run it at once, since each delivery is leased.

    ``server`` is the name of the mail server, as in ``Brand.sender``: each has its own deliveries, pauses and
    rate ``limits``, which hold over all processes. ``bounces`` decides when a mailbox is suppressed.
    ``is_dead`` returns whether the process that owns a lease has ended.
    """

    store: Store
    sender: Callable[[], Sender]
    mail: Callable[[str], MailOptions]
    owner: str
    server: str = ""
    limits: RateLimits = field(default_factory=RateLimits)
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
            return self._named(paused_reason(connection, now, self.server))

    def due_shards(self, now: datetime) -> set[int]:
        """Return the shards with mail to send or to sweep; none while sending is on hold or paused."""
        if self.paused_reason(now):
            return set()
        with self.store.read() as connection:
            return delivery_store.due_shards(connection, now, self.server)

    def _named(self, problem: str) -> str:
        return f"{self.server}: {problem}" if self.server and problem else problem

    def run(
        self,
        now: datetime,
        *,
        resume: bool = False,
        shard: int | None = None,
        prepare: Callable[[datetime], object] = lambda _now: None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> DeliverResult:
        """Send until nothing is due, the server accepts nothing more, or ``should_stop`` returns true.

        ``resume`` ends a pause after a refusal of the sender. Only one process at a time sends the mails of a
        ``shard``. ``prepare`` writes the pages that the editions link to; if it fails, mail is sent all the
        same.
        """
        if self.guard and (hold := self.guard.check_markers(now)):
            return DeliverResult(problem=hold_text(hold), paused=hold.since < now)
        clear_signed(self.store, self.mail)
        with self.store.write() as connection:
            dead = [owner for owner in delivery_store.sending_owners(connection) if self.is_dead(owner)]
            swept = delivery_store.mark_stuck_uncertain(connection, now=now, dead=dead)
            late = delivery_store.fail_late(connection, now=now, shard=shard, sender=self.server)
            result = DeliverResult(swept=swept, late=late)
            if resume:
                sending_pauses.resume_sending(connection, self.server)
            secret = leases.read_secret(connection)
            before = sending_pauses.latest_pause(connection, self.server)
            problem = paused_reason(connection, now, self.server)
            count = partial(delivery_store.count_due, connection, now, shard=shard, sender=self.server)
            waiting, confirmations = count(), count(confirmations=True)
        if problem:
            return replace(result, problem=self._named(problem), paused=True)
        if not waiting:
            return result
        sender = self.sender()
        with self._shard_lease(shard, now, should_stop) as stops:
            if stops is None:
                return replace(result, busy=True)
            # A restart of the database server must not make mail uncertain.
            retrying = RetryingStore(store=self.store, should_stop=stops)
            messages = MessageBuilder(store=retrying, mail=self.mail, secret=secret)
            run = _DeliveryRun(self, retrying, messages, now, waiting, prepare, progress, shard)
            with beating(run.extend_claims):
                error = self._send(sender, run, (waiting, confirmations), stops)
        sent = run.counts[DeliveryState.SENT]
        if error is not None or (before and sent):
            with self.store.write() as connection:
                update_backoff(connection, error, run.now(), taken=sent > 0, server=self.server)
        counts: dict[str, Any] = {state.value: count for state, count in run.counts.items()}
        counts |= {"late": result.late + run.late, "problem": self._named(str(error or run.problem))}
        return replace(result, **counts)

    @contextmanager
    def _shard_lease(
        self, shard: int | None, now: datetime, should_stop: Callable[[], bool]
    ) -> Iterator[Callable[[], bool] | None]:
        """Hold the lease of a shard and yield when to stop; ``None`` while another process holds it."""
        if shard is None:
            yield should_stop
            return
        name = f"deliver:{shard}:{self.server}".rstrip(":")
        with held_lease(self.store, name, owner=self.owner, now=now) as lease:
            yield None if lease is None else lease.until_lost(should_stop)

    def _send(
        self, sender: Sender, run: "_DeliveryRun", counts: tuple[int, int], should_stop: Callable[[], bool]
    ) -> TransportDown | None:
        waiting, confirmations = counts
        send = partial(sender.run, run.next_mail, run.record_results, should_stop=should_stop)
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
    _shard: int | None

    def __post_init__(self) -> None:
        self.counts: Counter[DeliveryState] = Counter()
        self.late, self.problem = 0, ""
        self._started_at = self._job.clock()
        # The pages of editions that were due by then are written.
        self._prepared_until: datetime | None = None
        self._next_due_check = time.monotonic() + self._job.due_check_interval
        self._leased: deque[Delivery] = deque()
        self._in_progress: dict[int, Delivery] = {}
        self._may_have_more = True
        self._slots = SharedSlots(self._job.limits, self._job.owner)
        self._waits: dict[int, float | None] = {}
        self._which: dict[str, Any] = {"shard": self._shard, "sender": self._job.server}
        self._began = self._asked = time.monotonic()

    def now(self) -> datetime:
        """Return the clock, but never before the run's start: a lease must not end before it starts."""
        return max(self._now, self._job.clock())

    def _run_time(self) -> datetime:
        """Return the run's start time plus the elapsed time; deliveries are late against it."""
        return self._now + max(self._job.clock() - self._started_at, timedelta())

    def next_mail(self) -> OutgoingMail | None:
        """Return the next leased delivery; lease another batch when the batch is empty."""
        now, before = time.monotonic(), self._asked
        self._asked = now
        if now - before > LEASE.total_seconds():
            # The claims have run out meanwhile, so that another process may have them.
            self._leased.clear()
            self._may_have_more = True
        if now > self._next_due_check:
            self._check_due()
        while self._leased or (self._may_have_more and self._lease_batch()):
            delivery = self._leased.popleft()
            slot = None if self._is_unsigned(delivery) else self._slot(delivery)
            if slot is None:
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

    def _is_unsigned(self, delivery: Delivery) -> bool:
        """Put the leased mail of an edition off that cannot be signed; return false if it can."""
        unsigned = self._messages.unsigned(delivery.edition_id)
        if unsigned is not None:
            same = [other.edition_id == delivery.edition_id for other in self._leased]
            ids = [delivery.id, *(other.id for other in compress(self._leased, same))]
            put_off = partial(put_off_unsigned, owner=self._job.owner, now=self._run_time())
            self._store.write(partial(put_off, ids=ids, newsletter=unsigned[0], reason=unsigned[1]))
            self._leased = deque(compress(self._leased, map(not_, same)))
            self.problem = unsigned[1]
        return unsigned is not None

    def _slot(self, delivery: Delivery) -> float | None:
        """Return the monotonic time of a delivery's slot; ``None`` when it was put off."""
        if not self._job.limits.gaps(delivery.address):
            return time.monotonic()
        if delivery.id not in self._waits:
            batch = [delivery, *islice(self._leased, SLOTS - 1)]
            at = time.monotonic()
            # Not the clock, which may be set meanwhile.
            now = self._now + timedelta(seconds=at - self._began)
            waits = self._store.write(partial(self._slots.reserve, deliveries=batch, now=now))
            self._waits = {key: None if wait is None else at + wait for key, wait in waits.items()}
        return self._waits.pop(delivery.id)

    def extend_claims(self) -> bool:
        """Renew the leases of claimed deliveries; of those not begun only while the sender asks for mail."""
        stuck = time.monotonic() - self._asked > STUCK
        waiting = () if stuck else self._leased.copy()
        ids = [*(delivery.id for delivery in waiting), *list(self._in_progress)]
        until = self.now() + LEASE
        with suppress(StoreError), self._job.store.write() as connection:
            delivery_store.extend_claims(connection, ids, owner=self._job.owner, until=until)
        return True

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
        if failed:
            apply_brake(connection, [(self._in_progress[mail.key], error) for mail, error in failed], now)
            self._drop_resting(connection)
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
        if ids := [*(delivery.id for delivery in self._leased), *self._in_progress]:
            release = delivery_store.release_deliveries
            self._store.write(partial(release, ids=ids, owner=self._job.owner))

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
                self._drop_resting(connection)
                is_any_due = partial(delivery_store.is_any_due, connection, now=now, **self._which)
                confirmations = is_any_due(confirmations=True)
                editions = not (self._leased or self._may_have_more) and is_any_due()
            if editions and not confirmations:
                self.prepare()
            if confirmations:
                self._lease_batch(confirmations=True)
        except StoreError as error:
            # A failed check must not interrupt mail that is being sent.
            log.warning("cannot check for further deliveries: %s", error)

    def _drop_resting(self, connection: Connection) -> None:
        """Leave out leased deliveries whose sending rests; their leases end by themselves."""
        resting = {rest.edition_id for rest in sending_rests.resting(connection)}
        if resting:
            kept = () if sending_rests.ALL_MAIL in resting else tuple(self._leased)
            self._leased = deque(delivery for delivery in kept if delivery.edition_id not in resting)

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
        claim: dict[str, Any] = {"owner": self._job.owner, "until": until, "late_by": late_by, **self._which}
        lease = partial(delivery_store.claim_deliveries, connection, limit=BATCH, **claim)
        if sending_rests.pause_by_hand(connection):
            return [], [], 0
        first = lease(now=late_by, confirmations=True)
        if only_confirmations or self._prepared_until is None:
            return first, [], 0
        claimed = lease(now=self._prepared_until)
        late = delivery_store.fail_late(connection, now=late_by, **self._which) if len(claimed) < BATCH else 0
        return first, claimed, late
