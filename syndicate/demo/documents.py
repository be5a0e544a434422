"""Documents of the demo's publications: feeds (RSS 2.0, RSS 1.0, Atom 1.0, JSON Feed 1.1) and pages.

Does not use the program's own feed writers, so that the demo reads feeds of another writer.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape

from jinja2 import Environment, PackageLoader

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.newsroom import Piece, Publication

_CONTENT_TYPES = {
    "rss": "application/rss+xml",
    "rdf": "application/rdf+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """Site of the demo's publications at a time. ``base`` is its URL without a final slash."""

    base: str
    now: datetime

    def time_ago(self, hours: float) -> datetime:
        """Return the time ``hours`` ago, in whole seconds."""
        return (self.now - timedelta(hours=hours)).replace(microsecond=0)

    def changed(self, piece: Piece) -> datetime:
        """Return the time of a piece's last change."""
        return self.time_ago(piece.hours if piece.updated is None else piece.updated)

    def latest(self, paper: Publication) -> datetime:
        """Return the time of a publication's last change."""
        return max(map(self.changed, paper.pieces))

    def home(self, paper: Publication) -> str:
        """Return the URL of a publication's front page."""
        return f"{self.base}/{paper.slug}/"

    def feed(self, paper: Publication) -> str:
        """Return the URL of a publication's feed."""
        return f"{self.base}{paper.feed_path}"

    def link(self, paper: Publication, piece: Piece) -> str:
        """Return the URL of a piece without tracking parameters."""
        return f"{self.base}/{paper.slug}/{piece.slug}.html"

    def tracked(self, paper: Publication, piece: Piece) -> str:
        """Return the URL in the publication's feed, which may have tracking parameters."""
        return self.link(paper, piece) + (f"?{piece.tracking}" if piece.tracking else "")

    def image(self, paper: Publication, piece: Piece) -> str:
        """Return the URL of a piece's image."""
        return f"{self.base}/{paper.slug}/{piece.slug}.png"

    def figure(self, paper: Publication, piece: Piece) -> str:
        """Return the image as HTML, or ``""`` without an image."""
        image = f'<img src="{self.image(paper, piece)}" width="{WIDTH}" height="{HEIGHT}"'
        return f'<p>{image} alt="{escape(piece.image)}"></p>\n' if piece.image else ""


def tags_of(paper: Publication, piece: Piece) -> tuple[str, ...]:
    """Return the section and the piece's tags without duplicates."""
    section = piece.section or paper.section
    return tuple(dict.fromkeys((section, *piece.tags) if section else piece.tags))


def short_text(paper: Publication, piece: Piece) -> str:
    """Return an item's short text, or the whole text if the feed has no other element for it."""
    has_whole_text = paper.full_text or paper.format in ("rdf", "json")
    return piece.lead if has_whole_text or piece.summary else " ".join(piece.paragraphs)


def html_text(piece: Piece) -> str:
    """Return the body as HTML."""
    return "".join(f"<p>{escape(paragraph, quote=False)}</p>\n" for paragraph in piece.paragraphs)


def feed_document(site: DemoSite, paper: Publication) -> tuple[bytes, str]:
    """Return a publication's feed and its content type."""
    is_json = paper.format == "json"
    data = _json_feed(site, paper) if is_json else _render(f"{paper.format}.xml", site=site, paper=paper)
    if paper.truncated:
        data = data[: data.rindex(b"<description>") + 60]
    return data, f"{_CONTENT_TYPES[paper.format]}; charset=utf-8"


def web_page(site: DemoSite, paper: Publication, piece: Piece | None = None) -> bytes:
    """Return the page of an article, or without one the page with a publication's headlines."""
    return _render("page.html", site=site, paper=paper, piece=piece)


def _render(template: str, **context: object) -> bytes:
    return _environment().get_template(template).render(context).encode()


@cache
def _environment() -> Environment:
    loader = PackageLoader("syndicate.demo")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    functions = {"html_text": html_text, "short_text": short_text, "tags_of": tags_of}
    environment.globals |= functions | {"mail_date": format_datetime, "width": WIDTH, "height": HEIGHT}
    return environment


def _json_feed(site: DemoSite, paper: Publication) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": paper.title,
        "description": paper.description,
        "home_page_url": site.home(paper),
        "feed_url": site.feed(paper),
        "language": paper.language,
        "items": [_json_item(site, paper, piece) for piece in paper.pieces],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _json_item(site: DemoSite, paper: Publication, piece: Piece) -> dict[str, object]:
    item: dict[str, object] = {
        "id": piece.guid or site.link(paper, piece),
        "url": site.tracked(paper, piece),
        "title": piece.title,
        "summary": short_text(paper, piece),
        "content_html": site.figure(paper, piece) + html_text(piece),
        "date_published": site.time_ago(piece.hours).isoformat(),
        "date_modified": site.changed(piece).isoformat(),
        "tags": list(tags_of(paper, piece)),
    }
    if piece.author:
        item["authors"] = [{"name": piece.author}]
    if piece.image:
        item["image"] = site.image(paper, piece)
    return item
