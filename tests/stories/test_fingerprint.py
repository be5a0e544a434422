"""What the index keeps of an article, and its packed form in the store."""

import numpy as np
import pytest

from syndicate.stories import Fingerprint
from syndicate.stories.terms.fingerprint import read_headers
from syndicate.stories.terms.similarity import TermSpace
from tests.stories.newsroom import terms_of

TEXT = "The vote is expected to be close. " * 20


def fingerprint(title: str, text: str = "", language: str = "en") -> Fingerprint:
    return TermSpace().weigh(terms_of(title, text, language), 0.6)


@pytest.mark.parametrize("language", ["en", "de", ""])
def test_packed_terms_read_back_the_same(language: str) -> None:
    terms = fingerprint("Parliament votes on Tuesday", TEXT, language)
    assert Fingerprint.unpack(terms.pack()) == terms


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x01" * 40])
def test_damaged_or_foreign_terms_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="article terms"):
        Fingerprint.unpack(data)
    whole = fingerprint("A title of some words").pack()
    with pytest.raises(ValueError, match="damaged"):
        Fingerprint.unpack(whole[:-1])


def test_weights_are_unit_vectors_the_heaviest_word_first() -> None:
    terms = fingerprint("Überschwemmung in Passau", TEXT, "de")
    words, characters = np.split(terms.term_weights().astype(float), [terms.words])
    assert np.linalg.norm(words) == pytest.approx(1, abs=0.002)
    assert np.linalg.norm(characters) == pytest.approx(1, abs=0.002)
    assert np.all(np.diff(words) <= 0)


def test_what_is_kept_of_the_longest_text_is_bounded() -> None:
    many = " ".join(f"word{number}" for number in range(100_000))
    assert len(fingerprint("Long", many, "en").pack()) < 4096
    assert len(fingerprint("Lang", many, "de").pack()) < 4096


@pytest.mark.parametrize("text", ["", "🔥🔥🔥", "a"])
def test_of_nothing_nothing_is_kept(text: str) -> None:
    terms = fingerprint(text, language="xx")
    assert (terms.words, len(terms.meaning)) == (0, 0)
    assert not np.isnan(terms.term_weights().astype(float)).any()


def test_the_language_and_both_meanings_are_kept() -> None:
    english, swedish = (
        Fingerprint.unpack(fingerprint("Flood closes bridge in Porto", TEXT, tag).pack())
        for tag in ("en", "sv")
    )
    assert (english.language, len(english.meaning), len(english.shared)) == (b"en", 192, 128)
    assert (swedish.language, len(swedish.meaning), len(swedish.shared)) == (b"sv", 0, 0)


def test_decimal_commas_and_points_are_one_figure() -> None:
    german, english = fingerprint("Beben der Stärke 6,9", language="de"), fingerprint("Quake of 6.9")
    assert german.figures == english.figures != b""


@pytest.mark.parametrize("together", [70_000, 35_000])
def test_a_word_of_more_articles_than_sixteen_bits_count_weighs_next_to_nothing(together: int) -> None:
    space = TermSpace()
    packed = [fingerprint("Parliament", language="").pack()] * together
    for _ in range(70_000 // together):
        space.fill(packed, read_headers(packed)[0])
    article = space.weigh(terms_of("Parliament vote", "", ""), 0.6)
    rare, common = article.term_weights()[: article.words].astype(float)
    assert common < 0.01 * rare


def test_words_that_share_a_number_may_be_in_half_as_many_articles() -> None:
    space = TermSpace()
    one = fingerprint("Parliament", language="")
    twice = one._replace(terms=one.terms * 2, weights=one.weights * 2, words=one.words * 2)
    packed = [twice.pack()] * 33_000
    space.fill(packed, read_headers(packed)[0])
    article = space.weigh(terms_of("Parliament vote", "", ""), 0.6)
    rare, common = article.term_weights()[: article.words].astype(float)
    assert common < 0.01 * rare
