"""From a provider's request to a suppressed mailbox, and every request that must not get that far."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import digest
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.delivery.message_ids import message_id
from syndicate.delivery.verp import verp_sender
from syndicate.delivery.webhooks import amazon
from syndicate.errors import FetchError
from syndicate.jobs.delivery.bounce_job import BATCH, BounceJob
from syndicate.jobs.delivery.webhook_job import WebhookJob
from syndicate.store.core import quarantine
from syndicate.store.leases import leases
from syndicate.store.mail import bounce_store
from syndicate.store.subscribers import audience_store
from tests import factories
from tests.delivery import webhook_samples as samples
from tests.delivery.test_webhook_events import JSON
from tests.factories import NOW

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0a1b2c.pem"
CONFIRM = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336"
MAILGUN_KEY = "key-0123456789abcdef"
PASSWORD = "a long random text"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_KEY = base64.b64encode(
    EC_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
SECRETS = {
    **dict.fromkeys(("postmark", "brevo", "mailjet", "sparkpost"), PASSWORD),
    "mailgun": MAILGUN_KEY,
    "sendgrid": PUBLIC_KEY,
}
BASIC = {"authorization": "Basic " + base64.b64encode(f"hooks:{PASSWORD}".encode()).decode()}


def certificate(until: datetime = NOW + timedelta(days=300)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(RSA_KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - timedelta(days=30)).not_valid_after(until)
    return builder.sign(RSA_KEY, SHA256()).public_bytes(Encoding.PEM)


@dataclass
class Amazon:
    """Amazon's servers: the documents by address, and the addresses that were asked for."""

    pages: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("unreachable")
        return self.pages[url]


@dataclass
class Hooks:
    """The job, Amazon's servers, a clock to be set, and the tag of the mail to jo@example.org."""

    job: WebhookJob
    amazon: Amazon
    now: list[datetime]
    tag: str

    def post(self, provider: str, body: bytes, fields: Mapping[str, str] | None = None) -> int:
        fields = fields or {}
        status = self.job.expects(provider, fields)
        return status if status >= 400 else self.job.receive(provider, fields, body)

    def kinds(self) -> dict[str, int]:
        with self.job.bounces.store.read() as connection:
            return bounce_store.count_by_kind(connection)

    def readers(self) -> int:
        with self.job.bounces.store.read() as connection:
            return audience_store.count_readers(connection)

    def refusals(self) -> dict[str, int]:
        with self.job.bounces.store.read() as connection:
            failures = quarantine.failures(connection, kind="webhook")
        return {failure.subject: failure.attempts for failure in failures}


@pytest.fixture
def hooks(store) -> Hooks:
    with store.write() as connection:
        leases.ensure_secret(connection)
        edition_id = factories.newsroom(connection, "jo@example.org", "ann@example.org")
        tag = message_id(leases.read_secret(connection), edition_id, 1, "news.example")
    amazon_servers, now = Amazon({CERTIFICATE: certificate(), CONFIRM: b"<ok/>"}), [NOW]
    job = WebhookJob(
        bounces=BounceJob(store=store),
        secrets=SECRETS,
        topics=frozenset({TOPIC}),
        fetch=amazon_servers.fetch,
        clock=lambda: now[0],
    )
    return Hooks(job, amazon_servers, now, tag[1:].partition("@")[0])


def sns(message: object, *, version: str = "2", kind: str = "Notification", **changes: Any) -> bytes:
    """A signed envelope of SNS; ``changes`` are made after it was signed."""
    envelope: dict[str, Any] = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": json.dumps(message),
        "Timestamp": "2026-11-24T09:01:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    }
    if kind == "Notification":
        envelope["Subject"] = "Amazon SES Email Event Notification"
    else:
        envelope |= {"Token": "2336", "SubscribeURL": changes.pop("subscribe", CONFIRM)}
    text = amazon.signed_text(envelope)
    assert text is not None
    algorithm = SHA1() if version == "1" else SHA256()
    envelope["Signature"] = base64.b64encode(RSA_KEY.sign(text, padding.PKCS1v15(), algorithm)).decode()
    return json.dumps(envelope | changes).encode()


