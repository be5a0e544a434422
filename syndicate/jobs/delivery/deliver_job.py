"""The delivery job: pending rows → mail on the wire, each at most once.

Rows are leased in batches, mails that ask for a confirmation first. ``sending`` is committed after the
server's 354 and before the body, together with what the other connections have to report; what a crash leaves
there becomes ``uncertain`` when its process is known to be dead or its lease runs out, is listed, and is sent
again only when a person asks. An expired lease of a row not yet ``sending`` is claimable: nothing was sent.

A run that lasts, because of many readers or a slow server, looks every few seconds for what has become due.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from syndicate.delivery.attempt_outcome import KEEP_TRYING, outcome_of
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.message import MailOptions
from syndicate.delivery.outgoing import OutgoingMail, Sender, SendResult
from syndicate.delivery.rate_limit import Limits, Pace
from syndicate.errors import MailError, RenderError, StoreError, SyndicateError, TransportDown
from syndicate.jobs.delivery.backoff import paused_reason, update_backoff
from syndicate.jobs.delivery.bounce_job import BouncePolicy, apply_bounce, bounce_of_reply
from syndicate.jobs.delivery.messages import Messages
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
# A delivery whose turn comes later than this (seconds) is given back until then.
PATIENCE = 60.0
# Seconds after which a run looks for what has become due since.
LOOK_AGAIN = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResult:
    """Counts of deliveries by their end during one run; ``late`` deliveries failed without an attempt.

    ``problem`` is what the server said when it took nothing more; ``paused`` is true when that was in an
    earlier run and sending was not retried since. ``busy`` means that another process sends, and that there
    are limits, which hold for both: nothing was done.
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

    def counts(self) -> dict[str, int]:
        """Return the counts by state, with the deliveries that ended before an attempt."""
        return {
            "sent": self.sent,
            "deferred": self.deferred,
            "failed": self.failed + self.late,
            "uncertain": self.uncertain + self.swept,
            "cancelled": self.cancelled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverJob:
    """Sends what is due. Several processes may run it at once: each row is claimed by one.

    ``keys`` sign every message; ``pace`` outlives a run, and with limits only one process sends at a time;
    ``bounces`` says when a mailbox is given up; ``is_dead`` whether the process of a lease's owner has ended.
    """

    store: Store
    sender: Callable[[], Sender]
    mail: Callable[[str], MailOptions]
    owner: str
    keys: Callable[[], Sequence[DkimKey]] = tuple
    pace: Pace = field(default_factory=Pace)
    bounces: BouncePolicy = field(default_factory=BouncePolicy)
    guard: RestoreGuard | None = None
    is_dead: Callable[[str], bool] = lambda _owner: False
    look_again: float = LOOK_AGAIN
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def due(self, now: datetime) -> list[delivery_store.DeliveryReport]:
        """Return what the next run would try to send."""
        waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
        with self.store.read() as connection:
            return delivery_store.list_deliveries(connection, states=waiting, limit=10_000, due=now)

    def resting(self, now: datetime) -> str:
        """Return why nothing is sent to anybody at the moment, ``""`` when it may be."""
        if self.guard and (hold := self.guard.notice(now)):
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
        stopping: Callable[[], bool] = lambda: False,
    ) -> DeliverResult:
        """Send until nothing is due, the server takes nothing more, or ``stopping`` says so.

        With ``resume`` also while sending rests because the server refused us. Before editions are sent,
        ``prepare`` writes the pages that they lead to; mail goes all the same when it fails.
        """
        if self.guard and (hold := self.guard.notice(now)):
            return DeliverResult(problem=hold_text(hold), paused=hold.since < now)
        with self.store.write() as connection:
            dead = [owner for owner in delivery_store.sending_owners(connection) if self.is_dead(owner)]
            swept = delivery_store.mark_stuck_uncertain(connection, now=now, dead=dead)
            late = delivery_store.fail_late(connection, now=now)
            if resume:
                sending_pauses.resume_sending(connection)
            secret = leases.read_secret(connection)
            before, problem = sending_pauses.latest_pause(connection), paused_reason(connection, now)
            waiting = delivery_store.count_due(connection, now)
            confirmations = delivery_store.count_due(connection, now, confirmations=True)
        if problem:
            return DeliverResult(swept=swept, late=late, problem=problem, paused=True)
        if not waiting:
            return DeliverResult(swept=swept, late=late)
        # Before the turn is taken: what goes wrong here must not keep other processes waiting.
        keys = self.keys()
        with self.store.write() as connection:
            if not self.take_turn(connection, now):
                return DeliverResult(swept=swept, late=late, busy=True)
        run = _Run(self, keys, now, secret, waiting, prepare, progress, stopping)
        send = partial(self.sender().run, run.take, run.settle, stopping=stopping)
        try:
            # Writing the pages may take a minute; mails that ask for a confirmation do not wait for it.
            error = send(backlog=confirmations) if confirmations else None
            if error is None and waiting > confirmations and not stopping():
                run.prepare()
                error = send(backlog=waiting)
        finally:
            run.give_back()
            run.count_batch()
        sent = run.counts[DeliveryState.SENT]
        if error is not None or (before and sent):
            with self.store.write() as connection:
                update_backoff(connection, error, run.moment(), taken=sent > 0)
        counts: dict[str, Any] = {state.value: count for state, count in run.counts.items()}
        return DeliverResult(swept=swept, late=late + run.late, problem=str(error or ""), **counts)

    def take_turn(self, connection: Connection, now: datetime) -> bool:
        """Begin or go on as the one process that sends under limits; false when another one does.

        A process that dies keeps the others waiting as long as it keeps the rows that it had leased.
        """
        if self.pace.limits == Limits():
            return True
        until = max(now, self.clock()) + LEASE
        return leases.take_lease(connection, leases.SENDING, owner=self.owner, now=now, until=until)


