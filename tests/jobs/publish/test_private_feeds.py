"""A private feed says what its reader chose, costs one rendering for each choice, and can be ended."""

import gzip
import hmac
import json
from dataclasses import replace

import feedparser
import pytest

from syndicate.audience.link_tokens import feed_token, make_token, unsubscribe_token
from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
from syndicate.publish.feeds.rss_atom import FORMATS, FeedWriter
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from syndicate.web import WebOptions
from tests.factories import NOW, new_article, place
from tests.jobs.room import SITE, Room, source
from tests.web.conftest import serving
from tests.web_app import create_app

NEWSLETTERS = """
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
query = "-section:Secret"
[[newsletters]]
name = "sport"
title = "Sport only"
schedule = "daily 07:00"
query = "section:Sport"
"""
JO, KIM = "jo@example.org", "kim@example.org"
STORIES = (
    ("Sport", "en", "Ferry wins"),
    ("Politics", "en", "Council votes"),
    ("Sport", "de", "Hafen gewinnt"),
)


@pytest.fixture
def room(rooms: Room) -> Room:
    """Two readers of one newsletter, and stories in three sections and two languages."""
    rooms.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTERS)
    rooms.subscribe(JO, KIM)
    add(rooms, 1, *STORIES, ("Secret", "en", "A secret"), ("Sport", "en-GB", "Cricket begins"))
    return rooms


def add(room: Room, first: int, *stories: tuple[str, str, str]) -> None:
    ids = room.add(
        *(
            new_article(number, section=section, language=language, title=title, published=NOW)
            for number, (section, language, title) in enumerate(stories, first)
        )
    )
    with room.store.write() as connection:
        for article_id in ids:
            place(connection, article_id)
        leases.increment_counter(connection, leases.PLACEMENTS)


def feeds(room: Room) -> PrivateFeedsJob:
    assert room.services.private_feeds is not None
    return room.services.private_feeds


def renew(room: Room) -> str:
    with room.store.write() as connection:
        return feeds(room).renew(connection, JO)


def token(room: Room, address: str = JO) -> str:
    return feeds(room).url_of(address).removeprefix(f"{SITE}/private/").removesuffix(".rss")


