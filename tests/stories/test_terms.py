"""Words in many scripts, and what is learnt of a text."""

import pytest

from syndicate.stories import shared_terms
from syndicate.stories.terms.tokens import proper_names, words
from syndicate.stories.terms.vocabulary import MAX_KNOWN_WORDS, look_up
from syndicate.stories.terms.weighed_terms import MAX_SHINGLES, MAX_WORDS
from syndicate.text.stemming import stem
from tests.stories.newsroom import terms_of


def known(word: str, language: str) -> tuple[int, int, int]:
    """A word's term, the code of its commonness and its row in the table of meanings."""
    vocabulary, places = look_up([word], language)
    return tuple(column.item(places[0]) for column in (vocabulary.terms, vocabulary.codes, vocabulary.rows))  # type: ignore[return-value]


def numbers(words_of_text: list[str]) -> list[int]:
    """The terms of English words."""
    return [known(word, "en")[0] for word in words_of_text]


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
        ("_Élan_ und__ __x_y _ _b 7_", "de", ["élan_", "und__", "x_y", "7_"]),
        ("A – “ÇA VA”…\u200b½ kg\u2009→ I", "fr", ["ça", "va", "1", "2", "kg"]),
        ("IĞDIR – I", "tr", ["ığdır"]),
    ],
)
def test_words_of_every_script(text: str, language: str, expected: list[str]) -> None:
    assert words(text, language) == expected


def test_an_ordinary_text_has_the_words_that_it_has_beside_an_extraordinary_character() -> None:
    characters = map(chr, (*range(0x600), *range(0x1E00, 0x2C00), *range(0x1F300, 0x1FB00)))
    texts = [f"Ab{one}cD {one} _{one}x {one}{one}" for one in characters]
    assert [text for text in texts if words(text, "en") != words(f"{text} \u200b", "en")] == []


def test_only_words_in_a_languages_own_script_change_by_its_stemmer() -> None:
    assert stem("elections", "en") == stem("election", "en-gb")
    assert stem("الانتخابات", "en") == "الانتخابات"
    assert stem("الكتاب", "ar") == stem("كتاب", "ar")
    assert stem("elections", "") == "elections"


def test_the_source_and_the_day_as_title_of_a_photo_say_nothing() -> None:
    assert terms_of("Photo log, 2026-11-23", "", "en").words == 0
    assert terms_of("Photo log, 2026-11-23", "A boat.", "en").words > 1
    assert terms_of("Boats, seen on 23 November", "", "en").words > 1


def test_names_are_capitals_inside_a_sentence() -> None:
    assert proper_names("The minister met Anna Ørsted in Łódź. Later he left.", "en") == {
        "anna",
        "ørsted",
        "łódź",
    }


def test_words_come_first_by_title_then_the_text_with_counts_of_both() -> None:
    terms = terms_of("Quake strikes Lisbon", "Lisbon was calm. Rescuers, rescuers and rescuers came.", "en")
    expected = ["quake", "strikes", "lisbon", "was", "calm", "rescuers"]
    assert terms.terms[:6].tolist() == numbers(expected)
    assert (terms.title[: terms.words] > 0).sum() == 3
    assert terms.body[2] > 0
    assert terms.body[5] == pytest.approx(1 + 1.0986, abs=0.001)


def test_a_megabyte_of_text_costs_no_more_than_a_page() -> None:
    terms = terms_of("Long read", "An endless list of numbers 1 2 3 and words. " * 25_000, "en")
    many = terms_of("", " ".join(f"word{number}" for number in range(100_000)), "en")
    assert terms.length > 1_000_000
    assert many.words <= MAX_WORDS
    assert len(many.terms) <= MAX_WORDS + 400
    assert len(many.shingles) <= MAX_SHINGLES


def test_of_too_many_words_the_rare_and_the_repeated_stay() -> None:
    text = " ".join(f"the of and {chr(97 + n % 26)}{chr(97 + n // 26)}berg" for n in range(140))
    kept = set(terms_of("Avalanche", text + " Zermatt Zermatt Zermatt", "en").terms.tolist())
    assert set(numbers(["zermatt", "avalanche"])) <= kept


def test_of_words_with_one_stem_the_first_place_counts_and_all_are_counted() -> None:
    terms = terms_of("", "elections, the election of Porto, elections and election", "en")
    assert terms.terms[: terms.words].tolist() == numbers(["elections", "the", "of", "porto", "and"])
    assert terms.body[0] == pytest.approx(1 + 1.3863, abs=0.001)


def test_a_word_is_known_by_the_same_numbers_whatever_was_learnt_before() -> None:
    first = known("harbour", "en")
    for part in range(3):
        look_up([f"word{number}" for number in range(part * MAX_KNOWN_WORDS // 2)], "de")
    again = known("harbour", "en")
    assert again == first
    assert known("harbours", "en")[0] == first[0]
    assert known("harbour", "fr")[2] == -1


@pytest.mark.parametrize("title", ["", "   ", "🔥", "a", "\ud800", "\x00"])
def test_nothing_to_say_is_no_error(title: str) -> None:
    assert terms_of(title, "", "xx").words == 0


def test_shared_words_are_named_as_the_first_article_writes_them() -> None:
    assert shared_terms(
        "Flooded Porto counts the cost", "The Douro burst.", "Floods in Porto", "Douro burst its banks.", "en"
    )[:4] == ("burst", "douro", "flooded", "porto")


def test_a_word_of_every_article_explains_nothing_however_few_articles_there_are() -> None:
    a = "The night ferry between the old harbour and the island sails again, and the people like it."
    b = "Two days after the ferry to the island returned, the people of the harbour complain."

    shared = shared_terms("Ferry", a, "Prices", b, "en-GB")

    assert set(shared) == {"ferry", "harbour", "island"}
