"""Which articles a channel holds: every clause of the query language against real rows, on both engines."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syndicate.model import ScoredLink
from syndicate.publish.channel_query import parse_query
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_archives, channel_store, site_rows
from syndicate.store.stories import story_store
from syndicate.store.stories.story_moves import SPLIT, StoryMove, split_story
from tests import factories
from tests.factories import NOW, declared, new_article

ARTICLES = {
    "flood": new_article(1, title="Flood in the north", tags=("Climate", "Weather"), section="world"),
    "summit": new_article(2, title="Climate summit opens", summary="Rain, and 50% hope.", section="world"),
    "match": new_article(3, title="Match drawn", tags=("Football",), section="sport", language="en-gb"),
    "arabic": new_article(4, title="فيضان في الشمال", language="ar", section="world"),
    "english": new_article(5, title="Floodgates", section="", language="eng"),
}

QUERIES = {
    "": ["flood", "summit", "match", "arabic", "english"],
    "section:world": ["flood", "summit", "arabic"],
    "section:world,sport": ["flood", "summit", "match", "arabic"],
    "-section:world": ["match", "english"],
    "tag:climate": ["flood"],
    "tag:CLIMATE,football": ["flood", "match"],
    "-tag:climate": ["summit", "match", "arabic", "english"],
    'source:"Hills, and Dales"': ["copy"],
    'source:"Hills, and Dales",nobody tag:climate': ["copy"],
    '-source:"The Harbour"': ["copy"],
    '-source:"Hills, and Dales"': ["flood", "summit", "match", "arabic", "english"],
    "source:nobody": [],
    "language:en": ["flood", "summit", "match"],
    "language:en-GB": ["match"],
    "language:e": [],
    "-language:en": ["arabic", "english"],
    "flood": ["flood"],
    "word:FLOOD,rain": ["flood", "summit"],
    "-flood": ["summit", "match", "arabic", "english"],
    "فيضان": ["arabic"],
    '"climate summit"': ["summit"],
    '"summit climate"': [],
    "climate": ["flood", "summit"],
    '"50%"': ["summit"],
    "%": [],
    "top": ["match", "arabic"],
    "trending": ["flood"],
    "top,trending": ["flood", "match", "arabic"],
    "-top": ["flood", "summit", "english"],
    "section:world language:en -flood": ["summit"],
    "section:world top": ["arabic"],
}


@pytest.fixture
def connection(store):
    with store.write() as connection:
        harbour, hills = factories.add_sources(
            connection, declared("The Harbour"), declared("Hills, and Dales")
        )
        ids = dict(
            zip(ARTICLES, factories.add_articles(connection, harbour.id, *ARTICLES.values()), strict=True)
        )
        later = NOW - timedelta(seconds=30)
        copy = new_article(
            6, title="Flood in the north, again", tags=("climate",), section="world", published=later
        )
        (copied,) = factories.add_unplaced(connection, hills.id, [copy])
        story = article_store.get_articles(connection, [ids["flood"]])[ids["flood"]].story_id
        factories.place(connection, copied, story, same_text=ids["flood"])
        factories.add_unplaced(connection, harbour.id, [new_article(7, title="Flood not placed yet")])
        found = article_store.get_articles(connection, ids.values())
        factories.rank(connection, "top", [found[ids["match"]], found[ids["arabic"]]])
        factories.rank(connection, "trending", [found[ids["flood"]]])
        yield connection


def titles(connection, query: str, **facts) -> list[str]:
    facts = {"limit": 50} | facts
    found = channel_store.channel_articles(connection, parse_query(query), **facts)
    signature = channel_store.channel_signature(connection, parse_query(query), limit=50)
    if facts == {"limit": 50}:
        assert signature == [(one.id, one.content_hash, "") for one in found]
    names = {article.title: name for name, article in ARTICLES.items()}
    return [names.get(one.title, "copy") for one in found]


def test_a_query_holds_what_it_says_newest_first(connection):
    assert {query: titles(connection, query) for query in QUERIES} == QUERIES


def test_the_limit_keeps_the_newest(connection):
    assert titles(connection, "", limit=2) == ["flood", "summit"]


def test_of_articles_with_one_text_the_first_that_matches_is_shown(connection):
    (flood,) = channel_store.channel_articles(connection, parse_query("tag:weather"), limit=5)
    everywhere = [one.id for one in channel_store.channel_articles(connection, (), limit=50)]
    assert flood.id in everywhere
    article_store.change_article(
        connection, flood.id, flood.source_id, replace(ARTICLES["flood"], section="sport")
    )
    assert titles(connection, "section:sport") == ["flood", "match"]
    assert titles(connection, "section:world") == ["copy", "summit", "arabic"]
    both = [
        channel_store.ArticleFilter(sections=("sport",)),
        channel_store.ArticleFilter(sections=("world",)),
    ]
    found = channel_store.filtered_articles(connection, both, limit=9)
    assert [one.title for one in found].count("Flood in the north, again") == 0
    assert flood.id in [one.id for one in found]


def test_articles_of_one_moment_keep_a_fixed_order(connection):
    (source,) = (one for one in source_store.list_sources(connection) if one.name == "The Harbour")
    same = [replace(new_article(20 + n), published=NOW, section="same") for n in range(4)]
    ids = factories.add_articles(connection, source.id, *same)
    found = channel_store.channel_articles(connection, parse_query("section:same"), limit=10)
    assert [one.id for one in found] == sorted(ids, reverse=True)


def test_a_query_chooses_among_given_articles(connection):
    found = channel_store.channel_articles(connection, (), limit=50)
    ids = {one.title: one.id for one in found}
    matching = channel_store.matching_articles(connection, parse_query("tag:climate"), list(ids.values()))
    assert matching == {ids["Flood in the north"]}
    assert channel_store.matching_articles(connection, (), []) == set()


def test_sections_that_have_articles(connection):
    assert channel_store.sections(connection) == ["sport", "world"]


def test_a_language_of_fewer_than_one_in_a_hundred_articles_is_not_usual(connection):
    (source,) = factories.add_sources(connection, factories.declared("Mill"))
    tags = ["en"] * 80 + ["en-gb"] * 115 + ["de"] * 4 + ["gl"]
    articles = [factories.new_article(300 + number, language=tag) for number, tag in enumerate(tags)]
    factories.add_articles(connection, source.id, *articles)
    assert channel_store.usual_languages(connection) == ["de", "en"]


def test_the_sources_own_articles_of_a_time_or_at_least_the_newest(connection):
    ids = {one.name: one.id for one in source_store.list_sources(connection)}
    harbour = [ids["The Harbour"]]

    def found(since: datetime) -> list[str]:
        return [one.title for one in channel_store.source_articles(connection, harbour, since=since, limit=3)]

    assert found(NOW - timedelta(minutes=2)) == ["Flood in the north", "Climate summit opens"]
    assert len(found(NOW - timedelta(days=1))) == 3
    assert found(NOW) == ["Flood in the north"]
    assert channel_store.source_articles(connection, [], since=NOW, limit=3) == []


def test_the_related_signature_moves_with_the_links_and_with_what_they_point_to(connection):
    first, second, third = (one.id for one in channel_store.channel_articles(connection, (), limit=3))
    links = [
        ScoredLink(article_id=second, score=0.5, parts={}),
        ScoredLink(article_id=third, score=0.4, parts={}),
    ]
    story_store.save_related(connection, {first: links})
    before = channel_store.related_signature(connection, [first, second])
    assert [row[:2] for row in before] == [(first, second), (first, third)]
    source = article_store.get_articles(connection, [second])[second].source_id
    article_store.change_article(
        connection, second, source, replace(ARTICLES["summit"], title="Edited", content_hash="edited")
    )
    assert channel_store.related_signature(connection, [first, second]) != before


@pytest.mark.parametrize("listed_half", ["the one that stays", "the one that splits off"])
def test_a_ranked_feed_keeps_an_article_whose_story_split_off_a_listed_one(connection, listed_half):
    first, second, third = (one.id for one in channel_store.channel_articles(connection, (), limit=3))
    story = factories.place(connection, first)
    factories.place(connection, second, story)
    found = article_store.get_articles(connection, [first, second, third])
    factories.rank(connection, "top", [found[first]])
    factories.rank(connection, "top", [found[second]])
    other = factories.place(connection, third)
    stays = listed_half == "the one that stays"
    move = StoryMove(
        kind=SPLIT,
        from_story=story,
        to_story=other,
        article_id=third,
        articles=1,
        similarity=0.1,
        threshold=0.2,
        moved=NOW,
    )
    split_story(connection, move, [first if stays else second])
    found = article_store.get_articles(connection, [first, second, third])
    factories.rank(connection, "top", [found[second]])
    top = channel_store.channel_articles(connection, parse_query("top"), limit=9)
    assert sorted(one.id for one in top) == sorted([first, second])
    factories.rank(connection, "top", [])
    assert channel_store.channel_articles(connection, parse_query("top"), limit=9) == []


def test_a_ranked_feed_drops_a_story_to_which_an_article_of_a_listed_one_went(connection):
    first, second, third = (one.id for one in channel_store.channel_articles(connection, (), limit=3))
    story, other = factories.place(connection, first), factories.place(connection, third)
    factories.place(connection, second, story)
    found = article_store.get_articles(connection, [first, third])
    factories.rank(connection, "top", [found[first], found[third]])
    move = StoryMove(
        kind=SPLIT,
        from_story=story,
        to_story=other,
        article_id=third,
        articles=1,
        similarity=0.4,
        threshold=0.2,
        moved=NOW + timedelta(hours=1),
    )
    split_story(connection, move, [second])
    factories.rank(connection, "top", [found[first]])
    top = channel_store.channel_articles(connection, parse_query("top"), limit=9)
    assert [one.id for one in top] == [first]


def test_a_ranked_feed_keeps_an_article_while_its_story_is_listed_whoever_leads_it(connection):
    first, second, third = (one.id for one in channel_store.channel_articles(connection, (), limit=3))
    factories.place(connection, second, factories.place(connection, first))

    def top() -> list[int]:
        return [one.id for one in channel_store.channel_articles(connection, parse_query("top"), limit=9)]

    found = article_store.get_articles(connection, [first, second, third])
    factories.rank(connection, "top", [found[first]])
    factories.rank(connection, "top", [found[second]])
    assert sorted(top()) == sorted([first, second])
    factories.rank(connection, "top", [found[third]])
    assert top() == [third]


def test_recent_articles_are_counted_by_section_and_source_once_they_are_placed(connection):
    counts = site_rows.recent_counts(connection, NOW - timedelta(hours=12))

    totals = {(count.section, count.source_id): count.articles for count in counts}
    assert sorted(totals.values()) == [1, 1, 1, 3]
    assert totals["world", min(source for _, source in totals)] == 3
    assert site_rows.recent_counts(connection, NOW + timedelta(days=1)) == []


def test_an_archive_holds_the_articles_of_its_channel_in_the_order_of_storage(connection, monkeypatch):
    monkeypatch.setattr(channel_archives, "_LATEST", 2)
    ranges = [(0, 9), (2, 9), (5, 9), (0, 3), (2, 6), (3, 3)]
    for clauses in map(parse_query, QUERIES):
        shown = sorted(one.id for one in channel_store.channel_articles(connection, clauses, limit=50))
        for after, until in ranges:
            found = channel_archives.articles_after(connection, clauses, after, until=until)
            expected = [number for number in shown if after < number <= until]
            assert [article.id for article in found] == expected
        for count in range(1, 9):
            cutoff = channel_archives.archive_cutoff_id(connection, clauses, count)
            assert cutoff == (shown[-count - 1] if count < len(shown) else 0)
