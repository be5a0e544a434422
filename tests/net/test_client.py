import asyncio
import gzip
import socket
import ssl
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from syndicate.errors import FetchError, ForbiddenAddress, TooLarge
from syndicate.net import FEED_ACCEPT, FetchRequest, HttpOptions
from syndicate.net.client import HttpClient
from tests.net.scripted_server import Answer, ScriptedServer, answer, gzipped, hang, redirect, then

MIB = 1024 * 1024


def test_a_feed_is_read_with_everything_the_server_said_about_it(fetch):
    feed = answer(
        200,
        b"<rss/>",
        ETag='W/"v1"',
        Last_Modified="Tue, 24 Nov 2026 09:00:00 GMT",
        Content_Type="application/rss+xml; charset=UTF-8",
        Cache_Control="max-age=900",
    )
    with ScriptedServer({"/feed": feed}) as server:
        key = object()
        fetched = fetch(server.url(), key=key)
    assert fetched.request.key is key
    assert (fetched.url, fetched.status, fetched.unchanged) == (server.url(), 200, False)
    assert fetched.body == b"<rss/>"
    assert (fetched.etag, fetched.last_modified) == ('W/"v1"', "Tue, 24 Nov 2026 09:00:00 GMT")
    assert (fetched.content_type, fetched.charset) == ("application/rss+xml", "utf-8")
    assert (fetched.max_age, fetched.permanent_url) == (900.0, "")


def test_F1_the_first_request_is_unconditional_and_carries_nothing_private(fetch):
    with ScriptedServer({"/feed?a=1": answer()}) as server:
        fetch(server.url("/feed?a=1"), {"user_agent": "syndicate/1 (+https://a.example/about)"})
    asked = server.asked[0]
    names = {line.split(b":")[0].lower() for line in asked.head.split(b"\r\n")[1:] if line}
    assert asked.path == "/feed?a=1"
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding"}
    assert asked.field("User-Agent") == b"syndicate/1 (+https://a.example/about)"
    assert asked.field("Accept") == FEED_ACCEPT.encode()
    assert asked.field("Accept-Encoding") == b"gzip"


@pytest.mark.parametrize(
    "etag",
    [
        b'"plain"',
        b'W/"weak"',
        b'"quo""ted, list"',
        b"bare",
        b'"caf\xc3\xa9"',
        b'"caf\xe9"',
        b'"\xff\x80 \xe2\x80\xa8"',
        b'" spaces  kept "',
    ],
)
def test_F2_validators_are_echoed_byte_for_byte(fetch, etag):
    modified = b"tuesday, 24-Nov-26 9:00:00 gmt"
    with ScriptedServer({"/feed": [answer(ETag=etag, Last_Modified=modified), answer(304)]}) as server:
        first = fetch(server.url())
        second = fetch(server.url(), etag=first.etag, last_modified=first.last_modified)
    assert server.asked[1].field("If-None-Match") == etag
    assert server.asked[1].field("If-Modified-Since") == modified
    assert second.unchanged


def test_FF16_a_stored_validator_cannot_inject_a_header(fetch):
    with ScriptedServer({"/feed": answer()}) as server:
        fetch(server.url(), etag='"a"\r\nX-Evil: 1', last_modified="x\nCookie: y")
    assert server.asked[0].field("If-None-Match") is None
    assert b"evil" not in server.asked[0].head.lower()
    assert b"cookie" not in server.asked[0].head.lower()


def test_F3_a_304_keeps_the_validators_it_does_not_mention_and_updates_those_it_does(fetch):
    with ScriptedServer({"/feed": answer(304, ETag='"new"', Cache_Control="max-age=60")}) as server:
        fetched = fetch(server.url(), etag='"old"', last_modified="then", known_hash="h")
    assert (fetched.status, fetched.unchanged, fetched.body) == (304, True, b"")
    assert (fetched.etag, fetched.last_modified, fetched.wire_hash) == ('"new"', "then", "h")
    assert fetched.max_age == 60.0


