"""The candidates of an article: filled in bulk or posted one by one, they are the same."""

import numpy as np
import pytest

from syndicate.stories import Fingerprint, StoryOptions
from syndicate.stories.postings import Postings
from syndicate.stories.terms.fingerprint import read_headers
from syndicate.stories.terms.vocabulary import TERM_SPACE

OPTIONS = StoryOptions(latest=4, min_words=1)
# Equal to the word 1 in its lower digits.
HIGH = TERM_SPACE - (1 << 16) + 1


def about(*numbers: int) -> Fingerprint:
    """An article of these words, all of one weight."""
    return Fingerprint(
        terms=np.array(numbers, np.uint32).tobytes(),
        weights=np.ones(len(numbers), np.float16).tobytes(),
        words=len(numbers),
        meaning=b"",
        shingles=b"",
        length=50,
    )


def fill(postings: Postings, articles: list[tuple[int, Fingerprint]]) -> None:
    packed = [terms.pack() for _, terms in articles]
    postings.fill([number for number, _ in articles], packed, read_headers(packed)[0])


@pytest.mark.parametrize("count", [0, 1, 8, 9, 12, 13, 14, 40])
def test_lists_filled_in_bulk_are_those_posted_one_by_one(count: int) -> None:
    articles = [(number, about(1, 2 + number % 3, HIGH)) for number in range(1, count + 1)]
    bulk, single = Postings(OPTIONS), Postings(OPTIONS)
    fill(bulk, articles)
    for number, terms in articles:
        single.add(number, terms)
    # Removals show how long each list really is, and that nothing comes back.
    for number, terms in reversed(articles):
        assert bulk.candidates(about(1)) == single.candidates(about(1))
        assert bulk.candidates(about(2, 3, 4)) == single.candidates(about(2, 3, 4))
        assert bulk.candidates(about(HIGH)) == single.candidates(about(HIGH))
        bulk.remove(number, terms)
        single.remove(number, terms)
    assert bulk.candidates(about(1, 2, 3, 4)) == []


def test_filling_what_already_holds_articles_adds_to_it() -> None:
    postings = Postings(OPTIONS)
    postings.add(1, about(7))
    fill(postings, [(2, about(7)), (3, about(8))])
    assert postings.candidates(about(7, 8)) == [3, 2, 1]


def test_of_equal_promise_the_latest_come_first_and_the_others_are_left_out() -> None:
    postings = Postings(StoryOptions(max_candidates=2, min_words=1))
    for number in (1, 2, 3):
        postings.add(number, about(5))
    assert postings.candidates(about(5)) == [3, 2]
