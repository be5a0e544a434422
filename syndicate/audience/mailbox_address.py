"""Mail addresses: validation, normal form, and the key of a mailbox."""

import re
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from syndicate.errors import InvalidAddress
from syndicate.text.plain import clean_line

_MAILBOX = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*"\s*|[^<>]*)<(?P<address>[^<>]*)>')
_QUOTED_PAIR = re.compile(r"\\(.)")
# Nearly all addresses; the validator accepts them unchanged and takes twenty times as long.
_PLAIN = re.compile(
    r"(?=.{1,64}@.{1,180}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:[A-Za-z0-9](?:-?[A-Za-z0-9]){0,60}\.)+(?P<top>[A-Za-z]{2,20})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Mail address. ``display`` has the local part as given and the domain in lower-case ASCII.

    ``key`` is equal for all spellings of a mailbox. It folds letter case only: the server alone interprets
    the local part (RFC 5321 section 2.4), so plus tags and dots count.
    """

    display: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Address with a display name, which may be ``""``."""

    name: str
    address: Address


def normalise_address(text: str) -> Address:
    """Parse an address without DNS lookups. Raises ``InvalidAddress`` with a readable reason."""
    text = text.strip()
    plain = _PLAIN.fullmatch(text)
    if plain and plain["top"].lower() not in SPECIAL_USE_DOMAIN_NAMES:
        local, _, domain = text.rpartition("@")
        display = f"{local}@{domain.lower()}"
        return Address(display=display, key=display.casefold())
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        shown = clean_line(text, 80)
        raise InvalidAddress(f'"{shown}" is not a mail address: {str(error).rstrip(".")}') from None
    if "=?" in valid.local_part:
        # Mail programs decode it, although RFC 2047 forbids that, and so read another address.
        shown = clean_line(text, 80)
        raise InvalidAddress(f'"{shown}" is not a mail address: "=?" begins an encoded word')
    display = f"{valid.local_part}@{valid.ascii_domain.lower()}"
    return Address(display=display, key=display.casefold())


def is_mailbox(text: str, key: str) -> bool:
    """Return whether a text is a spelling of the mailbox with a key."""
    try:
        return normalise_address(text).key == key
    except InvalidAddress:
        return False


def fold_address(address: Address) -> str:
    """Return an address without plus tag, dots and capitals, to count a person's requests."""
    local, _, domain = address.key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def parse_mailbox(text: str) -> Mailbox:
    """Parse ``Name <address>`` or a plain address, as in ``[mail] from``. Raises ``InvalidAddress``.

    A name in quotes may hold any character (quoted-string, RFC 5322 section 3.2.4).
    """
    match = _MAILBOX.fullmatch(text.strip())
    if match is None:
        return Mailbox(name="", address=normalise_address(text))
    name = clean_line(match["name"])
    name = _QUOTED_PAIR.sub(r"\1", name[1:-1]) if name[:1] == '"' == name[-1:] else name.strip('" ')
    return Mailbox(name=name, address=normalise_address(match["address"]))
