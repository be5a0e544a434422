"""Publications as feeds: RSS 2.0, RSS 1.0, Atom 1.0 and JSON Feed 1.1.

Written by hand, not with the program's own feed writers: what it reads must not be what it wrote.
"""

import json
from email.utils import format_datetime
from html import escape

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.documents import DemoPress, html_text, short_text, tags_of, when
from syndicate.demo.newsroom import Piece, Publication

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def feed_document(press: DemoPress, paper: Publication) -> tuple[bytes, str]:
    """A publication's feed and its content type."""
    write, content_type = _WRITERS[paper.format]
    data = write(press, paper).encode()
    if paper.truncated:
        data = data[: data.rindex(b"<description>") + 60]
    return data, f"{content_type}; charset=utf-8"


def _rss(press: DemoPress, paper: Publication) -> str:
    items = "".join(_rss_item(press, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>{escape(paper.title)}</title>\n<link>{press.home(paper)}</link>\n"
        f"<description>{escape(paper.description)}</description>\n<language>{paper.language}</language>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{press.feed(paper)}"/>\n'
        f"{items}</channel>\n</rss>\n"
    )


def _rss_item(press: DemoPress, paper: Publication, piece: Piece) -> str:
    kind = when(piece.guid, ' isPermaLink="false"')
    return (
        f"<item>\n<title>{escape(piece.title)}</title>\n"
        f"<link>{escape(press.tracked(paper, piece))}</link>\n"
        f"<guid{kind}>{escape(piece.guid or press.link(paper, piece))}</guid>\n"
        f"<pubDate>{format_datetime(press.moment(piece.hours))}</pubDate>\n"
        + when(piece.updated, f"<atom:updated>{press.changed(piece).isoformat()}</atom:updated>\n")
        + when(piece.author, f"<dc:creator>{escape(piece.author)}</dc:creator>\n")
        + "".join(f"<category>{escape(tag)}</category>\n" for tag in tags_of(paper, piece))
        + _media(press, paper, piece)
        + f"<description>{escape(short_text(paper, piece))}</description>\n"
        + when(paper.full_text, _encoded(html_text(piece)))
        + "</item>\n"
    )


def _rdf(press: DemoPress, paper: Publication) -> str:
    links = [escape(press.tracked(paper, piece)) for piece in paper.pieces]
    sequence = "".join(f'<rdf:li rdf:resource="{link}"/>' for link in links)
    items = "".join(_rdf_item(press, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<rdf:RDF xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/">\n'
        f'<channel rdf:about="{press.feed(paper)}">\n<title>{escape(paper.title)}</title>\n'
        f"<link>{press.home(paper)}</link>\n<description>{escape(paper.description)}</description>\n"
        f"<dc:language>{paper.language}</dc:language>\n"
        f"<items><rdf:Seq>{sequence}</rdf:Seq></items>\n</channel>\n{items}</rdf:RDF>\n"
    )


def _rdf_item(press: DemoPress, paper: Publication, piece: Piece) -> str:
    link = escape(press.tracked(paper, piece))
    return (
        f'<item rdf:about="{link}">\n<title>{escape(piece.title)}</title>\n<link>{link}</link>\n'
        f"<dc:date>{press.moment(piece.hours).isoformat()}</dc:date>\n"
        + when(piece.author, f"<dc:creator>{escape(piece.author)}</dc:creator>\n")
        + "".join(f"<dc:subject>{escape(tag)}</dc:subject>\n" for tag in tags_of(paper, piece))
        + f"<description>{escape(short_text(paper, piece))}</description>\n"
        + _encoded(press.figure(paper, piece) + html_text(piece))
        + "</item>\n"
    )


def _atom(press: DemoPress, paper: Publication) -> str:
    latest = max(press.changed(piece) for piece in paper.pieces)
    entries = "".join(_atom_entry(press, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom"'
        f' xmlns:media="http://search.yahoo.com/mrss/" xml:lang="{paper.language}">\n'
        f"<title>{escape(paper.title)}</title>\n<subtitle>{escape(paper.description)}</subtitle>\n"
        f"<id>tag:{paper.slug}.example,2026:news</id>\n"
        f'<link rel="alternate" href="{press.home(paper)}"/>\n'
        f'<link rel="self" href="{press.feed(paper)}"/>\n'
        f"<updated>{latest.isoformat()}</updated>\n{entries}</feed>\n"
    )


def _atom_entry(press: DemoPress, paper: Publication, piece: Piece) -> str:
    guid = piece.guid or f"tag:{paper.slug}.example,2026:{piece.slug}"
    return (
        f'<entry>\n<title type="text">{escape(piece.title)}</title>\n<id>{escape(guid)}</id>\n'
        f'<link rel="alternate" href="{escape(press.tracked(paper, piece))}"/>\n'
        f"<published>{press.moment(piece.hours).isoformat()}</published>\n"
        f"<updated>{press.changed(piece).isoformat()}</updated>\n"
        + when(piece.author, f"<author><name>{escape(piece.author)}</name></author>\n")
        + "".join(f'<category term="{escape(tag)}"/>\n' for tag in tags_of(paper, piece))
        + _media(press, paper, piece)
        + f'<summary type="text">{escape(short_text(paper, piece))}</summary>\n'
        + when(paper.full_text, f'<content type="html">{escape(html_text(piece))}</content>\n')
        + "</entry>\n"
    )


def _json(press: DemoPress, paper: Publication) -> str:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": paper.title,
        "description": paper.description,
        "home_page_url": press.home(paper),
        "feed_url": press.feed(paper),
        "language": paper.language,
        "items": [_json_item(press, paper, piece) for piece in paper.pieces],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _json_item(press: DemoPress, paper: Publication, piece: Piece) -> dict[str, object]:
    item: dict[str, object] = {
        "id": piece.guid or press.link(paper, piece),
        "url": press.tracked(paper, piece),
        "title": piece.title,
        "summary": short_text(paper, piece),
        "content_html": press.figure(paper, piece) + html_text(piece),
        "date_published": press.moment(piece.hours).isoformat(),
        "date_modified": press.changed(piece).isoformat(),
        "tags": list(tags_of(paper, piece)),
    }
    if piece.author:
        item["authors"] = [{"name": piece.author}]
    if piece.picture:
        item["image"] = press.picture(paper, piece)
    return item


def _media(press: DemoPress, paper: Publication, piece: Piece) -> str:
    """The picture in Media RSS, which also Atom feeds use."""
    return when(
        piece.picture,
        f'<media:content url="{press.picture(paper, piece)}" medium="image" type="image/png"'
        f' width="{WIDTH}" height="{HEIGHT}">'
        f'<media:description type="plain">{escape(piece.picture)}</media:description></media:content>\n',
    )


def _encoded(html: str) -> str:
    return f"<content:encoded><![CDATA[{html}]]></content:encoded>\n"


_WRITERS = {
    "rss": (_rss, "application/rss+xml"),
    "rdf": (_rdf, "application/rdf+xml"),
    "atom": (_atom, "application/atom+xml"),
    "json": (_json, "application/feed+json"),
}
