"""``syndicate once``: every stage until nothing is due, from a single file that may come from a cache."""

import shutil
import signal
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from syndicate.cli.operate.once import run_rounds
from syndicate.errors import StoreError, SyndicateError
from syndicate.files import file_lock
from syndicate.jobs.scheduled_task import ScheduledTask
from tests.cli.conftest import CONFIG, SEVEN, Run
from tests.jobs.room import item, rss
from tests.net.scripted_server import ScriptedServer, answer

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
SMTP = 'transport = "smtp"\nhost = "127.0.0.1"\n'


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files}


def task(name: str, *facts: object) -> ScheduledTask:
    """A stage that returns or raises these in turn, and then finds nothing to do."""
    results = iter(facts)

    def callback(_now: datetime) -> dict[str, object] | None:
        result = next(results, None)
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[return-value]

    return ScheduledTask(name=name, every=1, callback=callback)


def rounds(*tasks: ScheduledTask, stops: int = 1000):
    """The results, with a clock that says stop after so many stages."""
    left = iter(range(stops))
    return run_rounds(tasks, lambda: NOW, lambda: next(left, None) is None)


@pytest.mark.all
def test_a_run_reads_publishes_and_cuts_in_one_go(room: Run, tmp_path: Path):
    result = room(f"once --json --now {SEVEN}")

    assert result.code == 0
    assert result.json["finished"]
    assert result.json["stages"]["ingest"]["new"] == 3
    assert result.json["stages"]["stories"]["placed"] == 3
    assert len(list((tmp_path / "feeds").rglob("*.rss"))) > 1
    # The edition has no subscribers, and its page is there.
    assert "The digest" in (tmp_path / "feeds/newsletters/daily.rss").read_text("utf-8")


@pytest.mark.all
def test_a_second_run_with_nothing_new_changes_no_byte_of_the_output(room: Run, tmp_path: Path):
    room(f"once --now {SEVEN}")
    before = hashes(tmp_path / "feeds")

    again = room(f"once --json --now {SEVEN}")

    assert (again.code, again.json["stages"]) == (0, {})
    assert hashes(tmp_path / "feeds") == before


@pytest.mark.all
def test_the_state_is_one_file_that_another_machine_goes_on_with(room: Run, tmp_path: Path):
    room(f"once --now {SEVEN}")
    files = {path.name for path in tmp_path.glob("syndicate.db*")}
    assert files <= {"syndicate.db", "syndicate.db.lock"}
    before = hashes(tmp_path / "feeds")
    # Another machine has the file alone, under a new inode number, and writes the output from it.
    shutil.copy(tmp_path / "syndicate.db", tmp_path / "copy.db")
    (tmp_path / "syndicate.db").unlink()
    (tmp_path / "copy.db").rename(tmp_path / "syndicate.db")
    shutil.rmtree(tmp_path / "feeds")

    assert room(f"once --now {SEVEN}").code == 0

    assert hashes(tmp_path / "feeds") == before


@pytest.mark.all
def test_a_cached_state_asks_a_server_no_sooner_and_with_its_validators(room: Run, tmp_path: Path):
    feed = answer(200, rss(item(1)), ETag='"1"')
    with ScriptedServer({"/feed": [feed, answer(304)]}) as server:
        source = f'[http]\nallow_private = ["127.0.0.1"]\n[[sources]]\nname = "sea"\nurl = "{server.url()}"\n'
        (tmp_path / "config.toml").write_text(CONFIG + source, "utf-8")
        room(f"once --now {SEVEN}")
        room("once --now 2026-11-24T07:10")
        assert len(server.asked) == 1
        room("once --now 2026-11-25T07:00")
        assert [asked.field("If-None-Match") for asked in server.asked] == [None, b'"1"']


