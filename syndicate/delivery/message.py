"""Mail of an edition, encoded once; each subscriber's copy joins ready bytes (3 to 5 µs).

Copies differ only in the recipient, the Message-ID, the token in the links, and the signatures. The format
follows RFC 5322, 2045 and 2046 (MIME), 2369, 2919 and 8058 (mailing lists).
"""

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Self
from urllib.parse import quote

from syndicate.delivery.dkim_signing import DkimKey, MailSigner
from syndicate.delivery.mail_headers import (
    encode_address,
    encode_mailbox,
    encode_phrase,
    encode_recipient,
    encode_text,
    encode_url,
    header_text,
)
from syndicate.delivery.outgoing import Message
from syndicate.errors import MailError
from syndicate.model import Edition
from syndicate.text.names import slug

_CRLF = b"\r\n"
# Placeholders of the recipient and the Message-ID; no header can contain them.
_TO = b"\x00to\x00"
_ID = b"\x00id\x00"
_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,70}", re.ASCII)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """Options that all mails of a newsletter share.

    ``domain`` is the sender's; it ends the Message-ID. ``placeholder`` is replaced by the
    subscriber's token in the edition and in ``unsubscribe_url``. ``unsubscribe_url`` is ``""`` without a web
    server; one-click unsubscribing (RFC 8058) needs an ``https`` address. ``unsubscribe_address`` receives
    requests to unsubscribe; without it the message is not a mail of a list. ``site_url``, ``archive_url``
    (the newsletter's editions) and ``web_url`` (this edition on the web) may be ``""``. ``list_domain`` is
    the domain of the List-Id, ``""`` for ``domain``. In ``tag_headers``, which mail providers read, ``{}`` is
    replaced by the part of the Message-ID before the @.
    """

    sender_name: str
    sender_address: str
    newsletter_title: str
    domain: str
    placeholder: str
    unsubscribe_address: str
    unsubscribe_url: str = ""
    reply_to: str = ""
    site_url: str = ""
    archive_url: str = ""
    subscribe_url: str = ""
    web_url: str = ""
    bounce_address: str = ""
    list_domain: str = ""
    keys: Sequence[DkimKey] = ()
    tag_headers: tuple[str, ...] = ()


class MessageTemplate:
    """Encoded edition, made by ``build``."""

    def __init__(
        self, head: tuple[bytes, ...], body: tuple[bytes, ...], signer: MailSigner | None, tags: bytes = b""
    ) -> None:
        self._head = head
        self._tags = tags
        self._signer = signer
        # The head of a copy, then the pieces of the body with the copy's token between them.
        self._pieces = [b""] * (2 * len(body))
        self._pieces[1::2] = body
        self._tokens = len(body) - 1
        self._body_size = sum(map(len, body))

    @classmethod
    def build(cls, edition: Edition, options: MailOptions) -> Self:
        """Encode an edition whose copies are signed with all keys. Raises ``MailError``."""
        keys = options.keys
        # Equal for equal editions; quoted-printable never contains ``=_``.
        hasher = hashlib.blake2b(f"{edition.id}\x00{edition.html}".encode(), digest_size=12)
        boundary, placeholder = f"=_{hasher.hexdigest()}".encode(), options.placeholder.encode("ascii")
        parts = ((b"text/plain", edition.text), (b"text/html", edition.html))
        body = b"".join(
            b"--%b\r\nContent-Type: %b; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%b\r\n"
            % (boundary, kind, _quoted_printable(text, options.placeholder))
            for kind, text in parts
        )
        pieces = tuple((body + b"--%b--\r\n" % boundary).split(placeholder))
        kind = b'multipart/alternative;\r\n boundary="%b"' % boundary
        fields = [*_headers(edition, options), (b"MIME-Version", b"1.0"), (b"Content-Type", kind)]
        head = b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n"
        own = ((b"To", _TO), (b"Message-ID", _ID))
        signer = MailSigner(keys, (*own, *fields), pieces, (_TO, _ID, placeholder)) if keys else None
        tags = "".join(f"{header}\r\n" for header in options.tag_headers).encode("ascii")
        return cls(tuple(head.split(placeholder)), pieces, signer, tags)

    def for_subscriber(self, address: str, token: str, message_id: str) -> Message:
        """Return the message to a subscriber; its lines have at most 998 bytes.

        ``message_id`` has its angle brackets. Raises ``Refused`` for an address that no mail can be sent to,
        and ``MailError`` for a malformed token or Message-ID.
        """
        if _TOKEN.fullmatch(token) is None or _MESSAGE_ID.fullmatch(message_id) is None:
            raise MailError(f"The token or the Message-ID is malformed: {header_text(message_id, 80)}")
        own = token.encode("ascii")
        to, mark = encode_recipient(address), message_id.encode("ascii")
        head = b"To: %b\r\nMessage-ID: %b\r\n%b" % (to, mark, own.join(self._head))
        if self._signer is not None:
            head = self._signer.sign((to, mark, own), own) + head
        if self._tags:
            # Unsigned, because the provider removes or changes these headers.
            head = self._tags.replace(b"{}", mark[1 : mark.index(b"@")]) + head
        # Never joined: the kernel gathers the pieces, and all copies share the large pieces.
        pieces = self._pieces.copy()
        pieces[0] = head
        pieces[2::2] = [own] * self._tokens
        return Message(pieces, len(head) + self._body_size + self._tokens * len(own))


def _headers(edition: Edition, options: MailOptions) -> list[tuple[bytes, bytes]]:
    sender = encode_address(options.sender_address).decode("ascii")
    domain = (options.list_domain or options.domain).encode("ascii")
    list_label = (slug(edition.newsletter) or "newsletter").encode("ascii")
    headers = [
        (b"From", encode_mailbox(options.sender_name, options.sender_address)),
        (b"Reply-To", encode_address(options.reply_to or options.sender_address)),
        (b"Subject", encode_text(edition.subject)),
        (b"Date", format_datetime(edition.cut_at).encode("ascii")),
    ]
    if not options.unsubscribe_address:
        return [*headers, (b"Auto-Submitted", b"auto-generated")]
    headers += [
        (b"List-Id", encode_phrase(options.newsletter_title) + b"\r\n <%b.%b>" % (list_label, domain)),
        *_unsubscribe_headers(options),
        (b"List-Owner", encode_url(f"mailto:{quote(sender, safe='@')}")),
        (b"List-Post", b"NO"),
        (b"Auto-Submitted", b"auto-generated"),
        (b"Precedence", b"list"),
        (b"Feedback-ID", b"e%d:%b:digest:%b" % (edition.id, list_label, _sender_id(options.domain))),
        # The id in the feed and on the page; no registered header is for it.
        (b"X-Edition-ID", b"urn:uuid:" + edition.uid.encode("ascii")),
    ]
    pages = (
        (b"List-Subscribe", options.subscribe_url),
        (b"List-Archive", options.archive_url),
        (b"List-Help", options.site_url),
        (b"Archived-At", options.web_url),
    )
    return [*headers, *((name, encode_url(url)) for name, url in pages if url)]


def _unsubscribe_headers(options: MailOptions) -> list[tuple[bytes, bytes]]:
    """Return the headers of RFC 2369 section 3.2, and of RFC 8058 section 3.1 for an ``https`` address."""
    encode_address(options.unsubscribe_address)
    mailbox = quote(options.unsubscribe_address, safe="@")
    mail = encode_url(f"mailto:{mailbox}?subject=unsubscribe%20{options.placeholder}")
    if not options.unsubscribe_url:
        return [(b"List-Unsubscribe", mail)]
    headers = [(b"List-Unsubscribe", encode_url(options.unsubscribe_url) + b",\r\n " + mail)]
    if options.unsubscribe_url.startswith("https://"):
        headers.append((b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"))
    return headers


def _sender_id(domain: str) -> bytes:
    """Return the sender's part of Gmail's Feedback-ID: the same 5 to 15 characters in each of its mails."""
    letters = re.sub("[^a-z0-9]", "", domain.lower())[:15]
    return letters.ljust(5, "0").encode("ascii")


def _quoted_printable(text: str, placeholder: str) -> bytes:
    """Encode a text (RFC 2045 section 6.7) with the placeholder on its own lines between soft line breaks.

    So a token of any length makes no line too long and is never split. No line begins with a dot, which SMTP
    would have to double (RFC 5321 section 4.5.2).
    """
    lines = _LINE_END.sub("\n", text.strip())
    pieces = [
        binascii.b2a_qp(piece.encode("utf-8", "replace"), istext=True) for piece in lines.split(placeholder)
    ]
    encoded = (b"=\n" + placeholder.encode("ascii") + b"=\n").join(pieces)
    return _CRLF.join(_without_leading_dot(line) for line in encoded.split(b"\n"))


def _without_leading_dot(line: bytes) -> bytes:
    if not line.startswith(b"."):
        return line
    rest = line[1:]
    # An encoded line is at most 76 characters long; "=2E" takes two more than the dot.
    return b"=2E" + rest if len(rest) <= 73 else b"=2E=\r\n" + _without_leading_dot(rest)
