"""Interim responses (1xx) before an answer: a few are passed over, a flood costs its own request only."""

import asyncio

import pytest

from syndicate.errors import FetchError
from syndicate.net import FetchRequest
from syndicate.net.client import HttpClient
from syndicate.net.interim_response_limit import MAX_INTERIM, MAX_INTERIM_BYTES
from tests.net.scripted_server import ScriptedServer, answer, then

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
TOO_MANY = "too many interim responses"


def hint(size: int) -> bytes:
    """Return an interim response whose fields are ``size`` bytes long."""
    fields = b"".join(b"X: %s\r\n" % (b"y" * 15_999) for _ in range(size // 16_000))
    return b"HTTP/1.1 103 Early Hints\r\n%sX: %s\r\n\r\n" % (fields, b"y" * (size % 16_000 - 1))


def test_interim_responses_up_to_the_bound_are_passed_over(fetch):
    with ScriptedServer({"/feed": then(HINT * MAX_INTERIM + answer())}) as server:
        assert fetch(server.url()).body == b"<rss/>"


def test_one_interim_response_more_ends_the_request_although_an_answer_follows(fetch):
    with (
        ScriptedServer({"/feed": then(HINT * (MAX_INTERIM + 1) + answer())}) as server,
        pytest.raises(FetchError, match=TOO_MANY),
    ):
        fetch(server.url())


@pytest.mark.parametrize(("size", "passes"), [(MAX_INTERIM_BYTES, True), (MAX_INTERIM_BYTES + 1, False)])
def test_their_fields_together_are_bounded_in_bytes(fetch, size, passes):
    first = hint(size // 2)
    script = then(first + hint(size - size // 2) + answer())
    with ScriptedServer({"/feed": script}) as server:
        if passes:
            assert fetch(server.url()).body == b"<rss/>"
        else:
            with pytest.raises(FetchError, match=TOO_MANY):
                fetch(server.url())


def test_each_answer_on_a_connection_has_a_count_of_its_own(options):
    async def several(url: str) -> list[bytes]:
        async with HttpClient(options) as client:
            return [(await client.fetch(FetchRequest(url=url))).body for _ in range(3)]

    with ScriptedServer({"/feed": HINT * MAX_INTERIM + answer()}) as server:
        assert asyncio.run(several(server.url())) == [b"<rss/>"] * 3
        assert server.connections == 1


def test_an_endless_run_of_them_ends_by_the_bound_and_other_fetches_go_on(options):
    async def both(endless: str, good: str) -> list[object]:
        async with HttpClient(options) as client:
            wanted = [FetchRequest(url=url) for url in (endless, good, endless, good)]
            return await asyncio.gather(
                *(client.fetch(request) for request in wanted), return_exceptions=True
            )

    with ScriptedServer({"/endless": then(forever=HINT), "/feed": answer()}) as server:
        outcomes = asyncio.run(both(server.url("/endless"), server.url()))
    assert [TOO_MANY in str(outcome) for outcome in outcomes] == [True, False, True, False]
    assert [isinstance(outcome, FetchError) for outcome in outcomes] == [True, False, True, False]


def test_a_form_is_not_held_up_either(options):
    async def post(url: str) -> int:
        async with HttpClient(options) as client:
            return await client.post(url, [("hub.mode", "publish")])

    with (
        ScriptedServer({"/hub": then(forever=HINT)}) as server,
        pytest.raises(FetchError, match=TOO_MANY),
    ):
        asyncio.run(post(server.url("/hub")))
