"""What English texts are about, beyond the words they use."""

import numpy as np
import pytest

from syndicate.stories.terms.word_vectors import (
    LENGTH,
    TABLE,
    Meaning,
    meaning_of,
    rows_of,
    shares_of_meaning,
)
from tests.stories.newsroom import terms_of


def meaning(text: str, language: str = "en") -> Meaning:
    return terms_of(text, "", language).meaning


def cosine(a: Meaning, b: Meaning) -> float:
    return float(a.astype(float) @ b.astype(float)) / LENGTH**2


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("Millions without electricity", "Power cut leaves homes dark", "Striker scores twice in final"),
        ("Doctors fear hospital strike", "Nurses walk out of clinics", "Rocket launches new satellite"),
        ("Parliament passes pension law", "Lawmakers vote on retirement bill", "Storm floods coastal town"),
    ],
)
def test_texts_without_a_word_in_common_are_near_if_they_mean_the_same(
    text: str, near: str, far: str
) -> None:
    assert cosine(meaning(text), meaning(near)) > cosine(meaning(text), meaning(far)) + 0.1


def test_a_text_is_nearest_to_itself_whatever_its_length() -> None:
    words = meaning("Parliament passes pension law")
    assert cosine(words, words) == pytest.approx(1, abs=0.03)
    assert np.array_equal(words, meaning("Parliament passes pension law"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das Parlament beschließt das Gesetz", "de"),
        ("Parliament passes law", ""),
        ("", "en"),
        ("🔥 qzx", "en"),
    ],
)
def test_other_languages_and_unknown_words_have_none(text: str, language: str) -> None:
    assert len(meaning(text, language)) == 0


def test_english_has_a_meaning_instead_of_characters_other_languages_the_reverse() -> None:
    english, german = (terms_of("Hochwasser in Passau und London", "", tag) for tag in ("en", "de"))
    assert len(english.characters) == 0
    assert len(german.characters) > 0


def test_words_are_found_and_the_table_stays_below_ten_megabytes() -> None:
    assert rows_of(["parliament"])[0] >= 0
    assert rows_of(["qzxqzx"]) == [-1]
    assert len(meaning_of(np.array(rows_of(["parliament", "qzxqzx"]), np.int32), np.array([1, 1]))) == 0
    assert TABLE.stat().st_size < 10_000_000


def test_a_word_explains_what_means_the_same_and_nothing_of_an_unknown_word() -> None:
    itself, adjective, stranger, unknown = shares_of_meaning(
        rows_of(["ghana", "ghanaian", "violin", "qzxqzx"])
    )
    assert itself == 1
    assert adjective > 0.5
    assert stranger < 0.1
    assert unknown == 0
    assert shares_of_meaning(rows_of(["qzxqzx", "ghana", "qzxqzx"])).tolist() == [1, 0, 0]
