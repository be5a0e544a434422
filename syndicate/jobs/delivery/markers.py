"""Markers: small files outside the database that know how far mail has been sent from this place.

A restored backup is older than its marker. A folder that was copied holds a marker with another inode number
than the one written in it, and an SQLite file that was replaced has another one as well.
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
    """Content of a marker; ``is_copy`` is true for another file with the same content.

    ``database`` is the inode number of the SQLite file, 0 where the file system keeps none.
    """

    store_id: str
    generation: int
    database: int = 0
    host: str = ""
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFile:
    """Place of a marker: beside the SQLite file ``database``, or (``None``) in a folder for state.

    ``host`` is the id of this machine, or empty.
    """

    path: Path
    database: Path | None = None
    host: str = ""

    def read(self) -> Marker | None:
        """Return the marker, ``None`` when there is none that can be read."""
        try:
            with self.path.open("rb") as file:
                # Of the open file: another process may be replacing it.
                inode, written = os.fstat(file.fileno()).st_ino, json.load(file)
            recorded = written.pop("inode")
            return Marker(**written, is_copy=recorded not in (0, inode))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, identity: StoreIdentity) -> None:
        """Replace the marker. Raises ``OSError``."""
        before = self.read()
        database = self.database if self.database and has_inodes(self.database) else None
        content = {
            "store_id": identity.store_id,
            "generation": identity.generation,
            "database": database.stat().st_ino if database else 0,
            # A command in a container knows no host, and must not make the daemon's forgotten.
            "host": self.host or (before.host if before else ""),
        }
        write_with_inode(
            self.path, lambda inode: json.dumps(content | {"inode": inode if database else 0}).encode()
        )

    def location_change(self, marker: Marker | None) -> str:
        """Return why the store is not where the marker was written, ``""`` when it is."""
        if self.database is None:
            return ""
        if marker is None:
            return "" if self.path.exists() else f"its marker {self.path} is missing"
        if marker.is_copy:
            return f"the folder of {self.path} was copied or restored"
        if marker.database and marker.database != self.database.stat().st_ino:
            return f"{self.database} is another file than the one that mail was last sent from"
        if self.host and marker.host and self.host != marker.host:
            return f"{self.database} was last used on another machine"
        return ""


def host_id() -> str:
    """Return a hash of the machine's id; ``""`` without systemd, as in containers, whose ids come and go."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    try:
        return sha256(b"syndicate " + Path("/etc/machine-id").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def has_inodes(path: Path) -> bool:
    """Return whether the file system of ``path`` keeps the inode numbers of its files."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return True
    return not file_system(path.resolve(), mounts).startswith(_NO_INODES)


def file_system(path: Path, mounts: Iterable[str]) -> str:
    """Return the type of the file system that ``path`` lies on, from the lines of ``mountinfo``."""
    parts = (line.partition(" - ") for line in mounts)
    kinds = {Path(left.split(" ")[4].replace("\\040", " ")): right for left, _, right in parts}
    nearest = max(filter(path.is_relative_to, kinds), key=lambda place: len(place.parts), default=None)
    return kinds[nearest].partition(" ")[0] if nearest else ""
