"""A WebSub hub and a publisher on loopback, and our own web server for the hub to call back."""

import hashlib
import hmac
import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from syndicate.templating import Templates
from syndicate.web import WebOptions, WebServer
from tests.jobs.room import Room
from tests.web.conftest import run
from tests.web_app import create_app


@dataclass
class Hub:
    """``with Hub(room) as hub:`` declares one source, "harbour", whose feed names this hub.

    ``feed`` is what the publisher answers, ``status`` what the hub answers to forms, which ``asked`` holds.
    """

    room: Room
    feed: bytes = b""
    links: tuple[str, ...] = ()
    status: int = 202
    said: bytes = b""
    limit: int = 50_000
    asked: list[dict[str, str]] = field(default_factory=list)
    polls: int = 0

    def __enter__(self) -> Self:
        self._publisher = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._publisher.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        app = create_app(
            WebOptions(push_bytes=self.limit),
            self.room.folder,
            self.room.services.unsubscribe,
            templates=Templates(),
            health=dict,
            hub_listener=self,  # asks the latest WebSubJob
        )
        self._web = WebServer(app, "127.0.0.1", 0)
        self._serving = run(self._web)
        return self

    def __exit__(self, *_: object) -> None:
        self.room.close()
        self._web.stop()
        self._serving.join()
        self._publisher.shutdown()
        self._publisher.server_close()
        self._thread.join()

    # The listener of the web server: always that of the latest configuration, as after a restart.
    def verify(self, callback: str, query: Mapping[str, str]) -> str | None:
        return self.room.services.websub.verify(callback, query)

    def expects(self, callback: str) -> int:
        return self.room.services.websub.expects(callback)

    def receive(self, callback: str, content_type: str, signature: str, body: bytes) -> int:
        return self.room.services.websub.receive(callback, content_type, signature, body)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._publisher.server_port}{path}"

    @property
    def site(self) -> str:
        return self._web.url

    def call(self, method: str, url: str, body: bytes | None = None, **fields: str) -> tuple[int, bytes]:
        """One request to our callback, as the hub makes it."""
        parts = urlsplit(url)
        assert parts.hostname
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            names = {name.replace("_", "-"): value for name, value in fields.items()}
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, names)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask_back(self, form: dict[str, str], **changes: str) -> tuple[int, bytes]:
        """Verify the intent of a form that we were sent."""
        query = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "a-challenge",
            "hub.lease_seconds": "864000",
        } | {f"hub.{name}": value for name, value in changes.items()}
        return self.call("GET", form["hub.callback"] + "?" + urlencode(query))

    def push(self, body: bytes, method: str = "sha256", secret: str | None = None, **fields: str) -> int:
        """Deliver content to the latest callback."""
        form = next(one for one in reversed(self.asked) if one["hub.mode"] == "subscribe")
        key = form.get("hub.secret", "") if secret is None else secret
        digest = hmac.new(key.encode(), body, getattr(hashlib, method)).hexdigest()
        signed = {"X_Hub_Signature": f"{method}={digest}", "Content_Type": "application/rss+xml"}
        status, _ = self.call("POST", form["hub.callback"], body, **signed | fields)
        return status


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.polls += 1
            self.send_response(200)
            self.send_header("ETag", '"1"')
            for link in hub.links:
                self.send_header("Link", link)
            self._end(hub.feed)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hub.asked.append(dict(parse_qsl(body.decode(), strict_parsing=True)))
            if self.path == "/moved":
                self.send_response(307)
                self.send_header("Location", "/hub")
                hub.asked.pop()
                return self._end(b"")
            self.send_response(hub.status)
            return self._end(hub.said)

        def _end(self, body: bytes) -> None:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
