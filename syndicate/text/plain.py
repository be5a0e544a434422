"""Plain text that is safe to show, store and put into XML or a mail header.

Removed everywhere: C0 and C1 controls, lone surrogates, U+FEFF, U+FFFE and U+FFFF, bidirectional overrides,
embeddings and isolates (U+202A–E, U+2066–9), which would reorder what surrounds the text. Joiners
and direction marks stay: Persian, Indic scripts and emoji need them. Text is in NFC.
"""

import html as entities
import re
import unicodedata

MAX_TEXT = 1_000_000

_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028]")
_INLINE_SPACE = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_SPACES = re.compile("  +")
_PRINTABLE_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
ASCII = bytes(range(0x80))
# Space other than U+0020 and the line feed: few texts have any, and no other needs the two patterns above.
_ODD_SPACE = re.compile(r"[^\S\n ]")
# Python's \w has no combining marks, so a pile of marks is a run of this.
_MARK_RUN = re.compile(r"[^\w\s!-~]{33,}")
# The blocks that hold every combining mark. Most texts have none, and need no search for piles of them.
_MAY_COMBINE = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u20d0-\u20ff\u2cef-\u2d7f\u2de0-\u2dff\u302a-\u302f"
    "\u3099\u309a\ua66f-\uabed\ufb1e\ufe20-\ufe2f\U000101fd-\U0001ffff]"
)

# What is no part of a word: of ASCII, as a table that makes it a space, and of all the rest.
_WORDS_OF_ASCII = bytes(byte if byte > 0x7F or chr(byte).isalnum() else ord(" ") for byte in range(256))
_FOREIGN_SIGNS = re.compile(r"[^\w\x00-\x7f]+")
_FEW = 8
_TAG = re.compile(r"<(/?+[a-z][a-z0-9]*+)[^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+>")
_PREFORMATTED = re.compile(r"<pre[ >].*?</pre>", re.DOTALL)
_BULLET = re.compile("\x02• [ \n]*")
_BLOCKS = (
    "address", "article", "aside", "blockquote", "caption", "div", "dl", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul",
)  # fmt: skip
_BREAKS = {
    **{name: "\n\n" for block in _BLOCKS for name in (block, "/" + block)},
    **dict.fromkeys(("br", "tr", "/tr", "dt", "dd", "/dt", "/dd"), "\n"),
    **dict.fromkeys(("/td", "/th"), " "),
    "li": "\n\x02• ",
}

_SENTENCE_END = re.compile(r"(?:(?<=\w{3})\.|[!?…؟۔।])[\"'”’»)\]]*(?=\s+[^\sa-z])|[。！？｡][」』”’）]*")


def folded_words(text: str) -> str:
    """Words to be found in: case folded, separated and enclosed by single spaces."""
    # Of each character of its own a pattern takes ten times as long as a table does, which is for bytes.
    folded = text.casefold().encode(errors="surrogatepass").translate(_WORDS_OF_ASCII)
    text = folded.decode(errors="surrogatepass")
    if not text.isascii():
        signs = [character for character in set(without_ascii(text, ASCII)) if not character.isalnum()]
        if len(signs) > _FEW:
            text = _FOREIGN_SIGNS.sub(" ", text)
        else:
            for sign in signs:
                text = text.replace(sign, " ")
    return f" {' '.join(text.split())} "


