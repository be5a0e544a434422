"""Files of the site as a whole: sitemaps, documents for programs, the directory of feeds, and "About".

A mark ``sitemap:KIND-BLOCK`` says that articles or stories of a block of ids changed. The output ``sitemap``
holds, as JSON, the last change of each part and the signature of everything else that the parts show.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from syndicate.errors import RenderError
from syndicate.groups import grouped
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.model import archive_folder
from syndicate.publish.about.about_pages import about_page, feed_groups, feeds_opml, feeds_page
from syndicate.publish.about.share_card import CARD_PATH, share_card
from syndicate.publish.about.site_documents import (
    ACCENT,
    MANIFEST_PATH,
    SECURITY_PATH,
    SITEMAP_PATH,
    SitemapPage,
    manifest,
    robots_txt,
    security_txt,
    sitemap_index,
    sitemap_part,
)
from syndicate.publish.site import SitePages
from syndicate.publish.site_paths import (
    ABOUT_PATH,
    ARCHIVE_PATH,
    DAYS_FOLDER,
    FEEDS_PATH,
    FRONT_PATH,
    LATEST_PATH,
    NEWSLETTERS_PATH,
    SOURCES_PATH,
)
from syndicate.store.output import site_rows, stale
from syndicate.text.dates import rfc3339
from syndicate.text.names import tag_key

WEEK = timedelta(days=7)
# Year, month and file of the page of a day or a month.
_DAY = re.compile(r"([0-9][^/]*)/[0-9][^/]*/[^/]+\.html")
ROBOTS_PATH = "robots.txt"
ICON_PATH = "favicon.ico"
_FIXED = (ROBOTS_PATH, ICON_PATH, MANIFEST_PATH, CARD_PATH, ABOUT_PATH, FEEDS_PATH, SITEMAP_PATH)
_ALWAYS = (FRONT_PATH, LATEST_PATH, FEEDS_PATH, ABOUT_PATH, ARCHIVE_PATH, SOURCES_PATH, NEWSLETTERS_PATH)


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """Write these files after all pages; ``write`` puts a file in place."""

    context: PublishContext
    pages: SitePages
    write: Callable[[str, bytes], None]
    failures: list[str]

    def run(self) -> None:
        """Write the files whose inputs changed: rows, settings, templates, or the date."""
        context = self.context
        day = context.now.astimezone(context.options.time_zone).date()
        templates = context.templates.fingerprint("pages/")
        look = signature_of(
            *(context.options, context.channels, self.pages.sections, self.pages.site.newsletters),
            *(context.newsletters, len(context.views.sources), templates, day),
        )
        with context.store.read() as connection:
            marks = {
                name: version
                for name, version in stale.stale_lists(connection).items()
                if name.startswith(stale.SITEMAP)
            }
        same = context.is_built("site files", look, _FIXED)
        if same and not marks:
            return
        try:
            if not same:
                self._fixed_documents()
            self._directory()
            sitemap = self._sitemap({mark.removeprefix(stale.SITEMAP) for mark in marks})
        except RenderError as error:
            self.failures.append(str(error))
            return
        with context.commit() as connection:
            stale.save_signatures(connection, {"sitemap": sitemap, "site files": look}, context.now)
            stale.clear_lists(connection, marks)

    def _fixed_documents(self) -> None:
        """Write the documents that depend on settings, templates and the date."""
        context, options = self.context, self.context.options
        files = {
            ROBOTS_PATH: robots_txt(options),
            ICON_PATH: context.templates.read("pages/favicon.ico"),
            MANIFEST_PATH: manifest(options),
            CARD_PATH: share_card(options.brand.accent or ACCENT),
            ABOUT_PATH: about_page(self.pages, len(context.views.sources)),
        }
        if options.contact:
            files[SECURITY_PATH] = security_txt(options, context.now)
        elif context.known.get("security contact"):
            context.remove(SECURITY_PATH)
        for path, data in files.items():
            self.write(path, data)
        if context.known.get("security contact", "") != options.contact:
            context.save({"security contact": options.contact})

    def _directory(self) -> None:
        """Write the directory of feeds, which counts the articles of the last seven days."""
        context, options = self.context, self.context.options
        midnight = datetime.combine(context.now.astimezone(options.time_zone), time(), options.time_zone)
        with context.store.read() as connection:
            keys = [tag_key(section.name) for section in self.pages.sections]
            counts = site_rows.count_since(connection, keys, midnight - WEEK)
        groups = feed_groups(self.pages, context.channels, context.newsletters, counts)
        self.write("feeds.opml", feeds_opml(groups, options))
        self.write(FEEDS_PATH, feeds_page(self.pages, groups, len(context.views.sources)))

    def _sitemap(self, parts: set[str]) -> str:
        """Write stale parts, or all after a change of the site; return the new content of the output."""
        context = self.context
        own = sorted(source.id for source in context.views.sources.values() if source.own)
        pages: list[SitemapPage] = [(path, None) for path in self._addresses()]
        signature = signature_of(context.options.site_url, own, pages)
        before = json.loads(context.known.get("sitemap") or "{}")
        last: dict[str, str] = before.get("parts", {})
        days = self._days()
        with context.store.read() as connection:
            if before.get("signature") != signature:
                counts = site_rows.sitemap_blocks(connection)
                parts = {f"{kind}-{block}" for kind, count in counts.items() for block in range(count)}.union(
                    last
                )
            # Years without days any more lose their part.
            parts |= {f"days-{year}" for year in days} | {part for part in last if part.startswith("days-")}
            for part in sorted(parts | {"pages"}):
                kind, _, block = part.rpartition("-")
                listed = pages if part == "pages" else days.get(block, []) if kind == "days" else []
                if kind == "stories":
                    listed = [*site_rows.story_pages(connection, int(block))]
                elif kind == "articles" and own:
                    listed = [*site_rows.own_article_pages(connection, own, int(block))]
                self._part(part, listed, last)
        index = {_part_path(part): at for part, at in last.items()}
        self.write(SITEMAP_PATH, sitemap_index(index, context.options.site_url))
        return json.dumps({"signature": signature, "parts": last}, sort_keys=True)

    def _part(self, part: str, listed: Sequence[SitemapPage], last: dict[str, str]) -> None:
        """Write a part, or remove it if it lists nothing; note its last change in ``last``."""
        if listed:
            self.write(_part_path(part), sitemap_part(listed, self.context.options.site_url))
            last[part] = max((rfc3339(at) for _, at in listed if at), default="")
        else:
            self.context.remove(_part_path(part))
            last.pop(part, None)

    def _addresses(self) -> Iterable[str]:
        """Return the pages that are neither articles, stories nor days."""
        archives = [
            f"{archive_folder(newsletter.name)}/index.html" for newsletter in self.context.newsletters
        ]
        paths = [*_ALWAYS, *(section.path for section in self.pages.sections), *archives]
        return [path for path in paths if self.context.output.exists(path)]

    def _days(self) -> Mapping[str, list[SitemapPage]]:
        """Return the pages of months and days by year."""
        paths = self.context.output.paths(DAYS_FOLDER)
        days = ((_DAY.fullmatch(path, len(DAYS_FOLDER)), path) for path in paths)
        return grouped((day[1], (path, None)) for day, path in days if day)


def _part_path(part: str) -> str:
    """Return the path of a part, in the folder of the pages that it may name."""
    return f"site/sitemap-{part}.xml"
