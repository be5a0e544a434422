"""Sign-up: a request from the page → a mail that asks → a consent, by double opt-in.

The page only writes the request down, the same way for every mailbox. This job looks at it a moment
later and decides whether a mail goes out; so the page does not reveal who is subscribed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from syndicate.audience.confirmation import Question
from syndicate.audience.link_tokens import CONFIRM, make_token, read_token, token_hash, unsubscribe_token
from syndicate.audience.mailbox_address import fold_address, normalise_address
from syndicate.errors import RenderError
from syndicate.jobs.audience.confirmation_mail import proofed_confirmation
from syndicate.model import Newsletter
from syndicate.store import Connection, Store
from syndicate.store.core import leases, quarantine
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.mail import audience_store, sign_up_store
from syndicate.templating import Templates

BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpOptions:
    """Options of the sign-up page.

    ``consent`` is the text people agree to. ``lifetime`` is how many seconds
    a confirmation link can be used. The limits are mails a day to one person, and requests an hour from
    one network and for one newsletter.
    """

    consent: str
    lifetime: float
    per_address: int
    per_network: int
    per_newsletter: int
    confirm_url: str
    site_title: str
    postal_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpJob:
    """Both sides of the sign-up page: what it asks of the store, and what happens afterwards."""

    store: Store
    newsletters: tuple[Newsletter, ...]
    templates: Templates
    options: SignUpOptions
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def offered(self) -> dict[str, str]:
        """Title by name of every newsletter that can be subscribed to."""
        return {newsletter.name: newsletter.title for newsletter in self.newsletters}

    def consent(self) -> str:
        """Return the text that a subscriber agrees to."""
        return self.options.consent

    def request(self, newsletter: str, address: str, network: str) -> bool:
        """Write a request down; false when there were too many. ``InvalidAddress`` when it is none."""
        wanted = normalise_address(address)
        now = self.clock()
        with self.store.write() as connection:
            return sign_up_store.record_sign_up(
                connection,
                newsletter=newsletter,
                address=(wanted.display, wanted.key, fold_address(wanted)),
                network=network,
                agreed=self.options.consent,
                now=now,
                expires=now + timedelta(seconds=self.options.lifetime),
                limits=(self.options.per_network, self.options.per_newsletter),
            )

    def asked(self, token: str) -> tuple[str, str] | None:
        """The title and the consent text behind a confirmation link that can be used; changes nothing."""
        with self.store.read() as connection:
            found = self._behind(connection, token)
        if found is None or found.state != sign_up_store.MAILED or found.expires <= self.clock():
            return None
        return self.offered().get(found.newsletter, found.newsletter), found.agreed

    def confirm(self, token: str, network: str) -> tuple[str, str] | None:
        """Subscribe: the newsletter's title and the reader's own token, or ``None`` when it cannot be.

        The link pressed twice is one consent, and shows the token only once: it is for the owner of the
        mailbox, and a used link may be anywhere. After its time, or once its subscription has ended, it is
        like an unknown one.
        """
        now = self.clock()
        with self.store.write() as connection:
            found = self._behind(connection, token)
            if found is None or found.expires <= now:
                return None
            title = self.offered().get(found.newsletter, found.newsletter)
            subscription_id = sign_up_store.confirm_sign_up(connection, found, network=network, now=now)
            if subscription_id is not None:
                return title, unsubscribe_token(leases.read_secret(connection), subscription_id)
            # Read again: the same link may have been pressed a second time meanwhile.
            again = self._behind(connection, token)
            mine = audience_store.subscription_of(connection, found.address_key, found.newsletter)
            used = again is not None and again.state == sign_up_store.CONFIRMED
            known = used and mine is not None and audience_store.is_confirmed(connection, mine)
        return (title, "") if known else None

    def _behind(self, connection: Connection, token: str) -> sign_up_store.SignUp | None:
        delivery_id = read_token(leases.read_secret(connection), token, CONFIRM)
        found = None if delivery_id is None else sign_up_store.find_sign_up(connection, delivery_id)
        if found is None:
            return None
        hashed = token_hash(token, found.address_key, found.newsletter)
        return found if compare_digest(hashed, found.token_hash) else None

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Look at the requests that wait; how many were ``mailed`` and how many ``ignored``."""
        counts: dict[str, int] = {}
        with self.store.read() as connection:
            # The question would wait with all other mail, while the time to answer it runs.
            held = mail_hold(connection) is not None
            waiting = [] if held else sign_up_store.waiting_sign_ups(connection, limit=BATCH)
        for sign_up in waiting:
            if should_stop():
                break
            outcome = self._prepare(sign_up, now)
            counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    def _prepare(self, sign_up: sign_up_store.SignUp, now: datetime) -> str:
        newsletter = next(
            (newsletter for newsletter in self.newsletters if newsletter.name == sign_up.newsletter), None
        )
        if newsletter is None or sign_up.expires <= now:
            with self.store.write() as connection:
                sign_up_store.claim_sign_up(connection, sign_up.id)
            return sign_up_store.IGNORED
        try:
            rendered = self._mail(newsletter)
        except RenderError as error:
            with self.store.write() as connection:
                quarantine.record_failure(connection, "sign-up", newsletter.name, str(error), now=now)
            return "failed"
        with self.store.write() as connection:
            quarantine.clear_failure(connection, "sign-up", newsletter.name)
            return self._offer(connection, sign_up, rendered, now)

    def _offer(
        self,
        connection: Connection,
        sign_up: sign_up_store.SignUp,
        rendered: tuple[str, str, str],
        now: datetime,
    ) -> str:
        """One commit: the mail in the outbox and the digest of the token that it will carry, or neither."""
        if not sign_up_store.claim_sign_up(connection, sign_up.id):
            return "taken"
        edition_id = sign_up_store.confirmation_edition(connection, sign_up.newsletter, rendered, now)
        delivery_id = sign_up_store.prepare_confirmation(
            connection, sign_up, edition_id, per_address=self.options.per_address, now=now
        )
        if delivery_id is None:
            return sign_up_store.IGNORED
        token = make_token(leases.read_secret(connection), delivery_id, CONFIRM)
        hashed = token_hash(token, sign_up.address_key, sign_up.newsletter)
        sign_up_store.mark_mailed(connection, sign_up.id, delivery_id, hashed)
        return sign_up_store.MAILED

    def _mail(self, newsletter: Newsletter) -> tuple[str, str, str]:
        question = Question(
            newsletter_title=newsletter.title,
            site_title=self.options.site_title,
            language=newsletter.language,
            postal_address=self.options.postal_address,
            agreed=self.options.consent,
            confirm_url=self.options.confirm_url,
            hours=round(self.options.lifetime / 3600),
        )
        return proofed_confirmation(self.templates, question)
