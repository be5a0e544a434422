"""Messages of the queue that are lost, doubled, or left behind by dead workers: the rows decide."""

import pytest

from tests.faults.conftest import Faults
from tests.faults.installation import seeded, wait_until

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]
DELETE = "DELETE FROM procrastinate_jobs WHERE id %% 3 = %s"
DOUBLE = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)
    SELECT queue_name, task_name, lock, args FROM procrastinate_jobs WHERE status = 'todo' AND id %% 3 = %s
"""
LEFT = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status)
    SELECT DISTINCT ON (task_name) 'look-ups', task_name, task_name, '{}'::jsonb,
        'doing'::procrastinate_job_status
    FROM procrastinate_periodic_defers
    ON CONFLICT DO NOTHING
"""


def test_lost_and_doubled_messages_of_three_workers_change_nothing(faults: Faults) -> None:
    chosen = seeded("messages")
    with faults.installation() as place:
        workers = [place.start() for _ in range(3)]
        workers[0].wait_for("started")
        changed = 0
        with place.sql() as sql:

            def disturbed() -> bool:
                nonlocal changed
                statement = chosen.choice((DELETE, DOUBLE)).encode()
                changed += sql.execute(statement, [chosen.randrange(3)]).rowcount
                return changed > 60

            wait_until(disturbed, "messages")
        place.finish(faults.expected)
        assert place.uncertain() == 0


def test_the_messages_that_a_killed_worker_was_running_stop_no_stage(faults: Faults) -> None:
    with faults.installation() as place:
        first = place.start()
        first.wait_for("edition")
        with place.sql() as sql:
            left = sql.execute(LEFT).rowcount
        place.finish(faults.expected)
        assert first.count("a message of a dead worker is dropped") >= left > 5
