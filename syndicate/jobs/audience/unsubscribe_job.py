"""Unsubscribe job: verify the token of a link and end its subscription or its saved search."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from syndicate.jobs.audience.signed_links import read_link, read_search_link
from syndicate.store import Store
from syndicate.store.mail import newsletter_store
from syndicate.store.output import saved_searches
from syndicate.store.subscribers import audience_store


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeJob:
    """Verify unsubscribe tokens and end their subscriptions; each call is a transaction."""

    store: Store
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def newsletter_title(self, token: str) -> str | None:
        """Return the title of the token's newsletter, or the query of its saved search.

        Return ``None`` for an invalid token.
        """
        if search := read_search_link(self.store, token):
            return f"“{search.query}”"
        subscription_id = read_link(self.store, token)
        if subscription_id is None:
            return None
        with self.store.read() as connection:
            name = audience_store.subscription_newsletter(connection, subscription_id)
            return None if name is None else newsletter_store.newsletter_titles(connection).get(name, name)

    def unsubscribe(self, token: str) -> bool:
        """End the subscription or search; true also when it had ended before, false for an invalid token."""
        if search := read_search_link(self.store, token):
            with self.store.write() as connection:
                saved_searches.end_search(connection, search.id, self.clock())
            return True
        subscription_id = read_link(self.store, token)
        if subscription_id is None:
            return False
        with self.store.write() as connection:
            ended = audience_store.end_subscription(
                connection, subscription_id, detail="by the link in a mail", now=self.clock()
            )
        return ended is not None

    def has_ended(self, token: str) -> bool:
        """Return whether the subscription or search of a valid token has ended."""
        if search := read_search_link(self.store, token):
            return search.ended is not None
        subscription_id = read_link(self.store, token)
        if subscription_id is None:
            return False
        with self.store.read() as connection:
            return not audience_store.is_confirmed(connection, subscription_id)
