"""Publications as feeds: RSS 2.0, RSS 1.0, Atom 1.0 and JSON Feed 1.1.

Does not use the program's own feed writers, so that the demo reads feeds of another writer.
"""

import json
from email.utils import format_datetime
from html import escape

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.documents import DemoSite, html_text, short_text, tags_of, text_if
from syndicate.demo.newsroom import Piece, Publication

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def feed_document(site: DemoSite, paper: Publication) -> tuple[bytes, str]:
    """Return a publication's feed and its content type."""
    write, content_type = _WRITERS[paper.format]
    data = write(site, paper).encode()
    if paper.truncated:
        data = data[: data.rindex(b"<description>") + 60]
    return data, f"{content_type}; charset=utf-8"


def _rss(site: DemoSite, paper: Publication) -> str:
    items = "".join(_rss_item(site, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>{escape(paper.title)}</title>\n<link>{site.home(paper)}</link>\n"
        f"<description>{escape(paper.description)}</description>\n<language>{paper.language}</language>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{site.feed(paper)}"/>\n'
        f"{items}</channel>\n</rss>\n"
    )


def _rss_item(site: DemoSite, paper: Publication, piece: Piece) -> str:
    kind = text_if(piece.guid, ' isPermaLink="false"')
    return (
        f"<item>\n<title>{escape(piece.title)}</title>\n"
        f"<link>{escape(site.tracked(paper, piece))}</link>\n"
        f"<guid{kind}>{escape(piece.guid or site.link(paper, piece))}</guid>\n"
        f"<pubDate>{format_datetime(site.time_ago(piece.hours))}</pubDate>\n"
        + text_if(piece.updated, f"<atom:updated>{site.changed(piece).isoformat()}</atom:updated>\n")
        + text_if(piece.author, f"<dc:creator>{escape(piece.author)}</dc:creator>\n")
        + "".join(f"<category>{escape(tag)}</category>\n" for tag in tags_of(paper, piece))
        + _media(site, paper, piece)
        + f"<description>{escape(short_text(paper, piece))}</description>\n"
        + text_if(paper.full_text, _encoded(html_text(piece)))
        + "</item>\n"
    )


def _rdf(site: DemoSite, paper: Publication) -> str:
    links = [escape(site.tracked(paper, piece)) for piece in paper.pieces]
    sequence = "".join(f'<rdf:li rdf:resource="{link}"/>' for link in links)
    items = "".join(_rdf_item(site, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<rdf:RDF xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/">\n'
        f'<channel rdf:about="{site.feed(paper)}">\n<title>{escape(paper.title)}</title>\n'
        f"<link>{site.home(paper)}</link>\n<description>{escape(paper.description)}</description>\n"
        f"<dc:language>{paper.language}</dc:language>\n"
        f"<items><rdf:Seq>{sequence}</rdf:Seq></items>\n</channel>\n{items}</rdf:RDF>\n"
    )


def _rdf_item(site: DemoSite, paper: Publication, piece: Piece) -> str:
    link = escape(site.tracked(paper, piece))
    return (
        f'<item rdf:about="{link}">\n<title>{escape(piece.title)}</title>\n<link>{link}</link>\n'
        f"<dc:date>{site.time_ago(piece.hours).isoformat()}</dc:date>\n"
        + text_if(piece.author, f"<dc:creator>{escape(piece.author)}</dc:creator>\n")
        + "".join(f"<dc:subject>{escape(tag)}</dc:subject>\n" for tag in tags_of(paper, piece))
        + f"<description>{escape(short_text(paper, piece))}</description>\n"
        + _encoded(site.figure(paper, piece) + html_text(piece))
        + "</item>\n"
    )


def _atom(site: DemoSite, paper: Publication) -> str:
    latest = max(site.changed(piece) for piece in paper.pieces)
    entries = "".join(_atom_entry(site, paper, piece) for piece in paper.pieces)
    return (
        f'{_DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom"'
        f' xmlns:media="http://search.yahoo.com/mrss/" xml:lang="{paper.language}">\n'
        f"<title>{escape(paper.title)}</title>\n<subtitle>{escape(paper.description)}</subtitle>\n"
        f"<id>tag:{paper.slug}.example,2026:news</id>\n"
        f'<link rel="alternate" href="{site.home(paper)}"/>\n'
        f'<link rel="self" href="{site.feed(paper)}"/>\n'
        f"<updated>{latest.isoformat()}</updated>\n{entries}</feed>\n"
    )


def _atom_entry(site: DemoSite, paper: Publication, piece: Piece) -> str:
    guid = piece.guid or f"tag:{paper.slug}.example,2026:{piece.slug}"
    return (
        f'<entry>\n<title type="text">{escape(piece.title)}</title>\n<id>{escape(guid)}</id>\n'
        f'<link rel="alternate" href="{escape(site.tracked(paper, piece))}"/>\n'
        f"<published>{site.time_ago(piece.hours).isoformat()}</published>\n"
        f"<updated>{site.changed(piece).isoformat()}</updated>\n"
        + text_if(piece.author, f"<author><name>{escape(piece.author)}</name></author>\n")
        + "".join(f'<category term="{escape(tag)}"/>\n' for tag in tags_of(paper, piece))
        + _media(site, paper, piece)
        + f'<summary type="text">{escape(short_text(paper, piece))}</summary>\n'
        + text_if(paper.full_text, f'<content type="html">{escape(html_text(piece))}</content>\n')
        + "</entry>\n"
    )


def _json(site: DemoSite, paper: Publication) -> str:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": paper.title,
        "description": paper.description,
        "home_page_url": site.home(paper),
        "feed_url": site.feed(paper),
        "language": paper.language,
        "items": [_json_item(site, paper, piece) for piece in paper.pieces],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


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


def _media(site: DemoSite, paper: Publication, piece: Piece) -> str:
    """Return the image as Media RSS, which Atom feeds use too."""
    return text_if(
        piece.image,
        f'<media:content url="{site.image(paper, piece)}" medium="image" type="image/png"'
        f' width="{WIDTH}" height="{HEIGHT}">'
        f'<media:description type="plain">{escape(piece.image)}</media:description></media:content>\n',
    )


def _encoded(html: str) -> str:
    return f"<content:encoded><![CDATA[{html}]]></content:encoded>\n"


_WRITERS = {
    "rss": (_rss, "application/rss+xml"),
    "rdf": (_rdf, "application/rdf+xml"),
    "atom": (_atom, "application/atom+xml"),
    "json": (_json, "application/feed+json"),
}
