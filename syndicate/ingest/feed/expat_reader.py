"""The XML reader that feedparser uses: whole texts at once, and nothing that no one will look at.

The standard library's reader calls back for every line and entity of a text (38 % of feedparser's time);
this one lets expat buffer. It also leaves out vocabularies that no field of ours comes from (comment
counts, statistics, maps), the elements that describe another feed or a picture, their children, and the
space between elements. Elements of the customary vocabularies go to feedparser under the names it would give
them.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from xml.sax import SAXException
from xml.sax.expatreader import ExpatParser

from syndicate.ingest.feed.feedparser_fastpath import close_elements, open_elements
from syndicate.ingest.feed.item_splitter import Unsplittable
from syndicate.ingest.feed.namespaces import ITEMS, MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAME, qualified

# They describe another feed, a picture or a form; or no field of ours comes from them.
_UNUSED = frozenset(
    {
        "cloud", "comments", "contributor", "copyright", "docs", "email", "generator", "items", "rating",
        "rights", "skipdays", "skiphours", "source", "subtitle", "textinput", "uri", "webmaster",
        "dc:publisher", "media:community", "media:copyright", "media:credit", "media:description",
        "media:hash", "media:player", "media:rating", "media:restriction", "media:text", "media:title",
    }
)  # fmt: skip
# What we take of a feed itself is its title, links, id, language and times between visits.
_UNUSED_IN_FEEDS = frozenset(
    {
        "author", "category", "description", "icon", "image", "lastbuilddate", "logo", "managingeditor",
        "pubdate", "published", "updated",
    }
)  # fmt: skip
_CAPTIONS = {"media:description": "media_caption", "media:title": "media_headline"}
_VOCABULARIES_OF_ITEMS = ("content:", "dc:", "dcterms:", "feedburner:", "itunes:", "media:")
MAX_ELEMENTS = 1_000
"""Elements of an item, or of what stands around the items, apart from the texts; real ones have 60 at most.
feedparser compares each tag, author and link with those before it (100 000 ``dc:subject``: over 20 s)."""


class FeedReader(ExpatParser):
    """A SAX reader over expat that buffers text and skips what is not used (``_role``).

    feedparser takes ``media:description`` for the item's own description, and ``media:title`` for its title.
    Here they are kept apart, as ``media_caption`` and ``media_headline`` of the item; a description within a
    picture is the picture's ``alt``.

    Most elements are leaves: they hold a short text and nothing else. Whether one does is known at its end,
    so what may be a leaf is kept until then, and given to the parser as a whole.

    With ``most_items`` it also notes where the items begin and where their end tags do (``items``), and
    raises ``Unsplittable`` where ``splitter.split`` has to look: at items that cannot be told apart, at more
    of them, and at what breaks the limits on nesting and attributes.
    """

    def __init__(self, *, most_items: int | None = None) -> None:
        super().__init__(namespaceHandling=1)
        self.items: list[tuple[int, int]] = []
        self._most_items = most_items
        self._source: Any
        self._parser: Any
        self._source.setEncoding("utf-8")

    def read(self, document: bytes) -> None:
        """Read a whole UTF-8 document without declaration and document type.

        Raises ``SAXException`` when it is not well-formed or has a document type.
        """
        # At once: a long token fed in pieces takes quadratic time (CVE-2023-52425). And as all that there is:
        # where more may follow, expat looks at every byte again to count the lines.
        self.feed(document, isFinal=True)
        self._cont_handler.endDocument()
        # It knows our methods, and they know it: nobody should have to look for that.
        self._parser = None

    def reset(self) -> None:
        """Start a new document."""
        super().reset()
        self._cont_handler: Any
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._skipped_depth = 0
        self._elements = 0
        self._in_picture = False
        self._caption: list[str] | None = None
        self._caption_name = ""
        self._leaf: tuple[str, dict[str, str], list[str]] | None = None
        self._around = (0, 0, 0, 0)
        self._open_items = self._start = 0
        # Or nothing that is done with text here would be done before the first element that is skipped.
        self._parser.CharacterDataHandler = self.character_data

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Pass an element on, or skip it with all that it contains, or keep it as a leaf."""
        handler: Any = self._cont_handler
        # A category holds a name; pictures and titles in one are not those of the item.
        is_in_category = bool(self._leaf and self._leaf[0] == "category" and handler.inentry)
        if self._leaf and not is_in_category:
            self._open(*self._leaf)
        role = _role(name) if len(name) <= MAX_NAME else _UNKNOWN
        known = role.known
        if self._most_items is not None and (
            role.may_be_item
            or len(attrs) > MAX_ATTRIBUTES
            or handler.depth + self._skipped_depth >= MAX_DEPTH
        ):
            self._watch(role)
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
            self._in_picture = True
        if not known or handler.decls or (attrs and " " in "".join(attrs)):
            super().start_element_ns(name, attrs)
            return
        values = None if role.is_item else handler.values_of_leaf(known, attrs)
        if values is None:
            self._open(known, attrs)
        else:
            texts: list[str] = []
            self._leaf = known, values, texts
            self._parser.CharacterDataHandler = texts.append

    def end_element_ns(self, name: str) -> None:
        """Pass an end on, unless its start was skipped."""
        if self._skipped_depth:
            self._end_skipped()
            return
        if self._leaf and self._end_leaf(*self._leaf):
            return
        handler: Any = self._cont_handler
        known = qualified(name)
        if known:
            handler.unknown_endtag(known)
        else:
            super().end_element_ns(name)
        if known in ITEMS:
            self._open_items -= 1
            if not self._open_items:
                self.items.append((self._start, self._parser.CurrentByteIndex))
                close_elements(handler, *self._around)
        elif known == "media:content":
            self._in_picture = False

    def _end_skipped(self) -> None:
        self._skipped_depth -= 1
        if not self._skipped_depth:
            self._parser.CharacterDataHandler = self._leaf[2].append if self._leaf else self.character_data
            self._keep_caption()

    def _end_leaf(self, known: str, values: dict[str, str], texts: list[str]) -> bool:
        """Pass a leaf on, unless its text came in pieces: then it begins now."""
        if len(texts) > 1:
            self._open(known, values, texts)
            return False
        handler: Any = self._cont_handler
        self._leaf = None
        self._parser.CharacterDataHandler = self.character_data
        handler.leaf(known, values, texts[0] if texts else "")
        if known == "media:content":
            self._in_picture = False
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
            self._around = open_elements(self._cont_handler)
            self._start = self._parser.CurrentByteIndex
        self._open_items += 1

    def _skip(self, known: str) -> None:
        handler: Any = self._cont_handler
        is_needed = known != "media:title" or (handler.inentry and "title" not in handler.entries[-1])
        if known in _CAPTIONS and is_needed and not self._skipped_depth:
            self._caption, self._caption_name = [], _CAPTIONS[known]
        self._skipped_depth += 1
        self._parser.CharacterDataHandler = None if self._caption is None else self._caption.append

    def _watch(self, role: "_Role") -> None:
        """Stop at what is too deep, has too many attributes, or is no item like the others."""
        handler: Any = self._cont_handler
        is_alone = not (self._skipped_depth or self._open_items or handler.incontent)
        if not (role.is_item and is_alone and handler.depth and len(self.items) != self._most_items):
            raise Unsplittable("items and elements that have to be looked at one by one", malformed=False)

    def _keep_caption(self) -> None:
        handler: Any = self._cont_handler
        if self._caption is None:
            return
        text, self._caption = "".join(self._caption).strip(), None
        if handler.inentry and text:
            entry = handler.entries[-1]
            is_alt = self._in_picture and self._caption_name == "media_caption"
            if is_alt and entry.get("media_content"):
                entry["media_content"][-1]["alt"] = text
            else:
                dict.setdefault(entry, self._caption_name, text)


def _refuse_document_type(*_: object) -> None:
    raise SAXException("a document type")


class _Role(NamedTuple):
    """Role of an element by its name, the same in every document."""

    known: str
    is_item: bool
    may_be_item: bool
    is_used: bool
    is_used_outside: bool


# Whether it ends in "item" is for ``splitter.split`` to see.
_UNKNOWN = _Role("", is_item=False, may_be_item=True, is_used=False, is_used_outside=False)


@lru_cache(maxsize=1024)
def _role(name: str) -> _Role:
    """The role of an element, by its name as expat writes it, with its namespace."""
    known = qualified(name)
    local = name.split(" ")[1 if " " in name else 0].lower()
    # Without a prefix it is some dialect of RSS or Atom.
    is_used = known not in _UNUSED if known else name.count(" ") < 2
    is_of_items = known in _UNUSED_IN_FEEDS or (
        known.startswith(_VOCABULARIES_OF_ITEMS) and known not in ("dc:language", "dc:title")
    )
    return _Role(known, known in ITEMS, local in ITEMS, is_used, is_used and not is_of_items)