def clean_line(text: str, limit: int = 300) -> str:
    """One line for titles, names and labels: at most ``limit`` characters, cut at a word with "…"."""
    if len(text) <= limit and _is_clean_line(text):
        return text
    # A title of megabytes need not be looked at whole.
    text = " ".join(_safe(text.lstrip()[: 16 * limit]).split())
    return _cut(unicodedata.normalize("NFC", text), limit)


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Text in paragraphs: lines end in one newline, paragraphs are one empty line apart.

    Spaces are collapsed inside lines. At most ``limit`` characters, cut at a word with "…".
    """
    if len(text) <= limit and "\n" not in text and _is_clean_line(text):
        return text
    text = text[: 4 * limit].replace("\xa0", " ")
    # Each pattern is tried only on texts that need it: most texts are clean, and all texts pass here.
    suspects = without_ascii(text, _PRINTABLE_ASCII)
    if not suspects.isprintable():
        if _UNSAFE.search(suspects):
            text = _UNSAFE.sub("", text)
        if _ODD_SPACE.search(suspects):
            text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")
            text = _INLINE_SPACE.sub(" ", text)
    return _in_paragraphs(text, limit)


def html_to_text(html: str) -> str:
    """The text of HTML that ``ingest/clean`` has cleaned, in paragraphs as ``clean_text`` writes them.

    Blocks become paragraphs, list items "• " lines, ``br`` a line break; alternative texts of pictures are
    left out. Not for markup that strangers wrote: it relies on well-formed tags.
    """
    html = _PREFORMATTED.sub(lambda match: match[0].replace("\n", "<br>"), html)
    html = html.replace("\xa0", " ").replace("\t", " ").replace("\r", " ")
    is_printable = _is_printable(html)
    # Where all space is spaces and line feeds, there is no need to take it apart into words.
    html = html.replace("\n", " ") if is_printable else " ".join(html.split())
    if "<" in html:
        # Text and names of tags take turns.
        pieces = _TAG.split(html)
        pieces[1::2] = [_BREAKS.get(name, "") for name in pieces[1::2]]
        html = "".join(pieces)
        if "\x02" in html:
            html = _BULLET.sub("• ", html)
    if "&" in html:
        return clean_text(entities.unescape(html))
    # What the breaks added is printable too.
    return _in_paragraphs(html, MAX_TEXT) if is_printable else clean_text(html)


def excerpt(text: str, limit: int = 280) -> str:
    """The beginning of a text on one line, at most ``limit`` characters.

    It ends after a sentence where one ends in its second half, otherwise at a word with "…"; scripts written
    without spaces are cut between characters.
    """
    line = clean_line(text[: 8 * limit], 4 * limit)
    if len(line) <= limit:
        return line
    ends = [match.end() for match in _SENTENCE_END.finditer(line[: limit + 2]) if match.end() <= limit]
    if ends and ends[-1] >= limit // 2:
        return line[: ends[-1]]
    return _cut(line, limit)


def is_western(text: str) -> bool:
    """Whether a text is all windows-1252: quickly told, and then no character combines with another."""
    if text.isascii():
        return True
    try:
        without_ascii(text, ASCII).encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def without_ascii(text: str, characters: bytes) -> str:
    """A text without these characters of ASCII: to look at a text, this is many times as quick as a pattern.

    Most texts have few others, so whatever is looked for is then looked for in little.
    """
    return text.encode(errors="surrogatepass").translate(None, characters).decode(errors="surrogatepass")


def xml_safe(text: str) -> str:
    """The text without the characters XML 1.0 (section 2.2) cannot carry."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def _is_printable(text: str) -> bool:
    """Whether a text has neither controls, line feeds apart, nor format characters, nor unusual space."""
    return without_ascii(text, _PRINTABLE_ASCII).isprintable()


def _in_paragraphs(text: str, limit: int) -> str:
    """A text whose only space is spaces and line feeds as ``clean_text`` writes it."""
    return _cut(_paragraphs(_composed(_single_spaced(text))).strip(), limit)


def _single_spaced(text: str) -> str:
    return _SPACES.sub(" ", text) if "  " in text else text


def _paragraphs(text: str) -> str:
    """Lines without space at their ends, and one empty line where there were more."""
    lines: list[str] = []
    for raw in text.split("\n"):
        line = raw.strip(" ")
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)


def _composed(text: str) -> str:
    """Text in NFC, with piles of combining marks cut."""
    if is_western(text):
        return text
    foreign = without_ascii(text, ASCII)
    # Nothing combines with ASCII but what is looked for first.
    if not _MAY_COMBINE.search(foreign) and unicodedata.is_normalized("NFC", foreign):
        return text
    return unicodedata.normalize("NFC", _without_piles(text))


def _is_clean_line(text: str) -> bool:
    # Printable means: no control, no format character, no surrogate, no space but U+0020.
    return (
        text.isprintable()
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and (text.isascii() or (not _has_pile(text) and unicodedata.is_normalized("NFC", text)))
    )


def _safe(text: str) -> str:
    if not _is_printable(text):
        text = _UNSAFE.sub("", text)
    return text if text.isascii() else _without_piles(text)


def _has_pile(text: str) -> bool:
    return bool(_MAY_COMBINE.search(text) and _MARK_RUN.search(text))


def _without_piles(text: str) -> str:
    """Keep runs of symbols, cut piles of combining marks: normalising them takes quadratic time."""
    return _MARK_RUN.sub(_without_pile, text) if _MAY_COMBINE.search(text) else text


def _without_pile(match: re.Match[str]) -> str:
    return match[0] if not any(map(unicodedata.combining, match[0])) else match[0][:32]


def _cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, ending in "…" after a whole word when one ends in the second half."""
    if len(text) <= limit:
        return text
    end = limit - 1
    if not text[end].isspace():
        space = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
        if space >= limit // 2:
            end = space
    while end > 0 and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"
    ):
        end -= 1
    return text[:end].rstrip(" \n,;:–—-") + "…"
