"""Files of the site as a whole are built once, and again only after a change of what they show."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from syndicate.store.core import old_rows
from syndicate.store.ingest import source_store
from syndicate.store.output import site_rows, stale
from tests.factories import NOW
from tests.jobs.publish.test_lists import article, edit
from tests.jobs.room import SITE, Room, source

OWN = '[[channels]]\nname = "news"\n' + source("harbour", "https://harbour.example/feed", own="true")
OTHERS = source("hills", "https://hills.example/feed")
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def newsroom(room: Room) -> Room:
    room.declare(OWN + OTHERS)
    return room


def publish(room: Room, now: datetime = NOW) -> set[str]:
    """Place and publish; return the written pages."""
    room.services.stories.run(NOW)
    result = room.services.publish.run(now)
    assert result.failures == ()
    return set(result.pages)


def locations(room: Room, path: str) -> list[str]:
    """The addresses that a sitemap names, as paths in the output folder."""
    document = ElementTree.parse(room.folder / "feeds" / path)
    found = [str(element.text) for element in document.iterfind(".//s:loc", NAMES)]
    assert all(url.startswith(f"{SITE}/") for url in found)
    return [url.removeprefix(f"{SITE}/") for url in found]


def all_locations(room: Room) -> list[str]:
    return [path for part in locations(room, "sitemap.xml") for path in locations(room, part)]


def test_the_sitemap_names_own_articles_of_any_age_and_lists_and_each_is_a_file(newsroom: Room) -> None:
    newsroom.add(article(1, section="Sea"), article(2))
    newsroom.add(article(3), source="hills")
    publish(newsroom, NOW + timedelta(days=90))
    named = all_locations(newsroom)
    assert {article(1).path, article(2).path, "site/index.html", "site/feeds.html", "site/about.html"} <= set(
        named
    )
    assert "site/sections/sea/index.html" in named
    assert article(3).path not in named
    assert len(named) == len(set(named))
    for path in named:
        assert (newsroom.folder / "feeds" / path).is_file(), path


def test_days_and_months_are_in_the_sitemap_of_their_year_as_long_as_they_have_pages(newsroom: Room) -> None:
    then = NOW - timedelta(days=400)
    newsroom.add(article(1), replace(article(2), published=then, first_seen=then))
    publish(newsroom)
    assert locations(newsroom, "site/sitemap-days-2025.xml") == [
        "site/days/2025/10/20.html", "site/days/2025/10/index.html"
    ]  # fmt: skip
    assert locations(newsroom, "site/sitemap-days-2026.xml") == [
        "site/days/2026/11/24.html", "site/days/2026/11/index.html"
    ]  # fmt: skip
    assert "site/days/index.html" in locations(newsroom, "site/sitemap-pages.xml")
    with newsroom.store.write() as connection:
        old_rows.prune_articles(connection, before=NOW - timedelta(days=365), now=NOW, limit=10)
    publish(newsroom)
    assert not (newsroom.folder / "feeds/site/sitemap-days-2025.xml").exists()
    assert "site/sitemap-days-2025.xml" not in locations(newsroom, "sitemap.xml")


@pytest.mark.all
def test_a_new_article_of_our_own_rewrites_one_part_and_others_rewrite_none(
    newsroom: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stale, site_rows):
        monkeypatch.setattr(module, "SITEMAP_BLOCK", 2)
    newsroom.add(*(article(number) for number in range(1, 5)))
    publish(newsroom)
    newsroom.add(article(5))
    assert [path for path in publish(newsroom) if "sitemap" in path] == ["site/sitemap-articles-2.xml"]
    before = locations(newsroom, "sitemap.xml")
    newsroom.add(article(6), source="hills")
    assert not [path for path in publish(newsroom) if "sitemap" in path]
    assert locations(newsroom, "sitemap.xml") == before
    assert publish(newsroom) == set()


@pytest.mark.all
def test_a_folder_kept_up_to_date_has_the_sitemap_of_a_folder_built_afresh(newsroom: Room) -> None:
    old = replace(article(3), first_seen=NOW - timedelta(days=9), published=NOW - timedelta(days=9))
    first, *_ = newsroom.add(article(1), article(2), old)
    publish(newsroom)
    later = NOW + timedelta(hours=2)
    edit(newsroom, first, updated=later, title="Corrected")
    publish(newsroom)
    with newsroom.store.write() as connection:
        old_rows.prune_articles(connection, before=NOW - timedelta(days=8), now=NOW, limit=10)
    publish(newsroom)
    kept = _sitemaps(newsroom.folder / "feeds")
    assert b"2026-11-24T11:00:00Z" in kept["site/sitemap-articles-0.xml"]
    assert article(3).path not in all_locations(newsroom)
    newsroom.services.publish.forget()
    publish(newsroom)
    assert _sitemaps(newsroom.folder / "feeds") == kept


def _sitemaps(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("sitemap*.xml")}


def test_articles_of_a_source_that_is_no_longer_own_leave_the_sitemap(newsroom: Room) -> None:
    newsroom.add(article(1))
    publish(newsroom)
    assert article(1).path in all_locations(newsroom)
    newsroom.declare('[[channels]]\nname = "news"\n' + source("harbour", "https://harbour.example/feed"))
    publish(newsroom)
    with newsroom.store.read() as connection:
        assert not any(one.own for one in source_store.list_sources(connection))
    assert article(1).path not in all_locations(newsroom)


@pytest.mark.all
def test_marks_of_the_sitemap_stay_until_it_is_written(newsroom: Room) -> None:
    newsroom.add(article(1))
    newsroom.services.stories.run(NOW)
    template = newsroom.folder / "mine/pages/feeds.html"
    template.parent.mkdir(parents=True)
    template.write_text("{{ broken", "utf-8")
    newsroom.declare(OWN + OTHERS + '[templates]\nfolder = "mine"\n')
    result = newsroom.services.publish.run(NOW)
    assert ["pages/feeds.html" in failure for failure in result.failures] == [True]
    assert article(1).path in result.pages
    assert "sitemap.xml" not in result.pages
    newsroom.declare(OWN + OTHERS)
    assert "sitemap.xml" in publish(newsroom)
    assert article(1).path in all_locations(newsroom)


def test_documents_follow_the_settings(newsroom: Room) -> None:
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    assert b"Sitemap: https://news.example/sitemap.xml" in (folder / "robots.txt").read_bytes()
    assert (folder / "favicon.ico").read_bytes()[:4] == b"\0\0\1\0"
    assert not (folder / ".well-known").exists()
    base = f'[site]\nurl = "{SITE}"\ntitle = "The Newsroom"\ncontact = "desk@news.example"\n'
    newsroom.declare(OWN, base=base)
    assert {".well-known/security.txt", "site/about.html"} <= publish(newsroom)
    assert "mailto:desk@news.example" in (folder / ".well-known/security.txt").read_text()
    newsroom.declare(OWN)
    publish(newsroom)
    assert not (folder / ".well-known/security.txt").exists()


def test_the_directory_counts_the_articles_of_a_week(newsroom: Room) -> None:
    newsroom.add(article(1, section="Sea"), article(2, section="Sea"))
    publish(newsroom)
    page = newsroom.folder / "feeds/site/feeds.html"
    assert "2 articles in 7 days" in page.read_text("utf-8")
    publish(newsroom, NOW + timedelta(days=8))
    assert "0 articles in 7 days" in page.read_text("utf-8")
