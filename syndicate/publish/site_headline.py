"""Headlines: an article as a line or card of a list, with its link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, Self

from syndicate.model import Image, PublishedArticle, RelatedLink, Republish, StoryLinks, is_dated, known_since
from syndicate.publish.site_paths import source_path
from syndicate.text.initials import hue, initials


class Growth(NamedTuple):
    """Number of sources that a story gained in a number of hours."""

    sources: int
    hours: int


class Hot(NamedTuple):
    """News of a story: ``new`` (report at ``at``), ``sources`` (many in ``hours``) or ``growing``."""

    kind: str
    at: datetime
    sources: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMark:
    """Source as a small mark: initials on one of eight colours. ``path`` is the page of the source."""

    name: str
    path: str
    initials: str
    hue: int

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(name: str) -> "SourceMark":
        """Return the mark of a source by its name."""
        return SourceMark(name=name, path=source_path(name), initials=initials(name), hue=hue(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Article in a list.

    ``path`` is its page on this site, ``link`` the publisher's page; ``own`` is true if these are the same
    page. ``minutes`` and ``coverage`` are 0 if unknown. ``coverage`` counts the sources of the story,
    ``foreign`` the sources that cover it only in other languages. ``summary`` and ``image`` are empty if the
    source allows no republishing. ``original_title`` is the publisher's title if the editor replaced it;
    ``story`` is present if several sources cover it and it has a page. Front pages alone know ``hot``;
    ``growth`` is present in the list of trending stories.
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
    hot: Hot | None = None
    growth: Growth | None = None
    same_text: int | None = None
    story: "StoryView | None" = None

    @property
    def mark(self) -> SourceMark:
        """Mark of the source."""
        return SourceMark.of(self.source_name)

    @property
    def dated(self) -> bool:
        """True if ``published`` is a date of publication."""
        return is_dated(self.published)

    @property
    def first_seen(self) -> datetime:
        """Time of the first sight of an article without a date."""
        return known_since(self.published)

    @property
    def local(self) -> bool:
        """True if the title leads to this site: an own article, or an article without another page."""
        return self.own or not self.link

    @classmethod
    def of(cls, item: PublishedArticle) -> Self:
        """Return the headline of an article."""
        article, source, shows = item.article, item.source, may_show(item)
        return cls(
            title=article.title,
            path=article.path,
            link=item.link,
            own=source.own or item.link.endswith("/" + article.path),
            source_name=source.name,
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
            same_text=article.same_text,
            story=_story_view(item),
        )

    @classmethod
    def of_related(cls, related: RelatedLink) -> Self:
        """Return the headline of a related link, with fewer fields; it is own if it leads to this site."""
        return cls(
            title=related.title,
            path=related.path,
            link=related.url,
            own=related.url.endswith("/" + related.path),
            source_name=related.source_name,
            published=related.published,
            language=related.language,
            direction=related.direction,
            same_text=related.same_text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """Story of a headline, as lists show it.

    - ``path``: its page
    - ``sources``, ``articles``: counts; ``foreign``: sources that cover it only in other languages
    - ``first``, ``last``: times of the first and the newest report
    - ``marks``: marks of up to six sources: the headline's own, then sources with the newest reports
    - ``reports``: source and time of each article, newest first
    - ``bars``: numbers of articles in equal parts of its life
    - ``others``: the newest report of each other source, newest first, each text once
    """

    path: str
    sources: int
    foreign: int
    articles: int
    first: datetime
    last: datetime
    marks: tuple[SourceMark, ...]
    reports: tuple[tuple[str, datetime], ...]
    bars: tuple[int, ...]
    others: tuple[Headline, ...]

    @property
    def bars_path(self) -> str:
        """Path of the bars in an SVG of 60 by 16 units."""
        most = max(self.bars)
        heights = ((5 * place, max(2, 15 * count // most)) for place, count in enumerate(self.bars) if count)
        return "".join(f"M{left} 16v-{height}h3V16z" for left, height in heights)


# Minimum number of sources of a story that pages name as a story.
_MIN_SOURCES = 2
_BARS = 12
_MAX_OTHERS = 6
_MAX_MARKS = 6


def _story_view(item: PublishedArticle) -> StoryView | None:
    """Return the story of an article that several sources cover on a page of the site."""
    story, article = item.story, item.article
    if story is None or not story.path or item.sources < _MIN_SOURCES:
        return None
    newest, reports, times, bars = _timeline(story)
    texts, others = {article.same_text}, dict[str, RelatedLink]()
    for link in newest:
        if len(others) == _MAX_OTHERS:
            break
        is_copy = link.same_text is not None and link.same_text in texts
        if not is_copy and link.source_name != item.source.name:
            others.setdefault(link.source_name, link)
            texts.add(link.same_text)
    names = dict.fromkeys((item.source.name, *(name for name, _ in reports)))
    return StoryView(
        path=story.path,
        sources=item.sources,
        foreign=item.foreign_sources,
        articles=len(newest),
        first=times[0],
        last=times[-1],
        marks=tuple(map(SourceMark.of, list(names)[:_MAX_MARKS])),
        reports=reports,
        bars=bars,
        others=tuple(map(Headline.of_related, others.values())),
    )


# Its articles are written together, and a story may have hundreds.
@lru_cache(maxsize=64)
def _timeline(
    story: StoryLinks,
) -> tuple[Sequence[RelatedLink], tuple[tuple[str, datetime], ...], Sequence[datetime], tuple[int, ...]]:
    """Return the links of a story, newest first, with their sources and times, the times, and their bars."""
    newest = sorted(story.links, key=attrgetter("published"), reverse=True)
    reports = tuple((link.source_name, known_since(link.published)) for link in newest)
    times = sorted(at for _, at in reports)
    return newest, reports, times, _bars(times)


def _bars(times: Sequence[datetime]) -> tuple[int, ...]:
    """Return the numbers of articles in equal parts of a story's life, from its ascending times."""
    bars, first, span = [0] * _BARS, times[0], (times[-1] - times[0]).total_seconds() / _BARS
    for at in times:
        bars[min(int((at - first).total_seconds() / span), _BARS - 1) if span else 0] += 1
    return tuple(bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionBlock:
    """Section on the front page: its name, its page, and its latest articles in order.

    ``articles`` and ``sources`` are the numbers of the last day.
    """

    name: str
    path: str
    headlines: Sequence[Headline]
    articles: int = 0
    sources: int = 0


def may_show(item: PublishedArticle) -> bool:
    """Return whether pages may show the article's summary, image and files."""
    return item.source.own or item.source.republish is not Republish.NONE


def publisher_page(item: PublishedArticle) -> str:
    """Return the article's page at its publisher, else their home page; "" for own articles."""
    if item.source.own:
        return ""
    is_own_page = not item.link or item.link.endswith("/" + item.article.path)
    return item.source.home_url if is_own_page else item.link


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPath:
    """Section, tag, feed or newsletter for templates.

    The ``path`` of a feed lacks its extension. A newsletter's ``path`` is the path of its feed, its ``name``
    the folder of its archive. ``count`` is the number of articles or stories, 0 if unknown. A counted source
    has a ``mark``.
    """

    title: str = ""
    name: str = ""
    path: str = ""
    count: int = 0
    mark: SourceMark | None = None
