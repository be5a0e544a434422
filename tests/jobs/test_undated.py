"""Articles without a date are archive: readable and searchable, in no ranked list and no edition."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syndicate.model import Article
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import ScriptedServer, answer

PAGES = ("About us", "Contact the editors", "Tide tables", "Imprint and privacy", "Opening hours of the shop")
DAY = timedelta(hours=27)
NEWSLETTER = """
[[channels]]
name = "news"
query = "language:en"
[[channels]]
name = "top"
query = "top"
[[newsletters]]
name = "daily"
schedule = "daily 14:00"
"""


def undated(number: int, title: str = "", **more: str) -> dict[str, str]:
    fields = item(number, title, **more)
    if "pubDate" not in more:
        del fields["pubDate"]
    return fields


def polled(room: Room, *bodies: bytes) -> dict[str, Article]:
    """Every article after a poll of each body, a day apart."""
    with ScriptedServer({"/feed": [answer(200, body) for body in bodies]}) as server:
        room.declare(NEWSLETTER + source("harbour", server.url("/feed"), language='"en"'))
        for number in range(len(bodies)):
            room.ingest(NOW + number * DAY)
    return room.articles()


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 24 Nov 2099 08:00:00 GMT",
        "soon",
    ],
    ids=["year-1", "epoch", "far-future", "words"],
)
def test_an_impossible_date_is_no_date(room: Room, date: str) -> None:
    found = polled(room, rss(undated(1, "About us", pubDate=date), item(2, "News")))
    assert [found["About us"].dated, found["News"].dated] == [False, True]


def test_what_the_first_poll_brings_without_a_date_keeps_the_order_of_the_feed(room: Room) -> None:
    found = polled(room, rss(undated(1, "First"), undated(2, "Second"), undated(3, "Third")))
    newest_first = sorted(found.values(), key=lambda one: one.published, reverse=True)
    assert [one.title for one in newest_first] == ["First", "Second", "Third"]
    assert {one.first_seen for one in newest_first} == {NOW}


def test_a_new_item_of_a_feed_without_dates_is_dated_by_first_sight(room: Room) -> None:
    old, new = undated(1, "Old"), undated(2, "New")
    found = polled(room, rss(old), rss(new, old))
    assert (found["Old"].dated, found["New"].published) == (False, NOW + DAY)


@pytest.mark.parametrize("company", [[], [item(3, "More news")]], ids=["alone", "beside-news"])
def test_an_undated_page_in_a_feed_with_dates_is_archive_whenever_it_comes(room: Room, company) -> None:
    news, about = item(2, "News"), undated(1, "About us")
    found = polled(room, rss(news), rss(about, *company, news))
    assert not found["About us"].dated


def test_an_undated_article_gets_the_date_that_a_later_poll_brings(room: Room) -> None:
    found = polled(room, rss(undated(1, "Rain")), rss(item(1, "Rain")))
    assert found["Rain"].published == NOW - timedelta(hours=1)


def test_each_file_of_a_folder_stands_for_itself(room: Room, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "old.md").write_text("# Old\n\nNobody knows when.")
    room.declare(source("desk", str(folder), own="true"))
    assert "1 of 1 files have no date" in room.ingest(NOW)["desk"].warning
    (folder / "new.md").write_text("# New\n\nWritten today.")
    (folder / "dated.md").write_text("---\ndate: 2026-02-01\n---\n# Dated\n\nIn February.")
    room.ingest(NOW + timedelta(hours=1))
    found = room.articles()
    assert [found[title].dated for title in ("Old", "New", "Dated")] == [False, True, True]


@pytest.mark.all
def test_undated_articles_are_published_but_lead_nothing(room: Room) -> None:
    pages = [undated(number, title, description=title * 3) for number, title in enumerate(PAGES, 1)]
    polled(room, rss(*pages, item(9, "Ferry runs again after the storm")))
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    output = room.services.output
    news, top = ((output / f"{name}.rss").read_text() for name in ("news", "top"))
    titles = ["Ferry runs again after the storm", *PAGES]
    assert sorted(titles, key=news.index) == titles
    assert news.count("<pubDate>") == len(titles)
    assert news.count("<syndicate:firstSeen>") == len(PAGES)
    assert "Date unknown, first seen 24 November 2026" in news
    assert (top.count("<item"), "Ferry runs again" in top) == (1, True)
    room.services.editions.run(NOW - DAY)
    cut = room.services.editions.run(NOW + timedelta(hours=7))
    with room.store.read() as connection:
        led = connection.scalars(
            text(
                "SELECT a.title FROM edition_articles e JOIN articles a ON a.id = e.article_id"
                " WHERE e.article_id = e.lead_id"
            )
        ).all()
    assert list(led) == ["Ferry runs again after the storm"], cut
