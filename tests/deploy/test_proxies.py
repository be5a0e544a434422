"""The examples for nginx and Caddy: valid, and with real requests where the programs are installed."""

import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
PEM = Path(__file__).parents[1] / "net" / "self_signed.pem"
FILES = {"site/index.html": "<p>front", "news.rss": "<rss/>", ".hidden": "secret", "404.html": "not here"}


@pytest.mark.parametrize(
    ("path", "passed_on"),
    [
        *((f"/private/TOKEN.{suffix}", True) for suffix in ("rss", "atom", "json")),
        ("/unsubscribe/TOKEN", True),
        ("/subscribe", True),
        ("/search", True),
        ("/search/suggest", True),
        ("/desk/daily/ann/TOKEN/1", True),
        ("/news.rss", False),
        ("/sources.opml", False),
    ],
)
def test_nginx_passes_on_what_no_file_answers(path: str, passed_on: bool) -> None:
    """Of its locations with an expression the first that fits answers."""
    locations = re.findall(r"location ~ (\S+) \{(.*?)\n?\s*\}$", NGINX, re.MULTILINE | re.DOTALL)
    first = next(body for expression, body in locations if re.search(expression, path))
    assert ("proxy_pass" in first) is passed_on
    assert ("access_log off" in first) is passed_on


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def upstream() -> Iterator[int]:
    """A web server that answers its path and the forwarded address; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.path} for {self.headers['X-Forwarded-For']}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def started(command: list[str], port: int) -> Iterator[str]:
    """A server that listens on this port; its address."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                assert process.stderr
                raise AssertionError(process.stderr.read())
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(120)
        assert process.stderr
        process.stderr.close()


def get(url: str) -> tuple[int, str, str]:
    """Status, content type and body of an answer."""
    request = urllib.request.Request(url, headers={"Host": "news.example"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Content-Type", ""), error.read().decode()


def nginx_files(folder: Path, port: int, upstream: int) -> Path:
    """A whole configuration around the example, with the paths and ports of this test."""
    output = folder / "feeds"
    for name, text in FILES.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(text, "utf-8")
    server = NGINX.replace("root /srv/news/feeds", f"root {output}").replace(
        "127.0.0.1:8000", f"127.0.0.1:{upstream}"
    )
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = re.sub(r"/etc/letsencrypt\S+pem", str(PEM), server)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if folder.owner() == "root" else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log {folder}/access.log; {temporary}\n{server}\n}}\n",
        "utf-8",
    )
    return path


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"), reason="no nginx")
def test_nginx_serves_files_and_asks_the_server_for_the_rest(tmp_path: Path, upstream: int) -> None:
    port = free_port()
    program = str(shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"))
    command = [program, "-e", f"{tmp_path}/error.log", "-c", str(nginx_files(tmp_path, port, upstream))]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with started(command, port) as url:
        assert get(f"{url}/site/index.html") == (200, "text/html; charset=utf-8", "<p>front")
        assert get(f"{url}/news.rss") == (200, "application/rss+xml; charset=utf-8", "<rss/>")
        assert get(f"{url}/unsubscribe/TOKEN")[::2] == (200, "/unsubscribe/TOKEN for 127.0.0.1")
        assert get(f"{url}/gone.rss")[::2] == (200, "/gone.rss for None")
        assert get(f"{url}/missing.html")[::2] == (404, "not here")
        assert get(f"{url}/.hidden")[0] == 404
    logged = (tmp_path / "access.log").read_text("utf-8")
    assert "TOKEN" not in logged
    assert "/news.rss" in logged


@pytest.mark.skipif(not shutil.which("caddy"), reason="no caddy")
def test_caddy_passes_requests_on_and_hides_the_health_page(
    tmp_path: Path, upstream: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM", f"127.0.0.1:{upstream}")
    monkeypatch.setenv("HOME", str(tmp_path))
    original = ["--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    checked = subprocess.run(["caddy", "validate", *original], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    port = free_port()
    text = (DEPLOY / "Caddyfile").read_text("utf-8").replace("news.example {", f"http://127.0.0.1:{port} {{")
    text = text.replace('"https://127', '"http://127')
    (tmp_path / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{text}", "utf-8")
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    with started(command, port) as url:
        request = urllib.request.Request(f"{url}/search?q=sea", headers={"X-Forwarded-For": "10.0.0.1"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.read() == b"/search?q=sea for 127.0.0.1"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/healthz", timeout=120).close()
