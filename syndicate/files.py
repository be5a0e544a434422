"""Files others read while we write: whole or not at all, and only when they changed.

A reader of ``feeds/`` sees the old file or the new one, never a part, whenever we are killed; a
file with the same bytes keeps its time stamp, so that web servers and rsync have nothing to do.
"""

import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from syndicate.errors import RenderError, StoreBusy, StoreError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")
# No name is used twice: not by this process, which counts, nor by another, which starts elsewhere.
_NUMBERS = count(secrets.randbits(47))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What ``tempfile`` puts behind a prefix.
_RANDOM_NAME = re.compile(r"[a-z0-9_]{8}")


def write_atomic(path: Path, data: bytes) -> bool:
    """Put ``data`` at ``path`` in one step; folders above it are made.

    True when the file was written, false when it already held these bytes. The data is on the disk before
    the name points to it, and so is the name when this returns. Raises RenderError (disk full,
    read-only, no permission) with nothing changed.
    """
    try:
        if _holds(str(path), data):
            return False
        _replace(str(path), data, sync=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    return True


def write_with_inode(path: Path, data: Callable[[int], bytes]) -> None:
    """As ``write_atomic``, for data that is made from the inode number of its file; raises ``OSError``."""
    _replace(str(path), data, sync=True)
    _sync_folder(path.parent)


def write_page(path: Path | str, data: bytes) -> bool:
    """Like ``write_atomic``, without waiting for the disk: for the many pages that can be built again.

    Being killed leaves the old file or the new one here too; a power cut may leave an empty one
    (``syndicate publish --all`` mends that). An fsync for each page cost more than rendering it (measured).
    """
    try:
        if _holds(str(path), data):
            return False
        _replace(str(path), data, sync=False)
    except OSError as error:
        raise _not_written(path, error) from error
    return True


def sweep_temporary(folder: Path) -> int:
    """Remove what writers that were killed left in a folder and below it; returns how many files.

    Only call it while no other process writes there. A folder that does not exist is empty.
    """
    removed = 0
    for left_over in folder.rglob(".*.tmp"):
        if _TEMPORARY.fullmatch(left_over.name) and left_over.is_file() and not left_over.is_symlink():
            with suppress(OSError):
                left_over.unlink()
                removed += 1
    return removed


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """One process at a time, by ``flock`` on a file that holds the owner's process id.

    The kernel releases the lock when the process ends, however it ends; the file stays. StoreBusy names the
    process that has the lock, StoreError a file that cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"cannot open the lock {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        who = f"process {owner}" if owner.isdigit() else "another process"
        raise StoreBusy(f"{path} is held by {who}; stop it first or use another store") from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder of our own that goes at the end; those of this prefix that killed processes left go first.

    Its user holds a lock on it, which the kernel frees.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if _RANDOM_NAME.fullmatch(path.name.removeprefix(prefix)):
            _remove_unused(path)
    folder, descriptor = _own_folder(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _own_folder(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        # Before it is locked somebody else may take it for a leftover.
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, _FOLDER)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _remove_unused(folder: Path) -> None:
    """Remove a folder if it is ours and no process has locked it."""
    with suppress(OSError):
        descriptor = os.open(folder, _FOLDER)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        finally:
            os.close(descriptor)


# Names are strings from here on: a ``Path`` for each step costs as much as the system calls (measured).
def _holds(path: str, data: bytes) -> bool:
    try:
        return os.stat(path).st_size == len(data) and Path(path).read_bytes() == data  # noqa: PTH116
    except FileNotFoundError:
        return False


def _not_written(path: str | Path, error: OSError) -> RenderError:
    return RenderError(f"cannot write {path}: {error.strerror or error}; the file is as it was before")


def _replace(path: str, data: bytes | Callable[[int], bytes], *, sync: bool) -> None:
    temporary = _temporary(path)
    try:
        _create(temporary, data, sync=sync)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _create(path: str, data: bytes | Callable[[int], bytes], *, sync: bool) -> None:
    """A new file; its folders are made when they turn out to be missing, which is seldom."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    try:
        left = memoryview(data(os.fstat(descriptor).st_ino) if callable(data) else data)
        while left:
            left = left[os.write(descriptor, left) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    # Long names are cut so that the temporary name stays below the 255 bytes of a directory entry.
    name = name.encode()[:200].decode(errors="ignore")
    return f"{folder}{slash}.{name}.{next(_NUMBERS):012x}.tmp"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
