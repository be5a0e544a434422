"""The local runner: every bell rings, at once and again; one that fails does not stop the others."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from syndicate.errors import StoreBusy, SyndicateError
from syndicate.scheduler import Bell, LocalRunner

PATIENCE = 30.0
OFTEN = 0.02  # seconds
Ring = Callable[[datetime], Mapping[str, object] | None]


@contextmanager
def running(**rings: Ring) -> Iterator[LocalRunner]:
    runner = LocalRunner(tuple(Bell(name=name, every=OFTEN, ring=ring) for name, ring in rings.items()))
    runner.start()
    try:
        yield runner
    finally:
        if not runner.should_stop:
            runner.stop()


class Counter:
    """A ring that remembers its times and can be waited for."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.times: list[datetime] = []
        self._fails = fails
        self._rung = threading.Condition()

    def __call__(self, now: datetime) -> Mapping[str, object] | None:
        with self._rung:
            self.times.append(now)
            self._rung.notify_all()
        if self._fails:
            raise self._fails
        return {"done": len(self.times)}

    def wait(self, count: int) -> None:
        with self._rung:
            assert self._rung.wait_for(lambda: len(self.times) >= count, PATIENCE)


def test_a_bell_rings_at_once_and_then_at_its_interval_with_the_time() -> None:
    ring, before = Counter(), datetime.now(UTC)
    with running(one=ring) as runner:
        ring.wait(3)
        runner.stop()
    assert ring.times == sorted(ring.times)
    assert before <= ring.times[0] <= datetime.now(UTC)
    assert runner.pulse.rang["one"] >= ring.times[0]
    assert runner.pulse.problems == {"one": ""}


def test_what_was_done_is_logged_as_facts_and_nothing_done_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ring, quiet = Counter(), threading.Event()

    def nothing(_now: datetime) -> None:
        quiet.set()

    with running(one=ring, idle=nothing):
        ring.wait(2)
        assert quiet.wait(PATIENCE)
    logged = [(record.getMessage(), record.__dict__.get("did")) for record in caplog.records]
    assert ("one", {"done": 1}) in logged
    assert all(message != "idle" for message, _ in logged)


@pytest.mark.parametrize(
    ("error", "problem", "level"),
    [
        (StoreBusy("the store is locked"), "the store is locked", logging.ERROR),
        (SyndicateError("no room for pages"), "no room for pages", logging.WARNING),
        (ZeroDivisionError("a bug"), "ZeroDivisionError: a bug", logging.ERROR),
    ],
)
def test_a_bell_that_fails_is_noted_and_rings_again_and_the_others_do_too(
    caplog: pytest.LogCaptureFixture, error: Exception, problem: str, level: int
) -> None:
    bad, good = Counter(fails=error), Counter()
    with running(bad=bad, good=good) as runner:
        bad.wait(2)
        good.wait(2)
        runner.stop()
        assert runner.pulse.problems == {"bad": problem, "good": ""}
    records = [record for record in caplog.records if record.levelno == level]
    assert "bad" in records[0].getMessage()
    # Only a bug gets a traceback: everything else says in words what a person can do.
    assert bool(records[0].exc_info) is isinstance(error, ZeroDivisionError)


def test_a_bell_that_works_again_is_well_again() -> None:
    fail, rung = [True], Counter()

    def sometimes(now: datetime) -> None:
        rung(now)
        if fail:
            raise SyndicateError("once")

    with running(one=sometimes) as runner:
        rung.wait(1)
        fail.clear()
        rung.wait(len(rung.times) + 2)
        runner.stop()
        assert runner.pulse.problems == {"one": ""}


def test_T7_one_bell_never_rings_twice_at_once_and_others_ring_meanwhile() -> None:
    at_once, most, release, other = [0], [0], threading.Event(), Counter()

    def slow(_now: datetime) -> None:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        release.wait(PATIENCE)
        at_once[0] -= 1

    with running(slow=slow, other=other):
        other.wait(5)
        release.set()
    assert most == [1]


def test_T4_stopping_waits_for_the_unit_at_work_and_takes_no_new_work() -> None:
    begun, release, ended = threading.Event(), threading.Event(), []

    def unit(now: datetime) -> None:
        begun.set()
        release.wait(PATIENCE)
        ended.append(now)

    with running(one=unit) as runner:
        assert begun.wait(PATIENCE)
        should_stop = threading.Thread(target=runner.stop)
        should_stop.start()
        while not runner.should_stop:
            pass
        assert ended == []
        release.set()
        should_stop.join(PATIENCE)
    assert len(ended) == 1
