"""Webhook job: verify the requests of mail providers and act on the bounces and complaints in them.

A request that proves nothing changes nothing; ``status`` shows the number of refusals. A repeated request
changes nothing either, because each kind of report about a delivery counts once.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from syndicate.delivery.bounce_parser import Report
from syndicate.delivery.webhooks import amazon, signatures
from syndicate.delivery.webhooks.event_formats import read_events
from syndicate.errors import FetchError, StoreError
from syndicate.jobs.delivery.bounce_job import BounceJob
from syndicate.store.core import quarantine

SES, MAILGUN, SENDGRID = "ses", "mailgun", "sendgrid"
SIGNED = (SES, MAILGUN, SENDGRID)
"""Providers whose proof is in the body or over it; the others present a secret in a header field."""
REFUSALS_NOTED_EVERY = timedelta(minutes=1)
CERTIFICATE_GAP = timedelta(seconds=10)
"""Minimum time between two downloads of a certificate, which forged requests could ask for."""
_MAX_CERTIFICATES, _MAX_TOKENS = 8, 10_000
_REFUSED = "the secret or the signature is wrong: compare [webhooks] with the settings at the provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookJob:
    """Receives webhooks. ``secrets`` maps providers to secrets; ``topics`` are ARNs of SNS topics.

    ``fetch`` returns the body at a URL of Amazon and raises ``FetchError``.
    """

    bounces: BounceJob
    secrets: Mapping[str, str] = field(repr=False)
    topics: frozenset[str]
    fetch: Callable[[str], bytes]
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    # Threads share these; a lost update costs a download or a count.
    _refusals: dict[str, tuple[int, datetime]] = field(default_factory=dict, init=False)
    _certificates: dict[str, bytes] = field(default_factory=dict, init=False)
    _downloads: list[datetime] = field(default_factory=list, init=False)
    _tokens: dict[str, bytes] = field(default_factory=dict, init=False)

    def expects(self, provider: str, fields: Mapping[str, str]) -> int:
        """Return 404 for a provider without a secret, 401 for a wrong secret in the header, else 200."""
        if provider not in self.secrets and not (provider == SES and self.topics):
            return 404
        if provider in SIGNED or signatures.is_secret(fields, self.secrets[provider]):
            return 200
        # A request without any secret is a visitor's, not a provider's with a wrong setting.
        if signatures.presented_secrets(fields):
            self._refuse(provider)
        return 401

    def receive(self, provider: str, fields: Mapping[str, str], body: bytes) -> int:
        """Act on an expected request; return 204, 400 for no JSON, or 403 for a wrong signature.

        Raises ``StoreError`` and ``FetchError``; then the provider has to repeat the request.
        """
        now = self.clock()
        try:
            document = json.loads(body)
            if not self._is_genuine(provider, fields, body, document, now):
                self._refuse(provider)
                return 403
        except (ValueError, RecursionError):
            return 400
        if reports := self._read(provider, document):
            self.bounces.act_on(reports, now)
        self._accept(provider)
        return 204

    def _read(self, provider: str, document: Any) -> list[Report]:
        if provider != SES:
            return list(read_events(provider, document))
        if document["Type"] == amazon.CONFIRMATION:
            self.fetch(amazon.confirmation_url(document))
        try:
            return list(amazon.read_notification(json.loads(document.get("Message", ""))))
        except (ValueError, RecursionError):
            # A sentence, such as that the topic works.
            return []

    def _is_genuine(
        self, provider: str, fields: Mapping[str, str], body: bytes, document: object, now: datetime
    ) -> bool:
        facts: Mapping[str, object] = document if isinstance(document, dict) else {}
        if provider == SES:
            return self._is_from_amazon(facts, now)
        if provider == SENDGRID:
            from syndicate.delivery.webhooks import public_key_proofs  # noqa: PLC0415 - 6 MiB that few need

            return public_key_proofs.is_sendgrid_signed(fields, body, self.secrets[provider], now)
        if provider != MAILGUN:
            return True
        signature = facts.get("signature")
        if not isinstance(signature, dict):
            return False
        genuine = signatures.is_mailgun_signed(signature, self.secrets[provider], now)
        # Mailgun signs no body: a token that comes with another body was copied.
        return genuine and self._is_first_body(str(signature.get("token")), hashlib.sha256(body).digest())

    def _is_first_body(self, token: str, body_hash: bytes) -> bool:
        if len(self._tokens) >= _MAX_TOKENS:
            self._tokens.clear()
        return self._tokens.setdefault(token, body_hash) == body_hash

    def _is_from_amazon(self, envelope: Mapping[str, object], now: datetime) -> bool:
        text, url = amazon.signed_text(envelope), amazon.certificate_url(envelope)
        if str(envelope.get("TopicArn")) not in self.topics or text is None or not url:
            return False
        if envelope["Type"] == amazon.CONFIRMATION and not amazon.confirmation_url(envelope):
            return False
        from syndicate.delivery.webhooks import public_key_proofs  # noqa: PLC0415 - 6 MiB that few need

        return public_key_proofs.is_sns_signed(envelope, text, self._certificate(url, now), now)

    def _certificate(self, url: str, now: datetime) -> bytes:
        if url not in self._certificates:
            if self._downloads and now - self._downloads[0] < CERTIFICATE_GAP:
                raise FetchError("certificates are not downloaded that often")
            self._downloads[:] = [now]
            certificate = self.fetch(url)
            if len(self._certificates) >= _MAX_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = certificate
        return self._certificates[url]

    def _refuse(self, provider: str) -> None:
        """Count a refusal; the store is written to once a minute, however many requests are forged."""
        now = self.clock()
        count, noted = self._refusals.get(provider, (0, datetime.min.replace(tzinfo=UTC)))
        if now - noted < REFUSALS_NOTED_EVERY:
            self._refusals[provider] = (count + 1, noted)
            return
        self._refusals[provider] = (0, now)
        with suppress(StoreError), self.bounces.store.write() as connection:
            quarantine.record_failure(connection, "webhook", provider, _REFUSED, now=now, attempts=count + 1)

    def _accept(self, provider: str) -> None:
        self._refusals.pop(provider, None)
        with self.bounces.store.read() as connection:
            failed = quarantine.count_failures(connection, "webhook", provider)
        if failed:
            with self.bounces.store.write() as connection:
                quarantine.clear_failure(connection, "webhook", provider)
