"""S3 server of a test on loopback, behind a proxy that counts requests and can refuse them."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

import obstore
from obstore.store import S3Store

BUCKET = "news"


class Bucket:
    """Bucket at ``endpoint``; ``refuse`` gets method and key of a request and returns a status, or 0."""

    def __init__(self, endpoint: str, direct: str) -> None:
        self.endpoint = endpoint
        self.requests: Counter[str] = Counter()
        self.refuse: Callable[[str, str], int] = lambda _method, _key: 0
        self._store = S3Store(BUCKET, endpoint=direct, client_options={"allow_http": True})

    def files(self, folder: str = "site-files") -> dict[str, bytes]:
        """Return the bytes of every object below a folder by its path there."""
        found = [entry["path"] for entry in obstore.list(self._store, folder).collect()]
        return {
            path.removeprefix(f"{folder}/"): bytes(obstore.get(self._store, path).bytes()) for path in found
        }

    def headers(self, path: str) -> dict[str, str]:
        """Return the attributes of an object."""
        return {str(name): value for name, value in obstore.get(self._store, path).attributes.items()}


@contextmanager
def s3_bucket() -> Iterator[Bucket]:
    """Serve an empty bucket. Importing moto takes seconds, so only a test with a bucket does."""
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    # All servers of a process share their buckets.
    for method, path in (("POST", "/moto-api/reset"), ("PUT", f"/{BUCKET}")):
        creating = HTTPConnection(host, port)
        creating.request(method, path)
        creating.getresponse().read()
        creating.close()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            key = unquote(self.path.partition("?")[0]).removeprefix(f"/{BUCKET}/")
            bucket.requests[self.command] += 1
            if status := bucket.refuse(self.command, key):
                self._answer(status, {}, b"<Error><Message>of the key AKIASECRET</Message></Error>")
                return
            connection = HTTPConnection(host, port)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN}
            self._answer(answer.status, kept, answer.read())
            connection.close()

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _forward  # noqa: N815

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    bucket = Bucket(f"http://127.0.0.1:{server.server_address[1]}", f"http://{host}:{port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        moto.stop()


_OWN = {"content-length", "connection", "transfer-encoding", "date", "server"}