def test_FF16_a_304_nobody_asked_for_brings_nothing(fetch):
    with ScriptedServer({"/feed": answer(304)}) as server:
        fetched = fetch(server.url())
    assert fetched.unchanged
    assert fetched.etag == ""


def test_F3_a_200_with_the_same_bytes_is_unchanged_and_its_validators_are_the_ones_to_store(fetch):
    with ScriptedServer(
        {"/feed": [gzipped(b"<rss/>", ETag='"a"'), gzipped(b"<rss/>", ETag='"b"')]}
    ) as server:
        first = fetch(server.url())
        second = fetch(server.url(), etag=first.etag, last_modified="then", known_hash=first.wire_hash)
    assert (first.body, first.unchanged) == (b"<rss/>", False)
    assert (second.body, second.unchanged, second.status) == (b"", True, 200)
    assert (second.etag, second.last_modified) == ('"b"', "")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]", "127。0。0。1"]
)
def test_FF1_a_private_address_is_refused_before_connecting_however_it_is_spelt(fetch, host):
    with (
        ScriptedServer({"/feed": answer()}) as server,
        pytest.raises(ForbiddenAddress, match=r"private or reserved address.*allow_private"),
    ):
        fetch(server.url(host=host), {"allow_private": False})
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0"])
def test_FF1_a_number_that_is_not_quite_an_address_is_not_asked_for(fetch, host):
    with ScriptedServer({"/feed": answer()}) as server, pytest.raises(FetchError, match="not a valid URL"):
        fetch(server.url(host=host))
    assert server.connections == 0


def test_F15_a_redirect_to_a_private_address_is_refused(fetch):
    with ScriptedServer({"/feed": answer()}) as inside, ScriptedServer({}) as outside:
        outside.answers["/feed"] = redirect(inside.url())
        with pytest.raises(ForbiddenAddress):
            fetch(outside.url(), {"allow_private": (f"127.0.0.1:{outside.port}",)})
    assert (outside.connections, inside.connections) == (1, 0)


def test_F15_a_host_trusted_by_name_may_be_private(fetch):
    with ScriptedServer({"/feed": answer()}) as server:
        fetched = fetch(server.url(host="localhost"), {"allow_private": ("localhost",)})
    assert fetched.body == b"<rss/>"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_F8_redirects_are_followed_with_the_validators_and_nothing_else(fetch, status):
    hop = answer(status, b"moved", Location="/new", Set_Cookie="a=b; Path=/")
    with ScriptedServer({"/old": hop, "/new": answer()}) as server:
        fetched = fetch(server.url("/old"), etag='"v"')
    last = server.asked[-1]
    assert fetched.url == server.url("/new")
    assert fetched.permanent_url == (server.url("/new") if status in (301, 308) else "")
    assert last.field("If-None-Match") == b'"v"'
    assert last.field("Cookie") is None
    assert last.field("Referer") is None


def test_F8_one_temporary_hop_makes_the_whole_chain_temporary(fetch):
    chain: dict[str, Answer] = {
        "/a": redirect("/b", 301),
        "/b": redirect("/c", 302),
        "/c": redirect("/d", 308),
        "/d": answer(),
    }
    with ScriptedServer(chain) as server:
        fetched = fetch(server.url("/a"))
    assert (fetched.url, fetched.permanent_url) == (server.url("/d"), "")


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "data:,x"]
)
def test_FF6_a_redirect_to_another_scheme_is_refused(fetch, location):
    with (
        ScriptedServer({"/feed": redirect(location)}) as server,
        pytest.raises(FetchError, match="only http and https"),
    ):
        fetch(server.url())


def test_FF13_a_redirect_loop_is_named_as_such(fetch):
    with (
        ScriptedServer({"/a": redirect("/b"), "/b": redirect("/a")}) as server,
        pytest.raises(FetchError, match="in a circle"),
    ):
        fetch(server.url("/a"))
    assert len(server.asked) == 2


