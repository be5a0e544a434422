"""Leases of processes that are alive, killed, or cannot be judged; and commands that meet such a lease."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicate.cli import main
from syndicate.jobs import lease_owners
from syndicate.jobs.lease_owners import describe_owner, free_dead_owners, is_dead, lease_owner
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from tests import factories
from tests.factories import NOW
from tests.runners.daemon import CHECKOUT

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/ns/pid").is_symlink(), reason="without /proc nothing is proven"
)
UNTIL = NOW + timedelta(minutes=10)
CONFIG = """
[mail]
address = "1 Quay, Harbour"
[[sources]]
name = "desk"
url = "articles"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
"""
# Holds everything that can be held, as a command does that is in the middle of its work.
HOLDER = """
import sys
from datetime import timedelta
from pathlib import Path
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.leases import leases
from syndicate.store.ingest import source_store
from syndicate.store.mail import delivery_store
from tests.runners.test_lease_owners import NOW, UNTIL

with open_services(load_settings(Path(sys.argv[1])), now=NOW) as services:
    term = {"owner": services.owner, "now": NOW, "until": UNTIL}
    with services.store.write() as connection:
        for name in ("stories", "publish"):
            leases.take_lease(connection, name, **term)
        source_store.claim_due_sources(connection, limit=9, **term)
        delivery_store.claim_deliveries(connection, limit=9, **term)
    print(services.owner, flush=True)
    sys.stdin.read()
"""


@contextmanager
def child(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that prints the name of its owner and waits; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


NAMED = """
import sys
from syndicate.jobs.lease_owners import lease_owner
print(lease_owner(daemon=False), flush=True)
sys.stdin.read()
"""


@pytest.mark.all
@needs_proc
def test_a_process_is_dead_once_it_was_killed_and_not_before() -> None:
    with child(NAMED) as (process, owner):
        alive = is_dead(owner)
        process.kill()
        process.wait()
        assert (alive, is_dead(owner)) == (False, True)
        assert describe_owner(owner).startswith(f"process {process.pid} on host ")


@needs_proc
def test_a_process_id_that_was_given_out_anew_does_not_keep_a_lease_alive() -> None:
    fields = lease_owner(daemon=False).split(":")
    assert not is_dead(":".join(fields))
    fields[3] = str(int(fields[3]) - 1)
    assert is_dead(":".join(fields))


@pytest.mark.all
@needs_proc
@pytest.mark.parametrize("boot", ["", "another-boot", "0-4026531836"])
@pytest.mark.sampled(1)
def test_nothing_is_proven_about_another_machine_or_container(boot: str) -> None:
    with child(NAMED) as (process, owner):
        process.kill()
        process.wait()
    fields = owner.split(":")
    fields[2] = boot
    assert not is_dead(":".join(fields))


def test_nothing_is_proven_by_names_of_an_older_version_or_without_proc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not is_dead("news:999999999:20261127T071500000000")
    monkeypatch.setattr(lease_owners, "_PROC", tmp_path)
    owner = lease_owner(daemon=False)
    assert not is_dead(owner)
    assert describe_owner(owner) != "another process"


def test_the_next_daemon_frees_what_the_last_one_held_in_a_container_that_is_gone(store: Any) -> None:
    """The daemon's lock is the proof: nobody else can be a daemon of this store."""
    for role in ("daemon", "command"):
        with store.write() as connection:
            owner = f"news:1:another-boot:77:{role}:aa"
            leases.take_lease(connection, role, owner=owner, now=NOW, until=UNTIL)
    free_dead_owners(store, NOW)
    with store.read() as connection:
        assert all(leases.lease_holder(connection, one, now=NOW) for one in ("daemon", "command"))
    free_dead_owners(store, NOW, daemon=True)
    with store.read() as connection:
        held = [leases.lease_holder(connection, one, now=NOW) is not None for one in ("daemon", "command")]
    assert held == [False, True]


@pytest.mark.all
@needs_proc
@pytest.mark.parametrize("command", ["ingest", "ingest desk", "stories", "publish", "deliver"])
@pytest.mark.sampled(1)
def test_a_command_says_who_keeps_it_from_its_work_and_follows_a_killed_one_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "ferry.md").write_text("# Ferry strike ends\n\nThe crews are back at work.\n")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, "utf-8")
    with open_services(load_settings(config, {}), now=NOW) as services, services.store.write() as connection:
        factories.newsroom(connection, "ann@example.org", "bob@example.org")

    def ended(*more: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as code:
            main([*command.split(), "--now", NOW.isoformat(), *more])
        said = capsys.readouterr()
        return code.value.code or 0, said.out, said.err  # type: ignore[return-value]

    with child(HOLDER, str(config)) as (process, owner):
        assert owner
        code, out, err = ended()
        assert (code, out) == (1, "")
        assert f"Nothing was done: process {process.pid} on host" in " ".join(err.split())
        assert f"{UNTIL:%H:%M} UTC" in err
        code, out, _ = ended("--json")
        answer = json.loads(out)
        assert (code, answer["busy"], answer["held_until"]) == (1, True, UNTIL.isoformat())
        process.kill()
        process.wait()
        code, out, _ = ended("--json")
        assert (code, json.loads(out)["busy"]) == (0, False)


@needs_proc
@pytest.mark.parametrize(
    ("boot", "role", "host", "swept"),
    [
        ("0" * 36 + "-1", "daemon", "ours", True),
        ("0" * 36 + "-1", "command", "ours", False),
        ("0" * 36 + "-1", "daemon", "news", False),
        ("ours", "daemon", "ours", False),
    ],
)
def test_a_daemon_that_ended_with_its_machine_left_its_mail_in_doubt(
    store: Any, boot: str, role: str, host: str, swept: bool
) -> None:
    fields = lease_owner(daemon=True).split(":")
    fields[0] = fields[0] if host == "ours" else host
    fields[2] = fields[2] if boot == "ours" else boot
    fields[4] = role
    owner = ":".join(fields)
    with store.write() as connection:
        leases.ensure_secret(connection)
        factories.newsroom(connection, "ann@example.org")
        (one,) = delivery_store.claim_deliveries(connection, now=NOW, owner=owner, until=UNTIL, limit=1)
        delivery_store.begin_sending(connection, [one.id], owner=owner, now=NOW, until=UNTIL)
    free_dead_owners(store, NOW)
    with store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"sending": 1}
    free_dead_owners(store, NOW, daemon=True)
    with store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"uncertain" if swept else "sending": 1}
