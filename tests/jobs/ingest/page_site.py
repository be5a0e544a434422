"""A site with feeds, sitemaps, lists and pages on a server on loopback."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from syndicate.jobs.ingest.pages_job import PagesResult
from syndicate.model import ArticleBody
from syndicate.store.ingest import article_store, page_store
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer

HOUR = timedelta(hours=1)
DAY = timedelta(hours=27)
HTML = {"Content_Type": "text/html; charset=utf-8"}


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""


BASE = """
[site]
url = "https://news.example"
title = "The Newsroom"
[http]
allow_private = true
host_gap = 0
min_interval = "10m"
"""


def story(sentences: int) -> str:
    """So many different sentences, each with the harbour master in it."""
    return "".join(
        f"On day {n} the harbour master said that the barrier at the mouth of the river had closed at four. "
        for n in range(sentences)
    )


TEXT = story(30)


def page(title: str = "The barrier closes", *, text: str = TEXT, head: str = "", **fields: str) -> bytes:
    return answer(200, markup(title, text, head).encode(), **{**HTML, **fields})


def markup(title: str, text: str = TEXT, head: str = "") -> str:
    paragraphs = "".join(f"<p>{part}.</p>" for part in text.split(". ") if part.strip())
    return (
        f'<html lang="en"><head><title>{title} | The Harbour</title>'
        f'<meta property="og:title" content="{title}"><meta property="og:type" content="article">{head}'
        f"</head><body><nav><a href='/'>Home</a></nav><article><h1>{title}</h1>{paragraphs}</article>"
        "<footer>Copyright</footer></body></html>"
    )


def urlset(*rows: str) -> bytes:
    names = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    )
    return f"<urlset {names}>{''.join(f'<url>{row}</url>' for row in rows)}</urlset>".encode()


def row(url: str, age: timedelta | None = None, *, title: str = "") -> str:
    moment = (NOW - age).isoformat() if age is not None else ""
    news = (
        f"<news:news><news:publication><news:name>H</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>{moment}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news>"
    )
    return f"<loc>{url}</loc>" + (news if title else f"<lastmod>{moment}</lastmod>" if moment else "")


class Site:
    """A server whose answers are filled in once its port is known; ``{site}`` stands for its address."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.server = ScriptedServer({"/robots.txt": answer(404, b"no")})
        self.server.__enter__()

    def url(self, path: str) -> str:
        return self.server.url(path)

    def answers(self, answers: Mapping[str, Answer]) -> None:
        self.server.answers.update(answers)

    def declare(self, path: str, pages: str = "", **keys: str) -> None:
        text = source("harbour", self.url(path), **keys)
        self.room.declare(f"[pages]\n{pages}\n{text}", base=BASE)

    def read(self, now: datetime = NOW) -> PagesResult:
        self.room.services.sitemap_parts.run(now)
        return self.room.services.pages.run(now)

    def asked(self, prefix: str = "/") -> list[str]:
        return [request.path for request in self.server.asked if request.path.startswith(prefix)]

    def bodies(self) -> dict[str, ArticleBody]:
        found = self.room.articles()
        with self.room.store.read() as connection:
            bodies = article_store.get_bodies(connection, [article.id for article in found.values()])
        return {title: bodies[article.id] for title, article in found.items()}

    def states(self) -> dict[str, int]:
        with self.room.store.read() as connection:
            return page_store.count_pages(connection)

    def reasons(self) -> list[str]:
        with self.room.store.read() as connection:
            return [reason for reason, _ in page_store.refused_pages(connection, limit=9)]


def site_of(room: Room):
    site = Site(room)
    yield site
    room.close()
    site.server.__exit__(None, None, None)


def feed(site: Site, *items: dict[str, str], **fields: str) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", **fields)


def linked(site: Site, number: int, **more: str) -> dict[str, str]:
    return item(number, link=site.url(f"/news/{number}"), **more)
