"""How common words are before any article was read."""

import pytest

from syndicate.stories import StoryIndex, StoryOptions
from syndicate.stories.terms.word_frequencies import RAREST, SHARES, TABLE, commonness
from tests.stories.newsroom import article, place


@pytest.mark.parametrize(
    ("language", "usual", "seldom", "rare"),
    [
        ("en", "the", "govern", "porto"),
        ("de", "die", "polizei", "passau"),
        ("tr", "bir", "hükümet", "kuyucak"),
        ("ar", "في", "مدرس", "نيامي"),
        ("vi", "và", "chính", "xyz"),
        ("zh", "我们", "地震", "縄文"),
    ],
)
def test_a_usual_word_is_more_common_than_a_seldom_one(
    language: str, usual: str, seldom: str, rare: str
) -> None:
    codes = commonness([usual, seldom, rare], language)
    assert codes == sorted(codes)
    assert SHARES[codes[0]] > 0.1
    assert SHARES[codes[2]] < 0.01


def test_a_word_has_the_commonness_of_its_own_language() -> None:
    assert commonness(["die"], "en") > commonness(["die"], "de")


def test_without_a_table_and_for_numbers_short_words_are_the_common_ones() -> None:
    assert commonness(["ab", "abcd", "abcdefghijkl"], "xx") == [45, 97, 147]
    assert commonness(["2026"], "en") == commonness(["abcd"], "xx")
    assert all(0 <= code <= RAREST for language in ("en", "") for code in commonness(["a", "zzzz"], language))


def test_the_table_stays_small() -> None:
    assert TABLE.stat().st_size < 1_000_000


def test_the_first_two_articles_of_an_installation_are_judged_sensibly() -> None:
    index = StoryIndex(StoryOptions())
    place(index, article(1, "The council of the town has voted on the new budget"))
    stranger = place(index, article(2, "The star of the film has a new house on the lake"))
    relative = place(index, article(3, "New budget passes the council"))
    assert stranger.candidates == ()
    assert [one.article_id for one in relative.candidates] == [1]
