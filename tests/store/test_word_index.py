"""The index of words: both engines find the same articles, it changes with them, and old ones follow."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from syndicate.errors import StoreBusy
from syndicate.model import EditorAction, NewArticle, Republish
from syndicate.publish.channel_query import parse_query
from syndicate.publish.search.search_query import parse_search
from syndicate.store import schema
from syndicate.store.core import old_rows
from syndicate.store.ingest import article_store, page_store
from syndicate.store.output import channel_store
from syndicate.store.search import search_store, word_index
from syndicate.store.search.search_store import HitFilter
from syndicate.store.search.word_index import WORDS, Scope
from syndicate.store.stories import decision_store
from syndicate.text.plain import folded_words
from tests import factories
from tests.examples import examples
from tests.factories import NOW, declared, new_article

ARTICLES = {
    "floods": new_article(
        1, title="Floods hit the cities", summary="Rain, rain.", tags=("Climate", "News", "Summit")
    ),
    "summit": new_article(2, title="Climate summit opens", summary="A flood of words.", section="politics"),
    "own": new_article(3, title="A quiet day", text="The lighthouse keeper’s diary.", language="en-gb"),
    "arabic": new_article(4, title="فيضانات في الشَّمال", summary="أخبار", language="ar"),
    "japanese": new_article(5, title="日本の気候変動", language="ja"),
    "german": new_article(6, title="Überschwemmungen in Österreich", language="de"),
}
SEARCHES = {
    "flood": {"floods", "summit"},
    "floods": {"floods", "summit"},
    '"floods"': {"floods"},
    "climate summit": {"floods", "summit"},
    '"climate summit"': {"summit"},
    '"cities rain"': set(),
    "climate -opens": {"floods"},
    "lighthouse": {"own"},
    "keeper's": {"own"},
    "harbour": {"floods", "summit", "own", "arabic", "japanese", "german"},
    "فيضانات": {"arabic"},
    "شمال": {"arabic"},
    "الشمال": {"arabic"},
    "اخبار": {"arabic"},
    "気候": {"japanese"},
    "候": {"japanese"},
    "気変": set(),
    "uberschwemmung": {"german"},
    "osterreich": {"german"},
    "-flood": set(),
}
SIGNS = "\"'()*:^-+&|!<>\\{}~ NOTANDORaé気ا"
LANGUAGES = ("en", "ar", "ja", "de")


@pytest.fixture
def found(store):
    """A function that returns the names of the articles that a search finds."""
    numbers = add(store)

    def search(words: str, scope: Scope = Scope.ALL, **conditions) -> set[str]:
        terms = parse_search({"q": words}).terms(LANGUAGES)
        with store.read() as connection:
            hits = (
                search_store.search_hits(connection, terms, HitFilter(**conditions), limit=100, scope=scope)
                if terms
                else []
            )
        return {name for name, number in numbers.items() if number in {hit.article_id for hit in hits}}

    return search


def add(store) -> dict[str, int]:
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared(own=True, republish=Republish.FULL))
        ids = factories.add_articles(connection, source.id, *ARTICLES.values())
    return dict(zip(ARTICLES, ids, strict=True))


@pytest.mark.parametrize(("words", "names"), SEARCHES.items())
def test_a_search_finds_these_articles_on_both_engines(found, words, names):
    assert found(words) == names


def test_a_search_in_titles_finds_words_and_stems_of_titles_only(found):
    assert found("flood", Scope.TITLE) == {"floods"}
    assert found("climate", Scope.TITLE) == {"summit"}


def test_filters_narrow_a_search(found):
    assert found("flood", section="politics") == {"summit"}
    assert found("harbour", language="en") == {"floods", "summit", "own"}
    assert found("flood", source_ids=(99,)) == set()
    published = ARTICLES["summit"].published
    assert found("flood", since=published + timedelta(seconds=1)) == {"floods"}
    assert found("flood", before=published + timedelta(seconds=1)) == {"summit"}


def test_texts_of_publishers_who_keep_them_are_not_searched_and_no_channel_searches_texts(store):
    with store.write() as connection:
        (kept,) = factories.add_sources(connection, declared("Kept"))
        factories.add_articles(connection, kept.id, new_article(9, text="lighthouse", entry_key="kept"))
    numbers = add(store)
    terms = parse_search({"q": "lighthouse"}).terms()
    with store.read() as connection:
        hits = search_store.search_hits(connection, terms, HitFilter(), limit=9)
        listed = channel_store.channel_articles(connection, parse_query("lighthouse"), limit=9)
    assert [hit.article_id for hit in hits] == [numbers["own"]]
    assert listed == []


def test_the_index_follows_edits_full_texts_headlines_and_retention(store):
    number = add(store)["own"]

    def matching(words: str) -> bool:
        with store.read() as connection:
            return number in search_store.ids_with(connection, parse_search({"q": words}).terms(), limit=9)

    with store.write() as connection:
        article_store.change_article(connection, number, 1, new_article(3, title="Edited", text="storm"))
    assert (matching("quiet"), matching("edited"), matching("storm")) == (False, True, True)
    with store.write() as connection:
        page_store.save_full_text(connection, number, new_article(3, text="from the page"))
    assert (matching("storm"), matching("page")) == (False, True)
    with store.write() as connection:
        uid = new_article(3).uid
        decision_store.add_decision(
            connection, who="jo", action=EditorAction.RETITLE, article_uid=uid, value="Ours", now=NOW
        )
        decision_store.sync_headlines(connection, at=NOW)
    assert matching("ours")
    later = NOW + timedelta(days=400)
    with store.write() as connection:
        old_rows.prune_articles(connection, before=later, now=later, limit=99)
        assert connection.execute(select(WORDS.c.rowid)).all() == []


def test_articles_stored_before_the_index_are_in_channels_at_once_and_in_searches_after_batches(store):
    numbers = add(store)
    with store.write() as connection:
        for article in ARTICLES.values():
            folded = folded_words(" ".join((article.title, article.summary, *article.tags)))
            query = update(schema.articles).where(schema.articles.c.uid == article.uid)
            connection.execute(query.values(search=folded))
        connection.execute(delete(WORDS))
        connection.execute(
            text(
                "INSERT INTO meta (key, value) SELECT 'words before', CAST(MAX(id) + 1 AS TEXT) FROM articles"
            )
        )

    def channel(query: str) -> list[int]:
        with store.read() as connection:
            return [one.id for one in channel_store.channel_articles(connection, parse_query(query), limit=9)]

    def searched() -> int:
        terms = parse_search({"q": "harbour"}).terms()
        with store.read() as connection:
            return len(search_store.ids_with(connection, terms, limit=9))

    before = channel("climate"), channel('"climate summit"'), channel("-climate")
    assert before[:2] == ([numbers["floods"], numbers["summit"]], [numbers["summit"]])
    progress = []
    for _ in range(3):
        with store.write() as connection:
            progress.append(word_index.index_waiting(connection, 4))
        progress.append(searched())
        assert (channel("climate"), channel('"climate summit"'), channel("-climate")) == before
    assert progress == [4, 4, 2, 6, 0, 6]


def test_a_frequent_word_gives_the_same_channel_as_a_rare_word(store, monkeypatch):
    numbers = add(store)
    with store.read() as connection:
        rare = channel_store.channel_articles(connection, parse_query("climate"), limit=9)
        monkeypatch.setattr(channel_store, "_RARE", 0)
        frequent = channel_store.channel_articles(connection, parse_query("climate"), limit=9)
    assert [one.id for one in rare] == [numbers["floods"], numbers["summit"]]
    assert frequent == rare


def test_a_frequent_tag_or_word_gives_the_same_channel_however_articles_are_stored(store, monkeypatch):
    """Articles in any order of publication, also at one time, with copies, sections and some unplaced."""
    chosen = random.Random(7)
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        for number in range(120):
            published = NOW - timedelta(minutes=chosen.choice([200 - number, chosen.randrange(200)]))
            article = new_article(
                number,
                title="Floods" if chosen.random() < 0.7 else "Rain",
                tags=("Climate",) if chosen.random() < 0.6 else (),
                section=chosen.choice(["world", "sport"]),
                published=published,
            )
            (article_id,) = factories.add_unplaced(connection, source.id, [article])
            if chosen.random() < 0.9:
                copied = chosen.randrange(1, article_id + 1)
                factories.place(connection, article_id, 1, same_text=min(copied, article_id))

    queries = ("floods", "tag:climate", "tag:climate floods", "floods section:sport", "-floods tag:climate")

    def channels() -> list[list[int]]:
        with store.read() as connection:
            return [
                [
                    each.id
                    for each in channel_store.channel_articles(connection, parse_query(query), limit=limit)
                ]
                for query in queries
                for limit in (1, 2, 5, 12, 40, 200)
            ]

    listed = channels()
    assert min(map(len, listed)) == 1
    monkeypatch.setattr(channel_store, "_FREQUENT", 1)
    assert channels() == listed
    monkeypatch.setattr(channel_store, "_RARE", 3)
    assert channels() == listed


def test_a_slow_search_ends_as_a_busy_store_and_the_connection_stays_usable(store):
    slow = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }
    with (
        pytest.raises(StoreBusy, match=r"longer than 0.05 s; search for more words"),
        store.read() as connection,
        search_store.time_limit(connection, 0.05),
    ):
        connection.execute(text(slow[connection.dialect.name]))
    with store.read() as connection:
        assert connection.scalars(text("SELECT 1")).one() == 1


def test_tags_are_found_by_their_beginning_if_two_articles_have_them(store):
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        tagged: list[NewArticle] = [
            new_article(number, tags=("Climate", "Clinic")[: 2 - (number > 1)]) for number in range(1, 4)
        ]
        factories.add_articles(connection, source.id, *tagged)
        assert search_store.tags_beginning(connection, "cli", limit=5) == [("climate", 3)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(200))
@given(words=st.text(alphabet=st.characters() | st.sampled_from(SIGNS), max_size=60))
def test_no_search_raises_on_either_engine(store, words):
    query = parse_search({"q": words})
    for terms in (query.terms(LANGUAGES), query.terms(LANGUAGES, unfinished=True)):
        if terms:
            with store.read() as connection:
                for scope in Scope:
                    assert (
                        search_store.search_hits(connection, terms, HitFilter(), limit=9, scope=scope) == []
                    )
