"""A store behind PgBouncer: session mode works like a server, transaction mode is refused."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import insert, select

from syndicate.errors import StoreBusy, StoreError
from syndicate.store import open_store, schema
from syndicate.store.core.migration import all_migrations
from syndicate.store.leases import leases
from tests import postgres
from tests.conftest import missing
from tests.factories import NOW

PORT = 6543


@contextmanager
def pool(server: str, mode: str) -> Iterator[str]:
    """A PgBouncer on a socket in a folder of its own; yields the URL of the database ``pooled``."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    hosts = parse_qs(urlsplit(server).query).get("host")
    if program is None or not hosts:
        missing("No PgBouncer, or a server that is reached over TCP")
    with postgres.temporary_folder(Path("/tmp")) as folder, postgres.database(server, "pooled"):
        settings = (
            f"[databases]\npooled = host={hosts[0]} user=postgres\n[pgbouncer]\nlisten_port = {PORT}\n"
            f"listen_addr =\nunix_socket_dir = {folder}\nauth_type = any\npool_mode = {mode}\n"
            f"logfile = {folder / 'log'}\ndefault_pool_size = 90\nadmin_users = postgres\n"
        )
        (folder / "pool.ini").write_text(settings)
        account = postgres.unprivileged_account(folder)
        with subprocess.Popen([program, "-q", str(folder / "pool.ini")], **account) as process:
            try:
                url = f"postgresql://postgres@/pooled?host={folder}&port={PORT}"
                wait_until_ready(url)
                yield url
            finally:
                process.terminate()


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def test_a_pool_of_sessions_works_like_the_server(postgres_server: str) -> None:
    with pool(postgres_server, "session") as url:
        store = open_store(url)
        assert len(store.migrate()) == len(all_migrations())
        with leases.advisory_lock(url) as lock:
            assert not lock.ensure_held()
            with pytest.raises(StoreBusy, match="another daemon"), leases.advisory_lock(url):
                pass
        with leases.advisory_lock(url):
            pass
        # After five executions psycopg prepares a statement on the server.
        for number in range(20):
            with store.write() as connection:
                row = {"address_key": str(number), "reason": "left", "recorded": NOW}
                connection.execute(insert(schema.suppressions).values(row))
                assert leases.increment_counter(connection, "written") == number + 1
        store.dispose()
        again = open_store(url)
        with again.snapshot() as connection:
            assert len(connection.execute(select(schema.suppressions)).all()) == 20
        again.dispose()


@pytest.mark.all
def test_a_pool_of_transactions_is_refused_by_the_daemon(postgres_server: str) -> None:
    with (
        pool(postgres_server, "transaction") as url,
        pytest.raises(StoreError, match="pool_mode = session"),
        leases.advisory_lock(url),
    ):
        pass
