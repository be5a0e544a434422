"""Published files: feeds and pages in a folder, and the interface of other places for them."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from syndicate.errors import RenderError
from syndicate.files import sweep_temporary, write_atomic, write_page

Version = tuple[int, int, int]
"""Values that differ between two versions of a file; the second is its time in nanoseconds since 1970."""


class FileChanged(OSError):
    """Error: the file was replaced between a look at its version and reading. The caller retries."""


class PublishedFiles:
    """Feeds and pages by their path below the root, such as ``site/index.html``, in a folder.

    The folder may be missing and must hold no other files. ``BucketFiles`` keeps them in object storage.
    Readers see the old bytes or the new bytes of a file, never a part. Methods that write or remove raise
    ``RenderError``. Every file is written again when ``place`` changes.
    """

    place = ""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Strings instead of ``Path``: making a path costs as much as the system calls (measured).
        self._start = f"{root}/"

    @property
    def where(self) -> str:
        """Folder or URL, for messages."""
        return str(self.root)

    def begin(self, *, alone: bool) -> None:
        """Prepare a run: if no other process writes (``alone``), remove temporary files of killed writers."""
        if alone:
            sweep_temporary(self.root)

    def write(self, path: str, data: bytes, *, sync: bool = False) -> bool:
        """Write a file, unless it has these bytes; return whether it differs.

        With ``sync`` the file outlives a power cut. A write to another place may only begin here.
        """
        return write_atomic(self.root / path, data) if sync else write_page(self._start + path, data)

    def flush(self) -> Mapping[str, str | None]:
        """Complete all writes; return the hashes to record by path, ``None`` for removed files.

        A folder has none: its files tell their bytes themselves.
        """
        return {}

    def exists(self, path: str) -> bool:
        """Return whether a file exists."""
        return os.path.isfile(self._start + path)  # noqa: PTH113

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, ``None`` if it is missing."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return (self.root / path).read_bytes()
        return None

    def remove(self, path: str) -> None:
        """Remove a file if it exists, and its folders if they are empty."""
        try:
            (self.root / path).unlink(missing_ok=True)
        except OSError as error:
            raise RenderError(f"cannot remove {self.root / path}: {error.strerror}") from error
        with suppress(OSError):
            for folder in [*Path(path).parents][:-1]:
                (self.root / folder).rmdir()

    def paths(self, folder: str) -> list[str]:
        """Return the paths of all files in and below a folder, sorted."""
        start = len(self._start)
        found = os.walk(self._start + folder.rstrip("/"))
        return sorted(f"{above}/{name}"[start:] for above, _, names in found for name in names)

    def version(self, path: str, *, wait: bool = True) -> Version | None:
        """Return inode, time and size of a file that may be served, else ``None``.

        Links must stay in the folder and in the file's type. Without ``wait``, for a file found before, the
        answer is ``None`` also if it would take time.
        """
        try:
            status = os.stat(self._start + path)  # noqa: PTH116
            if wait:
                real, root = os.path.realpath(self._start + path), os.path.realpath(self.root)
                inside = real.startswith(root + os.sep) and Path(real).suffix == Path(path).suffix
                if not stat.S_ISREG(status.st_mode) or not inside:
                    return None
        except (OSError, ValueError):
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read_version(self, path: str, version: Version) -> bytes:
        """Return the bytes of a version. Raises ``FileChanged``, or another ``OSError``."""
        with Path(self._start + path).open("rb") as file:
            status = os.fstat(file.fileno())
            if (status.st_ino, status.st_mtime_ns, status.st_size) != version:
                raise FileChanged
            return file.read()
