"""A worker stopped by SIGSTOP at a commit, for longer than its leases: another works, and both go on."""

import signal

import pytest

from tests.faults.conftest import Faults
from tests.faults.installation import seeded, wait_until

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("room", ["stories", "publish", "newsletter", "delivery"])
def test_a_stopped_holder_of_leases_keeps_nobody_waiting_and_writes_nothing_afterwards(
    faults: Faults, room: str, when: str
) -> None:
    number = seeded(f"{room} {when}").randint(1, 6)
    print(room, when, number)  # noqa: T201 to repeat a failure
    with faults.installation() as place:
        first = place.start(signal=signal.SIGSTOP, room=room, when=when, number=number)
        wait_until(first.is_stopped, "the stop")
        second = place.start()
        second.wait_for("started")
        with place.sql() as sql:
            # The first worker may have been stopped before it had a row.
            wait_until(lambda: sql.execute("SELECT count(*) FROM workers").fetchone() == (1,), "its end")
        wait_until(lambda: not place.unfinished(faults.expected), lambda: place.unfinished(faults.expected))
        first.send(signal.SIGCONT)
        with place.sql() as sql:
            sql.execute("UPDATE sources SET next_check = 0")
            wait_until(
                lambda: not sql.execute("SELECT FROM sources WHERE next_check = 0").fetchone(),
                "the next poll",
            )
        place.finish(faults.expected)
        assert place.uncertain() <= 1
