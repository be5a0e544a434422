"""Options of the site for every published document."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from syndicate.model import NO_BRAND, Brand

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """Site as readers see it, and the limits of its documents.

    ``site_url`` is the address of the output folder, absolute and without a trailing slash: feeds lie
    directly under it, pages under ``site/``. ``language`` is a BCP 47 tag; ``time_zone`` is the zone of
    displayed times. ``google_news_url`` is ``""`` for a newsroom without such a channel. ``hub_url`` is the
    WebSub hub of all feeds, or ``""``. ``sign_up`` allows readers to subscribe to newsletters under
    ``site_url``, if they agree to the text ``consent``. The form asks for ``sign_up_fields`` and for a
    ``proof_of_work`` in bits. ``version`` is the version of this program, named as
    the generator. ``feed_limit_bytes`` bounds a feed document (measured: readers and aggregators cut or
    refuse larger documents). Pages of articles younger than ``fresh_for`` seconds carry the moving lists
    (top, trending); older pages are frozen. With ``automatic_channels`` larger tags, all sections and all
    sources have feeds of their own. ``search`` is true if the web server answers searches. ``brand`` is the
    site's own look. ``contact`` is an address of mail or of a page; ``imprint`` is a text or the address of a
    page; both may be ``""``.
    """

    site_url: str
    title: str
    description: str = ""
    language: str = "en"
    time_zone: ZoneInfo = _UTC
    google_news_url: str = ""
    hub_url: str = ""
    sign_up: bool = False
    consent: str = ""
    sign_up_fields: Sequence[object] = ()
    proof_of_work: int = 0
    version: str = ""
    feed_limit_bytes: int = 500_000
    fresh_for: float = 48 * 3600.0
    automatic_channels: bool = True
    search: bool = False
    brand: Brand = NO_BRAND
    embeds: bool = False
    contact: str = ""
    imprint: str = ""
