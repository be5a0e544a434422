"""Long lists, days and the archive: stable pages, few files for a new article, and every page in reach."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from lxml import html

from syndicate.model import NewArticle, undated_key
from syndicate.publish.lists.list_page import latest_path
from syndicate.publish.site_paths import (
    ARCHIVE_PATH,
    FRONT_PATH,
    LATEST_PATH,
    SOURCES_PATH,
    UNDATED_PATH,
    author_path,
    day_path,
    list_page,
    month_path,
    section_path,
    source_path,
    tag_path,
)
from syndicate.store.core import old_rows
from tests.factories import NOW
from tests.jobs.publish.test_lists import article, edit, links, listed
from tests.jobs.room import BASE, Room, source

HOUR = timedelta(hours=1)
SPORT = section_path("Sport")


def report(number: int, *tags: str, hours: float | None = None, **changes: object) -> NewArticle:
    """An article of the section Sport that is so many hours old, ``number`` if not said."""
    at = NOW - (number if hours is None else hours) * HOUR
    facts = {
        "published": at,
        "updated": at,
        "first_seen": at,
        "path": f"site/articles/{at:%Y/%m}/{number}.html",
    }
    return replace(article(number, *tags, section="Sport"), **facts | changes)  # type: ignore[arg-type]


@pytest.fixture
def newsroom(room: Room) -> Room:
    room.declare(source("harbour", "https://harbour.example/feed"))
    return room


def parsed(room: Room, path: str) -> Any:
    return html.fromstring((room.services.output / path).read_bytes())


def publish(room: Room) -> tuple[str, ...]:
    """Publish everything; return the pages that changed."""
    room.services.stories.run(NOW)
    result = room.services.publish.run(NOW)
    assert result.failures == ()
    return result.pages


def pages_of(room: Room, first: str) -> list[str]:
    """The pages of a list by the names of their files."""
    folder = (room.folder / "feeds" / first).parent
    return sorted(file.name for file in folder.glob("*.html"))


def numbers(paths: Sequence[str]) -> list[int]:
    """The numbers of articles, from the paths of their pages."""
    return [int(PurePosixPath(path).stem) for path in dict.fromkeys(paths)]


def test_a_long_list_has_pages_counted_from_the_oldest(newsroom: Room) -> None:
    newsroom.add(*(report(number) for number in range(1, 96)))
    publish(newsroom)
    for first in (SPORT, source_path("harbour")):
        assert numbers(listed(newsroom, list_page(first, 1))) == list(range(66, 96))
        assert numbers(listed(newsroom, list_page(first, 2))) == list(range(36, 66))
        assert list_page(first, 2) in links(newsroom.folder / "feeds", first)
        assert list_page(first, 1) in links(newsroom.folder / "feeds", list_page(first, 2))
        assert first in links(newsroom.folder / "feeds", list_page(first, 1))


@pytest.mark.all
def test_a_new_article_changes_one_page_of_a_list_and_a_late_article_also_the_page_of_its_date(
    newsroom: Room,
) -> None:
    newsroom.add(*(report(number) for number in range(1, 96)))
    publish(newsroom)
    folder = str(PurePosixPath(SPORT).parent) + "/"
    newsroom.add(report(100, hours=0.5))
    changed = [page for page in publish(newsroom) if page.startswith(folder)]
    assert sorted(changed) == [SPORT, f"{folder}latest.html"]
    newsroom.add(report(101, hours=80.5))
    changed = [page for page in publish(newsroom) if page.startswith(f"{folder}page")]
    assert changed == [list_page(SPORT, 1)]
    assert len(numbers(listed(newsroom, list_page(SPORT, 1)))) == 31


@pytest.mark.all
def test_a_page_whose_articles_are_pruned_ends_and_no_page_links_to_it(newsroom: Room) -> None:
    newsroom.add(*(report(number) for number in range(1, 96)))
    publish(newsroom)
    with newsroom.store.write() as connection:
        before = NOW - 65.5 * HOUR
        assert len(old_rows.prune_articles(connection, before=before, now=NOW, limit=100)) == 30
    publish(newsroom)
    assert "page-1.html" not in pages_of(newsroom, SPORT)
    assert_every_link_is_a_file(newsroom)


@pytest.mark.all
def test_an_article_that_moves_to_another_section_leaves_its_page(newsroom: Room) -> None:
    ids = newsroom.add(*(report(number) for number in range(1, 96)))
    publish(newsroom)
    edit(newsroom, ids[79], section="World")
    publish(newsroom)
    assert 80 not in numbers(listed(newsroom, list_page(SPORT, 1)))
    assert numbers(listed(newsroom, section_path("World"))) == [80]


def test_authors_have_pages_from_two_texts_on_and_articles_link_to_them(newsroom: Room) -> None:
    newsroom.add(
        *(report(number, authors=("Ada Moor",)) for number in (1, 2)), report(3, authors=("Bo Reed",))
    )
    publish(newsroom)
    assert numbers(listed(newsroom, author_path("ada moor"))) == [1, 2]
    assert not (newsroom.folder / "feeds" / author_path("Bo Reed")).exists()
    page = next(path for path in listed(newsroom, SPORT) if path.endswith("/1.html"))
    assert author_path("Ada Moor") in links(newsroom.folder / "feeds", page)


def test_the_page_of_an_author_counts_the_articles_that_it_shows(newsroom: Room) -> None:
    newsroom.add(*(report(number, hours=200 * number, authors=("Ada Moor",)) for number in range(1, 13)))
    publish(newsroom)
    (counts,) = parsed(newsroom, author_path("ada moor")).xpath("//p[@class='counts']")
    assert counts.text_content().startswith("12 articles from 1 source")


def test_a_day_lists_its_articles_with_links_to_the_days_before_and_after(newsroom: Room) -> None:
    newsroom.add(report(1), report(2), report(30), report(24 * 40))
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    today, yesterday, earlier = (day_path((NOW - hours * HOUR).date()) for hours in (1, 30, 24 * 40))
    assert numbers(listed(newsroom, today)) == [1, 2]
    assert {today, earlier} <= set(links(folder, yesterday))
    assert {month_path(NOW.date()), ARCHIVE_PATH} <= set(links(folder, today))
    assert {today, yesterday} <= set(links(folder, month_path(NOW.date())))
    months = [month_path((NOW - hours * HOUR).date()) for hours in (1, 24 * 40)]
    assert [link for link in links(folder, ARCHIVE_PATH) if link in months] == months


def test_a_day_and_its_month_count_a_text_once(newsroom: Room) -> None:
    newsroom.declare(
        source("harbour", "https://harbour.example/feed") + source("hills", "https://hills.example")
    )
    newsroom.add(original := report(1), report(2))
    copy = replace(original, uid="copy", entry_key="copy", path="site/articles/copy.html")
    newsroom.add(copy, source="hills")
    publish(newsroom)
    day, month = (parsed(newsroom, path) for path in (day_path(NOW.date()), month_path(NOW.date())))
    assert [text.text_content() for text in day.xpath("//p[@class='counts']")] == [
        "2 articles from 2 sources, in 2 stories"
    ]
    assert [text.text_content() for text in month.xpath("//ol//span[@class='counts']")] == ["2 articles"]


def test_the_page_of_a_month_that_could_not_be_written_is_written_by_the_next_run(newsroom: Room) -> None:
    newsroom.add(report(1))
    page = newsroom.services.output / month_path(NOW.date())
    page.mkdir(parents=True)
    newsroom.services.stories.run(NOW)
    assert month_path(NOW.date()) in "".join(newsroom.services.publish.run(NOW).failures)
    page.rmdir()
    assert month_path(NOW.date()) in publish(newsroom)


def test_a_new_month_is_written_beside_a_month_that_cannot_be_written(newsroom: Room) -> None:
    newsroom.add(report(24 * 40))
    publish(newsroom)
    old, new = month_path((NOW - 24 * 40 * HOUR).date()), month_path(NOW.date())
    page = newsroom.services.output / old
    page.unlink()
    page.mkdir()
    newsroom.add(report(1))
    newsroom.services.stories.run(NOW)
    result = newsroom.services.publish.run(NOW)
    assert old in "".join(result.failures)
    assert new in result.pages
    page.rmdir()
    assert old in publish(newsroom)
    assert new in links(newsroom.folder / "feeds", old)
    assert publish(newsroom) == ()


def test_the_title_of_a_section_in_lower_case_begins_with_a_capital(newsroom: Room) -> None:
    newsroom.add(replace(report(1), section="sport"))
    publish(newsroom)
    for path, title in ((SPORT, "Sport ·"), (latest_path("Sport"), "Latest: Sport ·")):
        page = parsed(newsroom, path)
        assert page.findtext("head/title").startswith(title)
        assert page.xpath("//span[@class='section-name']/text()")[0] == "sport"


def test_a_day_and_a_month_without_articles_have_no_page(newsroom: Room) -> None:
    newsroom.add(report(1), report(24 * 40))
    publish(newsroom)
    with newsroom.store.write() as connection:
        old_rows.prune_articles(connection, before=NOW - 24 * HOUR, now=NOW, limit=10)
    publish(newsroom)
    gone = (NOW - 24 * 40 * HOUR).date()
    assert not (newsroom.folder / "feeds" / day_path(gone)).exists()
    assert not (newsroom.folder / "feeds" / month_path(gone)).exists()
    assert_every_link_is_a_file(newsroom)


@pytest.mark.all
def test_latest_shows_two_days_and_at_least_the_newest_hundred(newsroom: Room) -> None:
    newsroom.add(*(report(number, hours=24 * number) for number in range(1, 111)))
    publish(newsroom)
    assert numbers(listed(newsroom, LATEST_PATH)) == list(range(1, 101))


def test_pages_at_former_addresses_lead_to_the_present_ones_and_end_with_them(newsroom: Room) -> None:
    former = newsroom.folder / "feeds/site/tags/tides.html"
    former.parent.mkdir(parents=True)
    former.write_text("an earlier version wrote this", "utf-8")
    first, _ = newsroom.add(*(report(number, "Tides") for number in (1, 2)))
    publish(newsroom)
    assert 'url=tides/index.html"' in former.read_text("utf-8")
    assert not (newsroom.folder / "feeds/site/sections/sport.html").exists()
    edit(newsroom, first, tags=())
    publish(newsroom)
    assert not former.exists()


def reachable(room: Room) -> Iterator[str]:
    """Yield the pages that a chain of links from the front page reaches."""
    folder = room.folder / "feeds"
    waiting, reached = [FRONT_PATH], set()
    while waiting:
        path = waiting.pop()
        if path.endswith(".html") and path not in reached and (folder / path).is_file():
            reached.add(path)
            yield path
            waiting += links(folder, path)


def assert_every_link_is_a_file(room: Room) -> None:
    folder = room.folder / "feeds"
    for path in reachable(room):
        for link in links(folder, path):
            assert (folder / link).is_file(), f"{path} links to {link}"


@pytest.mark.all
def test_links_lead_from_the_front_page_to_every_page_and_each_leads_to_a_file(newsroom: Room) -> None:
    private = '[[sources]]\nname = "private"\nurl = "https://hills.example/feed?key=secret"\nprivate = true\n'
    newsroom.declare(source("harbour", "https://harbour.example/feed") + private)
    undated = replace(
        report(300), published=undated_key(NOW), updated=undated_key(NOW), title="No date", first_seen=NOW
    )
    plain = [report(number, section="", tags=()) for number in range(200, 220)]
    arabic = report(301, language="ar", direction="rtl", title="فيضان في الشمال")
    newsroom.add(*(report(number, "Tides", f"tag {number // 3}") for number in range(1, 130)))
    newsroom.add(undated, arabic, *plain, source="private")
    newsroom.add(replace(report(1), uid="copy", entry_key="copy", path="site/articles/copy.html"))
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    every = {
        Path(root, name).relative_to(folder).as_posix()
        for root, _, names in os.walk(folder / "site")
        for name in names
        if name.endswith(".html")
    }
    assert every - set(reachable(newsroom)) == set()
    assert {UNDATED_PATH, SOURCES_PATH, LATEST_PATH, tag_path("tides")} <= every
    assert_every_link_is_a_file(newsroom)
    assert not any("secret" in (folder / path).read_text("utf-8") for path in every)


def test_a_day_links_to_the_next_even_if_the_run_stops_between_their_months(newsroom: Room) -> None:
    newsroom.add(report(1, hours=24 * 60))
    publish(newsroom)
    newsroom.add(report(2, hours=1))
    newsroom.services.stories.run(NOW)
    output = newsroom.services.output
    newsroom.services.publish.run(NOW, should_stop=(output / month_path(NOW.date())).exists)
    publish(newsroom)
    day = day_path((NOW - 60 * 24 * HOUR).date())
    assert day_path(NOW.date()) in links(newsroom.services.output, day)


def test_a_page_links_to_a_new_list_even_if_the_job_is_killed_after_writing_the_list(newsroom: Room) -> None:
    newsroom.add(report(1, "harbour"))
    publish(newsroom)
    newsroom.add(report(2, "harbour"))
    newsroom.services.stories.run(NOW)
    new = newsroom.services.output / tag_path("harbour")

    def killed() -> bool:
        if new.exists():
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        newsroom.services.publish.run(NOW, should_stop=killed)
    publish(newsroom)
    assert tag_path("harbour") in links(newsroom.services.output, report(1).path)


def test_days_follow_the_time_zone_of_the_site(newsroom: Room) -> None:
    newsroom.add(report(1, hours=24 * 3 + 9.5), report(2, hours=24 * 3 + 11))
    publish(newsroom)
    before, after = (newsroom.folder / "feeds" / day_path((NOW - days * 24 * HOUR).date()) for days in (4, 3))
    assert before.exists()
    assert not after.exists()
    zone = BASE.replace("[site]", '[site]\ntime_zone = "Asia/Tokyo"')
    newsroom.declare(source("harbour", "https://harbour.example/feed"), base=zone)
    publish(newsroom)
    assert not before.exists()
    assert after.exists()
