"""Mail headers as exact bytes, written by us because the standard library can be talked into forging them.

On Python 3.11.7 a title ``=?utf-8?q?hi=0D=0ABcc:_e@x?=`` given to ``EmailMessage`` becomes a real
``Bcc`` header (CVE-2024-6923), and a long ``List-Unsubscribe`` is broken into encoded words. So text
is cleaned first and then either plain ASCII or base64 encoded words of our own making.
"""

import base64
import re
import textwrap

from syndicate.errors import MailError, Refused
from syndicate.text.plain import clean_line

# RFC 5321 section 4.5.3.1: 64 octets before the @, 254 for all that a path can carry.
_ADDRESS = re.compile(r"[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
_LONGEST_ADDRESS = 254
_LONGEST_LOCAL = 64
_URL = re.compile(r"[a-z]+:[!#-;=?-Z\[\]_a-z~]{1,900}", re.ASCII)
# "Subject: =?utf-8?b?" + 52 + "?=" stays below 78 columns (RFC 5322 section 2.1.1).
_ENCODED_WORD_BYTES = 39
_PLAIN_WIDTH = 66


def header_text(text: str, limit: int = 200) -> str:
    """Any text made harmless in a header: one line, no controls, nothing that decodes to something else."""
    text = clean_line(text, limit)
    while "=?" in text:
        text = text.replace("=?", "= ?")
    return text


def encode_text(text: str) -> bytes:
    """The value of an unstructured header, folded: ASCII as it is, all else as encoded words (RFC 2047)."""
    text = header_text(text)
    if text.isascii():
        lines = textwrap.wrap(text, _PLAIN_WIDTH, break_on_hyphens=False, break_long_words=False)
        return "\r\n ".join(lines).encode("ascii")
    return b"\r\n ".join(_encoded_words(text))


def encode_phrase(name: str) -> bytes:
    """A display name before an angle bracket: a quoted string, or encoded words."""
    name = header_text(name)
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.encode("ascii")
    return b"\r\n ".join(_encoded_words(name))


def encode_mailbox(name: str, address: str) -> bytes:
    """``"Name" <address>`` for From; ``Refused`` for an address that cannot stand there."""
    return encode_phrase(name) + b"\r\n <" + encode_address(address) + b">"


def encode_address(address: str) -> bytes:
    """An address as it stands in a header or an SMTP command.

    ``Refused`` for anything else: controls, spaces, brackets, or letters outside ASCII before the @,
    which only a server with SMTPUTF8 could take (RFC 6531).
    """
    if _ADDRESS.fullmatch(address) is None or len(address) > _LONGEST_ADDRESS:
        shown = header_text(address, 80)
        raise Refused(f'"{shown}" is not an address that mail can be sent to: it must be plain ASCII.')
    return address.encode("ascii")


def encode_recipient(address: str) -> bytes:
    """Like ``encode_address``, but letters outside ASCII may stand before the @ (RFC 6532), as UTF-8."""
    if address.isascii():
        return encode_address(address)
    local, _, domain = address.rpartition("@")
    plain = "".join(character if character.isascii() else "x" for character in local)
    if local.isprintable() and len(local.encode("utf-8", "replace")) <= _LONGEST_LOCAL and plain != local:
        encode_address(f"{plain[:_LONGEST_LOCAL]}@{domain}")
        return address.encode("utf-8", "replace")
    return encode_address(address)


def encode_url(url: str) -> bytes:
    """A URL in angle brackets, as the List headers want it (RFC 2369); ``MailError`` if it cannot be."""
    if _URL.fullmatch(url) is None:
        raise MailError(f'"{header_text(url, 80)}" is not a URL that a mail header can hold.')
    return b"<" + url.encode("ascii") + b">"


def _encoded_words(text: str) -> list[bytes]:
    """Encoded words of at most 75 characters, each whole characters only, so each decodes alone."""
    chunks: list[bytes] = [b""]
    for character in text:
        encoded = character.encode()
        if len(chunks[-1]) + len(encoded) > _ENCODED_WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += encoded
    return [b"=?utf-8?b?" + base64.b64encode(chunk) + b"?=" for chunk in chunks]
