"""Rules F1 to F20 of polite fetching, as a server sees them; the schedule is tested in tests/ingest."""

import asyncio
from dataclasses import replace

import pytest

from syndicate.errors import FetchError
from syndicate.net import FEED_ACCEPT, FetchRequest
from syndicate.net.client import HttpClient
from tests.net.conftest import OPEN
from tests.net.scripted_server import Answer, ScriptedServer, answer, gzipped, redirect

AGENT = "syndicate/1 (+https://news.example; 3 subscribers)"


def test_F1_F2_after_the_first_answer_nothing_is_asked_unconditionally(fetch):
    modified = "Tue, 24 Nov 2026 09:00:00 GMT"
    first = gzipped(b"<rss/>", ETag='W/"1"', Last_Modified=modified)
    with ScriptedServer({"/feed": [first, answer(304), answer(304)]}) as server:
        got = fetch(server.url())
        for _ in range(2):
            got = fetch(
                server.url(), etag=got.etag, last_modified=got.last_modified, known_hash=got.wire_hash
            )
    conditions = [
        (request.field("If-None-Match"), request.field("If-Modified-Since")) for request in server.asked
    ]
    assert conditions == [(None, None)] + [(b'W/"1"', modified.encode())] * 2


def test_F2_an_etag_that_is_no_text_is_echoed_over_connections_that_are_used_again(options):
    modified = "Tue, 24 Nov 2026 09:00:00 GMT"
    odd = answer(ETag=b'"caf\xe9"', Last_Modified=modified)

    async def ask(url: str) -> None:
        async with HttpClient(options) as client:
            first = await client.fetch(FetchRequest(url=url))
            for _ in range(2):
                await client.fetch(FetchRequest(url=url, etag=first.etag, last_modified=first.last_modified))
            await client.fetch(FetchRequest(url=url, etag='"plain"'))

    with ScriptedServer({"/feed": [odd, answer(304)]}) as server:
        asyncio.run(ask(server.url()))
    assert [request.field("If-None-Match") for request in server.asked] == [
        None,
        b'"caf\xe9"',
        b'"caf\xe9"',
        b'"plain"',
    ]
    assert server.asked[1].field("If-Modified-Since") == modified.encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [({"ETag": '"a"'}, {"ETag": '"b"'}), ({"ETag": '"a"'}, {"Last_Modified": "then"}), ({"ETag": '"a"'}, {})],
    ids=["another", "the-other-one", "none"],
)
def test_F3_every_200_decides_about_both_validators_even_with_equal_bytes(fetch, before, after):
    with ScriptedServer({"/feed": [answer(**before), answer(**after)]}) as server:
        first = fetch(server.url())
        second = fetch(server.url(), etag=first.etag, known_hash=first.wire_hash)
    assert second.unchanged
    assert (second.etag, second.last_modified) == (after.get("ETag", ""), after.get("Last_Modified", ""))


@pytest.mark.parametrize("status", [200, 304])
@pytest.mark.parametrize(
    ("fields", "seconds"),
    [({"Cache_Control": "public, max-age=7200"}, 7200.0), ({"Expires": "0"}, None), ({}, None)],
)
def test_F4_freshness_is_read_from_a_200_and_from_a_304(fetch, status, fields, seconds):
    with ScriptedServer({"/feed": answer(status, b"<rss/>", **fields)}) as server:
        assert fetch(server.url(), etag='"1"').max_age == seconds


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "least", "most"), [("120", 120, 120), ("Fri, 01 Jan 2100 00:00:00 GMT", 604_800, 604_800)]
)
def test_F6_both_forms_of_retry_after_are_understood_and_nothing_is_tried_again_at_once(
    fetch, status, value, least, most
):
    with (
        ScriptedServer({"/feed": answer(status, b"", Retry_After=value)}) as server,
        pytest.raises(FetchError) as error,
    ):
        fetch(server.url())
    assert error.value.retry_after is not None
    assert least <= error.value.retry_after <= most
    assert len(server.asked) == 1


