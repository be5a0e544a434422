"""Which function reads which kind of document, loaded when the first one comes."""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module

from syndicate.ingest.feeds import parse_feed
from syndicate.model import ParsedSource


class Document(StrEnum):
    """What a body is taken for."""

    FEED = "feed"
    LINKS = "links"


def reader_of(kind: Document) -> Callable[..., ParsedSource]:
    """The function that reads such a document; each raises nothing but ``ParseError``, bugs apart."""
    if kind is Document.FEED:
        return parse_feed
    module, name = {Document.LINKS: ("discovery", "parse_links")}[kind]
    reader: Callable[..., ParsedSource] = getattr(import_module(f"syndicate.ingest.{module}"), name)
    return reader
