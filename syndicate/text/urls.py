"""Web addresses: a single spelling for a page, and absolute links for published output.

Identity and duplicates compare ``canonical_url``; a reader clicks ``absolute_url``. Both read an address as
browsers do (WHATWG URL: backslashes are slashes, tabs and newlines vanish) and write a valid RFC 3986 URI in
ASCII. So the URL parser of another library sees the same host.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from syndicate.model.shards import shard_of
from syndicate.text.tables import table_of

# Maximum length in characters. Servers commonly stop at 8 kB for the request line.
MAX_LENGTH = 8192
_TRACKING = table_of(__name__)
TRACKING_PREFIXES = tuple(_TRACKING["prefixes"].split())
_TRACKING_FRAGMENTS = frozenset(_TRACKING["fragments"].split())
TRACKING_PARAMETERS = frozenset(" ".join(_TRACKING["parameters"].values()).split())

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# DNS: labels of at most 63 octets, names of at most 253 (RFC 1035 section 2.3.4).
_LABELS = r"(?![^/?#:]{254})[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*"
_PATH = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]"

_ORDINARY = re.compile(rf"https?://{_LABELS}/{_PATH}*")
_ORDINARY_LINK = re.compile(rf"https?://{_LABELS}/{_PATH}*(?:\?(?:{_PATH}|\?)+)?(?:#(?:{_PATH}|\?)+)?")
_ORDINARY_HOST = re.compile(rf"https?://({_LABELS})(?=[/?#]|\Z)")
_WEB = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$&'*+/=^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_HOST = re.compile(_LABELS)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?")
# Browsers drop the first three. Zero-width characters, also %-encoded, are invisible and come in by copying;
# joiners stay after letters that need them (Persian, Indic scripts, emoji).
_TO_DROP = re.compile(
    "[\t\n\r\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|%E2%80%8B|%EF%BB%BF"
    "|(?<![\u0600-\u08ff\u0900-\u0dff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USERINFO = re.compile(r"\A(https?:)?//[^/?#]*@", re.IGNORECASE)
_EDGE = "".join(map(chr, range(0x21)))
_LEGAL = re.compile(rf"{_PATH}*")
_LEGAL_QUERY = re.compile(rf"(?:{_PATH}|\?)*")
_ESCAPE = re.compile(r"%(?:([0-9A-Fa-f]{2})|)")
_DOT_SEGMENT = re.compile(r"/\.\.?(?:/|\Z)")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT = "!$&'()*+,;=:@/%"


class _Parts(NamedTuple):
    scheme: str
    authority: str
    path: str
    query: str
    fragment: str


@lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """Return the canonical spelling of a web page's address, for comparing.

    Lower-case scheme and host, IDNA host in Punycode, no default port, no dot segments, normalised %-escapes
    (RFC 3986 section 6.2.2), no fragment unless it is a ``#!`` route, no tracking parameters; other
    parameters stay in their order. ``""`` for an address that is not http or https, carries credentials, or
    has no valid host. Idempotent.
    """
    if len(url) <= MAX_LENGTH and _ORDINARY.fullmatch(url) and "/." not in url:
        return url
    parts = _parse(url)
    if parts is None:
        return ""
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return _join(parts._replace(query=_without_tracking(parts.query), fragment=fragment))


def canonical_link(url: str) -> str:
    """Return ``canonical_url`` with its fragment: the address of an entry of a changelog.

    A fragment of tracking parameters (``#utm_source=rss``, ``#publisher=newsstand``) is dropped.
    """
    page = canonical_url(url)
    if "#" not in url or not page or "#" in page:
        return page
    parts = _parse(url)
    fragment = parts.fragment if parts else ""
    if "=" in fragment:
        fragment = "" if fragment in _TRACKING_FRAGMENTS else _without_tracking(fragment)
    link = f"{page}#{fragment}" if fragment else page
    return link if len(link) <= MAX_LENGTH else page


def absolute_url(base: str, reference: str) -> str:
    """Return the target of a link on the page ``base``, as a valid absolute URI.

    Tracking parameters and fragments stay: it is the publisher's link. Userinfo (``https://bank.com@evil``)
    and zero-width characters go. Only http, https and plain ``mailto:`` addresses are returned. For others
    (``javascript:``, ``data:``, ``cid:``, a relative reference without a usable base, an empty reference) the
    result is ``""``. ``//host/x`` takes the scheme of the base, https without a base.
    """
    if len(reference) <= MAX_LENGTH and _ORDINARY_LINK.fullmatch(reference) and "/." not in reference:
        return reference
    reference = _tidy(reference)
    if not reference:
        return ""
    scheme = _SCHEME.match(reference)
    if scheme is None:
        reference = _against(base, reference)
    elif scheme.group().lower() == "mailto:":
        address = unquote(reference[7:].partition("?")[0])
        return f"mailto:{quote(address, safe='@!$&*+=')}" if _MAILBOX.fullmatch(address) else ""
    if "@" in reference:
        reference = _USERINFO.sub(r"\1//", reference)
    parts = _parse(reference)
    return "" if parts is None else _join(parts)


def host_of(url: str) -> str:
    """Return the host of a web address, lower-case and without port; ``""`` for other text."""
    ordinary = _ORDINARY_HOST.match(url)
    if ordinary and len(url) <= MAX_LENGTH:
        return ordinary[1]
    parts = _parse(url)
    if parts is None:
        return ""
    host, _, port = parts.authority.rpartition(":")
    return (host if host and port.isdecimal() else parts.authority).strip("[]")


def site_host(url: str) -> str:
    """Return the host of a web address without "www."."""
    return host_of(url).removeprefix("www.")


def host_shard(url: str) -> int:
    """Return the shard of a URL's host, or of other text, such as the path of a folder, itself."""
    return shard_of(host_of(url) or url)


def origin_of(url: str) -> str:
    """Return scheme, host and port (RFC 6454), the scope of robots.txt and Retry-After, or ``""``."""
    parts = _parse(url)
    return f"{parts.scheme}://{parts.authority}" if parts else ""


_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){1,3}")


