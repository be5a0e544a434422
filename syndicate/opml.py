"""Lists of feeds as OPML 2.0 (opml.org/spec2): what other readers import, and what they export.

Reading keeps the folder a feed is in as its section ("/" between nested folders); writing puts it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.parsers import expat
from xml.sax.saxutils import escape

from syndicate.errors import ParseError
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line, xml_safe
from syndicate.text.urls import canonical_url, host_of, is_web_url

MAX_BYTES = 5_000_000
MAX_DEPTH = 200
"""Nested outlines; readers write two or three levels."""

LONGEST_SECTION = 200
"""Characters; else deep folders with long names would multiply a file in memory."""

_QUOTED = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed in a list. ``section`` is the path of folders it is in, ``""`` at the top."""

    title: str
    feed_url: str
    home_url: str = ""
    language: str = ""
    section: str = ""
    description: str = ""


def write_opml(title: str, outlines: Iterable[Outline], *, created: datetime | None = None) -> bytes:
    """A list as UTF-8 OPML, folders in order of first appearance; the same input gives the same bytes.

    ``created`` is an aware time for the head. OPML asks for at least one outline, so an empty list says so.
    """
    folders: dict[str, list[Outline]] = {}
    for outline in outlines:
        folders.setdefault(outline.section, []).append(outline)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">', "<head>"]
    lines.append(f"<title>{escape(xml_safe(title))}</title>")
    if created is not None:
        lines.append(f"<dateCreated>{format_datetime(created)}</dateCreated>")
    lines += ["</head>", "<body>"]
    for section, members in folders.items():
        path = [part for part in section.split("/") if part]
        lines += [f"<outline{_attributes(text=part, title=part)}>" for part in path]
        lines += [_feed_line(outline) for outline in members]
        lines += ["</outline>"] * len(path)
    if not folders:
        lines.append('<outline text="No feeds yet"/>')
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def read_opml(data: bytes) -> tuple[Outline, ...]:
    """The feeds of a list in document order, each address once (the first wins).

    Attribute names in any case, ``feed:`` addresses and a missing ``type`` are understood; outlines without
    a usable address are folders. No DTD or entity is ever expanded and nothing is fetched.
    Raises ParseError: not OPML, not well-formed, over 5 MB, nested too deeply, or with entity declarations.
    """
    if len(data) > MAX_BYTES:
        raise ParseError(f"the OPML file has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data.lstrip(), True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise ParseError(f"not well-formed OPML: {error}") from error
    except (LookupError, ValueError) as error:
        raise ParseError(f"not readable OPML: {error}") from error
    if not reader.is_opml:
        raise ParseError("not an OPML file: it has no <opml> element with a <body>")
    return tuple(reader.feeds.values())


class _Reader:
    """Collects feeds from expat's events."""

    def __init__(self) -> None:
        self.is_opml = False
        self.feeds: dict[str, Outline] = {}
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
            self._outline({key.lower(): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        self._depth -= 1
        if name.lower() == "outline":
            self._sections.pop()

    def _outline(self, attributes: dict[str, str]) -> None:
        title = clean_line(attributes.get("title") or attributes.get("text", ""))
        address = _feed_address(attributes.get("xmlurl", ""))
        # A feed may hold further outlines; only folders name a section.
        section = self._sections[-1] if self._sections else ""
        if not address:
            section = "/".join(filter(None, (section, title.replace("/", "-"))))[:LONGEST_SECTION]
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
        )
        self.feeds.setdefault(canonical_url(address), outline)


def _refuse_entity(name: str, *_: object) -> None:
    raise ParseError(f"the OPML file declares the entity {clean_line(name, 40)!r}; lists of feeds need none")


def _feed_address(value: str) -> str:
    value = value.strip()
    if value[:5].lower() == "feed:":
        rest = value[5:]
        value = rest if is_web_url(rest) else "http:" + rest
    return value if is_web_url(value) else ""


def _category(value: str) -> str:
    """The first of OPML's ``/a/b,/c`` categories."""
    first = clean_line(value.partition(",")[0])
    return "/".join(part for part in (part.strip() for part in first.split("/")) if part)


def _feed_line(outline: Outline) -> str:
    title = outline.title or host_of(outline.feed_url)
    return (
        "<outline"
        + _attributes(
            type="rss",
            text=title,
            title=title,
            xmlUrl=outline.feed_url,
            htmlUrl=outline.home_url,
            language=outline.language,
            description=outline.description,
        )
        + "/>"
    )


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(xml_safe(value), _QUOTED)}"' for name, value in values.items() if value)
