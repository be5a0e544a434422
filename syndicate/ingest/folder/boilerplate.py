"""Separate the text of an article copied from a news page from the boilerplate around it.

A line is boilerplate if removing all known pieces leaves nothing ("3 min read | Share"), so sentences that
mention a piece stay. Ambiguous pieces (a bare date, "By …", "Share") are boilerplate only above the first or
below the last paragraph. A list ("Read more:", "Trending") at the end of the text contains all following
lines that look like titles; elsewhere a list ends at the first empty line.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from syndicate.ingest.folder import boilerplate_patterns as patterns
from syndicate.ingest.written_dates import date_of_match, fold_dates
from syndicate.text.plain import clean_line, clean_text

MAX_TITLE_CHARACTERS = 160
MAX_FIRST_LINE_CHARACTERS = 300
MAX_READ_MORE = 20

_SEPARATORS = re.compile(r"[\s|•·/,،:;()–—-]+")
_NAME = r"[^\Wa-z\d_][\w.'’-]*"
_BYLINE = re.compile(
    r"(?:[Bb]y|BY|[Ww]ritten by|Par|Von|Por|Di|بقلم|كتب|كتبت)\s*[:：]?\s+"
    rf"(?P<names>{_NAME}(?:\s+(?:{_NAME}|and|et|und|y|e|&|de|van|von|al|bin|del|da|la))*(?:,\s*{_NAME}(?:\s+{_NAME})*)*)"
)
# A name and a role: "Layla Haddad, Senior Reporter".
_NAME_AND_ROLE = re.compile(
    rf"(?P<names>{_NAME}(?:\s+{_NAME}){{1,3}}),\s*(?:[\w&-]+\s+){{0,4}}(?i:{patterns.ROLE})(?:\s.{{0,30}})?"
)
_ONLY_ROLE = re.compile(rf"(?:[\w&-]+\s+){{0,4}}{patterns.ROLE}", re.IGNORECASE)
_MINUTES = re.compile(patterns.READING_TIME)
MAX_HEADING_CHARACTERS = 90
MIN_PARAGRAPH_CHARACTERS = 60
_BULLET = re.compile(r"(?:[•▪►»*–·-]|\d{1,2}[.)-])\s+")
_CRUMBS = re.compile(r"[^.!?]{1,40}(?:\s*[>›»/]\s*[^.!?>›»/]{1,40}){1,4}")
_ENDS_SENTENCE = re.compile(r"[.!?؟。۔…:][\"'”’»)\]]*\Z")


@dataclass(slots=True)
class CopiedArticle:
    """Parts of a copied text.

    ``paragraphs`` is the body in order, ``headings`` the indices of paragraphs that are headings.
    ``read_more`` are the listed titles of other articles. ``minutes`` is the page's reading time, 0 if
    missing.
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
    """Parse a copied article; ``zone`` is the default time zone of dates.

    The first line is the title, unless it is as long as a paragraph.
    """
    title, *lines = clean_text(text).split("\n")
    if len(title) > MAX_FIRST_LINE_CHARACTERS:
        title, lines = "", [title, *lines]
    article = CopiedArticle(title=title)
    lines = _joined_labels(lines)
    start = _closing_start(lines)
    _take_lists(lines[start:], article, zone)
    lines = lines[:start]
    while lines and _is_edge(lines[-1], article, zone):
        lines.pop()
    head = _head_length(lines)
    top = [line for line in lines[:head] if not _stands_above(line, article, zone)]
    article.paragraphs = _paragraphs(_without_inner_boilerplate([*top, "", *lines[head:]], article, zone))
    texts = article.paragraphs
    article.headings = frozenset(
        place
        for place in range(1, len(texts) - 1)
        if _may_head(texts[place]) and _is_paragraph(texts[place - 1]) and _is_paragraph(texts[place + 1])
    )
    article.read_more = list(dict.fromkeys(article.read_more))[:MAX_READ_MORE]
    return article