def is_loopback(url: str) -> bool:
    """Return whether a web address leads to the machine on which it is opened."""
    host = host_of(url)
    # A name such as 127.0.0.1.example.org leads where its owner wants.
    return host in ("localhost", "::1") or _LOOPBACK.fullmatch(host) is not None


def same_site(url: str, other_url: str) -> bool:
    """Return whether two web addresses have the same owner, as far as their hosts show.

    Hosts match if they are equal, if either is below the other, or if both share a domain. Without the list
    of public suffixes, a domain with a short second label (``co.uk``, ``com.br``) counts as a suffix.
    """
    first, second = map(site_host, (url, other_url))
    if not first or not second:
        return False
    if first == second or first.endswith(f".{second}") or second.endswith(f".{first}"):
        return True
    domains = [host.split(".")[-2:] for host in (first, second)]
    return domains[0] == domains[1] and len(domains[0]) == 2 and len(domains[0][0]) > 3


def is_web_url(url: str) -> bool:
    """Return whether this is an absolute http or https address with a valid host and no credentials.

    Browsers drop line ends in an address; a person who writes one wrote something else than they meant.
    """
    if len(url) > MAX_LENGTH or _CONTROL.search(url):
        return False
    return _ORDINARY_LINK.fullmatch(url) is not None or _parse(url) is not None


def _tidy(url: str) -> str:
    """Drop characters as browsers do; turn backslashes before the query into slashes (WHATWG URL 4.4)."""
    url = _TO_DROP.sub("", url).strip(_EDGE)
    if "\\" in url:
        end = min((at for at in (url.find("?"), url.find("#")) if at >= 0), default=len(url))
        url = url[:end].replace("\\", "/") + url[end:]
    return url


@lru_cache(maxsize=1024)
def _parse(url: str) -> _Parts | None:
    """Return the normalised parts of a web address, ``None`` for other text."""
    if len(url) > MAX_LENGTH:
        return None
    match = _WEB.fullmatch(_tidy(url))
    if match is None:
        return None
    scheme = match[1].lower()
    authority = _authority(scheme, match[2])
    if not authority:
        return None
    path = _without_dot_segments(_escaped(match[3], _LEGAL)) or "/"
    return _Parts(
        scheme,
        authority,
        path,
        _escaped(match[4] or "", _LEGAL_QUERY),
        _escaped(match[5] or "", _LEGAL_QUERY),
    )


def _join(parts: _Parts) -> str:
    url = f"{parts.scheme}://{parts.authority}{parts.path}"
    if parts.query:
        url += f"?{parts.query}"
    if parts.fragment:
        url += f"#{parts.fragment}"
    return url if len(url) <= MAX_LENGTH else ""


def _authority(scheme: str, text: str) -> str:
    """Return host and port in canonical spelling; ``""`` for credentials and invalid hosts."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return ""
    host = _address6(match[1]) if match[1].startswith("[") else _host(match[1])
    port = (match[2] or "").lstrip("0")
    if not host or (match[2] and not port) or int(port or 0) > 65535:
        return ""
    return host if port in ("", _DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _host(host: str) -> str:
    if "%" in host:
        host = unquote(host)
    if not host.isascii():
        import idna  # noqa: PLC0415 - its tables take 20 ms to load and few hosts need them

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except UnicodeError:
            return ""
    host = host.lower().removesuffix(".")
    return host if _HOST.fullmatch(host) else ""


def _address6(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    except ValueError:
        return ""


def _escaped(part: str, legal: re.Pattern[str]) -> str:
    """%-encode characters outside RFC 3986; escapes are in upper case, and never of unreserved characters."""
    if legal.fullmatch(part):
        return part
    if "%" in part:
        part = _ESCAPE.sub(_normal_escape, part)
    kept = _KEPT + "?" if legal is _LEGAL_QUERY else _KEPT
    return quote(part, safe=kept, errors="replace")


def _normal_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return "%25"
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else f"%{match[1].upper()}"


def _without_dot_segments(path: str) -> str:
    """Apply RFC 3986 section 5.2.4 to a path that is empty or starts with a slash."""
    if not _DOT_SEGMENT.search(path):
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _without_tracking(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if pair and not _is_tracking(pair))


def _is_tracking(pair: str) -> bool:
    # "amp;" remains where a publisher escaped the ampersand twice.
    name = pair.partition("=")[0].lower().removeprefix("amp;")
    return name in TRACKING_PARAMETERS or name.startswith(TRACKING_PREFIXES)


def _against(base: str, reference: str) -> str:
    """Return a relative reference as absolute (RFC 3986 section 5.2.2), not yet normalised."""
    parts = _parse(base)
    if reference.startswith("//"):
        return f"{parts.scheme if parts else 'https'}:{reference}"
    if parts is None:
        return ""
    origin = f"{parts.scheme}://{parts.authority}"
    if reference.startswith("/"):
        return origin + reference
    if reference.startswith("?"):
        return origin + parts.path + reference
    if reference.startswith("#"):
        return origin + parts.path + (f"?{parts.query}" if parts.query else "") + reference
    return origin + parts.path.rpartition("/")[0] + "/" + reference
