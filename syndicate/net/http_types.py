"""Values of a fetch: options, request and answer."""

from dataclasses import dataclass

from syndicate import __version__
from syndicate.net.credentials import Credentials

# RFC 9110 section 12.5.1: what a feed reader prefers, and that it can live with anything.
FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"
)


SITEMAP_ACCEPT = "application/xml, text/xml, application/gzip;q=0.9, text/plain;q=0.5, */*;q=0.1"
PAGE_ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Options of requests to other servers.

    ``allow_private`` opens the address guard: for everything (``True``) or for the named hosts,
    ``host:port`` pairs, addresses and CIDR networks. ``host_gap`` is the number of seconds between
    two request starts to one host, which then also has at most one request under way; ``0`` turns
    both off. ``connect_timeout`` (name look-up, TCP and TLS) and ``total_timeout`` (all redirects
    and the whole body, without waiting for a turn) are seconds. ``max_body`` is bytes, on the wire
    and after decompression. ``concurrency`` is how many exchanges are under way at once, and how many bodies
    are held; three times as many servers may be waited for besides.
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
    """One thing to read, with what the last answer left behind.

    ``etag`` and ``last_modified`` are sent back byte for byte as they came (latin-1 text);
    ``known_hash`` is the ``wire_hash`` of the last answer. ``key`` is the caller's own and is
    handed back untouched. ``credentials`` go to the scheme, host and port of ``url`` only, never
    along a redirect to another. Errors of a ``private`` request do not tell its address.
    ``max_body`` is in bytes, for documents that may be larger than usual. ``user_agent`` takes the place of
    that of the options.
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
    """A good answer: a body, or the news that nothing changed.

    ``url`` is where the answer came from after all redirects. ``unchanged`` is a 304, or a 200 whose
    bytes on the wire are the known ones; ``body`` is then empty and nothing was decompressed.
    ``etag`` and ``last_modified`` are always the values to store: a 304 keeps those it does not
    mention, a 200 drops them (polite-fetching rule F3). ``permanent_url`` is where a chain of only
    301 and 308 led, else ``""``. ``max_age`` is seconds (RFC 9111 section 4.2.1: ``max-age``, then
    ``Expires``), ``None`` when the server does not say. ``links`` are the ``Link`` header fields
    as they came (RFC 8288).
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
