"""Public facts of a private source: its name and its host, never its address, key or password."""

import re
from dataclasses import replace
from urllib.parse import unquote, unquote_plus

from syndicate.model import Source
from syndicate.text.tables import table_of
from syndicate.text.urls import host_of, is_web_url

_WEB = re.compile(r"(https?:\\?/\\?/)(?:[^\s/@]*@)?([^\s/?#@'\"<>]+)(?:[/?#][^\s'\"<>]*)?", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s<>()\[\]\"',;:@]+@[^\s<>()\[\]\"',;:@]+")
_KEYS = frozenset(table_of(__name__)["keys"].split())
# Shorter pieces of an address are words such as "feed", which an error message may well contain.
_SECRET_LENGTH = 6


def looks_secret(url: str) -> bool:
    """Return whether an address carries a key in its query, as private feeds of many services do."""
    query = url.partition("#")[0].partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&"))
    return any(name.lower() in _KEYS and value for name, _, value in pairs)


def has_credentials(url: str) -> bool:
    """Return whether a user name or a password precedes the host."""
    match = re.match(r"\s*(?:https?|feed):(?:https?:)?[\\/]*([^\\/?#]*)", url, re.IGNORECASE)
    return match is not None and "@" in match[1]


def masked_address(url: str) -> str:
    """Return the public form of a private address: ``https://host/…``, or ``…`` for other text."""
    return f"{url.partition(':')[0].lower()}://{host_of(url)}/…" if is_web_url(url) else "…"


def masked_mailbox(address: str) -> str:
    """Return a mail address that only its owner recognises: ``m••••a@mail.example``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}••••{local[-1:] if len(local) > 3 else ''}@{domain}"


def mask_mailboxes(text: str) -> str:
    """Return a text, such as the answer of a mail server, with each mail address masked."""
    return _MAILBOX.sub(lambda found: masked_mailbox(found[0]), text)


def mask_address(text: str, url: str) -> str:
    """Return a message without its addresses, and without longer pieces of ``url``."""
    text = _WEB.sub(r"\1\2/…", text.replace(url, masked_address(url)))
    for piece in _pieces(url):
        text = text.replace(piece, "…")
    return text


def public_source(source: Source) -> Source:
    """Return the public form of a source: a private source loses its address and the ids made of it."""
    if not source.private:
        return source
    home = f"{source.home_url.partition(':')[0]}://{host_of(source.home_url)}/" if source.home_url else ""
    return replace(source, url="", home_url=home, feed_id="", listed_in="", access=None, outline=())


def _pieces(url: str) -> list[str]:
    """Return path segments and query values that are long enough to be secret, longest first."""
    path, _, query = url.partition("://")[2].partition("?")
    raw = path.split("/")[1:] + [pair.partition("=")[2] or pair for pair in query.split("&")]
    spelt = {*raw, *map(unquote, raw), *map(unquote_plus, raw)}
    return sorted((piece for piece in spelt if len(piece) >= _SECRET_LENGTH), key=len, reverse=True)
