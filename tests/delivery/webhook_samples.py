"""Requests of mail providers, in the formats that they document; ``TAG`` stands for a mail's own tag."""

import json
from typing import Any

JO = "jo@example.org"
UNKNOWN = "smtp; 550 5.1.1 <jo@example.org>: Recipient address rejected: User unknown"


def ses(kind: str, facts: dict[str, Any], *, event: bool = False, **mail: Any) -> dict[str, Any]:
    """A message of SES, as a notification or as an event; ``kind`` is Bounce or Complaint."""
    return {
        "eventType" if event else "notificationType": kind,
        "mail": {
            "timestamp": "2026-11-24T09:00:00.000Z",
            "source": "bounces@news.example",
            "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/news.example",
            "sendingAccountId": "123456789012",
            "messageId": "0102018b-2d7c-4f0e-a5b3-000000",
            "destination": [JO],
            **mail,
        },
        kind.lower(): {"timestamp": "2026-11-24T09:01:00.000Z", "feedbackId": "0102018b-fb", **facts},
    }


def ses_bounce(
    kind: str = "Permanent", sub: str = "General", status: str = "5.1.1", code: str = UNKNOWN, **facts: Any
) -> dict[str, Any]:
    recipient = {"emailAddress": JO, "action": "failed", "status": status, "diagnosticCode": code}
    bounce = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [recipient]}
    return ses("Bounce", bounce | {"reportingMTA": "dsn; a8-1.smtp-out.eu-west-1.amazonses.com"}, **facts)


def ses_complaint(feedback: str = "abuse", **facts: Any) -> dict[str, Any]:
    complaint = {
        "complainedRecipients": [{"emailAddress": JO}],
        "userAgent": "AnyCompany Feedback Loop (V0.01)",
        "complaintSubType": None,
        "complaintFeedbackType": feedback,
        "arrivalDate": "2026-11-24T09:01:00.000Z",
    }
    return ses("Complaint", complaint, **facts)


def postmark(kind: str = "HardBounce", details: str = UNKNOWN, **facts: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "MessageStream": "broadcast",
        "ID": 4323372036854775807,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"mail": "TAG"},
        "ServerID": 23,
        "Description": "The server was unable to deliver your message.",
        "Details": details,
        "Email": JO,
        "From": "news@news.example",
        "BouncedAt": "2026-11-24T09:01:00Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "The news of Tuesday",
    } | facts


def postmark_change(reason: str | None, origin: str = "Recipient") -> dict[str, Any]:
    return {
        "RecordType": "SubscriptionChange",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "MessageStream": "broadcast",
        "ChangedAt": "2026-11-24T09:01:00Z",
        "Recipient": JO,
        "Origin": origin,
        "SuppressSending": reason is not None,
        "SuppressionReason": reason,
        "Tag": None,
        "Metadata": {"mail": "TAG"},
    }


def mailgun(event: str = "failed", /, **facts: Any) -> dict[str, Any]:
    """The event; its signature is added by the caller."""
    return {
        "event-data": {
            "event": event,
            "severity": "permanent",
            "reason": "bounce",
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1795510860.0,
            "log-level": "error",
            "recipient": JO,
            "recipient-domain": "example.org",
            "envelope": {"transport": "smtp", "sender": "bounces@news.example", "targets": JO},
            "message": {"headers": {"message-id": "TAG@news.example", "to": JO, "subject": "The news"}},
            "delivery-status": {
                "attempt-no": 1,
                "code": 550,
                "enhanced-code": "5.1.1",
                "message": "5.1.1 The email account that you tried to reach does not exist",
                "description": "",
            },
            "flags": {"is-routed": False, "is-authenticated": True},
            "user-variables": {},
            "tags": [],
            **facts,
        }
    }


def sendgrid(event: str = "bounce", **facts: Any) -> dict[str, Any]:
    return {
        "email": JO,
        "timestamp": 1795510860,
        "smtp-id": "<other@ismtpd-555>",
        "event": event,
        "category": ["news"],
        "sg_event_id": "ZGVhZGJlZWY",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "mail": "TAG",
        **facts,
    }


def brevo(event: str = "hard_bounce", **facts: Any) -> dict[str, Any]:
    return {
        "event": event,
        "email": JO,
        "id": 26224,
        "date": "2026-11-24 10:01:00",
        "ts": 1795510860,
        "message-id": "<202611240901.123@smtp-relay.mailin.fr>",
        "ts_event": 1795510860,
        "subject": "The news of Tuesday",
        "X-Mailin-custom": "TAG",
        "sending_ip": "192.0.2.1",
        "reason": "550 5.1.1 user unknown",
        "tags": [],
        **facts,
    }


def mailjet(event: str = "bounce", **facts: Any) -> dict[str, Any]:
    return {
        "event": event,
        "time": 1795510860,
        "MessageID": 13792286917004336,
        "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j",
        "email": JO,
        "mj_campaign_id": 7257,
        "mj_contact_id": 4,
        "customcampaign": "",
        "CustomID": "TAG",
        "Payload": "",
        **facts,
    }


def mailjet_bounce(
    hard: bool = True, error: str = "user unknown", about: str = "recipient"
) -> dict[str, Any]:
    facts = {"blocked": False, "hard_bounce": hard, "error_related_to": about, "error": error}
    return mailjet("bounce", **facts, comment="")


def sparkpost(event: str = "bounce", inside: str = "message_event", **facts: Any) -> dict[str, Any]:
    return {
        "msys": {
            inside: {
                "type": event,
                "bounce_class": "10",
                "customer_id": "1",
                "error_code": "550",
                "event_id": "92356927693813856",
                "friendly_from": "news@news.example",
                "message_id": "000443ee14578172be22",
                "msg_from": "msprvs1=17827RA6TC8Pz=bounces-12345@sparkpostmail1.com",
                "rcpt_meta": {"mail": "TAG"},
                "rcpt_to": JO,
                "raw_rcpt_to": JO,
                "raw_reason": "550 5.1.1 Unknown recipient",
                "reason": "550 5.1.1 Unknown recipient",
                "timestamp": "1795510860",
                **facts,
            }
        }
    }


def tagged(document: object, tag: str) -> bytes:
    """The body of a request about the mail with this tag."""
    return json.dumps(document).replace("TAG", tag).encode()
