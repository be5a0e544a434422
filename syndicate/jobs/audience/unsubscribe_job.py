"""Unsubscribe job: verify the token of a link and end its subscription."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from syndicate.audience.link_tokens import read_token
from syndicate.store import Store
from syndicate.store.core import leases
from syndicate.store.mail import audience_store, newsletter_store


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeJob:
    """Verify unsubscribe tokens and end their subscriptions; each call is a transaction."""

    store: Store
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def newsletter_title(self, token: str) -> str | None:
        """Return the title of the token's newsletter, ``None`` for an invalid token."""
        subscription_id = self._subscription(token)
        if subscription_id is None:
            return None
        with self.store.read() as connection:
            name = audience_store.subscription_newsletter(connection, subscription_id)
            return None if name is None else newsletter_store.newsletter_titles(connection).get(name, name)

    def unsubscribe(self, token: str) -> bool:
        """End the subscription; true also when it had ended before, false for an invalid token."""
        subscription_id = self._subscription(token)
        if subscription_id is None:
            return False
        with self.store.write() as connection:
            name = audience_store.end_subscription(
                connection, subscription_id, detail="by the link in a mail", now=self.clock()
            )
        return name is not None

    def has_ended(self, token: str) -> bool:
        """Return whether the subscription of a valid token has ended."""
        subscription_id = self._subscription(token)
        if subscription_id is None:
            return False
        with self.store.read() as connection:
            return not audience_store.is_confirmed(connection, subscription_id)

    def _subscription(self, token: str) -> int | None:
        with self.store.read() as connection:
            secret = leases.read_secret(connection)
        return read_token(secret, token)
