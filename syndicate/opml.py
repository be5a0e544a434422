"""Lists of feeds as OPML 2.0 (opml.org/spec2), as other feed readers import and export them.

Reading keeps a feed's folder as its section ("/" between nested folders), and unknown attributes as they are;
writing restores both.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from syndicate.errors import ParseError
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line, xml_safe
from syndicate.text.privacy import has_credentials
from syndicate.text.urls import canonical_url, host_of, is_web_url

MAX_BYTES = 5_000_000
# Nested outlines; feed readers write two or three levels.
MAX_DEPTH = 200
# Limit of a process. A longer list is a mistake or an attack.
MAX_FEEDS = 10_000
# In characters; otherwise deep folders with long names would multiply a file in memory.
MAX_SECTION_CHARACTERS = 200

MAX_EXTRA = 40
MAX_EXTRA_CHARACTERS = 500

_KNOWN = frozenset({"text", "title", "type", "xmlurl", "htmlurl", "language", "description"})
# Names with a colon need a declaration of their prefix; only that of FreshRSS is kept. Its options of curl
# hold cookies and passwords.
_KEPT_NAME = re.compile(r"(?:frss:(?!CURLOPT))?[A-Za-z_][\w.-]{0,49}", re.ASCII)
_FRESHRSS = ' xmlns:frss="https://freshrss.org/opml"'
# Folder of feeds without a folder, in FreshRSS and Tiny Tiny RSS.
_NO_FOLDER = "Uncategorized"
_SPECIAL = re.compile(r"[&<>\"\n\r\t]")
_QUOTED = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Feed in a list. ``section`` is the path of its folders, ``""`` at the top.

    ``extra`` are unknown attributes, kept for later readers of the list: name and value, in document order.
    It includes ``type`` unless that is ``rss``, and ``text`` if ``title`` differs.
    """

    title: str
    feed_url: str
    home_url: str = ""
    language: str = ""
    section: str = ""
    description: str = ""
    extra: tuple[tuple[str, str], ...] = ()


