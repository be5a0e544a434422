"""Types of the published files: the web server and object storage send them with the same headers."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedType:
    """Response headers of a file type; browsers style ``styled`` files if they come as plain XML."""

    content_type: str
    feed: bool = False
    styled: bool = False
    text: bool = True

    @property
    def vary(self) -> str:
        """Request headers on which the response depends; a text may come as gzip."""
        return "Accept, Sec-Fetch-Dest, Accept-Encoding" if self.styled else "Accept-Encoding"


PAGE_MAX_AGE, FEED_MAX_AGE = 300, 900
"""Seconds for which caches use a page and a feed without asking."""

SERVED_TYPES = {
    ".rss": ServedType(content_type="application/rss+xml; charset=utf-8", feed=True, styled=True),
    ".atom": ServedType(content_type="application/atom+xml; charset=utf-8", feed=True, styled=True),
    ".json": ServedType(content_type="application/feed+json", feed=True),
    ".opml": ServedType(content_type="text/x-opml; charset=utf-8", feed=True),
    ".xml": ServedType(content_type="application/xml; charset=utf-8", feed=True),
    ".html": ServedType(content_type="text/html; charset=utf-8"),
    ".css": ServedType(content_type="text/css; charset=utf-8"),
    ".js": ServedType(content_type="text/javascript; charset=utf-8"),
    ".txt": ServedType(content_type="text/plain; charset=utf-8"),
    ".webmanifest": ServedType(content_type="application/manifest+json"),
    ".svg": ServedType(content_type="image/svg+xml"),
    ".png": ServedType(content_type="image/png", text=False),
    ".jpg": ServedType(content_type="image/jpeg", text=False),
    ".webp": ServedType(content_type="image/webp", text=False),
    ".ico": ServedType(content_type="image/x-icon", text=False),
}


def cache_control(
    kind: ServedType, page_max_age: int = PAGE_MAX_AGE, feed_max_age: int = FEED_MAX_AGE
) -> str:
    """Return the header ``Cache-Control`` of a type.

    Caches may send an old file while they ask for a new file, and for a day if the server fails.
    """
    age = feed_max_age if kind.feed else page_max_age
    return f"public, max-age={age}, stale-while-revalidate=3600, stale-if-error=86400"


def served_type_of(name: str) -> ServedType | None:
    """Return the type of a file by its suffix, ``None`` if it is not served."""
    return SERVED_TYPES.get(PurePosixPath(name).suffix)
