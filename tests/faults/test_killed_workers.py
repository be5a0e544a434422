"""Two workers, of which SIGKILL ends the first at a commit: the second finishes the work."""

import signal

import pytest

from tests.faults.conftest import Faults
from tests.faults.installation import seeded, wait_until

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]
ROOMS = ("ingest", "stories", "publish", "newsletter", "delivery")


@pytest.mark.parametrize("room", ROOMS)
def test_a_worker_killed_at_a_commit_loses_and_doubles_nothing(faults: Faults, room: str) -> None:
    counts = faults.commits
    assert counts[room] > 0, counts
    chosen = seeded(room)
    for when in ("before", "after"):
        number = chosen.randint(1, counts[room])
        print(room, when, number, "of", counts[room])  # noqa: T201 to repeat a failure
        with faults.installation() as place:
            first = place.start(signal=signal.SIGKILL, room=room, when=when, number=number)
            is_late = chosen.random() < 0.5
            if is_late:
                # It frees the leases of the dead process at its start; an earlier one waits for heartbeats.
                wait_until(lambda first=first: not first.is_alive(), "the kill")  # type: ignore[misc]
            place.start()
            place.finish(faults.expected)
            assert place.uncertain() <= 1
