"""Invented publications of the demo, read from ``sources/*.toml``. Times are hours before now.

Each file is a publication. ``format`` is ``rss``, ``rdf`` (RSS 1.0), ``atom`` or ``json``. ``moved_from`` is
a former path that redirects permanently. ``truncated`` cuts the feed in its last item, as a full disk would.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Article of a publication. ``hours`` and ``updated`` are hours before now."""

    slug: str
    title: str
    hours: float
    body: str
    summary: str = ""
    author: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    image: str = ""
    updated: float | None = None
    guid: str = ""
    tracking: str = ""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """Paragraphs of the body, each on a single line."""
        parts = self.body.strip().split("\n\n")
        return tuple(" ".join(part.split()) for part in parts)

    @property
    def lead(self) -> str:
        """Short text of the feed: the summary, or the first paragraph."""
        return self.summary or self.paragraphs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Invented newspaper, agency or station with a feed."""

    slug: str
    name: str
    title: str
    description: str
    format: str
    feed: str
    pieces: tuple[Piece, ...]
    language: str = "en"
    section: str = ""
    moved_from: str = ""
    truncated: bool = False
    full_text: bool = False
    weight: float = 1.0

    @property
    def feed_path(self) -> str:
        """Path of the feed on the server."""
        return f"/{self.slug}/{self.feed}"

    @property
    def subscribed_path(self) -> str:
        """Path that subscribers use, which may be the former path."""
        return f"/{self.slug}/{self.moved_from or self.feed}"


def load_newsroom() -> tuple[Publication, ...]:
    """Return every publication, ordered by file name."""
    folder = files("syndicate.demo") / "sources"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(
        _publication(name.removesuffix(".toml"), (folder / name).read_text("utf-8")) for name in names
    )


def local_articles() -> Iterator[tuple[str, str]]:
    """Yield name and text of the local folder's files. ``demo_folder`` fills in their times."""
    folder: Traversable = files("syndicate.demo") / "sources" / "our-desk"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        yield file.name, file.read_text("utf-8")


def _publication(slug: str, text: str) -> Publication:
    data = tomllib.loads(text)
    pieces = tuple(Piece(**{**piece, "tags": tuple(piece.get("tags", ()))}) for piece in data.pop("articles"))
    return Publication(slug=slug, pieces=pieces, **data)
