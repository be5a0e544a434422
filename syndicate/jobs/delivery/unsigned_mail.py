"""Mail whose DKIM key cannot be read: it waits, ``status`` says why, and other mail is sent."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from syndicate.delivery.message import MailOptions
from syndicate.errors import ConfigError
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.mail import delivery_store

KIND = "signature of"
_RETRY = timedelta(minutes=5)


def put_off_unsigned(
    connection: Connection, ids: Sequence[int], newsletter: str, reason: str, *, owner: str, now: datetime
) -> None:
    """Put deliveries of a newsletter off, and record the reason."""
    delivery_store.put_off(connection, ids, owner=owner, not_before=now + _RETRY)
    quarantine.record_failure(connection, KIND, newsletter, reason, now=now)


def clear_signed(store: Store, mail: Callable[[str], MailOptions]) -> None:
    """Clear the failures of newsletters whose keys can be read again."""
    with store.read() as connection:
        failed = quarantine.failures(connection, kind=KIND)
    for failure in failed:
        with suppress(ConfigError):
            mail(failure.subject)
            with store.write() as connection:
                quarantine.clear_failure(connection, KIND, failure.subject)
