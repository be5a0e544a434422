"""Checks of a request before a page sees it: host, origin, the session's token, own addresses, proxies."""

from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from syndicate.jobs.admin.admin_facts import AdminOptions
from syndicate.text.urls import is_loopback


def is_own_host(host: str, options: AdminOptions) -> bool:
    """Return whether a ``Host`` header names this site or loopback; protects against DNS rebinding."""
    return host.lower() in options.hosts or is_loopback(f"http://{host}/")


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a form was sent from a page of this host: Fetch Metadata, else ``Origin``."""
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc.lower() == headers.get("host", "").lower() != ""


def is_token_of(given: str, csrf: str) -> bool:
    """Return whether a form has the token of its session."""
    return bool(csrf) and compare_digest(given.encode(errors="replace"), csrf.encode())


def own_address(address: str, fallback: str = "/admin/") -> str:
    """Return an address below ``/admin/`` unchanged, else ``fallback``: a redirect leaves this site never."""
    parts = urlsplit(address)
    is_plain = address.isprintable() and "\\" not in address and not address.startswith("//")
    is_own = not parts.scheme and not parts.netloc and address.startswith("/admin/") and "/.." not in address
    return address if is_plain and is_own else fallback


def uses_secure_cookie(host: str, options: AdminOptions) -> bool:
    """Return whether the cookie needs https: always, except on loopback of a loopback listener."""
    return not (options.is_local and is_loopback(f"http://{host}/"))


def header_user(headers: Headers, peer: str, options: AdminOptions) -> str:
    """Return the address of the user that a trusted proxy has signed in, or ``""``.

    A header that is there twice names no user: a client may have sent the other.
    """
    if not options.user_header or not options.proxies:
        return ""
    try:
        client = ip_address(peer)
    except ValueError:
        return ""
    trusted = any(client in ip_network(proxy) for proxy in options.proxies)
    names = headers.getlist(options.user_header) if trusted else []
    return names[0].strip() if len(names) == 1 else ""
