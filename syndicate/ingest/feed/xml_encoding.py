"""Decode feed bytes in any charset to a UTF-8 document for an XML parser.

Order (X5, RFC 7303 §3): byte order mark, HTTP charset, XML declaration, UTF-8. Bytes that are valid UTF-8
count as UTF-8 whatever their label: other text is not valid UTF-8 by chance, while a server's default label
"ISO-8859-1" fits any bytes. If the label fails to decode the bytes, or gives implausible text,
``detect_charset`` guesses the charset. Charset names are untrusted, so they are looked up in the table below
and never in Python's codec registry: its codecs may be slow (``punycode``: 27 s for 800 kB), raise
(``undefined``) or hide markup (UTF-7). A document type declaration is cut out, so that no entity expands.
"""

import codecs
import re
from html.entities import html5

from syndicate.text.tables import table_of

MIN_CONFIDENCE = 0.05
"""Below this confidence the label stays, or the charset is unknown."""
LABEL_BONUS = 0.03
"""The label wins if its confidence is at most this much below the best guess: most labels are right."""
_MAX_SEARCHED_BYTES, _SAMPLE_BYTES = 50_000, 4_000
_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[|\]\]>|<[^<>]*>|https?://[^\s<>\"']+|&#?\w{1,10};", re.DOTALL)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0 appendix F: "<?" in UTF-16 without a byte order mark.
_SNIFFED = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))

CHARSETS = {alias: codec for codec, aliases in table_of(__name__).items() for alias in aliases.split()}

_DECLARATION = re.compile(r"\s*<\?xml(?=\s)[^>]{0,500}\?>", re.ASCII)
_DECLARED = re.compile(rb"\s*<\?xml\s[^>]{0,300}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DOCTYPE = re.compile(r"<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*(\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
# Content allowed before a document type; in an item the same characters are text.
_PROLOG = re.compile(r"(?>[^<]++|<!--.*?-->|<\?.*?\?>|<(?![!?A-Za-z]))*+", re.DOTALL)
# A document with only comments and instructions between its declaration and its first tag.
_ORDINARY = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\s[^>]{0,500}\?>)?(?=(?>\s+|<\?[^>]*\?>|<!--[^>]*-->)*+<[A-Za-z])"
)
_ENTITY = re.compile(r"<!ENTITY\b[^<>]*>?", re.IGNORECASE)
_ILLEGAL = bytes(code for code in range(32) if code not in b"\t\n\r")
_LEGAL = bytes(code for code in range(256) if code not in _ILLEGAL)
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_CDATA_OR_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:(#[0-9]{1,9}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]*);)?", re.DOTALL
)


def as_plain_utf8(body: bytes, charset: str) -> bytes:
    """Return the body without its declaration if it may be well-formed UTF-8, else ``b""``.

    The result equals that of ``utf8_document``, but without a check of every character. The parser must
    refuse invalid UTF-8 and characters that XML forbids, as expat does.
    """
    ordinary = _ORDINARY.match(body)
    if not ordinary or next(iter(_known(_labels(body, charset))), "utf-8") != "utf-8":
        return b""
    return body[ordinary.end() :]


def utf8_document(body: bytes, charset: str) -> tuple[bytes, tuple[str, ...]]:
    """Decode a body to UTF-8 without byte order mark, XML declaration and document type, with warnings.

    ``charset`` comes from the HTTP header, ``""`` if absent. Never fails: undecodable bytes become U+FFFD
    with a warning.
    """
    text, warnings = _decoded(body, charset)
    text = text.lstrip("\ufeff \t\r\n\0")
    declaration = _DECLARATION.match(text)
    if declaration:
        text = text[declaration.end() :]
    document = _without_doctype(text).encode(errors="ignore")
    if not text.isascii():
        for noncharacter in _NONCHARACTERS:
            document = document.replace(noncharacter, b"")
    # Deleting the legal bytes is the fastest way to find illegal bytes.
    if document.translate(None, _LEGAL):
        document = document.translate(None, _ILLEGAL)
        warnings = (*warnings, "control characters that XML forbids were removed")
    return document, warnings


