"""Encoding of mail headers; not by ``email``, which a hostile title can make forge headers.

On Python 3.11.7 ``EmailMessage`` turns the title ``=?utf-8?q?hi=0D=0ABcc:_e@x?=`` into a ``Bcc`` header
(CVE-2024-6923), and splits a long ``List-Unsubscribe`` into encoded words. Here text is cleaned first, then
written as plain ASCII or base64 encoded words.
"""

import base64
import re
import textwrap

from syndicate.errors import MailError, Refused
from syndicate.text.plain import clean_line

# RFC 5321 section 4.5.3.1: 64 octets before the @, 254 for an address in a path.
_ADDRESS = re.compile(r"[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
_MAX_ADDRESS_LENGTH = 254
_MAX_LOCAL_LENGTH = 64
_URL = re.compile(r"[a-z]+:[!#-;=?-Z\[\]_a-z~]{1,900}", re.ASCII)
# "Subject: =?utf-8?b?" + 52 + "?=" stays below 78 columns (RFC 5322 section 2.1.1).
_ENCODED_WORD_BYTES = 39
_LINE_WIDTH = 66


def header_text(text: str, limit: int = 200) -> str:
    """Make a text harmless in a header: a single line, no control characters, no encoded words."""
    text = clean_line(text, limit)
    while "=?" in text:
        text = text.replace("=?", "= ?")
    return text


def encode_text(text: str) -> bytes:
    """Encode and fold the value of an unstructured header: ASCII, or encoded words (RFC 2047)."""
    text = header_text(text)
    if text.isascii():
        lines = textwrap.wrap(text, _LINE_WIDTH, break_on_hyphens=False, break_long_words=False)
        return "\r\n ".join(lines).encode("ascii")
    return b"\r\n ".join(_encoded_words(text))


def encode_phrase(name: str) -> bytes:
    """Encode a display name: a quoted string, or encoded words."""
    name = header_text(name)
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.encode("ascii")
    return b"\r\n ".join(_encoded_words(name))


def encode_mailbox(name: str, address: str) -> bytes:
    """Encode ``"Name" <address>`` for From. Raises ``Refused`` for an address that is not valid there."""
    return encode_phrase(name) + b"\r\n <" + encode_address(address) + b">"


def encode_address(address: str) -> bytes:
    """Encode a plain ASCII address for a header or an SMTP command. Raises ``Refused`` for any other."""
    if _ADDRESS.fullmatch(address) is None or len(address) > _MAX_ADDRESS_LENGTH:
        shown = header_text(address, 80)
        raise Refused(f'Mail cannot be sent to "{shown}": not a valid address in plain ASCII.')
    return address.encode("ascii")


def encode_recipient(address: str) -> bytes:
    """Encode an address like ``encode_address``, with UTF-8 allowed before the @ (RFC 6532)."""
    if address.isascii():
        return encode_address(address)
    local, _, domain = address.rpartition("@")
    plain = "".join(character if character.isascii() else "x" for character in local)
    if local.isprintable() and len(local.encode("utf-8", "replace")) <= _MAX_LOCAL_LENGTH and plain != local:
        encode_address(f"{plain[:_MAX_LOCAL_LENGTH]}@{domain}")
        return address.encode("utf-8", "replace")
    return encode_address(address)


def encode_url(url: str) -> bytes:
    """Encode a URL in angle brackets for List headers (RFC 2369). Raises ``MailError`` for others."""
    if _URL.fullmatch(url) is None:
        raise MailError(f'A mail header cannot contain the URL "{header_text(url, 80)}".')
    return b"<" + url.encode("ascii") + b">"


def _encoded_words(text: str) -> list[bytes]:
    """Return encoded words of at most 75 characters, each of whole characters, so that each decodes alone."""
    chunks: list[bytes] = [b""]
    for character in text:
        encoded = character.encode()
        if len(chunks[-1]) + len(encoded) > _ENCODED_WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += encoded
    return [b"=?utf-8?b?" + base64.b64encode(chunk) + b"?=" for chunk in chunks]
