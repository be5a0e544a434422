"""The newsroom on the network: feeds, pages and pictures over real HTTP on 127.0.0.1, any free port."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from syndicate.demo.demo_images import picture
from syndicate.demo.documents import DemoPress
from syndicate.demo.feed_documents import feed_document
from syndicate.demo.newsroom import Publication
from syndicate.demo.page_documents import article_page, front_page


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDocument:
    """Response of one path."""

    body: bytes
    content_type: str

    @property
    def etag(self) -> str:
        """Strong: the same bytes, the same tag."""
        return f'"{sha256(self.body).hexdigest()[:20]}"'


class NewsroomServer:
    """Serves publications as of one moment, on a thread of its own, from ``with`` to the end of it."""

    def __init__(self, papers: Sequence[Publication], now: datetime) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.modified = format_datetime(now.replace(microsecond=0), usegmt=True)
        press = DemoPress(base=self.url, now=now)
        for paper in papers:
            self._publish(paper, press)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="newsroom", daemon=True
        )

    def _publish(self, paper: Publication, press: DemoPress) -> None:
        documents, html = self._server.documents, "text/html; charset=utf-8"
        feed, content_type = feed_document(press, paper)
        documents[paper.feed_path] = DemoDocument(body=feed, content_type=content_type)
        documents[f"/{paper.slug}/"] = DemoDocument(body=front_page(press, paper), content_type=html)
        for piece in paper.pieces:
            path = f"/{paper.slug}/{piece.slug}"
            documents[f"{path}.html"] = DemoDocument(
                body=article_page(press, paper, piece), content_type=html
            )
            if piece.picture:
                self._server.pictures.add(f"{path}.png")
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
        self.documents: dict[str, DemoDocument] = {}
        self.pictures: set[str] = set()
        self.moved: dict[str, str] = {}

    def find(self, path: str) -> DemoDocument | None:
        """Return the document at a path. Pictures are drawn when they are requested."""
        if path in self.pictures:
            self.documents[path] = DemoDocument(body=picture(path), content_type="image/png")
            self.pictures.discard(path)
        return self.documents.get(path)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # An answer is two small writes; Nagle's delay would hold the second back (40 ms).
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in self.server.moved:
            self._answer(HTTPStatus.MOVED_PERMANENTLY, {"Location": self.server.moved[path]})
            return
        document = self.server.find(path)
        if document is None:
            self._answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"There is nothing here.\n")
            return
        validators = {"ETag": document.etag, "Last-Modified": self.server.modified}
        if self._has(document):
            self._answer(HTTPStatus.NOT_MODIFIED, validators)
        else:
            self._answer(HTTPStatus.OK, {"Content-Type": document.content_type, **validators}, document.body)

    do_HEAD = do_GET  # noqa: N815 the name is the standard library's

    def _has(self, document: DemoDocument) -> bool:
        """RFC 9110 section 13.1: If-None-Match counts, If-Modified-Since only without it."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return document.etag in tags
        return self.headers.get("If-Modified-Since") == self.server.modified

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the demo's own output is what matters."""
