"""Events of mail providers: the kind of each, the mail it is about, and everything that is no report."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.bounce_parser import BounceKind
from syndicate.delivery.webhooks import amazon
from syndicate.delivery.webhooks.event_formats import FORMATS, read_events
from tests.delivery import webhook_samples as samples
from tests.delivery.webhook_samples import JO

TAG = (12, "3c" * 16)
HARD, SOFT, POLICY = BounceKind.HARD, BounceKind.SOFT, BounceKind.POLICY
COMPLAINT, UNSUBSCRIBE = BounceKind.COMPLAINT, BounceKind.UNSUBSCRIBE
SPAM = "550 5.7.1 Message rejected as spam by content filtering"
BLOCKED_IP = "554 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org"
FULL = "552 5.2.2 Mailbox full"
FULL_AT_MAILGUN: dict[str, Any] = {"delivery-status": {"code": 552, "message": FULL}}
SPAM_AT_MAILGUN: dict[str, Any] = {"delivery-status": {"code": 550, "message": SPAM}}

EVENTS: list[tuple[str, object, BounceKind | None]] = [
    ("postmark", samples.postmark(), HARD),
    ("postmark", samples.postmark("HardBounce", SPAM), POLICY),
    ("postmark", samples.postmark("HardBounce", BLOCKED_IP), POLICY),
    ("postmark", samples.postmark("HardBounce", ""), HARD),
    ("postmark", samples.postmark("SoftBounce", FULL), SOFT),
    ("postmark", samples.postmark("Blocked", "550 5.1.1 user unknown"), POLICY),
    ("postmark", samples.postmark("SpamNotification"), POLICY),
    ("postmark", samples.postmark("Transient", "451 4.4.1 try later"), None),
    ("postmark", samples.postmark("AutoResponder"), None),
    ("postmark", samples.postmark("SpamComplaint", RecordType="SpamComplaint"), COMPLAINT),
    ("postmark", samples.postmark_change("HardBounce"), HARD),
    ("postmark", samples.postmark_change("SpamComplaint"), COMPLAINT),
    ("postmark", samples.postmark_change("ManualSuppression"), UNSUBSCRIBE),
    ("postmark", samples.postmark_change("ManualSuppression", "Customer"), None),
    ("postmark", samples.postmark_change(None, "Customer"), None),
    ("postmark", samples.postmark(RecordType="Delivery"), None),
    ("mailgun", samples.mailgun(), HARD),
    ("mailgun", samples.mailgun(reason="suppress-complaint"), COMPLAINT),
    ("mailgun", samples.mailgun(reason="suppress-unsubscribe"), UNSUBSCRIBE),
    ("mailgun", samples.mailgun(reason="espblock"), POLICY),
    ("mailgun", samples.mailgun("failed", **FULL_AT_MAILGUN), SOFT),
    ("mailgun", samples.mailgun("failed", **SPAM_AT_MAILGUN), POLICY),
    ("mailgun", samples.mailgun(severity="temporary"), None),
    ("mailgun", samples.mailgun("complained", severity=None, reason=None), COMPLAINT),
    ("mailgun", samples.mailgun("unsubscribed", severity=None, reason=None), UNSUBSCRIBE),
    ("mailgun", samples.mailgun("delivered", severity=None, reason=None), None),
    ("sendgrid", [samples.sendgrid(type="bounce", status="5.1.1", reason="550 5.1.1 unknown")], HARD),
    ("sendgrid", [samples.sendgrid(type="blocked", status="5.1.1", reason="550 no such user")], POLICY),
    ("sendgrid", [samples.sendgrid(type="bounce", status="5.0.0", reason=BLOCKED_IP)], POLICY),
    ("sendgrid", [samples.sendgrid(type="bounce", status="5.2.2", reason=FULL)], SOFT),
    ("sendgrid", [samples.sendgrid("dropped", reason="Bounced Address")], HARD),
    ("sendgrid", [samples.sendgrid("dropped", reason="Spam Reporting Address")], COMPLAINT),
    ("sendgrid", [samples.sendgrid("dropped", reason="Unsubscribed Address")], UNSUBSCRIBE),
    ("sendgrid", [samples.sendgrid("dropped", reason="Spam Content (if spam checker app enabled)")], None),
    ("sendgrid", [samples.sendgrid("deferred", response="400 try again later")], None),
    ("sendgrid", [samples.sendgrid("spamreport")], COMPLAINT),
    ("sendgrid", [samples.sendgrid("group_unsubscribe", asm_group_id=10)], UNSUBSCRIBE),
    ("sendgrid", [samples.sendgrid("open", useragent="Mozilla/4.0")], None),
    ("brevo", samples.brevo(), HARD),
    ("brevo", samples.brevo("invalid_email", reason=""), HARD),
    ("brevo", samples.brevo("soft_bounce", reason=FULL), SOFT),
    ("brevo", samples.brevo("hard_bounce", reason=SPAM), POLICY),
    ("brevo", samples.brevo("blocked", reason="blocked: due to blacklist user"), POLICY),
    ("brevo", samples.brevo("deferred", reason="452 try later"), None),
    ("brevo", samples.brevo("spam"), COMPLAINT),
    ("brevo", [samples.brevo("unsubscribed")], UNSUBSCRIBE),
    ("brevo", samples.brevo("request"), None),
    ("mailjet", samples.mailjet_bounce(), HARD),
    ("mailjet", [samples.mailjet_bounce(hard=True, error="mailbox inactive")], HARD),
    ("mailjet", samples.mailjet_bounce(hard=False, error="quota exceeded"), SOFT),
    ("mailjet", samples.mailjet_bounce(hard=True, error="sender blocked", about="spam"), POLICY),
    ("mailjet", samples.mailjet_bounce(hard=True, error="policy issue", about="spam"), POLICY),
    ("mailjet", samples.mailjet("blocked", error_related_to="recipient", error="preblocked"), POLICY),
    ("mailjet", samples.mailjet("spam", source="JMRPP"), COMPLAINT),
    ("mailjet", samples.mailjet("unsub", mj_list_id=1), UNSUBSCRIBE),
    ("mailjet", samples.mailjet("sent", smtp_reply="250 2.0.0 OK"), None),
    ("sparkpost", [samples.sparkpost()], HARD),
    ("sparkpost", [samples.sparkpost("out_of_band")], HARD),
    (
        "sparkpost",
        [samples.sparkpost(bounce_class="22", error_code="552", raw_reason=FULL, reason=FULL)],
        SOFT,
    ),
    ("sparkpost", [samples.sparkpost(bounce_class="51")], POLICY),
    ("sparkpost", [samples.sparkpost(bounce_class="60")], None),
    ("sparkpost", [samples.sparkpost("delay", bounce_class="21")], None),
    ("sparkpost", [samples.sparkpost("policy_rejection", bounce_class="25")], POLICY),
    ("sparkpost", [samples.sparkpost("spam_complaint", fbtype="abuse")], COMPLAINT),
    ("sparkpost", [samples.sparkpost("list_unsubscribe", "unsubscribe_event")], UNSUBSCRIBE),
    ("sparkpost", [{"msys": {}}], None),
]


@pytest.mark.parametrize(("provider", "document", "kind"), EVENTS)
def test_an_event_has_the_kind_that_the_policy_knows(
    provider: str, document: object, kind: BounceKind | None
) -> None:
    text = json.dumps(document).replace("TAG", f"12.{'3c' * 16}")
    reports = list(read_events(provider, json.loads(text)))
    assert [report.kind for report in reports] == ([] if kind is None else [kind])
    assert all((report.tags, report.recipients[0]) == ((TAG,), JO) for report in reports)


SES: list[tuple[dict[str, Any], BounceKind | None]] = [
    (samples.ses_bounce(), HARD),
    (samples.ses_bounce(event=True), HARD),
    (samples.ses_bounce("Permanent", "Suppressed", "5.1.1", "Amazon SES has suppressed sending"), HARD),
    (samples.ses_bounce("Permanent", "OnAccountSuppressionList", "", ""), HARD),
    (samples.ses_bounce("Permanent", "General", "5.7.1", SPAM), POLICY),
    (samples.ses_bounce("Transient", "MailboxFull", "4.2.2", FULL), SOFT),
    (samples.ses_bounce("Transient", "ContentRejected", "5.6.0", "550 rejected"), POLICY),
    (samples.ses_bounce("Undetermined", "Undetermined", "", ""), SOFT),
    (samples.ses_complaint(), COMPLAINT),
    (samples.ses_complaint(event=True), COMPLAINT),
    (samples.ses_complaint("not-spam"), None),
    (samples.ses("Delivery", {"recipients": [JO], "smtpResponse": "250 ok"}), None),
    (samples.ses("DeliveryDelay", {"delayedRecipients": [{"emailAddress": JO}]}, event=True), None),
]
MESSAGE_ID = f"<12.{'3c' * 16}@news.example>"
FROM_SES: list[dict[str, Any]] = [
    {"headers": [{"name": "From", "value": "x"}, {"name": "Message-ID", "value": MESSAGE_ID}]},
    {"commonHeaders": {"from": ["x"], "messageId": MESSAGE_ID, "subject": "The news"}},
]


@pytest.mark.parametrize("mail", FROM_SES)
@pytest.mark.parametrize(("message", "kind"), SES)
def test_a_message_of_ses_has_the_kind_that_the_policy_knows(
    message: dict[str, Any], kind: BounceKind | None, mail: dict[str, Any]
) -> None:
    reports = list(amazon.read_notification(message | {"mail": message["mail"] | mail}))
    assert [report.kind for report in reports] == ([] if kind is None else [kind])
    assert all((report.tags, report.recipients) == ((TAG,), (JO,)) for report in reports)


def test_the_envelope_sender_that_ses_repeats_names_the_delivery() -> None:
    (report,) = amazon.read_notification(samples.ses_bounce(source=f"bounces+2a-{'b' * 20}@news.example"))
    assert report.deliveries == ((42, "b" * 20),)


def test_words_of_a_provider_cannot_break_a_line() -> None:
    event = samples.brevo(reason="550 5.1.1 a\r\nb\x00\ud800")
    (report,) = read_events("brevo", event)
    assert report.detail.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8)
            | st.sampled_from(
                ["event", "msys", "event-data", "mail", "headers", "bounce", "RecordType", "email"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(document=JSON, provider=st.sampled_from(sorted(FORMATS)))
def test_any_document_is_read_without_an_error(document: object, provider: str) -> None:
    list(read_events(provider, document))
    list(amazon.read_notification(document))


@given(document=st.data())
def test_any_change_of_an_event_is_read_without_an_error(document: st.DataObject) -> None:
    provider, event, _ = document.draw(st.sampled_from(EVENTS))
    facts = event[0] if isinstance(event, list) else event
    assert isinstance(facts, dict)
    key = document.draw(st.sampled_from(sorted(facts)))
    list(read_events(provider, facts | {key: document.draw(JSON)}))
