"""List of all sources by section."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from syndicate.model import Source
from syndicate.publish.page_context import Page
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import SourceMark
from syndicate.publish.site_paths import SOURCES_PATH
from syndicate.text.names import tag_key

# Days after which a source without a new article counts as quiet, beside the newest article of all.
QUIET_AFTER: Final = 14


class SourceFacts(NamedTuple):
    """Source with the time of its newest article, and its articles in the last day with any article."""

    source: Source
    newest: datetime
    articles: int

    @property
    def mark(self) -> SourceMark:
        """Mark of the source."""
        return SourceMark.of(self.source.name)


class SourceGroup(NamedTuple):
    """Sources of a section, by name; ``quiet`` sources stand last, of all sections."""

    name: str
    sources: Sequence[SourceFacts]
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class SourcesPage(Page):
    """Variables of ``pages/sources.html``; ``groups`` of ``count`` sources, quiet after ``quiet_days``."""

    groups: Sequence[SourceGroup]
    count: int
    quiet_days: int = QUIET_AFTER


def sources_page(pages: SitePages, facts: Sequence[SourceFacts]) -> bytes:
    """Return the page at ``SOURCES_PATH``: active sources by section, then quiet sources."""
    latest = max((fact.newest for fact in facts), default=None)
    active = [fact for fact in facts if latest and latest - fact.newest < timedelta(days=QUIET_AFTER)]
    quiet = [fact for fact in facts if fact not in active]
    order = {tag_key(section.name): place for place, section in enumerate(pages.sections)}

    def section(fact: SourceFacts) -> tuple[int, str]:
        key = tag_key(fact.source.section)
        return (order.get(key, len(order)), key if key in order else "")

    groups = [
        SourceGroup(pages.section_name(key), _by_name(group))
        for (_, key), group in groupby(sorted(active, key=section), section)
    ]
    if quiet:
        groups.append(SourceGroup("", _by_name(quiet), quiet=True))
    page = SourcesPage(canonical=pages.absolute(SOURCES_PATH), groups=groups, count=len(facts))
    return pages.page("pages/sources.html", SOURCES_PATH, page)


def _by_name(facts: Iterable[SourceFacts]) -> list[SourceFacts]:
    return sorted(facts, key=lambda fact: fact.source.name.casefold())
