"""Classify an article by its title: a round-up of events, or a number of a series."""

import re
from typing import NamedTuple
from zlib import crc32

from syndicate.stories.article_kind import is_round_up

# "Episode 12", "#642", "Part II": numbers of a series, whatever the rest of the title says.
_LABELLED = re.compile(
    r"(?:#|№|\b(?:episode|ep|part|pt|folge|teil|épisode|partie|episodio|capítulo|episódio|capitolo|parte"
    r"|puntata|aflevering|deel|odcinek|część|bölüm|выпуск|серия|часть)\b\.?|(?:الحلقة|الجزء))"
    r"\s*#?(\d+|[ivx]+)(?!\w)|(\d+)\.\s*(?:folge|teil|bölüm|odcinek)\b|第\s*(\d+)\s*[期集回话話]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d]{2}")


class TitleKind(NamedTuple):
    """Kind of an article. ``series`` is 0 outside a series, ``number`` the article's number in it."""

    round_up: bool = False
    series: int = 0
    number: str = ""


_PLAIN = TitleKind()
# Shared by all labelled series of a source: labels vary between articles ("Part 2", "Pt. 3 of 5").
_LABEL = 1


def title_kind(title: str) -> TitleKind:
    """Return the kind of an article with this title.

    Titles of a series have the same label before their number, or are equal except for their numbers.
    """
    if is_round_up(title):
        return TitleKind(round_up=True)
    if label := _LABELLED.search(title):
        return TitleKind(series=_LABEL, number=label.group(label.lastindex or 0).casefold())
    words = _NUMBER.sub("#", title.casefold())
    if "#" not in words or not _WORD.search(words):
        return _PLAIN
    return TitleKind(series=crc32(words.encode("utf-8", "replace")), number=" ".join(_NUMBER.findall(title)))


def is_instalment(kind: TitleKind, other: TitleKind) -> bool:
    """Return whether two articles of a source are different numbers of the same series."""
    return bool(kind.series) and kind.series == other.series and kind.number != other.number
