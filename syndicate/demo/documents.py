"""Parts that all documents of a publication share: URLs, times and texts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.newsroom import Piece, Publication


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
