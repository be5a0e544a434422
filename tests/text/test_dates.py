"""Dates and times of day as each language writes them."""

from datetime import UTC, datetime, time

import pytest
from babel.dates import format_skeleton

from syndicate.text.dates import human_date, language_name


@pytest.mark.parametrize("language", ["ar", "bg", "cs", "de", "en-US", "fi", "fr-CA", "hi", "id", "ja", "th"])
@pytest.mark.parametrize(("hour", "minute"), [(0, 5), (9, 30), (23, 59)])
def test_a_time_of_day_is_written_as_unicode_cldr_says(language: str, hour: int, minute: int) -> None:
    clock = format_skeleton("Hm", time(hour, minute), locale=language.replace("-", "_"))
    assert clock in human_date(datetime(2026, 11, 24, hour, minute, tzinfo=UTC), UTC, language)


def test_languages_are_named_in_the_language_of_the_reader() -> None:
    assert language_name("de-AT") == "German"
    assert language_name("en", "de") == "Englisch"
    assert language_name("de", "ar") == "الألمانية"
    assert language_name("zh-hant", "fr") == "chinois"
    assert language_name("x-unknown", "nowhere") == "x-unknown"
