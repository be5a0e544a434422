"""The delivery job: pending rows → mail on the wire, each at most once.

Rows are leased in batches. ``sending`` is committed after the server's 354 and before the body; what
a crash leaves there becomes ``uncertain`` when its lease runs out, is listed, and is sent again only
when a person asks. An expired lease of a row not yet ``sending`` is claimable: nothing was sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from syndicate.audience.tokens import unsubscribe_token
from syndicate.delivery.message import MailOptions, MessageTemplate, message_id
from syndicate.delivery.outcome import Outcome, Reach, outcome_of
from syndicate.errors import MailError
from syndicate.model import Delivery, DeliveryState
from syndicate.store import Store, leases
from syndicate.store import deliveries as delivery_store
from syndicate.store import editions as edition_store

BATCH = 50
LEASE = timedelta(minutes=15)
# Longer than the longest wait for the server's verdict on a body (RFC 5321 section 4.5.3.2.6).
SENDING_LEASE = timedelta(minutes=15)


class Transport(Protocol):
    """Where mail goes: SMTP, or a folder."""

    def send(self, sender: str, recipient: str, claim: Callable[[], bool], body: bytes) -> bool:
        """Send one message; see ``delivery.smtp.SmtpTransport.send``."""

    def close(self) -> None:
        """Say goodbye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResult:
    """How many deliveries ended in each way during one run, and what the server said when it refused."""

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    uncertain: int = 0
    cancelled: int = 0
    swept: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverJob:
    """Sends what is due. Several processes may run it at once: each row is claimed by one."""

    store: Store
    transport: Callable[[], Transport]
    mail: Callable[[str], MailOptions]
    owner: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def due(self, now: datetime) -> list[delivery_store.DeliveryReport]:
        """What the next run would try to send."""
        waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
        with self.store.read() as connection:
            return delivery_store.list_deliveries(connection, states=waiting, limit=10_000, due=now)

    def run(
        self,
        now: datetime,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> DeliverResult:
        """Send until nothing is due, the server takes nothing more, or ``stopping`` says so."""
        with self.store.write() as connection:
            swept = delivery_store.sweep_uncertain(connection, now=now)
            secret = leases.secret(connection)
            waiting = delivery_store.count_due(connection, now)
        run = _Run(self, now, secret, _Tally(waiting, progress))
        try:
            while not stopping() and not run.problem and (batch := self._claim(now)):
                run.batch(batch, stopping)
        finally:
            run.close()
        counts = {state.value: count for state, count in run.tally.counts.items()}
        return DeliverResult(swept=swept, problem=run.problem, **counts)

    def _claim(self, now: datetime) -> list[Delivery]:
        # A run may take longer than a lease, which has to last from now and not from the run's beginning.
        until = max(now, self.clock()) + LEASE
        with self.store.write() as connection:
            return delivery_store.claim_deliveries(
                connection, now=now, owner=self.owner, until=until, limit=BATCH
            )


class _Tally:
    """How many deliveries ended in each state so far."""

    def __init__(self, waiting: int, progress: Callable[[int, int], None]) -> None:
        self.counts: dict[DeliveryState, int] = {}
        self._waiting = waiting
        self._progress = progress

    def add(self, state: DeliveryState) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1
        done = sum(self.counts.values())
        self._progress(done, max(done, self._waiting))


class _Run:
    """One sender with one connection and the encoded editions it has met."""

    def __init__(self, job: DeliverJob, now: datetime, secret: bytes, tally: _Tally) -> None:
        self.tally = tally
        self.problem = ""
        self._job = job
        self._now = now
        self._secret = secret
        self._transport: Transport | None = None
        self._editions: dict[int, tuple[MessageTemplate, MailOptions]] = {}

    def batch(self, deliveries: Sequence[Delivery], stopping: Callable[[], bool]) -> None:
        """Send a leased batch; what is not begun is given back."""
        left = list(deliveries)
        while left and not stopping() and not self.problem:
            self._one(left[0], [delivery.id for delivery in left])
            left.pop(0)
        if left:
            with self._job.store.write() as connection:
                ids = [delivery.id for delivery in left]
                delivery_store.release_deliveries(connection, ids, owner=self._job.owner)

    def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._transport is not None:
            self._transport.close()

    def _one(self, delivery: Delivery, not_begun: Sequence[int]) -> None:
        try:
            template, options = self._edition(delivery.edition_id)
            body = template.for_subscriber(
                delivery.address,
                unsubscribe_token(self._secret, delivery.subscription_id),
                message_id(self._secret, delivery.edition_id, delivery.subscription_id, options.domain),
            )
            if self._transport is None:
                self._transport = self._job.transport()
            sent = self._transport.send(
                options.sender_address, delivery.address, lambda: self._begin(delivery), body
            )
        except MailError as error:
            self._failed(delivery, error, not_begun)
            return
        if sent:
            self._finish(delivery, Outcome(state=DeliveryState.SENT), "")
        else:
            self.tally.add(DeliveryState.CANCELLED)

    def _begin(self, delivery: Delivery) -> bool:
        moment = self._moment()
        with self._job.store.write() as connection:
            return delivery_store.begin_sending(
                connection, delivery.id, owner=self._job.owner, now=moment, until=moment + SENDING_LEASE
            )

    def _failed(self, delivery: Delivery, error: MailError, not_begun: Sequence[int]) -> None:
        outcome = outcome_of(
            error, attempts=delivery.attempts + 1, first_attempt=delivery.created, now=self._moment()
        )
        if outcome.reach is Reach.MESSAGE:
            self._finish(delivery, outcome, str(error), error.code)
            return
        self.problem = str(error)
        with self._job.store.write() as connection:
            delivery_store.postpone_deliveries(
                connection,
                not_begun,
                owner=self._job.owner,
                not_before=outcome.retry_at or self._moment(),
                reason=str(error),
            )

    def _finish(self, delivery: Delivery, outcome: Outcome, error: str, code: int | None = None) -> None:
        with self._job.store.write() as connection:
            delivery_store.finish_delivery(
                connection,
                delivery.id,
                outcome.state,
                owner=self._job.owner,
                now=self._moment(),
                code=code,
                error=error,
                not_before=outcome.retry_at,
            )
        self.tally.add(outcome.state)

    def _edition(self, edition_id: int) -> tuple[MessageTemplate, MailOptions]:
        if edition_id not in self._editions:
            with self._job.store.read() as connection:
                edition = edition_store.get_edition(connection, edition_id)
            if edition is None:
                raise MailError(f"edition {edition_id} is not in the store any more")
            options = replace(self._job.mail(edition.newsletter), web_url=edition.web_url)
            self._editions[edition_id] = (MessageTemplate.build(edition, options), options)
        return self._editions[edition_id]

    def _moment(self) -> datetime:
        """The clock, but never before the run's own time: a lease must not end before it began."""
        return max(self._now, self._job.clock())
