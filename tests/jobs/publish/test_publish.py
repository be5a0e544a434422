"""The publish job: what is on disk is what the store says, written once, whole, and the same every time."""

import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest

from syndicate.jobs.publish import site_build
from syndicate.jobs.publish.lists import list_build
from syndicate.jobs.publish.publish_job import PublishResult
from syndicate.model import NewArticle
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.stories import story_store
from tests.factories import NOW, new_article
from tests.jobs.room import SITE, Room, newsroom_articles, opened_room, source

ARTICLES = newsroom_articles()
PAPERS = sorted({paper for paper, _ in ARTICLES})
OWN = "harbour-courier"
CHANNELS = """
[[channels]]
name = "news"
[[channels]]
name = "world"
query = "section:world -tag:opinion"
limit = 10
[[channels]]
name = "top"
query = "top"
"""
LOCK_POLL = timedelta(minutes=15)


def declarations(more: str = "") -> str:
    sources = "".join(
        source(paper, f"https://{paper}.example/feed", **({"own": "true"} if paper == OWN else {}))
        for paper in PAPERS
    )
    return f"{CHANNELS}{sources}{more}"


@pytest.fixture
def newsroom(room: Room) -> Room:
    """The bundled newsroom, all of it stored and placed, nothing published."""
    room.declare(declarations())
    for paper, article in ARTICLES:
        room.add(article, source=paper)
    room.services.stories.run(NOW)
    return room


def publish(room: Room, now: datetime = NOW) -> PublishResult:
    return room.services.publish.run(now)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _is_over(left: Iterator[int]) -> bool:
    return next(left, None) is None


def template(room: Room, name: str, text: str) -> None:
    """A template of the user's own."""
    file = room.folder / "mine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def failures(room: Room) -> dict[tuple[str, str], int]:
    with room.store.read() as connection:
        return {(one.kind, one.subject): one.attempts for one in quarantine.failures(connection)}


def test_everything_is_there_after_one_run_and_the_second_writes_nothing(newsroom: Room) -> None:
    first = publish(newsroom)
    assert first.failures == ()
    expected = {
        f"{channel}.{kind}" for channel in ("news", "world", "top") for kind in ("rss", "atom", "json")
    }
    expected |= {f"news/archive/1.{kind}" for kind in ("rss", "atom", "json")}
    expected |= {f"{channel}/sources.opml" for channel in ("news", "world", "top")}
    assert set(first.feeds) == expected | {"sources.opml", "feed.css", "news-sitemap.xml"}
    written = files(newsroom.folder / "feeds")
    assert set(written) == {*first.feeds, *first.pages}
    assert {article.path for _, article in ARTICLES} <= set(written)
    assert "site/index.html" in written
    second = publish(newsroom)
    assert second == PublishResult()
    later = publish(newsroom, NOW + LOCK_POLL)
    # At the next step of the clock a story of the front page may no longer be new.
    assert set(later.pages) <= {"site/index.html"}
    assert replace(later, pages=()) == PublishResult()


@pytest.mark.all
def test_two_folders_from_one_store_are_the_same_byte_for_byte(newsroom: Room) -> None:
    publish(newsroom)
    first = files(newsroom.folder / "feeds")
    newsroom.declare(declarations('[output]\nfolder = "again"\n'))
    newsroom.services.publish.forget()
    publish(newsroom)
    assert files(newsroom.folder / "again") == first


@pytest.mark.all
def test_a_folder_kept_up_to_date_is_the_same_as_one_built_afresh(tmp_path: Path) -> None:
    """Articles come in batches; at the end nothing on disk is out of date."""
    with opened_room(tmp_path) as room:
        room.declare(declarations())
        for start in range(0, len(ARTICLES), 9):
            for paper, article in ARTICLES[start : start + 9]:
                room.add(article, source=paper)
            room.services.stories.run(NOW)
            assert publish(room).failures == ()
        # Lists that moved within one step of the clock reach the other young pages at the next.
        publish(room, NOW + LOCK_POLL)
        kept = files(room.folder / "feeds")
        room.declare(declarations('[output]\nfolder = "fresh"\n'))
        room.services.publish.forget()
        publish(room, NOW + LOCK_POLL)
        fresh = files(room.folder / "fresh")
    assert kept.keys() == fresh.keys()
    assert [name for name in kept if kept[name] != fresh[name]] == []


