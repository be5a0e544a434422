"""WebSub job: subscribe to the hubs of feeds, answer their verification requests, and read their pushes.

Every step is a row: requests to send and when, granted leases, and unread pushes. If the process dies, the
next process repeats the request or reads the push. Three callers: the scheduled tasks "hubs"
(``keep_subscriptions``) and "pushes" (``read_pushes``), and the web server (``verify``, ``expects``,
``receive``), which only writes a row.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from syndicate.errors import FetchError, FetchStopped, ParseError, ParserDied, StoreError, SyndicateError
from syndicate.ingest import websub_protocol
from syndicate.ingest.feed.change_detection import listed_hashes
from syndicate.ingest.page.full_text import DocumentContent
from syndicate.ingest.poll_schedule import options_for, with_hub_lease
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost, write_plans
from syndicate.jobs.ingest.entry_plan import EntryPlan, dates_by_first_seen
from syndicate.jobs.ingest.source_reading import push_parse_request
from syndicate.model import HubState, HubSubscription, ParsedSource, Push, Source, SourceState
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import hub_store, source_store
from syndicate.text.plain import clean_line
from syndicate.text.urls import host_of

log = logging.getLogger("syndicate.websub")

LEASE = timedelta(minutes=10)
HUBS, PUSHES, THREADS = 50, 20, 4
FIRST_RETRY = timedelta(hours=1)
"""Time that a hub has to verify an accepted request before the request is repeated."""
MAX_RETRY = timedelta(days=1)
AFTER_DENIAL = timedelta(days=7)
UNSUBSCRIBE_ATTEMPTS = 3
"""After these attempts an unsubscription counts as done: further deliveries get a 410."""
RENEW_AT = 0.8
"""Share of the lease after which it is renewed, so that the hub may be down for the rest."""
MIN_RENEWAL = timedelta(hours=1)
PING_GAP = timedelta(minutes=1)
"""Minimum time between two polls that pings without content trigger."""
MAX_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubJob:
    """Keeps subscriptions and reads pushes.

    ``callback_url`` returns the public address of a callback. ``enabled`` is false for a site that hubs
    cannot reach: then the job unsubscribes from all hubs. ``is_local`` returns whether a host is in an
    allowed private network, where a secret is safe without TLS.
    """

    importer: EntryImporter
    callback_url: Callable[[str], str]
    is_local: Callable[[str], bool]
    enabled: bool
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def keep_subscriptions(
        self, now: datetime, *, shard: int | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> dict[str, int]:
        """Send the due requests to hubs, of a ``shard`` or of all, and count them by their result.

        They subscribe, renew or unsubscribe.
        """
        if shard is None:
            self.due_shards(now)
        results: list[bool | None] = []
        while not should_stop() and (claimed := self._claim(now, shard)):
            with ThreadPoolExecutor(THREADS, thread_name_prefix="hubs") as pool:
                results += pool.map(lambda subscription: self._ask(subscription, now, should_stop), claimed)
        return {"asked": results.count(True), "failed": results.count(False)}

    def due_shards(self, now: datetime) -> list[int]:
        """End or renew subscriptions where it is time; return the shards with due requests to hubs."""
        with self.importer.store.write() as connection:
            hub_store.request_unsubscriptions(connection, now=now, everything=not self.enabled)
            for source_id in hub_store.renew_expired_leases(connection, now=now):
                self._set_hub(connection, source_id, None, now)
            return hub_store.due_shards(connection, now)

    def _claim(self, now: datetime, shard: int | None) -> list[HubSubscription]:
        store = self.importer.store
        with store.read() as connection:
            if not hub_store.count_due_hubs(connection, now=now, shard=shard):
                return []
        with store.write() as connection:
            claimed = hub_store.claim_hubs(connection, now=now, until=now + LEASE, limit=HUBS, shard=shard)
            for index, subscription in enumerate(claimed):
                # A hub may verify before it responds, so the state is ASKED before the request is sent.
                if subscription.state in (HubState.WANTED, HubState.DENIED):
                    claimed[index] = replace(subscription, state=HubState.ASKED)
                hub_store.save_attempt(connection, subscription, claimed[index], next_try=now + LEASE)
        return claimed

    def _ask(
        self, subscription: HubSubscription, now: datetime, should_stop: Callable[[], bool]
    ) -> bool | None:
        """Send a request; return whether the hub accepted it, or ``None`` when the program stops.

        The request is repeated, with growing pauses, until the hub verifies.
        """
        store = self.importer.store
        is_leaving = subscription.state is HubState.LEAVING
        mode = "unsubscribe" if is_leaving else "subscribe"
        callback_url = self.callback_url(subscription.callback)
        secret = self._shared_secret(subscription)
        form = websub_protocol.subscription_request(mode, subscription.topic, callback_url, secret)
        error = ""
        try:
            self.importer.fetcher().post(subscription.hub, form, should_stop=should_stop)
        except FetchStopped:
            with store.write() as connection:
                hub_store.save_attempt(connection, subscription, subscription, next_try=now)
            return None
        except FetchError as problem:
            error = str(problem)[:MAX_REASON]
            log.warning("hub", extra={"did": {"hub": subscription.hub, "mode": mode, "error": error}})
        attempts = subscription.attempts + 1
        is_over = is_leaving and attempts >= UNSUBSCRIBE_ATTEMPTS
        state = HubState.ENDED if is_over else subscription.state
        pause = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), MAX_RETRY)
        after = replace(subscription, state=state, attempts=attempts, error=error)
        with store.write() as connection:
            hub_store.save_attempt(connection, subscription, after, next_try=now + pause)
        return not error

    def verify(self, callback: str, query: Mapping[str, str]) -> str | None:
        """Return the body for a hub's verification (5.2, 5.3): ``""`` for a denial, ``None`` for a 404."""
        now, mode, topic = self.clock(), query.get("hub.mode", ""), query.get("hub.topic", "")
        if not topic.isprintable():
            return None
        challenge = websub_protocol.read_challenge(query)
        with self.importer.store.read() as connection:
            # An unknown callback must not get at the write lock.
            if hub_store.find_hub_subscription(connection, callback) is None:
                return None
        with self.importer.store.write() as connection:
            if mode == "denied":
                reason = clean_line(query.get("hub.reason", ""), MAX_REASON) or "without a reason"
                reason = f"the hub refused: {reason}"
                source_id = hub_store.deny_hub_subscription(
                    connection, callback, topic, reason=reason, next_try=now + AFTER_DENIAL
                )
                if source_id is None:
                    return None
                self._set_hub(connection, source_id, None, now)
                return ""
            if mode == "unsubscribe" and challenge:
                return challenge if hub_store.confirm_unsubscription(connection, callback, topic) else None
            if mode != "subscribe" or not challenge:
                return None
            lease = timedelta(seconds=websub_protocol.parse_lease_seconds(query.get("hub.lease_seconds", "")))
            renewal = now + max(lease * RENEW_AT, MIN_RENEWAL)
            source_id = hub_store.confirm_hub_subscription(
                connection, callback, topic, expires=now + lease, next_try=renewal
            )
            if source_id is None:
                return None
            stored = source_store.get_source(connection, source_id)
            if stored and stored[1].websub_lease_until:
                self._set_hub(connection, source_id, now + lease, now)
            return challenge

    def expects(self, callback: str) -> int:
        """Return 202 for an active subscription's callback, 410 after its end, else 404 (W11, W12)."""
        with self.importer.store.read() as connection:
            return _status(hub_store.find_hub_subscription(connection, callback))

    def receive(self, callback: str, content_type: str, signature: str, body: bytes) -> int:
        """Store a push and return its response status (sections 7 and 7.1); ``read_pushes`` parses the body.

        A push with a wrong signature gets the same status and is ignored. Without a shared secret the sender
        is unknown: then the push only triggers a poll.
        """
        now = self.clock()
        with self.importer.store.read() as connection:
            subscription = hub_store.find_hub_subscription(connection, callback)
        status = _status(subscription)
        if subscription is None or status >= 400:
            return status
        secret = self._shared_secret(subscription)
        if secret and not websub_protocol.is_signed(signature, body, secret):
            hub = {"hub": subscription.hub}
            log.warning("a push with a wrong signature was ignored", extra={"did": hub})
            return 202
        with self.importer.store.write() as connection:
            is_stored = secret and hub_store.add_push(
                connection, subscription, content_type=content_type, body=body, now=now
            )
            if not is_stored:
                reason = "its hub says that something is new (WebSub)"
                self._poll_soon(connection, subscription.source_id, now, reason)
        return 202

    def read_pushes(
        self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False
    ) -> dict[str, int]:
        """Parse, store and count the waiting pushes; the push of a source that is being polled waits."""
        with self.importer.store.read() as connection:
            waiting = hub_store.waiting_pushes(connection, limit=PUSHES)
        pushes = new = changed = 0
        for push in waiting:
            if should_stop():
                break
            pushes += 1
            stored = self._read(push, now)
            if stored:
                added, plan = stored
                new, changed = new + added, changed + len(plan.changed)
        return {"pushes": pushes, "new": new, "changed": changed}

    def _read(self, push: Push, now: datetime) -> tuple[int, EntryPlan] | None:
        """Return the number of new articles with the stored plan, or ``None`` when nothing was stored."""
        with self.importer.store.write() as connection:
            claimed = source_store.claim_source(
                connection, push.source_id, now=now, owner=self.importer.owner, until=now + LEASE
            )
            if claimed is None:
                _drop_if_stopped(connection, push)
                return None
        source, state = claimed
        try:
            known = self.importer.known_item_hashes({source.id: listed_hashes(push.body)})[source.id]
            request = push_parse_request(push, known)
            return self._store(push, source, state, self.importer.parser().parse(request), now)
        except ParseError as error:
            self._reject(push, source, error, now)
        except LeaseLost:
            pass
        except StoreError:
            raise
        except Exception as error:
            bug = None if source.private else error
            log.error("a push for %s could not be used", source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"a push could not be used ({type(error).__name__}: {error})")
            self._reject(push, source, problem, now)
        return None

    def _store(
        self, push: Push, source: Source, state: SourceState, parsed: ParsedSource, now: datetime
    ) -> tuple[int, EntryPlan]:
        """Store the articles, the end of the push and the delivery of the hub in a transaction."""
        content = DocumentContent(
            source=source,
            parsed=parsed,
            date_by_first_seen=dates_by_first_seen(source, state),
        )
        (plan,) = self.importer.plan([content], now)
        with self.importer.store.write() as connection:
            (added,) = write_plans(connection, [plan], now)
            hub_store.delete_push(connection, push.id)
            lease_end = hub_store.record_valid_push(connection, source.id, now)
            options = options_for(source, self.importer.polling)
            after = with_hub_lease(state, source.name, lease_end, now, options)
            if not source_store.save_poll(connection, source.id, after, owner=self.importer.owner):
                raise LeaseLost
        return added, plan

    def _reject(self, push: Push, source: Source, error: SyndicateError, now: datetime) -> None:
        """Drop an unreadable push and poll the source soon, as after a ping without content."""
        with self.importer.store.write() as connection:
            hub_store.delete_push(connection, push.id)
            if not isinstance(error, ParseError) or isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, str(error), now=now, source_id=source.id
                )
            source_store.release_sources(connection, [source.id], owner=self.importer.owner)
            self._poll_soon(connection, source.id, now, "what its hub sent could not be read (WebSub)")

    def _poll_soon(self, connection: Connection, source_id: int, now: datetime, reason: str) -> None:
        stored = source_store.get_source(connection, source_id)
        if stored is None or stored[1].gone:
            return
        state = stored[1]
        after_gap = state.last_attempt + PING_GAP if state.last_attempt else now
        earliest = max(now, state.not_before or now, after_gap)
        if state.next_check is None or earliest < state.next_check:
            after = replace(state, next_check=earliest, check_reason=reason)
            source_store.set_next_check(connection, source_id, after)

    def _set_hub(self, connection: Connection, source_id: int, until: datetime | None, now: datetime) -> None:
        stored = source_store.get_source(connection, source_id)
        if stored is None or stored[1].websub_lease_until == until:
            return
        source, state = stored
        options = options_for(source, self.importer.polling)
        after = with_hub_lease(state, source.name, until, now, options)
        source_store.set_next_check(connection, source_id, after)

    def _shared_secret(self, subscription: HubSubscription) -> str:
        """Return the secret for hubs behind TLS (section 5.1) and for local hubs, else ``""``."""
        hub = subscription.hub
        is_safe = hub.lower().startswith("https://") or self.is_local(host_of(hub))
        return subscription.secret if is_safe else ""


def _drop_if_stopped(connection: Connection, push: Push) -> None:
    """Drop the push of a source that is removed, paused or gone."""
    stored = source_store.get_source(connection, push.source_id)
    if stored is None or stored[0].paused or stored[1].gone:
        hub_store.delete_push(connection, push.id)


def _status(subscription: HubSubscription | None) -> int:
    if subscription is not None and subscription.state in (HubState.LEAVING, HubState.ENDED):
        return 410
    return 202 if subscription is not None and subscription.state is HubState.ACTIVE else 404
