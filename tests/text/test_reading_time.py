import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.reading_time import measure_reading


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("One two, three – four & five.", "en", 5),
        ("well-known isn't", "en", 2),
        ("市议会批准了计划", "zh", 8),
        ("東京の天気 is fine", "ja", 7),
        ("시의회는 새 계획을", "ko", 3),
        ("नगर परिषद ने मंजूरी दी", "hi", 5),
        ("คณะกรรมการท่าเรือลงมติ", "th", 3),
        ("", "en", 0),
        ("œ – Š … ! – – ”", "en", 2),
        ("(so) … “yes”, \U0001f600 \U0001f600 she \U0001f600said", "en", 4),
        ("\n\n  one \n\u2003 two\xa0_ 3 ", "en", 4),
        ("- word " * 20_000, "en", 20_000),
    ],
)
def test_words_are_counted_as_the_language_counts_them(text, language, words):
    assert measure_reading(text, language).words == words


@pytest.mark.parametrize(
    ("text", "language", "minutes"),
    [
        ("", "en", 1),
        ("word " * 228, "en", 1),
        ("word " * 228 * 4, "en", 4),
        ("word " * 228 * 4, "en-gb", 4),
        ("كلمة " * 138 * 3, "ar", 3),
        ("word " * 184 * 2, "", 2),
        ("字" * 255 * 3, "zh-hans", 3),
        ("字" * 357 * 3, "ja", 3),
        ("字" * 255 * 3, "", 3),
    ],
)
def test_reading_time_uses_the_measured_speed_of_the_language(text, language, minutes):
    assert measure_reading(text, language).minutes == minutes


@given(st.text(), st.sampled_from(["en", "zh", "ja", "ar", "th", "", "xx"]))
def test_every_text_takes_at_least_a_minute(text, language):
    reading = measure_reading(text, language)
    assert reading.minutes >= 1
    assert reading.words >= 0


@given(st.text(st.sampled_from("aé œ-–_1\n\xa0…\u2003\x85\U0001f600и字·")))
def test_a_word_is_what_stands_between_spaces_unless_it_is_one_sign(text):
    apart = text.replace("字", " ").split()
    signs = [word for word in apart if len(word) == 1 and not word.isalnum() and word != "_"]
    assert measure_reading(text, "en").words == len(apart) - len(signs) + text.count("字")
