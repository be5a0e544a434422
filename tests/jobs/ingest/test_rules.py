"""Rules in the ingest job: dropped for good, changed on the way in, later rules for later articles."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.store.core import old_rows
from syndicate.store.ingest import declared_sources, known_articles, tombstones
from syndicate.store.stories import story_store
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer

ADVERTS = """
[[rules]]
name = "adverts"
any = ["title: sponsored"]
drop = true
"""
TITLES = """
[[rules]]
name = "titles"
title = { find = "^LIVE: ", put = "" }
tags = ["ticker"]
boost = 2
"""
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def feed(room: Room) -> Iterator[Callable[..., None]]:
    """Serve these items from now on, and read them under these rules."""
    answers: dict[str, Answer] = {}
    with ScriptedServer(answers) as server:

        def serve(*items: dict[str, str], rules: str = "") -> None:
            answers["/feed"] = answer(200, rss(*items), Content_Type="application/rss+xml")
            room.declare(source("harbour", server.url("/feed"), weight="3.0") + rules)

        yield serve
        room.close()


def dropped(room: Room) -> dict[str, int]:
    with room.store.read() as connection:
        return tombstones.count_dropped(connection)


def test_a_dropped_article_is_not_stored_not_read_again_and_counted(room, feed):
    feed(item(1), item(2, "Sponsored: buy"), rules=ADVERTS)
    first = room.ingest()["harbour"]
    assert (first.new, first.dropped) == (1, 1)
    assert list(room.articles()) == ["Title 1"]
    assert dropped(room) == {"adverts": 1}
    feed(item(1), item(2, "Sponsored: buy"), item(3), rules=ADVERTS)
    second = room.ingest(LATER, ["harbour"])["harbour"]
    assert (second.new, second.dropped) == (1, 0)
    with room.store.read() as connection:
        assert len(known_articles.known_item_hashes(connection, {1: ()})[1]) == 3


def test_what_was_dropped_stays_dropped_when_the_rule_goes_or_the_item_is_edited(room, feed):
    feed(item(1), item(2, "Sponsored: buy"), rules=ADVERTS)
    room.ingest()
    feed(item(1), item(2, "No advert at all"))
    assert room.ingest(LATER, ["harbour"])["harbour"].new == 0
    assert list(room.articles()) == ["Title 1"]
    with room.store.read() as connection:
        # The edited item's new bytes are remembered too: it is not read at each poll from now on.
        assert len(known_articles.known_item_hashes(connection, {1: ()})[1]) == 2


def test_a_new_rule_is_about_new_articles_and_an_accepted_one_is_never_dropped(room, feed):
    feed(item(1, "Sponsored: buy"))
    room.ingest()
    feed(item(1, "Sponsored: buy, edited"), item(2, "Sponsored: more"), rules=ADVERTS)
    outcome = room.ingest(LATER, ["harbour"])["harbour"]
    assert (outcome.new, outcome.changed, outcome.dropped) == (0, 1, 1)
    assert list(room.articles()) == ["Sponsored: buy, edited"]


def test_title_tags_and_boost_are_stored_and_an_edit_keeps_them(room, feed):
    feed(item(1, "LIVE: Pier opens"), rules=TITLES)
    room.ingest()
    feed(item(1, "LIVE: Pier opens", description="Longer now."), rules=TITLES)
    assert room.ingest(LATER, ["harbour"])["harbour"].changed == 1
    (article,) = room.articles().values()
    assert (article.title, article.declared_title) == ("Pier opens", "LIVE: Pier opens")
    assert (article.tags, article.boost) == (("ticker",), 2.0)
    assert "longer" in article.summary.lower()


def test_a_changed_guid_is_recognised_under_a_rewritten_title(room, feed):
    feed(item(1, "LIVE: Pier opens"), rules=TITLES)
    room.ingest()
    feed(item(1, "LIVE: Pier opens", guid="another"), rules=TITLES)
    assert room.ingest(LATER, ["harbour"])["harbour"].new == 0


def test_the_boost_multiplies_the_weight_that_ranking_sees(room, feed):
    feed(item(1, "LIVE: Pier opens"), rules=TITLES)
    room.ingest()
    room.services.stories.run(NOW)
    with room.store.read() as connection:
        assert [row.weight for row in story_store.story_articles(connection)] == [6.0]


def test_a_folder_goes_through_the_rules_too(room, tmp_path: Path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("Sponsored by nobody\n\nText.\n")
    (tmp_path / "notes" / "b.txt").write_text("The pier\n\nText.\n")
    room.declare(source("notes", str(tmp_path / "notes")) + ADVERTS)
    outcome = room.ingest()["notes"]
    assert (outcome.new, outcome.dropped) == (1, 1)


def test_tombstones_on_both_engines(store, now):
    from syndicate.model import Source

    dropped = tombstones.Tombstone(entry_key="k", item_hash="d", rule="adverts")
    with store.write() as connection:
        declared_sources.sync_sources(connection, [Source(id=0, name="s", url="https://s.example/")], now)
        tombstones.save_tombstones(connection, 1, [dropped, dropped], now)
        tombstones.save_tombstone_hashes(connection, 1, [("k", "e"), ("unknown", "f")])
        assert known_articles.known_item_hashes(connection, {1: ()})[1] == {"e"}
        assert tombstones.count_dropped(connection) == {"adverts": 1}
        assert old_rows.prune_tombstones(connection, before=now + timedelta(days=1)) == 1
        assert tombstones.count_dropped(connection) == {}


def test_a_hidden_tag_that_a_query_names_is_shown(room: Room, feed: Callable[..., None]):
    channel = '[[channels]]\nname = "short"\nquery = "tag:news,featured"\n'
    newsletter = '[[newsletters]]\nname = "weekly"\nschedule = "weekly monday 07:00"\nquery = "-tag:update"\n'
    items = (item(1, category="News"), item(2, category="Update"), item(3, category="Sticky"))
    feed(*items, rules=channel + newsletter)
    room.ingest()
    found = {title: (one.tags, one.hidden_tags) for title, one in room.articles().items()}
    assert found["Title 1"] == (("News",), ())
    assert found["Title 2"] == (("Update",), ())
    assert found["Title 3"] == ((), ("Sticky",))
