"""A worker whose clock is wrong does not start; while a running worker's clock is wrong, it does nothing."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.conftest import Faults
from tests.faults.installation import Installation, Workers, wait_until
from tests.runners.test_periods import LIBFAKETIME

pytestmark = [
    pytest.mark.all,
    pytest.mark.timeout(900),
    pytest.mark.skipif(LIBFAKETIME is None, reason="needs libfaketime (apt-get install libfaketime)"),
]
ERRORS = ("+1h", "-1h", "+1d", "-1d")
RIGHT = "+0d"
REST = "no heartbeat: this machine's clock"
DUE = "SELECT FROM sources WHERE next_check = 0"


class Clock:
    """Clock of the workers of a driver."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(RIGHT)
        self.environment = {
            "LD_PRELOAD": str(LIBFAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, error: str) -> None:
        self.file.write_text(f"{error}\n", "utf-8")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def place(faults: Faults, clock: Clock) -> Iterator[Installation]:
    """An installation whose workers have the clock."""
    with Workers(clock.environment) as workers, replace(faults, workers=workers).installation() as place:
        yield place


def test_a_worker_with_a_wrong_clock_does_not_start(place: Installation, clock: Clock) -> None:
    for error in ERRORS:
        clock.set(error)
        time.sleep(1.1)  # the duration of its cache
        process = place.start()
        wait_until(lambda process=process: not process.is_alive(), "its end")  # type: ignore[misc]
        assert "the database server's" in process.lines()[-1]["event"]
    with place.sql() as sql:
        assert sql.execute("SELECT FROM articles").fetchall() == []
        assert sql.execute("SELECT FROM workers").fetchall() == []


def test_a_worker_rests_while_its_clock_is_wrong_and_goes_on_at_once_afterwards(
    faults: Faults, place: Installation, clock: Clock
) -> None:
    process = place.start()
    wait_until(lambda: not place.unfinished(faults.expected), lambda: place.unfinished(faults.expected))
    for error in ERRORS:
        clock.set(error)
        before = process.count(REST)
        process.wait_for(REST, before + 2)
        with place.sql() as sql:
            sql.execute("UPDATE sources SET next_check = 0")
            process.wait_for(REST, before + 5)
            assert len(sql.execute(DUE).fetchall()) == 2
            clock.set(RIGHT)
            wait_until(lambda sql=sql: not sql.execute(DUE).fetchone(), "the next poll")  # type: ignore[misc]
    place.finish(faults.expected)


def test_another_worker_takes_the_stages_of_a_worker_with_a_wrong_clock(
    faults: Faults, place: Installation, clock: Clock
) -> None:
    process = place.start()
    process.wait_for("started")
    clock.set("+1d")
    process.wait_for(REST)
    faults.workers.start(place.config)
    try:
        wait_until(lambda: not place.unfinished(faults.expected), lambda: place.unfinished(faults.expected))
    finally:
        faults.workers.kill_all()
    place.finish(faults.expected)
