"""The kinds of files that are served. What is not listed here does not exist for the outside."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedType:
    """Response headers of one kind of file.

    ``feed`` files may be read by scripts of other sites and stay fresh as long as feeds do;
    ``styled`` files are shown by browsers with their own style sheet, if they come as plain XML.
    """

    content_type: str
    feed: bool = False
    styled: bool = False
    text: bool = True


_KINDS = {
    ".rss": ServedType(content_type="application/rss+xml; charset=utf-8", feed=True, styled=True),
    ".atom": ServedType(content_type="application/atom+xml; charset=utf-8", feed=True, styled=True),
    ".json": ServedType(content_type="application/feed+json", feed=True),
    ".opml": ServedType(content_type="text/x-opml; charset=utf-8", feed=True),
    ".xml": ServedType(content_type="application/xml; charset=utf-8", feed=True),
    ".html": ServedType(content_type="text/html; charset=utf-8"),
    ".css": ServedType(content_type="text/css; charset=utf-8"),
    ".js": ServedType(content_type="text/javascript; charset=utf-8"),
    ".txt": ServedType(content_type="text/plain; charset=utf-8"),
    ".svg": ServedType(content_type="image/svg+xml"),
    ".png": ServedType(content_type="image/png", text=False),
    ".jpg": ServedType(content_type="image/jpeg", text=False),
    ".webp": ServedType(content_type="image/webp", text=False),
    ".ico": ServedType(content_type="image/x-icon", text=False),
}


def served_type_of(name: str) -> ServedType | None:
    """Return how a file of this name is sent, or ``None`` when it is not."""
    return _KINDS.get(PurePosixPath(name).suffix)
