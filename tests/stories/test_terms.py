"""Words in many scripts, and the packed form that the store keeps."""

import numpy as np
import pytest

from syndicate.stories import ArticleTerms, extract_terms, shared_terms
from syndicate.stories.terms import MAX_SHINGLES, MAX_WORDS, term
from syndicate.stories.tokens import proper_names, stem, words


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Floods hit Porto's old town", "en", ["floods", "hit", "porto", "old", "town"]),
        ("L’Assemblée vote la loi", "fr", ["assemblée", "vote", "la", "loi"]),
        ("İstanbul'da IŞIK söndü", "tr", ["istanbul", "da", "ışık", "söndü"]),
        ("STRASSE und Straße", "de", ["strasse", "und", "strasse"]),
        ("كِتَابٌ جديـــد", "ar", ["كتاب", "جديد"]),
        ("हिन्दी समाचार", "hi", ["हिन्दी", "समाचार"]),
        ("东京地震", "zh", ["东京", "京地", "地震"]),
        ("iPhone発売", "ja", ["iphone", "発売"]),
        ("5 G", "en", ["5"]),
        ("🔥🔥🔥", "", []),
    ],
)
def test_words_of_every_script(text: str, language: str, expected: list[str]) -> None:
    assert words(text, language) == expected


def test_only_words_in_a_languages_own_script_change_by_its_stemmer() -> None:
    assert stem("elections", "en") == stem("election", "en-gb")
    assert stem("الانتخابات", "en") == "الانتخابات"
    assert stem("الكتاب", "ar") == stem("كتاب", "ar")
    assert stem("elections", "") == "elections"


def test_names_are_capitals_inside_a_sentence() -> None:
    assert proper_names("The minister met Anna Ørsted in Łódź. Later he left.", "en") == {
        "anna",
        "ørsted",
        "łódź",
    }


def test_a_term_says_how_long_its_stem_is() -> None:
    assert [term(word, "") & 7 for word in ("ab", "abcd", "abcdefghijk")] == [1, 3, 7]


def test_words_come_first_by_title_then_by_weight() -> None:
    terms = extract_terms(
        "Quake strikes Lisbon", "Lisbon was calm. Rescuers, rescuers and rescuers came.", "en"
    )
    assert set(terms.terms[:3].tolist()) == {term(word, "en") for word in ("quake", "strikes", "lisbon")}
    assert terms.terms[3] == term("rescuers", "en")
    assert terms.title[: terms.words].astype(bool).sum() == 3


def test_packed_terms_read_back_the_same() -> None:
    terms = extract_terms("Parliament votes on Tuesday", "The vote is expected to be close. " * 20, "en")
    again = ArticleTerms.unpack(terms.pack())
    for name in ("terms", "title", "body", "shingles"):
        assert np.array_equal(getattr(again, name), getattr(terms, name))
    assert (again.words, again.length) == (terms.words, terms.length)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x00" * 40])
def test_damaged_or_foreign_terms_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="article terms"):
        ArticleTerms.unpack(data)
    whole = extract_terms("A title of some words", "", "en").pack()
    with pytest.raises(ValueError, match="damaged"):
        ArticleTerms.unpack(whole[:-1])


def test_a_megabyte_of_text_costs_no_more_than_a_page() -> None:
    terms = extract_terms("Long read", "An endless list of numbers 1 2 3 and words. " * 25_000, "en")
    many = extract_terms("", " ".join(f"word{number}" for number in range(100_000)), "en")
    assert terms.length > 1_000_000
    assert many.words <= MAX_WORDS
    assert len(many.shingles) <= MAX_SHINGLES
    assert len(many.pack()) < 4096


@pytest.mark.parametrize("title", ["", "   ", "🔥", "a", "\ud800", "\x00"])
def test_nothing_to_say_is_no_error(title: str) -> None:
    assert extract_terms(title, "", "xx").words == 0


def test_shared_words_are_named_as_the_first_article_writes_them() -> None:
    assert shared_terms(
        "Flooded Porto counts the cost", "The Douro burst.", "Floods in Porto", "Douro burst its banks.", "en"
    )[:4] == ("burst", "douro", "flooded", "porto")
