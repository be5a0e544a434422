"""Stories that merge and split, as rows: nothing is lost, old ids lead on, two movers never both win."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.errors import StoreError
from syndicate.model import RankedStory
from syndicate.store.ingest import article_store
from syndicate.store.output import stale
from syndicate.store.stories import index_rows, ranked_lists, story_moves, story_store
from syndicate.store.stories.story_moves import MERGED, SPLIT, StoryMove, StoryReason
from tests import factories
from tests.factories import NOW, declared, new_article

DAY = timedelta(days=1)


@pytest.fixture
def room(store):
    """A connection, four articles, and two stories of two articles each."""
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        ids = factories.add_unplaced(connection, source.id, [new_article(n) for n in range(1, 5)])
        first = factories.place(connection, ids[0])
        second = factories.place(connection, ids[2])
        factories.place(connection, ids[1], first)
        factories.place(connection, ids[3], second)
        stale.clear_stale(connection, stale.stale_pages(connection, 9))
        yield connection, ids, first, second


def move(kind: str, story: int, into: int, articles: int, **changes) -> StoryMove:
    made = StoryMove(
        kind=kind,
        from_story=story,
        to_story=into,
        article_id=1,
        articles=articles,
        similarity=0.25,
        threshold=0.2,
        moved=NOW,
    )
    return replace(made, **changes)


def homes(connection, ids) -> list[int]:
    found = article_store.get_articles(connection, ids)
    return [found[one].story_id or 0 for one in ids]


def test_a_merged_story_leads_to_the_one_that_has_its_articles(room):
    connection, ids, first, second = room
    story_moves.merge_story(connection, move(MERGED, second, first, 2))
    assert homes(connection, ids) == [first] * 4
    assert set(story_store.get_stories(connection, [first, second])) == {first}
    assert story_moves.current_stories(connection, [first, second, 999]) == {
        first: first,
        second: first,
        999: 999,
    }
    assert story_moves.story_moves(connection, first) == [move(MERGED, second, first, 2)]
    by_old, by_new = (article_store.find_article(connection, f"story:{story}") for story in (second, first))
    assert by_old is not None
    assert by_old == by_new


def test_an_id_leads_on_through_any_number_of_merges(room):
    connection, ids, first, second = room
    (third,) = story_store.add_stories(connection, [ids[0]], NOW)
    story_moves.merge_story(connection, move(MERGED, third, second, 0))
    story_moves.merge_story(connection, move(MERGED, second, first, 2))
    assert story_moves.current_stories(connection, [third, second]) == {third: first, second: first}
    assert story_moves.current_stories(connection, []) == {}


def test_a_split_takes_only_the_articles_named(room):
    connection, ids, first, _ = room
    (third,) = story_store.add_stories(connection, [ids[1]], NOW)
    story_moves.split_story(connection, move(SPLIT, first, third, 1), [ids[1]])
    assert homes(connection, ids[:2]) == [first, third]
    assert story_moves.current_stories(connection, [first, third]) == {first: first, third: third}
    assert story_moves.story_moves(connection, third) == story_moves.story_moves(connection, first)


def test_every_page_of_both_stories_is_written_again(room):
    connection, ids, first, second = room
    story_moves.merge_story(connection, move(MERGED, second, first, 2))
    assert sorted(one for one, _ in stale.stale_pages(connection, 9)) == ids


def test_every_page_of_a_story_that_takes_articles_of_another_is_written_again(room):
    connection, ids, first, second = room
    story_moves.split_story(connection, move(SPLIT, first, second, 1), [ids[1]])
    assert sorted(one for one, _ in stale.stale_pages(connection, 9)) == ids


def test_a_story_somebody_else_moved_is_not_moved_again(room):
    connection, _, first, second = room
    story_moves.merge_story(connection, move(MERGED, second, first, 2))
    with pytest.raises(StoreError, match="run stories again"):
        story_moves.merge_story(connection, move(MERGED, second, first, 2))


def test_a_split_takes_older_articles_with_the_same_text_along(room):
    connection, ids, first, _ = room
    factories.place(connection, ids[0], first, same_text=ids[1])
    factories.place(connection, ids[1], first, same_text=ids[1])
    (third,) = story_store.add_stories(connection, [ids[1]], NOW)
    story_moves.split_story(connection, move(SPLIT, first, third, 1), [ids[1]])
    assert homes(connection, ids[:2]) == [third, third]


def test_a_story_that_its_only_article_left_leads_to_where_it_went(room):
    connection, ids, first, second = room
    for article_id in ids[2:]:
        factories.place(connection, article_id, first)
    assert story_moves.close_empty_stories(connection, [move(MERGED, second, first, 1)]) == []
    assert story_moves.current_stories(connection, [second]) == {second: first}
    assert story_store.get_stories(connection, [second]) == {}
    assert story_moves.close_empty_stories(connection, [move(MERGED, first, second, 1)]) == [first]


def test_a_stored_list_names_the_story_that_is_left_and_only_once(room):
    connection, ids, first, second = room

    def ranked(story: int, position: int) -> RankedStory:
        return RankedStory(
            story_id=story, article_id=ids[0], position=position, score=1.0, coverage=1, parts={}
        )

    ranked_lists.save_ranked(connection, "top", [ranked(first, 1), ranked(second, 2)])
    ranked_lists.save_ranked(connection, "trending", [ranked(second, 1)])
    story_moves.merge_story(connection, move(MERGED, second, first, 2))
    for name in ("top", "trending"):
        assert [one.story_id for one in ranked_lists.ranked_stories(connection, name)] == [first]


def test_the_reason_of_an_article_is_the_last_one_and_goes_with_it(room):
    connection, ids, first, _ = room
    reason = StoryReason(
        article_id=ids[1],
        story_id=first,
        nearest_id=ids[0],
        nearest=0.5,
        mean_similarity=0.4,
        n_compared=1,
        similarity=0.45,
        threshold=0.2,
        placed=NOW,
    )
    story_moves.save_reasons(connection, ids, [reason])
    story_moves.save_reasons(connection, [ids[1]], [replace(reason, mean_similarity=0.3)])
    assert story_moves.story_reasons(connection, [ids[1]]).get(ids[1]) == replace(reason, mean_similarity=0.3)
    assert story_moves.story_reasons(connection, [ids[0]]).get(ids[0]) is None
    (batch,) = index_rows.placed_articles(connection, NOW - DAY)
    loaded = {one.article_id: (one.mean_similarity, one.n_compared) for one in batch}
    assert [loaded[one] for one in ids[:2]] == [(0.0, 0), (0.3, 1)]
    story_moves.save_reasons(connection, [ids[1]], [])
    assert story_moves.story_reasons(connection, [ids[1]]).get(ids[1]) is None


def test_a_reason_not_to_join_counts_nothing_in_the_index(room):
    connection, ids, first, _ = room
    refused = StoryReason(
        article_id=ids[2],
        story_id=first,
        nearest_id=ids[0],
        nearest=0.1,
        mean_similarity=0.1,
        n_compared=2,
        similarity=0.1,
        threshold=0.2,
        placed=NOW,
    )
    story_moves.save_reasons(connection, ids, [refused])
    (batch,) = index_rows.placed_articles(connection, NOW - DAY)
    loaded = {one.article_id: one.n_compared for one in batch}
    assert loaded[ids[2]] == 0


def test_old_moves_are_forgotten_when_nothing_is_left_where_they_lead(room):
    connection, ids, first, second = room
    (third,) = story_store.add_stories(connection, [ids[0]], NOW)
    story_moves.merge_story(connection, move(MERGED, third, second, 0))
    story_moves.merge_story(connection, move(MERGED, second, first, 2, moved=NOW + DAY))
    assert story_moves.prune_moves(connection, before=NOW + 2 * DAY) == 0
    story_moves.merge_story(connection, move(MERGED, first, 999, 4))
    assert story_moves.prune_moves(connection, before=NOW) == 0
    gone = [story_moves.prune_moves(connection, before=NOW + 2 * DAY) for _ in range(4)]
    assert gone == [1, 1, 1, 0]
