"""A store that is restored, copied or moved holds mail by itself; what happens every day does not."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from syndicate.jobs.delivery.markers import MarkerFile, file_system
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.core.store_identity import StoreIdentity
from tests.cli.conftest import Run
from tests.cli.restoring import HELD, MORNING, NEXT, THIRD, backup, cut, prepare, put_back, send, write_config
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.empty_stores import SQLITE_FILE, write_empty_store
from tests.factories import NOW
from tests.jobs.sending import to
from tests.runners.daemon import running


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom that has sent nothing: it may be copied for each test."""
    return prepare(tmp_path_factory.mktemp("prepared") / "news")


@pytest.fixture
def home(tmp_path: Path, prepared: Path, smtp: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsroom in a folder of its own, where commands run."""
    folder = Path(shutil.copytree(prepared, tmp_path / "news"))
    write_config(folder, smtp.port)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def news(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same after its first edition was sent."""
    monkeypatch.chdir(home)
    assert send(run, MORNING) == 2
    return run


@pytest.mark.all
@pytest.mark.parametrize("in_place", [True, False])
def test_a_restored_backup_sends_nothing_twice_and_says_what_to_do(
    news: Run, home: Path, smtp: ScriptedSmtp, in_place: bool
) -> None:
    cut(news, NEXT)
    copy = backup(home)
    assert send(news, NEXT) == 2
    put_back(home, copy, in_place=in_place)

    held = news(f"deliver --now {NEXT}")
    assert (held.code, held.out.startswith("0 sent")) == (1, True)
    for words in (HELD, "deliveries after-restore", "deliveries after-move", "import-suppressions"):
        assert words in held.err
    status = news(f"status --now {NEXT}")
    assert (status.code, HELD in status.out) == (1, True)
    assert news("doctor --json").json["findings"][-2]["good"] is False
    assert len(smtp.bodies) == 4

    settled = news(f"deliveries after-restore --json --now {NEXT}").json
    assert settled == {"uncertain": 2, "held": 0, "periods": 0, "dry_run": False}
    assert send(news, NEXT) == 0
    cut(news, THIRD)
    assert send(news, THIRD) == 2
    assert Counter(to(smtp.bodies)) == {"ann": 3, "bob": 3}
    marks = [line for body in smtp.bodies for line in body.splitlines() if line.startswith(b"Message-ID")]
    assert len(set(marks)) == len(marks)


@pytest.mark.all
def test_a_backup_from_before_the_edition_does_not_cut_it_again(
    news: Run, home: Path, smtp: ScriptedSmtp
) -> None:
    copy = backup(home)
    cut(news, NEXT)
    assert send(news, NEXT) == 2
    put_back(home, copy, in_place=True)

    held = news(f"edition --now {NEXT}")
    assert (held.code, HELD in held.err) == (1, True)
    assert send(news, NEXT) == -1
    assert news(f"deliveries doubt --json --now {NEXT}").json["periods"] == 1
    assert "No edition is due" in news(f"edition --now {NEXT}").out
    assert send(news, NEXT) == 0
    assert len(smtp.bodies) == 4


def test_an_edition_of_a_period_that_ended_while_mail_was_held_is_cut_afterwards(
    news: Run, home: Path, smtp: ScriptedSmtp
) -> None:
    copy = backup(home)
    assert news("subscribers add kim@example.org").code == 0
    put_back(home, copy, in_place=False)
    assert send(news, "2026-11-24T20:00") == -1

    assert news(f"deliveries after-restore --now {NEXT}").code == 0
    cut(news, NEXT)
    assert send(news, NEXT) == 2


def test_a_folder_that_was_copied_holds_mail_until_the_move_is_confirmed(
    news: Run, home: Path, smtp: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(news, NEXT)
    other = home.parent / "other"
    subprocess.run(["cp", "-a", home, other], check=True)

    monkeypatch.chdir(other)
    assert send(news, NEXT) == -1
    assert news(f"deliveries after-move --json --now {NEXT}").json == {"was_held": True, "waiting": 2}
    assert send(news, NEXT) == 2
    assert "not held" in news("deliveries after-move").out
    assert len(smtp.bodies) == 4


def test_a_folder_put_back_over_itself_is_noticed_by_the_marker_elsewhere(
    news: Run, home: Path, smtp: ScriptedSmtp
) -> None:
    cut(news, NEXT)
    subprocess.run(["cp", "-a", home, home.parent / "copy"], check=True)
    assert send(news, NEXT) == 2
    subprocess.run(["cp", "-a", f"{home.parent / 'copy'}/.", home], check=True)

    assert send(news, NEXT) == -1
    assert len(smtp.bodies) == 4


@pytest.mark.all
@pytest.mark.parametrize("change", ["marker lost", "another store"])
def test_a_store_from_elsewhere_holds_mail(news: Run, home: Path, change: str) -> None:
    marker = home / f"{SQLITE_FILE}.marker"
    text = marker.read_text()
    marker.unlink()
    if change == "another store":
        marker.write_text(text.replace('"store_id": "', '"store_id": "x'))
    assert send(news, NEXT) == -1


def test_another_machine_is_noticed_where_machines_have_ids(home: Path) -> None:
    path, database = home / "marker", home / SQLITE_FILE
    host, other, container = (MarkerFile(path=path, database=database, host=one) for one in ("a", "b", ""))
    host.write(StoreIdentity())
    assert [file.location_change(file.read()) != "" for file in (host, other, container)] == [
        False,
        True,
        False,
    ]
    container.write(StoreIdentity())
    assert [file.location_change(file.read()) != "" for file in (host, other)] == [False, True]


def test_what_happens_every_day_holds_nothing(
    news: Run, home: Path, smtp: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    location_change = home.rename(home.parent / "renamed")
    monkeypatch.chdir(location_change)
    with closing(sqlite3.connect(SQLITE_FILE)) as store:
        store.execute("VACUUM")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    subprocess.run(["chmod", "-R", "g+w", "."], check=True)
    assert news(f"prune --now {NEXT}").code == 0
    backup(location_change)
    # A new container on the same volume: it has neither the folder for state nor the machine's id.
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent / "empty"))
    cut(news, NEXT)
    assert send(news, NEXT) == 2


def test_a_backup_from_before_the_first_edition_is_noticed_and_a_new_store_is_not(
    news: Run, home: Path, prepared: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(prepared / SQLITE_FILE)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    put_back(home, prepared / SQLITE_FILE, in_place=False)
    assert send(news, MORNING) == -1
    write_empty_store(tmp_path)
    put_back(home, tmp_path / SQLITE_FILE, in_place=False)
    assert send(news, MORNING) == 0
    assert news("subscribers add kim@example.org").code == 0
    assert send(news, MORNING) == 0


def test_the_first_start_after_an_upgrade_holds_nothing(news: Run, home: Path) -> None:
    with closing(sqlite3.connect(home / SQLITE_FILE)) as store, store:
        store.execute("DELETE FROM meta WHERE key = 'store identity'")
    copy = backup(home)
    (home / f"{SQLITE_FILE}.marker").unlink()
    shutil.rmtree(Path(os.environ["XDG_STATE_HOME"]) / "syndicate")
    cut(news, NEXT)
    assert send(news, NEXT) == 2
    # A backup from before the upgrade is noticed all the same.
    put_back(home, copy, in_place=True)
    assert send(news, NEXT) == -1


def test_a_crash_before_the_marker_is_written_holds_nothing_and_one_after_it_is_noticed(
    news: Run, home: Path
) -> None:
    copy = backup(home)
    with open_services(load_settings(home / "config.toml")) as services:
        services.guard.count_batch(partial(committed, services.store))
        marker = (home / f"{SQLITE_FILE}.marker").read_bytes()
    assert b'"generation": 3' in marker
    put_back(home, copy, in_place=True)
    assert send(news, NEXT) == -1


def committed(store, work):
    with store.write() as connection:
        return work(connection)


@pytest.mark.all
def test_the_daemon_holds_mail_and_goes_on_once_a_person_has_decided(
    news: Run, home: Path, smtp: ScriptedSmtp
) -> None:
    # The daemon has the clock of the machine, for which this edition must not be too late to send.
    config = (home / "config.toml").read_text("utf-8").replace('"7d"', '"36500d"')
    (home / "config.toml").write_text(f'{config}[web]\nlisten = "127.0.0.1:0"\n', "utf-8")
    cut(news, NEXT)
    copy = backup(home)
    assert send(news, NEXT) == 2
    put_back(home, copy, in_place=True)
    with running(home / "config.toml") as daemon:
        daemon.wait_for(HELD)
        url = daemon.wait_for("serving")["url"]
        for name in ("ingest", "editions", "deliver"):
            daemon.wait_until_run(url, name)
        assert len(smtp.bodies) == 4
        # Not what happened, but it shows that mail is what was held.
        assert news("deliveries after-move --json").json["was_held"]
        daemon.wait_for("deliver", sent=2)
        daemon.end(signal.SIGTERM)
    assert len(smtp.bodies) >= 6


@pytest.mark.all
def test_processes_that_send_and_look_at_once_hold_nothing(news: Run, home: Path) -> None:
    settings = load_settings(home / "config.toml")
    with open_services(settings) as one, open_services(settings) as other, ThreadPoolExecutor(4) as threads:
        work = [
            *[partial(each.guard.count_batch, partial(committed, each.store)) for each in (one, other)] * 25,
            *[partial(each.guard.check_markers, NOW) for each in (one, other)] * 50,
        ]
        assert [hold for hold in threads.map(lambda do: do(), work) if hold is not None] == []
    assert json.loads((home / f"{SQLITE_FILE}.marker").read_bytes())["generation"] == 52


@pytest.mark.all
def test_a_marker_that_cannot_be_written_is_told_and_mail_goes(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    (home / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert send(run, MORNING) == 2
    (found,) = [one for one in run("doctor --json").json["findings"] if one["name"] == "backups"]
    assert (found["good"], "StateDirectory=" in found["detail"]) == (None, True)
    with running(home / "config.toml") as daemon:
        daemon.wait_for("cannot write the marker")
    assert send(run, NEXT) == 0


@pytest.mark.parametrize("kind", ["xfs", "fuse.sshfs"])
def test_the_file_system_of_a_store_is_that_of_the_nearest_mount(kind: str) -> None:
    mounts = ["22 1 8:1 / / rw - ext4 /dev/sda1 rw", f"30 22 0:5 / /srv/my\\040news rw,x - {kind} source rw"]
    found = file_system(Path("/srv/my news/syndicate.db"), mounts)
    assert found == kind


@pytest.mark.usefixtures("home")
def test_a_backup_that_does_not_exist_is_named(run: Run) -> None:
    ended = run("restore nothing.db")
    assert (ended.code, "'nothing.db' does not exist" in ended.err) == (2, True)
