"""Sitemaps, lists of articles, pages and full text: real HTTP, real parser processes, a real store."""

import asyncio
import gzip
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.errors import ParserDied
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.pages_job import PagesResult
from syndicate.model import ArticleBody, ParsedSource, ReadState
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, page_store, part_store
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer, hang

HOUR = timedelta(hours=1)
DAY = timedelta(hours=27)
HTML = {"Content_Type": "text/html; charset=utf-8"}


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""


BASE = """
[site]
url = "https://news.example"
title = "The Newsroom"
[http]
allow_private = true
host_gap = 0
min_interval = "10m"
"""


def story(sentences: int) -> str:
    """So many different sentences, each with the harbour master in it."""
    return "".join(
        f"On day {n} the harbour master said that the barrier at the mouth of the river had closed at four. "
        for n in range(sentences)
    )


TEXT = story(30)


def page(title: str = "The barrier closes", *, text: str = TEXT, head: str = "", **fields: str) -> bytes:
    return answer(200, markup(title, text, head).encode(), **{**HTML, **fields})


def markup(title: str, text: str = TEXT, head: str = "") -> str:
    paragraphs = "".join(f"<p>{part}.</p>" for part in text.split(". ") if part.strip())
    return (
        f'<html lang="en"><head><title>{title} | The Harbour</title>'
        f'<meta property="og:title" content="{title}"><meta property="og:type" content="article">{head}'
        f"</head><body><nav><a href='/'>Home</a></nav><article><h1>{title}</h1>{paragraphs}</article>"
        "<footer>Copyright</footer></body></html>"
    )


def urlset(*rows: str) -> bytes:
    names = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    )
    return f"<urlset {names}>{''.join(f'<url>{row}</url>' for row in rows)}</urlset>".encode()


def row(url: str, age: timedelta | None = None, *, title: str = "") -> str:
    moment = (NOW - age).isoformat() if age is not None else ""
    news = (
        f"<news:news><news:publication><news:name>H</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>{moment}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news>"
    )
    return f"<loc>{url}</loc>" + (news if title else f"<lastmod>{moment}</lastmod>" if moment else "")


