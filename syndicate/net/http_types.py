"""Values of a fetch: options, user agent, request and response."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syndicate import __version__
from syndicate.errors import NO_EXCHANGE, Exchange
from syndicate.net.credentials import Credentials

# RFC 9110 section 12.5.1: prefer feeds, accept any type.
FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"
)
SITEMAP_ACCEPT = "application/xml, text/xml, application/gzip;q=0.9, text/plain;q=0.5, */*;q=0.1"
PAGE_ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Options of requests to other servers.

    ``allow_private`` opens the address guard for all addresses (``True``), or for these hosts, ``host:port``
    pairs, addresses and CIDR networks. ``host_gap`` is the number of seconds between the starts of two
    requests to a host, which then has a single open request; 0 turns both off. ``connect_timeout`` (name
    look-up, TCP and TLS) and ``total_timeout`` (all redirects and the whole body, without waits for locks and
    slots) are in seconds. ``max_body`` is in bytes, on the wire and after decompression. ``concurrency`` is
    the number of open requests and of bodies in memory; three times as many requests may wait for slow
    servers besides.
    """

    allow_private: bool | tuple[str, ...] = False
    user_agent: str = f"syndicate/{__version__}"
    host_gap: float = 1.0
    connect_timeout: float = 10.0
    total_timeout: float = 60.0
    max_body: int = 10 * 1024 * 1024
    max_redirects: int = 5
    concurrency: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """Conditional GET of a URL, with the validators of the last response.

    ``etag`` and ``last_modified`` are sent back byte for byte (latin-1 text); ``known_hash`` is the
    ``wire_hash`` of the last response. ``key`` belongs to the caller. ``credentials`` go to the scheme, host
    and port of ``url`` only, never along a redirect to another. Errors of a ``private`` request hide its
    address. ``max_body`` (bytes) and ``user_agent`` replace the options.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    known_hash: str = ""
    accept: str = FEED_ACCEPT
    credentials: Credentials | None = None
    private: bool = False
    key: object = None
    max_body: int | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Good response: a body, or an unchanged document.

    ``url`` is the address after all redirects. ``unchanged``: a 304, or a 200 with the known bytes on the
    wire; ``body`` is then empty. ``etag`` and ``last_modified`` are the values to store: a 304 keeps absent
    validators, a 200 drops them (rule F3). ``permanent_url`` is the target of a chain of only 301 and 308,
    else ``""``. ``max_age`` is in seconds (RFC 9111 section 4.2.1: ``max-age``, then ``Expires``), or
    ``None``. ``links`` are the ``Link`` header fields as sent (RFC 8288).
    """

    request: FetchRequest
    url: str
    status: int
    unchanged: bool
    body: bytes = b""
    wire_hash: str = ""
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    charset: str = ""
    permanent_url: str = ""
    max_age: float | None = None
    links: tuple[str, ...] = ()
    exchange: Exchange = NO_EXCHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """Request that changes something on another server: sent once, without redirects.

    ``timeout`` is in seconds, for everything. Errors hide the address, which may hold a secret.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    timeout: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAnswer:
    """Response to a ``SentRequest``: any status, at most 64 kB, and ``Retry-After`` in seconds."""

    status: int
    body: bytes = b""
    retry_after: float | None = None

    @property
    def is_good(self) -> bool:
        """Return whether the status is a 2xx."""
        return self.status // 100 == 2

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body, empty for anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """User-Agent (rule F11): name of this program, an address to contact, and number of readers, at least 1.

    The number of readers and a feed id are sent only with scheduled requests for a source: a feed, a sitemap
    and its parts, a page of links. Publishers count subscribers by these two; requests for other documents
    would count the subscribers again.
    """

    name: str
    readers: int = 1

    def for_source(self, source_id: int) -> str:
        """Return the User-Agent of a request for a source: name, number of readers, and feed id."""
        count = f"{self.readers} subscriber{'s' if self.readers != 1 else ''}; feed-id={source_id}"
        # A name that ends in a comment (RFC 9110 section 10.1.5) gets no second comment.
        return f"{self.name[:-1]}; {count})" if self.name.endswith(")") else f"{self.name} ({count})"


def agent_name(own: str, site_url: str) -> str:
    """Return the configured user agent, else the program's name with the address of the site."""
    return own or f"syndicate/{__version__} (+{site_url})"
