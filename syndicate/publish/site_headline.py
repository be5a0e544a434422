"""Headlines: an article as one line or card of a list, with its link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from syndicate.model import Image, PublishedArticle, RelatedLink, Republish, is_dated, known_since


class Reason(NamedTuple):
    """Reason for a story's place, for readers: its kind, and a number of sources in a number of hours, or 0.

    Kinds: ``pin``, ``boost``, ``recent``, ``theme``, ``reads``, ``rare``, ``slow``.
    """

    kind: str
    sources: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One article in a list.

    ``path`` is our own page inside the output folder, ``link`` the publisher's page; ``own`` is true
    when that is the same page. ``minutes``
    and ``coverage`` are 0 when unknown; ``coverage`` counts the sources of the story, ``foreign`` the sources
    that tell it only in other languages.
    ``summary`` and ``image`` are empty where the source allows no republishing.
    ``original_title`` is the publisher's own where our editor wrote another, ``why`` what put a
    story into the list.
    """

    title: str
    path: str
    link: str
    source_name: str
    published: datetime
    own: bool = False
    language: str = ""
    direction: str = "ltr"
    section: str = ""
    summary: str = ""
    minutes: int = 0
    coverage: int = 0
    foreign: int = 0
    image: Image | None = None
    original_title: str = ""
    why: Sequence[Reason] = ()

    @property
    def dated(self) -> bool:
        """True when ``published`` is a date of publication."""
        return is_dated(self.published)

    @property
    def first_seen(self) -> datetime:
        """Return when an article without a date was first seen."""
        return known_since(self.published)

    @property
    def local(self) -> bool:
        """True when the title leads to our own page: our own article, or one without another."""
        return self.own or not self.link

    @classmethod
    def of(cls, item: PublishedArticle) -> Self:
        """The headline of a whole article."""
        article, source = item.article, item.source
        shows = source.own or source.republish is not Republish.NONE
        return cls(
            title=article.title,
            path=article.path,
            link=item.link,
            own=source.own or item.link.endswith("/" + article.path),
            source_name=item.source.name,
            published=article.published,
            language=article.language,
            direction=article.direction,
            section=article.section,
            summary=article.summary if shows else "",
            minutes=article.minutes,
            coverage=item.sources or 1 + len({other.source_name for other in item.coverage}),
            foreign=item.foreign_sources,
            image=article.image if shows else None,
            original_title="" if source.own else article.original_title,
        )

    @classmethod
    def of_related(cls, related: RelatedLink) -> Self:
        """The headline of a related link, which knows less; it is our own when it leads to our page."""
        return cls(
            title=related.title,
            path=related.path,
            link=related.url,
            own=related.url.endswith("/" + related.path),
            source_name=related.source_name,
            published=related.published,
            language=related.language,
            direction=related.direction,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionBlock:
    """Section on the front page: its name, its page, and its latest articles in the order shown."""

    name: str
    path: str
    headlines: Sequence[Headline]


# In this order. Scores and weights are for operators; ``explain`` shows them.
REASONS = ("pin", "boost", "recent", "theme", "reads", "rare", "slow")
# A boost or a theme that multiplies the score by less is no reason worth telling.
_WORTH_TELLING = 1.2


def reasons(parts: Mapping[str, float]) -> tuple[Reason, ...]:
    """Return the reasons for a story's place from the stored parts of its rank, as readers are told them."""
    found = []
    for part, value in parts.items():
        kind, _, hours = part.partition(":")
        if kind == "recent":
            found.append(Reason(kind, round(value), int(hours)))
        elif kind == "slow":
            found.append(Reason(kind, hours=round(value)))
        elif kind in REASONS and (kind not in ("boost", "theme") or value >= _WORTH_TELLING):
            found.append(Reason(kind))
    return tuple(sorted(found, key=lambda reason: REASONS.index(reason.kind)))


def publisher_page(item: PublishedArticle) -> str:
    """The article's page at its publisher, else their home page; "" for our own articles."""
    if item.source.own:
        return ""
    ours = not item.link or item.link.endswith("/" + item.article.path)
    return item.source.home_url if ours else item.link


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPath:
    """A section, tag, feed or newsletter as templates see it.

    The ``path`` of a feed lacks its extension; a newsletter's is its feed's, its ``name`` the folder of its
    archive.
    """

    title: str = ""
    name: str = ""
    path: str = ""
