"""Files of the output folder over HTTP: conditional requests, gzip, redirects, and links to the hub."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndicate.web.negotiation import accepts_gzip, is_opening, not_modified
from syndicate.web.responses import content_type, list_field
from syndicate.web.served_files import FileChanged, OutputFolder, ServedFile
from syndicate.web.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.web_options import WebOptions

# A channel's name and the rest of the path of its documents.
_CHANNEL = re.compile(r"/([a-z0-9-]+)(\.(?:rss|atom|json)|/archive/[^/]+|/sources\.opml)")
# Feeds that the hub announces: of channels and newsletters, not archive pages or automatic channels.
_HUB = re.compile(r"/(?:newsletters/)?[^/]+")
_STALE = "stale-while-revalidate=3600, stale-if-error=86400"


class FileHandler:
    """Respond with files of the output folder; ``on_article_opened`` gets the path of an opened article."""

    def __init__(
        self,
        options: WebOptions,
        folder: OutputFolder,
        pages: ServerPages,
        on_article_opened: Callable[[str], None] | None,
    ) -> None:
        self._on_article_opened = on_article_opened
        self._options = options
        self._folder = folder
        self._pages = pages

    async def respond(self, request: Request) -> Response:
        """Return a file, a redirect to a folder's page, or 404; file access happens in a worker thread."""
        return await run_in_threadpool(self._respond, request)

    def _respond(self, request: Request) -> Response:
        for _ in range(3):
            try:
                return self._find_response(request, request.scope["path"])
            except FileChanged:
                continue
            except OSError:
                break
        return self._pages.problem(404)

    def _find_response(self, request: Request, path: str) -> Response:
        if (document := _CHANNEL.fullmatch(path)) and (response := self._former_channel(*document.groups())):
            return response
        location = self._folder.locate(path)
        if location is None:
            return self._pages.problem(404)
        if location.is_dir():
            location /= "index.html"
            if not path.endswith("/") and location.is_file():
                return RedirectResponse(quote(path) + "/", 308, SECURITY_HEADERS)
        elif path.endswith("/"):
            return self._pages.problem(404)
        return self._send(request, location)

    def _former_channel(self, channel: str, document: str) -> Response | None:
        """Return the response for a document of a removed or renamed channel."""
        if channel in self._options.gone_channels:
            return self._pages.problem(410, code="gone")
        if name := self._options.moved_channels.get(channel):
            location = f"{self._options.site_url}/{quote(name + document)}"
            headers = {**SECURITY_HEADERS, "Access-Control-Allow-Origin": "*"}
            return RedirectResponse(location, 301, headers)
        return None

    def _send(self, request: Request, location: Path) -> Response:
        served = self._folder.find(location, gzip=accepts_gzip(list_field(request, "accept-encoding")))
        if served is None:
            return self._pages.problem(404)
        if self._on_article_opened is not None and is_opening(request.method, request.headers):
            self._on_article_opened(request.scope["path"].lstrip("/"))
        headers = self._headers(served)
        if served.kind.feed and self._options.hub_url and _HUB.fullmatch(request.scope["path"]):
            address = f"{self._options.site_url}{quote(request.scope['path'])}"
            headers["Link"] = f'<{self._options.hub_url}>; rel="hub", <{address}>; rel="self"'
        fields = request.headers
        if not_modified(
            served.etag, served.modified, fields.get("if-none-match"), fields.get("if-modified-since")
        ):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = content_type(request, served.kind)
        if served.gzipped:
            headers["Content-Encoding"] = "gzip"
        return Response(self._folder.read(served), headers=headers)

    def _headers(self, served: ServedFile) -> dict[str, str]:
        """Return the headers that a 200 and a 304 have in common (rules H1, H2, H4, H5, D4, D6)."""
        age = self._options.feed_max_age if served.kind.feed else self._options.page_max_age
        headers = {
            **SECURITY_HEADERS,
            "ETag": served.etag,
            "Last-Modified": format_datetime(datetime.fromtimestamp(served.modified, UTC), usegmt=True),
            "Cache-Control": f"public, max-age={age}, {_STALE}",
        }
        if served.kind.text:
            headers["Vary"] = (
                "Accept, Sec-Fetch-Dest, Accept-Encoding" if served.kind.styled else "Accept-Encoding"
            )
        if served.kind.feed:
            headers["Access-Control-Allow-Origin"] = "*"
        return headers
