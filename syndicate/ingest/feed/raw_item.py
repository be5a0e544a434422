"""Convert a raw item of any feed format to an ``Entry``: choose its text and image, and clean its fields.

``feedparser_adapter`` fills a ``RawItem`` for RSS and Atom.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape, unescape
from html.entities import html5

from syndicate.ingest.html.image_choice import lead_image
from syndicate.ingest.html.item_boilerplate import cut_boilerplate
from syndicate.ingest.html.sanitise import TAGS, CleanedHtml, clean_html, parse_pixels
from syndicate.ingest.limits import MAX_HTML_CHARACTERS, MAX_SUMMARY_CHARACTERS, MAX_TAG_CHARACTERS, MAX_TAGS
from syndicate.model import Enclosure, Entry, Image
from syndicate.text.language import normalise_language
from syndicate.text.markdown import markdown_html, uncleaned_markdown_html
from syndicate.text.media_types import media_type
from syndicate.text.plain import clean_line, excerpt, plain_text
from syndicate.text.tables import table_of
from syndicate.text.urls import absolute_url

MAX_AUTHORS = 10
MAX_GUID_CHARACTERS = 2_000
MAX_ENCLOSURES = 20

_TABLE = table_of(__name__)
_PERIODS: dict[str, float] = _TABLE["periods"]

_HTML_NAMES = TAGS | {"center", "font", "iframe", "script", "span", "style", "strike", "svg", "tt", "video"}
_TAG_NAME = re.compile(r"</?([a-zA-Z][\w:-]*)")
_HTML_EVIDENCE = re.compile(r"</\w+>|/>|<(?:br|hr|img|p)\b", re.IGNORECASE)
_REFERENCE = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_MAIL_AND_NAME = re.compile(r"(?:\S+@\S+|hidden)\s*\((.+)\)\s*\Z")
_NAME_AND_MAIL = re.compile(r"(.+?)\s*[<(\[]\s*(?:mailto:)?\S+@\S+?\s*[>)\]]\s*\Z")
_MAILBOX = re.compile(r"(?:mailto:)?([^@\s<>()]+)@[^@\s<>()]+\.[^@\s<>()]+", re.IGNORECASE)
_ROLES = frozenset(_TABLE["roles"].split())
# References that no author writes in plain text on purpose.
_DOUBLY_ESCAPED = re.compile(
    "&(?:nbsp|amp|quot|apos|hellip|[lr][sd]quo|[mn]dash|#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5});"
)
_NO_TAGS = frozenset(_TABLE["no_tags"])
_ANY_TAG = re.compile(r"<[^<>]*>")
_LINK_TAG = re.compile("<a [^<>]*>|</a>")
_NO_FILES = frozenset({"text/html", "application/xhtml+xml", "application/x-shockwave-flash"})
_PARAGRAPHS = re.compile(r"\n\s*\n")
_MARKDOWN = re.compile(r"(?m)(?<![A-Za-z\d])\[[^\[\]\n]+\]\((?:https?:/)?/[^()\s]+\)|^#{2,5} \S|^```")
_HTML_BLOCK = re.compile(r"<(?:article|blockquote|div|h[1-6]|li|p|pre|section|table)\b", re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# First lines of MDX, in which pages of Astro and Docusaurus are written.
_IMPORTS = re.compile(r"\A(?:\s*import [^\n]* from [^\n]*)+")
# Headings, captions, code, tables and links of embedded players are no sentences.
_ASIDE = re.compile(
    r"<(h[2-6]|figcaption|pre|table)\b[^<>]*>.*?</\1>|<p><a [^<>]*>[^<>]*</a>(?: \([\w.-]+\))?</p>", re.DOTALL
)
# "Ann Lee, Bo Li and Cy Day": three names or more of several words with capitals. Two may be a surname and
# given names, or an office ("National Oceanic and Atmospheric Administration").
_SEPARATOR = re.compile(r",? (?:and|und|et|y|e|en|och|og|&) |, ")
_WORD, _PARTICLE = r"[^\W\d_a-z][\w.'’-]*", "de|del|da|di|du|la|le|van|von|der|den|bin|al|el|dos"
_PERSON = re.compile(rf"{_WORD}(?: (?:{_PARTICLE}))*(?: {_WORD}){{1,3}}")


@dataclass(slots=True)
class Text:
    """Text construct with its ``xml:base`` as an absolute URL or ``""``; ``html`` marks the value as HTML."""

    value: str
    html: bool
    base: str = ""


@dataclass(slots=True, kw_only=True)
class RawItem:
    """Uncleaned item of a feed. ``base`` is the URL of its site, else of its feed."""

    base: str
    guid: str = ""
    link: str = ""
    title: Text | None = None
    contents: list[Text] = field(default_factory=list)
    summary: Text | None = None
    authors: list[str] = field(default_factory=list)
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    tags: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    enclosures: list[Enclosure] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class RawFeed:
    """Uncleaned feed with its items in document order.

    ``item_positions`` holds the byte offsets of each item's start and end tag if the caller requested them.
    """

    title: Text | None = None
    link: str = ""
    feed_id: str = ""
    language: str = ""
    min_interval: float | None = None
    hubs: list[str] = field(default_factory=list)
    self_url: str = ""
    items: list[RawItem] = field(default_factory=list)
    item_positions: list[tuple[int, int]] = field(default_factory=list)


def entry_of(raw: RawItem, *, language: str, item_hash: str) -> Entry:
    """Clean an item. ``language`` is the feed's language, for items without their own."""
    main = _richest(raw.contents, raw.summary)
    url = absolute_url(raw.base, raw.link)
    base = url if url.startswith("http") else raw.base
    title = plain_title(raw.title)
    body = _cleaned(main, base, title)
    return Entry(
        guid=clean_line(raw.guid, MAX_GUID_CHARACTERS),
        url=url,
        title=title,
        authors=author_names(raw.authors),
        published=raw.published,
        updated=raw.updated,
        language=normalise_language(raw.language) or language,
        html=body.html,
        text=body.text,
        summary=_summary(raw.summary, main, body, base, title),
        tags=distinct_tags(raw.tags),
        image=lead_image(raw.images, body.image, base),
        enclosures=clean_enclosures(raw.enclosures, base) if raw.enclosures else (),
        item_hash=item_hash,
    )


