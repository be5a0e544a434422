"""Variables of the site's templates: a data class for each page, documented in docs/templates.md."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from syndicate.model import Article, Enclosure, Image, Source
from syndicate.publish.front_choice import FrontPlaces
from syndicate.publish.site_headline import Headline, NamedPath, SourceMark
from syndicate.publish.site_view import NewsletterOffer
from syndicate.templating import Markup
from syndicate.text.markup import NO_MARKUP


@dataclass(frozen=True, kw_only=True)
class Page:
    """Base of all pages.

    - ``canonical``: absolute address for search engines; ``description``: text for them and for previews
    - ``feeds``: feeds of the page itself, named before the feed of the whole site
    - ``json_ld``: structured data (schema.org), safe inside ``<script>``
    - ``share_image``: picture for previews of links
    - ``newer``, ``older``: paths of the neighbouring pages of a list, ``""`` at its ends
    """

    canonical: str = ""
    description: str = ""
    feeds: Sequence[NamedPath] = ()
    json_ld: Markup = NO_MARKUP
    share_image: Image | None = None
    newer: str = ""
    older: str = ""

    def variables(self) -> dict[str, object]:
        """Return the variables of the template by name."""
        return vars(self)


@dataclass(frozen=True, kw_only=True)
class ArticlePage(Page):
    """Variables of ``pages/article.html``."""

    article: Article
    source: Source
    source_feed: str
    external: str
    summary: str
    updated: datetime | None
    image: Image | None
    figure: Image | None
    enclosures: Sequence[Enclosure]
    body: Markup
    share: str
    section: NamedPath | None
    tags: Sequence[NamedPath]
    authors: Sequence[NamedPath]
    headline: Headline
    lede: str
    caption: str
    corrected: bool
    others: Sequence[Headline]
    coverage: Sequence[Headline]
    related: Sequence[Headline]
    other_languages: Sequence[Headline]
    sources: int
    foreign_sources: int
    more_from_section: Markup
    rail: Markup


@dataclass(frozen=True, kw_only=True)
class FrontPage(Page):
    """Variables of ``pages/front.html``, with the fields of ``FrontPlaces``."""

    top: Sequence[Headline]
    places: FrontPlaces
    since: datetime | None = None
    days: Sequence[tuple[float, datetime]] = ()
    strip: Sequence[NamedPath] = ()
    active: Sequence[tuple[SourceMark, int]] = ()
    sources: int = 0
    offers: Sequence[NewsletterOffer] = ()
    rail: Markup = NO_MARKUP

    def variables(self) -> dict[str, object]:
        """Add the places by name."""
        return vars(self) | {place.name: getattr(self.places, place.name) for place in fields(FrontPlaces)}
