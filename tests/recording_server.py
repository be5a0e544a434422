"""HTTP server on loopback that records whole requests, and answers as the test decides."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Reply = tuple[int, Any, dict[str, str]] | None
"""Status, JSON and header fields; ``None`` hangs up after taking the request."""


@dataclass(frozen=True)
class Taken:
    """Request as it arrived."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RecordingServer:
    """``with RecordingServer(lambda taken: (200, {}, {})) as server: …``; ``reply`` may be changed later."""

    reply: Callable[[Taken], Reply] = lambda _: (200, {}, {})
    taken: list[Taken] = field(default_factory=list)

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                fields = {name.lower(): value for name, value in self.headers.items()}
                taken = Taken(self.command, self.path, fields, self.rfile.read(size))
                outer.taken.append(taken)
                reply = outer.reply(taken)
                if reply is None:
                    self.close_connection = True
                    return
                status, value, fields = reply
                body = json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_PATCH = do_GET = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