@pytest.mark.all
def test_a_corrected_headline_is_corrected_wherever_it_is_linked(newsroom: Room) -> None:
    publish(newsroom)
    linked = [uid for uid, links in related_of(newsroom).items() if links]
    with newsroom.store.read() as connection:
        # Reports of the same story stand beside an article, so that "Read more" leaves them out.
        naming, named = next(
            (article, link)
            for article in (article_store.find_article(connection, uid) for uid in linked)
            if article is not None
            for link in story_store.related_links(connection, [article.id], site_url=SITE)[article.id]
            if escape(link.title) in (newsroom.folder / "feeds" / article.path).read_text()
        )
        article = article_store.get_articles(connection, [named.article_id])[named.article_id]
        body = article_store.get_bodies(connection, [article.id])[article.id]
    facts = {
        name: getattr(article, name) for name in new_article().__dataclass_fields__ if hasattr(article, name)
    }
    corrected = NewArticle(**(facts | {"title": f"{article.title} (corrected)", "text": body.text}))
    with newsroom.store.write() as connection:
        article_store.change_article(
            connection, article.id, article.source_id, replace(corrected, content_hash="corrected")
        )
    newsroom.services.stories.run(NOW)
    publish(newsroom)
    page = (newsroom.folder / "feeds" / naming.path).read_text()
    assert escape(corrected.title) in page
    assert f"{escape(article.title)}<" not in page


def test_only_what_shows_a_change_is_written(newsroom: Room) -> None:
    publish(newsroom)
    before = files(newsroom.folder / "feeds")
    article = next(one for _, one in ARTICLES if one.section != "world")
    with newsroom.store.write() as connection:
        found = article_store.find_article(connection, article.uid)
        assert found is not None
        changed = new_article(
            int(article.uid[-12:]), title="A new title", url=article.url, section=article.section
        )
        article_store.change_article(connection, found.id, found.source_id, changed)
    newsroom.services.stories.run(NOW)
    result = publish(newsroom)
    after = files(newsroom.folder / "feeds")
    assert {name for name in after if after[name] != before.get(name)} == {*result.feeds, *result.pages}
    assert article.path in result.pages
    assert {"news.rss", "news.atom", "news.json"} <= set(result.feeds)
    assert len(result.pages) < len(ARTICLES) / 2


@pytest.mark.all
def test_a_file_that_somebody_removed_comes_back(newsroom: Room) -> None:
    publish(newsroom)
    before = files(newsroom.folder / "feeds")
    for name in ("news.rss", "sources.opml", "feed.css", "news-sitemap.xml"):
        (newsroom.folder / "feeds" / name).unlink()
    assert set(publish(newsroom).feeds) == {"news.rss", "sources.opml", "feed.css", "news-sitemap.xml"}
    assert files(newsroom.folder / "feeds") == before


def related_of(room: Room) -> dict[str, list[str]]:
    """The stored related links of every article, as (uid → links)."""
    found = {article.id: article.uid for article in room.articles().values()}
    with room.store.read() as connection:
        links = story_store.related_links(connection, list(found), site_url=SITE)
    return {found[one]: [link.url for link in links.get(one, [])] for one in found}


@pytest.mark.all
def test_related_links_parse_back_from_every_kind_of_feed(newsroom: Room) -> None:
    publish(newsroom)
    wanted = related_of(newsroom)
    folder = newsroom.folder / "feeds"
    from_json = {
        item["id"].removeprefix("urn:uuid:"): [
            link["url"] for link in item.get("_syndicate", {}).get("related", [])
        ]
        for item in json.loads((folder / "news.json").read_bytes())["items"]
    }
    assert len(from_json) == 50
    assert from_json == {uid: wanted[uid] for uid in from_json}
    for kind in ("rss", "atom"):
        parsed = feedparser.parse((folder / f"news.{kind}").read_bytes())
        assert not parsed.bozo
        found = {
            entry.id.removeprefix("urn:uuid:"): [link.href for link in entry.links if link.rel == "related"]
            for entry in parsed.entries
        }
        assert found == {uid: wanted[uid] for uid in found}
        assert sum(map(bool, found.values())) > 10


def test_links_lead_to_the_publisher_and_only_our_own_to_our_pages(newsroom: Room) -> None:
    publish(newsroom)
    parsed = feedparser.parse((newsroom.folder / "feeds" / "news.atom").read_bytes())
    own = {article.title: f"{SITE}/{article.path}" for paper, article in ARTICLES if paper == OWN}
    others = {article.title: article.url for paper, article in ARTICLES if paper != OWN}
    links = {entry.title: entry.link for entry in parsed.entries}
    assert links == {title: (own | others)[title] for title in links}
    assert set(own) & set(links)
    sitemap = ElementTree.parse(newsroom.folder / "feeds" / "news-sitemap.xml")
    locations = {element.text for element in sitemap.iter() if element.tag.endswith("}loc")}
    assert locations <= set(own.values())
    assert locations


