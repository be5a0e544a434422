"""Two workers behind PgBouncer in session mode."""

import pytest

from tests.faults.conftest import Faults
from tests.store.test_pooled import pool

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]
END = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_workers_behind_a_pool_of_sessions_work_also_after_their_sessions_ended(faults: Faults) -> None:
    with pool(faults.postgres_server, "session") as url, faults.installation_on(url) as place:
        workers = [place.start() for _ in range(2)]
        for process in workers:
            process.wait_for("started")
        with place.sql() as sql:
            sql.execute(END)
        place.finish(faults.expected)
        assert place.uncertain() == 0
