"""Discovery job: find the feeds of a page and preview a source, without storing anything.

All addresses, typed or found on a page, are untrusted: the guarded client fetches them and worker processes
parse them.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.page import feed_discovery
from syndicate.ingest.page.sitemap_parser import MAX_SITEMAP_BYTES
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.jobs.ingest.source_reading import parse_response, read_now
from syndicate.model import Access, Entry, FeedLink, ParsedSource, Source, SourceKind
from syndicate.net import SITEMAP_ACCEPT, Fetched, FetchRequest, FetchThread, read_credentials
from syndicate.text.urls import absolute_url, canonical_url, host_of

PREVIEWED = 5
MAX_REFRESHES = 3
"""Maximum number of ``meta`` refreshes to follow."""
PAGE_ACCEPT = (
    "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePreview:
    """Current content of a source; ``latest`` are its at most five latest entries, latest first.

    ``format`` is RSS, Atom, RSS 1.0, JSON Feed, sitemap or folder. ``how`` states the way it was found.
    ``parts`` is the number of sitemaps that an index lists.
    """

    url: str
    how: str = ""
    format: str = ""
    title: str = ""
    home_url: str = ""
    entries: int = 0
    parts: int = 0
    newest: datetime | None = None
    latest: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: int = 0

    @property
    def kind(self) -> SourceKind:
        """Kind of the source to add for this content of the web."""
        return SourceKind.SITEMAP if self.format == "sitemap" else SourceKind.FEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Sources of a page: feeds, the likeliest first; sitemaps only if there is no feed.

    ``failures`` are ``(address, reason)`` of feeds and sitemaps that could not be read.
    """

    url: str
    feeds: tuple[SourcePreview, ...] = ()
    sitemaps: tuple[SourcePreview, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def choices(self) -> tuple[SourcePreview, ...]:
        """Previews that can be added as sources."""
        return self.feeds or self.sitemaps


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryJob:
    """Previews untrusted pages and feeds; stores nothing."""

    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    zone: ZoneInfo

    def discover(self, url: str, *, access: Access | None = None, private: bool = False) -> Discovery:
        """Return the feeds of the page at ``url``, or the feed at ``url`` itself.

        ``access`` is used at the scheme, host and port of ``url`` only. Raises ``FetchError`` when the page
        cannot be fetched, ``ParseError`` when it cannot be parsed.
        """
        start = FetchRequest(
            url=url,
            accept=PAGE_ACCEPT,
            credentials=read_credentials(access) if access else None,
            private=private,
        )
        page = self._fetch(start)
        for _ in range(MAX_REFRESHES):
            if feed_discovery.feed_format(page.body) not in ("", "sitemap"):
                return Discovery(url=url, feeds=(self._preview(page, "the address itself"),))
            if feed_discovery.feed_format(page.body) == "sitemap":
                sitemap = self._preview(page, "the address itself", DocumentKind.SITEMAP)
                return Discovery(url=url, sitemaps=(sitemap,))
            parsed = parse_response(self.parser(), page, DocumentKind.LINKS)
            links = feed_discovery.with_header_links(parsed.feeds, page.links, page.url)
            if links or not parsed.moved_to:
                break
            page = self._fetch(_linked_request(start, parsed.moved_to))
        feeds, failures = self._read_links(links, start)
        if not feeds:
            feeds = self._first(feed_discovery.likely_feeds(page.url), start)
        if feeds:
            return Discovery(url=url, feeds=tuple(feeds), failures=tuple(failures))
        sitemaps, unread = self._sitemaps(page.url, start)
        return Discovery(url=url, sitemaps=tuple(sitemaps), failures=(*failures, *unread))

    def look(self, source: Source) -> SourcePreview:
        """Return the content of a source, stored or not; raises errors as ``read_now`` does."""
        parsed, response = read_now(source, self.fetcher, self.parser, self.zone)
        if response is None:
            return _preview_of(parsed, source.url, "folder")
        return _preview_of(parsed, _lasting_url(response), feed_discovery.feed_format(response.body))

    def _fetch(self, request: FetchRequest) -> Fetched:
        return self.fetcher().fetch_one(request)

    def _preview(self, response: Fetched, how: str, kind: DocumentKind = DocumentKind.FEED) -> SourcePreview:
        is_sitemap = kind is DocumentKind.SITEMAP
        options = {"requested_url": response.request.url} if is_sitemap else {}
        parsed = parse_response(self.parser(), response, kind, **options)
        format_name = "sitemap" if is_sitemap else feed_discovery.feed_format(response.body)
        return replace(_preview_of(parsed, _lasting_url(response), format_name), how=how)

    def _read_links(
        self, links: Iterable[FeedLink], start: FetchRequest
    ) -> tuple[list[SourcePreview], list[tuple[str, str]]]:
        """Return the previews of a page's own feeds, in the page's order; fetch from all hosts at once."""
        by_url = {link.url: link for link in links}
        requests = [_linked_request(start, url) for url in by_url]
        previews: dict[str, SourcePreview] = {}
        failures: list[tuple[str, str]] = []
        for request, response in self.fetcher().fetch_each(requests):
            try:
                if isinstance(response, FetchError):
                    raise response
                how = "declared by the page" if by_url[request.url].declared else "linked on the page"
                preview = self._preview(response, how)
                previews[request.url] = replace(preview, title=preview.title or by_url[request.url].title)
            except (FetchError, ParseError) as error:
                failures.append((request.url, str(error)))
        found = [previews[url] for url in reversed(by_url) if url in previews]
        unique = {canonical_url(preview.url): preview for preview in found}
        return list(reversed(unique.values())), failures

    def _first(self, urls: Iterable[str], start: FetchRequest) -> list[SourcePreview]:
        """Return the first feed at a usual address; stop there, because each guess is a request."""
        for url in urls:
            with suppress(FetchError, ParseError):
                response = self._fetch(_linked_request(start, url))
                if feed_discovery.feed_format(response.body) not in ("", "sitemap"):
                    return [self._preview(response, "found at a usual address")]
        return []

    def _sitemaps(self, url: str, start: FetchRequest) -> tuple[list[SourcePreview], list[tuple[str, str]]]:
        """Return the sitemaps that robots.txt names, else the first sitemap at a usual address."""
        previews: list[SourcePreview] = []
        failures: list[tuple[str, str]] = []
        sitemap = replace(start, accept=SITEMAP_ACCEPT, max_body=MAX_SITEMAP_BYTES)
        for address, how in self._sitemap_addresses(url, start):
            try:
                response = self._fetch(_linked_request(sitemap, address))
                previews.append(self._preview(response, how, DocumentKind.SITEMAP))
            except (FetchError, ParseError) as error:
                failures.append((address, str(error)))
        return previews, failures

    def _sitemap_addresses(self, url: str, start: FetchRequest) -> list[tuple[str, str]]:
        with suppress(FetchError):
            robots = self._fetch(_linked_request(start, absolute_url(url, "/robots.txt")))
            if named := feed_discovery.sitemaps_of_robots(robots.body, url):
                return [(address, "named by robots.txt") for address in named]
        for path in feed_discovery.SITEMAPS:
            address = absolute_url(url, f"/{path}")
            with suppress(FetchError):
                if feed_discovery.feed_format(self._fetch(_linked_request(start, address)).body) == "sitemap":
                    return [(address, "found at a usual address")]
        return []


def _lasting_url(response: Fetched) -> str:
    """Return the target of a permanent redirect; a temporary redirect may lead elsewhere tomorrow."""
    return response.permanent_url or response.request.url


def _linked_request(start: FetchRequest, url: str) -> FetchRequest:
    """Return the request for a linked address; credentials stay with the origin of ``start``."""
    is_same_origin = urlsplit(url)[:2] == urlsplit(start.url)[:2]
    return replace(start, url=url, credentials=start.credentials if is_same_origin else None)


def _preview_of(parsed: ParsedSource, url: str, format_name: str) -> SourcePreview:
    dated = [(entry.published or entry.updated, entry) for entry in parsed.entries]
    newest = sorted((pair for pair in dated if pair[0]), key=lambda pair: pair[0], reverse=True)  # type: ignore[arg-type, return-value]
    undated = [pair for pair in dated if not pair[0]]
    return SourcePreview(
        url=url,
        format=format_name,
        title=parsed.title or (host_of(url) if format_name == "sitemap" else ""),
        home_url=parsed.home_url,
        entries=len(parsed.entries),
        parts=len(parsed.parts),
        newest=newest[0][0] if newest else None,
        latest=tuple(entry for _, entry in [*newest, *undated][:PREVIEWED]),
        warnings=parsed.warnings,
        refused=len(parsed.refused),
    )
