"""Options of the site that every published document needs."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """The site as readers see it, and the limits of what is written for it.

    ``site_url`` is where the output folder is served, absolute and without a trailing slash: feeds
    lie directly under it, pages under ``site/``. ``language`` is a BCP 47 tag and ``time_zone`` the
    one times are shown in. ``google_news_url`` is ``""`` when the newsroom has no such channel.
    ``hub_url`` is the WebSub hub that all feeds name, or ``""``.
    ``sign_up`` says whether people can subscribe to newsletters under ``site_url``.
    ``version`` is this program's own, named as the generator. ``feed_limit_bytes`` bounds one feed
    document (measured: readers and aggregators cut or refuse larger ones). Pages of articles younger
    than ``fresh_for`` seconds carry the moving lists (top, trending); older pages are frozen.
    With ``automatic_channels`` larger tags, all sections and all sources have feeds of their own.
    """

    site_url: str
    title: str
    description: str = ""
    language: str = "en"
    time_zone: ZoneInfo = _UTC
    google_news_url: str = ""
    hub_url: str = ""
    sign_up: bool = False
    version: str = ""
    feed_limit_bytes: int = 500_000
    fresh_for: float = 48 * 3600.0
    automatic_channels: bool = True
