"""Messages of deliveries: each edition is encoded once and then addressed to each subscriber.

Mail whose DKIM key cannot be read waits; ``status`` shows the reason, and other mail is sent.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.audience.link_tokens import CONFIRM, SEARCH, make_token, unsubscribe_token
from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.delivery.message_ids import message_id
from syndicate.delivery.outgoing import Message
from syndicate.delivery.verp import verp_sender
from syndicate.errors import ConfigError, MailError, Refused, RenderError
from syndicate.model import Delivery
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.core.retry import RetryingStore
from syndicate.store.mail import delivery_store, edition_store, message_store

_Encoded = tuple[MessageTemplate, MailOptions]
_UNSIGNED = "signature of"
"""Kind of the failures of newsletters whose mail cannot be signed."""
_UNSIGNED_RETRY = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class MessageBuilder:
    """Build the messages of a run from a cache of encoded editions."""

    store: RetryingStore
    mail: Callable[[str], MailOptions]
    secret: bytes
    _editions: dict[int, _Encoded | RenderError] = field(default_factory=dict, init=False)
    # Saved search of each edition that is the mail of a search.
    _searches: dict[int, int] = field(default_factory=dict, init=False)
    _confirmations: set[int] = field(default_factory=set, init=False)

    def unsigned(self, edition_id: int) -> tuple[str, str] | None:
        """Return the newsletter and the reason if the mail of an edition cannot be signed now."""
        if edition_id not in self._editions:
            edition = self.store.read(partial(edition_store.get_edition, edition_id=edition_id))
            try:
                self.mail(edition.newsletter if edition else "")
            except ConfigError as error:
                return (edition.newsletter if edition else ""), str(error)
        return None

    def envelope_sender(self, delivery: Delivery) -> str:
        """Return the envelope sender, which receives bounces; ``""`` when the message cannot be built."""
        edition = self._edition(delivery.edition_id)
        if isinstance(edition, RenderError):
            return ""
        _, options = edition
        if not options.bounce_address:
            return options.sender_address
        return verp_sender(self.secret, options.bounce_address, delivery.id, delivery.address)

    def message(self, delivery: Delivery) -> Message:
        """Return the subscriber's message. Raises ``RenderError`` or ``Refused``."""
        edition = self._edition(delivery.edition_id)
        if isinstance(edition, RenderError):
            raise edition
        template, options = edition
        if delivery.edition_id in self._confirmations:
            token = make_token(self.secret, delivery.id, CONFIRM)
        elif search_id := self._searches.get(delivery.edition_id):
            token = make_token(self.secret, search_id, SEARCH)
        else:
            token = unsubscribe_token(self.secret, delivery.subscription_id)
        try:
            return template.for_subscriber(
                delivery.address,
                token,
                message_id(self.secret, delivery.edition_id, delivery.subscription_id, options.domain),
            )
        except Refused:
            raise
        except (MailError, ValueError) as error:
            raise RenderError(f"Cannot build the message: {error}") from error

    def _edition(self, edition_id: int) -> _Encoded | RenderError:
        if edition_id not in self._editions:
            try:
                self._editions[edition_id] = self._encode(edition_id)
            except (MailError, RenderError, ValueError) as error:
                # An edition that cannot be encoded must not block the others.
                self._editions[edition_id] = RenderError(f"Edition {edition_id} cannot be mailed: {error}")
        return self._editions[edition_id]

    def _encode(self, edition_id: int) -> _Encoded:
        edition = self.store.read(partial(edition_store.get_edition, edition_id=edition_id))
        if edition is None:
            raise RenderError("it is not in the store any more")
        options = replace(self.mail(edition.newsletter), web_url=edition.web_url)
        if edition.variant_key.startswith(edition_store.CONFIRMATION):
            self._confirmations.add(edition_id)
            # A confirmation mail is not a mail of the list: its recipient has not subscribed yet.
            options = replace(options, unsubscribe_address="")
        if edition.variant_key.startswith(message_store.SEARCH):
            self._searches[edition_id] = int(edition.variant_key.removeprefix(message_store.SEARCH))
        return MessageTemplate.build(edition, options), options


def put_off_unsigned(
    connection: Connection, ids: Sequence[int], newsletter: str, reason: str, *, owner: str, now: datetime
) -> None:
    """Put unsigned deliveries of a newsletter off, and record the reason."""
    delivery_store.put_off(connection, ids, owner=owner, not_before=now + _UNSIGNED_RETRY)
    quarantine.record_failure(connection, _UNSIGNED, newsletter, reason, now=now)


def clear_signed(store: Store, mail: Callable[[str], MailOptions]) -> None:
    """Clear the failures of newsletters whose keys can be read again."""
    with store.read() as connection:
        failed = quarantine.failures(connection, kind=_UNSIGNED)
    for failure in failed:
        with suppress(ConfigError):
            mail(failure.subject)
            with store.write() as connection:
                quarantine.clear_failure(connection, _UNSIGNED, failure.subject)
