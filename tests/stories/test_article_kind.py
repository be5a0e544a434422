"""Kinds of articles that a title tells: round-ups and numbers of a series."""

import pytest

from syndicate.stories.article_kind import is_instalment, title_kind


@pytest.mark.parametrize(
    ("title", "next_title"),
    [
        ("Lunar Phase 54", "Lunar Phase 55"),
        ("Word of the day 12", "Word of the day 13"),
        (
            "Ugly Orca | Tuesdays With Stories #642 w/ Mark",
            "Mail Manager | Tuesdays With Stories #643 w/ Joe",
        ),
        ("The George Wein Interview: Part 1", "The George Wein Interview: Part II"),
        ("Folge 7: Der Hafen", "Folge 8: Die Werft"),
        ("Épisode 3 : le port", "Épisode 4 : les docks"),
        ("Capítulo 2: el puerto", "Capítulo 3: los muelles"),
        ("12. Bölüm: Liman", "13. Bölüm: Tersane"),
        ("Odcinek 5: port", "Odcinek 6: stocznia"),
        ("Выпуск 5: порт", "Выпуск 6: верфь"),
        ("الحلقة 5: الميناء", "الحلقة 6: السفن"),
        ("港口故事 第5期", "船厂故事 第6期"),
        ("Mondphase ٣", "Mondphase ٤"),
    ],
)
def test_numbers_of_a_series_are_told_apart(title: str, next_title: str) -> None:
    assert is_instalment(title_kind(title), title_kind(next_title))
    assert not is_instalment(title_kind(title), title_kind(title))


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Lunar Phase 54", "Lunar New Year"),
        ("Dam breaks, 12 towns flooded", "Bridge falls, 12 people hurt"),
        ("Dam breaks", "Bridge falls"),
        ("2025", "2026"),
    ],
)
def test_other_titles_are_of_no_series(title: str, other: str) -> None:
    assert not is_instalment(title_kind(title), title_kind(other))


def test_a_round_up_is_known_by_its_title() -> None:
    assert title_kind("Africa: All of Africa Today - February 17, 2026").round_up
    assert not title_kind("Roundup weedkiller banned in Porto").round_up
