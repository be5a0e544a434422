"""Fast path for feedparser: store text-only elements of an item directly.

Nine of ten elements in feeds are of a dozen kinds, stand in an item and hold only a text. feedparser starts
and ends each element with methods, a text stack and checks of the context. ``LeafParser`` stores only their
result in the item; the tests compare it with feedparser's own. Dates stay text, which ``feed_dates`` reads.
All other elements, and elements with unusual attributes, take feedparser's methods.
"""

from collections.abc import Mapping
from functools import partialmethod

from feedparser.api import StrictFeedParser
from feedparser.util import FeedParserDict

from syndicate.ingest.feed import feedparser_fastpath as fastpath

_CATEGORY = frozenset({"domain", "label", "scheme", "term"})
_TYPE = frozenset({"type"})
_ALTERNATE = {"rel": "alternate", "type": "text/html"}
_KEEPING = {
    "author": "_keep_author",
    "category": "_keep_category",
    "content:encoded": "_keep_content",
    "dc:creator": "_keep_author",
    "dc:date": "_keep_updated",
    "dc:subject": "_keep_category",
    "description": "_keep_description",
    "guid": "_keep_id",
    "id": "_keep_id",
    "link": "_keep_address",
    "name": "_keep_name",
    "pubdate": "_keep_published",
    "published": "_keep_published",
    "summary": "_keep_summary",
    "title": "_keep_title",
    "updated": "_keep_updated",
}


class LeafParser(fastpath.FastPathParser, StrictFeedParser):  # type: ignore[misc]
    """feedparser's strict parser with shortcuts and direct storage of leaf elements."""

    def leaf_attributes(self, tag: str, attributes: Mapping[str, str]) -> dict[str, str] | None:
        """Return an element's attributes for ``add_leaf``, ``None`` if the element must be started now."""
        if self.incontent or tag in fastpath.ROOTS or not self.langstack:
            return None
        values = dict(map(self._normalize_attributes, attributes.items())) if attributes else {}
        return values if not values or fastpath.has_local_attributes_only(values) else None

    def add_leaf(self, tag: str, values: dict[str, str], text: str) -> None:
        """Store a complete element that holds only a text, and declares neither base nor language."""
        self.depth += 1
        self.resolve_base()
        is_in_item = self.inentry and not (
            self.insource or self.inimage or self.intextinput or self.contentparams
        )
        # ``isascii`` first: most texts are ASCII.
        keep = (
            _KEEPING.get(tag)
            if is_in_item and (text.isascii() or not fastpath.may_be_mojibake(text))
            else None
        )
        if not (keep and getattr(self, keep)(values, text.strip())):
            self._start(tag, values)
            if text and not text.isspace():
                self.handle_data(text)
            self._end(tag)
            self.lang = self.langstack[-1]
        self.baseuri = self.basestack[-1] or self.baseuri
        self.depth -= 1

    def _keep_category(self, values: Mapping[str, str], text: str) -> bool:
        named = values.get("label") or values.get("term")
        if (text and named) or not _CATEGORY.issuperset(values):
            return False
        if text or named:
            self.entries[-1].setdefault("tags", []).append({"term": named or text})
        return True

    def _keep_id(self, values: Mapping[str, str], text: str) -> bool:
        entry = self.entries[-1]
        self.guidislink = values.get("ispermalink", "true") == "true"
        if self.guidislink and text:
            text = self.resolve_uri(text)
        self._keep_outermost("id", text)
        entry.setdefault("guidislink", self.guidislink and "link" not in entry)
        if self.guidislink:
            entry.setdefault("link", text)
        return True

    def _keep_address(self, values: dict[str, str], text: str) -> bool:
        if not text and "href" in values:
            self._start_link(values)
            return True
        if values:
            return False
        self.entries[-1].setdefault("links", []).append(FeedParserDict(_ALTERNATE))
        self._keep_link("link", text)
        return True

    def _keep_date(self, name: str, _values: Mapping[str, str], text: str) -> bool:
        self._keep_outermost(name, text)
        return True

    _keep_published = partialmethod(_keep_date, "published")
    _keep_updated = partialmethod(_keep_date, "updated")

    def _keep_author(self, _values: Mapping[str, str], text: str) -> bool:
        self.entries[-1].setdefault("authors", []).append(FeedParserDict())
        self._keep_outermost("author", text)
        self.inauthor = 0
        self._sync_author_detail()
        return True

    def _keep_name(self, _values: Mapping[str, str], text: str) -> bool:
        if self.inpublisher or not self.inauthor:
            return False
        self._save_author("name", text)
        return True

    def _keep_title(self, values: Mapping[str, str], text: str) -> bool:
        if values and values.keys() != _TYPE:
            return False
        kind = self.map_content_type(values.get("type", "text/plain"))
        if kind not in fastpath.TEXT_TYPES:
            return False
        self._keep_full_text("title", kind, text)
        if text:
            self.title_depth = self.depth
        return True

    def _keep_short(self, element: str, default_type: str, values: Mapping[str, str], text: str) -> bool:
        kind = self.map_content_type(values.get("type", default_type))
        if (values and values.keys() != _TYPE) or kind not in fastpath.TEXT_TYPES:
            return False
        if "summary" in self.entries[-1] and not self.hasContent:
            return False
        self._summaryKey = None
        self._keep_full_text(element, kind, text)
        return True

    _keep_summary = partialmethod(_keep_short, "summary", "text/plain")
    _keep_description = partialmethod(_keep_short, "description", "text/html")

    def _keep_content(self, values: Mapping[str, str], text: str) -> bool:
        if values:
            return False
        self.hasContent = 1
        self._keep_full_text("content", "text/html", text)
        self.entries[-1].setdefault("summary", text)
        return True

    def _keep_full_text(self, element: str, kind: str, text: str) -> None:
        language = self.lang and self.lang.replace("_", "-")
        self.contentparams = fastpath.TextParameters(type=kind, language=language, base=self.baseuri)
        self.incontent = 1
        self._keep_text(element, text)
        self.incontent = 0
        self.contentparams.clear()
