"""Finding the feeds of a page, and looking at a source without changing anything.

Everything is fetched by the one guarded client, so that an address that a person typed or a page names is
treated like any other stranger's, and is parsed in the worker processes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.page.feed_discovery import (
    feed_format,
    likely_feeds,
    likely_sitemaps,
    sitemaps_of_robots,
    with_header_links,
)
from syndicate.ingest.page.sitemap_parser import MAX_SITEMAP_BYTES as MAX_SITEMAP
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.jobs.ingest.source_reading import parse_answer, read_now
from syndicate.model import Access, Entry, FeedLink, ParsedSource, Source
from syndicate.net import SITEMAP_ACCEPT, Fetched, FetchRequest, FetchThread, read_credentials
from syndicate.text.urls import absolute_url, canonical_url, host_of

PREVIEWED = 5
MAX_REFRESHES = 3
"""Pages on the way from a page to the one that it refreshes to."""
PAGE_ACCEPT = (
    "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePreview:
    """Current content of a source: its latest entries first, at most five of them in ``latest``.

    ``format`` is RSS, Atom, RSS 1.0, JSON Feed, sitemap or folder; ``how`` says why we looked at it;
    ``parts`` are the sitemaps that an index of sitemaps names.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Sources found by way of a page: feeds, the likeliest first; sitemaps only without feeds.

    ``failures`` are ``(address, reason)`` of what the site names and what could not be read.
    """

    url: str
    feeds: tuple[SourcePreview, ...] = ()
    sitemaps: tuple[SourcePreview, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def choices(self) -> tuple[SourcePreview, ...]:
        """Return what can be added as a source."""
        return self.feeds or self.sitemaps


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryJob:
    """Looks at strangers' pages and feeds; stores nothing."""

    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    zone: ZoneInfo

    def discover(self, url: str, *, access: Access | None = None, private: bool = False) -> Discovery:
        """The feeds of the page at ``url``, or the feed that it is.

        ``access`` is used at the scheme, host and port of ``url`` only. Raises ``FetchError`` when the
        page cannot be fetched, ``ParseError`` when it cannot be read.
        """
        start = FetchRequest(
            url=url,
            accept=PAGE_ACCEPT,
            credentials=read_credentials(access) if access else None,
            private=private,
        )
        page = self._fetch(start)
        for _ in range(MAX_REFRESHES):
            if feed_format(page.body) not in ("", "sitemap"):
                return Discovery(url=url, feeds=(self._look(page, "the address itself"),))
            if feed_format(page.body) == "sitemap":
                return Discovery(
                    url=url, sitemaps=(self._look(page, "the address itself", DocumentKind.SITEMAP),)
                )
            parsed = parse_answer(self.parser(), page, DocumentKind.LINKS)
            links = with_header_links(parsed.feeds, page.links, page.url)
            if links or not parsed.moved_to:
                break
            page = self._fetch(_aside(start, parsed.moved_to))
        feeds, failures = self._read_links(links, start)
        if not feeds:
            feeds = self._first(likely_feeds(page.url), start)
        if feeds:
            return Discovery(url=url, feeds=tuple(feeds), failures=tuple(failures))
        sitemaps, unread = self._sitemaps(page.url, start)
        return Discovery(url=url, sitemaps=tuple(sitemaps), failures=(*failures, *unread))

    def look(self, source: Source) -> SourcePreview:
        """Return what a source holds right now, whatever we have of it.

        Raises ``FetchError`` or ``ParseError`` when it cannot be read.
        """
        parsed, answer = read_now(source, self.fetcher, self.parser, self.zone)
        if answer is None:
            return _look(parsed, source.url, "folder")
        return _look(parsed, _lasting_url(answer), feed_format(answer.body))

    def _fetch(self, request: FetchRequest) -> Fetched:
        return self.fetcher().fetch_one(request)

    def _look(self, answer: Fetched, how: str, kind: DocumentKind = DocumentKind.FEED) -> SourcePreview:
        asked = {"asked": answer.request.url} if kind is DocumentKind.SITEMAP else {}
        parsed = parse_answer(self.parser(), answer, kind, **asked)
        form = "sitemap" if kind is DocumentKind.SITEMAP else feed_format(answer.body)
        return replace(_look(parsed, _lasting_url(answer), form), how=how)

    def _read_links(
        self, links: Iterable[FeedLink], start: FetchRequest
    ) -> tuple[list[SourcePreview], list[tuple[str, str]]]:
        """All of a page's own feeds, in the page's order; hosts are asked side by side."""
        wanted = {link.url: link for link in links}
        requests = [_aside(start, url) for url in wanted]
        found: dict[str, SourcePreview] = {}
        failures: list[tuple[str, str]] = []
        for request, answer in self.fetcher().fetch_each(requests):
            try:
                if isinstance(answer, FetchError):
                    raise answer
                how = "declared by the page" if wanted[request.url].declared else "linked on the page"
                look = self._look(answer, how)
                found[request.url] = replace(look, title=look.title or wanted[request.url].title)
            except (FetchError, ParseError) as error:
                failures.append((request.url, str(error)))
        unique = {canonical_url(found[url].url): found[url] for url in reversed(wanted) if url in found}
        return list(reversed(unique.values())), failures

    def _first(self, urls: Iterable[str], start: FetchRequest) -> list[SourcePreview]:
        """The first feed where sites usually have one; each guess is one request, so no more than needed."""
        for url in urls:
            try:
                answer = self._fetch(_aside(start, url))
                if feed_format(answer.body) not in ("", "sitemap"):
                    return [self._look(answer, "found at a usual address")]
            except (FetchError, ParseError):
                continue
        return []

    def _sitemaps(self, url: str, start: FetchRequest) -> tuple[list[SourcePreview], list[tuple[str, str]]]:
        """Return what robots.txt names, else the first sitemap at a usual address."""
        found: list[SourcePreview] = []
        failures: list[tuple[str, str]] = []
        for address, how in self._sitemap_addresses(url, start):
            try:
                answer = self._fetch(
                    replace(_aside(start, address), accept=SITEMAP_ACCEPT, max_body=MAX_SITEMAP)
                )
                found.append(self._look(answer, how, DocumentKind.SITEMAP))
            except (FetchError, ParseError) as error:
                failures.append((address, str(error)))
        return found, failures

    def _sitemap_addresses(self, url: str, start: FetchRequest) -> list[tuple[str, str]]:
        try:
            robots = self._fetch(_aside(start, absolute_url(url, "/robots.txt")))
            if named := sitemaps_of_robots(robots.body, url):
                return [(address, "named by robots.txt") for address in named]
        except FetchError:
            pass
        usual = islice(self._existing_sitemaps(url, start), 1)
        return [(address, "found at a usual address") for address in usual]

    def _existing_sitemaps(self, url: str, start: FetchRequest) -> Iterator[str]:
        for address in likely_sitemaps(url):
            try:
                if feed_format(self._fetch(_aside(start, address)).body) == "sitemap":
                    yield address
            except FetchError:
                continue


def _lasting_url(answer: Fetched) -> str:
    """A permanent redirect is where the feed lives; a temporary one may lead anywhere tomorrow."""
    return answer.permanent_url or answer.request.url


def _aside(start: FetchRequest, url: str) -> FetchRequest:
    """A request for something a page leads to; the credentials stay where they belong."""
    at_home = urlsplit(url)[:2] == urlsplit(start.url)[:2]
    return replace(start, url=url, credentials=start.credentials if at_home else None)


def _look(parsed: ParsedSource, url: str, form: str) -> SourcePreview:
    dated = [(entry.published or entry.updated, entry) for entry in parsed.entries]
    newest = sorted((item for item in dated if item[0]), key=lambda item: item[0], reverse=True)  # type: ignore[arg-type, return-value]
    undated = [item for item in dated if not item[0]]
    return SourcePreview(
        url=url,
        format=form,
        title=parsed.title or (host_of(url) if form == "sitemap" else ""),
        home_url=parsed.home_url,
        entries=len(parsed.entries),
        parts=len(parsed.parts),
        newest=newest[0][0] if newest else None,
        latest=tuple(entry for _, entry in [*newest, *undated][:PREVIEWED]),
        warnings=parsed.warnings,
        refused=len(parsed.refused),
    )
