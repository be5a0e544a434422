"""From articles to stories, copies and related links."""

import gc
import random
import weakref
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from syndicate.model import StoredArticle
from syndicate.store.core.column_types import to_microseconds
from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions
from syndicate.stories.link_scores import match_all, weigh_cosines
from syndicate.stories.terms.similarity import Cosines
from tests.stories.newsroom import BANK, CHESS, FLOOD, START, article, place, similar


@pytest.fixture
def index() -> StoryIndex:
    return StoryIndex(StoryOptions())


@pytest.fixture
def newsroom() -> list[IndexedArticle]:
    texts = (FLOOD[0], BANK[0], CHESS[0], FLOOD[1], BANK[1], FLOOD[2])
    return [article(number, *text) for number, text in enumerate(texts, 1)]


def stories(index: StoryIndex, items: list[IndexedArticle]) -> set[frozenset[int]]:
    groups: dict[int | None, set[int]] = {}
    for item in items:
        groups.setdefault(index.story_of(item.article_id), set()).add(item.article_id)
    return {frozenset(group) for group in groups.values()}


def test_articles_about_one_event_become_one_story(index: StoryIndex, newsroom: list[IndexedArticle]) -> None:
    for item in newsroom:
        place(index, item)
    assert stories(index, newsroom) == {frozenset({1, 4, 6}), frozenset({2, 5}), frozenset({3})}


def test_stories_do_not_depend_on_the_order_of_arrival(newsroom: list[IndexedArticle]) -> None:
    for order in random.Random(5).sample(list(permutations(newsroom)), 20):
        index = StoryIndex(StoryOptions())
        for item in order:
            place(index, item)
        assert stories(index, newsroom) == {frozenset({1, 4, 6}), frozenset({2, 5}), frozenset({3})}


def test_related_links_name_the_same_event_and_nothing_else(
    index: StoryIndex, newsroom: list[IndexedArticle]
) -> None:
    placements = [place(index, item) for item in newsroom]
    assert {one.article_id for one in placements[-1].candidates} == {1, 4}
    assert {one.article_id for one in index.related(1)} == {4, 6}
    assert index.related(3) == ()
    assert index.related(99) == ()


def test_a_new_article_names_the_older_ones_that_should_link_to_it(
    index: StoryIndex, newsroom: list[IndexedArticle]
) -> None:
    placements = [place(index, item) for item in newsroom]
    assert [sorted(one.touched) for one in placements] == [[], [], [], [1], [2], [1, 4]]


def test_words_do_not_become_common_because_many_articles_tell_one_event(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0]))
    late = article(9, "Porto after the flood", "The Ribeira of Porto is dry again and the Douro is low.")
    before = index.fingerprint(late)
    assert [place(index, article(number, *FLOOD[number - 1])).story for number in (2, 3)] == [1, 1]
    assert index.fingerprint(late).pack() == before.pack()
    place(index, article(4, *CHESS[0]))
    assert index.fingerprint(late).pack() != before.pack()


def test_the_parts_of_a_score_sum_to_it(index: StoryIndex, newsroom: list[IndexedArticle]) -> None:
    for item in newsroom:
        place(index, item)
    for one in (*index.related(1), *similar(index, 1)):
        assert sum(one.parts.values()) == pytest.approx(one.score)
        assert one.parts.get("time", 0.0) <= 0


def test_at_equal_score_the_fresher_comes_first() -> None:
    same = np.full(3, 0.5, np.float32)
    others = [(1, 100.0), (2, 300.0), (3, 300.0)]
    options = StoryOptions(time_share=0.0)
    alike = weigh_cosines(Cosines(same, same, same, 0 * same), np.full(3, 200.0), options)
    matches = match_all(300.0, others, [], alike, options)
    assert [match.article_id for match in matches] == [3, 2, 1]


def test_the_same_text_elsewhere_is_a_copy_in_the_same_story_and_never_a_related_link(
    index: StoryIndex,
) -> None:
    title, text = FLOOD[0]
    place(index, article(1, title, text))
    copy = place(index, article(2, "Flood in Porto", f"PORTO (Agency) {text} Reporting by our staff."))
    other = place(index, article(3, *FLOOD[1]))
    assert (copy.twin, copy.story) == (1, 1)
    assert [one.article_id for one in other.candidates] == [1]
    assert [one.article_id for one in index.related(1)] == [3]
    assert [one.article_id for one in index.related(2)] == [3]


