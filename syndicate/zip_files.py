"""Read the files of a ZIP archive or a folder, or a single file, within limits and without unpacking to disk.

Names in an archive are only labels: an entry with ``..`` or an absolute path cannot reach a file outside.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from syndicate.errors import ParseError

MAX_FILES = 20_000
MAX_FILE_BYTES = 100_000_000
MAX_ALL_BYTES = 1_000_000_000
MAX_RATIO = 200
"""Unpacked bytes per packed byte, of files over ``RATIO_FROM`` bytes; real exports have 3 to 20."""
RATIO_FROM = 5_000_000
MAX_DIRECTORY_BYTES = 20_000_000
"""Size of an archive's list of entries, which is read whole (real exports: some 100 bytes a file)."""

_END = b"PK\x05\x06"
_SAFELY = os.O_NONBLOCK | os.O_NOFOLLOW


def read_files(path: Path, suffixes: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each file with one of these suffixes (such as ``.csv``), sorted by name.

    ``path`` is a ZIP archive, a folder or a file. Names are relative, with ``/``. Hidden files are left out.
    Raises ``ParseError`` for a path or an archive that is unreadable, encrypted, or beyond the limits.
    """
    try:
        if path.is_dir():
            found = _folder_files(path.resolve())
        elif zipfile.is_zipfile(path):
            yield from _archive_files(path, suffixes)
            return
        else:
            # The operator may name a link.
            found = {path.name: path.resolve()}
        for name in sorted(found):
            if _is_wanted(name, suffixes):
                yield name, _bytes(found[name])
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise ParseError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error


def _folder_files(root: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder, _, names in os.walk(root):
        files |= {(place := Path(folder, name)).relative_to(root).as_posix(): place for name in names}
        if len(files) > MAX_FILES:
            raise ParseError(f"Cannot read {root}: it has more than {MAX_FILES:,} files.")
    return files


def _bytes(path: Path) -> bytes:
    # No link in a folder is followed, and no pipe blocks.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _SAFELY)) as file:
        size = os.fstat(file.fileno())
        if not stat.S_ISREG(size.st_mode) or size.st_size > MAX_FILE_BYTES:
            raise ParseError(f"Cannot read {path}: no regular file of at most {MAX_FILE_BYTES:,} bytes.")
        return file.read(MAX_FILE_BYTES)


def _archive_files(path: Path, suffixes: Collection[str]) -> Iterator[tuple[str, bytes]]:
    _check_directory(path)
    total = 0
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if _is_wanted(entry.filename, suffixes)]
        if len(entries) > MAX_FILES:
            raise ParseError(f"Cannot read {path}: it has more than {MAX_FILES:,} files.")
        for entry in sorted(entries, key=lambda entry: entry.filename):
            limit = min(MAX_FILE_BYTES, max(RATIO_FROM, entry.compress_size * MAX_RATIO))
            with archive.open(entry) as file:
                data = file.read(limit + 1)
            total += len(data)
            if len(data) > limit or total > MAX_ALL_BYTES:
                raise ParseError(f"Cannot read {path}: {entry.filename!r} unpacks to too many bytes.")
            yield entry.filename, data


def _check_directory(path: Path) -> None:
    """Raise ``ParseError`` if the list of entries is larger than any real one."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 65_557), os.SEEK_END)
        tail = file.read()
    size = tail[tail.rfind(_END) + 12 :][:4]
    if int.from_bytes(size, "little") > MAX_DIRECTORY_BYTES:
        raise ParseError(f"Cannot read {path}: its list of entries is over {MAX_DIRECTORY_BYTES:,} bytes.")


def _is_wanted(name: str, suffixes: Collection[str]) -> bool:
    place = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in place.parts)
    return not hidden and not place.is_absolute() and place.suffix.lower() in suffixes
