"""The XML reader that feedparser uses: whole texts at once, and nothing that no one will look at.

The standard library's reader calls back for every line and entity of a text (38 % of feedparser's time);
this one lets expat buffer. It also leaves out vocabularies that no field of ours comes from (comment
counts, statistics, maps), the elements that describe another feed or a picture, their children, and the
space between elements. Elements of the customary vocabularies go to feedparser under the names it would give
them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax import SAXException
from xml.sax.expatreader import ExpatParser

from syndicate.ingest.strict_parser import close_elements, open_elements
from syndicate.ingest.vocabularies import qualified

# They describe another feed, a picture or a form; or no field of ours comes from them.
_UNUSED = frozenset(
    {
        "cloud", "comments", "contributor", "copyright", "docs", "email", "generator", "items", "rating",
        "rights", "skipdays", "skiphours", "source", "subtitle", "textinput", "uri", "webmaster",
        "dc:publisher", "media:community", "media:copyright", "media:credit", "media:description",
        "media:hash", "media:player", "media:rating", "media:restriction", "media:text", "media:title",
    }
)  # fmt: skip
# feedparser looks for a mailbox in these with an expression that takes quadratic time.
_PERSONS = frozenset({"author", "dc:author", "dc:creator", "itunes:author", "managingeditor", "name"})
MAX_PERSON = 1_000
MAX_ELEMENTS = 1_000
"""Elements of an item, or of what stands around the items, apart from the texts; real ones have 60 at most.
feedparser compares each tag, author and link with those before it (100 000 ``dc:subject``: over 20 s)."""
_ITEMS = frozenset({"item", "entry"})
# feedparser takes every text through a table of characters, one by one: a fifth of its time. A longer text in
# which it would find nothing to change is replaced by a stand-in until its item ends; text in ASCII by one in
# ASCII, because the rest may be UTF-8 read as Latin-1, which feedparser mends if all of it is.
LONG_TEXT = 300
_LONG = frozenset({"content", "content:encoded", "description", "summary"})
_CATEGORY = frozenset({"domain", "label", "scheme", "term"})
# Well-formed documents have no controls, and private characters are taken out.
_ASCII_STAND_IN, _OTHER_STAND_IN = "\x01{}\x02", "\ue000{}\ue001"
_STAND_IN = re.compile("[\x01\ue000]([0-9]+)[\x02\ue001]")
_CHANGED_BY_FEEDPARSER = re.compile("[\x80-\x9f]")


class FeedReader(ExpatParser):
    """A SAX reader over expat that buffers text and skips what ``is_used`` refuses.

    feedparser takes ``media:description`` for the item's own description. Here it is kept apart: as ``alt``
    of the picture it stands in, else as ``media_caption`` of the item.
    """

    def __init__(self) -> None:
        super().__init__(namespaceHandling=1)
        self._source: Any
        self._source.setEncoding("utf-8")

    def read(self, document: bytes) -> None:
        """Read a whole UTF-8 document without declaration and document type.

        Raises ``SAXException`` when it is not well-formed or has a document type.
        """
        # At once: a long token fed in pieces takes quadratic time (CVE-2023-52425).
        self.feed(document)
        self.close()

    def reset(self) -> None:
        """Start a new document."""
        super().reset()
        self._parser: Any
        self._cont_handler: Any
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._skipped_depth = 0
        self._elements = 0
        self._in_picture = False
        self._caption: list[str] | None = None
        self._category: tuple[Mapping[str, str], list[str]] | None = None
        self._element = ""
        self._long_texts: list[str] = []
        self._around = (0, 0, 0, 0)
        self._items = 0
        # Or nothing that is done with text here would be done before the first element that is skipped.
        self._parser.CharacterDataHandler = self.character_data

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Pass an element on, or skip it with all that it contains."""
        handler: Any = self._cont_handler
        known = qualified(name)
        if known in _ITEMS:
            self._elements = 0
            if not self._skipped_depth:
                if not self._items:
                    self._around = open_elements(handler)
                self._items += 1
        elif not handler.incontent:
            self._elements += 1
        if self._skipped_depth or not (
            handler.incontent
            or (self._elements <= MAX_ELEMENTS and is_used(known, name, in_item=bool(handler.inentry)))
        ):
            if known == "media:description" and not self._skipped_depth:
                self._caption = []
            self._skipped_depth += 1
            self._parser.CharacterDataHandler = None if self._caption is None else self._caption.append
        elif (
            known == "category" and handler.inentry and not handler.incontent and _CATEGORY.issuperset(attrs)
        ):
            self._category = attrs, []
            self._skipped_depth += 1
            self._parser.CharacterDataHandler = self._category[1].append
        else:
            if known == "media:content":
                self._in_picture = True
            self._element = known
            if not known or handler.decls or " " in "".join(attrs):
                super().start_element_ns(name, attrs)
            else:
                handler.unknown_starttag(known, list(attrs.items()))
            if known in _PERSONS:
                self._parser.CharacterDataHandler = _bounded(handler.handle_data, MAX_PERSON)

    def end_element_ns(self, name: str) -> None:
        """Pass an end on, unless its start was skipped."""
        handler: Any = self._cont_handler
        if not self._skipped_depth:
            known = qualified(name)
            if known in _PERSONS:
                self._parser.CharacterDataHandler = self.character_data
            if known:
                handler.unknown_endtag(known)
            else:
                super().end_element_ns(name)
            if self._long_texts and not handler.inentry:
                _put_back(handler.entries[-1], self._long_texts)
                self._long_texts = []
            if known in _ITEMS:
                self._items -= 1
                if not self._items:
                    close_elements(handler, *self._around)
            if known == "media:content":
                self._in_picture = False
            return
        self._skipped_depth -= 1
        if not self._skipped_depth:
            self._parser.CharacterDataHandler = self.character_data
            self._keep_caption(handler)
            self._keep_category(handler)

    def character_data(self, data: str) -> None:
        """Pass text on. The space between elements says nothing, except in the text of an article."""
        handler: Any = self._cont_handler
        if "\ue000" in data:
            # Nobody else may write stand-ins; a private character says nothing to readers.
            data = data.replace("\ue000", "")
        if len(data) > LONG_TEXT and self._element in _LONG and (stand_in := _stand_in(handler, data)):
            self._long_texts.append(data)
            data = stand_in.format(len(self._long_texts) - 1)
        if handler.incontent or not data.isspace():
            handler.handle_data(data)

    def _keep_caption(self, handler: Any) -> None:
        if self._caption is None:
            return
        text, self._caption = "".join(self._caption).strip(), None
        if handler.inentry and text:
            entry = handler.entries[-1]
            if self._in_picture and entry.get("media_content"):
                entry["media_content"][-1]["alt"] = text
            else:
                dict.setdefault(entry, "media_caption", text)

    def _keep_category(self, handler: Any) -> None:
        """Every fifth element of a feed is a category. feedparser sees those with something to mend."""
        if self._category is None:
            return
        (attributes, texts), self._category = self._category, None
        text = "".join(texts).strip()
        named = attributes.get("label") or attributes.get("term")
        if (text and named) or not f"{text}{named}".isascii():
            handler.unknown_starttag("category", list(attributes.items()))
            handler.handle_data(text)
            handler.unknown_endtag("category")
        elif text or named:
            dict.setdefault(handler.entries[-1], "tags", []).append({"term": named or text})


