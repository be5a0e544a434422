"""Channels page backwards (RFC 5005), and removed or renamed channels leave nothing behind."""

import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.model import NewArticle
from syndicate.opml import read_opml
from syndicate.store.output import stale
from tests.examples import examples
from tests.factories import NOW
from tests.jobs.publish.test_lists import article, edit, publish
from tests.jobs.room import SITE, Room, opened_room, source

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
HARBOUR = source("harbour", "https://harbour.example/feed", section='"World News"')
HILLS = source("hills", "https://hills.example/feed", section='"sport"')
LIMIT = 4


def channel(name: str = "news", **more: str) -> str:
    lines = [f'name = "{name}"', f"limit = {LIMIT}", *(f"{key} = {value}" for key, value in more.items())]
    return "[[channels]]\n" + "\n".join(lines) + "\n"


@pytest.fixture
def newsroom(room: Room) -> Room:
    room.declare(channel() + HARBOUR)
    return room


def arrive(room: Room, *numbers: int, **changes: Any) -> list[int]:
    """Articles, the later number the newer."""
    return room.add(*(replace(article(number), **times(number), **changes) for number in numbers))


def times(number: int) -> dict[str, Any]:
    moment = NOW.replace(hour=0, minute=number)
    return {"published": moment, "updated": moment, "first_seen": moment}


