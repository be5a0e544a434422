"""Memory of ``syndicate run`` with and without the operator's pages and the API.

    python -m benchmarks.admin_memory --runs 3

Each run makes two installations without sources, with ``[admin] enabled`` off and on, and starts the daemon
on each. A reader opens the front page of both. In the second a browser adds the first user and opens the
overview and three lists, and a program asks for four lists (*first*); then the other areas, the page of the
API and its description are opened (*all*). *Released* is read 250 seconds later, after the daemon has
returned unused memory. Figures are the PSS and RSS of the main process in MiB (``smaps_rollup``): other
processes of the same environment share its libraries, which lowers the PSS. *More* is the largest difference
to the daemon without the pages.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

from benchmarks.daemon_memory import free_port
from benchmarks.measuring import memory_mib
from tests.runners.daemon import CHECKOUT, Daemon, running

SETTLED = 30.0
"""Seconds after which every task of a fresh daemon has run."""
PAGES = ("/", "/sources", "/stories", "/deliveries")
LISTS = ("/status", "/sources", "/articles", "/deliveries")
MORE_PAGES = (
    *("/articles", "/channels", "/channels/add", "/newsletters", "/newsletters/add", "/subscribers"),
    *("/system", "/settings", "/settings/users", "/settings/audit", "/sources/add", "/editions/add", "/api"),
)
MORE_LISTS = ("/stories", "/channels", "/newsletters", "/editions", "/subscribers", "/openapi.json")


class Operator:
    """Browser of the first user and a program with a token."""

    def __init__(self, config: Path, daemon: Daemon) -> None:
        address = daemon.wait_for("no users yet")["url"]
        self._site = address.partition("/admin/")[0]
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        fields = {"address": "nora@news.example", "password": "seven quiet harbours"}
        request = urllib.request.Request(
            address, urllib.parse.urlencode(fields).encode(), {"Sec-Fetch-Site": "same-origin"}
        )
        self._browser.open(request).read()
        scopes = [f"--scope={name}:read" for name in ("articles", "sources", "deliveries", "newsletters")]
        scopes += [f"--scope={name}:read" for name in ("channels", "editions", "subscribers")]
        command = [sys.executable, "-m", "syndicate", "tokens", "add", "--config", str(config), "--json"]
        command += ["--user", fields["address"], "memory", *scopes]
        added = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True)
        self._token = str(json.loads(added.stdout)["token"])

    def open(self, pages: tuple[str, ...], lists: tuple[str, ...]) -> dict[str, float]:
        """Open pages and lists; return the seconds of each."""
        took: dict[str, float] = {}
        for path in (*(f"/admin{page}" for page in pages), *(f"/api/v1{path}" for path in lists)):
            request = urllib.request.Request(self._site + path)
            if path.startswith("/api/"):
                request.add_header("Authorization", f"Bearer {self._token}")
            began = time.perf_counter()
            with self._browser.open(request) as answer:
                answer.read()
                assert answer.geturl() == self._site + path
            took[path] = round(time.perf_counter() - began, 3)
        return took


@contextmanager
def fresh_daemon(*, admin: bool) -> Iterator[tuple[Path, Daemon]]:
    """Run the daemon on a new installation."""
    with tempfile.TemporaryDirectory(prefix="syndicate-admin-") as name:
        config = Path(name) / "config.toml"
        address = f"127.0.0.1:{free_port()}"
        text = f'[site]\nurl = "http://{address}"\n[web]\nlisten = "{address}"\n'
        config.write_text(text + ("[admin]\nenabled = true\n" if admin else ""), "utf-8")
        with running(config) as daemon:
            daemon.wait_for("serving")
            daemon.wait_until_run(f"http://{address}", "stories")
            assert daemon.get(f"http://{address}/")[0] == 200
            yield config, daemon
            daemon.end(signal.SIGTERM)


def measure(wait: float) -> dict[str, object]:
    """Return the PSS and RSS of the daemon without the pages, and with them after each step."""
    found: dict[str, tuple[float, float]] = {}

    def read(step: str) -> None:
        found[step] = memory_mib(daemon.process.pid, "Pss"), memory_mib(daemon.process.pid, "Rss")

    with fresh_daemon(admin=False) as (_, daemon):
        time.sleep(SETTLED)
        read("without")
        time.sleep(wait)
        read("without_released")
    with fresh_daemon(admin=True) as (config, daemon):
        time.sleep(SETTLED)
        read("start")
        operator = Operator(config, daemon)
        took = operator.open(PAGES, LISTS)
        read("first")
        took |= operator.open(MORE_PAGES, MORE_LISTS)
        read("all")
        time.sleep(wait)
        read("released")
    answer: dict[str, object] = {}
    for number, kind in enumerate(("pss", "rss")):
        values = {step: round(both[number], 1) for step, both in found.items()}
        more = max(values[step] - values["without"] for step in ("start", "first", "all"))
        released = values["released"] - values["without_released"]
        answer[kind] = values | {"more": round(more, 1), "more_released": round(released, 1)}
    return answer | {"seconds": took}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--wait", type=float, default=250.0, help="seconds before *released* is read")
    options = parser.parse_args()
    for _ in range(options.runs):
        print(json.dumps(measure(options.wait)), flush=True)


if __name__ == "__main__":
    main()
