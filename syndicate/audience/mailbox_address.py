"""Mail addresses: which text is one, how it is shown, and when two of them are the same mailbox."""

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from syndicate.errors import InvalidAddress
from syndicate.text.plain import clean_line

_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """``display`` is what mail is sent to: the local part as given, the domain in lower-case ASCII.

    ``key`` is equal for two spellings of one mailbox. Only letter case is folded: the server alone
    decides what the local part means (RFC 5321 section 2.4), so plus tags and dots count.
    """

    display: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A name people read, ``""`` if there is none, and the address behind it."""

    name: str
    address: Address


def normalise_address(text: str) -> Address:
    """Read one address; ``InvalidAddress`` with a readable reason otherwise. Asks no name server."""
    text = text.strip()
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        shown = clean_line(text, 80)
        raise InvalidAddress(f'"{shown}" is not a mail address: {error}') from None
    if "=?" in valid.local_part:
        # Mail programs decode it (RFC 2047 forbids that in an address), and read another address.
        shown = clean_line(text, 80)
        raise InvalidAddress(f'"{shown}" is not a mail address: "=?" begins an encoded word')
    display = f"{valid.local_part}@{valid.ascii_domain.lower()}"
    return Address(display=display, key=display.casefold())


def fold_address(address: Address) -> str:
    """One text for all spellings that commonly reach one person: no plus tag, no dots, small letters.

    Only for counting requests: somebody's real address is never changed by it.
    """
    local, _, domain = address.key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def parse_mailbox(text: str) -> Mailbox:
    """Read ``Name <address>`` or a plain address, as ``[mail] from`` has it; ``InvalidAddress``."""
    match = _MAILBOX.fullmatch(text.strip())
    if match is None:
        return Mailbox(name="", address=normalise_address(text))
    name = clean_line(match["name"]).strip('" ')
    return Mailbox(name=name, address=normalise_address(match["address"]))
