"""The editor's log only grows; what holds follows from it, whatever becomes of articles and stories."""

import sqlite3
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from syndicate.model import EditorAction, ScoredLink
from syndicate.store import Connection, schema
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.output import channel_store, stale
from syndicate.store.stories import decision_store, story_store
from tests import factories
from tests.factories import NOW, declared, new_article

HOUR = timedelta(hours=1)
UID = new_article(1).uid


@pytest.fixture
def room(store):
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        ids = factories.add_articles(connection, source.id, new_article(1), new_article(2), new_article(3))
        yield connection, source, ids


def decide(
    connection: Connection,
    action: EditorAction = EditorAction.PIN,
    value: str = "1",
    uid: str = UID,
    **more: Any,
) -> int:
    facts: dict[str, Any] = {"who": "kim", "now": NOW} | more
    return decision_store.add_decision(connection, action=action, article_uid=uid, value=value, **facts)


def held(connection: Connection, at: datetime = NOW) -> list[tuple[str, str]]:
    return [(one.action.value, one.value) for one in decision_store.decisions(connection, at=at)]


def test_a_decision_holds_from_when_it_was_made_until_it_ends(room):
    connection, *_ = room
    decide(connection, expires=NOW + HOUR)
    assert held(connection, NOW - HOUR / 2) == []
    assert held(connection, NOW) == [("pin", "1")]
    assert held(connection, NOW + HOUR) == []


def test_undoing_adds_a_line_and_takes_none_away(room):
    connection, *_ = room
    number = decide(connection)
    undone = decision_store.undo_decision(connection, number, who="jo", now=NOW + HOUR)
    assert undone is not None
    assert held(connection, NOW + HOUR) == []
    assert held(connection, NOW) == [("pin", "1")], "what held then is still known"
    log = decision_store.decision_log(connection)
    assert [(one.who, one.action.value, one.undoes) for one in log] == [
        ("kim", "pin", None),
        ("jo", "undo", number),
    ]


def test_only_what_holds_can_be_undone(room):
    connection, *_ = room
    number = decide(connection, expires=NOW + HOUR)
    assert decision_store.undo_decision(connection, 99, who="jo", now=NOW) is None
    assert decision_store.undo_decision(connection, number, who="jo", now=NOW + HOUR) is None
    assert decision_store.undo_decision(connection, number, who="jo", now=NOW) is not None
    assert decision_store.undo_decision(connection, number, who="jo", now=NOW) is None
    assert len(decision_store.decision_log(connection)) == 2


def test_each_decision_moves_the_counter_that_other_processes_look_at(room):
    connection, *_ = room
    before = leases.read_counter(connection, leases.EDITOR)
    number = decide(connection)
    decision_store.undo_decision(connection, number, who="jo", now=NOW)
    assert leases.read_counter(connection, leases.EDITOR) == before + 2


def test_a_decision_goes_with_its_article_into_another_story(room):
    connection, _, ids = room
    decide(connection, EditorAction.DROP, "")
    first = article_store.get_articles(connection, [ids[0]])[ids[0]].story_id
    assert list(decision_store.story_decisions(connection, at=NOW)) == [first]
    second = article_store.get_articles(connection, [ids[1]])[ids[1]].story_id
    factories.place(connection, ids[0], second)
    assert list(decision_store.story_decisions(connection, at=NOW)) == [second]


def test_a_headline_is_shown_everywhere_and_the_publishers_is_kept(room):
    connection, _, ids = room
    rows = {ids[1]: [ScoredLink(article_id=ids[0], score=0.5, parts={})]}
    story_store.save_related(connection, rows)
    before = channel_store.channel_signature(connection, (), limit=9)
    stale.clear_stale(connection, stale.stale_pages(connection, 9))
    decide(connection, EditorAction.RETITLE, "A calmer headline")
    assert decision_store.sync_headlines(connection, at=NOW) == [ids[0]]
    article = article_store.get_articles(connection, [ids[0]])[ids[0]]
    assert (article.title, article.original_title) == ("A calmer headline", "Title 1")
    links = story_store.related_links(connection, [ids[1]], site_url="https://x.example")
    assert links[ids[1]][0].title == "A calmer headline"
    assert channel_store.channel_signature(connection, (), limit=9) != before
    assert {one for one, _ in stale.stale_pages(connection, 9)} == {ids[0], ids[1]}
    for words in ("calmer", "Title 1", f"story:{article.story_id}"):
        found = article_store.find_article(connection, words)
        assert found is not None
        assert found.id == ids[0]
    assert decision_store.sync_headlines(connection, at=NOW) == [], "a second look changes nothing"


def test_a_headline_survives_an_edit_by_the_publisher_and_ends_when_it_should(room):
    connection, source, ids = room
    decide(connection, EditorAction.RETITLE, "Ours", expires=NOW + HOUR)
    decision_store.sync_headlines(connection, at=NOW)
    article_store.change_article(connection, ids[0], source.id, new_article(1, title="Theirs, edited"))
    article = article_store.get_articles(connection, ids)[ids[0]]
    assert (article.title, article.original_title) == ("Ours", "Theirs, edited")
    assert decision_store.sync_headlines(connection, at=NOW + HOUR) == [ids[0]]
    article = article_store.get_articles(connection, ids)[ids[0]]
    assert (article.title, article.original_title) == ("Theirs, edited", "")


def test_the_newest_of_two_headlines_counts_and_undoing_it_brings_the_older_back(room):
    connection, _, ids = room
    decide(connection, EditorAction.RETITLE, "First")
    second = decide(connection, EditorAction.RETITLE, "Second")
    decision_store.sync_headlines(connection, at=NOW)
    assert article_store.get_articles(connection, ids)[ids[0]].title == "Second"
    decision_store.undo_decision(connection, second, who="kim", now=NOW)
    decision_store.sync_headlines(connection, at=NOW)
    assert article_store.get_articles(connection, ids)[ids[0]].title == "First"


def test_the_headlines_of_many_years_are_shown(room):
    connection, _, ids = room
    facts = {"who": "kim", "action": EditorAction.RETITLE, "recorded": NOW}
    rows = [facts | {"article_uid": new_article(number).uid, "value": "Ours"} for number in range(3, 16_388)]
    connection.execute(insert(schema.editor_log), rows)
    if connection.dialect.name == "sqlite":
        # SQLite's own default, which Debian raises.
        connection.connection.dbapi_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
    assert decision_store.sync_headlines(connection, at=NOW) == [ids[2]]
    assert decision_store.sync_headlines(connection, at=NOW) == []


def test_what_the_publisher_says_is_what_stories_are_made_of(room):
    connection, _, ids = room
    decide(connection, EditorAction.RETITLE, "Ours")
    decision_store.sync_headlines(connection, at=NOW)
    connection.execute(update(schema.articles).where(schema.articles.c.id == ids[0]).values(placed=False))
    assert [one.title for one in story_store.unplaced_articles(connection, 9)] == ["Title 1"]


def test_a_decision_about_an_article_that_is_gone_stays_in_the_log_and_does_nothing(room):
    connection, *_ = room
    decide(connection, uid="gone")
    assert decision_store.story_decisions(connection, at=NOW) == {}
    assert decision_store.sync_headlines(connection, at=NOW) == []
    assert len(decision_store.decision_log(connection)) == 1
