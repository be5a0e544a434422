"""Key of the link that adds the first user, which the daemon makes without the libraries of passwords."""

from datetime import datetime, timedelta

from syndicate.access.random_keys import hash_key, new_key
from syndicate.store import Store
from syndicate.store.access import one_time_keys, user_store

SETUP_LINK = "setup"
"""Purpose of the key."""
_VALID = timedelta(hours=1)


def new_setup_key(store: Store, now: datetime) -> str:
    """Return a key that is valid for an hour, or ``""`` if there is a user."""
    key = new_key()
    with store.write() as connection:
        if user_store.has_users(connection):
            return ""
        one_time_keys.add_key(connection, hash_key(key), SETUP_LINK, now + _VALID)
    return key