class Site:
    """A server whose answers are filled in once its port is known; ``{site}`` stands for its address."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.server = ScriptedServer({"/robots.txt": answer(404, b"no")})
        self.server.__enter__()

    def url(self, path: str) -> str:
        return self.server.url(path)

    def answers(self, answers: Mapping[str, Answer]) -> None:
        self.server.answers.update(answers)

    def declare(self, path: str, pages: str = "", **keys: str) -> None:
        text = source("harbour", self.url(path), **keys)
        self.room.declare(f"[pages]\n{pages}\n{text}", base=BASE)

    def read(self, now: datetime = NOW) -> PagesResult:
        self.room.services.sitemap_parts.run(now)
        return self.room.services.pages.run(now)

    def asked(self, prefix: str = "/") -> list[str]:
        return [one.path for one in self.server.asked if one.path.startswith(prefix)]

    def bodies(self) -> dict[str, ArticleBody]:
        found = self.room.articles()
        with self.room.store.read() as connection:
            bodies = article_store.get_bodies(connection, [one.id for one in found.values()])
        return {title: bodies[article.id] for title, article in found.items()}

    def states(self) -> dict[str, int]:
        with self.room.store.read() as connection:
            return page_store.count_pages(connection)

    def reasons(self) -> list[str]:
        with self.room.store.read() as connection:
            return [reason for reason, _ in page_store.refused_pages(connection, limit=9)]


def site_of(room: Room):
    site = Site(room)
    yield site
    room.close()
    site.server.__exit__(None, None, None)


@pytest.fixture
def site(room: Room):
    yield from site_of(room)


@pytest.fixture
def sites(rooms: Room):
    """On both engines."""
    yield from site_of(rooms)


def feed(site: Site, *items: dict[str, str], **fields: str) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", **fields)


def linked(site: Site, number: int, **more: str) -> dict[str, str]:
    return item(number, link=site.url(f"/news/{number}"), **more)


# Full text for feeds


def test_a_feed_of_summaries_gets_the_text_of_its_pages(sites: Site) -> None:
    sites.answers(
        {"/feed": feed(sites, linked(sites, 1), linked(sites, 2)), "/news/1": page(), "/news/2": page()}
    )
    sites.declare("/feed")
    assert sites.room.ingest()["harbour"].new == 2
    assert "What happened in number 1." in sites.bodies()["Title 1"].text
    result = sites.read()
    assert (result.read, result.new, result.failed) == (2, 0, 0)
    article = sites.room.articles()["Title 1"]
    assert article.words > 400
    assert article.minutes == 3
    assert article.summary == "What happened in number 1."
    assert sites.bodies()["Title 1"].text.count("harbour master") == 30
    assert "Copyright" not in sites.bodies()["Title 1"].html
    assert sites.states() == {"read": 2}
    assert sites.read(NOW + HOUR).read == 0
    assert sites.asked("/news") == ["/news/1", "/news/2"]


def test_an_edit_in_the_feed_keeps_the_full_text_and_reads_the_page_again(sites: Site) -> None:
    edited = linked(sites, 1, title="Corrected title")
    same = linked(sites, 1, title="Corrected title", comments="https://harbour.example/c?n=7")
    sites.answers(
        {
            "/feed": [feed(sites, linked(sites, 1)), feed(sites, edited), feed(sites, same)],
            "/news/1": [page(), page(text=story(60))],
        }
    )
    sites.declare("/feed")
    sites.room.ingest()
    sites.read()
    assert sites.room.ingest(NOW + DAY)["harbour"].changed == 1
    assert sites.bodies()["Corrected title"].text.count("harbour master") == 30
    assert sites.read(NOW + DAY).read == 1
    assert sites.bodies()["Corrected title"].text.count("harbour master") == 60
    assert sites.room.ingest(NOW + 2 * DAY)["harbour"].unchanged
    assert sites.read(NOW + 2 * DAY).read == 0


def test_a_feed_with_whole_texts_costs_no_page(site: Site) -> None:
    site.answers({"/feed": feed(site, linked(site, 1, description=story(20))), "/news/1": page()})
    site.declare("/feed")
    site.room.ingest()
    assert not site.read()
    assert site.asked() == ["/feed"]


@pytest.mark.parametrize(("full_text", "pages"), [("always", 1), ("never", 0)])
def test_a_source_overrides_what_pays(site: Site, full_text: str, pages: int) -> None:
    link = {"link": site.url("/news/1"), "description": story(20) if full_text == "always" else "Short."}
    site.answers({"/feed": feed(site, item(1, **link)), "/news/1": page()})
    site.declare("/feed", full_text=f'"{full_text}"')
    site.room.ingest()
    assert site.read().read == pages


def test_the_page_of_a_link_blog_belongs_to_somebody_else(site: Site) -> None:
    site.answers({"/feed": feed(site, item(1, link="https://elsewhere.example/1"))})
    site.declare("/feed")
    site.room.ingest()
    assert site.states() == {}


# Politeness


def test_robots_txt_is_asked_first_and_obeyed(sites: Site) -> None:
    rules = b"User-agent: other\nDisallow: /\n\nUser-agent: syndicate\nDisallow: /news/1\n"
    sites.answers(
        {
            "/robots.txt": answer(200, rules, Content_Type="text/plain"),
            "/feed": feed(sites, linked(sites, 1), linked(sites, 2)),
            "/news/1": page(),
            "/news/2": page(),
        }
    )
    sites.declare("/feed")
    sites.room.ingest()
    result = sites.read()
    assert (result.read, result.refused) == (1, 1)
    assert sites.asked() == ["/feed", "/robots.txt", "/news/2"]
    assert "robots.txt" in sites.reasons()[0]
    assert set(sites.room.articles()) == {"Title 1", "Title 2"}


def test_robots_txt_is_asked_once_a_day(site: Site) -> None:
    site.answers(
        {"/feed": feed(site, linked(site, 1)), "/news/1": page(), "/news/2": page(), "/news/3": page()}
    )
    site.declare("/feed")
    site.room.ingest()
    site.read()
    site.answers({"/feed": feed(site, linked(site, 1), linked(site, 2))})
    site.room.ingest(NOW + timedelta(hours=23), names=["harbour"])
    site.read(NOW + timedelta(hours=23))
    assert site.asked("/robots").count("/robots.txt") == 1
    site.answers({"/feed": feed(site, linked(site, 1), linked(site, 2), linked(site, 3))})
    site.room.ingest(NOW + timedelta(hours=50), names=["harbour"])
    site.read(NOW + timedelta(hours=50))
    assert site.asked("/robots").count("/robots.txt") == 2


def test_nothing_is_read_while_nobody_knows_the_rules(site: Site) -> None:
    site.answers(
        {
            "/robots.txt": [answer(500, b"down"), answer(404, b"none")],
            "/feed": feed(site, linked(site, 1)),
            "/news/1": page(),
        }
    )
    site.declare("/feed")
    site.room.ingest()
    assert not site.read()
    assert not site.read(NOW + timedelta(minutes=30))
    assert site.read(NOW + timedelta(minutes=61)).read == 1
    assert site.asked("/news") == ["/news/1"]


def test_crawl_delay_is_kept(site: Site) -> None:
    site.answers(
        {
            "/robots.txt": answer(200, b"User-agent: *\nCrawl-delay: 60\n"),
            "/feed": feed(site, linked(site, 1), linked(site, 2)),
            "/news/1": page(),
            "/news/2": page(),
        }
    )
    site.declare("/feed")
    site.room.ingest()
    reads = [site.read(NOW + timedelta(seconds=seconds)).read for seconds in (0, 30, 61, 90)]
    assert reads == [1, 0, 1, 0]


def test_a_source_has_a_budget_between_two_polls(sites: Site) -> None:
    numbers = range(1, 6)
    sites.answers({f"/news/{number}": page() for number in numbers})
    sites.answers({"/feed": feed(sites, *(linked(sites, number) for number in numbers), ETag='"1"')})
    sites.declare("/feed", "per_poll = 2")
    sites.room.ingest()
    assert [sites.read(NOW + timedelta(minutes=minute)).read for minute in (0, 1, 2)] == [2, 0, 0]
    assert sites.asked("/news") == ["/news/1", "/news/2"]
    sites.room.ingest(NOW + HOUR)
    assert sites.read(NOW + HOUR).read == 2
    sites.room.ingest(NOW + 2 * HOUR)
    assert [sites.read(NOW + 2 * HOUR).read, sites.states()] == [1, {"read": 5}]


def test_a_host_that_answers_429_is_left_alone_for_as_long_as_it_asks(site: Site) -> None:
    site.answers({"/feed": feed(site, *(linked(site, number) for number in range(1, 4)))})
    site.answers(
        {f"/news/{number}": [answer(429, b"", Retry_After="7200"), page()] for number in range(1, 4)}
    )
    site.declare("/feed")
    site.room.ingest()
    result = site.read()
    assert (result.put_off, result.failed) == (1, 0)
    assert not site.read(NOW + HOUR)
    assert site.asked("/news") == ["/news/1"]
    assert site.read(NOW + timedelta(minutes=121)).read == 1
    with site.room.store.read() as connection:
        assert quarantine.failures(connection) == ()


def test_a_server_that_is_too_busy_for_a_page_is_not_asked_for_feeds_and_the_other_way_round(
    site: Site,
) -> None:
    site.answers(
        {
            "/feed": [feed(site, linked(site, 1)), answer(503, b"", Retry_After="7200"), feed(site)],
            "/news/1": [answer(503, b"", Retry_After="7200"), page("Title 1")],
        }
    )
    site.declare("/feed")
    site.room.ingest()
    assert site.read().put_off == 1
    assert "Retry-After" in site.room.ingest(NOW + HOUR, names=["harbour"])["harbour"].warning
    assert site.room.ingest(NOW + 2 * HOUR, names=["harbour"])["harbour"].error
    assert (site.read(NOW + 3 * HOUR).read, site.asked("/news/")) == (0, ["/news/1"])
    assert site.read(NOW + 4 * HOUR).read == 1


def test_a_busy_host_is_waited_for_only_while_the_page_is_news(site: Site) -> None:
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": answer(503, b"")})
    site.declare("/feed")
    site.room.ingest()
    assert [site.read(NOW + n * DAY).put_off for n in range(3)] == [1, 1, 1]
    assert site.read(NOW + timedelta(days=9)).refused == 1


@pytest.mark.parametrize("trouble", [answer(500, b"down"), hang_up], ids=["500", "no answer"])
def test_F9_a_host_in_trouble_is_asked_less_and_less_however_many_pages_wait(
    site: Site, trouble: Answer
) -> None:
    numbers = range(1, 13)
    site.answers({"/feed": feed(site, *(linked(site, number) for number in numbers))})
    site.answers({f"/news/{number}": trouble for number in numbers})
    site.declare("/feed")
    site.room.ingest()
    minutes = range(0, 24 * 60, 15)
    failed = [minute for minute in minutes if site.read(NOW + timedelta(minutes=minute)).failed]
    assert failed == [0, 15, 45, 105, 225, 465, 945]


def test_F9_one_page_in_trouble_holds_the_others_of_its_host_up_for_a_moment_only(sites: Site) -> None:
    numbers = range(1, 13)
    sites.answers({"/feed": feed(sites, *(linked(sites, number) for number in numbers))})
    sites.answers({f"/news/{number}": page() for number in numbers})
    sites.answers({"/news/1": answer(500, b"this one alone")})
    sites.declare("/feed")
    sites.room.ingest()
    sites.read()
    sites.read(NOW + timedelta(minutes=15))
    assert sites.states() == {"waiting": 1, "read": 11}


def test_a_host_whose_pages_kill_the_parsers_does_not_keep_them_busy(site: Site) -> None:
    class Dying(ParserPool):
        def parse(self, body: bytes, **facts: Any) -> ParsedSource:
            raise ParserDied("the parser took longer than 20 seconds and was stopped")

    numbers = range(1, 9)
    site.answers({"/feed": feed(site, *(linked(site, number) for number in numbers))})
    site.answers({f"/news/{number}": page() for number in numbers})
    site.declare("/feed")
    site.room.ingest()
    with Dying(1) as pool:
        intake = replace(site.room.services.intake, parser=lambda: pool)
        dying = replace(site.room.services.pages, intake=intake)
        minutes = (0, 1, 20, 40)
        assert [dying.run(NOW + timedelta(minutes=minute)).failed for minute in minutes] == [2, 0, 0, 2]


@pytest.mark.parametrize("path", ["/robots.txt", "/news/1"])
def test_a_stop_does_not_wait_for_a_server_that_hangs_and_what_was_not_read_is_due(
    site: Site, path: str
) -> None:
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": page()})
    site.declare("/feed")
    site.room.ingest()
    usual = site.server.answers[path]
    site.answers({path: hang})
    began = time.monotonic()
    result = site.room.services.pages.run(NOW, stopping=lambda: path in site.asked())
    assert (result.read, result.failed, time.monotonic() - began < 10) == (0, 0, True)
    site.answers({path: usual})
    assert site.read().read == 1


def test_F6_a_pause_outlives_the_robots_txt_it_came_with(sites: Site) -> None:
    sites.answers(
        {
            "/feed": feed(sites, linked(sites, 1)),
            "/news/1": [answer(429, b"", Retry_After=str(3 * 86_400)), page()],
        }
    )
    sites.declare("/feed")
    sites.room.ingest()
    sites.read()
    sites.answers({"/feed": feed(sites, linked(sites, 1), linked(sites, 2)), "/news/2": page()})
    sites.room.ingest(NOW + 2 * DAY)
    sites.room.services.prune.run(NOW + 2 * DAY)
    sites.read(NOW + 2 * DAY)
    assert sites.asked("/news") == ["/news/1"]
    sites.room.ingest(NOW + 3 * DAY)
    assert sites.read(NOW + 3 * DAY).read == 2


def test_a_reader_in_strangers_hands_stops_no_other_page(site: Site, parsers: ParserPool) -> None:
    """A worker may answer anything: two entries for one page, for instance."""

    class Strange(ParserPool):
        def parse(self, body: bytes, **facts: Any) -> ParsedSource:
            parsed = parsers.parse(body, **facts)
            return replace(parsed, entries=parsed.entries * 2) if facts["url"].endswith("/1") else parsed

    site.answers(
        {"/feed": feed(site, linked(site, 1), linked(site, 2)), "/news/1": page(), "/news/2": page()}
    )
    site.declare("/feed")
    site.room.ingest()
    intake = site.room.services.intake
    with Strange(1) as pool:
        strange = replace(site.room.services.pages, intake=replace(intake, parser=lambda: pool))
        result = strange.run(NOW)
    assert (result.read, result.failed) == (1, 1)
    assert "ValueError" in result.failures[0]


# Truth


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (answer(404, b"gone", **HTML), "404"),
        (answer(410, b"gone", **HTML), "410"),
        (page("Page not found", text="Sorry. Try the search."), "error page"),
        (page("Log in", text='Please. <input type="password">'), "log in"),
        (page("Just a moment...", text="Enable JavaScript and cookies to continue."), "asks for a browser"),
        (page("We value your privacy", text="We and our partners use cookies. Consent. Cookies."), "consent"),
        (
            page(text="The barrier closed. Subscribe to continue reading. Already a subscriber?"),
            "subscribers",
        ),
        (page(text="The barrier closed at four. It was early."), "no more text"),
        (answer(200, b"%PDF-1.7 ...", Content_Type="application/pdf"), "not a page"),
        (answer(200, b"{}", Content_Type="application/json"), "not an HTML page"),
    ],
)
def test_what_is_no_full_text_is_not_taken_and_the_article_stays(
    site: Site, what: bytes, reason: str
) -> None:
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": what})
    site.declare("/feed")
    site.room.ingest()
    result = site.read()
    paywalled = int(reason == "subscribers")
    assert (result.read, result.refused, result.paywalled, result.failed) == (0, 1 - paywalled, paywalled, 0)
    assert reason in site.reasons()[0]
    assert site.bodies()["Title 1"].text == "What happened in number 1."
    assert not site.read(NOW + DAY)


def test_a_paywall_that_says_so_is_believed_however_long_the_text_is(site: Site) -> None:
    closed = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
    )
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": page(head=closed)})
    site.declare("/feed")
    site.room.ingest()
    assert site.read().paywalled == 1
    assert "subscribers" in site.reasons()[0]


def test_the_text_that_a_paywall_leaves_in_sight_is_taken_where_the_operator_says_so(site: Site) -> None:
    closed = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
    )
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": page(head=closed)})
    site.declare("/feed", paywall='"ignore"')
    site.room.ingest()
    assert (site.read().read, site.reasons()) == (1, [])


def test_an_article_that_leads_to_the_front_page_is_no_longer_there(site: Site) -> None:
    site.answers(
        {
            "/feed": feed(site, linked(site, 1)),
            "/news/1": answer(302, b"", Location="/"),
            "/": page("The Harbour"),
        }
    )
    site.declare("/feed")
    site.room.ingest()
    assert site.read().refused == 1
    assert "front page" in site.reasons()[0]


@pytest.mark.parametrize(
    "broken",
    [
        answer(200, b"<html><p>only a beg", Content_Length="5000", **HTML),
        answer(200, gzip.compress(markup("Whole").encode(), mtime=0)[:-40], Content_Encoding="gzip", **HTML),
    ],
    ids=["short body", "cut-off gzip"],
)
def test_three_failures_quarantine_a_page_with_its_reason(sites: Site, broken: bytes) -> None:
    async def cut(_reader, writer) -> None:
        writer.write(broken)
        await writer.drain()

    sites.answers({"/feed": feed(sites, linked(sites, 1)), "/news/1": cut})
    sites.declare("/feed")
    sites.room.ingest()
    moments = [NOW, NOW + timedelta(minutes=59), NOW + HOUR, NOW + 5 * HOUR, NOW + 30 * HOUR]
    assert [sites.read(moment).failed for moment in moments] == [1, 0, 1, 1, 0]
    with sites.room.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.kind, failure.attempts, failure.is_quarantined) == ("article page", 3, True)
    assert "broke off" in failure.reason
    assert sites.states() == {"failed": 1}
    assert sites.bodies()["Title 1"].text == "What happened in number 1."


async def half_a_page(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Without a length: whatever came before the connection was closed is the answer."""
    text = markup("Title 1")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + text[: len(text) // 2].encode())
    await writer.drain()


def test_a_page_that_breaks_off_is_read_again_later(sites: Site) -> None:
    sites.answers({"/feed": feed(sites, linked(sites, 1)), "/news/1": half_a_page})
    sites.declare("/feed")
    sites.room.ingest()
    assert (sites.read().failed, sites.bodies()["Title 1"].text) == (1, "What happened in number 1.")
    sites.answers({"/news/1": page("Title 1")})
    assert sites.read(NOW + HOUR).read == 1
    assert "On day 29" in sites.bodies()["Title 1"].text


def test_a_page_that_breaks_off_every_time_is_taken_for_what_it_is(sites: Site) -> None:
    sites.answers({"/feed": feed(sites, linked(sites, 1)), "/news/1": half_a_page})
    sites.declare("/feed")
    sites.room.ingest()
    results = [sites.read(NOW + hours * HOUR) for hours in (0, 1, 5)]
    assert [(one.failed, one.read) for one in results] == [(1, 0), (1, 0), (0, 1)]
    assert "On day 10" in sites.bodies()["Title 1"].text


def test_a_page_about_something_else_is_not_the_articles_text(site: Site) -> None:
    titled = linked(site, 1, title="Mountain railway opens its winter season")
    site.answers({"/feed": feed(site, titled), "/news/1": page("Consent granted to nobody")})
    site.declare("/feed")
    site.room.ingest()
    assert site.read().refused == 1
    assert "something else" in site.reasons()[0]


def test_a_redirect_does_not_lead_around_robots_txt(site: Site) -> None:
    with ScriptedServer({"/robots.txt": answer(200, b"User-agent: *\nDisallow: /\n"), "/x": page()}) as other:
        moved = answer(302, b"", Location=other.url("/x"))
        site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": moved})
        site.declare("/feed")
        site.room.ingest()
        assert site.read().refused == 1
        assert "robots.txt there" in site.reasons()[0]


def test_a_stop_does_not_wait_for_the_rules_of_where_a_redirect_leads(site: Site) -> None:
    with ScriptedServer({"/robots.txt": hang, "/x": page()}) as other:
        moved = answer(302, b"", Location=other.url("/x"))
        site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": moved})
        site.declare("/feed")
        site.room.ingest()

        def stopping() -> bool:
            return any(asked.path == "/robots.txt" for asked in other.asked)

        result = site.room.services.pages.run(NOW, stopping=stopping)
        assert (result.read, result.refused, result.failed) == (0, 0, 0)
        other.answers["/robots.txt"] = answer(404, b"")
        assert site.read().read == 1


def test_a_feed_whose_pages_bring_nothing_is_left_alone_for_a_while(sites: Site) -> None:
    def listed(first: int, last: int) -> bytes:
        return feed(sites, *(linked(sites, number) for number in range(first, last)))

    sites.answers({"/feed": [listed(1, 11), listed(11, 14), listed(14, 17)]})
    sites.declare("/feed")
    asked = []
    for moment in (NOW, NOW + DAY, NOW + timedelta(days=8)):
        sites.room.ingest(moment)
        sites.read(moment)
        asked.append(len(sites.asked("/news")))
    assert asked[:2] == [10, 10]
    assert sites.states() == {"refused": 10}


# Sitemaps


def test_a_news_sitemap_brings_its_articles_at_once_and_their_texts_later(sites: Site) -> None:
    rows = [row(sites.url(f"/news/{n}"), n * HOUR, title=f"Story {n}") for n in (1, 2)]
    sites.answers(
        {"/map.xml": answer(200, urlset(*rows)), "/news/1": page("Story 1"), "/news/2": answer(500, b"")}
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].new == 2
    found = sites.room.articles()
    assert (found["Story 1"].published, found["Story 1"].language) == (NOW - HOUR, "en")
    result = sites.read()
    assert (result.read, result.new, result.failed) == (1, 0, 1)
    assert sites.bodies()["Story 1"].text.count("harbour master") == 30
    assert set(sites.room.articles()) == {"Story 1", "Story 2"}


def test_the_pages_of_a_plain_sitemap_tell_the_articles(sites: Site) -> None:
    facts = (
        '<script type="application/ld+json">{"@type": ["NewsArticle"], "headline": "Ferry sails",'
        ' "datePublished": "2026-11-24T07:10:00+01:00", "author": [{"name": "Nora O\'Dell"}],'
        ' "articleSection": "Sea", "image": {"url": "/ferry.jpg", "width": 1200, "height": 800}}</script>'
    )
    sites.answers(
        {"/map.xml": answer(200, urlset(row(sites.url("/news/1"), HOUR))), "/news/1": page(head=facts)}
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].new == 0
    assert sites.room.articles() == {}
    result = sites.read()
    assert (result.read, result.new) == (1, 1)
    article = sites.room.articles()["Ferry sails"]
    assert article.published.isoformat() == "2026-11-24T06:10:00+00:00"
    assert (article.authors, article.section, article.url) == (("Nora O'Dell",), "Sea", sites.url("/news/1"))
    assert article.image is not None
    assert (article.image.url, article.image.width) == (sites.url("/ferry.jpg"), 1200)
    assert sites.room.ingest(NOW + DAY)["harbour"].unchanged


def test_what_a_sitemap_lists_besides_articles_is_no_article(site: Site) -> None:
    imprint = "<html><head><title>Imprint</title></head><body><p>1 Quay Street.</p></body></html>"
    site.answers({"/map.xml": answer(200, urlset(row(site.url("/imprint"), HOUR)))})
    site.answers({"/imprint": answer(200, imprint.encode(), **HTML)})
    site.declare("/map.xml", kind='"sitemap"')
    site.room.ingest()
    assert site.read().refused == 1
    assert site.room.articles() == {}


def test_a_later_lastmod_reads_the_page_again_and_only_then(sites: Site) -> None:
    url = sites.url("/news/1")
    old, new = urlset(row(url, 2 * HOUR)), urlset(row(url, -25 * HOUR))
    sites.answers(
        {
            "/map.xml": [answer(200, old), answer(200, new), answer(200, new + b"<!-- -->")],
            "/news/1": [page("Ferry"), page("Ferry", text=story(20))],
        }
    )
    sites.declare("/map.xml", kind='"sitemap"')
    texts = []
    for moment in (NOW, NOW + DAY, NOW + 2 * DAY):
        sites.room.ingest(moment)
        sites.read(moment)
        texts.append(sites.bodies()["Ferry"].text.count("harbour master"))
    assert texts == [30, 20, 20]
    assert sites.asked("/news") == ["/news/1", "/news/1"]


def test_the_first_reading_of_an_archive_takes_the_newest_and_never_the_rest(sites: Site) -> None:
    fresh = [row(sites.url(f"/news/{n}"), n * HOUR) for n in range(9)]
    archive = [row(sites.url(f"/old/{n}"), timedelta(days=30 + n)) for n in range(50)]
    undated = [row(sites.url(f"/some/{n}")) for n in range(50)]
    whole = [*archive, *undated, *fresh]
    later = [*whole, row(sites.url("/new/1"))]
    # A site built anew says that everything changed today.
    rebuilt = [one.replace("<lastmod>2026-10", "<lastmod>2026-11") for one in later]
    sites.answers({"/map.xml": [answer(200, urlset(*rows)) for rows in (whole, later, rebuilt)]})
    sites.answers({f"/news/{n}": page(f"News {n}") for n in range(9)})
    sites.answers({"/new/1": page("New 1")})
    sites.declare("/map.xml", "first = 4", kind='"sitemap"')
    for n in range(3):
        sites.room.ingest(NOW + n * DAY)
        sites.read(NOW + n * DAY)
    assert sites.asked("/news") == ["/news/0", "/news/1", "/news/2", "/news/3"]
    assert sites.asked("/new/") == ["/new/1"]
    assert sites.asked("/old") == sites.asked("/some") == []


def test_the_parts_of_an_index_are_read_with_validators_of_their_own(sites: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + "".join(
            f"<sitemap><loc>{sites.url(path)}</loc><lastmod>{(NOW - age).isoformat()}</lastmod></sitemap>"
            for path, age in (("/part/new.xml.gz", HOUR), ("/part/old.xml", timedelta(days=90)))
        )
        + "</sitemapindex>"
    ).encode()
    part = gzip.compress(urlset(row(sites.url("/news/1"), HOUR, title="Story 1")), mtime=0)
    sites.answers(
        {
            "/map.xml": answer(200, index),
            "/part/new.xml.gz": [
                answer(200, part, Content_Type="application/x-gzip", ETag='"p1"'),
                answer(304),
            ],
            "/news/1": page("Story 1"),
        }
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].error == ""
    parts = sites.room.services.sitemap_parts.run(NOW)
    assert (parts.read, parts.new, parts.failures) == (1, 1, ())
    assert sites.room.services.sitemap_parts.run(NOW + HOUR).read == 0
    assert sites.room.services.sitemap_parts.run(NOW + 2 * DAY).read == 1
    asked = [one for one in sites.server.asked if one.path.startswith("/part")]
    assert [one.path for one in asked] == ["/part/new.xml.gz"] * 2
    assert asked[1].field("If-None-Match") == b'"p1"'


def test_a_part_that_fails_is_shown_and_tried_again(site: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{site.url('/part.xml')}</loc></sitemap></sitemapindex>"
    ).encode()
    whole = urlset(row(site.url("/news/1"), HOUR, title="Story 1"))
    site.answers(
        {"/map.xml": answer(200, index), "/part.xml": [answer(200, whole[:-20]), answer(200, whole)]}
    )
    site.declare("/map.xml", kind='"sitemap"')
    site.room.ingest()
    (failure,) = site.room.services.sitemap_parts.run(NOW).failures
    assert "not a well-formed sitemap" in failure
    assert site.room.articles() == {}
    assert site.room.services.sitemap_parts.run(NOW + HOUR).new == 1


def test_the_parts_of_a_private_sitemap_are_told_without_their_address(sites: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{sites.url('/part.xml?key=opensesame')}</loc></sitemap></sitemapindex>"
    ).encode()
    sites.answers(
        {"/map.xml": answer(200, index), "/part.xml?key=opensesame": answer(200, b"<html>no</html>")}
    )
    sites.declare("/map.xml", kind='"sitemap"', private="true")
    sites.room.ingest()
    told = [sites.room.services.sitemap_parts.run(NOW + n * DAY).failures for n in range(3)]
    with sites.room.store.read() as connection:
        (failing,) = part_store.failing_parts(connection, 3)
    assert all(len(failures) == 1 for failures in told)
    assert failing[:2] == ("of harbour", 3)
    assert "opensesame" not in repr((told, failing))


# Lists of articles, and single pages


LIST = """<html lang="en"><title>Announcements</title><ul>
<li class=n><a href="/news/1">Road closed</a> <time datetime="2026-11-24T08:00:00Z">today</time></li>
<li class=n><a href="/news/2"><img src="x.png"></a><a href="/news/2">Bridge opens</a>
<time>20 November 2026</time></li>
<li class=n>No link here</li><li class=ad><a href="/buy">Buy</a></li></ul></html>"""
SELECT = '{ item = "li.n", date = "time" }'


def test_a_list_of_articles_is_a_source(sites: Site) -> None:
    sites.answers(
        {"/list": answer(200, LIST.encode(), **HTML), "/news/1": page("Road"), "/news/2": page("Bridge")}
    )
    sites.declare("/list", select=SELECT)
    assert sites.room.ingest()["harbour"].new == 2
    found = sites.room.articles()
    assert found["Road closed"].published == NOW - HOUR
    assert found["Bridge opens"].published.date().isoformat() == "2026-11-20"
    assert sites.read().read == 2
    assert sites.bodies()["Road closed"].text.count("harbour master") == 30
    assert sites.room.ingest(NOW + DAY)["harbour"].unchanged


def test_a_list_that_lost_its_items_is_an_error_not_a_quiet_day(site: Site) -> None:
    site.answers({"/list": [answer(200, LIST.encode(), **HTML), page("Log in")]})
    site.declare("/list", select=SELECT)
    site.room.ingest()
    assert "select.item" in site.room.ingest(NOW + DAY)["harbour"].error
    assert len(site.room.articles()) == 2


def test_other_selectors_read_the_list_anew(site: Site) -> None:
    site.answers({"/list": answer(200, LIST.encode(), ETag='"1"', **HTML)})
    site.declare("/list", select=SELECT)
    assert site.room.ingest()["harbour"].new == 2
    site.declare("/list", select='{ item = "li" }')
    assert site.room.ingest(NOW + HOUR)["harbour"].new == 1


def test_a_single_page_is_an_article_that_changes_with_its_text(sites: Site) -> None:
    same = page("Tide table", head="<meta name=visit content=2>")
    sites.answers({"/tides": [page("Tide table"), same, page("Tide table", text=story(20))]})
    sites.declare("/tides", kind='"page"')
    outcomes = [sites.room.ingest(NOW + n * DAY)["harbour"] for n in range(3)]
    assert [(one.new, one.changed, one.error) for one in outcomes] == [(1, 0, ""), (0, 0, ""), (0, 1, "")]
    assert sites.bodies()["Tide table"].text.count("harbour master") == 20


# Attacks and crashes


def test_a_page_that_kills_its_reader_hurts_only_itself(site: Site) -> None:
    deep = "<div>" * 15_000 + story(30)
    wide = "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">" + story(30) + "</p>"
    site.answers(
        {
            "/feed": feed(site, *(linked(site, n) for n in range(1, 4))),
            "/news/1": answer(200, f"<html><title>Deep</title>{deep}".encode(), **HTML),
            "/news/2": answer(200, f"<html><title>Wide</title><article>{wide}</article>".encode(), **HTML),
            "/news/3": page(),
        }
    )
    site.declare("/feed")
    site.room.ingest()
    result = site.read()
    assert result.read == 3
    assert result.failed == 0


@pytest.mark.parametrize(
    ("body", "fields", "reason"),
    [
        (
            gzip.compress(gzip.compress(b"<p>x</p>" * 5_000_000, 1)),
            {"Content_Encoding": "gzip"},
            "not an HTML page",
        ),
        (gzip.compress(b"<p>x</p>" * 2_000_000, 1), {"Content_Encoding": "gzip"}, "limit"),
        (b"\x0b\x02\x80hi\x03", {"Content_Encoding": "br"}, "did not ask for"),
        (b"\x28\xb5\x2f\xfd\x24\x02", {"Content_Encoding": "zstd"}, "did not ask for"),
        (b"<p>x</p>" * 500_000, {}, "characters of markup"),
    ],
    ids=["double gzip", "gzip bomb", "brotli", "zstd", "too much markup"],
)
def test_bombs_are_refused(site: Site, body: bytes, fields: dict[str, str], reason: str) -> None:
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": answer(200, body, **HTML, **fields)})
    site.declare("/feed")
    site.room.ingest()
    result = site.read()
    assert result.read == 0
    assert reason in " ".join([*site.reasons(), *result.failures])
    assert len(site.room.articles()) == 1


def test_a_page_is_committed_with_what_it_brought(site: Site) -> None:
    """A run that dies in between leaves a lease; when it ends, the page is read again."""
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": page()})
    site.declare("/feed")
    site.room.ingest()
    with site.room.store.write() as connection:
        claimed = page_store.claim_pages(
            connection, now=NOW, owner="dead", until=NOW + timedelta(minutes=30), per_poll=9, limit=9
        )
    assert len(claimed) == 1
    assert not site.read(NOW + timedelta(minutes=29))
    assert site.read(NOW + timedelta(minutes=31)).read == 1


def test_who_lost_the_lease_changes_nothing(sites: Site) -> None:
    sites.answers({"/feed": feed(sites, linked(sites, 1)), "/news/1": page()})
    sites.declare("/feed")
    sites.room.ingest()
    with sites.room.store.write() as connection:
        (mine,) = page_store.claim_pages(
            connection, now=NOW, owner="slow", until=NOW + timedelta(minutes=1), per_poll=9, limit=9
        )
    assert sites.read(NOW + timedelta(minutes=2)).read == 1
    with sites.room.store.write() as connection:
        late = page_store.finish_page(
            connection, mine.id, ReadState.REFUSED, owner="slow", now=NOW, error="late"
        )
    assert not late
    assert sites.states() == {"read": 1}


def test_a_paused_source_reads_no_pages(site: Site) -> None:
    site.answers({"/feed": feed(site, linked(site, 1)), "/news/1": page()})
    site.declare("/feed")
    site.room.ingest()
    site.declare("/feed", paused="true")
    assert not site.read()
