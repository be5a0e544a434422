"""Hashes of published files in object storage. ``""`` is the hash of a file to be written in any case."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.store_values import read_value, write_value
from syndicate.store.core.upsert import replacing

_PLACE = "output place"
_TABLE = schema.published_files
_FIND = CompiledStatement(select(_TABLE.c.hash, _TABLE.c.written).where(_TABLE.c.path == bindparam("path")))
_RECORD = replacing(_TABLE)
_FORGET = CompiledStatement(delete(_TABLE).where(_TABLE.c.path == bindparam("gone")))


def read_hash(connection: Connection, path: str) -> tuple[str, int] | None:
    """Return the hash of a file, and its time in microseconds since 1970; ``None`` for a missing file."""
    found = _FIND.rows(connection, {"path": path})
    return (found[0][0], found[0][1]) if found else None


def record_files(connection: Connection, hashes: Mapping[str, str | None], now: datetime) -> None:
    """Record the hashes of files by path; ``None`` means that the file was removed."""
    written = {"written": to_microseconds(now)}
    known = [(path, found) for path, found in sorted(hashes.items()) if found is not None]
    _RECORD.execute_many(connection, [{"path": path, "hash": found, **written} for path, found in known])
    _FORGET.execute_many(connection, [{"gone": path} for path, found in hashes.items() if found is None])


def file_paths(connection: Connection, folder: str) -> list[str]:
    """Return the paths of all files below a folder, sorted."""
    path, folder = _TABLE.c.path, folder.rstrip("/")
    # The column compares bytes, and "0" follows "/".
    return sorted(connection.scalars(select(path).where(path > f"{folder}/", path < f"{folder}0")))


def forget_hashes(connection: Connection) -> None:
    """Clear the hashes, so that every file is written again."""
    connection.execute(update(_TABLE).values(hash=""))


def use_place(connection: Connection, place: str) -> bool:
    """Return whether the files were in another place, whose rows are deleted then."""
    if (read_value(connection, _PLACE) or "") == place:
        return False
    connection.execute(delete(_TABLE))
    write_value(connection, _PLACE, place)
    return True