def _refuse_document_type(*_: object) -> None:
    raise SAXException("a document type")


def _stand_in(handler: Any, text: str) -> str:
    """What may stand for a text of an item that feedparser would not look into and would keep as it is.

    It looks into what is not declared as HTML, and changes what is windows-1252 or UTF-8 read as Latin-1.
    """
    parameters = handler.contentparams
    if not handler.inentry or dict.get(parameters, "type") != "text/html" or dict.get(parameters, "base64"):
        return ""
    if text.isascii():
        return _ASCII_STAND_IN
    if _CHANGED_BY_FEEDPARSER.search(text):
        return ""
    try:
        text.encode("iso-8859-1").decode()
    except UnicodeEncodeError:
        return _OTHER_STAND_IN
    except UnicodeDecodeError as error:
        # No UTF-8 whatever else is in the element, unless a character was cut in two at one of its ends.
        is_cut = error.start == 0 or error.reason == "unexpected end of data"
        return "" if is_cut else _OTHER_STAND_IN
    return ""


def _put_back(entry: Any, texts: list[str]) -> None:
    """Put the long texts of an item where their stand-ins are."""

    def whole(value: str) -> str:
        return _STAND_IN.sub(lambda match: "".join(texts[int(match[1]) :][:1]), value).strip()

    if dict.get(entry, "summary"):
        dict.__setitem__(entry, "summary", whole(dict.__getitem__(entry, "summary")))
    for detail in [*dict.get(entry, "content", ()), dict.get(entry, "summary_detail") or {}]:
        detail["value"] = whole(dict.get(detail, "value") or "")


def _bounded(characters: Callable[[str], object], limit: int) -> Callable[[str], None]:
    """Pass on at most ``limit`` characters of one element."""
    left = limit

    def take(text: str) -> None:
        nonlocal left
        if left:
            characters(text[:left])
            left -= min(left, len(text))

    return take


def is_used(known: str, name: str, *, in_item: bool) -> bool:
    """Whether a field of ours can come from an element.

    ``known`` is its customary name or ``""``, ``name`` as expat writes it, with its namespace.
    """
    if known:
        return known not in _UNUSED and (in_item or known != "image")
    # Without a prefix it is some dialect of RSS or Atom.
    return name.count(" ") < 2
