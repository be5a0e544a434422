"""SAX reader for feedparser that buffers text and skips unused elements. Part of feedparser's fast path.

The standard library's reader calls back for every line and entity of a text (38 % of feedparser's time); this
reader lets expat buffer the text. It skips elements of unused namespaces (comment counts, statistics, maps),
elements that describe another feed or an image, and the space between elements. Elements of known namespaces
reach feedparser under the names that feedparser gives them.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from xml.sax import SAXException
from xml.sax.expatreader import ExpatParser

from syndicate.ingest.feed.feedparser_fastpath import open_depths, restore_depths
from syndicate.ingest.feed.item_splitter import ITEM_ELEMENTS, Unsplittable
from syndicate.ingest.limits import MAX_ATTRIBUTES, MAX_DEPTH
from syndicate.text.tables import table_of

_TABLE = table_of(__name__)
CORE = ("", *_TABLE["core"])
"""Namespaces of RSS in all its versions, and of Atom 1.0; "" is that of elements without one."""
PREFIXES: dict[str, str] = dict.fromkeys(CORE, "") | _TABLE["prefixes"]
MAX_NAME = 200
"""Characters of an element's name with its namespace; cached longer names could fill the memory."""
_UNUSED = frozenset(_TABLE["unused"].split())
_UNUSED_IN_FEEDS = frozenset(_TABLE["unused_in_feeds"].split())
_CAPTIONS = {"media:description": "media_caption", "media:title": "media_headline"}
_ITEM_NAMESPACES = ("content:", "dc:", "dcterms:", "feedburner:", "itunes:", "media:")
MAX_ELEMENTS = 1_000
"""Elements of an item, or of the feed around the items, outside texts; real items have at most 60. feedparser
compares each tag, author and link with all earlier ones (100 000 ``dc:subject``: over 20 s)."""


