"""Cut credit lines and "continue reading" links of blog software, podcast hosts and link sites. Pure.

WordPress and its most common plug-in write "The post … appeared first on …" in the blog's language; excerpts
end with "[…]" and a link to the page. The module only checks the end of a text.
"""

import re
from html import unescape

from syndicate.text.tables import table_of
from syndicate.text.urls import canonical_url

MAX_LINE = 1_500
"""Characters of HTML at the end of a text that may contain a credit line or a link."""
MAX_TAIL = 600
"""Characters of HTML that may contain the end of a credit line: the blog's URL and name follow."""
MAX_ENDS = 60
"""Characters of HTML after the last link or word: the end tags of its blocks."""
MAX_PHRASE = 200
"""Characters of a "continue reading" link's text, which may contain the title."""

_SPACE = r"(?:\s|&nbsp;)+"


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases).replace(" ", _SPACE) + ")"


_TABLE = table_of(__name__)
_CREDIT_STARTS = re.compile(
    r"(?:^|[.!?…\])>»”\"]|&nbsp;)\s*(?P<start>(?:投稿|文章)|"
    rf"{_any(*_TABLE['credit_starts'])}(?=\s|&nbsp;|<))",
    re.IGNORECASE,
)
_CREDITS: tuple[str, ...] = tuple(_TABLE["credits"])
_MAY_CREDIT = re.compile("|".join(_TABLE["credit_parts"]))
_VOID = ("<br", "<hr", "<img", "<wbr")
_BETWEEN = r"(?:\s|&nbsp;|<[^<>]*>)*"
# Lines that podcast hosts add to the notes of each episode, with the empty lines before them.
_HOST_LINE = re.compile(
    r"(?:\s|&nbsp;|<br>|</?(?:p|div)\b[^<>]*>)*(?:"
    + "|".join(_TABLE["host_lines"]).replace(" ", _BETWEEN)
    + rf")\.?{_BETWEEN}\Z",
    re.IGNORECASE,
)
# The text without tags: each space or end of a block is one character, so that no repetition is nested.
_SITE_LINE = re.compile(
    "(?:^|(?<=\\s))(?:" + "|".join(_TABLE["site_lines"]).replace(" ", "\\s") + r")\.?\Z", re.IGNORECASE
)
_PIECE = re.compile(r"<[^<>]*>|(?:&(?!nbsp;)|[^<>\s&])+|&nbsp;")
_MAY_BE_SITE_LINE = re.compile(r"\[comments\]|Comments URL:|on Medium, where")
# Hacker News has this link in the place of a text.
_ONLY_COMMENTS = re.compile(rf"{_BETWEEN}comments{_BETWEEN}", re.IGNORECASE)
READ_MORE = _any(*_TABLE["read_more"])
_ARROWS = " .…→»›⟶➡►>)]\n"
_ARROW = r"(?:→|»|›|…|\.\.\.|⟶|➡|►|(?:&gt;|>){1,2})"
_READ_MORE_ONLY = re.compile(
    rf"\W*(?:{READ_MORE}(?:\W*|.{{0,{MAX_PHRASE}}}{_ARROW}\W*)|more\W*{_ARROW}\W*)", re.IGNORECASE
)
_STARTS_READ_MORE = re.compile(rf"\W*{READ_MORE}(?!\w)", re.IGNORECASE)
_CLOSING = r"(?:\s|&nbsp;|</(?!a>)\w+>)*\Z"
_BREAKS_OFF = re.compile(rf"([.!?])?(?:\s|&nbsp;|[,;])*[\[(](?:…|\.\.\.)[\])]({_CLOSING})")
_TAG = re.compile(r"<[^<>]*>")
_BLOCK = re.compile(
    r"<(?:/?(?:p|div|li|ul|ol|h[2-6]|blockquote|section|article|table|t[dr]|figure|pre)\b[^<>]*|br)>"
)
# The end tags after the last line.
_ENDS = re.compile(r"(?:\s|&nbsp;|<br>|</\w+>)*\Z")
_IS_BROKEN_OFF = re.compile(r"(?:…|\.\.\.)[\])]?(?:\s|</\w+>)*\Z")
_AFTER_LINK = re.compile(r"(?:\s|&nbsp;|[\])»→›….]|</\w+>)*\Z")
# An image of at most 48 pixels: links around such images are buttons to follow or share.
_ICON = r'<img(?=[^<>]* (?:width|height)=")(?![^<>]* (?:width|height)="(?!(?:\d|[1-3]\d|4[0-8])"))[^<>]*>'
_ICON_LINKS = re.compile(rf"(?:<a [^<>]*>\s*{_ICON}\s*</a>(?:\s|&nbsp;|<br>)*)+(?:\s|</\w+>)*\Z")
# The title above the text, and a line that only tells the day, no sentence.
_OPENING = r"(?:\s|<(?:article|div|section)>)*"
_TITLE = re.compile(rf"{_OPENING}(<h([2-6])(?: [^<>]*)?>(.*?)</h\2>)", re.DOTALL)
_DATELINE = re.compile(
    rf"{_OPENING}(<(p|div)>\s*{_any(*_TABLE['posted'])}\b(?=[^<>]*\b\d\d?\D)[^<>]{{0,60}}\b\d{{4}}\b"
    r"[^<>]{0,20}(?<!:)(?<![^\W\d]{3}\.)</\2>)",
    re.IGNORECASE,
)
_HREF = re.compile(r'<a href="([^"]*)"')


