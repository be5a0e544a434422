"""The log of stages: what is kept of their runs, and totals that survive restarts and errors."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from syndicate import measures
from syndicate.errors import StoreError, SyndicateError
from syndicate.jobs.scheduled_task import run_task
from syndicate.jobs.stage_log import StageLog, StageRun, typical_seconds
from syndicate.store import Store
from syndicate.store.output import stage_store
from tests.factories import NOW


@pytest.fixture(autouse=True)
def no_counts() -> Iterator[None]:
    measures.subtract(measures.counts())
    yield
    measures.subtract(measures.counts())


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stages(store: Store, clock: Clock) -> StageLog:
    return StageLog(store=store, clock=clock)


def run(seconds: float = 0.3, *, problem: str = "", hours: int = 0, **facts: object) -> StageRun:
    return StageRun(NOW + timedelta(hours=hours), seconds, problem, facts)


def rows(store: Store) -> dict[str, stage_store.StageRow]:
    with store.read() as connection:
        return stage_store.stage_rows(connection)


def test_runs_within_ten_seconds_are_a_single_commit_and_their_facts_are_added(
    stages: StageLog, store: Store, clock: Clock
):
    stages.record("ingest", run(new=1))
    stages.record("ingest", run(new=2, failed=0))
    stages.record("ingest", run(new=3))
    assert rows(store)["ingest"].facts_json == {"new": 1}
    clock.seconds = 10
    stages.record("deliver", run(sent=7))
    assert rows(store)["ingest"].facts_json == {"new": 5}
    assert rows(store)["deliver"].facts_json == {"sent": 7}


def test_workers_that_store_the_same_stages_in_other_orders_lose_no_run(
    store: Store, caplog: pytest.LogCaptureFixture
):
    rounds, names = 30, ("deliver", "ingest", "publish", "stories")
    together = Barrier(2, timeout=30)

    def work(order: Sequence[str]) -> None:
        stages = StageLog(store=store, clock=lambda: -1.0)
        for _ in range(rounds):
            together.wait()
            for name in order:
                stages.record(name, run())
            stages.flush()

    for name in names:
        StageLog(store=store).record(name, run())
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (names, names[::-1])))
    assert caplog.messages == []
    assert [sum(row.recent_json[0][2:]) for row in rows(store).values()] == [1 + 2 * rounds] * len(names)


def test_a_new_error_and_its_end_are_stored_at_once(stages: StageLog, store: Store):
    stages.record("ingest", run())
    stages.record("ingest", run(problem="no disk", hours=1))
    row = rows(store)["ingest"]
    assert (row.problem, row.at, row.success) == ("no disk", NOW + timedelta(hours=1), NOW)
    stages.record("ingest", run(hours=2))
    row = rows(store)["ingest"]
    assert (row.problem, row.success) == ("", NOW + timedelta(hours=2))


def test_the_durations_of_the_last_24_hours_are_kept(stages: StageLog, store: Store, clock: Clock):
    for hour, seconds in enumerate([200.0, *[0.2] * 20, *[3.0] * 8]):
        clock.seconds += 10
        stages.record("ingest", run(seconds, hours=hour))
    row = rows(store)["ingest"]
    assert len(row.recent_json) == 24
    assert typical_seconds(row) == (0.25, 3.0)


def test_totals_rise_over_restarts_and_with_several_processes(store: Store):
    for _ in range(3):
        process = StageLog(store=store)
        process.record("ingest", run(new=2))
        process.record("ingest", run(new=5))
        process.flush()
        assert process.totals()["ingest", "new"] >= 7
    assert StageLog(store=store).totals()["ingest", "new"] == 21


def test_a_total_that_was_shown_outlives_a_killed_process(store: Store):
    process = StageLog(store=store, clock=Clock())
    process.record("ingest", run(new=2))
    process.record("ingest", run(new=5))
    shown = process.totals()
    measures.subtract(measures.counts())
    assert StageLog(store=store).totals() == shown == {("ingest", "new"): 7}


def test_counts_wait_for_a_store_that_cannot_be_used(stages: StageLog, store: Store, clock: Clock):
    with store.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    broken = StageLog(store=_Broken(store), clock=clock)  # type: ignore[arg-type]
    broken.record("ingest", run(new=2))
    assert rows(store) == {}
    measures.count("polls", "new", 4)
    broken.store = store
    clock.seconds = 10
    broken.record("ingest", run(new=3))
    assert rows(store)["ingest"].facts_json == {"new": 5}
    assert broken.totals() == {("ingest", "new"): 5, ("polls", "new"): 4}


class _Broken:
    """A store whose server is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self) -> None:
        raise StoreError("the server is away")


def test_a_task_records_its_facts_and_its_error(stages: StageLog, store: Store, clock: Clock):
    def failing() -> None:
        raise SyndicateError("no template")

    assert run_task("publish", lambda: {"feeds": 3}, stages.record) == ""
    assert rows(store)["publish"].facts_json == {"feeds": 3}
    assert run_task("publish", failing, stages.record) == "no template"
    assert rows(store)["publish"].problem == "no template"
    stages.flush()
    assert stages.totals()["failures", "publish"] == 1
    assert ("job", "publish") in measures.durations()
