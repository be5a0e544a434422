"""feedparser's own parser of well-formed documents, relieved of what these elements never need.

What an element means is feedparser's: its methods ``_start_…`` and ``_end_…`` are called as it calls them.
Most elements of a feed hold a short text and nothing else, though, and for each of them it resolves the base
address anew, looks for namespaces, and takes the text through three decoders. Here they take a shorter way to
the same methods; whatever is out of the ordinary (texts of articles, ``xml:base``, ``xml:lang``, other
characters than ASCII) goes the long one.
"""

from collections.abc import Sequence
from typing import Any

from feedparser.api import StrictFeedParser
from feedparser.util import FeedParserDict

_ROOTS = frozenset({"feed", "rss"})
# Attributes that hold for what is in an element too.
_INHERITED = frozenset({"base", "lang", "xml:base", "xml:lang", "xmlns"})
_IN_TEXTINPUT = frozenset({"description", "link", "name", "title"})
_IN_IMAGE = frozenset({"description", "height", "href", "link", "title", "url", "width"})
# feedparser keeps their texts in ways of their own.
_KEPT_APART = frozenset({"category", "content", "description", "itunes_keywords", "link", "tags", "title"})


class _Parameters(FeedParserDict):  # type: ignore[misc]
    """What feedparser keeps of a text while it reads it, asked for several times with every element.

    None of its names has another one, so a plain dictionary answers the same, in a tenth of the time.
    """

    get = dict.get
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __setitem__ = dict.__setitem__

    def __deepcopy__(self, memo: object) -> FeedParserDict:
        """The values are texts and numbers."""
        return FeedParserDict(self)


class StrictParser(StrictFeedParser):  # type: ignore[misc]
    """feedparser's strict parser as ``feedparser.parse`` sets it up, sanitiser and link resolver off."""

    incontent: int
    svgOK: int  # noqa: N815 - feedparser's name
    baseuri: str
    lang: str | None

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.sanitize_html = self.resolve_relative_uris = False
        self.contentparams = _Parameters()

    def unknown_starttag(self, tag: str, attrs: Sequence[tuple[str, str]]) -> None:
        """Begin an element."""
        values = dict(map(self._normalize_attributes, attrs)) if attrs else {}
        if self.incontent or self.baseuri or tag in _ROOTS or (values and not _is_local(values)):
            super().unknown_starttag(tag, attrs)
            return
        self.depth += 1
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
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

    def unknown_endtag(self, tag: str) -> None:
        """End an element."""
        if self.incontent or self.svgOK:
            super().unknown_endtag(tag)
            return
        name, _ = self._method(tag)
        try:
            getattr(self, "_end_" + name)()
        except AttributeError:
            self.pop(name)
        self.basestack.pop()
        if self.basestack and self.basestack[-1]:
            self.baseuri = self.basestack[-1]
        self.langstack.pop()
        if self.langstack:
            self.lang = self.langstack[-1]
        self.depth -= 1

    def _method(self, tag: str) -> tuple[str, bool]:
        """What feedparser's methods for an element are called, and whether it has no prefix."""
        prefix, colon, local = tag.partition(":")
        if not colon:
            return tag, True
        prefix = self.namespacemap.get(prefix, prefix)
        return (f"{prefix}_{local}", False) if prefix else (local, True)

    def push_content(self, *arguments: Any) -> None:
        """Begin a text."""
        super().push_content(*arguments)
        self.contentparams = _Parameters(self.contentparams)

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element that holds a text, keep the text and return it."""
        if self.contentparams or self.incontent or element in _KEPT_APART or not self.elementstack:
            return self._popped(element, strip_whitespace)
        opened, is_kept, pieces = self.elementstack[-1]
        if opened != element:
            return None
        text = "".join(pieces)
        if not text.isascii() or self.insource or not (self.inentry or self.infeed):
            return self._popped(element, strip_whitespace)
        del self.elementstack[-1]
        text = text.strip() if strip_whitespace else text
        if not is_kept:
            return text
        if text and element in self.can_be_relative_uri and (element != "id" or self.guidislink):
            text = self.resolve_uri(text)
        if not self.inentry:
            self._get_context()[element] = text
            return text
        entry = self.entries[-1]
        depths = self.property_depth_map.setdefault(entry, {})
        if element not in depths or self.depth <= depths[element]:
            depths[element] = self.depth
            entry[element] = text
        return text

    def _popped(self, element: str, strip_whitespace: int) -> str | None:
        popped: str | None = super().pop(element, strip_whitespace)
        return popped


def open_elements(parser: Any) -> tuple[int, int, int, int]:
    """How much is open in a strict parser where an item begins; nothing of a text can be."""
    _end_texts(parser)
    return len(parser.elementstack), len(parser.basestack), len(parser.langstack), parser.depth


def close_elements(parser: Any, elements: int, bases: int, languages: int, depth: int) -> None:
    """Take back what an item left open in a strict parser, given what was open before it.

    feedparser ends a text at each end tag of a text's name, also of an element within the text
    (``<description>a <title>b</title></description>``), and takes all that follows for text.
    """
    _end_texts(parser)
    del parser.elementstack[elements:], parser.basestack[bases:], parser.langstack[languages:]
    parser.depth = depth


def _end_texts(parser: Any) -> None:
    parser.incontent = parser.inimage = parser.insource = parser.intextinput = 0
    parser.inauthor = parser.incontributor = parser.inpublisher = parser.svgOK = 0
    parser.hasContent = 0
    # Half of what says which text is open.
    parser._summaryKey = None  # noqa: SLF001
    parser.contentparams.clear()


def _is_local(attributes: dict[str, str]) -> bool:
    return _INHERITED.isdisjoint(attributes) and not any(name.startswith("xmlns:") for name in attributes)
