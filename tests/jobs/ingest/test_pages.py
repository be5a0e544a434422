"""Pages of articles: full texts, refused pages, retries."""

import asyncio
import gzip
from dataclasses import replace
from datetime import timedelta

import pytest
from isal import igzip

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource, ReadState
from syndicate.store.core import quarantine
from syndicate.store.ingest import page_store
from tests.factories import NOW
from tests.jobs.ingest.page_site import (
    DAY,
    HOUR,
    HTML,
    Site,
    feed,
    linked,
    markup,
    page,
    story,
)
from tests.jobs.room import item
from tests.net.scripted_server import answer

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


def test_a_hostile_worker_stops_no_other_page(site: Site, parsers: ParserPool) -> None:
    """A hostile worker may send two entries for a page."""

    class Strange(ParserPool):
        def parse(self, request: ParseRequest) -> ParsedSource:
            parsed = parsers.parse(request)
            return replace(parsed, entries=parsed.entries * 2) if request.url.endswith("/1") else parsed

    site.answers(
        {"/feed": feed(site, linked(site, 1), linked(site, 2)), "/news/1": page(), "/news/2": page()}
    )
    site.declare("/feed")
    site.room.ingest()
    importer = site.room.services.importer
    with Strange(1) as pool:
        strange = replace(site.room.services.pages, importer=replace(importer, parser=lambda: pool))
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
    assert [(result.failed, result.read) for result in results] == [(1, 0), (1, 0), (0, 1)]
    assert "On day 10" in sites.bodies()["Title 1"].text


def test_a_page_about_something_else_is_not_the_articles_text(site: Site) -> None:
    titled = linked(site, 1, title="Mountain railway opens its winter season")
    site.answers({"/feed": feed(site, titled), "/news/1": page("Consent granted to nobody")})
    site.declare("/feed")
    site.room.ingest()
    assert site.read().refused == 1
    assert "something else" in site.reasons()[0]


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
            gzip.compress(gzip.compress(b"<p>x</p>" * 500_000, 1)),
            {"Content_Encoding": "gzip"},
            "not an HTML page",
        ),
        (igzip.compress(b"<p>x</p>" * 2_000_000, 1), {"Content_Encoding": "gzip"}, "limit"),
        (b"\x0b\x02\x80hi\x03", {"Content_Encoding": "br"}, "only gzip is read"),
        (b"\x28\xb5\x2f\xfd\x24\x02", {"Content_Encoding": "zstd"}, "only gzip is read"),
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
