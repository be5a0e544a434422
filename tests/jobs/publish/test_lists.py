"""Tags, sections and sources: one page and one feed for all spellings, and links that go both ways."""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from syndicate.model import NewArticle
from syndicate.publish.site_paths import list_feed, section_path, tag_path
from syndicate.store.core import old_rows
from syndicate.store.ingest import article_store
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

HARBOUR = source("harbour", "https://harbour.example/feed", section='"World News"')
HOUR = timedelta(hours=1)


def text(number: int) -> str:
    return " ".join(f"word{number * 100 + place}" for place in range(40))


def article(number: int, *tags: str, section: str = "") -> NewArticle:
    """An article unlike any other."""
    body = text(number)
    return new_article(
        number, title=f"Report {body[:30]}", text=body, html=f"<p>{body}</p>", tags=tags, section=section
    )


@pytest.fixture
def newsroom(room: Room) -> Room:
    room.declare(HARBOUR)
    return room


def publish(room: Room) -> None:
    room.services.stories.run(NOW)
    assert room.services.publish.run(NOW).failures == ()


def edit(room: Room, article_id: int, **changes: object) -> None:
    """Change an article as an edit by its publisher does."""
    with room.store.write() as connection:
        stored = article_store.get_articles(connection, [article_id])[article_id]
        body = article_store.get_bodies(connection, [article_id])[article_id]
        names = set(NewArticle.__dataclass_fields__) - {"html", "text"}
        facts = {name: getattr(stored, name) for name in names} | {"html": body.html, "text": body.text}
        changed = replace(NewArticle(**facts), content_hash=f"edited {changes}", **changes)  # type: ignore[arg-type]
        article_store.change_article(connection, article_id, stored.source_id, changed)


def links(folder: Path, path: str) -> list[str]:
    """The paths, inside the output folder, that a page links to."""
    found = []
    tree: Any = html.fromstring((folder / path).read_bytes())
    for href in tree.xpath("//@href | //@src"):
        parts = urlsplit(str(href))
        if not parts.scheme and parts.path:
            # The page for missing addresses has links from the root of the host.
            base = "" if parts.path.startswith("/") else posixpath.dirname(path)
            found.append(posixpath.normpath(posixpath.join(base, unquote(parts.path).lstrip("/"))))
    return found


def listed(room: Room, path: str) -> list[str]:
    """The articles that a listing shows, by the path of their page."""
    return [one for one in links(room.folder / "feeds", path) if one.startswith("site/articles/")]


def pages(room: Room) -> Iterator[str]:
    folder = room.folder / "feeds"
    for file in folder.rglob("*.html"):
        yield file.relative_to(folder).as_posix()


def assert_no_dead_link(room: Room) -> None:
    folder = room.folder / "feeds"
    dead = {
        (page, link) for page in pages(room) for link in links(folder, page) if not (folder / link).is_file()
    }
    assert dead == set()


def assert_tag_pages_and_articles_agree(room: Room) -> None:
    """Every article on the page of a tag links to that page, and the other way round."""
    folder = room.folder / "feeds"
    linked = {page: set(links(folder, page)) for page in pages(room)}
    for page, found in linked.items():
        for link in found:
            if page.startswith("site/tags/") and link.startswith("site/articles/"):
                assert page in linked[link]
            if page.startswith("site/articles/") and link.startswith("site/tags/"):
                assert page in linked[link]


@pytest.mark.all
def test_spellings_of_one_tag_share_a_page_and_its_name_is_the_commonest(newsroom: Room) -> None:
    spellings = ("open source", "Open-Source", "Open-Source", "OPEN_SOURCE")
    newsroom.add(*(article(number, tag) for number, tag in enumerate(spellings, start=1)))
    publish(newsroom)
    path = tag_path("open source")
    assert len(set(listed(newsroom, path))) == 4
    assert ">Open-Source</span></h1>" in (newsroom.folder / "feeds" / path).read_text("utf-8")
    assert [one for one in pages(newsroom) if one.startswith("site/tags/")] == [path]
    assert_tag_pages_and_articles_agree(newsroom)
    assert_no_dead_link(newsroom)


def test_the_front_page_names_tags_in_their_commonest_spelling(newsroom: Room) -> None:
    rows = [("ai", "Energy"), ("AI", "Energy"), ("AI", "Trade"), ("Ports", "Trade"), ("Ports", "Roads")]
    newsroom.add(*(article(number, *tags) for number, tags in enumerate([*rows, ("Roads",)], start=1)))
    publish(newsroom)
    front: Any = html.fromstring((newsroom.folder / "feeds/site/index.html").read_bytes())
    assert front.xpath("//nav[@class='strip']//a/text()") == ["AI", "Energy", "Ports", "Roads", "Trade"]


def test_a_channel_finds_a_tag_and_a_section_in_any_spelling(newsroom: Room) -> None:
    newsroom.declare(
        '[[channels]]\nname = "code"\nquery = "tag:OPEN_SOURCE"\n'
        '[[channels]]\nname = "world"\nquery = "section:world-news"\n' + HARBOUR
    )
    newsroom.add(
        article(1, "Open Source", section="World News"), article(2, "open-source", section="world  news")
    )
    publish(newsroom)
    for name in ("code", "world"):
        feed = json.loads((newsroom.folder / "feeds" / f"{name}.json").read_bytes())
        assert len(feed["items"]) == 2


def test_spellings_of_one_section_share_a_page(newsroom: Room) -> None:
    newsroom.add(article(1, section="World News"), article(2, section="world-news"))
    publish(newsroom)
    assert len(set(listed(newsroom, section_path("World News")))) == 2
    assert {PurePosixPath(one).parent for one in pages(newsroom) if one.startswith("site/sections/")} == {
        PurePosixPath(section_path("world news")).parent
    }
    assert_no_dead_link(newsroom)