class FeedReader(ExpatParser):
    """SAX reader over expat that buffers text and skips unused elements (``_role``).

    feedparser would use ``media:description`` as the item's description and ``media:title`` as its title. The
    reader keeps them apart as the item's ``media_caption`` and ``media_headline``. A description inside an
    image becomes the image's ``alt``.

    Most elements are leaves, with a short text and no child. Only the end tag proves that an element is a
    leaf, so the reader holds a possible leaf back and passes the complete leaf to the parser.

    With ``max_items`` the reader also records the start of each item and of its end tag (``items``). It
    raises ``Unsplittable`` for documents that need ``item_splitter.split``: with nested or ambiguous items,
    with too many items, or beyond the limits on nesting and attributes.
    """

    def __init__(self, *, max_items: int | None = None) -> None:
        super().__init__(namespaceHandling=1)
        self.items: list[tuple[int, int]] = []
        self._most_items = max_items
        self._source: Any
        self._parser: Any
        self._source.setEncoding("utf-8")

    def read(self, document: bytes) -> None:
        """Read a whole UTF-8 document without declaration and document type.

        Raises ``SAXException`` if the document is not well-formed or has a document type.
        """
        # In one piece: long tokens fed in pieces take quadratic time (CVE-2023-52425). As final: otherwise
        # expat scans every byte again to count lines.
        self.feed(document, isFinal=True)
        self._cont_handler.endDocument()
        # Break the reference cycle so that the parser is freed at once.
        self._parser = None

    def reset(self) -> None:
        """Start a new document."""
        super().reset()
        self._cont_handler: Any
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._skipped_depth = 0
        self._elements = 0
        self._in_image = False
        self._caption: list[str] | None = None
        self._caption_name = ""
        self._leaf: tuple[str, dict[str, str], list[str]] | None = None
        self._around = (0, 0, 0, 0)
        self._open_items = self._start = 0
        # Text before the first skipped element needs the handler, too.
        self._parser.CharacterDataHandler = self.character_data

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Pass an element to the parser, skip it with its content, or hold it back as a possible leaf."""
        handler: Any = self._cont_handler
        # Images and titles inside a category are not the item's.
        is_in_category = bool(self._leaf and self._leaf[0] == "category" and handler.inentry)
        if self._leaf and not is_in_category:
            self._open(*self._leaf)
        role = _role(name)
        known = role.known
        if self._most_items is not None and (
            role.may_be_item
            or len(attrs) > MAX_ATTRIBUTES
            or handler.depth + self._skipped_depth >= MAX_DEPTH
        ):
            self._check_splittable(role)
        if role.is_item and not (is_in_category or self._skipped_depth):
            self._begin_item()
        elif not handler.incontent:
            self._elements += 1
        is_used = self._elements <= MAX_ELEMENTS and (
            role.is_used if handler.inentry else role.is_used_outside
        )
        if is_in_category or self._skipped_depth or not (is_used or handler.incontent):
            self._skip("" if is_in_category else known)
            return
        if known == "media:content":
            self._in_image = True
        if not known or handler.decls or (attrs and " " in "".join(attrs)):
            super().start_element_ns(name, attrs)
            return
        values = None if role.is_item else handler.leaf_attributes(known, attrs)
        if values is None:
            self._open(known, attrs)
        else:
            texts: list[str] = []
            self._leaf = known, values, texts
            self._parser.CharacterDataHandler = texts.append

    def end_element_ns(self, name: str) -> None:
        """Pass an end tag to the parser unless its start tag was skipped."""
        if self._skipped_depth:
            self._end_skipped()
            return
        if self._leaf and self._end_leaf(*self._leaf):
            return
        handler: Any = self._cont_handler
        known = _role(name).known
        if known:
            handler.unknown_endtag(known)
        else:
            super().end_element_ns(name)
        if known in ITEM_ELEMENTS:
            self._open_items -= 1
            if not self._open_items:
                self.items.append((self._start, self._parser.CurrentByteIndex))
                restore_depths(handler, *self._around)
        elif known == "media:content":
            self._in_image = False

    def _end_skipped(self) -> None:
        self._skipped_depth -= 1
        if not self._skipped_depth:
            self._parser.CharacterDataHandler = self._leaf[2].append if self._leaf else self.character_data
            self._keep_caption()

    def _end_leaf(self, known: str, values: dict[str, str], texts: list[str]) -> bool:
        """Pass a complete leaf to the parser; an element with text in pieces is opened instead."""
        if len(texts) > 1:
            self._open(known, values, texts)
            return False
        handler: Any = self._cont_handler
        self._leaf = None
        self._parser.CharacterDataHandler = self.character_data
        handler.add_leaf(known, values, texts[0] if texts else "")
        if known == "media:content":
            self._in_image = False
        return True

    def _open(self, known: str, attributes: Mapping[str, str], texts: Iterable[str] = ()) -> None:
        """Begin an element in the parser, with the texts that it has so far."""
        handler: Any = self._cont_handler
        self._leaf = None
        handler.unknown_starttag(known, list(attributes.items()))
        self._parser.CharacterDataHandler = self.character_data
        for text in texts:
            self.character_data(text)

    def character_data(self, data: str) -> None:
        """Pass text on. The space between elements says nothing, except in the text of an article."""
        handler: Any = self._cont_handler
        if handler.incontent or not data.isspace():
            handler.handle_data(data)

    def _begin_item(self) -> None:
        self._elements = 0
        if not self._open_items:
            self._around = open_depths(self._cont_handler)
            self._start = self._parser.CurrentByteIndex
        self._open_items += 1

    def _skip(self, known: str) -> None:
        handler: Any = self._cont_handler
        is_needed = known != "media:title" or (handler.inentry and "title" not in handler.entries[-1])
        if known in _CAPTIONS and is_needed and not self._skipped_depth:
            self._caption, self._caption_name = [], _CAPTIONS[known]
        self._skipped_depth += 1
        self._parser.CharacterDataHandler = None if self._caption is None else self._caption.append

    def _check_splittable(self, role: "_ElementRole") -> None:
        """Raise ``Unsplittable`` unless the element is another top-level item."""
        handler: Any = self._cont_handler
        is_alone = not (self._skipped_depth or self._open_items or handler.incontent)
        if not (role.is_item and is_alone and handler.depth and len(self.items) != self._most_items):
            raise Unsplittable("the document needs the splitter", malformed=False)

    def _keep_caption(self) -> None:
        handler: Any = self._cont_handler
        if self._caption is None:
            return
        text, self._caption = "".join(self._caption).strip(), None
        if handler.inentry and text:
            entry = handler.entries[-1]
            is_alt = self._in_image and self._caption_name == "media_caption"
            if is_alt and entry.get("media_content"):
                entry["media_content"][-1]["alt"] = text
            else:
                dict.setdefault(entry, self._caption_name, text)


def _refuse_document_type(*_: object) -> None:
    raise SAXException("a document type")


class _ElementRole(NamedTuple):
    known: str
    is_item: bool
    may_be_item: bool
    is_used: bool
    is_used_outside: bool


# The local name may be "item": the splitter decides.
_UNKNOWN = _ElementRole("", is_item=False, may_be_item=True, is_used=False, is_used_outside=False)


def _role(name: str) -> _ElementRole:
    """Return the role of an element by expat's name, which includes the namespace."""
    return _cached_role(name) if len(name) <= MAX_NAME else _UNKNOWN


@lru_cache(maxsize=1024)
def _cached_role(name: str) -> _ElementRole:
    # Expat writes ``uri local [prefix]``, or the local name alone.
    uri, _, rest = name.partition(" ") if " " in name else ("", "", name)
    local = rest.partition(" ")[0].lower()
    prefix = PREFIXES.get(uri.lower())
    known = "" if prefix is None else prefix + local
    # An unknown namespace without prefix is a dialect of RSS or Atom.
    is_used = known not in _UNUSED if known else name.count(" ") < 2
    is_of_items = known in _UNUSED_IN_FEEDS or (
        known.startswith(_ITEM_NAMESPACES) and known not in ("dc:language", "dc:title")
    )
    return _ElementRole(
        known, known in ITEM_ELEMENTS, local in ITEM_ELEMENTS, is_used, is_used and not is_of_items
    )
