"""HTTP server of the demo's publications on a free port of 127.0.0.1: feeds, pages and images."""

import threading
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from syndicate.demo.demo_images import draw_image
from syndicate.demo.documents import DemoSite, feed_document, web_page
from syndicate.demo.newsroom import Publication


class NewsroomServer:
    """Serves publications as of ``now`` on a thread. Use it as a context manager."""

    def __init__(self, papers: Sequence[Publication], now: datetime) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.modified = format_datetime(now.replace(microsecond=0), usegmt=True)
        site = DemoSite(base=self.url, now=now)
        for paper in papers:
            self._publish(paper, site)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="newsroom", daemon=True
        )

    def _publish(self, paper: Publication, site: DemoSite) -> None:
        documents, html = self._server.documents, "text/html; charset=utf-8"
        feed, content_type = feed_document(site, paper)
        documents[paper.feed_path] = feed, content_type
        documents[f"/{paper.slug}/"] = web_page(site, paper), html
        for piece in paper.pieces:
            path = f"/{paper.slug}/{piece.slug}"
            documents[f"{path}.html"] = web_page(site, paper, piece), html
            if piece.image:
                self._server.images.add(f"{path}.png")
        if paper.moved_from:
            self._server.moved[paper.subscribed_path] = self.url + paper.feed_path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    modified: str

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.documents: dict[str, tuple[bytes, str]] = {}
        self.images: set[str] = set()
        self.moved: dict[str, str] = {}

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Return body and content type of a path. The first request draws an image."""
        if path in self.images:
            self.documents[path] = draw_image(path), "image/png"
            self.images.discard(path)
        return self.documents.get(path)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # A response is two small writes; Nagle's algorithm would delay the second by 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in self.server.moved:
            self._respond(HTTPStatus.MOVED_PERMANENTLY, {"Location": self.server.moved[path]})
            return
        document = self.server.find(path)
        if document is None:
            self._respond(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"There is nothing here.\n")
            return
        body, content_type = document
        etag = f'"{sha256(body).hexdigest()[:20]}"'
        validators = {"ETag": etag, "Last-Modified": self.server.modified}
        if self._is_current(etag):
            self._respond(HTTPStatus.NOT_MODIFIED, validators)
        else:
            self._respond(HTTPStatus.OK, {"Content-Type": content_type, **validators}, body)

    do_HEAD = do_GET  # noqa: N815 the name is the standard library's

    def _is_current(self, etag: str) -> bool:
        """Compare the validators by RFC 9110 section 13.1: If-None-Match takes precedence."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return etag in tags
        return self.headers.get("If-Modified-Since") == self.server.modified

    def _respond(self, status: HTTPStatus, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log no requests, so that the demo's own output stays readable."""
