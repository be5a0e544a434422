"""Fast path for feedparser: skip base-URI and namespace handling for plain elements.

feedparser's methods ``_start_…`` and ``_end_…`` still interpret each element. Most elements hold only a
short text, yet for each element feedparser resolves the base URL, looks up namespaces, and passes the text
through three decoders. ``FastPathParser`` calls the same methods without these steps. Elements that need the
steps (XHTML, base64, ``xml:base``, ``xml:lang``, possible mojibake) take feedparser's full path.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feedparser.api import LooseFeedParser
from feedparser.mixin import _FeedParserMixin
from feedparser.urls import make_safe_absolute_uri
from feedparser.util import FeedParserDict

from syndicate.text.plain import ASCII, without_ascii
from syndicate.text.urls import MAX_LENGTH

ROOTS = frozenset({"feed", "rss"})
# Attributes that also apply to the children of an element.
_INHERITED = frozenset({"base", "lang", "xml:base", "xml:lang", "xmlns"})
_IN_TEXTINPUT = frozenset({"description", "link", "name", "title"})
_IN_IMAGE = frozenset({"description", "height", "href", "link", "title", "url", "width"})
# feedparser stores the texts of these elements by special rules.
_KEPT_APART = frozenset({"category", "content", "description", "itunes_keywords", "link", "tags", "title"})
_TEXTS = frozenset({"content", "description", "summary", "title"})
TEXT_TYPES = frozenset({"text/html", "text/plain"})
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
# ``FeedParserDict`` replaces field names on assignment; these are the resulting names.
_RIGHT_NAMES = {
    name: right if isinstance(right, str) else right[0] for name, right in FeedParserDict.keymap.items()
}
set_raw = dict.__setitem__
"""Sets a field that has its final name, ten times as fast as ``FeedParserDict``."""
_WINDOWS_1252 = re.compile("[\x80-\x9f]")
MAX_PERSON = 1_000
"""Characters of a person's name: feedparser's search for a mailbox in it takes quadratic time (60 000
characters: 18 s)."""


class _FastDict(FeedParserDict):  # type: ignore[misc]
    """Fields of a feed or an item, as feedparser's parsers fill them.

    Only assignment by subscript needs ``FeedParserDict``'s replacement of names. All reads use the final
    names, so a plain dictionary's methods return the same values ten times as fast. ``__hash__`` is by
    identity, since feedparser uses items as dictionary keys.
    """

    get = dict.get
    setdefault = dict.setdefault
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __hash__ = object.__hash__


class TextParameters(_FastDict):
    """Parameters of a text element; none of their names is ever replaced."""

    __setitem__ = dict.__setitem__

    def __deepcopy__(self, memo: object) -> FeedParserDict:
        """Copy shallowly: the values are strings and numbers."""
        return FeedParserDict(self)


class FastPathParser(_FeedParserMixin):  # type: ignore[misc]
    """Base of feedparser's parsers with shortcuts, set up as ``feedparser.parse`` does without sanitiser."""

    contentparams: Any
    incontent: int
    svgOK: int  # noqa: N815 - feedparser's name
    baseuri: str
    lang: str | None

    def __init__(self, *more: object) -> None:
        super().__init__("", None, "utf-8", *more)
        self.sanitize_html = self.resolve_relative_uris = False
        self.contentparams = TextParameters()
        self.feeddata = _FastDict()
        # Cache of one: a document may declare a new base with each element.
        self._inherited = ("", "")

    def unknown_starttag(self, tag: str, attrs: Sequence[tuple[str, str]]) -> None:
        """Start an element."""
        values = dict(map(self._normalize_attributes, attrs)) if attrs else {}
        if self.incontent or tag in ROOTS or (values and not has_local_attributes_only(values)):
            super().unknown_starttag(tag, attrs)
            if len(self.baseuri) > MAX_LENGTH:
                # Every URL below it would be too long, and joining such URLs is slow.
                self.baseuri = self.basestack[-1] = ""
            return
        self.depth += 1
        self.resolve_base()
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
        self._start(tag, values)

    def resolve_base(self) -> None:
        """Resolve the base URL as feedparser does for an element without ``xml:base``."""
        base = self.baseuri
        if base:
            if base != self._inherited[0]:
                self._inherited = base, make_safe_absolute_uri(base, base) or base
            self.baseuri = self._inherited[1]

    def unknown_endtag(self, tag: str) -> None:
        """End an element."""
        if self.incontent or self.svgOK:
            super().unknown_endtag(tag)
            return
        self._end(tag)
        # A malformed document may have more end tags than start tags.
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        if self.langstack:
            self.langstack.pop()
            if self.langstack:
                self.lang = self.langstack[-1]
        self.depth -= 1

    def _start_item(self, attributes: dict[str, str]) -> None:
        super()._start_item(attributes)
        if not self.entries[-1]:
            self.entries[-1] = _FastDict()

    _start_entry = _start_item

    def _sync_author_detail(self, key: str = "author") -> None:
        context = self._get_context()
        name, details = context.get(key), context.get(key + "s")
        if name and len(name) > MAX_PERSON:
            name = context[key] = name[:MAX_PERSON]
        if name and "@" not in name and details and not details[-1]:
            # feedparser would only search for a mailbox.
            details[-1]["name"] = name
            context.setdefault(key + "_detail", details[-1])
            return
        super()._sync_author_detail(key)

    def _start(self, tag: str, values: dict[str, str]) -> None:
        name, is_plain = self._method(tag)
        if is_plain and tag not in _IN_TEXTINPUT:
            self.intextinput = 0
        if is_plain and tag not in _IN_IMAGE:
            self.inimage = 0
        try:
            getattr(self, "_start_" + name)(values)
        except AttributeError:
            if values:
                self._get_context()[name] = values
            else:
                self.push(name, 1)

    def _end(self, tag: str) -> None:
        name, _ = self._method(tag)
        try:
            getattr(self, "_end_" + name)()
        except AttributeError:
            self.pop(name)

    def _method(self, tag: str) -> tuple[str, bool]:
        """Return the suffix of feedparser's methods for an element, and whether the element has no prefix."""
        prefix, colon, local = tag.partition(":")
        if not colon:
            return tag, True
        prefix = self.namespacemap.get(prefix, prefix)
        return (f"{prefix}_{local}", False) if prefix else (local, True)

    def push_content(self, tag: str, attributes: Mapping[str, str], default_type: str, is_kept: int) -> None:
        """Start a text element."""
        self.incontent += 1
        self.lang = self.lang and self.lang.replace("_", "-")
        kind = self.map_content_type(attributes.get("type", default_type))
        self.contentparams = TextParameters(type=kind, language=self.lang, base=self.baseuri)
        self.contentparams["base64"] = self._is_base64(attributes, self.contentparams)
        self.push(tag, is_kept)

    def resolve_uri(self, uri: str) -> str:
        """Resolve a URL against the base URL if there is a base URL."""
        # Without a base, feedparser changes only URLs with three slashes.
        if not self.baseuri and "///" not in uri:
            return uri
        return str(super().resolve_uri(uri))

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End a text element, store its text and return it."""
        if not self.elementstack:
            return None
        opened, is_kept, pieces = self.elementstack[-1]
        if opened != element:
            return None
        text = "".join(pieces)
        keep = self._keeping(element)
        if keep is None or may_be_mojibake(text):
            popped: str | None = super().pop(element, strip_whitespace)
            return popped
        del self.elementstack[-1]
        text = text.strip() if strip_whitespace else text
        return keep(element, text) if is_kept else text

    def _keeping(self, element: str) -> Callable[[str, str], str] | None:
        """Return the method that stores an element's text, ``None`` for feedparser's full path."""
        if self.insource or not (self.inentry or self.infeed):
            return None
        if not self.incontent and not self.contentparams:
            if element not in _KEPT_APART:
                return self._keep
            return self._keep_link if element == "link" and not self.inimage else None
        parameters = self.contentparams
        is_usual = parameters.get("type") in TEXT_TYPES and not parameters.get("base64")
        is_kept = element in _TEXTS and (self.inentry or element != "content")
        return self._keep_text if is_usual and is_kept else None

    def _keep(self, element: str, text: str) -> str:
        if text and element in self.can_be_relative_uri and (element != "id" or self.guidislink):
            text = self.resolve_uri(text)
        if not self.inentry:
            self._get_context()[element] = text
        else:
            self._keep_outermost(element, text)
        return text

    def _keep_link(self, element: str, text: str) -> str:
        if text:
            text = self.resolve_uri(text)
        if "&" in text:
            # As feedparser does for invalid references.
            text = _REFERENCE.sub(r"&\1", text.replace("&amp;", "&") if self.inentry else text)
        context = self.entries[-1] if self.inentry else self._get_context()
        set_raw(context, element, text)
        if text or not self.inentry:
            set_raw(context["links"][-1], "href", text)
        return text

    def _keep_text(self, element: str, text: str) -> str:
        parameters = self.contentparams
        is_plain = parameters["type"] == "text/plain" and not self.version.startswith("atom")
        if is_plain and ("<" in text or "&" in text) and self.looks_like_html(text):
            parameters["type"] = "text/html"
        parameters.pop("mode", None)
        parameters.pop("base64", None)
        if element == "title" and -1 < self.title_depth <= self.depth:
            return text
        detail = FeedParserDict(parameters, value=text)
        if element == "content":
            self.entries[-1].setdefault(element, []).append(detail)
            return text
        if self.inentry:
            context, name = self.entries[-1], "summary" if element == "description" else element
            self._keep_outermost(name, text)
        else:
            context, name = self._get_context(), "subtitle" if element == "description" else element
            context[name] = text
        if self.incontent:
            set_raw(context, name + "_detail", detail)
        return text

    def _keep_outermost(self, name: str, text: str) -> None:
        """Store a text unless the item has a text of this name from a less nested element."""
        entry = self.entries[-1]
        depths = self.property_depth_map.setdefault(entry, {})
        if name not in depths or self.depth <= depths[name]:
            depths[name] = self.depth
            set_raw(entry, _RIGHT_NAMES.get(name, name), text)


class LooseParser(FastPathParser, LooseFeedParser):  # type: ignore[misc]
    """feedparser's parser of malformed documents, with shortcuts."""

    def read(self, document: bytes) -> None:
        """Read a whole UTF-8 document without declaration and document type."""
        self.feed(document.decode("utf-8", "replace"))

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element; a text with unresolved references takes feedparser's full path."""
        if self.elementstack and self.elementstack[-1][0] == element:
            for piece in self.elementstack[-1][2]:
                # feedparser stores resolved references as bytes.
                if isinstance(piece, bytes) or "&" in piece:
                    popped: str | None = super(FastPathParser, self).pop(element, strip_whitespace)
                    return popped
        return super().pop(element, strip_whitespace)