def test_FF13_a_long_chain_stops_after_five_redirects(fetch):
    chain: dict[str, Answer] = {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(30)}
    with ScriptedServer(chain) as server, pytest.raises(FetchError, match="more than 5 times"):
        fetch(server.url("/0"))
    assert len(server.asked) == 6


def test_FF13_the_body_of_a_redirect_is_not_read(fetch):
    head = (
        b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Encoding: gzip\r\nContent-Length: 99999999\r\n\r\n"
    )
    with ScriptedServer({"/old": then(head, forever=b"x" * 65536), "/new": answer()}) as server:
        assert fetch(server.url("/old")).body == b"<rss/>"


@pytest.mark.parametrize(
    "script",
    [
        then(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", forever=b"x" * 65536),
        then(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            forever=b"8000\r\n" + b"x" * 32768 + b"\r\n",
        ),
        then(b"HTTP/1.1 200 OK\r\n\r\n", forever=b"x" * 65536),
        gzipped(bytes(64 * MIB)),
    ],
    ids=["declared", "chunked", "until close", "gzip bomb"],
)
def test_FF10_a_body_beyond_the_limit_is_cut(fetch, script):
    with (
        ScriptedServer({"/feed": script}) as server,
        pytest.raises(TooLarge, match="limit of 1,048,576 bytes"),
    ):
        fetch(server.url(), {"max_body": MIB})


def test_FF10_a_body_of_exactly_the_limit_is_read(fetch):
    with ScriptedServer({"/feed": gzipped(bytes(MIB))}) as server:
        assert len(fetch(server.url(), {"max_body": MIB}).body) == MIB


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (then(b""), "hung up without an answer"),
        (reset, "try again later"),
        (then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss"), "broke off before its end"),
        (then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss"), "broke off before its end"),
        (then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n<rss"), "broke off|not HTTP"),
        (then(b"<rss/>"), "not HTTP"),
        (then(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "not HTTP"),
        (then(b"HTTP/1.1 200 OK\r\n", forever=b"X: y\r\n"), "not HTTP"),
        (answer(200, b""), "without a body"),
        (gzipped(b""), "without a body"),
        (answer(204), "answered 204"),
        (answer(206), "answered 206"),
        (answer(302, b""), "without saying where"),
        (answer(302, b"", Location=b"http://\xff\xfe/"), "cannot be fetched|could not be read"),
        (answer(200, b"x", Content_Encoding="br"), "only gzip is read"),
        (answer(200, b"x", Content_Encoding="gzip, gzip"), "only gzip is read"),
        (
            answer(200, gzip.compress(b"<rss/>" * 50)[:-9], Content_Encoding="gzip"),
            "in the middle of its gzip data",
        ),
    ],
)
def test_FF12_every_bad_answer_is_a_sentence_with_the_url(fetch, script, reason):
    with ScriptedServer({"/feed": script}) as server, pytest.raises(FetchError, match=reason) as error:
        fetch(server.url())
    assert server.url() in str(error.value) or "\\udcff" in str(error.value)
    assert str(error.value).isprintable()
    assert error.value.retry_after is None


@pytest.mark.parametrize(
    "script",
    [
        hang,
        then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", forever=b"1\r\nx\r\n"),
        then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<", forever=b""),
    ],
    ids=["silence", "endless small chunks", "short body"],
)
def test_F14_no_server_can_hold_us_beyond_the_total_deadline(fetch, script):
    with ScriptedServer({"/feed": script}) as server, pytest.raises(FetchError, match=r"in time|broke off"):
        fetch(server.url(), {"total_timeout": 0.3})


def test_F14_the_deadline_is_one_for_all_redirects(fetch):
    async def slow(reader, writer):
        await asyncio.sleep(0.15)
        writer.write(redirect(f"/{len(server.asked)}"))
        await writer.drain()
        writer.close()

    with ScriptedServer({f"/{hop}": slow for hop in range(9)}) as server:
        with pytest.raises(FetchError, match="in time"):
            fetch(server.url("/0"), {"total_timeout": 0.4})
        assert len(server.asked) <= 3


def test_FF12_nobody_listening(fetch):
    with ScriptedServer({}) as server:
        pass
    with pytest.raises(FetchError, match="no connection"):
        fetch(server.url())


def test_FF12_an_unknown_host_name(fetch):
    with pytest.raises(FetchError, match="host name is not known"):
        fetch("http://nowhere.invalid/feed")


def test_FF12_tls_to_a_plain_port(fetch):
    with (
        ScriptedServer({"/feed": answer()}) as server,
        pytest.raises(FetchError, match=r"no encrypted connection|hung up"),
    ):
        fetch(server.url().replace("http:", "https:"))


def test_F15_a_certificate_nobody_signed_is_refused(fetch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with (
        ScriptedServer({"/feed": answer()}, tls=context) as server,
        pytest.raises(FetchError, match="certificate is not valid"),
    ):
        fetch(server.url())
    assert server.asked == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 502, 503])
def test_FF18_an_error_status_is_told_apart(fetch, status):
    with (
        ScriptedServer({"/feed": answer(status, b"sorry")}) as server,
        pytest.raises(FetchError, match=f"answered {status}") as error,
    ):
        fetch(server.url())
    assert error.value.status == status
    assert error.value.gone is (status == 410)


@pytest.mark.parametrize(
    ("value", "seconds"), [("3600", 3600.0), ("-1", None), ("1000000000000", 604800.0), ("later", None)]
)
@pytest.mark.parametrize("status", [429, 503])
def test_FF17_retry_after_comes_with_the_error(fetch, status, value, seconds):
    with (
        ScriptedServer({"/feed": answer(status, b"", Retry_After=value)}) as server,
        pytest.raises(FetchError) as error,
    ):
        fetch(server.url())
    assert error.value.retry_after == seconds


def test_F10_cookies_of_one_answer_do_not_reach_the_next_request(options):
    async def twice(url: str) -> None:
        async with HttpClient(options) as client:
            await client.fetch(FetchRequest(url=url))
            await client.fetch(FetchRequest(url=url))

    with ScriptedServer({"/feed": answer(Set_Cookie="a=b; Path=/")}) as server:
        asyncio.run(twice(server.url()))
    assert server.asked[1].field("Cookie") is None
    assert server.connections == 1


def test_F15_proxies_of_the_environment_are_ignored(fetch, monkeypatch):
    with ScriptedServer({"/feed": answer()}) as server, ScriptedServer({}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        fetch(server.url())
    assert proxy.connections == 0


def test_F13_one_host_is_asked_one_thing_at_a_time_with_a_pause_between():
    starts: list[float] = []

    async def timed(reader, writer):
        starts.append(asyncio.get_running_loop().time())
        await then(answer())(reader, writer)

    async def burst(url: str) -> None:
        options = HttpOptions(allow_private=("127.0.0.1",), host_gap=0.05)
        async with HttpClient(options) as client:
            await asyncio.gather(*(client.fetch(FetchRequest(url=url)) for _ in range(4)))

    with ScriptedServer({"/feed": timed}) as server:
        asyncio.run(burst(server.url()))
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert server.most_at_once == 1
    assert len(gaps) == 3
    assert min(gaps) > 0.03


def test_F13_no_more_than_the_allowed_number_of_requests_are_under_way():
    async def burst(url: str) -> None:
        options = HttpOptions(allow_private=("127.0.0.1",), host_gap=0.0, concurrency=3)
        async with HttpClient(options) as client:
            await asyncio.gather(*(client.fetch(FetchRequest(url=url)) for _ in range(12)))

    with ScriptedServer({"/feed": answer()}) as server:
        asyncio.run(burst(server.url()))
    assert len(server.asked) == 12
    assert server.most_at_once <= 3
