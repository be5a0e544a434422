"""Pages about the site: the directory of its feeds, and its principles, contact and imprint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from syndicate.model import Channel, ClauseField, Newsletter, archive_feed
from syndicate.opml import Outline, write_opml
from syndicate.publish.channel_query import only_section
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import NamedPath
from syndicate.publish.site_paths import ABOUT_PATH, FEEDS_PATH
from syndicate.text.names import tag_key


class FeedRow(NamedTuple):
    """Feed in the directory.

    - ``title``; ``path`` without its extension; ``language``: BCP 47 tag or ``""``
    - ``kind``: ``all``, ``top``, ``trending``, ``query``, ``section`` or ``newsletter``
    - ``number``: number of articles in a week (``all``, ``section``), of items at most (``query``)
    - ``remark``: description of the channel or schedule of the newsletter, or ``""``
    """

    title: str
    path: str
    kind: str
    number: int = 0
    remark: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class FeedsPage(Page):
    """Variables of ``pages/feeds.html``.

    - ``groups``: rows by group: ``site``, ``sections``, ``newsletters`` and ``channels``
    - ``main``: path of the main feed without its extension, or ``""``; ``sources``: number of sources
    """

    groups: Mapping[str, Sequence[FeedRow]]
    main: str
    sources: int


@dataclass(frozen=True, kw_only=True)
class AboutPage(Page):
    """Variables of ``pages/about.html``; ``sources`` is the number of sources."""

    sources: int


def feed_groups(
    pages: SitePages,
    channels: Sequence[Channel],
    newsletters: Sequence[Newsletter],
    counts: Mapping[str, int],
) -> dict[str, list[FeedRow]]:
    """Return the feeds by group; ``counts`` are the articles of a week by section key, ``""`` for all."""
    rows = {quote(channel.name): _channel_row(channel, counts) for channel in channels}
    sections = [
        rows.get(feed.path, FeedRow(section.name, feed.path, "section", counts.get(tag_key(section.name), 0)))
        for section in pages.sections
        for feed in pages.section_feeds(section.name)
    ]
    sections += [row for row in rows.values() if row.kind == "section" and row not in sections]
    offers = {offer.name: offer.frequency for offer in pages.site.newsletters}
    letters = [
        FeedRow(
            newsletter.title,
            quote(archive_feed(newsletter.name)),
            "newsletter",
            remark=offers.get(newsletter.name, ""),
            language=newsletter.language,
        )
        for newsletter in newsletters
    ]
    whole = [row for row in rows.values() if row.kind in ("all", "top", "trending")]
    others = [row for row in rows.values() if row.kind == "query"]
    groups = {"site": whole, "sections": sections, "newsletters": letters, "channels": others}
    return {name: group for name, group in groups.items() if group}


def feeds_page(pages: SitePages, groups: Mapping[str, Sequence[FeedRow]], sources: int) -> bytes:
    """Return the directory of all feeds."""
    site = groups.get("site") or [row for group in groups.values() for row in group][:1]
    page = FeedsPage(
        canonical=pages.absolute(FEEDS_PATH),
        feeds=[NamedPath(name=row.path, title=row.title, path=row.path) for row in site],
        groups=groups,
        main=site[0].path if site else "",
        sources=sources,
    )
    return pages.page("pages/feeds.html", FEEDS_PATH, page)


def about_page(pages: SitePages, sources: int) -> bytes:
    """Return the page about the site."""
    page = AboutPage(canonical=pages.absolute(ABOUT_PATH), sources=sources)
    return pages.page("pages/about.html", ABOUT_PATH, page)


def feeds_opml(groups: Mapping[str, Sequence[FeedRow]], options: PublishOptions) -> bytes:
    """Return all feeds of the directory as OPML, in a folder named like the site."""
    folder = options.title.replace("/", " ")
    return write_opml(
        options.title,
        [
            Outline(
                title=row.title,
                feed_url=f"{options.site_url}/{row.path}.rss",
                home_url=f"{options.site_url}/site/index.html",
                language=row.language or options.language,
                section=folder,
            )
            for group in groups.values()
            for row in group
        ],
    )


def _channel_row(channel: Channel, counts: Mapping[str, int]) -> FeedRow:
    """Return the row of a channel; its kind follows from the query."""
    kind, key = "query", only_section(channel)
    first = channel.clauses[0] if len(channel.clauses) == 1 else None
    if not channel.clauses:
        kind = "all"
    elif key:
        kind = "section"
    elif first and first.field is ClauseField.LIST and not first.negated and len(first.values) == 1:
        kind = first.values[0]
    count = channel.limit if kind == "query" else counts.get(key, 0)
    return FeedRow(channel.title, quote(channel.name), kind, count, channel.description, channel.language)