def test_the_tags_of_a_section_leave_out_the_section_itself(newsroom: Room) -> None:
    newsroom.add(*(article(number, "world", "Floods", section="World") for number in range(1, 13)))
    publish(newsroom)
    page = (newsroom.folder / "feeds" / section_path("World")).read_text("utf-8")
    tags = page.partition('<ul class="tags">')[2].partition("</ul>")[0]
    assert re.findall(r'tags/([^"]+)"', tags) == ["floods/index.html"]


def test_an_articles_page_names_its_section_as_the_sections_page_does(newsroom: Room) -> None:
    newsroom.add(
        *(article(number, section="World News") for number in (1, 2)), article(3, section="world-news")
    )
    publish(newsroom)

    texts = [file.read_text("utf-8") for file in (newsroom.folder / "feeds/site/articles").rglob("*.html")]
    assert len(texts) == 3
    for page in texts:
        assert re.findall('class="crumb".*?<a [^>]*><bdi>(.*?)</bdi>', page) == ["World News"]
        assert "world-news</bdi>" not in page


@pytest.mark.all
def test_an_edit_that_drops_a_tag_takes_the_article_off_the_tags_page(newsroom: Room) -> None:
    ids = newsroom.add(*(article(number, "Tides") for number in (1, 2, 3)))
    publish(newsroom)
    edit(newsroom, ids[0], tags=("ferries",))
    publish(newsroom)
    assert len(set(listed(newsroom, tag_path("tides")))) == 2
    assert_tag_pages_and_articles_agree(newsroom)
    edit(newsroom, ids[1], tags=())
    publish(newsroom)
    assert not (newsroom.folder / "feeds" / tag_path("tides")).exists()
    assert not list((newsroom.folder / "feeds" / "tags").glob("*"))
    assert_no_dead_link(newsroom)


@pytest.mark.all
def test_publishing_between_an_edit_and_its_placing_leaves_nothing_out(newsroom: Room) -> None:
    ids = newsroom.add(*(article(number, "Tides") for number in (1, 2, 3)))
    publish(newsroom)
    edit(newsroom, ids[2], tags=("Tides", "Ferries"))
    newsroom.add(article(4, "Ferries"))
    newsroom.services.publish.run(NOW)
    publish(newsroom)
    assert len(set(listed(newsroom, tag_path("tides")))) == 3
    assert len(set(listed(newsroom, tag_path("ferries")))) == 2
    assert_tag_pages_and_articles_agree(newsroom)


@pytest.mark.all
def test_a_pruned_article_leaves_its_lists(newsroom: Room) -> None:
    old = replace(article(1, "Tides"), published=NOW - 400 * 24 * HOUR, first_seen=NOW - 400 * 24 * HOUR)
    newsroom.add(old, article(2, "Tides"), article(3, "Tides"))
    publish(newsroom)
    with newsroom.store.write() as connection:
        before = NOW - 365 * 24 * HOUR
        assert len(old_rows.prune_articles(connection, before=before, now=NOW, limit=10)) == 1
    publish(newsroom)
    assert len(set(listed(newsroom, tag_path("tides")))) == 2
    assert_no_dead_link(newsroom)
    edit(newsroom, 2, tags=())
    publish(newsroom)
    assert len(set(listed(newsroom, tag_path("tides")))) == 1
    assert_no_dead_link(newsroom)


@pytest.mark.all
def test_a_tag_of_copies_only_has_no_page_and_no_link(newsroom: Room) -> None:
    newsroom.declare(HARBOUR + source("hills", "https://hills.example/feed"))
    original, copy = (
        article(1),
        replace(article(1, "Tides"), uid="copy", entry_key="copy", path="site/articles/c.html"),
    )
    newsroom.add(original)
    newsroom.add(
        copy, replace(copy, uid="third", entry_key="third", path="site/articles/d.html"), source="hills"
    )
    publish(newsroom)
    assert_no_dead_link(newsroom)
    assert_tag_pages_and_articles_agree(newsroom)


@pytest.mark.all
def test_a_section_that_loses_its_articles_keeps_an_empty_page(newsroom: Room) -> None:
    (moved, *_) = newsroom.add(article(1, section="Sport"), article(2, section="World"))
    publish(newsroom)
    edit(newsroom, moved, section="World")
    publish(newsroom)
    assert listed(newsroom, section_path("Sport")) == []
    assert len(set(listed(newsroom, section_path("World")))) == 2
    assert_no_dead_link(newsroom)


def test_tags_sections_and_sources_have_feeds_of_their_own(newsroom: Room) -> None:
    newsroom.add(*(article(number, "Tides", section="Sport") for number in range(1, 11)))
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    for kind, name in (("tags", "tides"), ("sections", "Sport"), ("sources", "harbour")):
        path = list_feed(kind, name)
        feed = json.loads((folder / f"{path}.json").read_bytes())
        assert len(feed["items"]) == 10
        assert (folder / f"{path}.rss").is_file()
        assert (folder / f"{path}.atom").is_file()
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    publish(newsroom)
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()} == before


@pytest.mark.all
def test_without_automatic_channels_there_are_no_such_feeds(newsroom: Room) -> None:
    newsroom.add(*(article(number, "Tides", section="Sport") for number in range(1, 11)))
    publish(newsroom)
    newsroom.declare('[[channels]]\nname = "news"\n' + HARBOUR, base="[site]\nautomatic_channels = false\n")
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    assert not [kind for kind in ("tags", "sections", "sources") if (folder / kind).exists()]
    assert_no_dead_link(newsroom)
