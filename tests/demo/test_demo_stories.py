"""What the pipeline makes of the newsroom's articles: stories, related links, the edition."""

import email
import email.policy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from syndicate.demo.demo_folder import open_demo_folder
from syndicate.demo.demo_run import run_pipeline
from syndicate.demo.newsroom import load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store.ingest import article_store, source_store
from syndicate.store.mail import edition_articles
from syndicate.store.stories import ranked_lists, story_store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

EVENTS = {
    "flood": ["River Senn bursts", "Second flood crest", "The flood wall at Brackwater"],
    "strike": ["Dockers at Port Ellery", "What a day of strike", "Empty shelves by Friday?"],
    "recount": ["Court orders recount", "Lead shrinks to seven", "Eleven ballots in a blue box"],
    "final": ["Mariners beat Varnholm", "Harald Cup final:", "The cup comes home by boat"],
    "reef": ["Cold-water coral reef", "How three people in a shed", "The robot that found the reef"],
    "satellite": ["Weather satellite Petrel-2", "Petrel-2's radar", "Petrel-2 is up."],
    "blackout": ["Power cut stops trams", "Two dark hours:", "Who pays for two hours"],
    "merger": ["Tidewater Bank to take over", "Tidewater pays a third", "Tidewater takes over Hollin"],
}
# Words of which every article that belongs to the event has one in its title or text.
WORDS = {
    "flood": ("flood", "Senn"),
    "strike": ("strike", "dockers"),
    "recount": ("recount", "Tollen"),
    "final": ("Harald Cup",),
    "reef": ("reef",),
    "satellite": ("Petrel", "القمر الصناعي"),
    "blackout": ("power cut",),
    "merger": ("Tidewater",),
}
ALONE = [
    "The bakery that only opens",
    "Bumblebees can count",
    "Pumpkin of 611 kilos",
    "Last lighthouse keeper",
]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    papers = load_newsroom()
    with (
        open_demo_folder(tmp_path_factory.mktemp("stories") / "out") as place,
        NewsroomServer(papers, NOW) as newsroom,
    ):
        place.write(papers, newsroom.url, NOW, listen="127.0.0.1:8000")
        with open_services(load_settings(place.config, environment={}), now=NOW) as services:
            run_pipeline(services, place, NOW)
            yield services


@pytest.fixture(scope="module")
def titles(services: Services) -> dict[int, str]:
    with services.store.read() as connection:
        ids = [row.article_id for row in story_store.story_articles(connection)]
        return {id_: article.title for id_, article in article_store.get_articles(connection, ids).items()}


def numbered(titles: dict[int, str], start: str) -> int:
    (found,) = (id_ for id_, title in titles.items() if title.startswith(start))
    return found


@pytest.mark.parametrize("event", EVENTS)
def test_articles_about_one_event_are_one_story_told_by_three_sources_or_more(services, titles, event):
    with services.store.read() as connection:
        rows = {row.article_id: row for row in story_store.story_articles(connection)}
    members = [rows[numbered(titles, start)] for start in EVENTS[event]]
    assert len({row.story_id for row in members}) == 1
    told_by = {row.source_id for row in rows.values() if row.story_id == members[0].story_id}
    assert len(told_by) >= 3


@pytest.mark.parametrize("event", EVENTS)
def test_related_links_of_an_event_lead_to_the_event_and_nowhere_else(services, titles, event):
    with services.store.read() as connection:
        bodies = article_store.get_bodies(connection, list(titles))
        ids = [numbered(titles, start) for start in EVENTS[event]]
        links = story_store.related_links(connection, ids, site_url="")
    for id_ in ids:
        related = [link.article_id for link in links[id_]]
        assert len(related) >= 2
        assert set(related) & set(ids)
        strangers = [
            titles[other]
            for other in related
            if not any(word in f"{titles[other]} {bodies[other].text}" for word in WORDS[event])
        ]
        assert strangers == []


@pytest.mark.parametrize("start", ALONE)
def test_an_article_without_company_has_no_related_links_and_its_own_story(services, titles, start):
    id_ = numbered(titles, start)
    with services.store.read() as connection:
        rows = {row.article_id: row for row in story_store.story_articles(connection)}
        links = story_store.related_links(connection, [id_], site_url="")
    assert [row.article_id for row in rows.values() if row.story_id == rows[id_].story_id] == [id_]
    assert links.get(id_, []) == []


