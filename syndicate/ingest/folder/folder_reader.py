"""Find and read the files of a local folder of articles; a worker process parses them.

Hidden files and folders are ignored. Parsing is ``file_parser``, which this module does not import: its
libraries take a tenth of a second and 10 MB.
"""

import os
import stat
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from syndicate.errors import FetchError, ParseError, ParserClosed
from syndicate.model import Entry, ParsedSource
from syndicate.text.plain import clean_line

MAX_FILES = 10_000
MAX_FILE_BYTES = 5_000_000
MARKDOWN = frozenset({".md", ".markdown"})
HTML = frozenset({".html", ".htm"})
TEXT = frozenset({".txt"})

_SAFELY = os.O_NONBLOCK | os.O_NOFOLLOW
ReadFile = Callable[[str, bytes, str], Entry]
"""Converts a file's path in the folder, its bytes and their hash to an entry; raises ``ParseError``."""


def read_folder(folder: Path, *, known: frozenset[str], read: ReadFile) -> ParsedSource:
    """Read the articles of a folder and its subfolders, in the order of their paths.

    Files with a hash (of path and bytes) in ``known`` are listed but not read. ``read`` parses the other
    files (``parse_file`` in a worker process). Unreadable files are in ``refused``: over 5 MB, a link out of
    the folder, invalid front matter, no permission. Raises ``FetchError`` if the folder itself is unreadable,
    and ``ParserClosed`` if the program ends.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise FetchError(f"{folder} is not a folder; check the source's address")
    paths = sorted(_articles(root))
    warnings: tuple[str, ...] = ()
    if len(paths) > MAX_FILES:
        warnings = (f"the folder has {len(paths):,} articles; only the first {MAX_FILES:,} are read",)
    entries: list[Entry] = []
    item_hashes: list[str] = []
    refused: list[tuple[str, str]] = []
    for path in paths[:MAX_FILES]:
        name = path.relative_to(root).as_posix()
        item_hash = _item_hash(name, b"")
        try:
            data = _bytes(path, root)
            item_hash = _item_hash(name, data)
            if item_hash not in known:
                entries.append(read(name, data, item_hash))
        except ParserClosed:
            # The program ends: the file is not at fault.
            raise
        except ParseError as error:
            refused.append((item_hash, f"{clean_line(name)}: {error}"))
        item_hashes.append(item_hash)
    return ParsedSource(
        entries=tuple(entries), item_hashes=tuple(item_hashes), warnings=warnings, refused=tuple(refused)
    )


def _articles(root: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        if Path(error.filename) == root:
            raise FetchError(f"cannot read the folder {root}: {error.strerror}") from error

    for folder, folders, files in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in MARKDOWN | HTML | TEXT:
                yield Path(folder, name)


def _bytes(path: Path, root: Path) -> bytes:
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            raise ParseError("a link that leads out of the folder")
        # Checking the open file avoids a race with replacements; non-blocking, so that no pipe blocks.
        with open(target, "rb", opener=lambda name, flags: os.open(name, flags | _SAFELY)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ParseError("not a regular file")
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:
        raise ParseError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ParseError(f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
    return data


def _item_hash(name: str, data: bytes) -> str:
    return blake2b(os.fsencode(name) + b"\0" + data, digest_size=16).hexdigest()
