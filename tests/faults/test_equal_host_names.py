"""Two workers with the same host name and process id, as in two containers of one image."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.conftest import missing
from tests.faults.conftest import Faults
from tests.faults.installation import Workers, wait_until

pytestmark = [pytest.mark.all, pytest.mark.timeout(1200)]
CONTAINER = ("unshare", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc")
RENAMED = ("sh", "-c", 'hostname news && exec "$@"', "sh")
OWNERS = "SELECT owner FROM workers ORDER BY owner"


@pytest.fixture
def containers() -> Iterator[tuple[Workers, Workers]]:
    """Drivers with a host name and process ids of their own, which are the same in both."""
    if not shutil.which("unshare") or subprocess.run([*CONTAINER, *RENAMED, "true"], check=False).returncode:
        missing("unshare may not make namespaces")
    with ExitStack() as stack:
        first, second = (stack.enter_context(Workers(command=(*CONTAINER, *RENAMED))) for _ in range(2))
        yield first, second


def test_workers_with_one_host_name_and_process_id_leave_each_other_alone_and_one_follows_the_other(
    faults: Faults, containers: tuple[Workers, Workers]
) -> None:
    with replace(faults, workers=containers[0]).installation() as place, place.sql() as sql:
        workers = [driver.start(place.config) for driver in containers]
        wait_until(lambda: len(sql.execute(OWNERS).fetchall()) == 2, "two workers")
        names = [owner.split(":") for (owner,) in sql.execute(OWNERS).fetchall()]
        assert names[0][:2] == names[1][:2]
        assert names[0][0] == "news"
        assert names[0][2] != names[1][2]
        wait_until(lambda: not place.unfinished(faults.expected), lambda: place.unfinished(faults.expected))
        for worker in workers:
            assert worker.count("a worker is gone") == worker.count("leases were lost") == 0
        workers[0].send(signal.SIGKILL)
        sql.execute("UPDATE sources SET next_check = 0")
        due = "SELECT FROM sources WHERE next_check = 0"
        wait_until(lambda: not sql.execute(due).fetchone(), "the next poll")
        workers[1].wait_for("a worker is gone")
        place.finish(faults.expected)
        assert place.uncertain() == 0
