"""Published files behind the web server: files by request path, with their bytes, ETag and date."""

import hashlib
import html
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, urljoin

from isal import igzip

from syndicate.published_files import PublishedFiles, Version
from syndicate.served_types import ServedType, served_type_of

# Bytes; gzip of smaller files saves less than a packet.
_MIN_GZIP_BYTES = 1024
# Level 2 costs a twentieth of zlib's default at 16 % more bytes (measured).
_GZIP_LEVEL = 2
_MAX_KNOWN = 8192
# First lines of a page at an old address, as ``publish`` writes them.
_MOVED = re.compile(
    rb'<!DOCTYPE html>\n<meta charset="utf-8">\n'
    rb'<meta http-equiv="refresh" content="0; url=([^"<>\s]+)">\n<link rel="canonical" href="'
)
_MAX_MOVED_BYTES = 2048

# A path, the version of its file, and whether it is compressed.
Key = tuple[str, Version, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """Representation of a file. ``modified`` is in seconds since 1970; ``etag`` has its quotes.

    ``validators`` are the headers of both. ``location`` is the path to which a page at an old address leads,
    ``""`` for other files.
    """

    kind: ServedType
    gzipped: bool
    etag: str
    modified: int
    key: Key
    location: str
    validators: tuple[tuple[bytes, bytes], ...]


class OutputFolder:
    """Thread-safe reader of served files with caches of their facts and of bodies, compressed or not."""

    def __init__(self, files: PublishedFiles, cache_bytes: int) -> None:
        self._files = files
        self._cache_bytes = cache_bytes
        self._known: OrderedDict[tuple[str, bool], ServedFile] = OrderedDict()
        self._bodies: OrderedDict[Key, bytes] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()

    def known(self, path: str, *, gzip: bool) -> ServedFile | None:
        """Return the representation of an unchanged file found before, at the price of one ``stat``.

        ``stat`` follows links, so a link that now leads elsewhere gives ``None`` as a changed file does.
        """
        served = self._known.get((path, gzip))
        if served is None:
            return None
        name, version, _ = served.key
        return served if self._files.version(name, wait=False) == version else None

    def find(self, path: str, *, gzip: bool) -> ServedFile | None:
        """Return the representation of a request path's file, ``None`` if none is served.

        A path that ends with a slash stands for the folder's ``index.html``. Hidden and temporary files, and
        files outside the folder, are not served. Raises ``FileChanged``, or another ``OSError``.
        """
        if served := self.known(path, gzip=gzip):
            return served
        name = f"{path}index.html".removeprefix("/") if path.endswith("/") else path.removeprefix("/")
        kind = served_type_of(name)
        version = self._files.version(name) if kind and _is_servable(path) else None
        if kind is None or version is None:
            return None
        served = self._describe(path, kind, name, version, gzip=gzip)
        with self._lock:
            self._known[path, gzip] = served
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return served

    def cached_body(self, served: ServedFile) -> bytes | None:
        """Return the bytes to send if they are in memory."""
        with self._lock:
            body = self._bodies.get(served.key)
            if body is not None:
                self._bodies.move_to_end(served.key)
            return body

    def read(self, served: ServedFile) -> bytes:
        """Return the bytes to send. Raises ``FileChanged``, or another ``OSError``."""
        body = self.cached_body(served)
        name, version, _ = served.key
        return self._keep(served.key, self._files.read_version(name, version)) if body is None else body

    def _describe(
        self, path: str, kind: ServedType, name: str, version: Version, *, gzip: bool
    ) -> ServedFile:
        content = self._files.read_version(name, version)
        key = name, version, gzip and kind.text and len(content) >= _MIN_GZIP_BYTES
        location = _new_location(path, content) if kind.content_type.startswith("text/html") else ""
        etag = f'"{hashlib.sha256(self._keep(key, content)).hexdigest()[:32]}"'
        modified = version[1] // 1_000_000_000
        date = formatdate(modified, usegmt=True)
        return ServedFile(
            kind=kind,
            gzipped=key[-1],
            etag=etag,
            modified=modified,
            key=key,
            location=location,
            validators=((b"etag", etag.encode()), (b"last-modified", date.encode())),
        )

    def _keep(self, key: Key, content: bytes) -> bytes:
        """Return the body of a representation, and keep it up to the limit of the cache."""
        body = gzip_body(content) if key[-1] else content
        with self._lock:
            if len(body) <= self._cache_bytes and key not in self._bodies:
                self._bodies[key] = body
                self._cached_bytes += len(body)
                while self._cached_bytes > self._cache_bytes:
                    self._cached_bytes -= len(self._bodies.popitem(last=False)[1])
        return body


def gzip_body(body: bytes) -> bytes:
    """Compress a body; equal bodies give equal bytes."""
    return bytes(igzip.compress(body, _GZIP_LEVEL, mtime=0))


def _new_location(path: str, content: bytes) -> str:
    """Return the path on this server to which a page at an old address leads, ``""`` for other pages."""
    moved = _MOVED.match(content) if len(content) < _MAX_MOVED_BYTES else None
    if moved is None:
        return ""
    location = urljoin(quote(path), html.unescape(moved[1].decode("utf-8", "replace")))
    return location if location.startswith("/") and not location.startswith("//") else ""


def _is_servable(path: str) -> bool:
    """Return false for empty, hidden, temporary and unprintable names, and for ``..``.

    ``/.well-known/`` is the only hidden folder that is served (RFC 8615).
    """
    if not path.startswith("/") or "\\" in path or not path.isprintable():
        return False
    names = path.removeprefix("/.well-known/").strip("/").split("/")
    return "//" not in path and not any(name.startswith(".") or name.endswith(".tmp") for name in names)
