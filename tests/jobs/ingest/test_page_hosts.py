"""Politeness to the hosts of article pages: robots.txt, budgets, pauses."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.errors import ParserDied
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource
from syndicate.store.core import quarantine
from tests.factories import NOW
from tests.jobs.ingest.page_site import DAY, HOUR, Site, feed, hang_up, linked, page
from tests.net.scripted_server import Answer, ScriptedServer, answer, hang

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


@pytest.mark.all
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
        def parse(self, request: ParseRequest) -> ParsedSource:
            raise ParserDied("the parser took longer than 20 seconds and was stopped")

    numbers = range(1, 9)
    site.answers({"/feed": feed(site, *(linked(site, number) for number in numbers))})
    site.answers({f"/news/{number}": page() for number in numbers})
    site.declare("/feed")
    site.room.ingest()
    with Dying(1) as pool:
        importer = replace(site.room.services.importer, parser=lambda: pool)
        dying = replace(site.room.services.pages, importer=importer)
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
    result = site.room.services.pages.run(NOW, should_stop=lambda: path in site.asked())
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

        def should_stop() -> bool:
            return any(asked.path == "/robots.txt" for asked in other.asked)

        result = site.room.services.pages.run(NOW, should_stop=should_stop)
        assert (result.read, result.refused, result.failed) == (0, 0, 0)
        other.answers["/robots.txt"] = answer(404, b"")
        assert site.read().read == 1
