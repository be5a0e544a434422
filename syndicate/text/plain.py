"""Plain text that is safe to show, store and put into XML or a mail header.

Removed everywhere: C0 and C1 controls, lone surrogates, U+FEFF, U+FFFE and U+FFFF, bidirectional overrides,
embeddings and isolates (U+202A–E, U+2066–9), which would reorder the surrounding text. Joiners and direction
marks stay: Persian, Indic scripts and emoji need them. Text is in NFC.
"""

import html as entities
import re
import unicodedata

MAX_TEXT = 1_000_000
# Maximum length of summaries on pages and in mail.
EXCERPT_CHARACTERS = 280

_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028]")
_INLINE_SPACE = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
# Two leading spaces make the search pass over single spaces quickly.
_SPACES = re.compile("  [ ]*")
_PRINTABLE_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
_PRINTABLE_OR_BREAK = _PRINTABLE_ASCII + b"\x01\x02"
ASCII = bytes(range(0x80))
# Space other than U+0020 and the line feed: few texts have any, and only these need both patterns above.
_ODD_SPACE = re.compile(r"[^\S\n ]")
# Python's \w has no combining marks, so a pile of marks matches this.
_MARK_RUN = re.compile(r"[^\w\s!-~]{33,}")
# The blocks that hold every combining mark. Most texts have none and need no search for piles of marks.
_MAY_COMBINE = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u20d0-\u20ff\u2cef-\u2d7f\u2de0-\u2dff\u302a-\u302f"
    "\u3099\u309a\ua66f-\uabed\ufb1e\ufe20-\ufe2f\U000101fd-\U0001ffff]"
)

# Characters between words: for ASCII a table (which also folds case), for the rest a pattern.
_WORDS_OF_ASCII = bytes(
    byte if byte > 0x7F or chr(byte).isalnum() else ord(" ") for byte in bytes(range(256)).lower()
)
_FOREIGN_SIGNS = re.compile(r"[^\w\x00-\x7f]+")
# Replace the line breaks of tags until line breaks of the text have become spaces; cleaned HTML has neither.
_BREAK = "\x01"
_BULLET = "\x02• "
_AFTER_BULLET = re.compile(f"{_BULLET}[ \n]*")
_BLOCKS = (
    "address", "article", "aside", "blockquote", "caption", "div", "dl", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul",
)  # fmt: skip
_BREAKS = {
    **{name: 2 * _BREAK for block in _BLOCKS for name in (block, "/" + block)},
    **dict.fromkeys(("br", "tr", "/tr", "dt", "dd", "/dt", "/dd"), _BREAK),
    **dict.fromkeys(("/td", "/th"), " "),
    "li": _BREAK + _BULLET,
}

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""A letter of the scripts without spaces between words."""
_SENTENCE_END = re.compile(r"(?:(?<=\w{3})\.|[!?…؟۔।])[\"'”’»)\]]*(?=\s+[^\sa-z])|[。！？｡][」』”’）]*")


def folded_words(text: str) -> str:
    """Return words to search in: case folded, separated and enclosed by single spaces."""
    return f" {' '.join(word_list(text))} "


def word_list(text: str) -> list[str]:
    """Return words to search in, case folded."""
    foreign = without_ascii(text, ASCII).casefold()
    if any(map(str.isalnum, foreign)):
        encoded = _FOREIGN_SIGNS.sub(" ", text.casefold()).encode()
    else:
        # All of it becomes "?", a sign too.
        encoded = text.encode("ascii", "replace")
    # A table is ten times as fast as a pattern for single characters, but needs bytes.
    return encoded.translate(_WORDS_OF_ASCII).decode().split()


def clean_line(text: str, limit: int = 300) -> str:
    """Return a line for titles, names and labels: up to ``limit`` characters, cut at a word with "…"."""
    # Two characters more show whether the line goes on. Later characters combine with none before.
    start = text[: limit + 2].removesuffix(" ")
    if _is_clean_line(start) and (len(text) <= limit + 2 or is_western(start)):
        return _cut(start, limit)
    # A title of megabytes need not be read as a whole.
    text = " ".join(_safe(text.lstrip()[: 16 * limit]).split())
    return _cut(unicodedata.normalize("NFC", text), limit)


def clean_text(text: str) -> str:
    """Return text in paragraphs: lines end in a newline, an empty line separates paragraphs.

    Spaces are collapsed inside lines. At most ``MAX_TEXT`` characters, cut at a word with "…".
    """
    if len(text) <= MAX_TEXT and "\n" not in text and _is_clean_line(text):
        return text
    text = text[: 4 * MAX_TEXT].replace("\xa0", " ")
    # Each pattern is tried only on texts that need it: most texts are clean, and all texts pass here.
    suspects = without_ascii(text, _PRINTABLE_ASCII)
    if not suspects.isprintable():
        if _UNSAFE.search(suspects):
            text = _UNSAFE.sub("", text)
        if _ODD_SPACE.search(suspects):
            text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")
            text = _INLINE_SPACE.sub(" ", text)
    return _in_paragraphs(text, without_ascii(text, ASCII))


def plain_text(html: str) -> str:
    """Return the text of HTML cleaned by ``ingest/html``, in paragraphs as in ``clean_text``.

    Blocks become paragraphs, list items "• " lines, ``br`` a line break; alternative texts of images are left
    out. Not for untrusted markup: each tag must have its ``<`` and ``>``, and these must occur nowhere else,
    not even in attributes.
    """
    # Texts and the insides of tags, alternately; a text comes first and last.
    pieces = html.replace(">", "<").split("<")
    tags = pieces[1::2]
    if "/pre" in tags:
        _keep_line_ends(pieces)
    pieces[1::2] = [_BREAKS.get(tag.partition(" ")[0], "") for tag in tags]
    text = "".join(pieces)
    text = text.replace("\xa0", " ").replace("\t", " ").replace("\r", " ")
    others = without_ascii(text, _PRINTABLE_OR_BREAK)
    is_printable = others.isprintable()
    # If all space is spaces and line feeds, there is no need to split the text into words.
    text = text.replace("\n", " ") if is_printable else " ".join(text.split())
    text = text.replace(_BREAK, "\n")
    if "\x02" in text:
        text = _AFTER_BULLET.sub("• ", text)
    if "&" in text:
        text = entities.unescape(text).replace("\xa0", " ")
    # The added breaks and references are printable too.
    return _in_paragraphs(text, others) if is_printable else clean_text(text)


def excerpt(text: str, limit: int = EXCERPT_CHARACTERS) -> str:
    """Return the beginning of a text on a single line, at most ``limit`` characters.

    It ends after a sentence that ends in its second half, otherwise at a word with "…". Scripts without
    spaces are cut between characters.
    """
    line = clean_line(text[: 8 * limit], 4 * limit)
    if len(line) <= limit:
        return line
    ends = [match.end() for match in _SENTENCE_END.finditer(line[: limit + 2]) if match.end() <= limit]
    if ends and ends[-1] >= limit // 2:
        return line[: ends[-1]]
    return _cut(line, limit)


def paragraph(text: str) -> str:
    """Return plain text as an HTML paragraph; ``""`` without text."""
    return f"<p>{entities.escape(text, quote=False)}</p>" if text else ""


def is_western(text: str) -> bool:
    """Return whether a text is all windows-1252, where no character combines with another."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def without_ascii(text: str, characters: bytes) -> str:
    """Return a text without these ASCII characters: much faster than a pattern.

    Most texts have few others, so a later search reads little text.
    """
    return text.encode(errors="surrogatepass").translate(None, characters).decode(errors="surrogatepass")


