"""Mails and events of saved searches, when something new matches."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.errors import ConfigError, RenderStopped, StoreError, SyndicateError
from syndicate.jobs.newsletter.message_job import MessageJob
from syndicate.model import Article, Newsletter, reader_link
from syndicate.newsletter.periods import Period
from syndicate.publish.channel_query import parse_query
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.events.event_log import add_event
from syndicate.store.ingest import source_store
from syndicate.store.mail import message_store
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import DAY, SavedSearch
from syndicate.store.subscribers import audience_store

MOST = 20
# Older matches are not sent: after a pause a subscriber does not get the news of weeks.
LATEST = timedelta(days=3)
# A search without a match rests for so long.
PAUSE = timedelta(minutes=15)
_KIND = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMailJob:
    """Job that queues a mail, or writes an event, for each due search with new matches.

    The search moves on in the transaction of its mail or event: killed before it, the next run finds the
    same matches; killed after it, none of them.
    """

    messages: MessageJob

    def run(
        self, now: datetime, names: Collection[str], should_stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Look at the due searches of these newsletters, and of operators; return the number that sent."""
        store = self.messages.review.store
        with store.read() as connection:
            upto = saved_searches.last_placed(connection)
            due = saved_searches.due_searches(connection, now, names, upto)
        sent = 0
        for search in due:
            if should_stop():
                break
            try:
                sent += self._look(search, upto, now)
            except (RenderStopped, StoreError):
                raise
            except SyndicateError as error:
                with store.write() as connection:
                    saved_searches.advance_search(connection, search, search.seen_id, now + DAY)
                    quarantine.record_failure(connection, _KIND, str(search.id), str(error), now=now)
        return sent

    def _look(self, search: SavedSearch, upto: int, now: datetime) -> bool:
        store = self.messages.review.store
        with store.read() as connection:
            newsletter = self._newsletter(connection, search)
            found = self._matches(connection, search, upto, now)
        rendered = self._render(newsletter, search, found, now) if newsletter and found else None
        next_at = now + (DAY / search.per_day if found else PAUSE)
        with store.write() as connection:
            of_subscription = search.subscription_id is not None
            if of_subscription and not audience_store.is_confirmed(connection, search.subscription_id or 0):
                saved_searches.end_search(connection, search.id, now)
                return False
            if not saved_searches.advance_search(connection, search, upto, next_at):
                return False
            if rendered and newsletter and search.subscription_id is not None:
                message_store.queue_search(
                    connection, newsletter.name, search.id, search.subscription_id, rendered, now
                )
            elif found and not of_subscription:
                data = {"search": search.query, "articles": [article.uid for article in found]}
                add_event(connection, "search.matched", f"search/{search.id}", data, now)
            quarantine.clear_failure(connection, _KIND, str(search.id))
        return bool(found)

    def _newsletter(self, connection: Connection, search: SavedSearch) -> Newsletter | None:
        if search.subscription_id is None:
            return None
        name = audience_store.subscription_newsletter(connection, search.subscription_id)
        return next((known for known in self.messages.review.newsletters if known.name == name), None)

    def _matches(
        self, connection: Connection, search: SavedSearch, upto: int, now: datetime
    ) -> list[Article]:
        try:
            clauses = parse_query(search.query)
        except ConfigError:
            return []
        ids = search.seen_id, upto
        return saved_searches.new_matches(connection, clauses, ids, since=now - LATEST, limit=MOST)

    def _render(
        self, newsletter: Newsletter, search: SavedSearch, found: list[Article], now: datetime
    ) -> tuple[str, str, str]:
        """Return the mail: the matches as a written message. Raises ``SyndicateError``."""
        renderer, store = self.messages.composer.renderer, self.messages.review.store
        with store.read() as connection:
            own = {source.id for source in source_store.list_sources(connection) if source.own}
            links = [
                reader_link(
                    own=known.source_id in own, url=known.url, path=known.path, site_url=renderer.site.url
                )
                for known in found
            ]
            text = "\n\n".join(f"{{{{ story {link} }}}}" for link in links)
            content, _ = self.messages.composer.compose(
                connection, newsletter, text, subject=f"“{search.query}”: {found[0].title}"
            )
        checked = renderer.check(
            newsletter, Period(start=now, end=now), content, variant_key=f"search:{search.id}", has_page=False
        )
        if checked.errors:
            raise SyndicateError("; ".join(checked.errors))
        return checked.parts
