"""The text of an article as copied from a news page: what is the article, and what stood around it.

A line is furniture only when nothing is left of it once known pieces are taken out ("3 min read | Share"),
so a sentence that merely mentions them stays. What could also be text (a bare date, "By …", "Share") is
furniture only above the first or below the last paragraph. A list ("Read more:", "Trending") counts when
all that follows it, down to the end, looks like titles; elsewhere it ends at the first empty line.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from syndicate.ingest.folder.boilerplate_patterns import (
    AGENCY,
    ANYWHERE,
    AT_THE_EDGE,
    BY,
    DATE,
    FOLLOW_US,
    HEADING,
    INLINE_READ_MORE,
    LABEL,
    LABELLED_DATE,
    READ_LIST,
    READING_TIME,
    ROLE,
    TAGS,
)
from syndicate.ingest.written_dates import date_of_match, fold_dates
from syndicate.text.plain import clean_line, clean_text

LONGEST_TITLE = 160
LONGEST_FIRST_LINE = 300
MOST_TITLES = 20

_SEPARATORS = re.compile(r"[\s|•·/,،:;()–—-]+")
_NAME = r"[^\Wa-z\d_][\w.'’-]*"
_BYLINE = re.compile(
    r"(?:[Bb]y|BY|[Ww]ritten by|Par|Von|Por|Di|بقلم|كتب|كتبت)\s*[:：]?\s+"
    rf"(?P<names>{_NAME}(?:\s+(?:{_NAME}|and|et|und|y|e|&|de|van|von|al|bin|del|da|la))*(?:,\s*{_NAME}(?:\s+{_NAME})*)*)"
)
# "Layla Haddad, Senior Reporter": a name, and what its bearer is.
_NAME_AND_ROLE = re.compile(
    rf"(?P<names>{_NAME}(?:\s+{_NAME}){{1,3}}),\s*(?:[\w&-]+\s+){{0,4}}(?i:{ROLE})(?:\s.{{0,30}})?"
)
_ONLY_ROLE = re.compile(rf"(?:[\w&-]+\s+){{0,4}}{ROLE}", re.IGNORECASE)
_MINUTES = re.compile(READING_TIME)
LONGEST_HEADING = 90
SHORTEST_PARAGRAPH = 60
_BULLET = re.compile(r"(?:[•▪►»*–·-]|\d{1,2}[.)-])\s+")
_CRUMBS = re.compile(r"[^.!?]{1,40}(?:\s*[>›»/]\s*[^.!?>›»/]{1,40}){1,4}")
_ENDS_SENTENCE = re.compile(r"[.!?؟。۔…:][\"'”’»)\]]*\Z")


@dataclass(slots=True)
class CopiedArticle:
    """Parts of a copied text: ``paragraphs`` is the body in order, ``read_more`` the titles it lists.

    ``headings`` are the positions of paragraphs that head what follows. ``minutes`` is the reading time that
    the page gave, 0 without one.
    """

    title: str = ""
    paragraphs: list[str] = field(default_factory=list)
    published: datetime | None = None
    updated: datetime | None = None
    authors: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    read_more: list[str] = field(default_factory=list)
    headings: frozenset[int] = frozenset()
    minutes: int = 0


def read_copied_text(text: str, zone: tzinfo) -> CopiedArticle:
    """Take a copied article apart; ``zone`` is for dates that name no time zone.

    The first line is the title, unless it is as long as a paragraph.
    """
    title, *lines = clean_text(text).split("\n")
    if len(title) > LONGEST_FIRST_LINE:
        # A paragraph: this text has no title, and cutting one out of it would lose words.
        title, lines = "", [title, *lines]
    found = CopiedArticle(title=title)
    lines = _joined_labels(lines)
    start = _closing_start(lines)
    _take_lists(lines[start:], found, zone)
    lines = lines[:start]
    while lines and _is_edge(lines[-1], found, zone):
        lines.pop()
    head = _head_length(lines)
    top = [line for line in lines[:head] if not _stands_above(line, found, zone)]
    found.paragraphs = _paragraphs(_without_inner_furniture([*top, "", *lines[head:]], found, zone))
    found.headings = _headings(found.paragraphs)
    found.read_more = list(dict.fromkeys(found.read_more))[:MOST_TITLES]
    return found


def _head_length(lines: list[str]) -> int:
    """Return how many lines are the head: what stands above the text.

    At most two lines of it are text themselves: a standfirst between title, byline and date.
    """
    end = standfirst = 0
    for position, line in enumerate(lines):
        if _stands_above(line, CopiedArticle(), None):
            end = position + 1 if not standfirst else end
        elif _is_paragraph(line):
            return position
        elif (standfirst := standfirst + 1) > 2:
            break
    return end


def _stands_above(line: str, found: CopiedArticle, zone: tzinfo | None) -> bool:
    if _is_edge(line, found, zone) or _is_head(line, found, zone):
        return True
    heading = HEADING.fullmatch(fold_dates(line))
    return heading is not None and heading["read_more"] is None


def _joined_labels(lines: Iterable[str]) -> list[str]:
    """A label on a line of its own ("Published:", "By") belongs to the date or the names on the next."""
    joined: list[str] = []
    waiting = ""
    for line in lines:
        if waiting and not line:
            continue
        if waiting and (DATE.match(fold_dates(line)) or _BYLINE.fullmatch(f"{waiting} {line}")):
            joined.append(f"{waiting} {line}")
            waiting = ""
            continue
        if waiting:
            joined.append(waiting)
        key = fold_dates(line)
        waiting = line if LABEL.fullmatch(key) or BY.fullmatch(key) else ""
        if not waiting:
            joined.append(line)
    return [*joined, waiting] if waiting else joined


def _closing_start(lines: list[str]) -> int:
    """Return the line from which only titles and furniture follow: the lists after the article."""
    start = len(lines)
    titles = 0
    for position in range(len(lines) - 1, -1, -1):
        line = lines[position]
        if HEADING.fullmatch(fold_dates(line)):
            start, titles = position, 0
        elif line and not _is_furniture(line, CopiedArticle(), None, edge=True):
            titles += 1
            if not _is_title(line) or titles > MOST_TITLES:
                break
    return start


def _take_lists(lines: list[str], found: CopiedArticle, zone: tzinfo) -> None:
    wanted = False
    for line in lines:
        heading = HEADING.fullmatch(fold_dates(line))
        if heading:
            wanted = heading["read_more"] is not None
        elif line and not _is_edge(line, found, zone) and wanted:
            _hint(line, found)


def _without_inner_furniture(lines: list[str], found: CopiedArticle, zone: tzinfo) -> list[str]:
    kept: list[str] = []
    in_list = False
    for position, line in enumerate(lines):
        following = lines[position + 1 : position + 2]
        if in_list and line and _is_title(line):
            _hint(line, found)
            continue
        in_list = False
        heading = HEADING.fullmatch(fold_dates(line))
        if heading and heading["read_more"] and following and _leads_a_list(lines, position):
            in_list = True
        elif (inline := _inline_hint(line)) and (not kept or not kept[-1] or _ENDS_SENTENCE.search(kept[-1])):
            _hint(inline, found)
        elif not line or not _is_furniture(line, found, zone, edge=False):
            kept.append(line)
    return kept


def _leads_a_list(lines: list[str], position: int) -> bool:
    """Return whether titles follow a heading, up to an empty line: a list, not the next section.

    "Also read" alone says so; after it, a sentence ends the list as well.
    """
    heading = lines[position]
    is_certain = READ_LIST.fullmatch(fold_dates(heading)) is not None
    if not (is_certain or heading.endswith((":", "："))):
        return False
    titles = 0
    for line in lines[position + 1 :]:
        if not line or (is_certain and not _is_title(line)):
            return titles > 0
        if not _is_title(line):
            return False
        titles += 1
    return titles > 0


def _inline_hint(line: str) -> str:
    """The title in "Read more: A title", ``""`` when the line is a sentence."""
    if INLINE_READ_MORE.match(fold_dates(line)) is None:
        return ""
    title = re.split("[:：|]", line, maxsplit=1)[1].strip()
    return title if _is_title(title) else ""


def _hint(line: str, found: CopiedArticle) -> None:
    title = clean_line(_BULLET.sub("", line, count=1))
    if len(title) > 2 and not title.isdecimal():
        found.read_more.append(title)


def _is_title(line: str) -> bool:
    text = _BULLET.sub("", line, count=1).rstrip("\"'”’»)]")
    return 0 < len(text) <= LONGEST_TITLE and not text.endswith((".", "۔", "。", ",", "،", ";", ":"))


def _is_edge(line: str, found: CopiedArticle, zone: tzinfo | None) -> bool:
    if not line:
        return True
    tags = TAGS.match(fold_dates(line))
    if tags:
        listed = re.split("[:：]", line, maxsplit=1)[1]
        found.tags += [tag for tag in (clean_line(part, 60) for part in re.split("[,،;|]", listed)) if tag]
        return True
    return _is_furniture(line, found, zone, edge=True)


def _is_head(line: str, found: CopiedArticle, zone: tzinfo | None) -> bool:
    """Lines only the top of an article has: who wrote it, and the path to its section."""
    pieces = [piece for piece in re.split(r"\s*[|•·]\s*", line) if piece]
    authors = {piece: names for piece in pieces if (names := _authors(piece))}
    rest = [piece for piece in pieces if piece not in authors]
    if authors and all(_is_furniture(piece, found, zone, edge=True) for piece in rest):
        for names in authors.values():
            listed = (name.strip() for name in re.split(r",| and | et | und | y | e | & | و ", names))
            found.authors += [name for name in listed if name and not _ONLY_ROLE.fullmatch(name)]
        return True
    return line.casefold().startswith(("home", "الرئيسية")) and _CRUMBS.fullmatch(line) is not None


def _authors(piece: str) -> str:
    """Return the names in a line that says who wrote the article, or ``""``."""
    if len(piece) > 80:
        return ""
    match = _BYLINE.fullmatch(piece) or _NAME_AND_ROLE.fullmatch(piece)
    if match:
        return match["names"]
    return piece if AGENCY.fullmatch(fold_dates(piece)) else ""


def _is_furniture(line: str, found: CopiedArticle, zone: tzinfo | None, *, edge: bool) -> bool:
    """True when known pieces are all there is; dates among them go to ``found`` (with a ``zone``)."""
    if len(line) > 300:
        return False
    key = fold_dates(line)
    follow = FOLLOW_US.fullmatch(key)
    if follow and not re.search(r"[.!?؟] \S", key[follow.end("lead") if follow["lead"] else 0 :]):
        return True
    dates = list(LABELLED_DATE.finditer(key))
    rest = ANYWHERE.sub(" ", LABELLED_DATE.sub(" ", key))
    bare = None
    if edge:
        bare = DATE.search(rest)
        rest = AT_THE_EDGE.sub(" ", DATE.sub(" ", rest, count=1))
    if _SEPARATORS.sub("", rest) or not _SEPARATORS.sub("", key):
        return False
    if zone is not None:
        if not found.minutes and (reading := _MINUTES.search(key)):
            found.minutes = int(re.findall(r"\d+", reading[0])[0])
        for match in dates:
            moment = date_of_match(match, zone)
            if match["updated"]:
                found.updated = found.updated or moment
            else:
                found.published = found.published or moment
        if bare and found.published is None:
            found.published = date_of_match(bare, zone)
    return True


def _paragraphs(lines: list[str]) -> list[str]:
    """Each line is a paragraph, unless empty lines separate blocks of lines broken at a width."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    broken = [line for block in blocks for line in block[:-1]]
    is_wrapped = len(blocks) > 1 and bool(broken) and all(45 <= len(line) <= 100 for line in broken)
    if is_wrapped:
        return [" ".join(block) for block in blocks if block]
    return [line for block in blocks for line in block]


def _headings(paragraphs: list[str]) -> frozenset[int]:
    """Return the positions of short lines between paragraphs: each heads the one that follows."""
    return frozenset(
        position
        for position in range(1, len(paragraphs) - 1)
        if _may_head(paragraphs[position])
        and _is_paragraph(paragraphs[position - 1])
        and _is_paragraph(paragraphs[position + 1])
    )


def _may_head(line: str) -> bool:
    is_question = line.endswith(("?", "؟", "？"))
    return (
        len(line) <= LONGEST_HEADING
        and line[0].isalnum()
        and not line[0].islower()
        and (
            is_question
            or not (_ENDS_SENTENCE.search(line) or line.endswith((",", "،", ";", "-", '"', "”", "»")))
        )
    )


def _is_paragraph(text: str) -> bool:
    return len(text) >= SHORTEST_PARAGRAPH and _ENDS_SENTENCE.search(text) is not None
