"""Signed links in mails, verified without the write lock, so that forged links keep no writer waiting."""

from syndicate.audience.link_tokens import SEARCH, UNSUBSCRIBE, read_token
from syndicate.store import Store
from syndicate.store.leases import leases
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import SavedSearch


def read_link(store: Store, token: str, purpose: str = UNSUBSCRIBE) -> int | None:
    """Return the id in the token of a link, ``None`` for an invalid token."""
    with store.read() as connection:
        return read_token(leases.read_secret(connection), token, purpose)


def read_subscription_link(store: Store, token: str) -> int | None:
    """Return the subscription of a link in a mail of its newsletter or of its saved searches."""
    found = read_link(store, token)
    if found is not None:
        return found
    search = read_search_link(store, token)
    return search.subscription_id if search else None


def read_search_link(store: Store, token: str) -> SavedSearch | None:
    """Return the saved search of a link in its mails; it may have ended."""
    search_id = read_link(store, token, SEARCH)
    if search_id is None:
        return None
    with store.read() as connection:
        return saved_searches.get_search(connection, search_id)