def mailgun(hooks: Hooks, at: datetime = NOW, token: str = "t" * 50, **facts: Any) -> bytes:
    stamp = str(int(at.timestamp()))
    signature = digest(MAILGUN_KEY.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    event = samples.mailgun(**facts)
    return samples.tagged(
        event | {"signature": {"timestamp": stamp, "token": token, "signature": signature}}, hooks.tag
    )


def signed_by_sendgrid(
    body: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = EC_KEY
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": stamp,
    }


def ses(hooks: Hooks) -> tuple[bytes, dict[str, str]]:
    headers = [{"name": "Message-ID", "value": f"<{hooks.tag}@news.example>"}]
    return sns(samples.ses_bounce(headers=headers)), {}


def sendgrid(hooks: Hooks) -> tuple[bytes, dict[str, str]]:
    body = samples.tagged([samples.sendgrid(type="bounce", status="5.1.1", reason="unknown")], hooks.tag)
    return body, signed_by_sendgrid(body)


def with_password(event: object) -> Callable[[Hooks], tuple[bytes, dict[str, str]]]:
    return lambda hooks: (samples.tagged(event, hooks.tag), BASIC)


REQUESTS: dict[str, Callable[[Hooks], tuple[bytes, dict[str, str]]]] = {
    "ses": ses,
    "postmark": with_password(samples.postmark()),
    "mailgun": lambda hooks: (mailgun(hooks), {}),
    "sendgrid": sendgrid,
    "brevo": with_password(samples.brevo()),
    "mailjet": with_password([samples.mailjet_bounce()]),
    "sparkpost": with_password([samples.sparkpost()]),
}


@pytest.mark.parametrize("provider", REQUESTS)
def test_V7_a_hard_bounce_ends_the_mailbox_once(hooks: Hooks, provider: str) -> None:
    body, fields = REQUESTS[provider](hooks)
    assert [hooks.post(provider, body, fields), hooks.post(provider, body, fields)] == [204, 204]
    assert (hooks.readers(), hooks.kinds()) == (1, {"hard": 1, "ignored": 0})
    with hooks.job.bounces.store.write() as connection:
        assert factories.subscribe(connection, "jo@example.org") == ["suppressed"]


@pytest.mark.parametrize("provider", REQUESTS)
def test_V7_a_forged_request_changes_nothing_but_a_count(hooks: Hooks, provider: str) -> None:
    body, fields = REQUESTS[provider](hooks)
    forged = body.replace(b"timestamp", b"timesstamp") if provider == "mailgun" else body + b" "
    wrong = {
        name: value[:-4] + "eHh4" if name == "authorization" else value for name, value in fields.items()
    }
    if provider == "ses":
        forged = body.replace(b"5.1.1", b"5.1.2")
    assert hooks.post(provider, forged, wrong) in (401, 403)
    assert (hooks.readers(), hooks.kinds()) == (2, {"ignored": 0})
    assert hooks.refusals() == {provider: 1}


@pytest.mark.parametrize("provider", [*REQUESTS, "another"])
def test_a_provider_without_its_secret_is_unknown(hooks: Hooks, provider: str) -> None:
    job = WebhookJob(bounces=hooks.job.bounces, secrets={}, topics=frozenset(), fetch=hooks.amazon.fetch)
    assert job.expects(provider, BASIC) == 404


@pytest.mark.parametrize(
    "fields",
    [
        BASIC,
        {"authorization": f"Bearer {PASSWORD}"},
        {"x-webhook-token": PASSWORD},
        {"x-messagesystems-webhook-token": PASSWORD},
    ],
)
def test_a_secret_may_be_a_password_or_a_token(hooks: Hooks, fields: dict[str, str]) -> None:
    assert hooks.job.expects("brevo", fields) == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"authorization": PASSWORD},
        {"authorization": f"Bearer {PASSWORD}x"},
        {"authorization": "Basic not base64"},
        {"authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()},
        {"x-webhook-token": ""},
    ],
)
def test_another_secret_is_refused(hooks: Hooks, fields: dict[str, str]) -> None:
    assert hooks.job.expects("brevo", fields) == 401


def test_an_event_about_another_mail_or_mailbox_is_counted_and_changes_nothing(hooks: Hooks) -> None:
    for event in (
        samples.brevo(email="ann@example.org"),
        samples.brevo(**{"X-Mailin-custom": f"1.{'0' * 32}"}),
        samples.brevo(**{"X-Mailin-custom": "", "message-id": "<other@news.example>"}),
        samples.brevo(email="nobody"),
    ):
        assert hooks.post("brevo", samples.tagged(event, hooks.tag), BASIC) == 204
    assert (hooks.readers(), hooks.kinds()) == (2, {"ignored": 4})


def test_other_spellings_of_the_mailbox_are_the_same_mailbox(hooks: Hooks) -> None:
    event = samples.brevo(email='"Jo" <JO@Example.ORG>')
    assert hooks.post("brevo", samples.tagged(event, hooks.tag), BASIC) == 204
    assert hooks.readers() == 1


