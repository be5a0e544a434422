"""Choices of readers behind the signed link in their mail, without an account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from syndicate.audience.choices import Choices, NothingChosen, Offer, agreement, read_choices, read_selection
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
class ReaderPage:
    """Content of the page of choices. ``address`` is only hinted at: a mail may be passed on.

    ``problem`` is the list of which nothing was ticked, so that nothing was saved; else ``""``. ``zone`` is
    that of the clock the reader chose, or else the newsletter's.
    """

    address: str
    newsletter: str
    offer: Offer
    choices: Choices
    feed: str = ""
    problem: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesJob:
    """Looks at and changes a reader's choices; each call is one transaction.

    ``consent`` is the text they agree to, after its title, with a further newsletter; ``feeds`` makes private
    feeds, if any.
    """

    store: Store
    newsletters: tuple[Newsletter, ...]
    consent: str
    feeds: PrivateFeedsJob | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def look(self, token: str) -> ReaderPage | None:
        """A reader's choices, or ``None`` for a token that is not ours; changes nothing."""
        with self.store.read() as connection:
            found = self._behind(connection, token)
            return None if found is None else self._page(connection, found[1])

    def save(self, token: str, fields: Mapping[str, Sequence[str]]) -> ReaderPage | None:
        """Take over what a form sends: the choices as they are now, or ``None`` for a token not ours."""
        now = self.clock()
        with self.store.write() as connection:
            found = self._behind(connection, token)
            if found is None:
                return None
            subscription_id, stored = found
            page = self._page(connection, stored)
            try:
                choices = read_choices(fields, page.offer, page.choices, now)
            except NothingChosen as nothing:
                return replace(page, problem=str(nothing))
            preference_store.save_preferences(
                connection,
                subscription_id,
                selection=choices.selection.text(),
                cadence=choices.cadence,
                hour=choices.hour,
                time_zone=choices.time_zone,
                paused_until=choices.paused_until,
            )
            if (choices.hour, choices.time_zone) != (stored.hour, stored.time_zone):
                self._move_waiting(connection, subscription_id, choices, now)
            self._subscribe(connection, stored, set(choices.newsletters), page.offer, now)
            after = self._behind(connection, token)
            return None if after is None else self._page(connection, after[1])

    def _move_waiting(
        self, connection: Connection, subscription_id: int, choices: Choices, now: datetime
    ) -> None:
        """Move waiting deliveries to the hour just chosen; if that hour is over, send them at once."""
        declared = {newsletter.name: newsletter for newsletter in self.newsletters}

        def moment(newsletter: str, since: datetime) -> datetime:
            if choices.hour is None or newsletter not in declared:
                return now
            return sending_times(declared[newsletter], since).own_hour(choices.hour, choices.time_zone)

        preference_store.reschedule_waiting(connection, subscription_id, moment, now)

    def renew_feed(self, token: str) -> ReaderPage | None:
        """End the address of the reader's private feed and make another one; ``None`` for a bad token."""
        with self.store.write() as connection:
            found = self._behind(connection, token)
            if found is None:
                return None
            rotate_feed_address(connection, found[1].subscriber_id)
            return self._page(connection, found[1])

    def _subscribe(
        self, connection: Connection, stored: StoredPreferences, wanted: set[str], offer: Offer, now: datetime
    ) -> None:
        """Begin and end subscriptions. The link in the mail proves whose mailbox it is."""
        chosen = "on the page behind the link in a mail"
        for name in offer.newsletters:
            mine = audience_store.subscription_of(connection, stored.address_key, name)
            if name in wanted and name not in stored.subscribed:
                if audience_store.suppression(connection, stored.address_key) is not None:
                    continue
                audience_store.request_subscription(connection, stored.address, stored.address_key, name, now)
                audience_store.confirm_subscription(
                    connection, stored.address_key, name, detail=chosen, agreed=offer.consents[name], now=now
                )
            elif name not in wanted and name in stored.subscribed and mine is not None:
                audience_store.end_subscription(connection, mine, detail=chosen, now=now)

    def _behind(self, connection: Connection, token: str) -> tuple[int, StoredPreferences] | None:
        subscription_id = read_token(leases.read_secret(connection), token)
        if subscription_id is None:
            return None
        stored = preference_store.get_preferences(connection, subscription_id)
        return None if stored is None else (subscription_id, stored)

    def _page(self, connection: Connection, stored: StoredPreferences) -> ReaderPage:
        titles = {newsletter.name: newsletter.title for newsletter in self.newsletters}
        own = next(
            (newsletter for newsletter in self.newsletters if newsletter.name == stored.newsletter), None
        )
        offer = Offer(
            newsletters=titles,
            consents={name: agreement(title, self.consent) for name, title in titles.items()},
            sections=tuple(channel_store.sections(connection)),
            languages=tuple(channel_store.languages(connection)),
            cadences=cadences(own) if own else (stored.cadence,),
        )
        choices = Choices(
            newsletters=stored.subscribed,
            selection=read_selection(stored.selection),
            cadence=stored.cadence,
            hour=stored.hour,
            time_zone=stored.time_zone,
            paused_until=self._still(stored.paused_until),
        )
        zone = stored.time_zone or (own.time_zone if own else "")
        return ReaderPage(
            address=_hint(stored.address),
            newsletter=titles.get(stored.newsletter, stored.newsletter),
            offer=offer,
            choices=choices,
            feed=self.feeds.url(connection, stored.subscriber_id) if self.feeds else "",
            zone=read_zone(zone or "UTC"),
        )

    def _still(self, until: datetime | None) -> datetime | None:
        return until if until is not None and until > self.clock() else None


def _hint(address: str) -> str:
    """Enough of an address for its owner to know it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
