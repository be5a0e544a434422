"""Write articles as a feed of either format, and read it back as a reader would."""

import io
from typing import Any

import feedparser
import pytest

from syndicate.model import Channel, PublishedArticle
from syndicate.publish.feeds.rss_atom import FeedWriter
from tests.publish.samples import OPTIONS, WORLD

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
FORMATS = ("rss", "atom")
every_format = pytest.mark.parametrize("form", FORMATS)


def write(form: str, *articles: PublishedArticle, channel: Channel = WORLD, options: Any = OPTIONS) -> bytes:
    return FeedWriter(options).write(form, channel, articles)


def read(document: bytes) -> Any:
    parsed = feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    return parsed


def read_one(form: str, article: PublishedArticle) -> Any:
    return read(write(form, article)).entries[0]


def content_of(form: str, article: PublishedArticle) -> str:
    return str(read_one(form, article).content[0].value)
