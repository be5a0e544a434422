"""Leases that are renewed: takeover from a dead, stopped or stuck holder, no commit by a former holder."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from syndicate.errors import StoreError
from syndicate.store.core.server_clock import MAX_CLOCK_ERROR, require_right_clock
from syndicate.store.leases import held_lease as module
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import HeldLease, LeaseTaken, held_lease
from tests.factories import NOW

SHORT = timedelta(seconds=0.3)
HOLDER = """
import sys
from datetime import UTC, datetime, timedelta
from syndicate.errors import StoreError
from syndicate.store import open_store
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import held_lease

store = open_store(sys.argv[1])
short = timedelta(seconds=0.3)
with held_lease(store, "work", owner="first", now=datetime.now(UTC), duration=short) as lease:
    print("held", flush=True)
    for line in sys.stdin:
        try:
            with store.write() as connection:
                if line.strip() == "inside":
                    lease.keep(connection)
                    print("inside", flush=True)
                    sys.stdin.readline()
                lease.keep(connection)
                leases.increment_counter(connection, "first")
            print("done", flush=True)
        except StoreError as error:
            print(type(error).__name__, flush=True)
"""


def held(store, owner: str = "us", now=NOW, duration=timedelta(minutes=1)):
    return held_lease(store, "work", owner=owner, now=now, duration=duration)


def others_get_it(store, now: datetime) -> bool:
    with held(store, "them", now) as lease:
        return lease is not None


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert said(process) == "held"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str], order: str = "") -> str:
    assert process.stdin
    assert process.stdout
    if order:
        process.stdin.write(order + "\n")
        process.stdin.flush()
    return process.stdout.readline().strip()


def wait_for_it(store) -> HeldLease:
    """Take the lease as soon as it is free."""
    lease = HeldLease(store, "work", "second", datetime.now(UTC), SHORT)
    while not lease.take():
        lease = HeldLease(store, "work", "second", datetime.now(UTC), SHORT)
    return lease


def count_under(store, lease: HeldLease) -> None:
    with store.write() as connection:
        leases.increment_counter(connection, "us")
        lease.keep(connection)


def counted(store, key: str) -> int:
    with store.read() as connection:
        return leases.read_counter(connection, key)


def test_a_lease_is_held_for_the_block_and_free_after_it(store):
    with held(store) as lease:
        assert lease is not None
        assert not others_get_it(store, NOW)
    assert others_get_it(store, NOW)
    with pytest.raises(ValueError, match="a bug"), held(store):
        raise ValueError("a bug")
    assert others_get_it(store, NOW)


def test_two_threads_of_a_process_exclude_each_other(store):
    inside = threading.Barrier(2)

    def work(_number: int) -> bool:
        with held(store) as lease:
            inside.wait(timeout=120)
            return lease is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [False, True]


def test_a_holder_that_makes_progress_keeps_its_lease_and_a_stuck_holder_does_not(store, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    lease = HeldLease(store, "work", "us", NOW, module.LEASE)
    assert lease.take()
    stops = lease.until_lost(lambda: False)
    for _ in range(6):
        clock[0] += 20
        assert not stops()
        assert lease.renew()
    now = NOW + timedelta(seconds=120)
    assert not others_get_it(store, now + timedelta(seconds=59))
    # A stuck thread: only the beats go on.
    for _ in range(3):
        clock[0] += 20
        assert lease.renew()
    assert others_get_it(store, now + timedelta(seconds=90))


def test_a_holder_learns_that_its_lease_was_taken_even_if_it_is_free_again(store):
    lease = HeldLease(store, "work", "us", NOW, module.LEASE)
    assert lease.take()
    assert others_get_it(store, NOW + timedelta(minutes=2))
    with pytest.raises(LeaseTaken):
        count_under(store, lease)
    assert counted(store, "us") == 0
    assert not lease.renew()
    assert lease.until_lost(lambda: False)()


@pytest.mark.all
def test_a_killed_holder_is_followed_when_its_lease_ends(store, store_url):
    with another_process(store_url) as process:
        assert said(process, "count") == "done"
        process.kill()
        process.wait()
        wait_for_it(store)
    assert counted(store, "first") == 1


@pytest.mark.all
def test_a_stopped_holder_commits_nothing_after_it_wakes_up(store, store_url):
    with another_process(store_url) as process:
        process.send_signal(signal.SIGSTOP)
        lease = wait_for_it(store)
        with store.write() as connection:
            lease.keep(connection)
            leases.increment_counter(connection, "second")
        process.send_signal(signal.SIGCONT)
        assert said(process, "count") == "LeaseTaken"
    assert (counted(store, "first"), counted(store, "second")) == (0, 1)


@pytest.mark.all
@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_process_stopped_inside_its_transaction_does_not_lock_others_out(store, store_url):
    with another_process(store_url) as process:
        assert said(process, "inside") == "inside"
        process.send_signal(signal.SIGSTOP)
        wait_for_it(store)
        process.send_signal(signal.SIGCONT)
        assert said(process, "go on") not in ("", "done")
    assert counted(store, "first") == 0


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_machine_with_a_wrong_clock_does_not_work(store, side):
    wrong = side * (MAX_CLOCK_ERROR + timedelta(seconds=5))
    words = f"clock is (19|20|21) seconds {'ahead of' if side > 0 else 'behind'} the database server's"
    with store.read() as connection:
        require_right_clock(connection)
        with pytest.raises(StoreError, match=words):
            require_right_clock(connection, lambda: datetime.now(UTC) + wrong)
