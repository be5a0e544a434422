"""Storing of polls: articles, the source's description of itself, and the time of its next poll.

Polls that bring something are stored several at a time, in one transaction: each is in it whole, with its
validators, so that a poll that was not stored gets the same bytes again.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.errors import FetchError, ParserDied, SyndicateError
from syndicate.ingest.poll_schedule import (
    after_poll,
    failed,
    hub_missed,
    options_for,
    replacing_url,
    told,
    with_feed_hints,
    with_new_address,
)
from syndicate.ingest.websub_protocol import discover
from syndicate.jobs.ingest.crashing_items import quarantine_items
from syndicate.jobs.ingest.document_content import Poll
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.jobs.ingest.poll_result import SourceOutcome
from syndicate.jobs.ingest.robots_lookup import pause_origin
from syndicate.model import Hub, NewArticle, Origin, Source, SourceKind, SourceState
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, hub_store, source_store
from syndicate.text.privacy import hide_address
from syndicate.text.urls import origin_of

# So many publications tell a source's rhythm, also of one that publishes ten at a time.
RHYTHM = 60
# Each reading of them lists all their items.
_WHOLE = (SourceKind.FEED, SourceKind.FOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollStoring:
    """Stores what polls bring. ``follow_hubs`` is whether hubs that feeds name are taken down."""

    intake: EntryImporter
    follow_hubs: bool

    def save(self, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        """Store polls of different sources, all or none.

        Raises ``LeaseLost`` when one of the sources is not ours any more.
        """

        def settle(connection: Connection, new: Sequence[Sequence[NewArticle]]) -> None:
            ids = [poll.source.id for poll in polls]
            if not source_store.has_leases(connection, ids, owner=self.intake.owner):
                raise LeaseLost
            states = [
                self._after(connection, poll, found, now) for poll, found in zip(polls, new, strict=True)
            ]
            hub_store.save_hubs(connection, self._hubs(polls), secrets=_callback_and_secret, now=now)
            whole = [poll for poll in polls if poll.source.kind in _WHOLE and not poll.is_partial]
            listed = {poll.source.id: poll.reading.parsed.item_hashes for poll in whole}
            resting = quarantine.clear_unlisted(connection, listed)
            for poll in polls:
                quarantine_items(connection, poll.source, poll.killers, now)
            saved = [
                # Or the document without the items that rest would be one without news, and they would stay.
                _saved(poll, replace(state, feed_skeleton_hash="") if poll.source.id in resting else state)
                for poll, state in zip(polls, states, strict=True)
            ]
            source_store.save_polls(connection, saved, owner=self.intake.owner)

        done = self.intake.accept_all([poll.reading for poll in polls], now, settle)
        return [
            replace(outcome, warning=told(outcome.warning, poll.state.read_from))
            if poll.state.read_from
            else outcome
            for outcome, poll in zip(done, polls, strict=True)
        ]

    def save_failure(
        self, source: Source, state: SourceState, error: SyndicateError, now: datetime
    ) -> SourceOutcome:
        """Note a poll that failed."""
        outcome = failed(source.name, error)
        if source.private:
            outcome = replace(outcome, error=hide_address(outcome.error, source.url))
        after = after_poll(state, outcome, now, options_for(source, self.intake.polling))
        with self.intake.store.write() as connection:
            source_store.save_poll(connection, source.id, after, owner=self.intake.owner)
            if isinstance(error, FetchError) and error.busy:
                pause_origin(connection, error, now)
            if isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, outcome.error, now=now, source_id=source.id
                )
        return SourceOutcome(name=source.name, error=after.error)

    def save_redirected(self, source: Source, state: SourceState) -> SourceOutcome:
        """Note a poll without news whose address may have to be replaced. Raises ``LeaseLost``."""
        state, url = _replaced(source, state)
        with self.intake.store.write() as connection:
            if not source_store.save_poll(
                connection, source.id, state, owner=self.intake.owner, url=url or None
            ):
                raise LeaseLost
        return SourceOutcome(name=source.name, unchanged=True)

    def _after(
        self, connection: Connection, poll: Poll, new: Sequence[NewArticle], now: datetime
    ) -> SourceState:
        parsed, source = poll.reading.parsed, poll.source
        before, published = poll.state, poll.outcome.published
        if new and poll.answer:
            published = article_store.latest_published(connection, source.id, limit=RHYTHM)
            if before.websub_lease_until and hub_missed(
                (article.published for article in new if article.dated), now
            ):
                before = replace(before, websub_lease_until=None)
        came = with_feed_hints(poll.outcome, parsed, published)
        after = after_poll(before, came, now, options_for(source, self.intake.polling))
        if poll.is_partial:
            # Or the next answer would count as unchanged, and the items not read would never be.
            after = replace(after, etag="", last_modified="", body_hash="")
        return replace(after, warning=" ".join(parsed.warnings), feed_skeleton_hash=poll.feed_skeleton_hash)

    def _hubs(self, polls: Sequence[Poll]) -> dict[int, Hub | None]:
        if not self.follow_hubs:
            return {}
        return {
            # A hub would be told the address.
            poll.source.id: None
            if poll.source.private
            else discover(poll.answer.links, poll.reading.parsed, poll.answer.url)
            for poll in polls
            if poll.answer and poll.source.kind is SourceKind.FEED
        }


def _saved(poll: Poll, state: SourceState) -> source_store.SavedPoll:
    parsed = poll.reading.parsed
    state, url = _replaced(poll.source, state)
    return source_store.SavedPoll(
        source_id=poll.source.id,
        state=state,
        title=parsed.title,
        home_url=parsed.home_url,
        feed_id=parsed.feed_id,
        url=url,
    )


def _replaced(source: Source, state: SourceState) -> tuple[SourceState, str]:
    """Return the state to store, and the address that replaces the source's own, if any does.

    The file or a list decides about the address of its sources, so theirs is only remembered. A secret stays
    with its scheme, host and port.
    """
    url = replacing_url(source.url, state)
    if not url or (source.access is not None and origin_of(url) != origin_of(source.url)):
        return state, ""
    if source.origin is Origin.STORE and not source.listed_in and source.access is None:
        return with_new_address(url, state, url), url
    return with_new_address(source.url, state, url), ""


def _callback_and_secret() -> tuple[str, str]:
    return secrets.token_urlsafe(24), secrets.token_urlsafe(32)
