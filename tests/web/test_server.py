import asyncio
import contextlib
import http.client
import signal
import socket
import threading

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from syndicate.errors import SyndicateError
from syndicate.web import WebServer
from tests.web.conftest import run


def test_any_free_port_is_taken_and_told():
    server = WebServer(Starlette(), "127.0.0.1", 0)
    thread = run(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
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
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(1000):
                pass
    server.stop()
    thread.join()


def test_nobody_can_hold_a_connection_by_not_reading():
    server = WebServer(Response(b"x" * 50_000_000), "127.0.0.1", 0, request_timeout=0.3)
    thread = run(server)
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1) == b"H"
        while server._server.server_state.connections:
            thread.join(0.01)
    server.stop()
    thread.join()


def test_connections_beyond_the_most_are_closed_and_make_room_again():
    server = WebServer(Response("here"), "127.0.0.1", 0, max_connections=2)
    thread = run(server)
    idle = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(2)]
    third = socket.create_connection((server.host, server.port), timeout=10)
    with third, contextlib.suppress(ConnectionResetError):
        assert third.recv(1) == b""
    idle.pop().close()
    answers = (_status(server) for _ in range(1000))
    assert 200 in answers
    idle.pop().close()
    server.stop()
    thread.join()


def _status(server: WebServer) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
