"""Finding feeds through the guarded client and the worker processes; nothing is stored."""

import pytest

from syndicate.errors import FetchError, ForbiddenAddress, ParseError
from syndicate.model import Access, AccessKind
from tests.factories import declared
from tests.jobs.room import BASE, Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer, redirect

HTML = {"Content_Type": "text/html"}
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>In Atom</title><id>urn:x:1</id>
<updated>2026-11-24T08:00:00Z</updated><entry><id>urn:x:2</id><title>One</title>
<updated>2026-11-24T08:00:00Z</updated><link href="https://harbour.example/1"/></entry></feed>"""
JSON = b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","content_text":"x"}]}'


def page(*links: str) -> bytes:
    return answer(200, f"<html><head>{''.join(links)}</head></html>".encode(), **HTML)


def link(url: str, media_type: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{media_type}" title="{title}" href="{url}">'


def test_the_feeds_a_page_declares_are_read_and_shown_newest_first(room: Room):
    answers: dict[str, Answer] = {
        "/": page(link("/rss"), link("/atom", "application/atom+xml"), link("/gone"), link("/rss#again")),
        "/rss": answer(200, rss(item(2), item(1), item(3))),
        "/atom": answer(200, ATOM),
    }
    with ScriptedServer(answers) as server:
        found = room.services.discovery.discover(server.url("/"))
    first, second = found.feeds
    assert (first.title, first.format, first.entries) == ("Harbour News", "RSS", 3)
    assert [entry.title for entry in first.latest] == ["Title 1", "Title 2", "Title 3"]
    assert first.newest == first.latest[0].published
    assert (second.title, second.format) == ("In Atom", "Atom")
    assert [(url.endswith("/gone"), "404" in reason) for url, reason in found.failures] == [(True, True)]
    assert room.articles() == {}


@pytest.mark.parametrize(
    ("body", "form"),
    [(rss(item(1)), "RSS"), (ATOM, "Atom"), (JSON, "JSON Feed")],
    ids=["rss", "atom", "json"],
)
def test_the_address_may_be_a_feed_itself(room: Room, body: bytes, form: str):
    with ScriptedServer({"/x": answer(200, body)}) as server:
        found = room.services.discovery.discover(server.url("/x"))
        assert [asked.path for asked in server.asked] == ["/x"]
    assert [(preview.format, preview.how, preview.entries) for preview in found.feeds] == [
        (form, "the address itself", 1)
    ]


def test_without_a_declared_feed_the_usual_addresses_are_tried_until_one_is_a_feed(room: Room):
    answers: dict[str, Answer] = {
        "/": page(),
        "/feed": page(),
        "/rss": answer(200, b"<html>not found, said with 200</html>"),
        "/rss.xml": answer(200, rss(item(1))),
    }
    with ScriptedServer(answers) as server:
        found = room.services.discovery.discover(server.url("/"))
        assert [asked.path for asked in server.asked] == ["/", "/feed", "/rss", "/rss.xml"]
    assert [preview.url.endswith("/rss.xml") for preview in found.feeds] == [True]


def test_a_sitemap_is_offered_last(room: Room):
    answers: dict[str, Answer] = {"/": page()}
    with ScriptedServer(answers) as server:
        answers["/sitemap.xml"] = answer(
            200, f"<urlset><url><loc>{server.url('/news/first-ferry')}</loc></url></urlset>".encode()
        )
        answers["/news.xml"] = answer(
            200, f"<sitemapindex><sitemap><loc>{server.url('/1.xml')}</loc></sitemap></sitemapindex>".encode()
        )
        found = room.services.discovery.discover(server.url("/"))
        assert found.choices == found.sitemaps
        assert [
            (preview.url, preview.format, preview.entries, preview.how) for preview in found.sitemaps
        ] == [(server.url("/sitemap.xml"), "sitemap", 1, "found at a usual address")]
        answers["/robots.txt"] = answer(
            200, f"Sitemap: {server.url('/news.xml')}\nSitemap: {server.url('/gone.xml')}".encode()
        )
        found = room.services.discovery.discover(server.url("/"))
        assert [(preview.url, preview.parts, preview.how) for preview in found.sitemaps] == [
            (server.url("/news.xml"), 1, "named by robots.txt")
        ]
        assert [url for url, _ in found.failures] == [server.url("/gone.xml")]
        (direct,) = room.services.discovery.discover(server.url("/sitemap.xml")).sitemaps
        assert (direct.entries, direct.title) == (1, "127.0.0.1")


def test_a_permanent_redirect_gives_the_new_address_a_temporary_one_the_old(room: Room):
    answers: dict[str, Answer] = {
        "/": page(link("/moved"), link("/away")),
        "/moved": redirect("/new", 301),
        "/away": redirect("/elsewhere", 302),
        "/new": answer(200, rss(item(1))),
        "/elsewhere": answer(200, ATOM),
    }
    with ScriptedServer(answers) as server:
        found = room.services.discovery.discover(server.url("/"))
        assert [preview.url for preview in found.feeds] == [server.url("/new"), server.url("/away")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/latest"])
def test_P14_a_private_address_is_refused_when_entered(room: Room, address: str):
    room.declare("", base=BASE.replace("allow_private = true", ""))
    with pytest.raises(ForbiddenAddress):
        room.services.discovery.discover(address)


def test_P14_a_page_cannot_make_us_ask_a_private_address(room: Room):
    with ScriptedServer({"/feed": answer(200, rss(item(1)))}) as inside, ScriptedServer({}) as outside:
        room.declare(
            "", base=BASE.replace("allow_private = true", f'allow_private = ["127.0.0.1:{outside.port}"]')
        )
        outside.answers["/"] = page(link(inside.url("/feed")), link("/jump"))
        outside.answers["/jump"] = redirect(inside.url("/feed"))
        found = room.services.discovery.discover(outside.url("/"))
        assert (found.feeds, inside.connections) == ((), 0)
    assert ["allow_private" in reason for _, reason in found.failures] == [True, True]


def test_a_page_that_kills_the_parser_is_an_error_and_no_more(room: Room):
    with ScriptedServer({"/": answer(200, b"\x00\xff" * 1000)}) as server, pytest.raises(ParseError):
        room.services.discovery.discover(server.url("/"))


def test_credentials_of_a_page_stay_with_its_host(room: Room, monkeypatch):
    monkeypatch.setenv("HARBOUR_TOKEN", "hunter2")
    access = Access(kind=AccessKind.BEARER, secret_env="HARBOUR_TOKEN")
    with ScriptedServer({"/feed": answer(200, ATOM)}) as stranger, ScriptedServer({}) as home:
        home.answers["/"] = page(link("/feed"), link(stranger.url("/feed")))
        home.answers["/feed"] = answer(200, rss(item(1)))
        room.services.discovery.discover(home.url("/"), access=access, private=True)
        assert {asked.field("Authorization") for asked in home.asked} == {b"Bearer hunter2"}
        assert [asked.field("Authorization") for asked in stranger.asked] == [None]


def test_a_look_at_a_source_changes_nothing_and_reads_what_we_have_already(room: Room):
    with ScriptedServer({"/feed": answer(200, rss(item(1)), ETag='"1"')}) as server:
        room.declare(source("harbour", server.url()))
        room.ingest()
        look = room.services.discovery.look(declared("harbour", url=server.url()))
        assert [asked.field("If-None-Match") for asked in server.asked] == [None, None]
    assert (look.entries, look.latest[0].title) == (1, "Title 1")


def test_a_look_at_a_source_that_fails_says_why(room: Room):
    with ScriptedServer({}) as server, pytest.raises(FetchError, match="404"):
        room.services.discovery.look(declared("harbour", url=server.url()))


def test_a_meta_refresh_is_followed_to_the_page_that_names_the_feed(room: Room):
    refresh = b'<meta http-equiv="refresh" content="0; url=/en/"><p>Moving on</p>'
    answers: dict[str, Answer] = {
        "/": answer(200, refresh, Content_Type="text/html"),
        "/en/": page(link("/feed")),
        "/feed": answer(200, rss(item(1))),
    }
    with ScriptedServer(answers) as server:
        found = room.services.discovery.discover(server.url("/"))
        assert [asked.path for asked in server.asked] == ["/", "/en/", "/feed"]
        assert [preview.url for preview in found.feeds] == [server.url("/feed")]
        answers["/en/"] = answer(200, refresh.replace(b"/en/", b"/"), Content_Type="text/html")
        assert room.services.discovery.discover(server.url("/")).feeds[0].how == "found at a usual address"


def test_a_feed_that_only_the_link_header_names_is_found(room: Room):
    header = '</all.php>; rel="alternate"; type="application/rss+xml"'
    answers: dict[str, Answer] = {
        "/": answer(200, b"<p>Welcome</p>", Content_Type="text/html", Link=header),
        "/all.php": answer(200, rss(item(1))),
    }
    with ScriptedServer(answers) as server:
        (feed,) = room.services.discovery.discover(server.url("/")).feeds
    assert (feed.how, feed.entries) == ("declared by the page", 1)
