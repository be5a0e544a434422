"""feedparser's own parser of what is not well-formed, relieved."""

from feedparser.api import LooseFeedParser

from syndicate.ingest.feed.feedparser_fastpath import RelievedParser


class LooseParser(RelievedParser, LooseFeedParser):  # type: ignore[misc]
    """feedparser's loose parser."""

    def read(self, document: bytes) -> None:
        """Read a whole UTF-8 document without declaration and document type."""
        self.feed(document.decode("utf-8", "replace"))

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element; a text with unresolved references goes the long way."""
        if self.elementstack and self.elementstack[-1][0] == element:
            for piece in self.elementstack[-1][2]:
                # Those that feedparser has resolved are bytes.
                if isinstance(piece, bytes) or "&" in piece:
                    popped: str | None = super(RelievedParser, self).pop(element, strip_whitespace)
                    return popped
        return super().pop(element, strip_whitespace)