def test_a_headline_inside_an_article_is_no_copy(index: StoryIndex) -> None:
    place(index, article(1, "Porto flood", FLOOD[0][1]))
    assert place(index, article(2, "The river Douro burst its banks on Monday")).twin is None


def test_what_a_source_lists_as_further_reading_is_related(index: StoryIndex) -> None:
    place(index, article(1, *CHESS[0]))
    placement = place(index, article(2, *BANK[0], hints=(1, 77)))
    assert [one.article_id for one in placement.candidates] == [1]
    assert placement.candidates[0].parts["hint"] == StoryOptions().hint
    assert [one.article_id for one in index.related(2)] == [1]
    assert index.related(1) == ()


def test_articles_further_apart_than_the_window_are_two_stories(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0]))
    assert place(index, article(2, *FLOOD[1], published=START + timedelta(days=8))).story is None
    assert place(index, article(3, *FLOOD[2], published=START + timedelta(days=1))).story == 1


def test_loading_gives_the_index_that_was_left(newsroom: list[IndexedArticle]) -> None:
    kept, restarted = StoryIndex(StoryOptions()), StoryIndex(StoryOptions(), next_text_label=10)
    copy = article(7, FLOOD[0][0], FLOOD[0][1])
    again = article(8, BANK[0][0], "", source_id=newsroom[3].source_id)
    naming = article(9, *CHESS[0], source_id=90, hints=(2,), published=START + timedelta(days=1))
    stored = []
    for item in (*newsroom, copy, again, naming):
        placement = place(kept, item)
        found = placement.story_match if placement.story_match and placement.story_match.joins else None
        mean_similarity, n_compared = (found.mean_similarity, found.n_compared) if found else (0.0, 0)
        stored.append(
            StoredArticle(
                article_id=item.article_id,
                source_id=item.source_id,
                published=to_microseconds(item.published),
                title=item.title,
                story=kept.story_of(item.article_id),
                same_text=kept.text_of(item.article_id),
                mean_similarity=mean_similarity,
                n_compared=n_compared,
                terms=kept.packed(item.article_id),
                read_more='["named"]' if item.hints else None,
            )
        )
    assert len({one.same_text for one in stored}) < len(stored)
    # The store gives them in no order, in batches.
    assert restarted.load([stored[:1:-1], stored[:2]]).read_more == {9: '["named"]'}
    restarted.hint(9, (2,))
    assert [restarted.packed(one.article_id) for one in stored] == [one.terms for one in stored]
    for story in {one.story for one in stored if one.story}:
        assert restarted.articles_of(story) == kept.articles_of(story)
    late = article(
        20, "Porto bridge reopens", "Engineers reopened the Dom Luís bridge over the Douro in Porto."
    )
    repeated = article(21, *BANK[1], source_id=newsroom[4].source_id, published=START + timedelta(days=3))
    for item in (late, repeated):
        assert restarted.add(item) == kept.add(item)
    numbers = [*range(1, 10), 20, 21]
    assert [restarted.related(number) for number in numbers] == [kept.related(number) for number in numbers]
    assert restarted.forget_before(START + timedelta(hours=2)) == kept.forget_before(
        START + timedelta(hours=2)
    )
    last = article(22, *FLOOD[2])
    assert restarted.add(last) == kept.add(last)


def test_loaded_articles_with_terms_of_another_version_or_damaged_are_left_out_and_named(
    newsroom: list[IndexedArticle],
) -> None:
    index = StoryIndex(StoryOptions())
    place(index, newsroom[0])
    packed = index.packed(1)
    for wrong in (b"", packed[:5], packed[:-1], packed + b"\0", b"\x09" + packed[1:]):
        row = StoredArticle(2, 2, 0, "Title", 1, 2, 0.0, 0, packed)
        other = StoryIndex(StoryOptions())
        assert other.load([[row._replace(article_id=3, same_text=3, terms=wrong), row]]).unreadable == [3]
        assert (2 in other, 3 in other) == (True, False)
    twice = StoredArticle(1, 1, 0, "Title", 1, 1, 0.0, 0, packed)
    with pytest.raises(ValueError, match="already"):
        index.load([[twice]])


