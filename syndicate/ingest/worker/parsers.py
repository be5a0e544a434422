"""Readers by kind of document, loaded when the first document of a kind comes.

Most workers only ever see feeds: the libraries for pages cost them 0.3 s and 30 MB less this way.
"""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module

from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.model import ParsedSource


class DocumentKind(StrEnum):
    """Kind of document that a body is read as."""

    FEED = "feed"
    LINKS = "links"
    SITEMAP = "sitemap"
    LISTING = "listing"
    PAGE = "page"
    FILE = "file"


def reader_of(kind: DocumentKind) -> Callable[..., ParsedSource]:
    """The function that reads such a document; each raises nothing but ``ParseError``, bugs apart."""
    if kind is DocumentKind.FEED:
        return parse_feed
    module, name = {
        DocumentKind.LINKS: ("page.feed_discovery", "parse_links"),
        DocumentKind.SITEMAP: ("page.sitemap_parser", "parse_sitemap"),
        DocumentKind.LISTING: ("page.listing_pages", "parse_listing"),
        DocumentKind.PAGE: ("page.page_extraction", "parse_page"),
        DocumentKind.FILE: ("folder.folder_reader", "parse_file"),
    }[kind]
    reader: Callable[..., ParsedSource] = getattr(import_module(f"syndicate.ingest.{module}"), name)
    return reader