def outline_of(source: Any) -> Outline:
    """Return a source, or a row of its columns, as an outline."""
    shared = {name: getattr(source, name) for name in ("home_url", "language", "section")}
    return Outline(title=source.name, feed_url=source.url, **shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineList:
    """Content of an OPML file: feeds, and ``(title, reason)`` of outlines with an unusable address."""

    title: str = ""
    outlines: tuple[Outline, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def write_opml(title: str, outlines: Iterable[Outline], *, created: datetime | None = None) -> bytes:
    """Return a list as UTF-8 OPML, folders in order of first appearance; equal input gives equal bytes.

    ``created`` is an aware time for the head. OPML requires an outline, so an empty list says "No feeds yet".
    """
    top = _Folder()
    prefix = ""
    for outline in outlines:
        prefix = prefix or (_FRESHRSS if any(name.startswith("frss:") for name, _ in outline.extra) else "")
        folder = top
        for part in filter(None, outline.section.split("/")):
            folder = folder.inner(part)
        folder.children.append(outline)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<opml version="2.0"{prefix}>', "<head>"]
    lines.append(f"<title>{escape(xml_safe(title))}</title>")
    if created is not None:
        lines.append(f"<dateCreated>{format_datetime(created)}</dateCreated>")
    lines += ["</head>", "<body>"]
    lines += top.lines()
    if lines[-1] == "<body>":
        lines.append('<outline text="No feeds yet"/>')
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def read_opml(data: bytes) -> OutlineList:
    """Return the feeds of a list in document order, each address once (the first wins).

    Attribute names in any case, ``feed:`` addresses and a missing ``type`` are understood; outlines without
    an address are folders. Reading expands no DTD or entity and fetches nothing. Raises ParseError: not OPML,
    not well-formed, over 5 MB, over 10 000 feeds, nested too deeply, or with entity declarations.
    """
    if len(data) > MAX_BYTES:
        raise ParseError(f"the OPML file has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data.lstrip(), True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise ParseError(f"not well-formed OPML: {error}") from error
    except (LookupError, ValueError) as error:
        raise ParseError(f"not readable OPML: {error}") from error
    if not reader.is_opml:
        raise ParseError("not an OPML file: it has no <opml> element with a <body>")
    return OutlineList(
        title=clean_line("".join(reader.title)),
        outlines=tuple(reader.feeds.values()),
        refused=tuple(reader.refused),
    )


@dataclass(slots=True)
class _Folder:
    """Feeds and folders in it, in order of first appearance."""

    name: str = ""
    children: "list[Outline | _Folder]" = field(default_factory=list)
    _folders: "dict[str, _Folder]" = field(default_factory=dict)

    def inner(self, name: str) -> "_Folder":
        if name not in self._folders:
            self._folders[name] = _Folder(name)
            self.children.append(self._folders[name])
        return self._folders[name]

    def lines(self) -> list[str]:
        lines: list[str] = []
        for child in self.children:
            if isinstance(child, Outline):
                lines.append(_feed_line(child))
            else:
                opening = f"<outline{_attributes({'text': child.name, 'title': child.name})}>"
                lines += [opening, *child.lines(), "</outline>"]
        return lines


class _Reader:
    """Collector of feeds from expat's events."""

    def __init__(self) -> None:
        self.is_opml = False
        self.title: list[str] = []
        self.feeds: dict[str, Outline] = {}
        self.refused: list[tuple[str, str]] = []
        self._in_title = False
        self._depth = 0
        self._root = ""
        self._sections: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError(f"the OPML file nests deeper than {MAX_DEPTH} elements")
        name = name.lower()
        if self._depth == 1:
            self._root = name
        elif name == "body" and self._root == "opml":
            self.is_opml = True
        elif name == "outline":
            self._outline(attributes)
        self._in_title = name == "title" and self._depth == 3

    def text(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._in_title = False
        if name.lower() == "outline":
            self._sections.pop()

    def _outline(self, written: dict[str, str]) -> None:
        attributes = {key.lower(): value for key, value in written.items()}
        title = clean_line(attributes.get("title") or attributes.get("text", ""))
        given = attributes.get("xmlurl", "").strip()
        address = _feed_address(given)
        if given and not address:
            self.refused.append((title, _refusal(given)))
        # A feed may hold further outlines; only folders name a section.
        section = self._sections[-1] if self._sections else ""
        if not address and title != _NO_FOLDER:
            section = "/".join(filter(None, (section, title.replace("/", "-"))))[:MAX_SECTION_CHARACTERS]
        if not address and (listed := attributes.get("frss:opmlurl", "")):
            self.refused.append((title, f"a list; add it to [[source_lists]]: {clean_line(listed, 200)}"))
        self._sections.append(section)
        if not address:
            return
        home = canonical_url(attributes.get("htmlurl", ""))
        outline = Outline(
            title=title or host_of(address),
            feed_url=address,
            home_url=home,
            language=normalise_language(attributes.get("language", "")),
            section=section or _category(attributes.get("category", "")),
            description=clean_line(attributes.get("description", "")),
            extra=_extra(written, title),
        )
        self.feeds.setdefault(canonical_url(address), outline)
        if len(self.feeds) > MAX_FEEDS:
            raise ParseError(f"the OPML file lists more than {MAX_FEEDS:,} feeds; take a shorter list")


def _refuse_entity(name: str, *_: object) -> None:
    raise ParseError(f"the OPML file declares the entity {clean_line(name, 40)!r}; lists of feeds need none")


def _feed_address(value: str) -> str:
    value = value.strip()
    if value[:5].lower() == "feed:":
        rest = value[5:]
        value = rest if is_web_url(rest) else "http:" + rest
    return value if is_web_url(value) else ""


def _refusal(value: str) -> str:
    if has_credentials(value):
        # Not repeated: it holds a password.
        return "its address holds a user name or password; add the feed to the configuration, with `auth`"
    return f"{clean_line(value, 60)!r} is not an http or https address"


def _extra(written: dict[str, str], title: str) -> tuple[tuple[str, str], ...]:
    """Return the unknown attributes to keep, within limits."""
    kept = []
    for name, value in written.items():
        lower = name.lower()
        known = lower in _KNOWN
        if lower == "type":
            known = value.lower() == "rss"
        elif lower == "text":
            known = clean_line(value) == title
        text = xml_safe(value)
        if not known and text and len(text) <= MAX_EXTRA_CHARACTERS and _KEPT_NAME.fullmatch(name):
            kept.append((name, text))
    return tuple(kept[:MAX_EXTRA])


def _category(value: str) -> str:
    """Return the first of OPML's ``/a/b,/c`` categories."""
    first = clean_line(value.partition(",")[0])
    return "/".join(part for part in (part.strip() for part in first.split("/")) if part)


def _feed_line(outline: Outline) -> str:
    title = outline.title or host_of(outline.feed_url)
    values = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": outline.feed_url,
        "htmlUrl": outline.home_url,
        "language": outline.language,
        "description": outline.description,
        **dict(outline.extra),
    }
    return f"<outline{_attributes(values)}/>"


def _attributes(values: Mapping[str, str]) -> str:
    given = [(name, value) for name, value in values.items() if value]
    # Most values need no escapes, which a look at all of them together tells.
    together = "".join([value for _, value in given])
    if not together.isprintable() or _SPECIAL.search(together):
        given = [(name, escape(xml_safe(value), _QUOTED)) for name, value in given]
    return "".join([f' {name}="{value}"' for name, value in given])
