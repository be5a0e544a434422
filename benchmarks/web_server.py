"""Cost of one request to the web server, beside a bare Starlette application on the same server.

    ./run python -m benchmarks.web_server [--seconds 2] [--rounds 5] [--json]

``wrk`` (a package of Debian) drives both over loopback, in turn. The bare application returns one constant
response, with the status, headers and body that the web server sends. CPU is that of the server's process.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.measuring import seconds_of
from syndicate.templating import Templates
from syndicate.web import WebOptions, WebServer
from tests.web_app import create_app

PAGE = "/site/"
CONNECTIONS = 8


class Constant(NamedTuple):
    """Response of the bare application."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Run(NamedTuple):
    """Requests per second, and CPU microseconds of the server for each request."""

    rate: float
    cpu: float


def front_page(size: int = 60_000) -> bytes:
    """Return a page of invented headlines that gzip makes about a quarter as large."""
    chance = random.Random(7)
    words = ["".join(chance.choices("aeioudlnrst", k=chance.randint(2, 9))) for _ in range(1_500)]
    page = "<!DOCTYPE html>\n<html lang='en'><title>News</title>\n"
    while len(page) < size:
        title = " ".join(chance.choices(words, k=9))
        page += f"<article class='card'><h3><a href='/site/{len(page)}.html'>{title}</a></h3></article>\n"
    return page.encode()


def serve(app: Starlette, ports: Connection) -> None:
    server = WebServer(app, "127.0.0.1", 0)
    asyncio.run(server.serve(lambda: ports.send(server.port)))


def serve_folder(folder: Path, ports: Connection) -> None:
    unused: Any = None
    serve(create_app(WebOptions(), folder, unused, templates=Templates(), health=dict), ports)


def serve_constant(constant: Constant, ports: Connection) -> None:
    response = Response(constant.body, constant.status, constant.headers)

    async def respond(_: Request) -> Response:
        return response

    serve(Starlette(routes=[Route("/", respond)]), ports)


@contextmanager
def running(target: Any, argument: object) -> Iterator[tuple[int, int]]:
    """Run a server in a process of its own; return its process id and port."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=target, args=(argument, there), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield process.pid, here.recv()
    finally:
        process.terminate()
        process.join()


def ask(port: int, path: str, fields: Mapping[str, str]) -> Constant:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    headers = {name: value for name, value in response.getheaders() if name != "date"}
    answer = Constant(response.status, headers, response.read())
    connection.close()
    return answer


def drive(pid: int, port: int, path: str, fields: Mapping[str, str], seconds: float) -> Run:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s"]
    command += [part for name, value in fields.items() for part in ("-H", f"{name}: {value}")]
    before = seconds_of(pid)
    printed = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True
    ).stdout
    spent = seconds_of(pid) - before
    requests = re.search(r"(\d+) requests in", printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if not requests or not rate:
        raise ValueError(printed)
    return Run(float(rate[1]), spent / int(requests[1]) * 1e6)


def measure(seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "site").mkdir()
        (Path(folder) / "site" / "index.html").write_bytes(front_page())
        with running(serve_folder, Path(folder)) as (pid, port):
            gzip = {"Accept-Encoding": "gzip, deflate, br"}
            cases = {
                "304": (PAGE, gzip | {"If-None-Match": ask(port, PAGE, gzip).headers["etag"]}),
                "200, stored gzip": (PAGE, gzip),
                "200, not compressed": (PAGE, {}),
                "404": ("/wp-login.php", gzip),
            }
            for name, (path, fields) in cases.items():
                constant = ask(port, path, fields)
                with running(serve_constant, constant) as (bare_pid, bare_port):
                    pairs = [
                        (
                            drive(bare_pid, bare_port, "/", fields, seconds),
                            drive(pid, port, path, fields, seconds),
                        )
                        for _ in range(rounds)
                    ]
                found[name] = {
                    "status": constant.status,
                    "bytes": len(constant.body),
                    "rate": max(ours.rate for _, ours in pairs),
                    "bare_rate": max(bare.rate for bare, _ in pairs),
                    "cpu": min(ours.cpu for _, ours in pairs),
                    "bare_cpu": min(bare.cpu for bare, _ in pairs),
                    "ratio": median(ours.rate / bare.rate for bare, ours in pairs),
                    "lowest_ratio": min(ours.rate / bare.rate for bare, ours in pairs),
                    "cpu_ratio": median(bare.cpu / ours.cpu for bare, ours in pairs),
                }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is missing: install it with apt-get install wrk")
    found = measure(options.seconds, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(
            f"{name:20} {row['bytes']:7.0f} B {row['rate']:7.0f}/s of {row['bare_rate']:7.0f}/s, "
            f"{row['cpu']:6.0f} of {row['bare_cpu']:6.0f} µs CPU, "
            f"ratio {row['ratio']:.2f} (lowest {row['lowest_ratio']:.2f}), by CPU {row['cpu_ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