def _head_length(lines: list[str]) -> int:
    """Return the number of boilerplate lines above the text.

    The head may contain a standfirst of at most two lines between title, byline and date.
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


def _stands_above(line: str, article: CopiedArticle, zone: tzinfo | None) -> bool:
    if _is_edge(line, article, zone) or _is_head(line, article, zone):
        return True
    heading = patterns.HEADING.fullmatch(fold_dates(line))
    return heading is not None and heading["read_more"] is None


def _joined_labels(lines: Iterable[str]) -> list[str]:
    """Join a label on its own line ("Published:", "By") with the date or names on the next line."""
    joined: list[str] = []
    waiting = ""
    for line in lines:
        if waiting and not line:
            continue
        if waiting and (patterns.DATE.match(fold_dates(line)) or _BYLINE.fullmatch(f"{waiting} {line}")):
            joined.append(f"{waiting} {line}")
            waiting = ""
            continue
        if waiting:
            joined.append(waiting)
        key = fold_dates(line)
        waiting = line if patterns.LABEL.fullmatch(key) or patterns.BY.fullmatch(key) else ""
        if not waiting:
            joined.append(line)
    return [*joined, waiting] if waiting else joined


def _closing_start(lines: list[str]) -> int:
    """Return the index of the first line of the lists after the article: only titles and boilerplate."""
    start = len(lines)
    titles = 0
    for position in range(len(lines) - 1, -1, -1):
        line = lines[position]
        if patterns.HEADING.fullmatch(fold_dates(line)):
            start, titles = position, 0
        elif line and not _is_boilerplate(line, CopiedArticle(), None, edge=True):
            titles += 1
            if not _is_title(line) or titles > MAX_READ_MORE:
                break
    return start


def _take_lists(lines: list[str], article: CopiedArticle, zone: tzinfo) -> None:
    in_read_more = False
    for line in lines:
        heading = patterns.HEADING.fullmatch(fold_dates(line))
        if heading:
            in_read_more = heading["read_more"] is not None
        elif line and not _is_edge(line, article, zone) and in_read_more:
            _add_read_more(line, article)


def _without_inner_boilerplate(lines: list[str], article: CopiedArticle, zone: tzinfo) -> list[str]:
    kept: list[str] = []
    in_list = False
    for position, line in enumerate(lines):
        following = lines[position + 1 : position + 2]
        if in_list and line and _is_title(line):
            _add_read_more(line, article)
            continue
        in_list = False
        heading = patterns.HEADING.fullmatch(fold_dates(line))
        if heading and heading["read_more"] and following and _leads_a_list(lines, position):
            in_list = True
        elif (inline := _inline_title(line)) and (
            not kept or not kept[-1] or _ENDS_SENTENCE.search(kept[-1])
        ):
            _add_read_more(inline, article)
        elif not line or not _is_boilerplate(line, article, zone, edge=False):
            kept.append(line)
    return kept


def _leads_a_list(lines: list[str], position: int) -> bool:
    """Return whether a heading starts a list of titles up to an empty line, not the next section.

    After "Also read" a sentence also ends the list.
    """
    heading = lines[position]
    is_certain = patterns.READ_LIST.fullmatch(fold_dates(heading)) is not None
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


def _inline_title(line: str) -> str:
    """Return the title in "Read more: A title", ``""`` if the line is a sentence."""
    if patterns.INLINE_READ_MORE.match(fold_dates(line)) is None:
        return ""
    title = re.split("[:：|]", line, maxsplit=1)[1].strip()
    return title if _is_title(title) else ""


def _add_read_more(line: str, article: CopiedArticle) -> None:
    title = clean_line(_BULLET.sub("", line, count=1))
    if len(title) > 2 and not title.isdecimal():
        article.read_more.append(title)


def _is_title(line: str) -> bool:
    text = _BULLET.sub("", line, count=1).rstrip("\"'”’»)]")
    return 0 < len(text) <= MAX_TITLE_CHARACTERS and not text.endswith((".", "۔", "。", ",", "،", ";", ":"))


def _is_edge(line: str, article: CopiedArticle, zone: tzinfo | None) -> bool:
    if not line:
        return True
    tags = patterns.TAGS.match(fold_dates(line))
    if tags:
        listed = re.split("[:：]", line, maxsplit=1)[1]
        article.tags += [tag for tag in (clean_line(part, 60) for part in re.split("[,،;|]", listed)) if tag]
        return True
    return _is_boilerplate(line, article, zone, edge=True)


def _is_head(line: str, article: CopiedArticle, zone: tzinfo | None) -> bool:
    """Return whether a line is a byline or the path to the article's section; collect the authors."""
    pieces = [piece for piece in re.split(r"\s*[|•·]\s*", line) if piece]
    authors = {piece: names for piece in pieces if (names := _authors(piece))}
    rest = [piece for piece in pieces if piece not in authors]
    if authors and all(_is_boilerplate(piece, article, zone, edge=True) for piece in rest):
        for names in authors.values():
            listed = (name.strip() for name in re.split(r",| and | et | und | y | e | & | و ", names))
            article.authors += [name for name in listed if name and not _ONLY_ROLE.fullmatch(name)]
        return True
    return line.casefold().startswith(("home", "الرئيسية")) and _CRUMBS.fullmatch(line) is not None


