"""Pages of sections, tags, authors and sources, and of articles without a date."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from syndicate.model import ListedArticle, Source
from syndicate.publish.page_context import Page
from syndicate.publish.site import FEED_MINIMUM, SitePages
from syndicate.publish.site_headline import Headline, NamedPath, SourceMark
from syndicate.publish.site_metadata import collection_facts
from syndicate.publish.site_paths import (
    UNDATED_PATH,
    author_path,
    list_page,
    section_path,
    source_path,
    tag_path,
)
from syndicate.text.names import spellings, tag_key

# Numbers of pages that a page links to beside itself, and of tags and sources in a rail.
_NEAR: Final = 3
_SHOWN: Final = 8
_BAR_DAYS: Final = 28
# Time of the articles whose facts a page tells.
SPAN: Final = timedelta(hours=60)
SOURCE_SPAN: Final = timedelta(days=_BAR_DAYS - 1)
_MIN_ON_TAG_PAGE: Final = 2
_FIRST_PATHS: Final[Mapping[str, Callable[[str], str]]] = {
    "section": section_path, "tag": tag_path, "author": author_path, "source": source_path
}  # fmt: skip
FOLDERS: Final = {"section": "sections", "tag": "tags", "author": "authors", "source": "sources"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """Facts of the newest articles of a list, since a time.

    - ``articles``, ``sources``, ``stories``: counts; ``shared``: articles in stories of several sources
    - ``tags``, ``active``, ``sections``: the commonest tags, sources and sections
    - ``partners``: the sources that report the same stories most often
    - ``days``: numbers of articles of each day, the newest last
    - ``total``, ``first``: number of all articles of a source, and the date of its first
    """

    since: datetime
    articles: int
    sources: int
    stories: int
    shared: int = 0
    tags: Sequence[NamedPath] = ()
    active: Sequence[NamedPath] = ()
    sections: Sequence[NamedPath] = ()
    partners: Sequence[NamedPath] = ()
    days: Sequence[int] = ()
    total: int = 0
    first: datetime | None = None

    @property
    def bars_path(self) -> str:
        """Path of the days' bars in an SVG of 560 by 64 units."""
        most = max(self.days, default=0)
        heights = ((20 * place, max(3, 64 * count // most)) for place, count in enumerate(self.days) if count)
        return "".join(f"M{left} 64v-{height}h16V64z" for left, height in heights)


@dataclass(frozen=True, kw_only=True)
class ListPage(Page):
    """Variables of ``pages/listing.html``.

    - ``kind``: ``section``, ``tag``, ``author``, ``source`` or ``undated``
    - ``name``: title of the list; ``number``: number of the page, 0 for the newest
    - ``headlines``: the articles of the page, newest first; ``lead``: the most covered story of the section
    - ``numbers``, ``pages``: numbers of all cut pages, and links of the pager
    - ``articles``: number of all articles, ``FEED_MINIMUM`` if there are more
    - ``facts``: counts, on the newest page
    - ``source``, ``source_mark``: the source of a source's page; ``trending``: trending stories of a section
    - ``latest``: path of the section's "Latest"
    """

    kind: str
    name: str
    headlines: Sequence[Headline]
    number: int = 0
    numbers: Sequence[int] = ()
    articles: int = 0
    lead: Headline | None = None
    pages: Sequence[NamedPath] = ()
    facts: ListFacts | None = None
    source: Source | None = None
    source_mark: SourceMark | None = None
    trending: Sequence[Headline] = ()
    latest: str = ""


def first_path(kind: str, name: str) -> str:
    """Return the first page of a list; ``name`` is the name or the key of a tag, author or section."""
    return _FIRST_PATHS[kind](name) if kind in _FIRST_PATHS else UNDATED_PATH


def page_path(kind: str, name: str, number: int) -> str:
    """Return a page of a list, the newest for number 0."""
    first = first_path(kind, name)
    return list_page(first, number) if number else first


def list_page_of(pages: SitePages, content: ListPage, trending: Sequence[Headline] = ()) -> bytes:
    """Return a page of a list, whose links, feeds and structured data follow from its other variables.

    ``trending`` stories stand on the first page of their section alone.
    """
    kind, name, number = content.kind, content.name, content.number
    path, first = page_path(kind, name, number), first_path(kind, name)
    newer, older = _beside(first, number, content.numbers)
    is_section = kind == "section"
    page = replace(
        content,
        canonical=pages.absolute(path),
        feeds=_feeds(pages, content),
        json_ld=collection_facts(pages.site, path, name, content.headlines),
        newer=newer,
        older=older,
        pages=_pager(first, number, content.numbers),
        source_mark=SourceMark.of(name) if kind == "source" else None,
        trending=[h for h in trending if tag_key(h.section) == tag_key(name)] if is_section else (),
        latest=latest_path(name) if is_section and not number else "",
    )
    return pages.page("pages/listing.html", path, page, name if is_section else "")


def latest_path(section: str) -> str:
    """Return the page with the newest articles of a section by hour."""
    return section_path(section).replace("index.html", "latest.html")


def _feeds(pages: SitePages, content: ListPage) -> Sequence[NamedPath]:
    if content.kind == "section":
        return pages.section_feeds(content.name)
    if content.kind == "undated" or (content.kind != "source" and content.articles < FEED_MINIMUM):
        return ()
    return pages.named_feed(FOLDERS[content.kind], content.name)


def _beside(first: str, number: int, numbers: Sequence[int]) -> tuple[str, str]:
    """Return the paths of the next newer and the next older page, ``""`` without such a page."""
    older = max((other for other in numbers if not number or other < number), default=0)
    newer = min((other for other in numbers if other > number), default=0) if number else 0
    return (
        (list_page(first, newer) if newer else first) if number else "",
        list_page(first, older) if older else "",
    )


def _pager(first: str, number: int, numbers: Sequence[int]) -> list[NamedPath]:
    """Return the links of a page to the others; the name of the newest page is ``""``.

    A cut page links to its neighbours alone, so that a new or removed page changes only these.
    """
    if not numbers:
        return []
    newest_first = sorted(numbers, reverse=True)
    if number:
        at = newest_first.index(number)
        shown = newest_first[max(0, at - 1) : at + 2]
        links = [NamedPath(path=first)]
        links += [NamedPath(name="…")] if at > 1 else []
    else:
        shown, links = newest_first[:_NEAR], [NamedPath()]
    links += [
        NamedPath(name=str(other), path="" if other == number else list_page(first, other)) for other in shown
    ]
    if not number and len(newest_first) > _NEAR:
        links += [NamedPath(name="…")] if len(newest_first) > _NEAR + 1 else []
        links.append(NamedPath(name=str(newest_first[-1]), path=list_page(first, newest_first[-1])))
    return links


def list_facts(
    rows: Sequence[ListedArticle],
    names: Mapping[int, str],
    covered: Collection[int],
    zone: tzinfo,
    own: str = "",
) -> ListFacts:
    """Return the facts of articles, newest first; ``names`` are the sources, ``covered`` shared stories.

    ``own`` is the key of the list, which the tags leave out.
    """
    listed = list({row.same_text: row for row in rows}.values())
    spelt = spellings(tag for row in listed for tag in row.tags)
    tags = Counter(key for row in listed for key in {*map(tag_key, row.tags)} - {own})
    sections = Counter(tag_key(row.section) for row in listed if row.section)
    spelt_sections = {tag_key(row.section): row.section for row in listed}
    last_day = rows[0].published.astimezone(zone).date()
    days = Counter((last_day - row.published.astimezone(zone).date()).days for row in listed)
    active = Counter(names[row.source_id] for row in listed if row.source_id in names)
    return ListFacts(
        since=rows[-1].published,
        articles=len(listed),
        sources=len(active),
        stories=len({row.story_id for row in listed}),
        shared=sum(row.story_id in covered for row in listed),
        # A tag of two texts here has a page.
        tags=[tag for tag in _commonest(tags, spelt, tag_path) if tag.count >= _MIN_ON_TAG_PAGE],
        active=most_active(active),
        sections=_commonest(sections, spelt_sections, section_path),
        days=[days[ago] for ago in reversed(range(_BAR_DAYS))],
    )


def most_active(counts: Mapping[str, int]) -> list[NamedPath]:
    """Return the sources with the highest counts, with their marks."""
    found = _commonest(counts, {name: name for name in counts}, source_path)
    return [replace(source, mark=SourceMark.of(source.name)) for source in found]


def most_covered(rows: Sequence[ListedArticle], coverage: Mapping[int, int]) -> int | None:
    """Return the story with the most sources; of equal stories, the story with the newest article."""
    found = {row.story_id: coverage.get(row.story_id, 0) for row in rows}
    best = max(found, key=lambda story_id: found[story_id], default=0)
    return best if found.get(best) else None


def _commonest(
    counts: Mapping[str, int], spelt: Mapping[str, str], path: Callable[[str], str]
) -> list[NamedPath]:
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    return [NamedPath(name=spelt[key], path=path(key), count=count) for key, count in best]