@pytest.mark.all
def test_mail_to_the_outbox_folder_is_written(room: Run, tmp_path: Path):
    room("subscribers add ann@example.org --now 2026-11-20T12:00")
    result = room(f"once --json --now {SEVEN}")

    assert result.json["stages"]["deliver"]["sent"] == 1
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_mail_from_an_sqlite_file_is_refused_before_anything_is_done(room: Run, tmp_path: Path):
    (tmp_path / "config.toml").write_text(CONFIG + SMTP, "utf-8")
    result = room(f"once --now {SEVEN}")

    assert result.code == 3
    assert "sends no mail from an SQLite file, and no posts" in result.err
    assert not (tmp_path / "feeds").exists()


@pytest.mark.all
def test_mail_from_an_sqlite_file_that_stays_is_sent_when_asked_for(room: Run, smtp, tmp_path: Path):
    (tmp_path / "config.toml").write_text(CONFIG + SMTP + f'port = {smtp.port}\ntls = "none"\n', "utf-8")
    room("subscribers add ann@example.org --now 2026-11-20T12:00")
    result = room(f"once --send-mail --json --now {SEVEN}")

    assert result.json["stages"]["deliver"]["sent"] == 1


def test_mail_is_sent_from_postgresql(either_store: str, room: Run, smtp, tmp_path: Path):
    if either_store.startswith("sqlite"):
        pytest.skip("SQLite refuses, see above")
    (tmp_path / "config.toml").write_text(CONFIG + SMTP + f'port = {smtp.port}\ntls = "none"\n', "utf-8")
    room("subscribers add ann@example.org --now 2026-11-20T12:00")

    assert room(f"once --json --now {SEVEN}").json["stages"]["deliver"]["sent"] == 1


@pytest.mark.all
def test_a_problem_for_a_person_ends_with_1_and_the_output_is_written(room: Run, tmp_path: Path):
    config = CONFIG + '[[sources]]\nname = "lost"\nurl = "lost"\n'
    (tmp_path / "config.toml").write_text(config, "utf-8")
    (tmp_path / "lost").mkdir()
    room("status")
    (tmp_path / "lost").rmdir()
    result = room(f"once --now {SEVEN}")

    assert result.code == 1
    assert "source lost failed" in result.err
    assert (tmp_path / "feeds").exists()


def test_a_daemon_on_the_same_store_keeps_it(room: Run, tmp_path: Path):
    with file_lock(tmp_path / "syndicate.db.lock"):
        assert room(f"once --now {SEVEN}").code == 4


@pytest.mark.all
def test_the_signal_handler_is_put_back(room: Run):
    before = signal.getsignal(signal.SIGTERM)
    room(f"once --now {SEVEN}")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("text", ["soon", "0s", "-1m"])
def test_a_time_limit_that_is_no_duration_is_a_usage_error(room: Run, text: str):
    assert room("once", "--max-time", text).code == 2


def test_rounds_go_on_while_a_stage_finds_work():
    results = rounds(task("ingest", {"new": 2}, {"new": 1}, {"new": 0}, {"new": 9}))
    assert results.counts == {"ingest": Counter(new=3)}
    assert results.finished


def test_work_that_failed_or_waits_is_no_reason_for_another_round():
    results = rounds(task("stories", *[{"failed": 1}] * 9), task("pages", *[{"put_off": 1}] * 9))
    assert results.finished
    assert results.counts == {"stories": Counter(failed=2), "pages": Counter(put_off=2)}


def test_a_stage_that_fails_does_not_stop_the_others():
    results = rounds(
        task("ingest", *[SyndicateError("no network")] * 2),
        task("hubs", *[ValueError("a bug")] * 2),
        task("pages", SyndicateError("only once")),
        task("stories", {"placed": 1}),
    )
    assert results.counts == {"stories": Counter(placed=1)}
    assert results.errors == {"ingest": "ingest: no network", "hubs": "hubs: ValueError: a bug"}


def test_a_store_that_cannot_be_used_ends_the_run():
    with pytest.raises(StoreError):
        rounds(task("ingest", StoreError("disk full")))


def test_no_stage_begins_when_the_time_is_up():
    results = rounds(task("ingest", {"new": 1}), task("stories", {"placed": 1}), stops=1)
    assert results.counts == {"ingest": Counter(new=1)}
    assert not results.finished