def test_the_envelope_sender_in_a_message_of_ses_is_proof_enough(hooks: Hooks) -> None:
    with hooks.job.bounces.store.read() as connection:
        secret = leases.read_secret(connection)
    sender = verp_sender(secret, "bounces@news.example", 1, "jo@example.org")
    assert hooks.post("ses", sns(samples.ses_complaint(source=sender), version="1")) == 204
    assert (hooks.readers(), hooks.kinds()) == (1, {"complaint": 1, "ignored": 0})


def test_a_block_counts_and_suppresses_nobody(hooks: Hooks) -> None:
    event = samples.brevo(reason="554 5.7.1 blocked using zen.spamhaus.org")
    assert hooks.post("brevo", samples.tagged(event, hooks.tag), BASIC) == 204
    assert (hooks.readers(), hooks.kinds()) == (2, {"policy": 1, "ignored": 0})


def test_an_unsubscription_at_the_provider_ends_that_subscription(hooks: Hooks) -> None:
    event = samples.brevo("unsubscribed")
    assert hooks.post("brevo", samples.tagged(event, hooks.tag), BASIC) == 204
    with hooks.job.bounces.store.write() as connection:
        assert factories.consents(connection, "jo@example.org")[-1][:2] == ("unsubscribed", "at brevo")
        assert factories.subscribe(connection, "jo@example.org") == ["left"]


def test_an_unsubscription_that_is_repeated_does_not_end_a_later_subscription(hooks: Hooks) -> None:
    body = samples.tagged(samples.brevo("unsubscribed"), hooks.tag)
    assert (hooks.post("brevo", body, BASIC), hooks.readers()) == (204, 1)
    hooks.now[0] = NOW + timedelta(hours=1)
    with hooks.job.bounces.store.write() as connection:
        facts: dict[str, Any] = {"detail": "", "agreed": "", "now": hooks.now[0]}
        audience_store.confirm_subscription(connection, "jo@example.org", "daily", **facts)
    assert (hooks.post("brevo", body, BASIC), hooks.readers()) == (204, 2)
    hooks.now[0] = NOW + timedelta(days=3)
    assert (hooks.post("brevo", body, BASIC), hooks.readers()) == (204, 1)


@pytest.mark.parametrize("ignored", [1, BATCH + 1])
def test_each_event_of_a_request_counts_for_itself(hooks: Hooks, ignored: int) -> None:
    events = [*[samples.brevo(email="ann@example.org")] * ignored, samples.brevo(), samples.brevo()]
    assert hooks.post("brevo", samples.tagged(events, hooks.tag), BASIC) == 204
    assert hooks.kinds() == {"hard": 1, "ignored": ignored}


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[" * 100_000, b"\xff", b"1" * 5000])
def test_a_body_that_is_no_json_is_a_bad_request(hooks: Hooks, body: bytes) -> None:
    assert hooks.post("brevo", body, BASIC) == 400


def test_mailgun_s_signature_holds_for_a_day_and_for_one_body(hooks: Hooks) -> None:
    assert hooks.post("mailgun", mailgun(hooks, NOW - timedelta(days=1, seconds=1))) == 403
    assert hooks.post("mailgun", mailgun(hooks, NOW + timedelta(days=1, seconds=1))) == 403
    assert hooks.post("mailgun", mailgun(hooks, event="delivered", severity="")) == 204
    assert hooks.post("mailgun", mailgun(hooks)) == 403
    assert hooks.readers() == 2
    assert hooks.post("mailgun", mailgun(hooks, token="u" * 50)) == 204
    assert hooks.readers() == 1


def test_sendgrid_s_signature_is_by_its_key_over_this_body_and_holds_for_a_day(hooks: Hooks) -> None:
    body, _ = sendgrid(hooks)
    wrong: list[dict[str, str]] = [
        signed_by_sendgrid(body, NOW - timedelta(days=1, seconds=1)),
        signed_by_sendgrid(body, key=ec.generate_private_key(ec.SECP256R1())),
        signed_by_sendgrid(body + b" "),
        {},
    ]
    for fields in wrong:
        assert hooks.post("sendgrid", body, fields) == 403
    assert hooks.readers() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"SigningCertURL": CERTIFICATE.replace("https:", "http:")},
        {"SigningCertURL": CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.example")},
        {"SigningCertURL": CERTIFICATE.replace("eu-west-1", "us-east-1")},
        {"SigningCertURL": CERTIFICATE.replace("sns.", "s3.")},
        {"SigningCertURL": CERTIFICATE.replace("sns.", "sns.evil@sns.")},
        {"SigningCertURL": f"{CERTIFICATE}?x=1"},
        {"TopicArn": TOPIC.replace("bounces", "other")},
        {"TopicArn": TOPIC.replace("123456789012", "210987654321")},
        {"Type": "Another"},
        {"Message": 1},
        {"TopicArn": [TOPIC]},
    ],
)
def test_only_a_configured_topic_s_own_certificate_is_downloaded(
    hooks: Hooks, changes: dict[str, Any]
) -> None:
    assert hooks.post("ses", sns(samples.ses_bounce(), **changes)) == 403
    assert hooks.amazon.asked == []


