"""Pages of newsletters: what a new edition writes, months, neighbours, the page of all newsletters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import html as lxml_html
from sqlalchemy import insert

from syndicate.errors import StoreError
from syndicate.jobs.publish import site_frame
from syndicate.jobs.publish.site_frame import FrameCache, SiteFrame, bare_frame
from syndicate.model import EVERY_EDITION, ContentStory, EditionContent
from syndicate.store import schema
from syndicate.store.mail.edition_store import CUT, edition_values
from tests.factories import new_article, place
from tests.jobs.room import Room, source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 10, 28, 7, tzinfo=UTC)
FOLDER = "site/newsletters/daily"
DECLARED = """
[web]
listen = "127.0.0.1:8000"
[sign_up]
enabled = true
consent = "Send it to me."
[[newsletters]]
name = "daily"
title = "The Daily"
description = "Eight stories & more."
schedule = "daily 07:00"
[[newsletters]]
name = "weekly"
title = "الأسبوعية"
language = "ar"
schedule = "weekly friday 16:00"
time_zone = "America/New_York"
"""


def add_edition(room: Room, day: int, *titles: str, revision: int = 0, late: timedelta = timedelta()) -> None:
    """Store an edition of the daily newsletter as it was sent."""
    end = FIRST + day * DAY
    stories = [
        ContentStory(
            title=title,
            url=f"https://harbour.example/{number}",
            source="harbour",
            section="",
            summary="",
            minutes=1,
            published=end,
            language="en",
            direction="ltr",
            follow_up=False,
            other_sources=0,
            article_id=number,
        )
        for number, title in enumerate(titles or (f"Day {day}",), start=1)
    ]
    content = EditionContent(stories=tuple(stories)).to_json()
    values = edition_values("daily", EVERY_EDITION, (end - DAY, end), end + late)
    values |= {"state": CUT, "subject": f"{titles[0] if titles else f'Day {day}'} | The Daily"}
    values |= {"revision": revision, "stories": len(stories), "content_json": content}
    with room.store.write() as connection:
        connection.execute(insert(schema.editions).values(values))


@pytest.fixture
def archive(room: Room) -> Room:
    """Ten editions over the end of October, published."""
    room.declare(source("harbour", "https://harbour.example/feed") + DECLARED, now=FIRST - DAY)
    for day in range(10):
        add_edition(room, day)
    publish(room, 10)
    return room


def publish(room: Room, day: int) -> set[str]:
    """Publish the archive an hour after the edition of a day; return the changed pages."""
    return set(room.services.publish.run_archive(FIRST + (day - 1) * DAY + HOUR).pages)


def page(room: Room, path: str) -> Any:
    return lxml_html.document_fromstring((room.services.output / path).read_text("utf-8"))


def edition(day: int) -> str:
    return f"{FOLDER}/{FIRST + day * DAY:%Y-%m-%d-%H%M}.html"


def test_a_new_edition_writes_its_page_the_one_before_its_month_and_the_lists(archive: Room) -> None:
    assert publish(archive, 10) == set()
    add_edition(archive, 10)
    lists = {f"{FOLDER}/index.html", f"{FOLDER}/2026-11.html", "site/newsletters/index.html"}
    feeds = {f"newsletters/daily.{suffix}" for suffix in ("rss", "atom", "json")}
    written = {path for path in publish(archive, 11) if "weekly" not in path}
    assert written == {edition(10), edition(9), *lists, *feeds}
    assert publish(archive, 11) == set()


def test_a_correction_of_an_old_edition_writes_the_pages_that_name_it(archive: Room) -> None:
    add_edition(archive, 2, "Corrected", revision=1, late=10 * DAY)
    written = publish(archive, 10)
    assert {path for path in written if path.startswith(FOLDER)} == {
        *(edition(day) for day in range(2, 7)),
        f"{FOLDER}/2026-10.html",
        f"{FOLDER}/index.html",
    }
    assert page(archive, edition(2)).xpath("//h3[1]/a/text()")[:1] == ["Corrected"]


def test_a_page_that_somebody_removed_is_written_again_alone_with_its_lists(archive: Room) -> None:
    for path in (edition(4), f"{FOLDER}/2026-10.html"):
        (archive.services.output / path).unlink()
    assert {edition(4), f"{FOLDER}/2026-10.html"} == {
        path for path in publish(archive, 10) if path.endswith(".html")
    }


def test_editions_lead_to_their_neighbours_and_the_newest_says_when_the_next_comes(archive: Room) -> None:
    middle, last = page(archive, edition(5)), page(archive, edition(9))
    turn = "//nav[@class='turn']//a/@href"
    assert middle.xpath(turn) == [
        f"../../../{edition(4)}",
        f"../../../{FOLDER}/index.html",
        f"../../../{edition(6)}",
    ]
    assert middle.xpath("//link[@rel='prev' or @rel='next']/@href") == [
        f"../../../{edition(6)}",
        f"../../../{edition(4)}",
    ]
    assert "Next edition: 7 Nov 2026, 07:00" in last.text_content()
    assert last.xpath("//aside//h3/a/text()")[:4] == ["Day 8", "Day 7", "Day 6", "Day 5"]
    assert page(archive, edition(0)).xpath(turn)[0] == f"../../../{FOLDER}/index.html"


def test_the_list_shows_the_newest_month_and_a_thin_one_with_the_month_before(archive: Room) -> None:
    index = page(archive, f"{FOLDER}/index.html")
    assert index.xpath("//section[@class='letters']//h2//text()") == ["November 2026", "October 2026"]
    assert len(index.xpath("//article")) == 10
    add_edition(archive, 10)
    publish(archive, 11)
    index = page(archive, f"{FOLDER}/index.html")
    assert index.xpath("//section[@class='letters']//h2//text()") == ["November 2026"]
    assert index.xpath("//nav[@class='pager']//a/text()") == ["November 2026", "October 2026"]
    october = page(archive, f"{FOLDER}/2026-10.html")
    assert len(october.xpath("//article")) == 4
    assert f"../../../{FOLDER}/2026-11.html" in october.xpath("//nav[@class='pager']//a/@href")
    assert "11 editions since October 2026" in index.text_content()
    assert index.xpath("//p[contains(@class, 'lede')]/text()") == ["Eight stories & more."]


def test_a_month_is_one_of_the_newsletters_time_zone(archive: Room) -> None:
    declared = source("harbour", "https://harbour.example/feed") + DECLARED
    archive.declare(declared.replace('daily 07:00"', 'daily 07:00"\ntime_zone = "Pacific/Honolulu"'))
    publish(archive, 10)
    assert len(page(archive, f"{FOLDER}/2026-10.html").xpath("//article")) == 5


def test_the_page_of_all_newsletters_has_a_form_and_a_sample(archive: Room) -> None:
    landing = page(archive, "site/newsletters/index.html")
    (form,) = landing.xpath("//form[contains(@class, 'sign-up')]")
    assert (form.get("action"), form.get("method")) == ("../../subscribe", "post")
    assert form.xpath(".//input[@name='newsletter']/@value") == ["daily", "weekly"]
    assert form.xpath(".//input[@name='newsletter' and @checked]/@value") == ["daily"]
    assert form.xpath(".//input[@name='agree' and not(@checked)]/following-sibling::span/text()") == [
        "Send it to me."
    ]
    text = " ".join(landing.text_content().split())
    assert "Every day at 07:00 Next edition: 7 Nov 2026, 07:00" in text
    assert "Every Friday at 16:00 EST First edition: 6 Nov 2026, 16:00" in text
    assert landing.xpath("//label[@for='letter-weekly']/@dir") == ["rtl"]
    assert landing.xpath("//div[@class='sheet']//h3/a/text()") == ["Day 9"]


def test_without_sign_up_the_page_lists_the_archives(archive: Room) -> None:
    declared = source("harbour", "https://harbour.example/feed") + DECLARED
    archive.declare(declared.replace("enabled = true", "enabled = false"))
    publish(archive, 10)
    landing = page(archive, "site/newsletters/index.html")
    assert landing.xpath("//main//form") == []
    assert landing.xpath("//main//h2/a/@href") == [
        "../../site/newsletters/daily/index.html",
        "../../site/newsletters/weekly/index.html",
    ]


def test_a_story_of_an_edition_leads_to_its_page_where_several_sources_cover_it(room: Room) -> None:
    declared = "".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills"))
    room.declare(declared + DECLARED, now=FIRST - DAY)
    for number, name in enumerate(("harbour", "hills"), start=1):
        room.add(new_article(number, published=FIRST - HOUR), source=name)
    with room.store.write() as connection:
        place(connection, 1)
        place(connection, 2, story_id=1)
        connection.execute(schema.stories.update().values(path="site/stories/snow-1.html"))
    add_edition(room, 0, "Snow")
    publish(room, 1)
    links = page(room, edition(0)).xpath("//article//p[@class='cover']/a/@href")
    assert links == ["../../../site/stories/snow-1.html"]


def test_the_page_for_missing_addresses_works_at_any_address(archive: Room) -> None:
    missing = page(archive, "404.html")
    links = missing.xpath("//main//a/@href") + missing.xpath("//link[@rel='stylesheet']/@href")
    assert links
    assert all(link.startswith("/site/") for link in links)
    assert missing.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_the_frame_of_server_pages_has_the_sections_the_newsletters_and_the_top(archive: Room) -> None:
    archive.add(new_article(1, section="Harbour"))
    with archive.store.write() as connection:
        place(connection, 1)
    frame = archive.services.publish.frame(FIRST + 10 * DAY)
    assert [view.name for view in frame.newsletters] == ["daily", "weekly"]
    assert "/site/sections/harbour/index.html" in str(frame.variables()["masthead"])


def test_the_former_frame_stays_while_the_store_cannot_be_read(
    archive: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = archive.services
    good, results = bare_frame(services.templates, services.publish_options), list[SiteFrame | None]()
    results += [good, None]

    def read(_: datetime) -> SiteFrame:
        found = results.pop(0)
        if found is None:
            raise StoreError("locked")
        return found

    monkeypatch.setattr(site_frame, "MAX_AGE", 0.0)
    cache = FrameCache(services.templates, services.publish_options, read)
    assert cache() is good
    assert cache() is good
    assert results == []
