"""Tell reports from opinion pieces and round-ups, by title, section and address."""

import re

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


def is_report(title: str, section: str = "", url: str = "") -> bool:
    """Return whether an article reports an event: false for opinion pieces and round-ups of events."""
    labelled = _LABEL.search(title) or is_round_up(title)
    return not (labelled or _SECTION.fullmatch(section.strip()) or _FOLDER.search(url))


def is_round_up(title: str) -> bool:
    """Return whether the title announces a round-up of several events."""
    return bool(_ROUND_UP_LABEL.search(title))
