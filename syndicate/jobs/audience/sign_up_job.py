"""Sign-up job with double opt-in: request, confirmation mail, consent.

The page only records the request, in the same way for every mailbox, so it does not reveal subscribers. The
job decides later whether a confirmation mail is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from types import MappingProxyType
from typing import Final

from syndicate.audience.confirmation import ConfirmationContent, render_confirmation
from syndicate.audience.fields import SubscriberField
from syndicate.audience.link_tokens import CONFIRM, hash_token, make_token, read_token, unsubscribe_token
from syndicate.audience.mailbox_address import fold_address, normalise_address
from syndicate.audience.proof_of_work import is_proof, make_challenge
from syndicate.errors import RenderError
from syndicate.jobs.audience.signed_links import read_link
from syndicate.model import Brand, Newsletter
from syndicate.newsletter.lint.confirmation_lint import CONFIRM as CONFIRM_STEM
from syndicate.newsletter.lint.confirmation_lint import lint_confirmation
from syndicate.newsletter.lint.findings import Origins
from syndicate.newsletter.lint.mail_lint import errors_of
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store, sign_up_store
from syndicate.templating import Templates
from syndicate.text.dates import joined_names

BATCH = 100
TRAPPED: Final = "sign_ups.trapped"
"""Counter of requests whose hidden field was filled in; only programs do that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpOptions:
    """Options of the sign-up page.

    ``consent`` is the text that subscribers agree to. ``lifetime`` of a confirmation link is in seconds. The
    limits are mails per day to a person, and requests per hour from a network and for a newsletter.
    Sites of ``origins`` may send their own forms. ``proof_of_work`` is in bits, 0 for none. ``fields`` are
    asked for in the form.
    """

    consent: str
    origins: tuple[str, ...] = ()
    proof_of_work: int = 0
    fields: tuple[SubscriberField, ...] = ()
    lifetime: float
    per_address: int
    per_network: int
    per_newsletter: int
    confirm_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpJob:
    """Record and confirm sign-ups for the web pages, and prepare their confirmation mails.

    ``with_logos`` returns a brand with the addresses of its published logos. ``unbuildable`` are newsletters
    whose mail failed: only other templates or settings can mend it, and bring a new job.
    """

    store: Store
    newsletters: Sequence[Newsletter]
    templates: Templates
    options: SignUpOptions
    with_logos: Callable[[Brand], Brand] = field(default=lambda brand: brand)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    unbuildable: set[tuple[str, ...]] = field(default_factory=set)

    def newsletter_titles(self) -> dict[str, str]:
        """Return the titles of the newsletters that can be subscribed to, by name."""
        return {newsletter.name: newsletter.title for newsletter in self.newsletters}

    def challenge(self) -> str:
        """Return a challenge for a proof of work."""
        return make_challenge(self._secret(), self.clock())

    def has_proof(self, work: str, address: str) -> bool:
        """Return whether a proof of work is given for an address, or none is needed."""
        bits = self.options.proof_of_work
        return bits == 0 or is_proof(self._secret(), work, address, bits, self.clock())

    def _secret(self) -> bytes:
        with self.store.read() as connection:
            return leases.read_secret(connection)

    def request(
        self,
        newsletters: Sequence[str],
        address: str,
        network: str,
        *,
        source: str = "",
        fields: Mapping[str, str] = MappingProxyType({}),
        trapped: bool = False,
    ) -> bool:
        """Record a request for newsletters; false when a limit is exceeded. Raises ``InvalidAddress``.

        ``source`` is the origin of the request, ``fields`` are canonical values by name; a blank is
        no answer, so it removes nothing. A ``trapped`` request of a program is only counted.
        """
        normalised = normalise_address(address)
        now = self.clock()
        with self.store.write() as connection:
            if trapped:
                return leases.increment_counter(connection, TRAPPED) > 0
            return sign_up_store.record_sign_up(
                connection,
                newsletters=newsletters,
                address=(normalised.display, normalised.key, fold_address(normalised)),
                network=network,
                agreed=self.options.consent,
                now=now,
                expires=now + timedelta(seconds=self.options.lifetime),
                limits=(self.options.per_network, self.options.per_newsletter),
                source=source,
                fields={name: value for name, value in fields.items() if value},
            )

    def pending_consent(
        self, token: str, *, used: bool = False
    ) -> tuple[str, str, dict[str, str], str] | None:
        """Return what an unused or a ``used`` link confirms.

        Titles of newsletters, consent text, fields by title, and the name of the first newsletter, whose
        brand the mail had.
        """
        with self.store.read() as connection:
            sign_up = self._find_sign_up(connection, token)
            if sign_up is None or sign_up.expires <= self.clock():
                return None
            if not (_is_subscribed(connection, sign_up) if used else sign_up.state == sign_up_store.MAILED):
                return None
        titles = {field.name: field.title for field in self.options.fields}
        fields = {titles.get(name, name): value for name, value in sign_up.fields.items()}
        return self._titles(sign_up.newsletters), sign_up.agreed, fields, sign_up.newsletter

    def confirm(self, token: str, network: str) -> tuple[str, str] | None:
        """Subscribe; return the newsletters' titles and the subscriber's token, ``None`` for a bad link.

        A link used again changes nothing and returns no token: only the owner of the mailbox has the unused
        link. An expired link, and a link whose subscription has ended, count as unknown.
        """
        now = self.clock()
        if read_link(self.store, token, CONFIRM) is None:
            return None
        with self.store.write() as connection:
            sign_up = self._find_sign_up(connection, token)
            if sign_up is None or sign_up.expires <= now:
                return None
            titles = self._titles(sign_up.newsletters)
            subscription_id = sign_up_store.confirm_sign_up(connection, sign_up, network=network, now=now)
            if subscription_id is not None:
                return titles, unsubscribe_token(leases.read_secret(connection), subscription_id)
            # Read again: another request may have used the link at the same time.
            again = self._find_sign_up(connection, token)
            subscribed = again is not None and _is_subscribed(connection, again)
        return (titles, "") if subscribed else None

    def _titles(self, names: Sequence[str]) -> str:
        titles = self.newsletter_titles()
        return joined_names([titles.get(name, name) for name in names], self.templates.language)

    def _find_sign_up(self, connection: Connection, token: str) -> sign_up_store.SignUp | None:
        delivery_id = read_token(leases.read_secret(connection), token, CONFIRM)
        sign_up = None if delivery_id is None else sign_up_store.find_sign_up(connection, delivery_id)
        if sign_up is None:
            return None
        token_hash = hash_token(token, sign_up.address_key, sign_up.newsletter)
        return sign_up if compare_digest(token_hash, sign_up.token_hash) else None

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Prepare confirmation mails for waiting requests; return the counts of each outcome."""
        counts: dict[str, int] = {}
        with self.store.read() as connection:
            # A held confirmation mail would use up the lifetime of its link.
            if mail_hold(connection) is not None:
                return counts
            waiting = sign_up_store.waiting_sign_ups(
                connection, limit=BATCH, now=now, without=self.unbuildable
            )
        for sign_up in waiting:
            if should_stop():
                break
            if sign_up.newsletters in self.unbuildable and sign_up.expires > now:
                continue
            outcome = self._prepare(sign_up, now)
            counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    def _prepare(self, sign_up: sign_up_store.SignUp, now: datetime) -> str:
        declared = {newsletter.name: newsletter for newsletter in self.newsletters}
        newsletters = [declared[name] for name in sign_up.newsletters if name in declared]
        if not newsletters or sign_up.expires <= now:
            with self.store.write() as connection:
                sign_up_store.claim_sign_up(connection, sign_up.id)
            return sign_up_store.IGNORED
        names = " ".join(newsletter.name for newsletter in newsletters)
        try:
            rendered = self._mail(newsletters)
        except RenderError as error:
            self.unbuildable.add(sign_up.newsletters)
            with self.store.write() as connection:
                quarantine.record_failure(connection, "sign-up", names, str(error), now=now)
            return "failed"
        with self.store.write() as connection:
            quarantine.clear_failure(connection, "sign-up", names)
            return self._offer(connection, sign_up, names.split(), rendered, now)

    def _offer(
        self,
        connection: Connection,
        sign_up: sign_up_store.SignUp,
        newsletters: Sequence[str],
        rendered: tuple[str, str, str],
        now: datetime,
    ) -> str:
        """Store the delivery and the hash of its token in the same transaction."""
        if not sign_up_store.claim_sign_up(connection, sign_up.id):
            return "taken"
        edition_id = sign_up_store.confirmation_edition(connection, newsletters, rendered, now)
        delivery_id = sign_up_store.prepare_confirmation(
            connection, sign_up, edition_id, newsletters, per_address=self.options.per_address, now=now
        )
        if delivery_id is None:
            return sign_up_store.IGNORED
        token = make_token(leases.read_secret(connection), delivery_id, CONFIRM)
        token_hash = hash_token(token, sign_up.address_key, newsletters[0])
        sign_up_store.mark_mailed(connection, sign_up.id, delivery_id, newsletters, token_hash)
        return sign_up_store.MAILED

    def _mail(self, newsletters: Sequence[Newsletter]) -> tuple[str, str, str]:
        language = newsletters[0].language
        content = ConfirmationContent(
            newsletter=joined_names([newsletter.title for newsletter in newsletters], language),
            brand=self.with_logos(newsletters[0].brand),
            language=language,
            agreed=self.options.consent,
            confirm_url=self.options.confirm_url,
            hours=round(self.options.lifetime / 3600),
        )
        return linted_confirmation(self.templates, content)


def _is_subscribed(connection: Connection, sign_up: sign_up_store.SignUp) -> bool:
    """Return whether a request was confirmed and its first subscription has not ended."""
    stored = audience_store.subscription_of(connection, sign_up.address_key, sign_up.newsletter)
    used = sign_up.state == sign_up_store.CONFIRMED
    return used and stored is not None and audience_store.is_confirmed(connection, stored)


def linted_confirmation(templates: Templates, content: ConfirmationContent) -> tuple[str, str, str]:
    """Render (subject, html, text). Raises ``RenderError`` when a template fails or lint finds an error."""
    parts = render_confirmation(templates, content)

    def find(text: str, file: str) -> str:
        return templates.find(text, "mail/", f"{CONFIRM_STEM}.*" if file == "*.*" else file)

    findings = lint_confirmation(
        parts,
        confirm_url=content.confirm_url,
        postal_address=content.brand.postal_address,
        declared=(content.agreed, content.newsletter, content.brand.title),
        origins=Origins(find=find, stem=CONFIRM_STEM),
    )
    if errors := errors_of(findings):
        raise RenderError("; ".join(errors))
    return parts
