"""Store polls: the articles, the source's own description, and the time of its next poll.

Polls with content are stored several at a time, in a transaction. A poll commits its articles, validators
and next check time together. If the program dies first, the next poll reads the same bytes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_urlsafe

from syndicate.errors import NO_EXCHANGE, FetchError, ParserDied, SyndicateError
from syndicate.ingest import poll_schedule as schedule
from syndicate.ingest.websub_protocol import discover
from syndicate.jobs.events.noted_changes import note_answers, note_failure
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost, write_plans
from syndicate.jobs.ingest.entry_plan import EntryPlan, SourceOutcome
from syndicate.jobs.ingest.poll_parsing import Poll
from syndicate.jobs.ingest.poll_records import PollRecord, QuietPoll, record_of, response_body, save_records
from syndicate.jobs.ingest.robots_lookup import pause_origin
from syndicate.model import Hub, Origin, Source, SourceState
from syndicate.net import Fetched
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, hub_store, source_store
from syndicate.text.privacy import mask_address
from syndicate.text.urls import host_shard, origin_of

# Recent publication dates read to estimate the publishing rate (see ``publish_rate_of``).
RATE_DATES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PollStoring:
    """Stores polls. ``follow_hubs``: store the WebSub hubs that feeds name."""

    importer: EntryImporter
    follow_hubs: bool

    def save(self, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        """Store polls of different sources, all or none; ``LeaseLost`` if another process leased any."""
        plans = self.importer.plan([poll.content for poll in polls], now)
        records = [_record(poll, now) for poll in polls]
        with self.importer.store.write() as connection:
            added = write_plans(connection, plans, now)
            ids = [poll.source.id for poll in polls]
            if not source_store.has_leases(connection, ids, owner=self.importer.owner):
                raise LeaseLost
            states = [
                self._state_after(connection, poll, plan, count, now)
                for poll, plan, count in zip(polls, plans, added, strict=True)
            ]
            hub_store.save_hubs(
                connection, self._hubs(polls), secrets=lambda: (token_urlsafe(24), token_urlsafe(32)), now=now
            )
            listed = {
                poll.source.id: poll.content.parsed.item_hashes
                for poll in polls
                if poll.source.kind.lists_items and not poll.is_partial
            }
            quarantined = quarantine.clear_unlisted(connection, listed)
            for poll in polls:
                _quarantine_items(connection, poll, now)
            for index, poll in enumerate(polls):
                if poll.source.id in quarantined:
                    # With its skeleton's hash, the document would count as unchanged without the quarantined
                    # items, and they would stay quarantined.
                    states[index] = replace(states[index], feed_skeleton_hash="")
            note_answers(connection, [poll.source for poll in polls], now)
            source_store.save_polls(connection, map(_saved, polls, states), owner=self.importer.owner)
            counts = zip(records, added, plans, strict=True)
            save_records(connection, [record.counted(new, len(plan.changed)) for record, new, plan in counts])
        return [
            plan.outcome(count, poll.state.read_from)
            for poll, plan, count in zip(polls, plans, added, strict=True)
        ]

    def save_failure(
        self,
        source: Source,
        state: SourceState,
        error: SyndicateError,
        now: datetime,
        response: Fetched | None = None,
    ) -> SourceOutcome:
        """Store a failed poll, of a response that could not be used or of none."""
        outcome = schedule.failed(source.name, error)
        if source.private:
            outcome = replace(outcome, error=mask_address(outcome.error, source.url))
        after = schedule.after_poll(state, outcome, now, schedule.options_for(source, self.importer.polling))
        answer = response or (error if isinstance(error, FetchError) else None)
        exchange = answer.exchange if answer else NO_EXCHANGE
        body = response_body(response) if response else None
        record = record_of(source, "failed", now, exchange, body, keep=after.error != state.error)
        with self.importer.store.write() as connection:
            shard = _shard_after(source, state, after)
            if source_store.save_poll(connection, source.id, after, owner=self.importer.owner, shard=shard):
                save_records(connection, [record])
                note_failure(connection, source, state, after, now)
            if isinstance(error, FetchError) and error.busy:
                pause_origin(connection, error, now)
            if isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, outcome.error, now=now, source_id=source.id
                )
        return SourceOutcome(name=source.name, error=after.error)

    def save_redirected(self, poll: QuietPoll, now: datetime) -> SourceOutcome:
        """Store a poll without news after a permanent redirect. Raises ``LeaseLost``."""
        source, state, record = poll
        after, url = _replaced(source, state)
        shard, owner = _shard_after(source, state, after, url), self.importer.owner
        with self.importer.store.write() as connection:
            note_answers(connection, [source], now)
            if not source_store.save_poll(
                connection, source.id, after, owner=owner, url=url or None, shard=shard
            ):
                raise LeaseLost
            save_records(connection, [record])
        return SourceOutcome(name=source.name, unchanged=True)

    def _state_after(
        self, connection: Connection, poll: Poll, plan: EntryPlan, added: int, now: datetime
    ) -> SourceState:
        parsed, source = poll.content.parsed, poll.source
        before, published = poll.state, poll.outcome.published
        if added and poll.response:
            published = article_store.latest_published(connection, source.id, limit=RATE_DATES)
            # A working hub would have pushed these articles earlier.
            late = (new for new in plan.new if new.dated and new.published <= now - schedule.HUB_GRACE)
            if before.websub_lease_until and any(late):
                before = replace(before, websub_lease_until=None)
        outcome = schedule.with_feed_hints(poll.outcome, parsed, published)
        after = schedule.after_poll(before, outcome, now, schedule.options_for(source, self.importer.polling))
        if poll.is_partial:
            # With validators the next response would be unchanged, and the left items never parsed.
            after = replace(after, etag="", last_modified="", body_hash="")
        return replace(after, warning=" ".join(parsed.warnings), feed_skeleton_hash=poll.feed_skeleton_hash)

    def _hubs(self, polls: Sequence[Poll]) -> dict[int, Hub | None]:
        if not self.follow_hubs:
            return {}
        return {
            # A hub would learn the address of a private source.
            poll.source.id: None
            if poll.source.private
            else discover(poll.response.links, poll.content.parsed, poll.response.url)
            for poll in polls
            if poll.response and poll.source.kind.is_feed
        }


def _quarantine_items(connection: Connection, poll: Poll, now: datetime) -> None:
    """Quarantine the crashing items now; they crashed the parser three times."""
    source = poll.source
    for item_hash, reason in poll.crashing_items:
        shown = mask_address(reason, source.url) if source.private else reason
        failures = {"source_id": source.id, "attempts": quarantine.LIMIT}
        shown = shown[: schedule.MAX_ERROR_CHARACTERS]
        quarantine.record_failure(connection, "entry", item_hash, shown, now=now, **failures)


def _record(poll: Poll, now: datetime) -> PollRecord:
    outcome = "cut" if poll.content.parsed.cut_off else "new"
    if poll.response is None:
        return record_of(poll.source, outcome, now)
    return record_of(poll.source, outcome, now, poll.response.exchange, poll.response.body, keep=True)


def _saved(poll: Poll, state: SourceState) -> source_store.SavedPoll:
    state, url = _replaced(poll.source, state)
    shard = _shard_after(poll.source, poll.state, state, url)
    about = {name: getattr(poll.content.parsed, name) for name in ("title", "home_url", "feed_id")}
    return source_store.SavedPoll(source_id=poll.source.id, state=state, url=url, shard=shard, **about)


def _shard_after(source: Source, before: SourceState, after: SourceState, url: str = "") -> int | None:
    """Return the shard of a new polled address, or ``None`` while the address stays the same."""
    if not url and after.moved_to == before.moved_to:
        return None
    return host_shard(schedule.polled_url(url or source.url, after))


def _replaced(source: Source, state: SourceState) -> tuple[SourceState, str]:
    """Return the state to store, and the address that replaces the source's own, or ``""``.

    The configuration or a list decides about the address of its sources, so only the state keeps the new
    address. A secret stays with its scheme, host and port.
    """
    url = schedule.replacement_url(source.url, state)
    if not url or (source.access is not None and origin_of(url) != origin_of(source.url)):
        return state, ""
    if source.origin is Origin.STORE and not source.listed_in and source.access is None:
        return schedule.with_new_address(url, state, url), url
    return schedule.with_new_address(source.url, state, url), ""
