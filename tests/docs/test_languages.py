"""Documents list and count the languages of the shipped tables."""

import re
from pathlib import Path

from babel import Locale

from syndicate.stories.terms import shared_vectors
from tests.template_variables import FEED_LANGUAGES, TRANSLATED

CHECKOUT = Path(__file__).parents[2]
NAMES = {**Locale("en").languages, "bn": "Bengali"}
SHARED = set(shared_vectors._table().centres)
NUMBERS = {14: "fourteen", 21: "twenty-one", 28: "28"}


def text_of(name: str) -> str:
    return " ".join((CHECKOUT / name).read_text("utf-8").split())


def names_of(languages: set[str]) -> set[str]:
    return {NAMES[language.split("-")[0]] for language in languages}


def listed(text: str) -> set[str]:
    """The languages of an enumeration such as "Arabic, Chinese (simplified) and Dutch"."""
    return set(re.split(r", | and | or ", re.sub(r" \([^)]*\)", "", text)))


def test_the_languages_of_feed_items_are_listed():
    found = re.search(r"in an item are in its language: (.*?); else in English", text_of("docs/feeds.md"))

    assert found
    assert listed(found[1]) == names_of({*FEED_LANGUAGES})


def test_the_languages_with_a_meaning_of_their_own_are_listed():
    text = text_of("docs/ranking.md")
    found = re.search(r"share one table of pieces of words: (.*?)\. ", text)

    assert found
    assert listed(found[1]) == names_of(SHARED)


def test_numbers_of_languages_are_those_of_the_tables():
    shared, feeds = NUMBERS[len(SHARED)], NUMBERS[len(FEED_LANGUAGES)]
    without_pages = NUMBERS[len(FEED_LANGUAGES) - len({*TRANSLATED, "en"})]
    told = {
        "README.md": f"in {shared} languages",
        "docs/configuration.md": f"reports in [{shared} languages](ranking.md#",
        "docs/glossary.md": f"({shared} languages)",
        "docs/tutorial.md": f"[{shared} languages]",
        "docs/templates.md": f"{without_pages.capitalize()} more have",
        "CHANGELOG.md": f"words of feed items in {feeds} languages",
    }

    assert [name for name, words in told.items() if words not in text_of(name)] == []