def test_forgetting_leaves_nothing_behind(index: StoryIndex, newsroom: list[IndexedArticle]) -> None:
    for item in newsroom:
        place(index, item)
    assert index.forget_before(START + timedelta(hours=2, minutes=1)) == 4
    assert (len(index), 4 in index, 5 in index) == (2, False, True)
    assert index.related(6) == ()
    assert index.forget_before(START + timedelta(days=9)) == 2
    assert place(index, article(9, *FLOOD[0])).candidates == ()


def test_beyond_the_number_that_may_be_held_the_oldest_go(newsroom: list[IndexedArticle]) -> None:
    index = StoryIndex(StoryOptions(max_articles=4))
    for item in newsroom:
        place(index, item)
    assert index.forget_before(START - timedelta(days=7)) == 2
    assert [one.article_id in index for one in newsroom] == [False, False, True, True, True, True]
    assert {one.article_id for one in index.related(4)} == {6}


def test_when_an_original_goes_its_copy_stands_in(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0]))
    place(index, article(2, *FLOOD[0]))
    place(index, article(3, *FLOOD[0]))
    assert index.remove(1)
    assert not index.remove(1)
    assert place(index, article(4, *FLOOD[0])).twin == 2
    assert place(index, article(5, *FLOOD[1])).story == 1


def test_an_edited_article_comes_back_with_another_date(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0]))
    index.remove(1)
    place(index, article(1, *FLOOD[1], published=START + timedelta(days=3)))
    assert index.forget_before(START + timedelta(days=1)) == 0
    with pytest.raises(ValueError, match="already"):
        index.add(article(1, *FLOOD[0]))


def test_a_merged_story_takes_its_articles_along(index: StoryIndex, newsroom: list[IndexedArticle]) -> None:
    for item in newsroom:
        place(index, item)
    index.merge(2, into=1)
    assert (index.story_of(5), index.story_of(2)) == (1, 1)


HEADLINES = {
    "ar": (
        "فيضانات نهر النيل تغمر قرى في الخرطوم",
        "مياه النيل تغمر عشرات القرى قرب الخرطوم",
        "البنك المركزي يرفع أسعار الفائدة مجددا",
    ),
    "he": (
        "שיטפון בנחל הציף את מרכז חיפה",
        "מרכז חיפה הוצף לאחר שיטפון בנחל",
        "הבנק המרכזי העלה את הריבית ברבע אחוז",
    ),
    "zh": (
        "强烈地震袭击台湾花莲县造成多人受伤",
        "台湾花莲县发生强烈地震多人受伤",
        "央行宣布上调基准利率四分之一个百分点",
    ),
    "th": (
        "น้ำท่วมเชียงใหม่ ประชาชนอพยพหลายร้อยคน",
        "ประชาชนหลายร้อยคนอพยพหนีน้ำท่วมเชียงใหม่",
        "ธนาคารกลางขึ้นดอกเบี้ยนโยบายอีกครั้ง",
    ),
    "de": (
        "Hochwasser in Passau: Altstadt wird geräumt",
        "Altstadt von Passau nach Hochwasser geräumt",
        "Zentralbank erhöht die Leitzinsen erneut",
    ),
    "tr": (
        "İzmir'de deprem: binalar boşaltıldı",
        "İzmir depreminden sonra binalar boşaltılıyor",
        "Merkez Bankası faizi yine artırdı",
    ),
}


@pytest.mark.parametrize("language", HEADLINES)
def test_headlines_in_every_script_find_each_other(index: StoryIndex, language: str) -> None:
    one, two, other = HEADLINES[language]
    place(index, article(1, one, language=language))
    place(index, article(2, other, language=language))
    assert [match.article_id for match in place(index, article(3, two, language=language)).candidates] == [1]


def test_time_zones_do_not_matter(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0], published=datetime(1717, 1, 1, tzinfo=UTC)))
    place(index, article(2, *FLOOD[1], published=datetime(2999, 1, 1, tzinfo=UTC)))
    assert index.story_of(1) != index.story_of(2)


def test_an_index_that_is_dropped_is_freed_without_a_search_for_garbage(
    newsroom: list[IndexedArticle],
) -> None:
    index = StoryIndex(StoryOptions())
    for item in newsroom:
        place(index, item)
    left = weakref.ref(index)
    gc.disable()
    try:
        del index
        assert left() is None
    finally:
        gc.enable()
