"""Options of the web server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


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
