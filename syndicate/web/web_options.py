"""Options of the web server, and the protocol of the WebSub receiver."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Options of the web server: caching by clients in seconds, cache of bodies in bytes.

    ``push_bytes`` is the size limit of a hub's body. With a ``hub_url`` the headers of each feed name the hub
    and the feed's address under ``site_url``. ``site_title`` is the title of the server's pages. Documents
    of ``gone_channels`` get 410, documents of ``moved_channels`` (former to present name) 301.
    """

    page_max_age: int = 300
    feed_max_age: int = 900
    cache_bytes: int = 8 * 1024 * 1024
    push_bytes: int = 10 * 1024 * 1024
    hub_url: str = ""
    site_url: str = ""
    site_title: str = ""
    gone_channels: Collection[str] = ()
    moved_channels: Mapping[str, str] = field(default_factory=dict)


class HubListener(Protocol):
    """Respond to WebSub hubs. All methods are called in worker threads and may block."""

    def verify(self, callback: str, query: Mapping[str, str]) -> str | None:
        """Return the challenge of a hub's verification request, ``None`` for an unknown subscription."""

    def expects(self, callback: str) -> int:
        """Return the status of a delivery before its body is read."""

    def receive(self, callback: str, content_type: str, signature: str, body: bytes) -> int:
        """Store a delivery and return the response's status."""
