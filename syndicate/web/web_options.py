"""Options of the web server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from syndicate.served_types import FEED_MAX_AGE, PAGE_MAX_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Options of the web server: caching by clients in seconds, cache of bodies in bytes.

    ``push_bytes`` is the size limit of a hub's body. With a ``hub_url`` the headers of each feed name the hub
    and the feed's address under ``site_url``. ``former_channels`` returns the present name of each channel by
    its former names, for which documents get 301, and ``""`` for 410; the result is used for ``moves_age``
    seconds. Pages of ``embed_origins`` may frame the documents below ``/embed/``.
    """

    page_max_age: int = PAGE_MAX_AGE
    feed_max_age: int = FEED_MAX_AGE
    cache_bytes: int = 8 * 1024 * 1024
    push_bytes: int = 10 * 1024 * 1024
    hub_url: str = ""
    site_url: str = ""
    former_channels: Callable[[], Mapping[str, str]] = dict
    moves_age: float = 2.0
    embed_origins: Sequence[str] = ()
