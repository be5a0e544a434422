"""The site as templates see it: its options, sections with a page, newsletters and the newest arrival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from syndicate.model import NO_BRAND, Brand
from syndicate.publish.publish_options import PublishOptions
from syndicate.text.language import direction_of
from syndicate.text.names import tag_key


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionTeaser:
    """Edition that a sign-up form shows: its page and its first headlines."""

    path: str
    headlines: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterOffer:
    """Newsletter that readers may join.

    - ``frequency``: its schedule in the words of the site, or ``""``
    - ``archive``: path of its archive; ``latest``: its newest edition
    - ``brand``: its look; ``intro`` and ``footer``: Markdown
    """

    name: str
    title: str
    description: str = ""
    frequency: str = ""
    archive: str = ""
    latest: EditionTeaser | None = None
    brand: Brand = NO_BRAND
    intro: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionLink(EditionTeaser):
    """Link to an edition: its page and headline, and the time at which it first went out."""

    title: str
    published: datetime

    @property
    def name(self) -> str:
        """File name of its page."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterView(NewsletterOffer):
    """Newsletter on a page.

    ``feed`` is its feed without an extension. ``next`` is the time of the next edition, ``None`` while the
    newsletter is paused. ``editions`` is the number of its editions, ``first`` the time of the first. Times
    are of ``zone``.
    """

    language: str
    direction: str
    zone: ZoneInfo
    feed: str
    next: datetime | None = None
    editions: int = 0
    first: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView(PublishOptions):
    """Variable ``site`` of every page.

    - ``direction``: ``ltr`` or ``rtl``
    - ``newsletters``: newsletters to join
    - ``updated``: arrival of the newest article, on pages that every article rewrites; else ``None``
    """

    direction: str = "ltr"
    newsletters: Sequence[NewsletterOffer] = ()
    updated: datetime | None = None
    section_paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        options: PublishOptions,
        section_paths: Mapping[str, str],
        newsletters: Sequence[NewsletterOffer] = (),
    ) -> Self:
        """Return the view of a site; ``section_paths`` are the pages of sections by their keys."""
        values = {option.name: getattr(options, option.name) for option in fields(PublishOptions)}
        direction = direction_of(options.language)
        return cls(**values, direction=direction, newsletters=newsletters, section_paths=section_paths)

    def section_path(self, name: str) -> str:
        """Return the page of a section in any spelling, or ``""``."""
        return self.section_paths.get(tag_key(name), "") if name else ""
