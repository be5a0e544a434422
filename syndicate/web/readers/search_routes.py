"""Search pages, their feeds, suggestions while typing, and the OpenSearch description."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndicate.jobs.publish.on_request.reader_search import ReaderSearch
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.publish.search.search_query import parse_search
from syndicate.served_types import served_type_of
from syndicate.text.plain import clean_line
from syndicate.web.readers.negotiation import content_type
from syndicate.web.readers.server_pages import SECURITY_HEADERS, ServerPages

# Searches at a time, so that they leave threads to other pages; further requests wait, then get 503.
_SEARCHES = 4
_WAITING = 32
_OPEN_SEARCH = """<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>{short}</ShortName>
<Description>{title}</Description>
<InputEncoding>UTF-8</InputEncoding>
<Image width="96" height="96" type="image/png">{site}/site/assets/favicon.png</Image>
<Url type="text/html" template="{site}/search?q={{searchTerms}}"/>
<Url type="application/atom+xml" template="{site}/search.atom?q={{searchTerms}}"/>
<Url type="application/opensearchdescription+xml" rel="self" template="{site}/opensearch.xml"/>
</OpenSearchDescription>
"""
_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=60", "X-Robots-Tag": "noindex"}


@dataclass(slots=True)
class SearchHandler:
    """Respond to a few searches at a time; ``pages`` has the page for too many requests."""

    search: ReaderSearch
    pages: ServerPages
    files: Callable[[Request], Response]
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_SEARCHES), init=False)
    _waiting: int = field(default=0, init=False)

    def handlers(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """Return the handlers by their names in the table of routes."""
        own = {"search": self.respond, "search_feed": self.feed}
        return {**own, "suggest": self.suggest, "open_search": self.describe}

    async def respond(self, request: Request) -> Response:
        """Return the page of a search."""
        query = parse_search(request.query_params)

        def answer() -> Response:
            page = self.search.page(query, datetime.now(UTC))
            html = self.pages.site_page("pages/search.html", "search", page)
            return Response(html, headers=_HEADERS, media_type="text/html")

        return await self._response(answer)

    async def feed(self, request: Request) -> Response:
        """Return a search as a feed; without words the address is that of a channel named "search"."""
        suffix = request.path_params["suffix"]
        kind = served_type_of(f"search.{suffix}")
        query = parse_search(request.query_params)
        if kind is None or suffix not in FORMATS or not query.words:
            return await run_in_threadpool(self.files, request)
        headers = {
            **_HEADERS,
            "Content-Type": content_type(request, kind),
            "Access-Control-Allow-Origin": "*",
            "Vary": "Accept, Sec-Fetch-Dest",
        }
        return await self._response(lambda: Response(self.search.feed(query, suffix), headers=headers))

    async def suggest(self, request: Request) -> Response:
        """Return suggestions as JSON."""
        text = parse_search(request.query_params).words

        def answer() -> Response:
            found = [asdict(suggestion) for suggestion in self.search.suggestions(text)]
            return JSONResponse({"q": text, "suggestions": found}, headers=_HEADERS)

        return await self._response(answer)

    async def describe(self, _: Request) -> Response:
        """Return the OpenSearch description, by which browsers offer the search."""
        options = self.search.options
        text = _OPEN_SEARCH.format(
            short=escape(clean_line(options.title, 16)),
            title=escape(options.title),
            site=escape(options.site_url),
        )
        headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=86400"}
        return Response(text, headers=headers, media_type="application/opensearchdescription+xml")

    async def _response(self, work: Callable[[], Response]) -> Response:
        if self._slots.locked() and self._waiting >= _WAITING:
            return self.pages.problem(503, {"Retry-After": "10"})
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            return await run_in_threadpool(work)
        finally:
            self._slots.release()
