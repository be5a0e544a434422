"""The invented publications, read from ``sources/*.toml``. Every time is in hours before "now".

One file is one publication; its text is the documentation. ``format`` is ``rss``, ``rdf`` (RSS 1.0),
``atom`` or ``json``. ``moved_from`` is an old address that redirects for good; ``truncated`` cuts the feed's
last item in half, as a full disk at the publisher's would.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One article of a publication. ``hours`` and ``updated`` count back from now."""

    slug: str
    title: str
    hours: float
    body: str
    summary: str = ""
    author: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    picture: str = ""
    updated: float | None = None
    guid: str = ""
    tracking: str = ""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The body, paragraph by paragraph, each on one line."""
        parts = self.body.strip().split("\n\n")
        return tuple(" ".join(part.split()) for part in parts)

    @property
    def lead(self) -> str:
        """Return what the feed shows in short: the summary, else the first paragraph."""
        return self.summary or self.paragraphs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An invented newspaper, agency or station with one feed."""

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
        """Return where the server has the feed."""
        return f"/{self.slug}/{self.feed}"

    @property
    def subscribed_path(self) -> str:
        """The address readers know, which may be the old one."""
        return f"/{self.slug}/{self.moved_from or self.feed}"


def load_newsroom() -> tuple[Publication, ...]:
    """Every publication, by file name."""
    folder = files("syndicate.demo") / "sources"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(
        _publication(name.removesuffix(".toml"), (folder / name).read_text("utf-8")) for name in names
    )


def desk_files() -> Iterator[tuple[str, str]]:
    """Name and text of the files of the local folder; times in them are still open (see ``place``)."""
    folder: Traversable = files("syndicate.demo") / "sources" / "our-desk"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        yield file.name, file.read_text("utf-8")


def _publication(slug: str, text: str) -> Publication:
    data = tomllib.loads(text)
    pieces = tuple(_piece(piece) for piece in data.pop("articles"))
    return Publication(slug=slug, pieces=pieces, **data)


def _piece(data: dict[str, Any]) -> Piece:
    return Piece(**{**data, "tags": tuple(data.get("tags", ()))})