def _richest(contents: Iterable[Text], summary: Text | None) -> Text | None:
    """Return the text of an item: its longest content, or a summary that says more than a bare content.

    Podcasts write their show notes as ``description`` and a sentence as ``itunes:summary``, in either order;
    the second becomes the content. A content with pictures, and one as long as the summary, is the text.
    """
    content = max(contents, key=lambda text: len(text.value), default=None)
    if content is None or not content.value.strip():
        return summary
    if summary is None or "<img" in content.value:
        return content
    return content if 2 * _length(content) >= _length(summary) else summary


def _length(text: Text) -> int:
    """Return the number of characters outside tags."""
    return len(_ANY_TAG.sub("", text.value)) if text.html else len(text.value)


def plain_title(title: Text | None) -> str:
    """Convert a title to plain text, with markup and references decoded exactly once (CF4)."""
    if title is None:
        return ""
    value = title.value
    if title.html:
        value = clean_html(value, "").text if "<" in value else unescape(value)
    return clean_line(value)


def seconds_between_updates(ttl: str | None, period: str | None, frequency: str | None) -> float | None:
    """Return the interval in seconds that a feed requests with RSS ``ttl`` or the syndication module.

    ``None`` if the feed requests none or the value is invalid.
    """
    if ttl and (minutes := parse_pixels(ttl)):
        return 60.0 * minutes
    base = _PERIODS.get((period or "").strip().lower())
    times = parse_pixels(frequency or "1") or 1
    return base / times if base else None


def looks_like_html(value: str) -> bool:
    """Return whether a text is HTML: it has an end tag, an empty tag or a character reference of HTML (CF4).

    A text with a tag unknown to HTML, or with only an opening tag (``AT&T <b>``), is not HTML.
    """
    if "<" not in value and "&" not in value:
        return False
    if any(name.lower() not in _HTML_NAMES for name in _TAG_NAME.findall(value)):
        return False
    return _HTML_EVIDENCE.search(value) is not None or any(
        name.startswith("#") or f"{name};" in html5 for name in _REFERENCE.findall(value)
    )


def is_image(medium: str, media_type: str, url: str) -> bool:
    """Return whether an attached file is an image, by its declared type, else by its URL."""
    kind = medium or media_type
    if kind:
        return kind.lower().startswith("image")
    return url.partition("?")[0].lower().endswith(_IMAGE_ENDINGS)


def clean_enclosures(enclosures: Iterable[Enclosure], base: str) -> tuple[Enclosure, ...]:
    """Return distinct enclosures with URLs resolved against ``base``, without images, web pages and Flash."""
    kept: dict[str, Enclosure] = {}
    for enclosure in enclosures:
        url = absolute_url(base, enclosure.url)
        file_type = media_type(enclosure.media_type, url)
        if not url.startswith("http") or file_type in _NO_FILES or is_image("", file_type, url):
            continue
        title = clean_line(unescape(enclosure.title), 200)
        kept.setdefault(url, replace(enclosure, url=url, media_type=file_type, title=title))
    return tuple(kept.values())[:MAX_ENCLOSURES]


