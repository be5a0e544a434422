"""PostgreSQL crashes at a commit of each stage and starts again: the workers finish the work."""

import signal
from collections.abc import Iterator

import pytest

from tests import postgres
from tests.conftest import missing
from tests.faults.conftest import Faults
from tests.faults.installation import seeded
from tests.faults.test_killed_workers import ROOMS

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def restarted() -> Iterator[postgres.RestartedServer]:
    try:
        with postgres.restarted_server() as server:
            yield server
    except postgres.NoPostgres as error:
        missing(str(error))


@pytest.mark.parametrize("room", ROOMS)
def test_a_database_that_crashes_in_a_stage_makes_no_mail_uncertain_and_loses_nothing(
    faults: Faults, restarted: postgres.RestartedServer, room: str
) -> None:
    chosen = seeded(room)
    before = restarted.restarts
    with faults.installation(restarted.url) as place:
        when, number = chosen.choice(("before", "after")), chosen.randint(1, 4)
        print(room, when, number)  # noqa: T201 to repeat a failure
        crash = {"signal": signal.SIGQUIT, "target": restarted.pid, "room": room}
        workers = [place.start(**crash, when=when, number=number) for _ in range(2)]
        place.finish(faults.expected)
        assert restarted.restarts > before
        assert place.uncertain() == 0
        del workers