class _Run:
    """Store side of one run: gives deliveries to the sender and records the results."""

    def __init__(
        self,
        job: DeliverJob,
        keys: Sequence[DkimKey],
        now: datetime,
        secret: bytes,
        waiting: int,
        prepare: Callable[[datetime], object],
        progress: Callable[[int, int], None],
        stopping: Callable[[], bool],
    ) -> None:
        self.counts: Counter[DeliveryState] = Counter()
        self.late = 0
        self._waiting, self._progress = waiting, progress
        self._job = job
        # While mail is on the wire, a server that is restarted must not leave it in doubt.
        self._store = RetryingStore(store=job.store, should_stop=stopping)
        self._began = job.clock()
        self._messages = Messages(store=self._store, mail=job.mail, keys=keys, secret=secret)
        self._prepare = prepare
        self._now = now
        # Editions that were due by then have their pages.
        self._prepared: datetime | None = None
        self._look_at = time.monotonic() + job.look_again
        self._leased: deque[Delivery] = deque()
        self._out: dict[int, Delivery] = {}
        self._more = True

    def moment(self) -> datetime:
        """The clock, but never before the run's own time: a lease must not end before it began."""
        return max(self._now, self._job.clock())

    def _late_by(self) -> datetime:
        """The run's own time and how long it has lasted: what is too late by then does not go any more."""
        return self._now + max(self._job.clock() - self._began, timedelta())

    def take(self) -> OutgoingMail | None:
        """Return the next leased delivery; lease another batch when none is left."""
        if time.monotonic() > self._look_at:
            self._look()
        while self._leased or (self._more and self._claim()):
            delivery = self._leased.popleft()
            moment = time.monotonic()
            first = delivery.requires is not SubscriptionState.CONFIRMED
            turn = self._job.pace.moment(delivery.address, moment, first=first)
            if turn - moment > PATIENCE:
                self._postpone(delivery, turn - moment)
                continue
            self._out[delivery.id] = delivery
            return OutgoingMail(
                key=delivery.id,
                sender=self._messages.envelope_sender(delivery),
                recipient=delivery.address,
                render=partial(self._messages.message, delivery),
                not_before=turn,
            )
        return None

    def settle(self, ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        """Record in one commit what has ended, and move what begins to ``sending`` if it still may."""
        states, begun = self._store.write(partial(self._record, ended=ended, beginning=beginning))
        cancelled = [parcel.key for parcel in beginning if parcel.key not in begun]
        for key in [*(result.parcel.key for result in ended if result.final), *cancelled]:
            self._out.pop(key, None)
        states += [DeliveryState.CANCELLED] * len(cancelled)
        self.counts.update(state for state in states if state is not DeliveryState.PENDING)
        done = self.counts.total()
        self._progress(done, max(done, self._waiting))
        return begun

    def _record(
        self, connection: Connection, ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]
    ) -> tuple[list[DeliveryState], set[int]]:
        """Return the states in which deliveries have ended, and the ids of deliveries that may begin."""
        owner, moment = self._job.owner, self.moment()
        sent = [result.parcel.key for result in ended if result.error is None]
        troubled = [result for result in ended if result.error is not None and result.final]
        held = [result.parcel.key for result in ended if not result.final]
        begun: set[int] = set()
        if sent:
            delivery_store.mark_sent(connection, sent, owner=owner, now=moment)
        if held:
            delivery_store.return_to_pending(connection, held, owner=owner)
        states = [self._failed(connection, result, moment) for result in troubled]
        if held or troubled:
            again = [*held, *(result.parcel.key for result in troubled)]
            corrections.cancel_replaced(connection, again, moment)
        if beginning:
            keys, until = [parcel.key for parcel in beginning], moment + SENDING_LEASE
            begun = delivery_store.begin_sending(connection, keys, owner=owner, now=moment, until=until)
            if self._store.has_retried and len(begun) < len(keys):
                begun |= delivery_store.already_sending(connection, keys, owner=owner)
        return [DeliveryState.SENT] * len(sent) + states, begun

    def count_batch(self) -> None:
        """Tell the markers outside the store that mail leaves, or has left."""
        if self._job.guard:
            self._job.guard.count_batch(self._store.write)

    def give_back(self) -> None:
        """Free what was leased and not begun."""
        ids, limited = (
            [*(delivery.id for delivery in self._leased), *self._out],
            self._job.pace.limits != Limits(),
        )
        if ids or limited:
            self._store.write(partial(self._release, ids=ids))

    def _release(self, connection: Connection, ids: Sequence[int]) -> None:
        delivery_store.release_deliveries(connection, ids, owner=self._job.owner)
        leases.release_lease(connection, leases.SENDING, owner=self._job.owner)

    def prepare(self) -> None:
        """Write the pages of the editions that are due, then let these editions go."""
        due_by = self._late_by()
        try:
            self._prepare(due_by)
        except StoreError:
            raise
        except (SyndicateError, OSError) as error:
            log.warning("mail goes out before the pages that it leads to are written: %s", error)
        self._prepared, self._more = due_by, True

    def _look(self) -> None:
        """Lease the confirmations that wait, and see whether there are editions once the batch is used up."""
        self._look_at = time.monotonic() + self._job.look_again
        now = self._late_by()
        try:
            with self._job.store.read() as connection:
                confirmations = delivery_store.is_any_due(connection, now=now, confirmations=True)
                idle = not (self._leased or self._more)
                editions = idle and delivery_store.is_any_due(connection, now=now)
            if editions and not confirmations:
                self.prepare()
            if confirmations:
                self._claim(confirmations=True)
        except StoreError as error:
            # It only looked: what is on the wire must not be left because of that.
            log.warning("could not look for further deliveries: %s", error)

    def _claim(self, *, confirmations: bool = False) -> bool:
        """Lease another batch, confirmations in front of it; false when there is none."""
        first, claimed, late = self._store.write(partial(self._lease, only_confirmations=confirmations))
        if first or claimed:
            self.count_batch()
        # Without the deliveries that this run has, whose lease had run out.
        new = [[delivery for delivery in batch if delivery.id not in self._out] for batch in (first, claimed)]
        self._leased.extendleft(reversed(new[0]))
        self._leased.extend(new[1])
        if not confirmations:
            self._more = BATCH in (len(first), len(claimed))
        self.late += late
        return bool(self._leased)

    def _lease(
        self, connection: Connection, *, only_confirmations: bool
    ) -> tuple[list[Delivery], list[Delivery], int]:
        """Return confirmations, other deliveries, and, with the last batch, the number of late deliveries."""
        # A run may take longer than a lease, which has to last from now and not from the run's beginning.
        until, late_by = self.moment() + LEASE, self._late_by()
        if not self._job.take_turn(connection, self._now):
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
        if only_confirmations or self._prepared is None:
            return first, [], 0
        claimed = lease(now=self._prepared)
        late = delivery_store.fail_late(connection, now=late_by) if len(claimed) < BATCH else 0
        return first, claimed, late

    def _postpone(self, delivery: Delivery, seconds: float) -> None:
        at, postpone = self.moment() + timedelta(seconds=seconds), delivery_store.postpone_delivery
        self._store.write(partial(postpone, delivery_id=delivery.id, owner=self._job.owner, not_before=at))

    def _failed(self, connection: Connection, ended: SendResult, moment: datetime) -> DeliveryState:
        delivery, error = self._out[ended.parcel.key], ended.error
        if error is None:
            return DeliveryState.SENT
        if isinstance(error, TransportDown):
            # The server refused us, not this message: that was no attempt.
            delivery_store.release_deliveries(connection, [delivery.id], owner=self._job.owner)
            return DeliveryState.PENDING
        first = delivery.first_attempt or moment
        state, retry_at = outcome_of(error, attempts=delivery.attempts + 1, first_attempt=first, now=moment)
        delivery_store.finish_delivery(
            connection,
            delivery.id,
            state,
            owner=self._job.owner,
            now=moment,
            code=None if isinstance(error, RenderError) else error.code,
            error=str(error),
            not_before=retry_at,
            keep_trying=first + KEEP_TRYING if retry_at else None,
        )
        if (
            state is DeliveryState.FAILED
            and isinstance(error, MailError)
            and (kind := bounce_of_reply(error))
        ):
            apply_bounce(
                connection,
                subscription_id=delivery.subscription_id,
                delivery_id=delivery.id,
                kind=kind,
                said=(str(error.code), str(error)),
                policy=self._job.bounces,
                now=moment,
            )
        return state
