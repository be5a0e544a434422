"""Options of the web server, and the protocol of the WebSub receiver."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Options of the web server: seconds of caching for clients, and bytes kept in memory.

    ``push_bytes`` is the longest body a hub may send. With a ``hub_url`` every feed names it, and its own
    address under ``site_url``, in its header fields. ``site_title`` stands above the server's own pages.
    The documents of ``gone_channels`` get 410, those of ``moved_channels`` (former name to present name) 301.
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
    """Answers WebSub hubs. All methods are called in worker threads and may block."""

    def verify(self, callback: str, query: Mapping[str, str]) -> str | None:
        """Return what to answer a question about a subscription with; ``None`` when it is none of ours."""

    def expects(self, callback: str) -> int:
        """The status a delivery would meet, its body apart."""

    def receive(self, callback: str, content_type: str, signature: str, body: bytes) -> int:
        """The status to answer a delivery with."""
