"""Classify articles: reports, opinion pieces, round-ups, and numbers of a series."""

import re
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

# Genre names in the languages of the words files and some more, as title labels and as sections.
_OPINION = (
    "opinions?|op-?ed|editorials?|comment|commentary|commentisfree|analysis|column|columnists?|viewpoint"
    "|letters?(?: to the editor)?|meinung|kommentare?|leitartikel|kolumne|glosse|tribunes?|éditos?|éditorial"
    "|chroniques?|billet|opinión|columnas?|editoriale|opinioni|commento|opinião|coluna|opinie|commentaar"
    "|felieton|komentarz|görüş|yorum|мнение|колонка|رأي|مقال رأي|افتتاحية|社论|评论|观点"
)
_ROUND_UP = (
    r"round-?up|news (?:in brief|briefs)|(?:morning|evening|daily|weekly|news|war) briefing"
    r"|top (?:stories|headlines)|(?:week|day|month|year) in review"
    r"|weekly (?:links|digest|update)|links (?:for|of) the (?:day|week)"
    r"|(?:photos|pictures|quotes) of the (?:day|week)|all of [\w ]+ today|news ?letter|how to watch"
    r"|what (?:you need )?to know|what we know(?: so far)?"
    r"|(?:morning|evening|nightly) (?:news|edition|rundown|headlines)|presseschau|wochenrückblick"
    r"|nachrichtenüberblick|tagesüberblick|revue de presse|resumen (?:del día|de la semana|semanal)"
    r"|noticias del día|موجز الأخبار|أبرز الأخبار"
)
_LABEL = re.compile(rf"^\W*(?:{_OPINION})\s*[:|–—]|[|–—]\s*(?:{_OPINION})\W*$", re.IGNORECASE)
# The words stand before a colon or a dash, or close the title; "Roundup weedkiller" is news.
_ROUND_UP_LABEL = re.compile(
    rf"\b(?:{_ROUND_UP})(?:\s*#?\d+)?\s*(?:[:|–—]| - |$)|^\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?:", re.IGNORECASE
)
_SECTION = re.compile(rf"(?:{_OPINION})", re.IGNORECASE)
_FOLDER = re.compile(rf"/(?:{_OPINION})/", re.IGNORECASE)
# "Episode 12", "#642", "Part II": numbers of a series, whatever the rest of the title says.
_LABELLED = re.compile(
    r"(?:#|№|\b(?:episode|ep|part|pt|folge|teil|épisode|partie|episodio|capítulo|episódio|capitolo|parte"
    r"|puntata|aflevering|deel|odcinek|część|bölüm|выпуск|серия|часть)\b\.?|(?:الحلقة|الجزء))"
    r"\s*#?(\d+|[ivx]+)(?!\w)|(\d+)\.\s*(?:folge|teil|bölüm|odcinek)\b|第\s*(\d+)\s*[期集回话話]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d]{2}")


# Each report on an event examines all earlier reports again.
@lru_cache(maxsize=1024)
def is_report(title: str, section: str = "", url: str = "") -> bool:
    """Return whether an article reports an event: false for opinion pieces and round-ups of events."""
    labelled = _LABEL.search(title) or is_round_up(title)
    return not (labelled or _SECTION.fullmatch(section.strip()) or _FOLDER.search(url))


def is_cut(title: str) -> bool:
    """Return whether a title ends in an ellipsis, as the first words of a text do that has no title."""
    return title.rstrip().endswith(("…", "..."))


def is_round_up(title: str) -> bool:
    """Return whether the title announces a round-up of several events."""
    return bool(_ROUND_UP_LABEL.search(title))


class TitleKind(NamedTuple):
    """Kind of an article. ``series`` is 0 outside a series, ``number`` the article's number in it."""

    round_up: bool = False
    series: int = 0
    number: str = ""


_PLAIN = TitleKind()
# Shared by all labelled series of a source: labels vary between articles ("Part 2", "Pt. 3 of 5").
_LABELLED_SERIES = 1


def title_kind(title: str) -> TitleKind:
    """Return the kind of an article with this title.

    Titles of a series have the same label before their number, or are equal except for their numbers.
    """
    if is_round_up(title):
        return TitleKind(round_up=True)
    if label := _LABELLED.search(title):
        return TitleKind(series=_LABELLED_SERIES, number=label.group(label.lastindex or 0).casefold())
    words = _NUMBER.sub("#", title.casefold())
    if "#" not in words or not _WORD.search(words):
        return _PLAIN
    return TitleKind(series=crc32(words.encode("utf-8", "replace")), number=" ".join(_NUMBER.findall(title)))


def is_instalment(kind: TitleKind, other: TitleKind) -> bool:
    """Return whether two articles of a source are different numbers of the same series."""
    return bool(kind.series) and kind.series == other.series and kind.number != other.number
