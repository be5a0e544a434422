"""Files of the output folder over HTTP: conditional requests, gzip, redirects, and links to the hub."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from syndicate.errors import SyndicateError
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.published_files import FileChanged
from syndicate.served_types import SERVED_TYPES, ServedType, cache_control
from syndicate.web.readers.negotiation import accepts_gzip, content_type, fields_of, is_opening, not_modified
from syndicate.web.readers.served_files import OutputFolder, ServedFile
from syndicate.web.readers.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.web_options import WebOptions

# A channel's name and the rest of the path of its documents.
_CHANNEL = re.compile(rf"/([a-z0-9-]+)(\.(?:{'|'.join(FORMATS)})|/archive/[^/]+|/sources\.opml)")
# Feeds that the hub announces: of channels and newsletters, not archive pages or automatic channels.
_HUB = re.compile(r"/(?:newsletters/)?[^/]+")
_SUFFIXES = tuple(f".{name}" for name in FORMATS)
OnFeedRead = Callable[[str, str, str, str], None]
"""Gets path, ``User-Agent``, peer and ``X-Forwarded-For`` of each response with a feed."""


class FileHandler:
    """Respond with files of the output folder.

    ``on_article_opened`` gets the path of an opened article, ``on_feed_read`` each request for a feed.
    """

    def __init__(
        self,
        options: WebOptions,
        folder: OutputFolder,
        pages: ServerPages,
        on_article_opened: Callable[[str], None] | None,
        on_feed_read: OnFeedRead | None = None,
    ) -> None:
        self._on_feed_read = on_feed_read
        self._on_article_opened = on_article_opened
        self._options = options
        self._folder = folder
        self._moves: tuple[float, Mapping[str, str]] = (0.0, {})
        self._pages = pages
        self._common = {kind.content_type: self._common_headers(kind) for kind in SERVED_TYPES.values()}

    def respond_at_once(self, scope: Scope) -> Response | None:
        """Return the response with an unchanged file whose facts and body are in memory, else ``None``.

        The event loop calls it: it costs one ``stat``, where a thread costs more than all the rest.
        """
        fields = fields_of(scope)
        served = self._folder.known(scope["path"], gzip=_accepts_gzip(fields))
        return self._answer(scope, fields, served, self._folder.cached_body) if served else None

    def respond(self, request: Request) -> Response:
        """Return a file, a redirect to a folder's page, or 404; runs in a worker thread."""
        for _ in range(3):
            try:
                return self._find_response(request, request.scope["path"]) or self._pages.problem(404)
            except FileChanged:
                continue
            except OSError:
                break
        return self._pages.problem(404)

    def _find_response(self, request: Request, path: str) -> Response | None:
        if (document := _CHANNEL.fullmatch(path)) and (response := self._former_channel(*document.groups())):
            return response
        fields = fields_of(request.scope)
        gzip = _accepts_gzip(fields)
        if served := self._folder.find(path, gzip=gzip):
            return self._answer(request.scope, fields, served, self._folder.read)
        if not path.endswith("/") and self._folder.find(path + "/", gzip=gzip):
            return RedirectResponse(quote(path) + "/", 308, SECURITY_HEADERS)
        return None

    def _former_channel(self, channel: str, document: str) -> Response | None:
        """Return the response for a document of a removed or renamed channel."""
        name = self._former_channels().get(channel)
        if name == "":
            return self._pages.problem(410, code="gone")
        if name:
            location = f"{self._options.site_url}/{quote(name + document)}"
            headers = {**SECURITY_HEADERS, "Access-Control-Allow-Origin": "*"}
            return RedirectResponse(location, 301, headers)
        return None

    def _former_channels(self) -> Mapping[str, str]:
        until, moves = self._moves
        if time.monotonic() >= until:
            # Files are served while the store cannot be read, too.
            with suppress(SyndicateError):
                moves = self._options.former_channels()
            self._moves = time.monotonic() + self._options.moves_age, moves
        return moves

    def _answer(
        self,
        scope: Scope,
        fields: Mapping[str, str],
        served: ServedFile,
        read: Callable[[ServedFile], bytes | None],
    ) -> Response | None:
        """Return the response with a file, ``None`` if it needs a body and ``read`` returns none."""
        if served.location:
            headers = {**SECURITY_HEADERS, "Cache-Control": self._cache_control(served.kind)}
            return RedirectResponse(served.location, 301, headers)
        etags, since = fields.get("if-none-match"), fields.get("if-modified-since")
        unchanged = not_modified(served.etag, served.modified, etags, since)
        body = b"" if unchanged else read(served)
        if body is None:
            return None
        path = scope["path"]
        if self._on_article_opened is not None and is_opening(scope["method"], fields):
            self._on_article_opened(path.lstrip("/"))
        if self._on_feed_read is not None and "/" not in path[1:] and path.endswith(_SUFFIXES):
            client = scope.get("client")
            agent, forwarded = fields.get("user-agent", ""), fields.get("x-forwarded-for", "")
            self._on_feed_read(path, agent, client[0] if client else "", forwarded)
        raw = [*self._common[served.kind.content_type], *served.validators]
        if served.kind.feed and self._options.hub_url and _HUB.fullmatch(path):
            address = f"{self._options.site_url}{quote(path)}"
            raw.append((b"link", f'<{self._options.hub_url}>; rel="hub", <{address}>; rel="self"'.encode()))
        if unchanged:
            return _FileResponse(304, raw, b"")
        raw.append((b"content-type", content_type(fields, served.kind).encode()))
        raw.append((b"content-length", str(len(body)).encode()))
        if served.gzipped:
            raw.append((b"content-encoding", b"gzip"))
        return _FileResponse(200, raw, body)

    def _cache_control(self, kind: ServedType) -> str:
        return cache_control(kind, self._options.page_max_age, self._options.feed_max_age)

    def _common_headers(self, kind: ServedType) -> list[tuple[bytes, bytes]]:
        """Return the headers that every 200 and 304 of a type has (rules H4, H5, D4, D6)."""
        headers = {**SECURITY_HEADERS, "Cache-Control": self._cache_control(kind)}
        if kind.text:
            headers["Vary"] = kind.vary
        if kind.feed:
            headers["Access-Control-Allow-Origin"] = "*"
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class _FileResponse(Response):
    """Response from encoded headers, which are ready before the request."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status_code, self.raw_headers, self.body, self.background = status, headers, body, None


def _accepts_gzip(fields: Mapping[str, str]) -> bool:
    return accepts_gzip(fields.get("accept-encoding", ""))
