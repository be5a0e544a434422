"""Lines that a source repeats count nothing from the third article on."""

from collections.abc import Iterable

import pytest

from syndicate.stories import without_repeated
from syndicate.stories.terms.repeated_lines import LAST_LINES, REMEMBERED

FOOTER = "Follow the show on every platform, and write to the studio."
TITLES = (
    "Grain prices fall for a third week",
    "A lost opera is found in an attic",
    "The last tram leaves for the depot",
    "Wolves return to the northern hills",
)
BYTES_OF_A_LINE = 9


def read(articles: Iterable[tuple[str, str]], *, is_new: bool = True) -> list[tuple[str, str]]:
    """Return titles and texts as they are read, in turn."""
    seen, left = b"", []
    for title, text in articles:
        *kept, seen = without_repeated(seen, title, text, is_new=is_new)
        left.append((kept[0], kept[1]))
    return left


def test_a_footer_counts_nothing_from_the_third_article_on() -> None:
    whole = [(title, f"All about {title}.\n\n{FOOTER}") for title in TITLES]
    assert read(whole) == [*whole[:2], *((title, f"All about {title}.") for title in TITLES[2:])]


@pytest.mark.parametrize("first", [True, False])
def test_the_first_line_and_the_last_twelve_are_looked_at(first: bool) -> None:
    own = {title: [f"{title} {place}" for place in range(LAST_LINES - 1)] for title in TITLES}
    whole = [
        (title, "\n".join([FOOTER, *lines, "End"] if first else ["Start", FOOTER, *lines]))
        for title, lines in own.items()
    ]
    assert [FOOTER in text for _, text in read(whole)] == [True, True, False, False]
    assert all(line in read(whole)[2][1] for line in own[TITLES[2]])


def test_a_line_in_the_middle_stays() -> None:
    whole = [
        (title, "\n".join((title, FOOTER, *(f"{title} {place}" for place in range(LAST_LINES)))))
        for title in TITLES
    ]
    assert read(whole) == whole


def test_a_text_that_comes_again_under_its_title_stays_whole() -> None:
    whole = [(TITLES[0], f"Grain is dear.\n\n{FOOTER}")] * 5
    assert read(whole) == whole


def test_an_edited_article_does_not_count_itself_again() -> None:
    whole = [(title, FOOTER) for title in TITLES]
    assert read(whole, is_new=False) == whole


def test_an_article_that_is_all_footer_is_read_by_its_title_if_that_has_five_words() -> None:
    assert read([(title, FOOTER) for title in TITLES])[2:] == [(title, "") for title in TITLES[2:]]
    short = ("Pod vs Com", "Crowd work", "Joe's mirror", "智利北部发生6.9级地震")
    assert read([(title, FOOTER) for title in short])[2:] == [("", ""), (short[3], "")]


def test_an_article_without_a_text_keeps_its_short_title() -> None:
    assert read([("Goal!", "")] * 4) == [("Goal!", "")] * 4


def test_what_is_remembered_of_a_source_is_bounded_and_keeps_what_it_repeats() -> None:
    seen = b""
    for number in range(REMEMBERED):
        text = f"Opening {number}\nMiddle {number}\nEnd {number}\n{FOOTER}"
        _, kept, seen = without_repeated(seen, f"Title {number}", text, is_new=True)
    assert FOOTER not in kept
    assert len(seen) == REMEMBERED * BYTES_OF_A_LINE
