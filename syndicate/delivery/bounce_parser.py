"""Parser of bounces (RFC 3464), complaints (RFC 5965), readers' replies, and replies of the mail server.

All share a table of status codes (RFC 3463). Only codes that certainly mean "no such mailbox" are hard. A
reply that may concern the sender (a block, a policy) never suppresses a subscriber.
"""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from syndicate.delivery.mail_headers import header_text
from syndicate.delivery.message_ids import read_tags
from syndicate.delivery.verp import read_verp

MAX_MESSAGE_BYTES = 512 * 1024
# The parser compares each line with the boundary of every enclosing part: 24 s for a hostile 512 kB.
_MAX_LINES = 20_000
_HARD_STATUSES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNKNOWN_MAILBOX = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address|account)"
    r"|(user|mailbox|account) (was )?not found|does(n't| not) exist|mailbox (is )?disabled|no mailbox here",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_TOKEN = re.compile(rb"unsubscribe(?:/|%20|[ ])([A-Za-z0-9_-]{32})(?![A-Za-z0-9_-])")
_SUBJECT = re.compile(r"\s*unsubscribe\s+([A-Za-z0-9_-]{32})\s*", re.IGNORECASE)
_AUTOMATIC_FIELDS = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "Precedence", "List-Id")
_RECIPIENT_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "to")


class BounceKind(StrEnum):
    """Kind of a report about a delivery; ``POLICY`` blames the sender, ``REPLY`` is a reader's answer."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "leaving"
    REPLY = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Untrusted report about a delivery.

    ``deliveries`` are (id, signature) of envelope senders, ``tokens`` unsubscribe tokens, ``tags``
    (edition id, HMAC) of Message-IDs; a tag counts for the subscriptions of ``recipients`` and ``tokens``.
    """

    kind: BounceKind
    status: str = ""
    detail: str = ""
    deliveries: tuple[tuple[int, str], ...] = ()
    tokens: tuple[str, ...] = ()
    tags: tuple[tuple[int, str], ...] = ()
    recipients: tuple[str, ...] = ()


def classify_reply(code: int | None, text: str) -> BounceKind | None:
    """Classify a reply or diagnostic; ``None`` when it says nothing about the mailbox.

    An enhanced status code in the text overrides ``code``. Without it only known phrases make a bounce hard.
    """
    match = _STATUS.search(text)
    status = match[1] if match else ""
    is_vague = status in ("", "5.0.0", "5.1.0", "5.5.0") and code != 552
    if status in _HARD_STATUSES or (is_vague and _UNKNOWN_MAILBOX.search(text)):
        return BounceKind.HARD
    if is_policy_reply(text):
        return None
    if status.startswith(("4", "5.2", "5.4")) or (not status and code in (450, 452, 552)):
        return BounceKind.SOFT
    return None


def kind_of_reply(code: int | None, status: str, text: str) -> BounceKind | None:
    """Return the kind that the status shows, or else the text; ``POLICY`` if only a policy is named.

    The server's status comes first; many servers write 5.0.0 and the real code in the text.
    """
    texts = (f"{status} {_STATUS.sub('', text)}", text) if _STATUS.search(status) else (text,)
    kinds = [kind for text in texts if (kind := classify_reply(code, text))]
    kinds += [BounceKind.POLICY for text in texts if is_policy_reply(text)]
    return kinds[0] if kinds else None


def is_policy_reply(text: str) -> bool:
    """Return whether a reply names a policy or a block (4.7.x, 5.7.x), which concerns the sender."""
    match = _STATUS.search(text)
    return match is not None and match[1][1:3] == ".7"


def read_report(data: bytes) -> Report | None:
    """Parse the first ``MAX_MESSAGE_BYTES`` of a message; ``None`` when it is no report."""
    data = b"\n".join(data[:MAX_MESSAGE_BYTES].split(b"\n", _MAX_LINES)[:_MAX_LINES])
    try:
        return _read(email.message_from_bytes(data, policy=email.policy.compat32), data)
    except RecursionError:
        # Thousands of nested parts: no server sends such a bounce.
        return None


