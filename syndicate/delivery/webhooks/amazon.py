"""Amazon SES over SNS: the signed envelope of SNS, and the bounces and complaints of SES in it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from syndicate.delivery.bounce_parser import Report
from syndicate.delivery.webhooks.event_formats import read_events, value_at

CONFIRMATION = "SubscriptionConfirmation"
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[CONFIRMATION]
_REGION = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]{1,40}):\d{12}:[A-Za-z0-9_.-]{1,256}")


def signed_text(envelope: Mapping[str, object]) -> bytes | None:
    """Return the text that SNS signs, ``None`` for a malformed envelope."""
    names = _SIGNED.get(str(envelope.get("Type")), ())
    lines = [(name, envelope[name]) for name in names if envelope.get(name) is not None]
    if not lines or not all(isinstance(value, str) for _, value in lines):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in lines).encode("utf-8", "replace")


def certificate_url(envelope: Mapping[str, object]) -> str:
    """Return the URL of the signing certificate; ``""`` if it is not on the host of the topic's region."""
    name = r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem"
    return _url_of_amazon(envelope, "SigningCertURL", name)


def confirmation_url(envelope: Mapping[str, object]) -> str:
    """Return the URL that confirms a subscription; ``""`` if it is not on the host of the topic's region."""
    return _url_of_amazon(envelope, "SubscribeURL", r"/\?Action=ConfirmSubscription&[!-~]{1,2000}")


def _url_of_amazon(envelope: Mapping[str, object], key: str, path: str) -> str:
    url, region = str(envelope.get(key)), _REGION.fullmatch(str(envelope.get("TopicArn")))
    return url if region and re.fullmatch(rf"https://sns\.{region[1]}\.amazonaws\.com{path}", url) else ""


def read_notification(message: Any) -> Iterator[Report]:
    """Yield a report for each recipient of an SES message, a notification or an event."""
    headers = filter(_is_message_id, _list(message, "mail.headers"))
    facts = {"header": next((header["value"] for header in headers), None)}
    for kind in ("bounce.bouncedRecipients", "complaint.complainedRecipients"):
        for recipient in _list(message, kind):
            yield from read_events("ses", {**message, **facts, "to": recipient})


def _is_message_id(header: Any) -> bool:
    return isinstance(header, dict) and str(header.get("name")).lower() == "message-id" and "value" in header


def _list(message: object, path: str) -> list[Any]:
    value = value_at(message, path)
    return value if isinstance(value, list) else []
