"""A whole newsroom for a test: real store, real parser processes, a configuration in a folder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from syndicate.demo.newsroom import load_newsroom
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.model import Article, NewArticle
from syndicate.services import Services
from syndicate.settings import load_settings
from syndicate.store import Store, open_store
from syndicate.store.ingest import article_store, declared_sources, source_store
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from syndicate.store.subscribers import audience_store
from tests.empty_stores import write_empty_store
from tests.factories import NOW, add_unplaced, new_article

SITE = "https://news.example"
BASE = f"""
[site]
url = "{SITE}"
title = "The Newsroom"
[http]
allow_private = true
host_gap = 0
min_interval = "10m"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


class Room:
    """A newsroom in a folder. ``declare`` writes its configuration and brings the store up to date."""

    def __init__(self, folder: Path, store: Store, parsers: ParserPool | None) -> None:
        self.folder = folder
        self.store = store
        self._parsers = parsers
        self.services: Services
        self.declare("")

    def declare(self, text: str, *, base: str = BASE, now: datetime = NOW - timedelta(days=30)) -> None:
        """Take these declarations, as a restart with a changed file would."""
        self.close()
        file = self.folder / "config.toml"
        file.write_text(base + text, "utf-8")
        self.services = Services(load_settings(file, {}), self.store)
        # Costly to start and the same for everybody: each test process has one pool.
        self.services.__dict__["parsers"] = self._parsers
        with self.store.write() as connection:
            leases.ensure_secret(connection)
            declared_sources.sync_sources(connection, self.services.sources, now)
            newsletter_store.sync_newsletters(connection, self.services.newsletters, now)

    def close(self) -> None:
        """End the fetch thread and rendering; the store and the parsers belong to the test."""
        opened = self.services.__dict__ if "services" in self.__dict__ else {}
        for name in {"fetcher", "templates"} & opened.keys():
            opened[name].close()

    def ingest(self, now: datetime = NOW, names: Sequence[str] | None = None) -> dict[str, SourceOutcome]:
        """Read what is due; the outcomes by source."""
        return {one.name: one for one in self.services.ingest.run(now, names=names).sources}

    def add(self, *articles: NewArticle, source: str = "harbour") -> list[int]:
        """Store articles as the ingest job would."""
        with self.store.write() as connection:
            ids = {one.name: one.id for one in source_store.list_sources(connection)}
            return add_unplaced(connection, ids[source], articles)

    def subscribe(self, *addresses: str, newsletter: str = "daily") -> None:
        """Confirmed subscribers."""
        with self.store.write() as connection:
            for address in addresses:
                audience_store.add_subscription(
                    connection,
                    address=address,
                    address_key=address,
                    name="",
                    language="",
                    newsletter=newsletter,
                    evidence="a signed form",
                    now=NOW - timedelta(days=30),
                )

    def articles(self) -> dict[str, Article]:
        """Every article by its title."""
        with self.store.read() as connection:
            found = article_store.get_articles(connection, range(1, 500))
        return {article.title: article for article in found.values()}


@contextmanager
def opened_room(folder: Path, parsers: ParserPool | None = None) -> Iterator[Room]:
    """Another newsroom, in a folder of its own, with or without the means to read feeds."""
    store = open_store(write_empty_store(folder))
    room = Room(folder, store, parsers)
    try:
        yield room
    finally:
        room.close()
        store.dispose()


def source(name: str, url: str, **more: str) -> str:
    """The lines that declare a source."""
    lines = [f'name = "{name}"', f'url = "{url}"', *(f"{key} = {value}" for key, value in more.items())]
    return "[[sources]]\n" + "\n".join(lines) + "\n"


def rss(*items: Mapping[str, str], title: str = "Harbour News") -> bytes:
    """An RSS feed; each item is a mapping of element to text."""
    written = "".join(
        "<item>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in item.items()) + "</item>"
        for item in items
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>https://harbour.example/</link><description>x</description>{written}</channel></rss>"
    ).encode()


def item(number: int, title: str = "", **more: str) -> dict[str, str]:
    """An item of a feed, one hour older for each number."""
    return {
        "title": title or f"Title {number}",
        "guid": f"guid-{number}",
        "link": f"https://harbour.example/{number}",
        "pubDate": format_datetime(NOW - timedelta(hours=number)),
        "description": f"What happened in number {number}.",
        **more,
    }


def newsroom_articles() -> list[tuple[str, NewArticle]]:
    """The bundled newsroom's texts as (source, article), oldest first."""
    found: list[tuple[float, str, dict[str, Any]]] = []
    for paper in load_newsroom():
        for piece in paper.pieces:
            facts = {
                "url": f"https://{paper.slug}.example/{piece.slug}",
                "title": piece.title,
                "text": " ".join(piece.paragraphs),
                "summary": piece.lead,
                "language": paper.language,
                "section": piece.section or paper.section,
                "tags": piece.tags,
            }
            found.append((piece.hours, paper.slug, facts))
    return [
        (slug, new_article(number, **facts, **_times(hours)))
        for number, (hours, slug, facts) in enumerate(sorted(found, key=lambda one: -one[0]), start=1)
    ]


def _times(hours: float) -> dict[str, datetime]:
    moment = NOW - timedelta(hours=hours)
    return {"published": moment, "updated": moment, "first_seen": moment}