def _read(message: Message, data: bytes) -> Report | None:
    subject = _SUBJECT.fullmatch(header_text(str(message.get("Subject", ""))))
    if subject:
        return _report(message, BounceKind.UNSUBSCRIBE, "", "by mail", (subject[1],))
    parts = {part.get_content_type(): part for part in message.walk()}
    if feedback := parts.get("message/feedback-report"):
        return _complaint(message, _inner(feedback), data)
    if status := parts.get("message/delivery-status"):
        return _notification(message, status)
    return _bounce_in_words(message, data) or _reply(message)


def _reply(message: Message) -> Report | None:
    """Return a reader's reply to a mail, ``None`` for an automatic reply and for other messages."""
    tags = read_tags(*(str(message.get(name, ""))[-4000:] for name in ("In-Reply-To", "References")))
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower() != "no"
    if not tags or automatic or any(name in message for name in _AUTOMATIC_FIELDS):
        return None
    return Report(kind=BounceKind.REPLY, tags=tags, recipients=(str(message.get("From", ""))[:1000],))


def _complaint(message: Message, feedback: str, data: bytes) -> Report | None:
    if not re.search(r"^feedback-type:\s*abuse\b", feedback, re.IGNORECASE | re.MULTILINE):
        return None
    tokens = tuple(dict.fromkeys(token.decode("ascii") for token in _TOKEN.findall(data)))
    return _report(message, BounceKind.COMPLAINT, "", "reported as spam", tokens[:20], data)


def _notification(message: Message, status: Message) -> Report | None:
    text = _inner(status)
    failed = re.search(r"^action:\s*(failed|delayed)", text, re.IGNORECASE | re.MULTILINE)
    code = re.search(r"^status:\s*([245]\.\d{1,3}\.\d{1,3})", text, re.IGNORECASE | re.MULTILINE)
    diagnostic = re.search(r"^diagnostic-code:\s*(.+(?:\n[ \t]+.+)*)", text, re.IGNORECASE | re.MULTILINE)
    if failed is None or code is None:
        return None
    detail = header_text(diagnostic[1] if diagnostic else "", 300)
    if failed[1].lower() == "delayed":
        kind: BounceKind | None = BounceKind.SOFT
    else:
        kind = kind_of_reply(None, code[1], detail)
    return None if kind is None else _report(message, kind, code[1], detail)


def _bounce_in_words(message: Message, data: bytes) -> Report | None:
    """Parse a bounce of an old server: an empty sender, and the reason somewhere in the text."""
    empty = str(message.get("Return-Path", "")).strip() == "<>"
    daemon = re.search(r"mailer-daemon|postmaster", str(message.get("From", "")), re.IGNORECASE)
    if not empty and not daemon:
        return None
    blank_line = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    text = data[:20_000].partition(blank_line)[2].decode("utf-8", "replace")
    kind = kind_of_reply(None, "", text)
    match = _STATUS.search(text)
    return None if kind is None else _report(message, kind, match[1] if match else "", header_text(text, 200))


def _report(
    message: Message,
    kind: BounceKind,
    status: str,
    detail: str,
    tokens: tuple[str, ...] = (),
    data: bytes = b"",
) -> Report:
    fields = [str(value) for name in _RECIPIENT_FIELDS for value in message.get_all(name, [])]
    # A complaint goes to a fixed address; the reported mail contains the envelope sender.
    fields += re.findall(r"^return-path:\s*(\S+)", data.decode("latin-1"), re.IGNORECASE | re.MULTILINE)[:5]
    candidates = [word for field in fields for word in re.split(r"[\s,<>]+", field) if "+" in word]
    deliveries = tuple(dict.fromkeys(verp for word in candidates[:50] if (verp := read_verp(word))))
    # The Message-ID of the reported mail; its recipient is often removed, but the token stays.
    tags = read_tags(
        *re.findall(r"^message-id:\s*(\S+)", data.decode("latin-1"), re.IGNORECASE | re.MULTILINE)
    )
    return Report(kind=kind, status=status, detail=detail, deliveries=deliveries, tokens=tokens, tags=tags)


def _inner(part: Message) -> str:
    """Return the text of a part that the email parser may have parsed as messages."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n".join(map(str, payload))
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