def parse_count(value: str) -> int | None:
    """Parse a count of bytes or seconds; ``None`` for zero and for invalid numbers."""
    digits = value.strip().partition(".")[0]
    return (int(digits) or None) if digits.isdecimal() and len(digits) <= 15 else None


def parse_duration(duration: str) -> int | None:
    """Parse an ``itunes:duration`` to seconds: ``2040``, ``34:00`` or ``0:34:00``."""
    parts = duration.strip().split(":")
    if len(parts) > 3 or not all(part.partition(".")[0].isdecimal() and len(part) <= 8 for part in parts):
        return None
    seconds = 0
    for part in parts:
        seconds = 60 * seconds + int(part.partition(".")[0])
    return seconds or None


def _cleaned(text: Text | None, base: str, title: str) -> CleanedHtml:
    if text is None:
        return CleanedHtml()
    value = text.value
    if _is_markdown(value):
        value = _IMPORTS.sub("", value)[:MAX_HTML_CHARACTERS]
        # Lines of plain text stay apart.
        value = uncleaned_markdown_html(value) if text.html else markdown_html(value.replace("\n", "  \n"))
    elif not text.html and ("<" in value or "&" in value or "\n" in value.strip()):
        paragraphs = (
            escape(_DOUBLY_ESCAPED.sub(lambda match: unescape(match[0]), part.strip()), quote=False)
            for part in _PARAGRAPHS.split(value[:MAX_HTML_CHARACTERS])
        )
        value = "".join("<p>" + part.replace("\n", "<br>") + "</p>" for part in paragraphs if part)
    return clean_html(value, text.base or base, base, lambda html: cut_boilerplate(html, base, title))


def _is_markdown(text: str) -> bool:
    """Return whether a text has links, headings or fences of Markdown, and no blocks of HTML outside code."""
    may_be = "](" in text or "## " in text or "```" in text
    return may_be and _MARKDOWN.search(text) is not None and not _HTML_BLOCK.search(_CODE.sub("", text))


def _summary(summary: Text | None, main: Text | None, body: CleanedHtml, base: str, title: str) -> str:
    body = body if summary in (None, main) else _cleaned(summary, base, title)
    end = body.html.find("</p>", 2 * MAX_SUMMARY_CHARACTERS)
    start = body.html[: end + 4] if end > 0 else body.html
    sentences = plain_text(_ASIDE.sub(" ", start)) if _ASIDE.search(start) else ""
    if summary is None:
        return excerpt(sentences)
    text = sentences or body.text
    # ``clean_line`` at most halves the text: every other character may be a line break.
    start = text[: 2 * MAX_SUMMARY_CHARACTERS + 2].replace("\n\n", " ").replace("\n", " ")
    if "</a>" in start:
        # WordPress escapes the links of replies to comments twice.
        start = _LINK_TAG.sub("", start)
    if "&" in start:
        start = _DOUBLY_ESCAPED.sub(lambda match: unescape(match[0]), start)
    return clean_line(start, MAX_SUMMARY_CHARACTERS)


def author_names(authors: Iterable[str]) -> tuple[str, ...]:
    """Return distinct author names without email addresses; a list of names becomes several.

    A bare mailbox yields the part before ``@``.
    """
    kept: dict[str, None] = {}
    for raw in authors:
        name = clean_line(unescape(raw) if "&" in raw else raw, 100)
        if "@" in name or name.startswith("hidden ("):
            match = _MAIL_AND_NAME.match(name) or _NAME_AND_MAIL.match(name)
            name = match[1].strip("\"' ") if match else _name_in_mailbox(name)
        names = _SEPARATOR.split(name)
        for part in names if len(names) > 2 and all(map(_PERSON.fullmatch, names)) else [name]:
            if part and "@" not in part[1:] and "://" not in part:
                kept[part] = None
    return tuple(kept)[:MAX_AUTHORS]


def _name_in_mailbox(text: str) -> str:
    """Return a person's name from ``john.smith@example.org``; ``""`` for a mailbox of a role."""
    match = _MAILBOX.fullmatch(text)
    if match is None:
        return text
    local = match[1].partition("+")[0]
    if local.lower() in _ROLES:
        return ""
    words = [word for word in re.split(r"[._]+", local) if word]
    return " ".join(word.capitalize() for word in words) if len(words) > 1 else local


def distinct_tags(terms: Iterable[str]) -> tuple[str, ...]:
    """Return cleaned tags without addresses, names for "no category", and repetition in another case."""
    kept: dict[str, str] = {}
    for term in terms:
        tag = clean_line(unescape(term) if "&" in term else term, MAX_TAG_CHARACTERS)
        if tag and "://" not in tag and tag.casefold() not in _NO_TAGS:
            kept.setdefault(tag.casefold(), tag)
            if len(kept) == MAX_TAGS:
                break
    return tuple(kept.values())
