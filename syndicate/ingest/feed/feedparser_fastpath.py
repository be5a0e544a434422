"""Fast path for feedparser: skip base-URI and namespace handling for plain elements.

What an element means is feedparser's: its methods ``_start_…`` and ``_end_…`` are called as it calls them.
Most elements of a feed hold a short text and nothing else, though, and for each of them it resolves the base
address anew, looks for namespaces, and takes the text through three decoders. Here they take a shorter way to
the same methods; whatever is out of the ordinary (XHTML, base64, ``xml:base``, ``xml:lang``, text that
feedparser mends) goes the long one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feedparser.mixin import _FeedParserMixin
from feedparser.urls import make_safe_absolute_uri
from feedparser.util import FeedParserDict

from syndicate.text.plain import ASCII, without_ascii
from syndicate.text.urls import MAX_LENGTH

ROOTS = frozenset({"feed", "rss"})
# Attributes that hold for what is in an element too.
_INHERITED = frozenset({"base", "lang", "xml:base", "xml:lang", "xmlns"})
_IN_TEXTINPUT = frozenset({"description", "link", "name", "title"})
_IN_IMAGE = frozenset({"description", "height", "href", "link", "title", "url", "width"})
# feedparser keeps their texts in ways of their own.
_KEPT_APART = frozenset({"category", "content", "description", "itunes_keywords", "link", "tags", "title"})
_TEXTS = frozenset({"content", "description", "summary", "title"})
TEXT_TYPES = frozenset({"text/html", "text/plain"})
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
# feedparser's dictionaries exchange names when something is set in them; these are the right ones.
_RIGHT_NAMES = {
    name: right if isinstance(right, str) else right[0] for name, right in FeedParserDict.keymap.items()
}
put = dict.__setitem__
"""Sets what has its right name, in a tenth of the time."""
_WINDOWS_1252 = re.compile("[\x80-\x9f]")
MAX_PERSON = 1_000
"""Characters of a person's name. feedparser looks for a mailbox in it with an expression that takes quadratic
time (60 000 characters: 18 s)."""


class _Gathered(FeedParserDict):  # type: ignore[misc]
    """State of feedparser for a feed or an item, read several times with every element.

    Only what is set by subscription may come under another name, which feedparser exchanges; all that asks,
    and what is set as a default, uses the right names, so a plain dictionary answers the same, in a tenth of
    the time. feedparser keeps depths by item, and means the object.
    """

    get = dict.get
    setdefault = dict.setdefault
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __hash__ = object.__hash__


class Parameters(_Gathered):
    """The same of a text; none of its names has another one."""

    __setitem__ = dict.__setitem__

    def __deepcopy__(self, memo: object) -> FeedParserDict:
        """The values are texts and numbers."""
        return FeedParserDict(self)


class RelievedParser(_FeedParserMixin):  # type: ignore[misc]
    """A parser as ``feedparser.parse`` sets it up, sanitiser and link resolver off, on shorter ways."""

    contentparams: Any
    incontent: int
    svgOK: int  # noqa: N815 - feedparser's name
    baseuri: str
    lang: str | None

    def __init__(self, *more: object) -> None:
        super().__init__("", None, "utf-8", *more)
        self.sanitize_html = self.resolve_relative_uris = False
        self.contentparams = Parameters()
        self.feeddata = _Gathered()
        # Only the last one: a document may declare another one with each element.
        self._inherited = ("", "")

    def unknown_starttag(self, tag: str, attrs: Sequence[tuple[str, str]]) -> None:
        """Begin an element."""
        values = dict(map(self._normalize_attributes, attrs)) if attrs else {}
        if self.incontent or tag in ROOTS or (values and not is_local(values)):
            super().unknown_starttag(tag, attrs)
            if len(self.baseuri) > MAX_LENGTH:
                # No address would be accepted under it, and each would be put together with all of it.
                self.baseuri = self.basestack[-1] = ""
            return
        self.depth += 1
        self.inherit_base()
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
        self._start(tag, values)

    def inherit_base(self) -> None:
        """Make of the base address what feedparser makes of it where an element declares no other one."""
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
        # What is not well-formed may end more than it has begun.
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
            self.entries[-1] = _Gathered()

    _start_entry = _start_item

    def _sync_author_detail(self, key: str = "author") -> None:
        context = self._get_context()
        name, details = context.get(key), context.get(key + "s")
        if name and len(name) > MAX_PERSON:
            name = context[key] = name[:MAX_PERSON]
        if name and "@" not in name and details and not details[-1]:
            # Only a mailbox has to be looked for.
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
        """Return what feedparser's methods for an element are called, and whether it has no prefix."""
        prefix, colon, local = tag.partition(":")
        if not colon:
            return tag, True
        prefix = self.namespacemap.get(prefix, prefix)
        return (f"{prefix}_{local}", False) if prefix else (local, True)

    def push_content(self, tag: str, attributes: Mapping[str, str], default_type: str, is_kept: int) -> None:
        """Begin a text."""
        self.incontent += 1
        self.lang = self.lang and self.lang.replace("_", "-")
        kind = self.map_content_type(attributes.get("type", default_type))
        self.contentparams = Parameters(type=kind, language=self.lang, base=self.baseuri)
        self.contentparams["base64"] = self._is_base64(attributes, self.contentparams)
        self.push(tag, is_kept)

    def resolve_uri(self, uri: str) -> str:
        """An address made absolute, if there is anything to make it absolute with."""
        # Without a base, feedparser only takes slashes away where there are three.
        if not self.baseuri and "///" not in uri:
            return uri
        return str(super().resolve_uri(uri))

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element that holds a text, keep the text and return it."""
        if not self.elementstack:
            return None
        opened, is_kept, pieces = self.elementstack[-1]
        if opened != element:
            return None
        text = "".join(pieces)
        keep = self._keeping(element)
        if keep is None or is_mended(text):
            popped: str | None = super().pop(element, strip_whitespace)
            return popped
        del self.elementstack[-1]
        text = text.strip() if strip_whitespace else text
        return keep(element, text) if is_kept else text

    def _keeping(self, element: str) -> Callable[[str, str], str] | None:
        """Return what keeps the text of an element, ``None`` when it has to go the long way."""
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
            # As feedparser undoes references that are none.
            text = _REFERENCE.sub(r"&\1", text.replace("&amp;", "&") if self.inentry else text)
        context = self.entries[-1] if self.inentry else self._get_context()
        put(context, element, text)
        if text or not self.inentry:
            put(context["links"][-1], "href", text)
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
            put(context, name + "_detail", detail)
        return text

    def _keep_outermost(self, name: str, text: str) -> None:
        """Of several texts of one name in an item the outermost holds, of those the last."""
        entry = self.entries[-1]
        depths = self.property_depth_map.setdefault(entry, {})
        if name not in depths or self.depth <= depths[name]:
            depths[name] = self.depth
            put(entry, _RIGHT_NAMES.get(name, name), text)


def is_mended(text: str) -> bool:
    """Return whether feedparser might take a text for UTF-8 or windows-1252 that was read as Latin-1."""
    if text.isascii():
        return False
    if _WINDOWS_1252.search(without_ascii(text, ASCII)):
        return True
    try:
        text.encode("iso-8859-1").decode()
    except UnicodeError:
        return False
    return True


def open_elements(parser: Any) -> tuple[int, int, int, int]:
    """Return how much is open in a strict parser where an item begins; nothing of a text can be."""
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


def is_local(attributes: dict[str, str]) -> bool:
    """Return whether attributes, their names in lower case, say nothing about what is in their element."""
    return _INHERITED.isdisjoint(attributes) and "xmlns:" not in " ".join(attributes)
