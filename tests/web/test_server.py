import asyncio
import contextlib
import http.client
import resource
import signal
import socket
import threading
from collections.abc import Iterable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from syndicate.errors import SyndicateError
from syndicate.web import WebServer
from syndicate.web.connection_limits import ConnectionTable
from tests.web.conftest import run


def test_any_free_port_is_taken_and_told():
    server = WebServer(Starlette(), "127.0.0.1", 0)
    thread = run(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/")
    status = connection.getresponse().status
    connection.close()
    server.stop()
    thread.join()
    assert status == 404
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_small_answers_are_not_held_back_by_nagle():
    server = WebServer(Starlette(), "127.0.0.1", 0)
    protocol = server._socket.proto
    server.stop()
    asyncio.run(server.serve())
    assert protocol == socket.IPPROTO_TCP


def test_OF7_a_port_in_use_is_one_clear_line():
    first = WebServer(Starlette(), "127.0.0.1", 0)
    with pytest.raises(SyndicateError) as error:
        WebServer(Starlette(), "127.0.0.1", first.port)
    first.stop()
    asyncio.run(first.serve())
    message = str(error.value)
    assert f"127.0.0.1:{first.port}" in message
    assert "in use" in message
    assert "[web] listen" in message
    assert "\n" not in message


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("203.0.113.9", 0), ("no such host", 0)])
def test_OF7_an_address_that_cannot_be_had_is_one_clear_line(host, port):
    with pytest.raises(SyndicateError, match="cannot listen"):
        WebServer(Starlette(), host, port)


def test_T4_signals_stay_with_the_daemon():
    async def serve() -> list[object]:
        server = WebServer(Starlette(), "127.0.0.1", 0)
        seen: list[object] = []

        def ready() -> None:
            seen.extend(signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT))
            server.stop()

        before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
        await server.serve(ready)
        assert seen == before
        return seen

    assert threading.current_thread() is threading.main_thread()
    assert len(asyncio.run(serve())) == 2


SLOW = {
    "nothing at all": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
    "half of the next request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_nobody_can_hold_a_connection_by_being_slow(sent):
    async def read(scope, receive, send):
        request = Request(scope, receive)
        with contextlib.suppress(ClientDisconnect):
            await request.body()
            await Response("read")(scope, receive, send)

    server = WebServer(read, "127.0.0.1", 0, request_timeout=0.3)
    thread = run(server)
    with socket.create_connection((server.host, server.port), timeout=60) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(1000):
                pass
    server.stop()
    thread.join()


def test_nobody_can_hold_a_connection_by_not_reading():
    server = WebServer(Response(b"x" * 50_000_000), "127.0.0.1", 0, request_timeout=0.3)
    thread = run(server)
    with socket.create_connection((server.host, server.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1) == b"H"
        while server._server.server_state.connections:
            thread.join(0.01)
    server.stop()
    thread.join()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both ends of five hundred connections are files of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_five_hundred_idle_clients_of_one_address_do_not_lock_others_out(many_files):
    server = WebServer(Response("here"), "127.0.0.1", 0)
    thread = run(server)
    idle = [socket.create_connection((server.host, server.port), timeout=60) for _ in range(500)]
    for connection in idle[250:]:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b")
    statuses = [_status(server) for _ in range(20)]
    oldest = idle[0].recv(1)
    for connection in idle:
        connection.close()
    server.stop()
    thread.join()
    assert statuses == [200] * 20
    assert oldest == b""


def test_a_connection_is_refused_where_all_others_have_a_request_and_room_comes_again():
    async def read(scope, receive, send):
        request = Request(scope, receive)
        with contextlib.suppress(ClientDisconnect):
            await request.body()
            await Response("read")(scope, receive, send)

    server = WebServer(read, "127.0.0.1", 0, max_connections=2)
    thread = run(server)
    busy = [socket.create_connection((server.host, server.port), timeout=60) for _ in range(2)]
    for connection in busy:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
    refused = _status(server)
    for connection in busy:
        connection.sendall(b"body")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    answered = _status(server)
    for connection in busy:
        connection.close()
    server.stop()
    thread.join()
    assert (refused, answered) == (0, 200)


PUBLIC, OTHER, PROXY = "9.9.9.0/24", "8.8.8.0/24", "127.0.0.0/24"


def added(table: ConnectionTable[str], network: str, names: Iterable[str]) -> list[str | None]:
    """Return what is closed for each new connection, and close it."""
    closed = []
    for name in names:
        closed.append(table.add(name, network))
        if closed[-1] is not None:
            table.remove(closed[-1], PUBLIC if closed[-1].startswith("p") else network)
    return closed


def test_a_public_network_has_a_fifth_of_all_connections_and_a_proxy_all_of_them():
    busy: set[str] = set()
    table = ConnectionTable[str](10, lambda name: name not in busy)
    assert added(table, PUBLIC, ["p1", "p2", "p3"]) == [None, None, "p1"]
    table.touch("p2", PUBLIC)
    busy.add("p3")
    assert added(table, PUBLIC, ["p4"]) == ["p2"]
    busy.add("p4")
    assert added(table, PUBLIC, ["p5"]) == ["p5"]
    assert added(table, PROXY, [f"x{n}" for n in range(8)]) == [None] * 8


def test_the_network_with_most_connections_gives_way_and_then_any_other():
    busy: set[str] = set()
    table = ConnectionTable[str](10, lambda name: name not in busy)
    added(table, PUBLIC, ["p1", "p2"])
    names = [f"x{n}" for n in range(8)]
    added(table, PROXY, names)
    assert table.add("y1", OTHER) == "x0"
    table.remove("x0", PROXY)
    busy.update(names)
    assert table.add("y2", OTHER) == "p1"
    table.remove("p1", PUBLIC)
    busy.update(["p2", "y1"])
    assert table.add("x9", PROXY) == "y2"


def _status(server: WebServer) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
