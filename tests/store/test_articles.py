"""Articles: accepted once, changed in place, found again, never back from the dead."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from syndicate.model import FUTURE_TOLERANCE, Enclosure, Image, KnownArticle, ScoredLink
from syndicate.store import schema
from syndicate.store.ingest import article_store, known_articles
from syndicate.store.output import stale
from syndicate.store.stories import story_store
from syndicate.text.plain import folded_words
from tests import factories
from tests.factories import NOW, declared, new_article

RICH = new_article(
    1,
    authors=("Ann Ö", "Bob"),
    tags=("Climate", "climate", "Süd"),
    image=Image(url="https://harbour.example/a.jpg", width=640, height=360, alt="A “pier”"),
    enclosures=(Enclosure(url="https://harbour.example/a.mp3", media_type="audio/mpeg", duration=90),),
    read_more=("Older news",),
    language="ar",
    direction="rtl",
    minutes=4,
    words=812,
)


def source_id(connection, name: str = "The Harbour") -> int:
    return factories.add_sources(connection, declared(name))[0].id


def tags_of(connection, article_id: int) -> list[str]:
    table = schema.article_tags
    return sorted(connection.scalars(select(table.c.tag).where(table.c.article_id == article_id)))


def test_every_field_of_an_article_and_its_body_comes_back(store):
    with store.write() as connection:
        source = source_id(connection)
        (article_id,) = factories.add_unplaced(connection, source, [RICH])
    with store.read() as connection:
        stored = article_store.get_articles(connection, [article_id, 999])[article_id]
        body = article_store.get_bodies(connection, [article_id])[article_id]
        assert tags_of(connection, article_id) == ["climate", "süd"]
    fields = set(RICH.__dataclass_fields__) - {"html", "text"}
    assert {name: getattr(stored, name) for name in fields} == {name: getattr(RICH, name) for name in fields}
    assert (stored.source_id, stored.story_id, stored.same_text) == (source, None, None)
    assert (body.html, body.text) == (RICH.html, RICH.text)


def test_the_newest_date_before_a_time_may_be_as_far_ahead_as_clocks_differ(store):
    before, ahead = NOW - timedelta(hours=1), FUTURE_TOLERANCE - timedelta(seconds=1)
    with store.write() as connection:
        ids = [known.id for known in factories.add_sources(connection, *map(declared, ("A", "B", "C")))]
        seen_before = replace(
            new_article(1), published=before + ahead, first_seen=before - timedelta(seconds=1)
        )
        dated_later = replace(new_article(2), published=NOW, first_seen=before - timedelta(days=1))
        found = ([seen_before, new_article(3)], [dated_later], [new_article(4)])
        for source, articles in zip(ids, found, strict=True):
            factories.add_unplaced(connection, source, articles)
        newest = article_store.newest_before(connection, ids, first_seen=before)
    assert newest == {ids[0]: before + ahead}


def test_an_article_of_the_same_source_and_key_is_stored_once(store):
    with store.write() as connection:
        source = source_id(connection)
        first = factories.add_unplaced(connection, source, [new_article(1), new_article(2)])
        again = replace(new_article(3), entry_key="key-2")
        (added,) = factories.add_unplaced(connection, source, [again, new_article(4)])
        assert added not in first
        assert article_store.count_articles(connection) == 3
        stored = article_store.get_articles(connection, first)[first[1]]
    assert stored.title == "Title 2"


def test_the_same_key_in_another_source_is_another_article(store):
    with store.write() as connection:
        ours, theirs = factories.add_sources(connection, declared("A"), declared("B"))
        factories.add_unplaced(connection, ours.id, [new_article(1)])
        factories.add_unplaced(connection, theirs.id, [replace(new_article(2), entry_key="key-1")])
        assert article_store.count_articles(connection) == 2


def test_ids_come_back_in_the_given_order(store):
    with store.write() as connection:
        source = source_id(connection)
        wanted = [new_article(number) for number in (5, 3, 9, 1, 7)]
        ids = factories.add_unplaced(connection, source, wanted)
        found = article_store.get_articles(connection, ids)
    assert [found[one].uid for one in ids] == [one.uid for one in wanted]
    assert factories.add_unplaced(connection, source, []) == []


def test_more_articles_than_one_statement_takes(store):
    wanted = [new_article(number, tags=("all",)) for number in range(1, 1203)]
    with store.write() as connection:
        source = source_id(connection)
        ids = factories.add_unplaced(connection, source, wanted)
        assert (
            len(article_store.get_articles(connection, ids))
            == len(article_store.get_bodies(connection, ids))
            == 1202
        )
        keys = [one.entry_key for one in wanted]
        assert len(known_articles.known_entries(connection, {source: (keys, [])})[source][0]) == 1202


def test_known_articles_are_found_by_key_or_url_in_their_source_only(store):
    with store.write() as connection:
        ours, theirs = factories.add_sources(connection, declared("A"), declared("B"))
        factories.add_unplaced(connection, ours.id, [new_article(n) for n in (1, 2, 3)])
        factories.add_unplaced(connection, theirs.id, [replace(new_article(4), entry_key="key-1")])
        asked = (["key-1", "nobody"], ["https://harbour.example/2", ""])
        known = known_articles.known_entries(connection, {ours.id: asked, theirs.id: (["nobody"], [])})
    assert known[theirs.id] == ((), frozenset())
    found, pruned = known[ours.id]
    assert ({one.entry_key for one in found}, pruned) == ({"key-1", "key-2"}, frozenset())
    (first,) = (one for one in found if one.entry_key == "key-1")
    assert first == KnownArticle(
        id=first.id,
        **{name: getattr(new_article(1), name) for name in KnownArticle.__dataclass_fields__ if name != "id"},
    )


def test_articles_without_a_url_are_not_found_by_the_empty_url(store):
    with store.write() as connection:
        source = source_id(connection)
        factories.add_unplaced(connection, source, [new_article(1, url="")])
        known = known_articles.known_entries(connection, {source: (["nobody"], [""])})
    assert known == {source: ((), frozenset())}


def test_a_change_replaces_what_readers_see_and_keeps_identity_path_and_first_sight(store):
    with store.write() as connection:
        source = source_id(connection)
        (article_id,) = factories.add_unplaced(connection, source, [RICH])
        story = factories.place(connection, article_id)
        stale.clear_stale(connection, stale.stale_pages(connection, 10))
        edited = replace(
            RICH,
            uid="another",
            path="another.html",
            first_seen=NOW + timedelta(days=1),
            title="Corrected",
            tags=("Sea",),
            html="<p>New</p>",
            text="New",
            item_hash="new-digest",
        )
        article_store.change_article(connection, article_id, source, edited)
        stored = article_store.get_articles(connection, [article_id])[article_id]
        assert (stored.uid, stored.path, stored.first_seen) == (RICH.uid, RICH.path, RICH.first_seen)
        assert (stored.title, stored.tags, stored.story_id) == ("Corrected", ("Sea",), story)
        assert article_store.get_bodies(connection, [article_id])[article_id].html == "<p>New</p>"
        assert tags_of(connection, article_id) == ["sea"]
        assert known_articles.known_item_hashes(connection, {source: ()})[source] == {"new-digest"}
        assert [one for one, _ in stale.stale_pages(connection, 10)] == [article_id]


def test_a_change_marks_every_page_that_links_to_the_article(store):
    with store.write() as connection:
        source = source_id(connection)
        changed, linking, same_story, _other = factories.add_articles(
            connection, source, *map(new_article, (1, 2, 3, 4))
        )
        story = article_store.get_articles(connection, [changed])[changed].story_id
        factories.place(connection, same_story, story)
        story_store.save_related(connection, {linking: [ScoredLink(article_id=changed, score=1, parts={})]})
        stale.clear_stale(connection, stale.stale_pages(connection, 10))
        article_store.change_article(connection, changed, source, new_article(1, title="Corrected"))
        assert {one for one, _ in stale.stale_pages(connection, 10)} == {changed, linking, same_story}


def test_a_change_of_words_is_a_revision_and_a_change_of_other_facts_is_none(store):
    later = NOW + timedelta(hours=2)
    with store.write() as connection:
        source = source_id(connection)
        (one,) = factories.add_unplaced(connection, source, [new_article(1)])

        def revised(*, keep: bool = False, **changes: Any) -> datetime | None:
            article_store.change_article(connection, one, source, new_article(1, **changes), keep_text=keep)
            return article_store.get_articles(connection, [one])[one].revised

        assert revised(tags=("Sea",), updated=later) is None
        assert revised(title="TITLE 1!", text="Text,  1", updated=later) is None
        assert revised(text="Text 2", updated=later) == later
        assert revised(text="Text 2", updated=later + timedelta(hours=1)) == later
        assert revised(keep=True, text="Teaser", updated=NOW) == later
        assert revised(keep=True, text="Teaser", summary="Another.", updated=NOW) == NOW
        assert revised(keep=True, text="Teaser", summary="Another.", title="New", updated=later) == later


def test_new_bytes_of_an_unchanged_article_are_remembered_and_change_nothing_else(store):
    with store.write() as connection:
        source = source_id(connection)
        (article_id,) = factories.add_unplaced(connection, source, [RICH])
        before = article_store.get_articles(connection, [article_id])[article_id]
        article_store.save_item_hashes(connection, [(article_id, "other bytes")])
        after = article_store.get_articles(connection, [article_id])[article_id]
    assert after == replace(before, item_hash="other bytes")


def test_known_digests_are_those_of_one_source(store):
    with store.write() as connection:
        ours, theirs = factories.add_sources(connection, declared("A"), declared("B"))
        factories.add_unplaced(connection, ours.id, [new_article(1), new_article(2)])
        factories.add_unplaced(connection, theirs.id, [new_article(3)])
        assert known_articles.known_item_hashes(connection, {ours.id: ()})[ours.id] == {
            "digest-1",
            "digest-2",
        }


def test_an_article_is_found_by_whatever_a_person_has_of_it(store):
    with store.write() as connection:
        source = source_id(connection)
        older = new_article(7, title="100% of Übersee_news", uid="abcdefab-0000-5000-8000-000000000007")
        ids = factories.add_unplaced(connection, source, [older, new_article(1), new_article(2)])
        for text in (
            str(ids[0]),
            older.uid,
            older.uid[:8],
            older.url,
            older.path,
            "100% of",
            "übersee_NEWS",
        ):
            found = article_store.find_article(connection, text)
            assert found is not None, text
            assert found.id == ids[0], text
        latest = article_store.find_article(connection, "title")
        assert latest is not None
        assert latest.id == ids[1]
        assert [one.id for one in article_store.find_articles(connection, "title", 9)] == [ids[1], ids[2]]
        assert [one.id for one in article_store.find_articles(connection, "title", 1)] == [ids[1]]
        assert [one.id for one in article_store.find_articles(connection, "Title 2", 9)] == [ids[2]]
        for text in (older.uid[:7], "no such words", "10%of", "9" * 30, "titl_1", "…"):
            assert article_store.find_article(connection, text) is None, text


def test_articles_are_counted_since_they_were_first_seen(store):
    with store.write() as connection:
        source = source_id(connection)
        factories.add_unplaced(
            connection, source, [new_article(1), new_article(2, first_seen=NOW - timedelta(days=2))]
        )
        assert article_store.count_articles(connection) == 2


def test_folded_words_stand_between_single_spaces():
    assert (
        folded_words("The “Ärzte”—say: no_thing  STRASSE ß 2026")
        == " the ärzte say no thing strasse ss 2026 "
    )
    assert folded_words("… ").split() == []


@pytest.mark.all
def test_only_the_listed_digests_of_a_document_are_looked_up(store):
    with store.write() as connection:
        ours, theirs = factories.add_sources(connection, declared("A"), declared("B"))
        factories.add_unplaced(connection, ours.id, [new_article(n) for n in (1, 2, 3)])
        asked = {ours.id: ["digest-2", "digest-9"], theirs.id: ["digest-1"]}
        found = known_articles.known_item_hashes(connection, asked)
    assert found == {ours.id: {"digest-2"}, theirs.id: frozenset()}


def test_a_title_is_found_by_its_words_and_the_beginning_of_the_last(store):
    with store.write() as connection:
        source = source_id(connection)
        (number,) = factories.add_unplaced(
            connection, source, [new_article(1, title="Harbour: new cranes arrive")]
        )
        for words in ("Harbour: new", "new cran", "cranes arrive", "harbour new cranes"):
            found = article_store.find_article(connection, words)
            assert found is not None, words
            assert found.id == number
        assert article_store.find_article(connection, "cranes new") is None