def feed(room: Room, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((room.folder / "feeds" / f"{name}.json").read_bytes())
    return found


def titles(document: dict[str, Any]) -> list[str]:
    return [item["title"] for item in document["items"]]


def backwards(room: Room, name: str = "news") -> list[dict[str, Any]]:
    """The channel and its archive pages, as a reader that follows ``next_url`` gets them."""
    found = [feed(room, name)]
    while url := found[-1].get("next_url"):
        found.append(feed(room, url.removeprefix(f"{SITE}/").removesuffix(".json")))
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.all
def test_a_reader_that_pages_backwards_gets_every_article(newsroom: Room) -> None:
    for start in range(1, 15, 3):
        arrive(newsroom, *range(start, start + 3))
        publish(newsroom)
    pages = backwards(newsroom)
    found = {item["id"] for page in pages for item in page["items"]}
    assert len(found) == 15
    assert [len(page["items"]) for page in pages] == [LIMIT] * 4
    assert titles(pages[-1]) == [f"Report {article(n).text[:30]}" for n in (4, 3, 2, 1)]


NUMBERS = st.lists(st.integers(1, 50), min_size=1, max_size=14, unique=True)
# Numbers that arrive together, in the order of the feed; the texts of how many are long; how many are pruned.
ARRIVALS = st.lists(st.tuples(NUMBERS, st.sampled_from([0, 0, 3]), st.integers(0, 3)), min_size=1, max_size=4)


@settings(max_examples=examples(100), suppress_health_check=list(HealthCheck))
@given(arrivals=ARRIVALS, limit=st.integers(1, 6))
def test_every_article_is_reached_from_the_feed(
    arrivals: list[tuple[list[int], int, int]], limit: int
) -> None:
    with TemporaryDirectory() as folder, opened_room(Path(folder)) as room:
        declared = channel().replace(f"limit = {LIMIT}", f"limit = {limit}")
        sources = HARBOUR.replace("[[sources]]", "[[sources]]\nrepublish = 'full'")
        room.declare(declared + sources)
        seen: set[int] = set()
        for numbers, long, edits in arrivals:
            new = [number for number in numbers if number not in seen]
            seen.update(new)
            long_texts = [long_text(number) for number in new[:long]]
            ids = room.add(*long_texts, *(replace(article(number), **times(number)) for number in new[long:]))
            for number in ids[:edits]:
                edit(room, number, title=f"Corrected {number}")
            publish(room)
            for form in ("rss", "atom", "json"):
                assert reached(room, "news", form) == {article(number).uid for number in seen}
        room.declare(declared.replace('"news"', '"other"') + 'moved_from = ["news"]\n' + sources)
        publish(room)
        assert reached(room, "other", "atom") == {article(number).uid for number in seen}


def long_text(number: int) -> NewArticle:
    """An article of which two fill a feed."""
    words = " ".join(f"wave{number}x{word}" for word in range(15_000))
    return replace(article(number), **times(number), html=f"<p>{words}</p>", text=words)


def reached(room: Room, name: str, form: str) -> set[str]:
    """The public ids in a feed and the pages of its archive, as a reader that follows its links gets them."""
    found: set[str] = set()
    while name:
        data = (room.folder / "feeds" / f"{name}.{form}").read_bytes()
        found.update(match.decode() for match in re.findall(rb"urn:uuid:([^<\"]+)", data))
        xml = None if form == "json" else ElementTree.fromstring(data)
        url = link(xml, "prev-archive") if xml is not None else json.loads(data).get("next_url", "")
        name = url.removeprefix(f"{SITE}/").removesuffix(f".{form}")
    return found


def test_a_full_archive_page_never_changes_when_more_arrives(newsroom: Room) -> None:
    arrive(newsroom, *range(1, 10))
    publish(newsroom)
    folder = newsroom.folder / "feeds" / "news" / "archive"
    before = files(folder)
    assert set(before) == {f"{number}.{form}" for number in (1, 2) for form in ("rss", "atom", "json")}
    arrive(newsroom, *range(10, 14))
    publish(newsroom)
    assert {name: data for name, data in files(folder).items() if name in before} == before
    assert "3.rss" in files(folder)


def test_archive_pages_keep_every_article_when_the_channel_is_made_shorter(room: Room) -> None:
    room.declare(channel() + HARBOUR)
    arrive(room, *range(1, 10))
    publish(room)
    room.declare(channel().replace(f"limit = {LIMIT}", "limit = 2") + HARBOUR)
    publish(room)
    assert len({item["id"] for page in backwards(room) for item in page["items"]}) == 9


def test_an_archive_page_that_is_full_has_room_for_an_article_that_moves_in(room: Room) -> None:
    room.declare(channel(query='"section:sport"') + HARBOUR)
    room.add(replace(article(20), section="world"))
    arrive(room, *range(1, 10), section="sport")
    publish(room)
    edit(room, 1, section="sport")
    publish(room)
    assert len({item["id"] for page in backwards(room) for item in page["items"]}) == 10


def test_xml_documents_name_their_neighbours_in_the_archive(newsroom: Room) -> None:
    arrive(newsroom, *range(1, 10))
    publish(newsroom)
    folder = newsroom.folder / "feeds"
    for form in ("rss", "atom"):
        current = ElementTree.fromstring((folder / f"news.{form}").read_bytes())
        assert link(current, "prev-archive") == f"{SITE}/news/archive/2.{form}"
        assert next(current.iter(ARCHIVE), None) is None
        page = ElementTree.fromstring((folder / f"news/archive/2.{form}").read_bytes())
        assert link(page, "prev-archive") == f"{SITE}/news/archive/1.{form}"
        assert link(page, "current") == f"{SITE}/news.{form}"
        assert link(page, "self") == f"{SITE}/news/archive/2.{form}"
        assert next(page.iter(ARCHIVE), None) is not None
        if form == "atom":
            assert page.findtext(f"{ATOM}id") == current.findtext(f"{ATOM}id")
        oldest = ElementTree.fromstring((folder / f"news/archive/1.{form}").read_bytes())
        assert link(oldest, "prev-archive") == ""


def link(document: ElementTree.Element, rel: str) -> str:
    return next((one.get("href", "") for one in document.iter(f"{ATOM}link") if one.get("rel") == rel), "")


def test_an_edited_article_is_corrected_in_its_archive_page_and_only_there(newsroom: Room) -> None:
    ids = arrive(newsroom, *range(1, 14))
    publish(newsroom)
    before = files(newsroom.folder / "feeds" / "news")
    edit(newsroom, ids[0], title="Corrected")
    publish(newsroom)
    after = files(newsroom.folder / "feeds" / "news")
    assert {name for name in after if after[name] != before.get(name)} == {
        f"archive/1.{form}" for form in ("rss", "atom", "json")
    }
    assert "Corrected" in titles(feed(newsroom, "news/archive/1"))


@pytest.mark.parametrize("is_published_between", [False, True])
def test_an_archive_page_shows_the_copy_of_a_text_when_the_original_changes(
    room: Room, is_published_between: bool
) -> None:
    room.declare(channel() + HARBOUR + HILLS)
    original, copy = article(1), replace(article(2), title=article(1).title, text=article(1).text)
    room.add(replace(copy, html=original.html, **times(2)), source="hills")
    arrive(room, *range(3, 10))
    (first,) = room.add(replace(original, **times(1)))
    arrive(room, *range(10, 14))
    publish(room)
    assert copy.uid not in reached(room, "news", "json")
    edit(room, first, text=article(40).text, html=article(40).html)
    if is_published_between:
        assert room.services.publish.run(NOW).failures == ()
    publish(room)
    assert copy.uid in reached(room, "news", "json")


def test_an_archive_page_hides_an_article_when_an_earlier_one_of_its_text_arrives(room: Room) -> None:
    room.declare(channel() + HARBOUR + HILLS)
    original, copy = article(1), replace(article(2), title=article(1).title, text=article(1).text)
    room.add(replace(copy, html=original.html, **times(2)), source="hills")
    arrive(room, *range(3, 14))
    publish(room)
    assert copy.uid in reached(room, "news", "json")
    room.add(replace(original, **times(1)))
    publish(room)
    assert reached(room, "news", "json") == {article(number).uid for number in (1, *range(3, 14))}


@pytest.mark.all
def test_long_texts_make_shorter_pages_and_none_is_cut(newsroom: Room) -> None:
    declared = channel().replace(f"limit = {LIMIT}", "limit = 20")
    newsroom.declare(declared + HARBOUR.replace("[[sources]]", "[[sources]]\nrepublish = 'full'"))
    text = "<p>" + "wave " * 12_000 + "</p>"
    for start in range(1, 13):
        arrive(newsroom, start, html=text)
        publish(newsroom)
    assert len(feed(newsroom, "news")["items"]) < 12
    items = {item["id"]: item for page in backwards(newsroom) for item in page["items"]}
    assert len(items) == 12
    assert all("wave" in item["content_html"] for item in items.values())


def test_a_channel_lists_the_sources_it_can_hold(room: Room) -> None:
    room.declare(channel("world", query='"section:world-news"') + channel("all") + HARBOUR + HILLS)
    arrive(room, 1)
    publish(room)
    folder = room.folder / "feeds"
    found = {name: read_opml((folder / name / "sources.opml").read_bytes()) for name in ("world", "all")}
    assert [one.title for one in found["world"].outlines] == ["harbour"]
    assert [one.title for one in found["all"].outlines] == ["harbour", "hills"]


def test_a_removed_channel_leaves_no_file_and_no_page_is_written_again(room: Room) -> None:
    room.declare(channel() + channel("extra") + HARBOUR)
    arrive(room, *range(1, 10))
    publish(room)
    room.declare(channel() + HARBOUR)
    assert room.services.gone_channels == {"extra"}
    result = room.services.publish.run(NOW)
    lists = {"site/index.html", "site/sections/world-news.html"}
    assert set(result.pages) <= lists | {"site/feeds.html", "feeds.opml"}
    assert not [name for name in files(room.folder / "feeds") if name.startswith("extra")]
    assert room.services.publish.run(NOW).pages == ()
    room.services.publish.forget()
    with room.store.read() as connection:
        assert stale.published_channels(connection) == {"news", "extra"}
    assert room.services.gone_channels == {"extra"}


def test_a_renamed_channel_keeps_its_archive(room: Room) -> None:
    room.declare(channel("old") + HARBOUR)
    arrive(room, *range(1, 10))
    publish(room)
    before = [titles(page) for page in backwards(room, "old")]
    room.declare(channel("new", moved_from='["old"]') + HARBOUR)
    publish(room)
    assert [titles(page) for page in backwards(room, "new")] == before
    assert not (room.folder / "feeds" / "old").exists()
    assert room.services.moved_channels == {"old": "new"}
    assert room.services.gone_channels == frozenset()


@pytest.mark.all
def test_an_archive_begins_again_when_the_query_of_its_channel_changes(room: Room) -> None:
    room.declare(channel(query='"section:sport"') + HARBOUR + HILLS)
    arrive(room, *range(1, 8), section="world")
    arrive(room, *range(8, 15), section="sport")
    publish(room)
    assert len({item["id"] for page in backwards(room) for item in page["items"]}) == 7
    room.declare(channel() + HARBOUR + HILLS)
    publish(room)
    assert len({item["id"] for page in backwards(room) for item in page["items"]}) == 14
    room.declare(channel(query='"section:world"') + HARBOUR + HILLS)
    publish(room)
    folder = room.folder / "feeds" / "news" / "archive"
    assert len({item["id"] for page in backwards(room) for item in page["items"]}) == 7
    assert {name.partition(".")[0] for name in files(folder)} == {"1"}


def test_a_channel_of_a_section_changes_only_the_pages_of_that_section(room: Room) -> None:
    room.declare(channel() + HARBOUR)
    room.add(article(1, section="World"), article(2, section="Sport"))
    publish(room)
    room.declare(channel() + channel("sport", query='"section:sport"') + HARBOUR)
    written = set(room.services.publish.run(NOW).pages)
    assert [one for one in written if one.startswith("site/articles/")] == [
        "site/articles/2026/11/title-2.html"
    ]


def test_a_source_that_allows_less_is_shown_less_everywhere(newsroom: Room) -> None:
    arrive(newsroom, *range(1, 10), summary="A telling summary.")
    publish(newsroom)
    newsroom.declare(channel() + HARBOUR.replace("[[sources]]", "[[sources]]\nrepublish = 'none'"))
    publish(newsroom)
    told = [name for name, data in files(newsroom.folder / "feeds").items() if b"A telling summary." in data]
    assert told == []
