"""Markers: small files outside the database with the number of the last batch of mail sent from here.

A restored backup is older than its marker. In a copied folder the marker's inode number differs from the
number written in it. A replaced SQLite file also has another inode number.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from syndicate.files import write_with_inode
from syndicate.store.core.store_identity import StoreIdentity

# File systems whose inode numbers change while a file stays where it is.
_NO_INODES = ("fuse", "9p", "cifs", "smb", "vfat", "exfat", "msdos", "fakeowner", "drvfs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Content of a marker; ``database`` is the inode number of the SQLite file, 0 if it is not stable."""

    store_id: str
    generation: int
    database: int = 0
    host: str = ""
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFile:
    """Marker beside the SQLite file ``database``, or (``None``) in a state folder of the machine ``host``."""

    path: Path
    database: Path | None = None
    host: str = ""

    def read(self) -> Marker | None:
        """Return the marker, ``None`` when it is missing or unreadable."""
        try:
            with self.path.open("rb") as file:
                # From the open file: another process may replace the path.
                inode, written = os.fstat(file.fileno()).st_ino, json.load(file)
            recorded = written.pop("inode")
            return Marker(**written, is_copy=recorded not in (0, inode))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, identity: StoreIdentity) -> None:
        """Replace the marker file. Raises ``OSError``."""
        before = self.read()
        database = self.database if self.database and has_inodes(self.database) else None
        content = {
            "store_id": identity.store_id,
            "generation": identity.generation,
            "database": database.stat().st_ino if database else 0,
            # A command in a container has no host id, and must not erase the daemon's.
            "host": self.host or (before.host if before else ""),
        }
        write_with_inode(
            self.path, lambda inode: json.dumps(content | {"inode": inode if database else 0}).encode()
        )

    def location_change(self, marker: Marker | None) -> str:
        """Return the reason why the store is not in the marker's place, ``""`` when it is."""
        if self.database is None:
            return ""
        if marker is None:
            return "" if self.path.exists() else f"its marker {self.path} is missing"
        if marker.is_copy:
            return f"the folder of {self.path} was copied or restored"
        if marker.database and marker.database != self.database.stat().st_ino:
            return f"{self.database} is not the file that mail was last sent from"
        if self.host and marker.host and self.host != marker.host:
            return f"{self.database} was last used on another machine"
        return ""


def host_id() -> str:
    """Return a hash of the machine's id; ``""`` without systemd, as in containers with changing ids."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    try:
        return sha256(b"syndicate " + Path("/etc/machine-id").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def has_inodes(path: Path) -> bool:
    """Return whether the file system of ``path`` has stable inode numbers."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return True
    return not file_system(path.resolve(), mounts).startswith(_NO_INODES)


def file_system(path: Path, mounts: Iterable[str]) -> str:
    """Return the type of the file system of ``path``, from the lines of ``mountinfo``."""
    parts = (line.partition(" - ") for line in mounts)
    types = {Path(left.split(" ")[4].replace("\\040", " ")): right for left, _, right in parts}
    nearest = max(filter(path.is_relative_to, types), key=lambda folder: len(folder.parts), default=None)
    return types[nearest].partition(" ")[0] if nearest else ""
