"""Pages of the demo's publications, the targets of links in feeds, pages and mail."""

from html import escape

from syndicate.demo.documents import DemoSite, html_text, text_if
from syndicate.demo.newsroom import Piece, Publication

_STYLE = """\
<style>
body { font: 1.1rem/1.6 Georgia, serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fdfcfa }
header { font-weight: bold; letter-spacing: .04em; border-bottom: 3px double #999; padding-bottom: .5rem }
header a { color: inherit; text-decoration: none }
h1 { line-height: 1.2 }
.facts { color: #666; font-size: .9rem }
img { max-width: 100%; height: auto }
</style>
"""


def article_page(site: DemoSite, paper: Publication, piece: Piece) -> bytes:
    """Return the page of an article."""
    facts = f"{site.time_ago(piece.hours):%d %B %Y, %H:%M} UTC"
    body = (
        f"<h1>{escape(piece.title)}</h1>\n"
        f"<p class=facts>{text_if(piece.author, escape(piece.author) + ' · ')}{facts}</p>\n"
        f"{site.figure(paper, piece)}{html_text(piece)}"
    )
    return _page(paper, f"{piece.title} – {paper.title}", body)


def front_page(site: DemoSite, paper: Publication) -> bytes:
    """Return the page with a publication's headlines."""
    items = "".join(
        f'<li><a href="{site.link(paper, piece)}">{escape(piece.title)}</a></li>\n' for piece in paper.pieces
    )
    body = f"<p class=facts>{escape(paper.description)}</p>\n<ul>\n{items}</ul>\n"
    return _page(paper, paper.title, body)


def _page(paper: Publication, title: str, body: str) -> bytes:
    direction = "rtl" if paper.language == "ar" else "ltr"
    return (
        f'<!doctype html>\n<html lang="{paper.language}" dir="{direction}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{_STYLE}"
        f'<header><a href="/{paper.slug}/">{escape(paper.title)}</a></header>\n<main>\n{body}</main>\n'
    ).encode()