def xml_safe(text: str) -> str:
    """Return the text without the characters that XML 1.0 (section 2.2) cannot carry."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def _keep_line_ends(pieces: list[str]) -> None:
    """Turn line ends in ``pre`` into breaks, as for ``br``."""
    inside = False
    for place in range(1, len(pieces) - 1, 2):
        name = pieces[place].partition(" ")[0]
        inside = name == "pre" or (inside and name != "/pre")
        if inside:
            pieces[place + 1] = pieces[place + 1].replace("\n", _BREAK)


def _in_paragraphs(text: str, foreign: str) -> str:
    """Return a text without unusual spaces in the form of ``clean_text``; ``foreign`` as in ``_composed``."""
    # Most runs of spaces are at the ends of lines.
    return _cut(_composed(_SPACES.sub(" ", _paragraphs(text)), foreign).strip(), MAX_TEXT)


def _paragraphs(text: str) -> str:
    """Strip lines and collapse empty lines."""
    lines: list[str] = []
    before = ""
    for raw in text.split("\n"):
        line = raw.strip(" ")
        if line or before:
            lines.append(line)
        before = line
    return "\n".join(lines)


def _composed(text: str, foreign: str) -> str:
    """Return text in NFC, with piles of combining marks cut; ``foreign`` is the text without ASCII."""
    if is_western(foreign):
        return text
    # With ASCII only combining characters compose; the search also finds emoji.
    combines = _MAY_COMBINE.search(foreign) and any(map(unicodedata.combining, foreign))
    if not combines and unicodedata.is_normalized("NFC", foreign):
        return text
    return unicodedata.normalize("NFC", _without_piles(text))


def _is_clean_line(text: str) -> bool:
    # Printable means: no control, no format character, no surrogate, no space but U+0020.
    return (
        text.isprintable()
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and (text.isascii() or (_without_piles(text) == text and unicodedata.is_normalized("NFC", text)))
    )


def _safe(text: str) -> str:
    if not without_ascii(text, _PRINTABLE_ASCII).isprintable():
        text = _UNSAFE.sub("", text)
    return text if text.isascii() else _without_piles(text)


def _without_piles(text: str) -> str:
    """Keep runs of symbols, cut piles of combining marks: normalising piles takes quadratic time."""
    return _MARK_RUN.sub(_without_pile, text) if _MAY_COMBINE.search(text) else text


def _without_pile(match: re.Match[str]) -> str:
    return match[0] if not any(map(unicodedata.combining, match[0])) else match[0][:32]


def _cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, cut at a word in the second half if possible, with "…"."""
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
    return text[:end].rstrip(" \n.,;:…–—-([“‘«") + "…"


# Controls but line ends and tabs; soft hyphens, zero widths, marks and overrides of direction, surrogates,
# tags, variation selectors and non-characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Return foreign text for an operator: each unseen character as its code, such as ``[U+202E]``."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text.replace("\r\n", "\n"))
