"""Preferences of subscribers, opened by the signed link in their mail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from syndicate.audience.choices import Choices, NothingSelected, OfferedChoices, read_choices, read_selection
from syndicate.audience.link_tokens import SEARCH, make_token
from syndicate.errors import ActionRefused
from syndicate.jobs.audience.search_saving import save_search
from syndicate.jobs.audience.signed_links import read_subscription_link
from syndicate.jobs.newsletter.edition_storing import sending_times
from syndicate.jobs.newsletter.variants import cadences
from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
from syndicate.model import Newsletter, SubscriptionState
from syndicate.newsletter.periods import read_zone
from syndicate.store import Connection, Store
from syndicate.store.leases import leases
from syndicate.store.output import channel_store, saved_searches
from syndicate.store.output.private_feed_store import rotate_feed_address
from syndicate.store.subscribers import audience_store, preference_store
from syndicate.store.subscribers.preference_store import StoredPreferences
from syndicate.text.privacy import masked_mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSearch:
    """Saved search of a subscriber: its query, its feed, and the token that ends it."""

    query: str
    feed: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesView:
    """Content of the preferences page. ``address`` is masked: the mail may have been forwarded.

    So it has no fields, which only a mail to confirm them changes. ``problem`` is the list without a ticked
    box, so that nothing was saved, or ``""``. ``zone`` is the subscriber's time zone, or else the
    newsletter's. ``wrong_search`` says why a search was not saved.
    """

    address: str
    newsletter: str
    offer: OfferedChoices
    choices: Choices
    feed: str = ""
    problem: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    searches: tuple[OwnSearch, ...] = ()
    wrong_search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesJob:
    """Read and change a subscriber's choices; each call is a transaction."""

    store: Store
    newsletters: Sequence[Newsletter]
    consent: str
    feeds: PrivateFeedsJob | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def view(self, token: str) -> PreferencesView | None:
        """Return a subscriber's choices, ``None`` for an invalid token."""
        subscription_id = read_subscription_link(self.store, token)
        if subscription_id is None:
            return None
        with self.store.read() as connection:
            stored = preference_store.get_preferences(connection, subscription_id)
            return None if stored is None else self._page(connection, stored)

    def save(self, token: str, form: Mapping[str, Sequence[str]]) -> PreferencesView | None:
        """Save a submitted form and return the new choices, ``None`` for an invalid token."""
        now = self.clock()
        subscription_id = read_subscription_link(self.store, token)
        if subscription_id is None:
            return None
        with self.store.write() as connection:
            stored = preference_store.get_preferences(connection, subscription_id)
            if stored is None:
                return None
            page = self._page(connection, stored)
            try:
                choices = read_choices(form, page.offer, page.choices, now)
            except NothingSelected as nothing:
                return replace(page, problem=str(nothing))
            kept = {name: getattr(choices, name) for name in ("cadence", "hour", "time_zone", "paused_until")}
            selection = choices.selection.text()
            preference_store.save_preferences(connection, subscription_id, selection=selection, **kept)
            if (choices.hour, choices.time_zone) != (stored.hour, stored.time_zone):
                self._move_waiting(connection, subscription_id, choices, now)
            self._subscribe(connection, stored, set(choices.newsletters), page.offer, now)
            after = preference_store.get_preferences(connection, subscription_id)
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

    def add_search(self, token: str, query: str) -> PreferencesView | None:
        """Save a search of a confirmed subscriber; return the page, ``None`` for an invalid token."""
        subscription_id = read_subscription_link(self.store, token)
        if subscription_id is None:
            return None
        with self.store.write() as connection:
            stored = preference_store.get_preferences(connection, subscription_id)
            if stored is None or stored.state is not SubscriptionState.CONFIRMED:
                return None
            try:
                save_search(connection, query, subscription_id, self.clock())
            except ActionRefused as refused:
                return replace(
                    self._page(connection, stored), wrong_search=refused.fields.get("query") or str(refused)
                )
            return self._page(connection, stored)

    def renew_feed(self, token: str) -> bool:
        """Give the subscriber's private feed a new address; false for an invalid token."""
        subscription_id = read_subscription_link(self.store, token)
        if subscription_id is None:
            return False
        with self.store.write() as connection:
            stored = preference_store.get_preferences(connection, subscription_id)
            if stored is not None:
                rotate_feed_address(connection, stored.subscriber_id)
        return stored is not None

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

    def _page(self, connection: Connection, stored: StoredPreferences) -> PreferencesView:
        titles = {newsletter.name: newsletter.title for newsletter in self.newsletters}
        own = next(
            (newsletter for newsletter in self.newsletters if newsletter.name == stored.newsletter), None
        )
        selection = read_selection(stored.selection)
        offer = OfferedChoices(
            newsletters=titles,
            consents={name: f"{title}: {self.consent}" for name, title in titles.items()},
            sections=tuple(channel_store.sections(connection)),
            languages=tuple(sorted({*channel_store.usual_languages(connection), *selection.languages})),
            cadences=cadences(own) if own else (stored.cadence,),
        )
        until = stored.paused_until
        choices = Choices(
            newsletters=stored.subscribed,
            selection=selection,
            cadence=stored.cadence,
            hour=stored.hour,
            time_zone=stored.time_zone,
            paused_until=until if until is not None and until > self.clock() else None,
        )
        zone = stored.time_zone or (own.time_zone if own else "")
        return PreferencesView(
            address=masked_mailbox(stored.address),
            newsletter=titles.get(stored.newsletter, stored.newsletter),
            offer=offer,
            choices=choices,
            feed=self.feeds.url(connection, stored.subscriber_id) if self.feeds else "",
            zone=read_zone(zone or "UTC"),
            searches=self._searches(connection, stored),
        )

    def _searches(self, connection: Connection, stored: StoredPreferences) -> tuple[OwnSearch, ...]:
        secret = leases.read_secret(connection)
        subscription_id = audience_store.subscription_of(connection, stored.address_key, stored.newsletter)
        return tuple(
            OwnSearch(
                query=search.query,
                feed=self.feeds.search_url(connection, search.id) if self.feeds else "",
                token=make_token(secret, search.id, SEARCH),
            )
            for search in saved_searches.list_searches(connection, subscription_id)
        )