@pytest.mark.parametrize("changes", [{"SignatureVersion": "3"}, {"Signature": "!"}, {"Subject": "x"}])
def test_only_a_signature_of_amazon_counts(hooks: Hooks, changes: dict[str, Any]) -> None:
    assert hooks.post("ses", sns(samples.ses_bounce(), **changes)) == 403


@pytest.mark.parametrize("pem", [b"", b"no certificate", certificate(until=NOW - timedelta(days=1))])
def test_a_certificate_that_is_none_or_has_expired_proves_nothing(hooks: Hooks, pem: bytes) -> None:
    hooks.amazon.pages[CERTIFICATE] = pem
    assert hooks.post("ses", ses(hooks)[0]) == 403
    assert hooks.readers() == 2


def test_a_certificate_is_downloaded_once_and_no_two_within_ten_seconds(hooks: Hooks) -> None:
    body, _ = ses(hooks)
    assert [hooks.post("ses", body), hooks.post("ses", body)] == [204, 204]
    assert hooks.amazon.asked == [CERTIFICATE]
    other = CERTIFICATE.replace("0a1b2c", "forged")
    for _ in range(2):
        with pytest.raises(FetchError):
            hooks.post("ses", sns(samples.ses_bounce(), SigningCertURL=other))
    assert hooks.amazon.asked == [CERTIFICATE]
    hooks.now[0] += timedelta(seconds=11)
    with pytest.raises(FetchError, match="unreachable"):
        hooks.post("ses", sns(samples.ses_bounce(), SigningCertURL=other))
    assert hooks.post("ses", body) == 204


def test_a_subscription_of_a_configured_topic_is_confirmed(hooks: Hooks) -> None:
    assert hooks.post("ses", sns("You have chosen to subscribe", kind=amazon.CONFIRMATION)) == 204
    assert hooks.amazon.asked == [CERTIFICATE, CONFIRM]


@pytest.mark.parametrize("url", ["https://evil.example/?Action=ConfirmSubscription&x", f"{HOST}/other"])
def test_no_other_address_is_asked_for_to_confirm(hooks: Hooks, url: str) -> None:
    assert hooks.post("ses", sns("subscribe", kind=amazon.CONFIRMATION, subscribe=url)) == 403
    assert hooks.amazon.asked == []


def test_a_message_of_amazon_holds_for_a_day(hooks: Hooks) -> None:
    body, _ = ses(hooks)
    for days, status in ((2, 403), (-2, 403), (0.9, 204)):
        hooks.now[0] = NOW + timedelta(days=days)
        assert hooks.post("ses", body) == status
    assert hooks.kinds()["hard"] == 1


@pytest.mark.parametrize("kind", ["Notification", "UnsubscribeConfirmation"])
def test_a_sentence_of_amazon_is_taken_and_changes_nothing(hooks: Hooks, kind: str) -> None:
    body = sns("Successfully validated SNS topic", kind=kind)
    assert hooks.post("ses", body) == 204
    assert hooks.kinds() == {"ignored": 0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(provider=st.sampled_from([*REQUESTS]), document=st.data())
def test_no_document_is_an_error(hooks: Hooks, provider: str, document: st.DataObject) -> None:
    body, fields = REQUESTS[provider](hooks)
    facts = json.loads(body)
    facts = facts[0] if isinstance(facts, list) else facts
    key = document.draw(st.sampled_from(sorted(facts)))
    changed = json.dumps(facts | {key: document.draw(JSON)}).encode()
    assert hooks.post(provider, changed, fields) in (204, 403)


def test_refusals_are_noted_once_a_minute_until_a_request_is_genuine(hooks: Hooks) -> None:
    wrong = {"authorization": "Bearer guess"}
    for _ in range(5):
        assert hooks.post("brevo", b"", wrong) == 401
    assert hooks.refusals() == {"brevo": 1}
    hooks.now[0] += timedelta(minutes=1)
    hooks.post("brevo", b"", wrong)
    assert hooks.refusals() == {"brevo": 6}
    assert hooks.post("brevo", b"[]", BASIC) == 204
    assert hooks.refusals() == {}


def test_a_visitor_without_any_secret_is_not_noted(hooks: Hooks) -> None:
    assert hooks.post("brevo", b"") == 401
    assert hooks.refusals() == {}
