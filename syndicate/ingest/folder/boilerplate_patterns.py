"""Patterns of boilerplate around articles on news pages, for text normalised by ``fold_dates``.

English and Arabic in full; dates, reading times, bylines and "read more" lists also in French, German,
Spanish, Italian and Portuguese.
"""

import re

from syndicate.ingest.written_dates import DATE_TIME
from syndicate.text.tables import table_of


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


def _whole(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){_any(*phrases)}(?!\w)")


_TABLE = table_of(__name__)
PUBLISHED, UPDATED, AGO, SITES, READING_TIME, FONT_SIZE = (
    _any(*_TABLE[name]) for name in ("published", "updated", "ago", "sites", "reading_time", "font_size")
)
READ_MORE, OTHER_LIST, FOLLOWED, FOLLOW_VERB, ROLE = (
    _any(*_TABLE[name]) for name in ("read_more", "other_list", "followed", "follow_verb", "role")
)

LABELLED_DATE = re.compile(rf"(?:(?P<updated>{UPDATED})|{PUBLISHED})\s*(?:on|at)?\s*[:：]?\s*{DATE_TIME}")
LABEL = re.compile(rf"(?:{UPDATED}|{PUBLISHED})\s*(?:on)?\s*[:：]?")
DATE = re.compile(DATE_TIME)

ANYWHERE_PIECES = _whole(
    rf"(?:{PUBLISHED}|{UPDATED})\s*[:：](?!\w)", rf"(?:{PUBLISHED}|{UPDATED})\s*[:：]?\s*{AGO}", FONT_SIZE,
    READING_TIME, f"share (?:on|via) {SITES}", *_TABLE["anywhere"],
)  # fmt: skip
"""Pieces that make a line boilerplate anywhere if the line contains nothing else."""

EDGE_PIECES = _whole(PUBLISHED, UPDATED, AGO, SITES, *_TABLE["edge"])
"""Pieces that may be text: boilerplate only above the first and below the last paragraph."""

FOLLOW_US = re.compile(
    r"(?P<lead>for .{1,60}, |(?:stay|keep) (?:up[ -]to[ -]date|updated|informed|connected)\b.{0,60}[.,:!] "
    rf"|get the latest .{{1,60}}[.,:!] )?{FOLLOW_VERB}\b.{{0,120}}(?<!\w){FOLLOWED}\b.{{0,60}}"
)
HEADING = re.compile(rf"(?:(?P<read_more>{READ_MORE})|{OTHER_LIST})\s*[:：]?")
READ_LIST = re.compile(
    r"(?:read (?:more|also|next)|also read|see (?:more|also)|اقرا المزيد|اقرا ايضا"
    r"|(?:à )?lire aussi|lesen sie auch|le[ea] también|leggi anche|leia também)\s*[:：]?"
)
"""Headings of lists that no section of an article has, so the list needs no empty line after it."""
BY = re.compile("(?:by|written by|par|von|por|di|بقلم)\\s*[:：]?")
AGENCY = re.compile(
    r"(?:afp|ap|reuters|bloomberg|wam|dpa|efe|ians|ani|pti|agencies|وام|وكالات"
    r"|(?:web|news|staff) (?:desk|report|team))"
)
INLINE_READ_MORE = re.compile(rf"{READ_MORE}\s*[:：|]\s*(?=\S)")
TAGS = re.compile(r"(?:tags|topics|keywords|الوسوم|وسوم|كلمات مفتاحية)\s*[:：]\s*(?=\S)")