def _authors(piece: str) -> str:
    if len(piece) > 80:
        return ""
    match = _BYLINE.fullmatch(piece) or _NAME_AND_ROLE.fullmatch(piece)
    if match:
        return match["names"]
    return piece if patterns.AGENCY.fullmatch(fold_dates(piece)) else ""


def _is_boilerplate(line: str, article: CopiedArticle, zone: tzinfo | None, *, edge: bool) -> bool:
    """Return whether a line consists of known pieces; with a ``zone``, collect its dates in ``article``."""
    if len(line) > 300:
        return False
    key = fold_dates(line)
    follow = patterns.FOLLOW_US.fullmatch(key)
    if follow and not re.search(r"[.!?؟] \S", key[follow.end("lead") if follow["lead"] else 0 :]):
        return True
    dates = list(patterns.LABELLED_DATE.finditer(key))
    rest = patterns.ANYWHERE_PIECES.sub(" ", patterns.LABELLED_DATE.sub(" ", key))
    bare = None
    if edge:
        bare = patterns.DATE.search(rest)
        rest = patterns.EDGE_PIECES.sub(" ", patterns.DATE.sub(" ", rest, count=1))
    if _SEPARATORS.sub("", rest) or not _SEPARATORS.sub("", key):
        return False
    if zone is not None:
        if not article.minutes and (reading := _MINUTES.search(key)):
            article.minutes = int(re.findall(r"\d+", reading[0])[0])
        for match in dates:
            date = date_of_match(match, zone)
            if match["updated"]:
                article.updated = article.updated or date
            else:
                article.published = article.published or date
        if bare and article.published is None:
            article.published = date_of_match(bare, zone)
    return True


def _paragraphs(lines: list[str]) -> list[str]:
    """Return each line as a paragraph, or join the lines of blocks that are wrapped at a fixed width."""
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


def _may_head(line: str) -> bool:
    is_question = line.endswith(("?", "؟", "？"))
    return (
        len(line) <= MAX_HEADING_CHARACTERS
        and line[0].isalnum()
        and not line[0].islower()
        and (
            is_question
            or not (_ENDS_SENTENCE.search(line) or line.endswith((",", "،", ";", "-", '"', "”", "»")))
        )
    )


def _is_paragraph(text: str) -> bool:
    return len(text) >= MIN_PARAGRAPH_CHARACTERS and _ENDS_SENTENCE.search(text) is not None