def test_a_channel_that_cannot_be_written_leaves_the_others_alone_and_is_well_again_later(room: Room) -> None:
    room.declare(declarations())
    room.add(ARTICLES[0][1], source=ARTICLES[0][0])
    room.services.stories.run(NOW)
    in_the_way = room.folder / "feeds" / "world.rss"
    in_the_way.mkdir(parents=True)
    result = publish(room)
    assert [failure.partition(":")[0] for failure in result.failures] == ["channel world"]
    assert {"news.rss", "top.json", "sources.opml"} <= set(result.feeds)
    assert failures(room) == {("channel", "world"): 1}
    in_the_way.rmdir()
    assert "world.rss" in publish(room).feeds
    assert failures(room) == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("article.html", "{{ nobody_knows_this }}", "nobody_knows_this"),
        ("article.html", "{% if %}", "article.html"),
        ("front.html", "{{ 1 / 0 }}", "front.html"),
        ("listing.html", "{{ nobody.knows.this }}", "listing.html"),
    ],
)
@pytest.mark.sampled(1)
def test_a_broken_template_hurts_only_its_pages_and_is_reported(
    newsroom: Room, name: str, text: str, said: str
) -> None:
    template(newsroom, f"pages/{name}", text)
    newsroom.declare(declarations('[templates]\nfolder = "mine"\n'))
    result = publish(newsroom)
    assert "news.rss" in result.feeds
    assert result.failures
    assert any(said in failure for failure in result.failures)
    if name != "article.html":
        assert {article.path for _, article in ARTICLES} <= set(files(newsroom.folder / "feeds"))
    (newsroom.folder / "mine" / "pages" / name).unlink()
    newsroom.declare(declarations('[templates]\nfolder = "mine"\n'))
    assert publish(newsroom).failures == ()
    assert {article.path for _, article in ARTICLES} <= set(files(newsroom.folder / "feeds"))
    assert failures(newsroom) == {}


@pytest.mark.all
def test_T4_stopped_after_any_batch_the_next_runs_finish_the_same_folder(
    newsroom: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(newsroom)
    whole = files(newsroom.folder / "feeds")
    monkeypatch.setattr(site_build, "BATCH", 4)
    monkeypatch.setattr(site_build, "PAGES_PER_COMMIT", 8)
    monkeypatch.setattr(list_build, "BATCH", 4)
    newsroom.declare(declarations('[output]\nfolder = "again"\n'))
    newsroom.services.publish.forget()
    stops = 0
    for looks in range(1, 200):
        left = iter(range(looks))
        result = newsroom.services.publish.run(NOW, should_stop=partial(_is_over, left))
        stops += files(newsroom.folder / "again") != whole
        if result == PublishResult() and next(left, None) is not None:
            break
    assert stops
    assert files(newsroom.folder / "again") == whole


@pytest.mark.all
def test_while_another_process_writes_nothing_is_done(newsroom: Room) -> None:
    with newsroom.store.write() as connection:
        leases.take_lease(connection, "publish", owner="them", now=NOW, until=NOW + LOCK_POLL)
    assert publish(newsroom).busy
    assert not (newsroom.folder / "feeds").exists()


@pytest.mark.all
def test_what_a_killed_writer_left_is_swept(newsroom: Room) -> None:
    left = newsroom.folder / "feeds" / "site" / ".index.html.0123456789ab.tmp"
    left.parent.mkdir(parents=True)
    left.write_text("half a page")
    publish(newsroom)
    assert not left.exists()


@pytest.mark.all
def test_a_full_disk_is_told_of_and_the_next_run_writes_everything(newsroom: Room) -> None:
    """A file where the folder should be is what any refusal of the disk looks like to us."""
    (newsroom.folder / "feeds").write_text("not a folder")
    result = publish(newsroom)
    assert (result.feeds, result.pages) == ((), ())
    assert result.failures
    assert all("cannot write" in failure for failure in result.failures)
    assert (newsroom.folder / "feeds").read_text() == "not a folder"
    (newsroom.folder / "feeds").unlink()
    mended = publish(newsroom)
    assert mended.failures == ()
    assert {article.path for _, article in ARTICLES} <= set(mended.pages)


@pytest.mark.all
def test_pages_older_than_two_days_are_frozen_when_only_the_lists_change(newsroom: Room) -> None:
    publish(newsroom)
    late = NOW + timedelta(hours=60)
    newsroom.services.stories.run(late)
    result = publish(newsroom, late)
    assert not {article.path for _, article in ARTICLES} & set(result.pages)
    assert "site/index.html" in result.pages


def test_a_run_keeps_nothing_of_the_pages_that_it_built(newsroom: Room) -> None:
    gc.collect()
    gc.disable()
    try:
        assert newsroom.services.publish.run(NOW).pages
        assert not [kept for kept in gc.get_objects() if isinstance(kept, site_build.SiteBuild)]
    finally:
        gc.enable()
