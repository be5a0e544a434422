"""Parsers by kind of document, imported on first use, and their use in the worker processes.

Most workers parse only feeds; without the libraries for pages they save 0.3 s and 30 MB.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import Final

from syndicate.errors import ParseError
from syndicate.model import ParsedSource
from syndicate.workers.process import Answer

MAX_UNCOLLECTED_BYTES: Final = 8 << 20
"""Bytes parsed between two garbage collections. A broken document leaves cycles with several copies of
itself, in too few objects to trigger a collection."""

_parsed_since_collection = {"bytes": 0}


class DocumentKind(StrEnum):
    """Kind of document: the parser's module and function."""

    FEED = "feed.feed_parser.parse_feed"
    LINKS = "page.feed_discovery.parse_links"
    SITEMAP = "page.sitemap_parser.parse_sitemap"
    LISTING = "page.listing_pages.parse_listing"
    PAGE = "page.page_extraction.parse_page"
    FILE = "folder.file_parser.parse_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseRequest:
    """Untrusted document for a parser.

    ``content_type`` and ``charset`` come from the response header, ``""`` when absent. ``known`` holds the
    hashes of items that the parser leaves out. ``options`` are the arguments of the parser of this ``kind``.
    """

    body: bytes
    url: str
    content_type: str = ""
    charset: str = ""
    known: frozenset[str] = frozenset()
    kind: DocumentKind = DocumentKind.FEED
    options: Mapping[str, object] = field(default_factory=dict)

    def parse(self) -> ParsedSource:
        """Parse the document in this process; raises ``ParseError``."""
        module, _, name = self.kind.rpartition(".")
        parser: Callable[..., ParsedSource] = getattr(import_module(f"syndicate.ingest.{module}"), name)
        return parser(self, **self.options)


def answer(request: ParseRequest) -> Answer:
    """Parse a document; the result is ``parsed`` with a value, or ``refused`` with a reason."""
    if _parsed_since_collection["bytes"] > MAX_UNCOLLECTED_BYTES:
        gc.collect()
        _parsed_since_collection["bytes"] = 0
    _parsed_since_collection["bytes"] += len(request.body)
    try:
        return "parsed", request.parse()
    except ParseError as error:
        return "refused", str(error)