def may_be_mojibake(text: str) -> bool:
    """Return whether feedparser might re-decode a text as UTF-8 or windows-1252 read as Latin-1."""
    if text.isascii():
        return False
    if _WINDOWS_1252.search(without_ascii(text, ASCII)):
        return True
    try:
        text.encode("iso-8859-1").decode()
    except UnicodeError:
        return False
    return True


def open_depths(parser: Any) -> tuple[int, int, int, int]:
    """Return the depths of a strict parser's stacks at the start of an item, after closing all texts."""
    _end_texts(parser)
    return len(parser.elementstack), len(parser.basestack), len(parser.langstack), parser.depth


def restore_depths(parser: Any, elements: int, bases: int, languages: int, depth: int) -> None:
    """Reset a strict parser's stacks at the end of an item to the depths at its start.

    feedparser ends a text at any end tag with a text's name, even of an element inside the text
    (``<description>a <title>b</title></description>``), and reads all that follows as text.
    """
    _end_texts(parser)
    del parser.elementstack[elements:], parser.basestack[bases:], parser.langstack[languages:]
    parser.depth = depth


def _end_texts(parser: Any) -> None:
    parser.incontent = parser.inimage = parser.insource = parser.intextinput = 0
    parser.inauthor = parser.incontributor = parser.inpublisher = parser.svgOK = 0
    parser.hasContent = 0
    # Part of feedparser's record of the open text.
    parser._summaryKey = None  # noqa: SLF001
    parser.contentparams.clear()


def has_local_attributes_only(attributes: dict[str, str]) -> bool:
    """Return whether no attribute (names in lower case) applies to the element's children."""
    return _INHERITED.isdisjoint(attributes) and "xmlns:" not in " ".join(attributes)
