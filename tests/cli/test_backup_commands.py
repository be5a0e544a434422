"""Backup, restore and move of a newsroom: nothing is lost, and no reader gets an edition twice."""

import sqlite3
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select

from syndicate.files import file_lock
from syndicate.jobs.backup.backup_job import BackupJob, backup_problem, backup_state, write_backup
from syndicate.jobs.backup.restoring import restore_file
from syndicate.store import Store, open_store, schema
from syndicate.store.core.engine import migrated_store
from syndicate.store.leases import leases, worker_store
from syndicate.store.leases.worker_store import WorkerRow
from tests import postgres
from tests.cli.conftest import Run
from tests.cli.restoring import MORNING, NEXT, THIRD, cut, prepare, send, write_config
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.empty_stores import SQLITE_FILE
from tests.factories import NOW
from tests.jobs.sending import to


@pytest.fixture
def news(
    empty_store_url: str, tmp_path: Path, smtp: ScriptedSmtp, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A newsroom that has sent its first edition to two readers, on each engine."""
    home = prepare(tmp_path / "news", empty_store_url)
    write_config(home, smtp.port, empty_store_url)
    monkeypatch.chdir(home)
    assert send(run, MORNING) == 2
    return run


@pytest.fixture
def other_database(postgres_server: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgres.database(postgres_server, f"other_{uuid4().hex}") as url:
        yield url


@pytest.mark.all
def test_a_backup_restored_after_more_mail_was_sent_sends_nothing_twice(
    news: Run, smtp: ScriptedSmtp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(news, NEXT)
    assert news(f"backup {tmp_path / 'kept.db'}").code == 0
    assert stat.S_IMODE((tmp_path / "kept.db").stat().st_mode) == 0o600
    assert list(tmp_path.glob(".*")) == list(tmp_path.glob("kept.db-*")) == []
    again = news(f"backup {tmp_path / 'kept.db'}")
    assert (again.code, "exists" in again.err) == (4, True)
    assert send(news, NEXT) == 2

    refused = news(f"restore {tmp_path / 'kept.db'}")
    assert (refused.code, "--force" in refused.err) == (4, True)
    answer = news(f"restore --json --force --now {NEXT} {tmp_path / 'kept.db'}").json
    assert answer["held"]
    # On another machine no marker tells that the store was restored.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other state"))
    for marker in Path().glob("*.marker"):
        marker.unlink()
    assert send(news, NEXT) == -1
    assert news(f"deliveries after-restore --json --now {NEXT}").json["uncertain"] == 2
    assert send(news, NEXT) == 0
    cut(news, THIRD)
    assert send(news, THIRD) == 2
    assert Counter(to(smtp.bodies)) == {"ann": 3, "bob": 3}
    marks = [line for body in smtp.bodies for line in body.splitlines() if line.startswith(b"Message-ID")]
    assert len(set(marks)) == len(marks)


@pytest.mark.all
def test_a_backup_of_one_engine_is_restored_into_the_other(
    news: Run, other_database: str, smtp: ScriptedSmtp, empty_store_url: str, tmp_path: Path
) -> None:
    with migrated_store(empty_store_url) as store, store.write() as connection:
        seen = NOW - timedelta(days=1)
        row = WorkerRow(owner="vm:1:x", stages=("ingest",), shards=frozenset({1}), started=seen, seen=seen)
        worker_store.save_heartbeat(connection, row)
    assert news(f"backup {tmp_path / 'kept.db'}").code == 0
    for url in (other_database, f"sqlite:///{tmp_path / 'elsewhere.db'}"):
        write_config(Path(), smtp.port, url)
        assert news(f"restore --now {NEXT} {tmp_path / 'kept.db'}").code == 0
        assert news(f"deliveries after-restore --json --now {NEXT}").json["periods"] == 1
        status = news(f"status --now {THIRD}").out
        assert not [word for word in ("held", "orker") if word in status]
        cut(news, THIRD)
        assert send(news, THIRD) == 2


@pytest.mark.all
def test_the_store_that_was_there_is_kept_and_another_stays_as_it_is(
    news: Run, tmp_path: Path, empty_store_url: str
) -> None:
    assert news(f"backup {tmp_path / 'kept.db'}").code == 0
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    for name, code, words in (("broken.db", 4, "cannot copy"), ("nothing.db", 2, "does not exist")):
        done = news(f"restore --force {tmp_path / name}")
        assert (done.code, words in done.err) == (code, True)
        assert news("status --json").json["articles"] == 3
    kept = news(f"restore --json --force {tmp_path / 'kept.db'}").json["kept"]
    assert (kept is not None) == empty_store_url.startswith("sqlite")
    if kept:
        with closing(sqlite3.connect(kept)) as connection:
            assert connection.execute("SELECT COUNT(*) FROM articles").fetchone() == (3,)


def test_the_log_of_a_removed_store_does_not_stay_beside_the_backup(sqlite_store: Store, tmp_path: Path):
    write_backup(sqlite_store, tmp_path / "kept.db")
    log = tmp_path / "gone.db-wal"
    log.write_bytes(b"frames of another file")
    assert restore_file(tmp_path / "kept.db", tmp_path / "gone.db", NOW, force=False) is None
    assert not log.exists()


@pytest.mark.all
def test_a_move_to_the_other_engine_goes_on_and_the_old_store_sends_nothing(
    news: Run, other_database: str, smtp: ScriptedSmtp, empty_store_url: str, tmp_path: Path
) -> None:
    cut(news, NEXT)
    is_file = empty_store_url.startswith("sqlite")
    target = other_database if is_file else f"sqlite:///{tmp_path / 'moved.db'}"
    moved = news("migrate-store --json", empty_store_url, target)
    assert (moved.code, moved.json["rows"]["articles"], moved.json["rows"]["deliveries"]) == (0, 3, 4)
    done = news(f"deliver --now {NEXT}")
    assert (done.code, "was moved to" in done.err) == (1, True)
    again = news("migrate-store", empty_store_url, target)
    assert (again.code, "not empty" in again.err) == (4, True)

    write_config(Path(), smtp.port, target)
    assert send(news, NEXT) == 2
    cut(news, THIRD)
    assert send(news, THIRD) == 2
    assert Counter(to(smtp.bodies)) == {"ann": 3, "bob": 3}


def test_a_store_that_a_daemon_holds_is_neither_moved_nor_replaced(
    run: Run, tmp_path: Path, sqlite_store: Store
) -> None:
    (tmp_path / "config.toml").write_text("", "utf-8")
    url = sqlite_store.where
    assert run("backup kept.db").code == 0
    with file_lock(tmp_path / f"{SQLITE_FILE}.lock"):
        for command in (("migrate-store", url, f"{url}2"), ("restore", "--force", "kept.db")):
            done = run(*command)
            assert (done.code, "is held by process" in done.err) == (4, True)
        assert run("backup while-it-runs.db").code == 0


def test_a_store_is_not_moved_to_itself_or_from_nowhere(run: Run, tmp_path: Path) -> None:
    assert run("migrate-store", "sqlite:///a.db", "sqlite:///b.db").code == 4
    assert not (tmp_path / "a.db").exists()
    (tmp_path / "a.db").touch()
    assert run("migrate-store", "sqlite:///a.db", f"sqlite:///{tmp_path / 'a.db'}").code == 2


def test_a_backup_made_while_others_write_is_one_state(store: Store, tmp_path: Path) -> None:
    written, ending = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not ending.is_set():
            number += 1
            row = {"reason": "left", "recorded": NOW}
            with store.write() as connection:
                leases.increment_counter(connection, "written")
                connection.execute(insert(schema.suppressions).values(address_key=str(number), **row))
            written.set()

    with store.write() as connection:
        leases.ensure_secret(connection)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(120)
        for number in range(3):
            write_backup(store, tmp_path / f"kept-{number}.db")
    finally:
        ending.set()
        writer.join()
    for number in range(3):
        copy = open_store(f"sqlite:///{tmp_path / f'kept-{number}.db'}")
        with copy.read() as connection:
            rows = connection.scalars(select(func.count()).select_from(schema.suppressions)).one()
            assert rows == leases.read_counter(connection, "written") > 0
        copy.dispose()


def test_scheduled_backups_keep_the_newest_and_say_when_they_fail(store: Store, tmp_path: Path) -> None:
    day = timedelta(days=1)
    job = BackupJob(store=store, folder=tmp_path / "kept", every=day, keep=2, owner="a")
    for number in range(4):
        now = NOW + number * day
        assert job.run(now)
        assert job.run(now + timedelta(hours=1)) is None
    (tmp_path / "kept" / "mine.db").touch()
    assert sorted(file.name for file in (tmp_path / "kept").iterdir()) == [
        "mine.db",
        "syndicate-20261126T090000Z.db",
        "syndicate-20261127T090000Z.db",
    ]
    (tmp_path / "file").touch()
    now += day
    with pytest.raises(Exception, match="cannot write"):
        BackupJob(store=store, folder=tmp_path / "file", every=day, keep=2, owner="b").run(now)
    with store.read() as connection:
        state = backup_state(connection)
    assert "cannot write" in backup_problem(state, day, now)
    assert job.run(now + timedelta(minutes=59)) is None
    assert job.run(now + timedelta(hours=1))
    with store.read() as connection:
        state = backup_state(connection)
    assert backup_problem(state, day, now + day) == ""
    assert "is `syndicate run` running?" in backup_problem(state, day, now + 3 * day)


def test_status_shows_the_last_backup_and_its_problem(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[backup]\nfolder = "kept"\n', "utf-8")
    assert "Last backup: none yet" in run("status").out
