"""WebSub: asking hubs for what our sources publish, answering their questions, reading what they send.

Everything is a row: what to ask and when, what was granted until when, what was sent and not read yet. A
process that dies anywhere leaves a request that is repeated or a push that is read by the next one. Three
callers: the bell "hubs" (``keep_subscriptions``), the bell "pushes" (``read_pushes``) and the web server
(``verify``, ``receive``), which only writes a row and answers.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from syndicate.errors import FetchError, FetchStopped, ParseError, ParserDied, StoreError, SyndicateError
from syndicate.ingest.poll_schedule import PollingOptions, options_for, with_hub
from syndicate.ingest.websub_protocol import challenge_of, is_signed, lease_of, subscription_request
from syndicate.jobs.ingest.document_content import dates_by_sight, reading_of_entries
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.model import HubState, HubSubscription, NewArticle, ParsedSource, Push, Source, SourceState
from syndicate.net import FetchThread
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import hub_store, source_store
from syndicate.text.plain import clean_line
from syndicate.text.urls import host_of

log = logging.getLogger("syndicate.websub")

LEASE = timedelta(minutes=10)
HUBS, PUSHES, THREADS = 50, 20, 4
# How long a hub may take to verify what it accepted before it is asked again.
PATIENCE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=1)
AFTER_DENIAL = timedelta(days=7)
# A hub that does not answer a leave-taking is left all the same: its deliveries meet a 410.
FAREWELLS = 3
# Renewed after this share of the lease, so that a hub may be away for a fifth of it.
RENEW_AT = 0.8
SOONEST_RENEWAL = timedelta(hours=1)
# A ping without content makes us look, but not more often than this.
PING_GAP = timedelta(minutes=1)
MAX_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubJob:
    """Keeps subscriptions and reads pushes. ``callback_url`` makes an address hubs can reach of a callback.

    ``enabled`` is false for a site hubs cannot reach: then all hubs are left. ``is_ours`` tells of a
    host whether it is in a private network of ours, where a secret stays one without TLS.
    """

    store: Store
    intake: EntryImporter
    poster: Callable[[], FetchThread]
    polling: PollingOptions
    callback_url: Callable[[str], str]
    is_ours: Callable[[str], bool]
    enabled: bool
    owner: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def keep_subscriptions(
        self, now: datetime, *, stopping: Callable[[], bool] = lambda: False
    ) -> dict[str, int]:
        """Ask every hub that should hear from us: new, to be renewed, or to be left. Counts what was done."""
        with self.store.write() as connection:
            hub_store.request_unsubscriptions(connection, now=now, everything=not self.enabled)
            for source_id in hub_store.renew_expired_leases(connection, now=now):
                self._set_hub(connection, source_id, None, now)
        done = {"asked": 0, "failed": 0}
        while not stopping() and (claims := self._claim(now)):
            with ThreadPoolExecutor(THREADS, thread_name_prefix="hubs") as pool:
                answers = pool.map(lambda item: self._ask(item, now, stopping), claims)
                for accepted in answers:
                    if accepted is not None:
                        done["asked" if accepted else "failed"] += 1
        return done

    def _claim(self, now: datetime) -> list[HubSubscription]:
        with self.store.read() as connection:
            if not hub_store.count_due_hubs(connection, now=now):
                return []
        with self.store.write() as connection:
            claims = hub_store.claim_hubs(connection, now=now, until=now + LEASE, limit=HUBS)
            # A hub may verify before it has answered: "asked" has to be true before it hears from us.
            return [self._marked(connection, claim, now) for claim in claims]

    def _marked(self, connection: Connection, one: HubSubscription, now: datetime) -> HubSubscription:
        asked = HubState.ASKED if one.state in (HubState.WANTED, HubState.DENIED) else one.state
        hub_store.save_attempt(
            connection, one, state=asked, next_try=now + LEASE, attempts=one.attempts, error=one.error
        )
        return replace(one, state=asked)

    def _ask(self, one: HubSubscription, now: datetime, stopping: Callable[[], bool]) -> bool | None:
        """Post one form and return whether the hub took it; ``None`` when the program ends.

        Whatever comes of it, the hub is asked again: later each time, until it verifies.
        """
        leaving = one.state is HubState.LEAVING
        mode = "unsubscribe" if leaving else "subscribe"
        callback_url, secret = self.callback_url(one.callback), self._shared_secret(one)
        form = subscription_request(mode, one.topic, callback_url, secret)
        error = ""
        try:
            self.poster().post(one.hub, form, should_stop=stopping)
        except FetchStopped:
            with self.store.write() as connection:
                hub_store.save_attempt(
                    connection, one, state=one.state, next_try=now, attempts=one.attempts, error=one.error
                )
            return None
        except FetchError as problem:
            error = str(problem)[:MAX_REASON]
            log.warning("hub", extra={"did": {"hub": one.hub, "mode": mode, "error": error}})
        attempts = one.attempts + 1
        state = HubState.ENDED if leaving and attempts >= FAREWELLS else one.state
        pause = min(PATIENCE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
        with self.store.write() as connection:
            hub_store.save_attempt(
                connection, one, state=state, next_try=now + pause, attempts=attempts, error=error
            )
        return not error

    def verify(self, callback: str, query: Mapping[str, str]) -> str | None:
        """The answer to a hub's question whether we asked (sections 5.2 and 5.3); ``None`` is a 404.

        A denial is taken note of and answered with nothing.
        """
        now, mode, topic = self.clock(), query.get("hub.mode", ""), query.get("hub.topic", "")
        if not topic.isprintable():
            return None
        challenge = challenge_of(query)
        with self.store.read() as connection:
            # Whoever guesses gets no turn at the store's one lock.
            if hub_store.find_hub_subscription(connection, callback) is None:
                return None
        with self.store.write() as connection:
            if mode == "denied":
                said = clean_line(query.get("hub.reason", ""), MAX_REASON) or "without a reason"
                reason = f"the hub refused: {said}"
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
            lease = timedelta(seconds=lease_of(query.get("hub.lease_seconds", "")))
            renewal = now + max(lease * RENEW_AT, SOONEST_RENEWAL)
            source_id = hub_store.confirm_hub_subscription(
                connection, callback, topic, expires=now + lease, next_try=renewal
            )
            if source_id is None:
                return None
            found = source_store.get_source(connection, source_id)
            if found and found[1].websub_lease_until:
                self._set_hub(connection, source_id, now + lease, now)
            return challenge

    def expects(self, callback: str) -> int:
        """202 for the callback of a live subscription, 410 for one that ended, else 404 (W11, W12)."""
        with self.store.read() as connection:
            return _expected(hub_store.find_hub_subscription(connection, callback))

    def receive(self, callback: str, content_type: str, signature: str, body: bytes) -> int:
        """The status to answer a hub's delivery with (sections 7 and 7.1); the body is read later.

        A wrong signature is answered like a right one and ignored. Without a shared secret the body could be
        anybody's: then it only says that there is something to fetch.
        """
        now = self.clock()
        with self.store.read() as connection:
            one = hub_store.find_hub_subscription(connection, callback)
        status = _expected(one)
        if one is None or status >= 400:
            return status
        secret = self._shared_secret(one)
        if secret and not is_signed(signature, body, secret):
            log.warning("a push with a wrong signature was ignored", extra={"did": {"hub": one.hub}})
            return 202
        with self.store.write() as connection:
            kept = secret and hub_store.add_push(
                connection, one, content_type=content_type, body=body, now=now
            )
            if not kept:
                self._poll_soon(connection, one.source_id, now, "its hub says that something is new (WebSub)")
        return 202

    def read_pushes(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Store what hubs sent. What a poll is just reading waits for the next time."""
        with self.store.read() as connection:
            waiting = hub_store.waiting_pushes(connection, limit=PUSHES)
        done = {"pushes": 0, "new": 0, "changed": 0}
        for push in waiting:
            if stopping():
                break
            new, changed = self._read(push, now)
            done = {
                "pushes": done["pushes"] + 1,
                "new": done["new"] + new,
                "changed": done["changed"] + changed,
            }
        return done if done["pushes"] else {}

    def _read(self, push: Push, now: datetime) -> tuple[int, int]:
        with self.store.write() as connection:
            claimed = source_store.claim_source(
                connection, push.source_id, now=now, owner=self.owner, until=now + LEASE
            )
            if claimed is None:
                self._drop_if_stopped(connection, push)
                return 0, 0
        source, state = claimed
        media, _, parameters = push.content_type.partition(";")
        charset = parameters.partition("charset=")[2].strip(" \"'").lower()
        try:
            known = self.intake.known_item_hashes(source)
            parsed = self.intake.parse(push.body, push.url, media.strip().lower(), charset, known)
            return self._accept(push, source, state, parsed, now)
        except ParseError as error:
            self._refuse(push, source, error, now)
        except LeaseLost:
            pass
        except StoreError:
            raise
        except Exception as error:
            bug = None if source.private else error
            log.error("a push for %s could not be used", source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"a push could not be used ({type(error).__name__}: {error})")
            self._refuse(push, source, problem, now)
        return 0, 0

    def _accept(
        self, push: Push, source: Source, state: SourceState, parsed: ParsedSource, now: datetime
    ) -> tuple[int, int]:
        """Articles, the end of the push and the proof that this hub sends: in one transaction."""

        def settle(connection: Connection, _new: Sequence[NewArticle]) -> None:
            hub_store.delete_push(connection, push.id)
            expires = hub_store.record_valid_push(connection, source.id, now)
            options = options_for(source, self.polling)
            after = with_hub(state, source.name, expires, now, options)
            if not source_store.save_poll(connection, source.id, after, owner=self.owner):
                raise LeaseLost

        reading = reading_of_entries(source, parsed, by_sight=dates_by_sight(source, state))
        outcome = self.intake.accept(reading, now, settle)
        return outcome.new, outcome.changed

    def _refuse(self, push: Push, source: Source, error: SyndicateError, now: datetime) -> None:
        """Not a feed, or not one that can be read here: a thin ping. Look at the source itself."""
        with self.store.write() as connection:
            hub_store.delete_push(connection, push.id)
            if not isinstance(error, ParseError) or isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, str(error), now=now, source_id=source.id
                )
            source_store.release_sources(connection, [source.id], owner=self.owner)
            self._poll_soon(connection, source.id, now, "what its hub sent could not be read (WebSub)")

    def _drop_if_stopped(self, connection: Connection, push: Push) -> None:
        found = source_store.get_source(connection, push.source_id)
        if found is None or found[0].paused or found[1].gone:
            hub_store.delete_push(connection, push.id)

    def _poll_soon(self, connection: Connection, source_id: int, now: datetime, reason: str) -> None:
        found = source_store.get_source(connection, source_id)
        if found is None or found[1].gone:
            return
        state = found[1]
        earliest = max(
            now, state.not_before or now, state.last_attempt + PING_GAP if state.last_attempt else now
        )
        if state.next_check is None or earliest < state.next_check:
            source_store.set_next_check(
                connection,
                source_id,
                next_check=earliest,
                check_reason=reason,
                websub_lease_until=state.websub_lease_until,
            )

    def _set_hub(self, connection: Connection, source_id: int, until: datetime | None, now: datetime) -> None:
        found = source_store.get_source(connection, source_id)
        if found is None or found[1].websub_lease_until == until:
            return
        source, state = found
        after = with_hub(state, source.name, until, now, options_for(source, self.polling))
        source_store.set_next_check(
            connection,
            source_id,
            next_check=after.next_check,
            check_reason=after.check_reason,
            websub_lease_until=after.websub_lease_until,
        )

    def _shared_secret(self, one: HubSubscription) -> str:
        """The secret, where it stays one: it is told only to hubs behind TLS (section 5.1) and to our own."""
        return one.secret if one.hub.lower().startswith("https://") or self.is_ours(host_of(one.hub)) else ""


def _expected(one: HubSubscription | None) -> int:
    if one is not None and one.state in (HubState.LEAVING, HubState.ENDED):
        return 410
    return 202 if one is not None and one.state is HubState.ACTIVE else 404
