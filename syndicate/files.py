"""Atomic file writes, file locks and temporary folders.

Readers of a file see the old bytes or the new bytes, never a part, even if the process is killed. A file
with unchanged bytes keeps its time stamp, so that web servers and rsync skip it.
"""

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
from syndicate.operating_system import lock_descriptor, sync_descriptor

# Name of a temporary file. ``number`` is unique: a counter that starts at a random value per process.
_TEMPORARY_NAME = ".{name}.{number:012x}.tmp"
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")
_NUMBERS = count(secrets.randbits(47))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Suffix that ``tempfile`` appends to a prefix.
_RANDOM_NAME = re.compile(r"[a-z0-9_]{8}")


def write_atomic(path: Path, data: bytes) -> bool:
    """Write ``data`` to ``path`` atomically and make missing parent folders.

    Return true if the file was written, false if it had these bytes already. Data and name are synced to the
    disk. Raises ``RenderError`` (disk full, read-only, no permission) and leaves the file unchanged.
    """
    return _write(str(path), data, sync=True)


def write_with_inode(path: Path, data: Callable[[int], bytes]) -> None:
    """Write atomically data made from the inode number of its file. Raises ``OSError``."""
    _replace(str(path), data, sync=True)


def write_page(path: Path | str, data: bytes) -> bool:
    """Write atomically without fsync, for pages that can be built again.

    A power cut may leave an empty file, which ``syndicate publish --all`` repairs. An fsync per page takes
    longer than rendering the page (measured).
    """
    return _write(str(path), data, sync=False)


@contextmanager
def temporary_sibling(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` for a new file; remove it, and SQLite's files beside it, at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(_temporary(str(path)))
    try:
        yield temporary
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def sweep_temporary(folder: Path) -> int:
    """Remove temporary files of killed writers in and below a folder; return the number removed.

    Call it only while no other process writes there. A missing folder counts as empty.
    """
    removed = 0
    for file in folder.rglob(".*.tmp"):
        if _TEMPORARY.fullmatch(file.name) and file.is_file() and not file.is_symlink():
            with suppress(OSError):
                file.unlink()
                removed += 1
    return removed


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Lock a file with ``flock`` for this process. The file holds the owner's process id.

    The kernel releases the lock when the process ends; the file stays. Raises ``StoreBusy`` with the process
    that holds the lock, and ``StoreError`` for a file that cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"cannot open the lock file {path}: {error.strerror}") from error
    try:
        lock_descriptor(descriptor)
    except OSError as error:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        holder = f"process {owner}" if owner.isdigit() else "another process"
        raise StoreBusy(f"{path} is held by {holder}; stop it first or use another store") from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a temporary folder, remove it at the end, and remove folders left by killed processes.

    The process holds a lock on its folder. Folders of this prefix without a lock are left over.
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
        # Until the folder is locked, another process may remove it as left over.
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, _FOLDER)
            lock_descriptor(descriptor, wait=True)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _remove_unused(folder: Path) -> None:
    """Remove a folder of this user that no process has locked."""
    with suppress(OSError):
        descriptor = os.open(folder, _FOLDER)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                lock_descriptor(descriptor)
                shutil.rmtree(folder)
        finally:
            os.close(descriptor)


# Strings instead of ``Path``: making a path costs as much as the system calls (measured).
def _holds(path: str, data: bytes) -> bool:
    try:
        return os.stat(path).st_size == len(data) and Path(path).read_bytes() == data  # noqa: PTH116
    except FileNotFoundError:
        return False


def _write(path: str, data: bytes, *, sync: bool) -> bool:
    try:
        if _holds(path, data):
            return False
        _replace(path, data, sync=sync)
    except OSError as error:
        raise RenderError(f"cannot write {path}: {error.strerror or error}; the file is unchanged") from error
    return True


def _replace(path: str, data: bytes | Callable[[int], bytes], *, sync: bool) -> None:
    temporary = _temporary(path)
    try:
        _create(temporary, data, sync=sync)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if sync:
        sync_folder(Path(path).parent)


def _create(path: str, data: bytes | Callable[[int], bytes], *, sync: bool) -> None:
    """Create a file, and its folders if they are missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103
        descriptor = os.open(path, flags, 0o666)
    try:
        remaining = memoryview(data(os.fstat(descriptor).st_ino) if callable(data) else data)
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
        if sync:
            sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    # A directory entry has at most 255 bytes, so long names are cut.
    name = name.encode()[:200].decode(errors="ignore")
    return f"{folder}{slash}{_TEMPORARY_NAME.format(name=name, number=next(_NUMBERS))}"


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)
