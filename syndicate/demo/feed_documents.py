"""Documents of the demo's publications: feeds (RSS 2.0, RSS 1.0, Atom 1.0, JSON Feed 1.1) and pages.

Does not use the program's own feed writers, so that the demo reads feeds of another writer.
"""

import json
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, PackageLoader

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.documents import DemoSite, html_text, short_text, tags_of
from syndicate.demo.newsroom import Piece, Publication

_CONTENT_TYPES = {
    "rss": "application/rss+xml",
    "rdf": "application/rdf+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


def feed_document(site: DemoSite, paper: Publication) -> tuple[bytes, str]:
    """Return a publication's feed and its content type."""
    is_json = paper.format == "json"
    data = _json(site, paper) if is_json else _render(f"{paper.format}.xml", site=site, paper=paper)
    if paper.truncated:
        data = data[: data.rindex(b"<description>") + 60]
    return data, f"{_CONTENT_TYPES[paper.format]}; charset=utf-8"


def front_page(site: DemoSite, paper: Publication) -> bytes:
    """Return the page with a publication's headlines."""
    return _render("page.html", site=site, paper=paper, piece=None)


def article_page(site: DemoSite, paper: Publication, piece: Piece) -> bytes:
    """Return the page of an article, the target of links in feeds, pages and mail."""
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


def _json(site: DemoSite, paper: Publication) -> bytes:
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