def test_agency_copy_is_known_as_a_copy_and_never_related_to_its_original(services, titles):
    original, copy = numbered(titles, "River Senn bursts"), numbered(titles, "Senn bursts banks")
    with services.store.read() as connection:
        rows = {row.article_id: row for row in story_store.story_articles(connection)}
        links = story_store.related_links(connection, [original, copy], site_url="")
    assert rows[original].same_text == rows[copy].same_text
    assert copy not in [link.article_id for link in links[original]]
    assert original not in [link.article_id for link in links[copy]]


def test_arabic_articles_are_grouped_and_related_too(services, titles):
    ids = [numbered(titles, start) for start in ("فيضان نهر سِن", "موجة الفيضان", "ليلة على الأسطح")]
    with services.store.read() as connection:
        rows = {row.article_id: row for row in story_store.story_articles(connection)}
        links = story_store.related_links(connection, ids, site_url="")
    assert len({rows[id_].story_id for id_ in ids}) == 1
    assert {link.article_id for link in links[ids[0]]} <= set(ids)
    assert links[ids[0]]


def test_the_titles_a_copied_page_lists_as_read_more_come_first(services, titles):
    id_ = numbered(titles, "Port Ellery strike: what both sides want")
    with services.store.read() as connection:
        links = story_store.related_links(connection, [id_], site_url="")[id_]
    assert {link.title for link in links[:2]} == {
        "Dockers at Port Ellery walk out over night shifts",
        "Fish market finds a way round the strike: by bicycle",
    }


def test_every_message_has_every_headline_of_its_edition_in_both_parts(services):
    outbox = services.settings.path(services.settings.mail.folder)
    headlines = edition_headlines(services)
    assert {name: len(titles) for name, titles in headlines.items()}["daily"] >= 8
    for path in Path(outbox).glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        newsletter = "arabic" if "<arabic." in mail["List-Id"] else "daily"
        parts = {
            part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()
        }
        text, html = " ".join(parts["text/plain"].split()), unescape(parts["text/html"])
        assert [title for title in headlines[newsletter] if title not in text] == []
        assert [title for title in headlines[newsletter] if title not in html] == []


def test_the_news_of_the_last_hours_is_what_trends(services, titles):
    with services.store.read() as connection:
        trending = [titles[story.article_id] for story in ranked_lists.ranked_stories(connection, "trending")]
    assert trending[0].startswith(("Power cut", "Two dark hours", "Who pays", "While Varnholm"))


def edition_headlines(services: Services) -> dict[str, list[str]]:
    found = {}
    with services.store.read() as connection:
        for name in ("daily", "arabic"):
            told = edition_articles.carried_articles(
                connection, name, before=datetime(2100, 1, 1, tzinfo=UTC)
            )
            leads = article_store.get_articles(connection, [one.lead_id for one in told.values()])
            found[name] = [article.title for article in leads.values()]
    return found


def test_a_reader_who_left_gets_nothing(services):
    outbox = services.settings.path(services.settings.mail.folder)
    recipients = sorted(
        email.message_from_bytes(path.read_bytes())["To"] for path in Path(outbox).glob("*.eml")
    )
    assert recipients == ["ada@reader.example", "salma@reader.example", "tomas@reader.example"]


def test_the_sources_keep_their_declared_names(services):
    with services.store.read() as connection:
        names = {source.name for source in source_store.list_sources(connection)}
    assert names == {paper.name for paper in load_newsroom()} | {"Our desk"}


def test_a_local_article_links_to_our_page_and_a_strangers_to_the_publisher(services):
    items = json.loads((services.output / "news.json").read_text("utf-8"))["items"]
    urls = {item["title"]: item["url"] for item in items}
    assert urls["The robot that found the reef"].startswith("http://127.0.0.1:8000/site/articles/2026/11/")
    assert urls["How three people in a shed on Customs Quay found a reef"].endswith(
        "/harbour-courier/reef-institute-party.html"
    )
