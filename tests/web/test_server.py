import asyncio
import http.client
import signal
import socket
import threading

import pytest
from starlette.applications import Starlette

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


def test_O7_a_port_in_use_is_one_clear_line():
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
def test_O7_an_address_that_cannot_be_had_is_one_clear_line(host, port):
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
