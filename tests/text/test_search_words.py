"""Words of searches: what a reader types finds what was written, in any script, and never raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.search_words import MARK, fold, index_words, indexed_text, query_words, search_term

SAME = [
    ("Café", "cafe"),
    ("STRASSE", "straße"),
    ("Ørsted", "orsted"),
    ("İstanbul", "istanbul"),
    ("ışık", "IŞIK"),
    ("Ёлка", "елка"),
    ("أحمد", "احمد"),
    ("مدينة", "مدينه"),
    ("الكتاب", "ٱلْكِتَاب"),
    ("مصطفى", "مصطفي"),
    ("عــاجل", "عاجل"),
    ("کتاب", "كتاب"),
    ("٢٠٢٦", "2026"),
    ("שָׁלוֹם", "שלום"),
    ("ｖｅｒｓｉｏｎ", "version"),
    ("ﾃﾚﾋﾞ", "テレビ"),
    ("Ἀθῆναι", "αθηναι"),
]


@pytest.mark.parametrize(("written", "typed"), SAME)
def test_case_accents_letter_forms_points_and_width_do_not_count(written, typed):
    assert index_words(written) == index_words(typed)
    assert query_words(written) == query_words(typed)


def test_letters_that_tell_words_apart_stay_apart():
    assert index_words("май") != index_words("маи")
    assert index_words("हिन्दी समाचार") == ["हिन्दी", "समाचार"]


def test_scripts_without_spaces_become_pairs_and_the_last_character():
    assert index_words("気候変動 iPhone 5月") == ["気候", "候変", "変動", "動", "iphone", "5", "月"]
    assert query_words("気候変動") == ["気候", "候変", "変動"]
    assert index_words("한국어") == ["한국", "국어", "어"]


def test_a_single_character_without_spaces_stands_for_all_words_it_begins():
    term = search_term("変")
    assert term is not None
    assert (term.phrases, term.prefix) == ((("変",),), True)


def test_a_word_is_also_its_stem_in_each_language_and_a_phrase_is_exact():
    term = search_term("Floods", ["en", "de"])
    assert term is not None
    assert set(term.phrases) == {("floods",), ("flood",), (MARK + "flood",)}
    phrase = search_term("covid-19 vaccines", ["en"])
    assert phrase is not None
    assert phrase.phrases == (("covid", "19", "vaccines"),)
    assert search_term("—!", ["en"]) is None


def test_the_index_has_the_stems_behind_a_mark_and_a_mark_between_parts():
    found = indexed_text("Floods", ["Rain fell.", "Weather"], ["", "The Harbour"], "en")
    assert found.title == f"floods {MARK}flood"
    assert found.text == f"rain fell {MARK} weather"
    assert found.more == "the harbour"


@given(st.text())
def test_every_text_has_words_that_both_engines_can_quote(text):
    for word in index_words(text) + query_words(text):
        assert word
        assert len(word) <= 40
        assert not set(word) & set("'\"\\" + MARK)
        assert not word.isspace()
    assert fold(fold(text)) == fold(text) or not text.isprintable()


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu", "Lo", "Mn", "Nd", "Zs", "Po"])))
def test_folding_word_by_word_gives_the_words_of_the_folded_text(text):
    assert query_words(text) == query_words(fold(text))
