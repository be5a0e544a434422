"""Published files in object storage: Amazon S3 and servers with its interface, Google Cloud, Azure.

The store holds the hash of each object, so that equal bytes cost no request and no listing is needed. Several
requests run at once; ``flush`` waits for them, before the rows that say that these pages are written.
"""

import re
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any

import obstore
from obstore.store import from_url

from syndicate import DOCUMENTATION
from syndicate.errors import RenderError
from syndicate.published_files import FileChanged, PublishedFiles, Version
from syndicate.served_types import cache_control, served_type_of
from syndicate.store import Store
from syndicate.store.output import file_hashes

# Maximum number of requests at once, and of files in memory that wait for their request.
AT_ONCE = 16
WAITING = 64
# Seconds of a request, and of all attempts to complete it.
TIMEOUT = 30
RETRIES_END = 120
# Seconds for which the web server sends a file without a look at its row.
MAX_AGE = 5.0
MAX_SEEN = 8192
_STATUS = re.compile(r"status code: (\d+ [A-Za-z ]+)")


class BucketFiles(PublishedFiles):
    """Published files below a URL such as ``s3://bucket/folder``; ``endpoint`` is another server's address.

    One thread writes; others may read. Credentials come from the provider's environment variables.
    """

    def __init__(self, url: str, endpoint: str, store: Store) -> None:
        self.place = url.rstrip("/")
        self._endpoint, self._store = endpoint, store
        # Files whose request has not completed, and files whose hash is not recorded.
        self._waiting: dict[str, tuple[str, Future[None]]] = {}
        self._written: dict[str, str | None] = {}
        self._seen: dict[str, tuple[float, Version | None]] = {}

    @property
    def where(self) -> str:
        """URL, for messages."""
        return self.place

    @cached_property
    def _client(self) -> Any:
        options: Any = {"timeout": f"{TIMEOUT}s", "allow_http": self._endpoint.startswith("http://")}
        retries: Any = {"max_retries": 10, "retry_timeout": timedelta(seconds=RETRIES_END)}
        config: Any = {"endpoint": self._endpoint} if self._endpoint else None
        try:
            return from_url(self.where, config=config, client_options=options, retry_config=retries)
        except Exception as error:
            raise RenderError(
                f"[output] folder {self.where} cannot be used ({type(error).__name__}): "
                f"{DOCUMENTATION}/object-storage.md has addresses and credentials"
            ) from error

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="put")

    def begin(self, *, alone: bool) -> None:
        """Do nothing: a bucket has no temporary files."""

    def write(self, path: str, data: bytes, *, sync: bool = False) -> bool:  # noqa: ARG002
        """Begin to write an object, unless it has these bytes."""
        content_hash = _hash_of(data)
        if self._hash(path) == content_hash:
            return False
        while path in self._waiting or len(self._waiting) >= WAITING:
            self._complete(path if path in self._waiting else next(iter(self._waiting)))
        self._waiting[path] = content_hash, self._pool.submit(self._put, path, data)
        return True

    def flush(self) -> Mapping[str, str | None]:
        """Wait for all requests; return the hashes to record. Raises the first error after all requests."""
        errors = []
        for path in [*self._waiting]:
            try:
                self._complete(path)
            except RenderError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        written, self._written = self._written, {}
        return written

    def exists(self, path: str) -> bool:
        """Return whether an object exists, as the store says."""
        return self._hash(path) is not None

    def read(self, path: str) -> bytes | None:
        """Return the bytes of an object, ``None`` if it is missing."""
        try:
            return bytes(obstore.get(self._client, path).bytes())
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._error("read", path, error) from error

    def remove(self, path: str) -> None:
        """Remove an object, if it exists."""
        if path in self._waiting:
            self._complete(path)
        if not self.exists(path):
            return
        try:
            obstore.delete(self._client, path)
        except FileNotFoundError:
            pass
        except Exception as error:
            raise self._error("remove", path, error) from error
        self._written[path] = None

    def paths(self, folder: str) -> list[str]:
        """Return the paths of all objects in and below a folder, sorted."""
        start = f"{folder.rstrip('/')}/"
        with self._store.read() as connection:
            stored = file_hashes.file_paths(connection, folder)
        kept = dict.fromkeys(stored, "") | self._written | dict.fromkeys(self._waiting, "")
        return sorted(path for path, found in kept.items() if found is not None and path.startswith(start))

    def version(self, path: str, *, wait: bool = True) -> Version | None:
        """Return the version of an object by its row, which is read again after ``MAX_AGE`` seconds."""
        now = time.monotonic()
        until, version = self._seen.get(path, (0.0, None))
        if now >= until:
            if not wait:
                return None
            with self._store.read() as connection:
                row = file_hashes.read_hash(connection, path)
            version = None if row is None else (int(row[0] or "0", 16), row[1] * 1000, 0)
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen[path] = now + MAX_AGE, version
        return version

    def read_version(self, path: str, version: Version) -> bytes:
        """Return the bytes of a version; another version may have been written since."""
        data = self.read(path)
        if data is None or version[0] not in (0, int(_hash_of(data), 16)):
            self._seen.pop(path, None)
            raise FileChanged
        return data

    def _hash(self, path: str) -> str | None:
        if waiting := self._waiting.get(path):
            return waiting[0]
        if path in self._written:
            return self._written[path]
        with self._store.read() as connection:
            row = file_hashes.read_hash(connection, path)
        return None if row is None else row[0]

    def _complete(self, path: str) -> None:
        """Wait for the request of a file."""
        content_hash, request = self._waiting.pop(path)
        request.result()
        self._written[path] = content_hash

    def _put(self, path: str, data: bytes) -> None:
        attributes: Any = {}
        if kind := served_type_of(path):
            attributes = {"Content-Type": kind.content_type, "Cache-Control": cache_control(kind)}
        try:
            obstore.put(self._client, path, data, attributes=attributes, use_multipart=False)
        except Exception as error:
            raise self._error("write", path, error) from error

    def _error(self, verb: str, path: str, error: Exception) -> RenderError:
        """Return the error without the response, which may repeat credentials."""
        if isinstance(error, RenderError):
            return error
        status = _STATUS.search(str(error))
        reason = status[1].strip() if status else type(error).__name__
        return RenderError(f"cannot {verb} {self.where}/{path}: {reason}; the next run tries again")


def _hash_of(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