def is_read_more(text: str) -> bool:
    """Return whether a text is only "continue reading", with an optional title before an arrow."""
    return len(text) <= MAX_PHRASE and _READ_MORE_ONLY.fullmatch(text) is not None


def cut_boilerplate(html: str, url: str, title: str = "") -> str:
    """Cut boilerplate from the end of cleaned HTML, and a repeated ``title`` and dateline from its start.

    ``url`` is the item's URL. A link to it with a text that starts like "Continue reading" becomes an
    ellipsis, whatever title follows in the text.
    """
    html = _without_title(html, title)
    tail = html[-MAX_LINE:]
    if _MAY_BE_SITE_LINE.search(tail):
        html = _without_site_line(html)
    elif "omments</a>" in tail and _ONLY_COMMENTS.fullmatch(html):
        return ""
    start = max(len(html) - MAX_LINE, 0)
    if html.rfind("</a>", -MAX_ENDS) >= 0 and html.find("<img ", start) >= 0:
        icons = _ICON_LINKS.search(html, start)
        html = _cut(html, icons.start()) if icons else html
    ends_in_link = html.rfind("</a>", -MAX_ENDS) >= 0
    if _MAY_CREDIT.search(html, max(len(html) - (MAX_TAIL if ends_in_link else MAX_PHRASE), 0)):
        html = _without_credit(html)
        ends_in_link = html.rfind("</a>", -MAX_ENDS) >= 0
    if ends_in_link:
        html = _without_link(html, url)
    tail = html[-MAX_TAIL:]
    if ("rivacy" in tail or " choices." in tail) and (host_line := _HOST_LINE.search(tail)):
        html = _cut(html, len(html) - len(tail) + host_line.start())
    html = _without_phrase(html)
    if html.rfind("]", -MAX_ENDS) >= 0 and (
        end := _BREAKS_OFF.search(html, max(len(html) - 2 * MAX_ENDS, 0))
    ):
        html = html[: end.start()] + (f"{end[1]} …" if end[1] else "…") + end[2]
    return html


def _without_title(html: str, title: str) -> str:
    if not html.startswith("<"):
        return html
    heading = _TITLE.match(html)
    if heading and title and unescape(_TAG.sub("", heading[3])).split() == title.split():
        html = html[: heading.start(1)] + html[heading.end(1) :]
    dateline = _DATELINE.match(html)
    return html[: dateline.start(1)] + html[dateline.end(1) :] if dateline else html