@pytest.mark.parametrize("number", [1, 10**6])
def test_WF7_a_wrong_token_is_looked_at_alike_whether_or_not_there_is_such_a_person(
    room: Room, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Or else the time it takes tells how many people there are (measured: in some hundred requests)."""
    wrong = feed_token(b"another secret", number, 0)
    really_digest, signed = hmac.digest, list[bytes]()

    def digest(key: bytes, message: bytes, name: str) -> bytes:
        signed.append(message)
        return really_digest(key, message, name)

    monkeypatch.setattr(hmac, "digest", digest)
    assert feeds(room).read(wrong, "rss") is None
    assert len(signed) == 2, "as the feed of a reader, and as that of a saved search"


def choose(room: Room, address: str = JO, **fields: list[str]) -> None:
    with room.store.read() as connection:
        found = audience_store.subscription_of(connection, address, "daily")
        assert found is not None
        link = unsubscribe_token(leases.read_secret(connection), found)
    job = replace(room.services.preferences, clock=lambda: NOW)
    assert job.save(link, {"save": ["yes"], "newsletter": ["daily"]} | fields)


def titles(room: Room, address: str = JO) -> set[str]:
    found = feeds(room).read(token(room, address), "json")
    assert found is not None
    return {item["title"] for item in json.loads(found.body)["items"]}


def test_a_feed_holds_what_the_newsletter_chooses_from(room):
    assert titles(room) == {"Ferry wins", "Council votes", "Hafen gewinnt", "Cricket begins"}


def test_sections_and_languages_are_those_of_the_newsletter(room):
    choose(room, section=["Sport"], language=["en"])
    assert titles(room) == {"Ferry wins", "Cricket begins"}
    assert len(titles(room, KIM)) == 4


def test_several_newsletters_are_one_feed(room):
    choose(room, section=["Politics"], newsletter=["daily", "sport"])
    assert titles(room) == {"Ferry wins", "Council votes", "Hafen gewinnt", "Cricket begins"}


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_every_format_names_its_own_address_and_no_hub(room, kind):
    room.services.__dict__["publish_options"] = replace(
        room.services.publish_options, hub_url="https://hub.example/"
    )
    mine = token(room)
    found = feeds(room).read(mine, kind)
    assert found is not None
    feed = feedparser.parse(found.body)
    links = {link.rel: link.href for link in feed.feed.links}
    assert (feed.bozo, len(feed.entries), feed.feed.title) == (False, 4, "The digest")
    assert links["self"] == f"{SITE}/private/{mine}.{kind}"
    assert b"hub" not in found.body


def test_equal_choices_are_rendered_once_and_again_only_for_news(room, monkeypatch):
    calls: list[str] = []
    original = FeedWriter.write

    def counted(self, kind, channel, items):
        calls.append(channel.title)
        return original(self, kind, channel, items)

    monkeypatch.setattr(FeedWriter, "write", counted)
    room.subscribe(*(f"reader{number}@example.org" for number in range(5)))
    readers = [JO, KIM, *(f"reader{number}@example.org" for number in range(5))]
    answers = [feeds(room).read(token(room, one), "rss") for one in readers]
    assert len(calls) == 1
    assert len({one.content_hash for one in answers if one}) == 1
    assert len({one.body for one in answers if one}) == len(readers)
    choose(room, KIM, section=["Politics"])
    feeds(room).read(token(room, KIM), "rss")
    assert len(calls) == 2
    add(room, 20, ("Sport", "en", "A late goal"))
    again = [feeds(room).read(token(room, one), "rss") for one in readers]
    assert len(calls) == 4
    assert b"A late goal" in (again[0].body if again[0] else b"")


def test_a_publisher_cannot_fish_for_tokens(room):
    hole = make_token(b"x" * 32, 0, "placeholder of a private feed")
    add(room, 30, ("Sport", "en", f"https://evil.example/{hole}"))
    found = feeds(room).read(token(room), "rss")
    assert found is not None
    assert found.body.count(token(room).encode()) == 1


def test_an_address_ends_when_its_owner_asks_for_another(room):
    before = token(room)
    after = renew(room)
    assert after == feeds(room).url_of(JO)
    assert before not in after
    assert feeds(room).read(before, "rss") is None
    assert feeds(room).read(token(room), "rss") is not None


def test_who_leaves_or_is_erased_has_no_feed_and_the_old_address_stays_dead(room):
    before = token(room)
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, JO, detail="", now=NOW)
    assert feeds(room).read(before, "rss") is None
    assert (feeds(room).url_of(JO), renew(room)) == ("", "")
    with room.store.write() as connection:
        audience_store.confirm_subscription(connection, JO, "daily", detail="", agreed="", now=NOW)
    assert feeds(room).read(before, "rss") is None
    assert feeds(room).read(token(room), "rss") is not None
    kim = token(room, KIM)
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, KIM, detail="", now=NOW)
        audience_store.erase_subscriber(connection, KIM, NOW)
    assert feeds(room).read(kim, "rss") is None


def test_leaving_one_of_two_newsletters_keeps_the_address(room):
    choose(room, newsletter=["daily", "sport"])
    before = token(room)
    choose(room, newsletter=["sport"])
    assert token(room) == before
    assert titles(room) == {"Ferry wins", "Hafen gewinnt", "Cricket begins"}


def test_other_tokens_and_formats_lead_nowhere(room):
    with room.store.read() as connection:
        other = unsubscribe_token(leases.read_secret(connection), 1)
    mine = token(room)
    changed = mine[:-1] + ("A" if mine[-1] != "A" else "B")
    for wrong in (other, "", "x" * 32, "_" * 32, changed, "é" * 32):
        assert feeds(room).read(wrong, "rss") is None
    assert feeds(room).read(mine, "html") is None
    assert FORMATS == ("rss", "atom", "json")


def test_without_a_web_server_there_is_none(room):
    room.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTERS + '[web]\nlisten = ""\n')
    assert room.services.private_feeds is None


@pytest.fixture
def site(room, tmp_path):
    app = create_app(
        WebOptions(),
        tmp_path / "feeds",
        room.services.unsubscribe,
        templates=room.services.templates,
        health=dict,
        preferences=room.services.preferences,
        private_feeds=room.services.private_feeds,
    )
    with serving(app, tmp_path) as site:
        yield site


def test_H4_the_answer_is_private_unlisted_and_304_when_nothing_is_new(room, site):
    path = f"/private/{token(room)}.rss"
    answer = site.get(path)
    assert (answer.status, answer["Cache-Control"], answer["X-Robots-Tag"]) == (
        200,
        "private, max-age=900",
        "noindex",
    )
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] is None
    again = site.get(path, If_None_Match=answer["ETag"])
    assert (again.status, again.body, again["Cache-Control"]) == (304, b"", "private, max-age=900")
    packed = site.get(path, Accept_Encoding="gzip")
    assert gzip.decompress(packed.body) == answer.body
    assert packed["ETag"] != answer["ETag"]
    add(room, 40, ("Sport", "en", "A late goal"))
    assert site.get(path, If_None_Match=answer["ETag"]).status == 200


def test_C10_the_page_shows_the_address_and_one_button_changes_it(room, site):
    with room.store.read() as connection:
        found = audience_store.subscription_of(connection, JO, "daily")
        assert found is not None
        link = unsubscribe_token(leases.read_secret(connection), found)
    before = token(room)
    assert f"{SITE}/private/{before}.rss" in site.get(f"/preferences/{link}").body.decode()
    assert token(room) == before
    answer = site.post(f"/preferences/{link}", b"feed=new")
    assert (answer.status, answer["Location"]) == (303, "?done=feed")
    page = site.get(f"/preferences/{link}?done=feed").body.decode()
    assert before not in page
    assert f"{SITE}/private/{token(room)}.rss" in page
    for dead in (f"/private/{before}.rss", "/private/x", "/private/x.rss", f"/private/{token(room)}"):
        assert site.get(dead).status == 404
    assert site.post("/preferences/bad", b"feed=new").status == 404
    assert site.post(f"/private/{token(room)}.rss", b"").status == 405
