"""Lines that a source repeats count nothing from the third article on."""

from collections.abc import Iterable

import pytest

from syndicate.stories import without_repeated
from syndicate.stories.terms.repeated_lines import _ENTRY, REMEMBERED

FOOTER = "Follow the show on every platform, and write to the studio."
TITLES = ("Grain prices", "A lost opera", "The last tram", "Wolves return")


def texts_left(articles: Iterable[tuple[str, str]], *, is_new: bool = True) -> list[str]:
    seen, left = b"", []
    for title, text in articles:
        kept, seen = without_repeated(seen, title, text, is_new=is_new)
        left.append(kept)
    return left


def test_a_footer_counts_nothing_from_the_third_article_on() -> None:
    articles = [(title, f"All about {title}.\n\n{FOOTER}") for title in TITLES]
    whole = [text for _, text in articles]
    assert texts_left(articles) == [*whole[:2], "All about The last tram.", "All about Wolves return."]


@pytest.mark.parametrize("lines", ["{0}\n\n{1}\n{2}\n{3}\n{4}", "{4}\n\n{0}\n{1}\n{2}\n{3}"])
def test_the_first_line_and_the_last_three_are_looked_at(lines: str) -> None:
    unlike = [(title, [f"{title} {place}" for place in range(4)]) for title in TITLES[:3]]
    left = texts_left([(title, lines.format(*each, FOOTER)) for title, each in unlike])
    assert [FOOTER in text for text in left] == [True, True, False]
    assert all(line in left[2] for line in unlike[2][1])


def test_a_line_in_the_middle_stays() -> None:
    around = "{0} 1\n{0} 2\n{1}\n{0} 3\n{0} 4\n{0} 5"
    left = texts_left([(title, around.format(title, FOOTER)) for title in TITLES])
    assert all(FOOTER in text for text in left)


def test_a_text_that_comes_again_under_its_title_stays_whole() -> None:
    articles = [("Grain prices", f"Grain is dear.\n\n{FOOTER}")] * 5
    assert texts_left(articles) == [text for _, text in articles]


def test_an_edited_article_does_not_count_itself_again() -> None:
    articles = [(title, FOOTER) for title in TITLES]
    assert texts_left(articles, is_new=False) == [FOOTER] * 4


def test_nothing_is_left_of_a_text_that_is_all_footer_and_none_is_no_error() -> None:
    assert texts_left([(title, FOOTER) for title in TITLES])[2:] == ["", ""]
    assert texts_left([(title, "") for title in TITLES]) == [""] * 4


def test_what_is_remembered_of_a_source_is_bounded_and_keeps_what_it_repeats() -> None:
    seen = b""
    for number in range(2 * REMEMBERED):
        text = f"Opening {number}\nMiddle {number}\nEnd {number}\n{FOOTER}"
        kept, seen = without_repeated(seen, f"Title {number}", text, is_new=True)
    assert FOOTER not in kept
    assert len(seen) == REMEMBERED * _ENTRY.size
