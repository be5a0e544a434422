"""Requests that change something: sent once, and sorted by whether the server may have them."""

import pytest

from syndicate.errors import AnswerLost, FetchError, ForbiddenAddress
from syndicate.net import FetchThread, HttpOptions, SentRequest
from tests.net.scripted_server import ScriptedServer, answer, hang, redirect, then


def send(url: str, *, private: bool = True, timeout: float = 5.0):
    fetcher = FetchThread(HttpOptions(allow_private=private, host_gap=0))
    try:
        return fetcher.send(SentRequest(url=url, body=b"{}", timeout=timeout))
    finally:
        fetcher.close()


def test_every_status_is_an_answer_and_no_redirect_is_followed():
    with ScriptedServer({"/a": redirect("/b", 307), "/c": answer(503, b"", Retry_After="7")}) as server:
        assert send(server.url("/a")).status == 307
        refused = send(server.url("/c"))
    assert (refused.status, refused.retry_after, refused.is_good) == (503, 7.0, False)
    assert [asked.path for asked in server.asked] == ["/a", "/c"]


def test_at_most_64_kb_of_an_answer_are_read():
    with ScriptedServer({"/a": then(b"HTTP/1.1 200 OK\r\n\r\n", forever=b"x" * 5000)}) as server:
        assert 64 * 1024 <= len(send(server.url("/a")).body) < 200_000


@pytest.mark.parametrize("script", [hang, then(b"")], ids=["silence", "hung up"])
def test_without_an_answer_the_server_may_have_the_request(script):
    with ScriptedServer({"/a": script}) as server, pytest.raises(AnswerLost):
        send(server.url("/a"), timeout=0.3)


def test_without_a_connection_the_server_does_not_have_the_request():
    with pytest.raises(FetchError) as failed:
        send("http://127.0.0.1:1/a")
    assert not isinstance(failed.value, AnswerLost)


def test_plain_http_and_private_addresses_are_refused_and_errors_hide_the_address():
    with ScriptedServer({"/secret-token": answer()}) as server, pytest.raises(ForbiddenAddress) as refused:
        send(server.url("/secret-token"), private=False)
    assert "secret-token" not in str(refused.value)
    assert server.asked == []
    with pytest.raises(ForbiddenAddress):
        send("https://127.0.0.1:1/", private=False)