def _without_credit(html: str) -> str:
    tail = html[-MAX_LINE:]
    at, credit = max([(tail.rfind(credit), credit) for credit in _CREDITS])
    first = len(html) - len(tail)
    if at < 0 or _BLOCK.search(_ENDS.sub("", tail[at + len(credit) :])):
        return html
    at += first
    line = max((block.end() for block in _BLOCK.finditer(html, first, at)), default=first)
    starts = list(_CREDIT_STARTS.finditer(html[line:at]))
    return _cut(html, line + starts[-1].start("start")) if starts else html


def _without_site_line(html: str) -> str:
    text, starts = "", {}
    for piece in _PIECE.finditer(html, max(len(html) - MAX_LINE, 0)):
        if _BLOCK.fullmatch(piece[0]):
            text = text.rstrip() + "\n"
        elif not piece[0].startswith("<") and piece[0] != "&nbsp;":
            if text and not text.endswith("\n") and not html[piece.start() - 1].isalnum():
                text += " "
            starts[len(text)] = piece.start()
            text += piece[0]
    line = _SITE_LINE.search(text.rstrip())
    return _cut(html, starts[line.start()]) if line and line.start() in starts else html


def _without_link(html: str, url: str) -> str:
    at = html.rfind("<a ", max(len(html) - MAX_LINE, 0))
    end = html.find("</a>", at)
    if at < 0 or end < 0 or not _AFTER_LINK.match(html, end + 4):
        return html
    text = unescape(_TAG.sub("", html[at:end])).strip()
    target = _HREF.match(html, at)
    is_own = url and target and canonical_url(unescape(target[1])) == canonical_url(url)
    if len(text) > MAX_PHRASE or not (is_read_more(text) or (is_own and _STARTS_READ_MORE.match(text))):
        return html
    return _cut(html, at, add_ellipsis=True)


def _without_phrase(html: str) -> str:
    end = _end_of_text(html)
    start = max(html.rfind(">", 0, end) + 1, end - 2 * MAX_PHRASE)
    if html.startswith("<a ", html.rfind("<", 0, start)):
        return html
    text = html[start:end].rstrip(_ARROWS)
    # The phrase follows an ellipsis, or is a whole line.
    after = max(text.rfind(mark) + len(mark) if mark in text else 0 for mark in ("…", "...", "]"))
    phrase = html[start + after : end]
    is_titled = (
        after and phrase.lstrip().lower().startswith("continue reading ") and len(phrase) <= MAX_PHRASE
    )
    if is_titled or is_read_more(phrase):
        html = _cut(html, start + after, add_ellipsis=True)
    return html


def _end_of_text(html: str) -> int:
    """Return the offset of the end tags after the text; a link's end tag counts as text."""
    end = _without_space(html, len(html))
    while html.endswith(">", 0, end):
        at = html.rfind("<", 0, end)
        if not html.startswith(("</", "<br"), at) or html.startswith("</a>", at):
            break
        end = _without_space(html, at)
    return end


def _without_space(html: str, end: int, more_characters: str = "") -> int:
    while end and (html[end - 1].isspace() or html[end - 1] in more_characters):
        end -= 1
    return end


def _cut(html: str, at: int, *, add_ellipsis: bool = False) -> str:
    """Cut HTML at offset ``at`` and close its elements; ``add_ellipsis`` marks the text as truncated."""
    ends: list[str] = []
    depth = 0
    for tag in _TAG.findall(html, at):
        depth += -1 if tag.startswith("</") else not tag.startswith(_VOID)
        if depth < 0:
            ends.append(tag)
            depth = 0
    end = _without_space(html, at, "([" if add_ellipsis else "")
    # Elements that start right before the cut would be empty.
    while html.endswith(">", 0, end):
        start = html.rfind("<", 0, end)
        if html.startswith(("</", "<img "), start):
            break
        del ends[: not html.startswith(_VOID, start)]
        end = _without_space(html, start)
    kept = html[:end]
    if add_ellipsis and kept and not _IS_BROKEN_OFF.search(kept, max(end - MAX_ENDS, 0)):
        kept += "<p>…</p>" if _BLOCK.fullmatch(kept, kept.rfind("<")) else " …"
    return kept + "".join(ends)
