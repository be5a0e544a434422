"""Preferences of subscribers, opened by the signed link in their mail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from syndicate.audience.choices import Choices, NothingSelected, OfferedChoices, read_choices, read_selection
from syndicate.audience.link_tokens import read_token
from syndicate.jobs.newsletter.edition_storing import sending_times
from syndicate.jobs.newsletter.variants import cadences
from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.model import Newsletter
from syndicate.newsletter.periods import read_zone
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.mail import audience_store, preference_store
from syndicate.store.mail.preference_store import StoredPreferences
from syndicate.store.output import channel_store
from syndicate.store.output.private_feed_store import rotate_feed_address


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesView:
    """Content of the preferences page. ``address`` is masked: the mail may have been forwarded.

    ``problem`` is the list without a ticked box, so that nothing was saved, or ``""``. ``zone`` is the
    subscriber's time zone, or else the newsletter's.
    """

    address: str
    newsletter: str
    offer: OfferedChoices
    choices: Choices
    feed: str = ""
    problem: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesJob:
    """Read and change a subscriber's choices; each call is a transaction."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    consent: str
    feeds: PrivateFeedsJob | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def view(self, token: str) -> PreferencesView | None:
        """Return a subscriber's choices, ``None`` for an invalid token."""
        with self.store.read() as connection:
            stored = self._find_token(connection, token)
            return None if stored is None else self._page(connection, stored)

    def save(self, token: str, fields: Mapping[str, Sequence[str]]) -> PreferencesView | None:
        """Save a submitted form and return the new choices, ``None`` for an invalid token."""
        now = self.clock()
        with self.store.write() as connection:
            stored = self._find_token(connection, token)
            if stored is None:
                return None
            subscription_id = stored.subscription_id
            page = self._page(connection, stored)
            try:
                choices = read_choices(fields, page.offer, page.choices, now)
            except NothingSelected as nothing:
                return replace(page, problem=str(nothing))
            kept = {name: getattr(choices, name) for name in ("cadence", "hour", "time_zone", "paused_until")}
            selection = choices.selection.text()
            preference_store.save_preferences(connection, subscription_id, selection=selection, **kept)
            if (choices.hour, choices.time_zone) != (stored.hour, stored.time_zone):
                self._move_waiting(connection, subscription_id, choices, now)
            self._subscribe(connection, stored, set(choices.newsletters), page.offer, now)
            after = self._find_token(connection, token)
            return None if after is None else self._page(connection, after)

    def _move_waiting(
        self, connection: Connection, subscription_id: int, choices: Choices, now: datetime
    ) -> None:
        """Move waiting deliveries to the chosen hour; if that hour is over, send them at once."""
        declared = {newsletter.name: newsletter for newsletter in self.newsletters}

        def due_at(newsletter: str, since: datetime) -> datetime:
            if choices.hour is None or newsletter not in declared:
                return now
            return sending_times(declared[newsletter], since).own_hour(choices.hour, choices.time_zone)

        preference_store.reschedule_waiting(connection, subscription_id, due_at, now)

    def renew_feed(self, token: str) -> PreferencesView | None:
        """Give the subscriber's private feed a new address; ``None`` for an invalid token."""
        with self.store.write() as connection:
            stored = self._find_token(connection, token)
            if stored is None:
                return None
            rotate_feed_address(connection, stored.subscriber_id)
            return self._page(connection, stored)

    def _subscribe(
        self,
        connection: Connection,
        stored: StoredPreferences,
        selected: set[str],
        offer: OfferedChoices,
        now: datetime,
    ) -> None:
        """Start and end subscriptions; the token proves that the subscriber owns the mailbox."""
        detail = "on the page behind the link in a mail"
        for name in offer.newsletters:
            subscription_id = audience_store.subscription_of(connection, stored.address_key, name)
            if name in selected and name not in stored.subscribed:
                if audience_store.suppression(connection, stored.address_key) is not None:
                    continue
                audience_store.request_subscription(connection, stored.address, stored.address_key, name, now)
                audience_store.confirm_subscription(
                    connection, stored.address_key, name, detail=detail, agreed=offer.consents[name], now=now
                )
            elif name not in selected and name in stored.subscribed and subscription_id is not None:
                audience_store.end_subscription(connection, subscription_id, detail=detail, now=now)

    def _find_token(self, connection: Connection, token: str) -> StoredPreferences | None:
        subscription_id = read_token(leases.read_secret(connection), token)
        if subscription_id is None:
            return None
        return preference_store.get_preferences(connection, subscription_id)

    def _page(self, connection: Connection, stored: StoredPreferences) -> PreferencesView:
        titles = {newsletter.name: newsletter.title for newsletter in self.newsletters}
        own = next(
            (newsletter for newsletter in self.newsletters if newsletter.name == stored.newsletter), None
        )
        offer = OfferedChoices(
            newsletters=titles,
            consents={name: f"{title}: {self.consent}" for name, title in titles.items()},
            sections=tuple(channel_store.sections(connection)),
            languages=tuple(channel_store.languages(connection)),
            cadences=cadences(own) if own else (stored.cadence,),
        )
        until = stored.paused_until
        choices = Choices(
            newsletters=stored.subscribed,
            selection=read_selection(stored.selection),
            cadence=stored.cadence,
            hour=stored.hour,
            time_zone=stored.time_zone,
            paused_until=until if until is not None and until > self.clock() else None,
        )
        zone = stored.time_zone or (own.time_zone if own else "")
        return PreferencesView(
            address=_masked(stored.address),
            newsletter=titles.get(stored.newsletter, stored.newsletter),
            offer=offer,
            choices=choices,
            feed=self.feeds.url(connection, stored.subscriber_id) if self.feeds else "",
            zone=read_zone(zone or "UTC"),
        )


def _masked(address: str) -> str:
    """Mask an address so that only its owner recognises it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
