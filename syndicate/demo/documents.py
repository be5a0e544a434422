"""Common parts of a publication's documents: addresses, times, texts as the publisher shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from syndicate.demo.demo_images import HEIGHT, WIDTH
from syndicate.demo.newsroom import Piece, Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPress:
    """The newsroom at one address (``base``, without a slash at the end) and one moment."""

    base: str
    now: datetime

    def moment(self, hours: float) -> datetime:
        """So many hours ago, in whole seconds."""
        return (self.now - timedelta(hours=hours)).replace(microsecond=0)

    def changed(self, piece: Piece) -> datetime:
        """Return when a piece last changed."""
        return self.moment(piece.hours if piece.updated is None else piece.updated)

    def home(self, paper: Publication) -> str:
        """The publication's front page."""
        return f"{self.base}/{paper.slug}/"

    def feed(self, paper: Publication) -> str:
        """The address the feed calls its own."""
        return f"{self.base}{paper.feed_path}"

    def link(self, paper: Publication, piece: Piece) -> str:
        """The clean address of a piece."""
        return f"{self.base}/{paper.slug}/{piece.slug}.html"

    def tracked(self, paper: Publication, piece: Piece) -> str:
        """The address as the publisher's feed gives it: some add parameters that watch readers."""
        return self.link(paper, piece) + when(piece.tracking, f"?{piece.tracking}")

    def picture(self, paper: Publication, piece: Piece) -> str:
        """The address of a piece's picture."""
        return f"{self.base}/{paper.slug}/{piece.slug}.png"

    def figure(self, paper: Publication, piece: Piece) -> str:
        """The picture as HTML, ``""`` when there is none."""
        image = f'<img src="{self.picture(paper, piece)}" width="{WIDTH}" height="{HEIGHT}"'
        return when(piece.picture, f'<p>{image} alt="{escape(piece.picture)}"></p>\n')


def when(condition: object, text: str) -> str:
    """The text when there is a reason for it, else ``""``."""
    return text if condition else ""


def tags_of(paper: Publication, piece: Piece) -> tuple[str, ...]:
    """Section first, then the piece's own tags, each once."""
    section = piece.section or paper.section
    return tuple(dict.fromkeys((section, *piece.tags) if section else piece.tags))


def short_text(paper: Publication, piece: Piece) -> str:
    """Return the short text of an item: the whole text in feeds that have no other place for it."""
    has_whole_text = paper.full_text or paper.format in ("rdf", "json")
    return piece.lead if has_whole_text or piece.summary else " ".join(piece.paragraphs)


def html_text(piece: Piece) -> str:
    """The body as HTML."""
    return "".join(f"<p>{escape(paragraph, quote=False)}</p>\n" for paragraph in piece.paragraphs)
