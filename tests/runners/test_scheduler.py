"""Scheduler: each task runs at once and at its interval; a failing task does not stop the others."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from syndicate.errors import StoreBusy, SyndicateError
from syndicate.jobs.scheduled_task import Callback, ScheduledTask
from syndicate.scheduler import Scheduler

PATIENCE = 240.0
OFTEN = 0.02  # seconds


@contextmanager
def running(**callbacks: Callback) -> Iterator[Scheduler]:
    tasks = (ScheduledTask(name=name, every=OFTEN, callback=call) for name, call in callbacks.items())
    scheduler = Scheduler(tuple(tasks))
    scheduler.start()
    try:
        yield scheduler
    finally:
        if not scheduler.stopping:
            scheduler.stop()


def problems(scheduler: Scheduler) -> dict[str, str]:
    return {name: run.problem for name, run in scheduler.last_runs.items()}


class Counter:
    """Callback that remembers its times and can be waited for."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.times: list[datetime] = []
        self._fails = fails
        self._called = threading.Condition()

    def __call__(self, now: datetime) -> Mapping[str, object] | None:
        with self._called:
            self.times.append(now)
            self._called.notify_all()
        if self._fails:
            raise self._fails
        return {"done": len(self.times)}

    def wait(self, count: int) -> None:
        with self._called:
            assert self._called.wait_for(lambda: len(self.times) >= count, PATIENCE)


def test_a_task_runs_at_once_and_then_at_its_interval_with_the_time() -> None:
    task, before = Counter(), datetime.now(UTC)
    with running(one=task) as scheduler:
        task.wait(3)
        scheduler.stop()
    assert task.times == sorted(task.times)
    assert before <= task.times[0] <= datetime.now(UTC)
    assert scheduler.last_runs["one"].at >= task.times[0]
    assert problems(scheduler) == {"one": ""}


def test_what_was_done_is_logged_as_facts_and_nothing_done_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    task, quiet = Counter(), threading.Event()

    def nothing(_now: datetime) -> None:
        quiet.set()

    with running(one=task, idle=nothing):
        task.wait(2)
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
def test_a_failing_task_is_recorded_and_runs_again_and_so_do_the_others(
    caplog: pytest.LogCaptureFixture, error: Exception, problem: str, level: int
) -> None:
    bad, good = Counter(fails=error), Counter()
    with running(bad=bad, good=good) as scheduler:
        bad.wait(2)
        good.wait(2)
        scheduler.stop()
        assert problems(scheduler) == {"bad": problem, "good": ""}
    records = [record for record in caplog.records if record.levelno == level]
    assert "bad" in records[0].getMessage()
    # Only a bug gets a traceback: everything else says in words what a person can do.
    assert bool(records[0].exc_info) is isinstance(error, ZeroDivisionError)


def test_a_task_that_works_again_has_no_problem() -> None:
    fail, calls = [True], Counter()

    def sometimes(now: datetime) -> None:
        calls(now)
        if fail:
            raise SyndicateError("once")

    with running(one=sometimes) as scheduler:
        calls.wait(1)
        fail.clear()
        calls.wait(len(calls.times) + 2)
        scheduler.stop()
        assert problems(scheduler) == {"one": ""}


def test_T7_runs_of_one_task_never_overlap_and_other_tasks_go_on() -> None:
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

    with running(one=unit) as scheduler:
        assert begun.wait(PATIENCE)
        stopping = threading.Thread(target=scheduler.stop)
        stopping.start()
        while not scheduler.stopping:
            pass
        assert ended == []
        release.set()
        stopping.join(PATIENCE)
    assert len(ended) == 1
