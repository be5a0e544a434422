"""A restored or copied database on PostgreSQL holds mail, as an SQLite store does."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from syndicate.settings import load_settings
from tests import postgres
from tests.cli.conftest import Run
from tests.cli.restoring import MORNING, NEXT, THIRD, cut, prepare, send, write_config
from tests.conftest import missing
from tests.delivery.scripted_smtp import ScriptedSmtp

pytestmark = pytest.mark.all


@pytest.fixture(scope="module")
def prepared_database(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Path]:
    """The newsroom with a store on PostgreSQL."""
    with postgres.database(postgres_server, f"prepared_{uuid4().hex}") as url:
        yield prepare(tmp_path_factory.mktemp("database") / "news", url)


@pytest.fixture
def database(
    prepared_database: Path,
    postgres_server: str,
    tmp_path: Path,
    smtp: ScriptedSmtp,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A copy of it, in whose folder commands run, after its first edition was sent."""
    folder = Path(shutil.copytree(prepared_database, tmp_path / "news"))
    template = urlsplit(load_settings(folder / "config.toml").store.url).path.strip("/")
    with postgres.database(postgres_server, f"copy_{uuid4().hex}", template=template) as url:
        write_config(folder, smtp.port, url)
        monkeypatch.chdir(folder)
        assert send(run, MORNING) == 2
        yield url


def test_a_dump_put_back_into_its_database_holds_mail(database: str, run: Run, tmp_path: Path) -> None:
    tools = postgres.find_binaries()
    if not (tools / "pg_dump").exists():
        missing("No pg_dump beside the server's programs")
    cut(run, NEXT)
    dump = ["--format=custom", f"--file={tmp_path / 'dump'}", f"--dbname={database}"]
    subprocess.run([tools / "pg_dump", *dump], check=True)
    assert send(run, NEXT) == 2
    subprocess.run([tools / "pg_restore", "--clean", f"--dbname={database}", tmp_path / "dump"], check=True)

    assert send(run, NEXT) == -1
    assert run(f"deliveries after-restore --json --now {NEXT}").json["uncertain"] == 2
    cut(run, THIRD)
    assert send(run, THIRD) == 2


def test_a_copy_of_a_database_holds_mail(
    database: str, postgres_server: str, run: Run, smtp: ScriptedSmtp
) -> None:
    cut(run, NEXT)
    template = urlsplit(database).path.strip("/")
    with postgres.database(postgres_server, f"other_{uuid4().hex}", template=template) as other:
        write_config(Path(), smtp.port, other)
        assert send(run, NEXT) == -1
        assert run("deliveries after-move --json").json["was_held"]
        assert send(run, NEXT) == 2


def test_another_host_may_send_from_the_same_database_and_a_standby_take_over(
    database: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(run, NEXT)
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path / "other host"))
        assert send(run, NEXT) == 2
    assert send(run, NEXT) == 0
    cut(run, THIRD)
    assert send(run, THIRD) == 2
    begin_timeline(database)
    assert send(run, THIRD) == 0
    begin_timeline(database)
    # A host that knows nothing of what was sent cannot tell a takeover from a recovery.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "third host"))
    assert send(run, THIRD) == -1


def begin_timeline(database: str) -> None:
    """Let the store remember another timeline than the server's."""
    renamed = """replace(value, '"timeline": "', '"timeline": "x')"""
    query = f"UPDATE meta SET value = {renamed} WHERE key = 'store identity'"
    postgres.execute(database, query)