def test_F7_gone_is_told_apart_from_not_found(fetch):
    with ScriptedServer({"/feed": answer(410, b"")}) as server:
        for path, gone in (("/feed", True), ("/other", False)):
            with pytest.raises(FetchError) as error:
                fetch(server.url(path))
            assert error.value.gone is gone


@pytest.mark.parametrize(
    ("statuses", "gone"), [((301, 308), True), ((302,), False), ((301, 307), False), ((303,), False)]
)
@pytest.mark.parametrize("private", [False, True])
def test_F7_only_an_address_itself_or_where_it_moved_for_good_can_say_that_it_is_gone(
    fetch, statuses, gone, private
):
    answers: dict[str, Answer] = {f"/{n}": redirect(f"/{n + 1}", status) for n, status in enumerate(statuses)}
    with (
        ScriptedServer(answers | {f"/{len(statuses)}": answer(410, b"")}) as server,
        pytest.raises(FetchError, match="410") as error,
    ):
        fetch(server.url("/0"), private=private)
    assert (error.value.status, error.value.gone) == (410, gone)
    assert ("for good" in str(error.value)) is gone


@pytest.mark.parametrize(
    ("statuses", "permanent"), [((301, 308), True), ((301, 302), False), ((307, 308), False), ((303,), False)]
)
def test_F8_only_a_chain_of_permanent_redirects_is_permanent(fetch, statuses, permanent):
    answers: dict[str, Answer] = {f"/{n}": redirect(f"/{n + 1}", status) for n, status in enumerate(statuses)}
    end = f"/{len(statuses)}"
    with ScriptedServer(answers | {end: answer()}) as server:
        fetched = fetch(server.url("/0"))
    assert fetched.url == server.url(end)
    assert fetched.permanent_url == (server.url(end) if permanent else "")


def test_F8_five_redirects_are_followed_and_no_more(fetch):
    answers: dict[str, Answer] = {f"/{n}": redirect(f"/{n + 1}") for n in range(20)}
    with ScriptedServer(answers) as server, pytest.raises(FetchError, match="more than 5 times"):
        fetch(server.url("/0"))
    assert len(server.asked) == 6


def test_F10_F11_F12_what_a_request_carries_and_what_it_never_does(fetch):
    hop = answer(302, b"", Location="/new?x=1", Set_Cookie="id=7; Path=/")
    with ScriptedServer({"/feed": hop, "/new?x=1": gzipped(b"<rss/>", Set_Cookie="id=8")}) as server:
        for _ in range(2):
            fetch(server.url(), {"user_agent": AGENT})
    for asked in server.asked:
        assert asked.field("User-Agent") == AGENT.encode()
        assert asked.field("Accept") == FEED_ACCEPT.encode()
        assert asked.field("Accept-Encoding") == b"gzip"
        for name in ("Cookie", "Referer", "Authorization", "From"):
            assert asked.field(name) is None
    assert [asked.path for asked in server.asked] == ["/feed", "/new?x=1"] * 2


def test_F13_one_request_at_a_time_to_a_host_however_many_are_wanted():
    paths = [f"/{n}" for n in range(6)]

    async def fetch_all(server: ScriptedServer) -> None:
        async with HttpClient(replace(OPEN, host_gap=0.001)) as client:
            await asyncio.gather(*(client.fetch(FetchRequest(url=server.url(path))) for path in paths))

    with ScriptedServer(dict.fromkeys(paths, answer())) as server:
        asyncio.run(fetch_all(server))
    assert len(server.asked) == 6
    assert server.most_at_once == 1


def test_F13_forms_wait_their_turn_too():
    async def mixed(server: ScriptedServer) -> None:
        async with HttpClient(replace(OPEN, host_gap=0.001)) as client:
            posts = [client.post(server.url("/hub"), [("a", "b")]) for _ in range(2)]
            await asyncio.gather(client.fetch(FetchRequest(url=server.url())), *posts)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(answer(202, b"", Connection="close"))
        await writer.drain()

    with ScriptedServer({"/feed": answer(), "/hub": take}) as server:
        asyncio.run(mixed(server))
    assert server.most_at_once == 1