def _decoded(body: bytes, charset: str) -> tuple[str, tuple[str, ...]]:
    for mark, codec in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace"), ()
    for start, codec in _SNIFFED:
        if body.startswith(start):
            return body.decode(codec, "replace"), ()
    labels = _labels(body, charset)
    known = _known(labels)
    expected = next(iter(known), "utf-8")
    if b"\x1b$" in body and body.isascii():
        expected, known = "iso2022_jp", ["iso2022_jp"]
    for codec in known if expected == "iso2022_jp" else ("utf-8", *known):
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            continue
        best = codec if codec == "utf-8" or body.isascii() else detect_charset(body, codec)
        if best != codec:
            text = body.decode(best, "replace")
        is_mislabelled = best != expected and not body.isascii()
        return text, ((_read_as(labels[0], best),) if is_mislabelled else ())
    return _salvaged(body, labels[0] if labels else "utf-8")


def _read_as(declared: str, codec: str) -> str:
    return f"declared as {declared}, read as {codec.replace('cp125', 'windows-125')}"


def _labels(body: bytes, charset: str) -> list[str]:
    match = _DECLARED.match(body)
    return [label for label in (charset, match[1].decode() if match else "") if label]


def _known(labels: list[str]) -> list[str]:
    """Return the codecs of labels, without UTF-16 and UTF-32: the bytes have already been read as ASCII."""
    codecs_of_labels = [CHARSETS.get(label.strip("\"' ").lower().replace("_", "-"), "") for label in labels]
    return [codec for codec in codecs_of_labels if codec and not codec.startswith(("utf-16", "utf-32"))]


def _salvaged(body: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    """Replace the few bad bytes of text that is mostly UTF-8; otherwise guess the charset."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if bad * 10 > sum(1 for byte in body if byte > 0x7F):
        codec = detect_charset(body) or "cp1252"
        return body.decode(codec, "replace"), (_read_as(declared, codec),)
    return text, (f"declared as {declared}, but {bad} bytes do not fit; they were replaced",)


def _without_doctype(text: str) -> str:
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    match = _DOCTYPE.match(text, start)
    if match is None:
        return text
    rest = text[match.end() :]
    return text[:start] + (_ENTITY.sub("", rest) if match[1] else rest)


def repair_references(document: bytes) -> bytes:
    """Replace illegal character references, the most frequent error of broken feeds.

    Outside CDATA, HTML's named entities become their characters, a bare ``&`` becomes ``&amp;``, and
    references to invalid characters (``&#0;``, ``&#xD800;``) become U+FFFD.
    """
    return _CDATA_OR_AMPERSAND.sub(_repaired, document.decode()).encode()


def _repaired(match: re.Match[str]) -> str:
    reference = match[0]
    if reference.startswith("<"):
        return reference
    name = match[1]
    if name is None:
        return "&amp;"
    if name in ("amp", "lt", "gt", "quot", "apos"):
        return reference
    if not name.startswith("#"):
        return html5.get(f"{name};", f"&amp;{name};")
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    legal = (
        code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    )
    return reference if legal else "\ufffd"


def detect_charset(body: bytes, label: str = "") -> str:
    """Return the codec that decodes ``body`` to the most plausible text, ``""`` without such a codec.

    chardet sees the text without markup and URLs, which are ASCII in every charset and would outweigh it.
    ``label`` is the codec that the document declares, if that codec can decode the document.
    """
    import chardet  # noqa: PLC0415 - the daemon's main process, which parses nothing, does without its 3 MiB

    sample = _sample(body)
    guess = chardet.detect(sample)
    best, confidence = guess["encoding"] or "", guess["confidence"]
    if not best or confidence < MIN_CONFIDENCE:
        return label
    if label:
        text = sample.decode(label, "replace")
        guesses = chardet.detect_all(sample, ignore_threshold=True)
        equal = (guess for guess in guesses if _decoded_as(sample, guess["encoding"] or "") == text)
        if max((guess["confidence"] for guess in equal), default=0.0) >= confidence - LABEL_BONUS:
            return label
    return best


def _sample(body: bytes) -> bytes:
    """Return the text around the first non-ASCII byte, with markup only if all other text is ASCII."""
    first = re.search(rb"[\x80-\xff]", body)
    start = max(first.start() - 300, 0) if first else 0
    part = body[start : start + _MAX_SEARCHED_BYTES]
    text = _MARKUP.sub(b" ", part)
    return (part if text.isascii() else text)[:_SAMPLE_BYTES]


def _decoded_as(sample: bytes, encoding: str) -> str:
    try:
        return sample.decode(encoding, "replace")
    except LookupError:
        return ""
