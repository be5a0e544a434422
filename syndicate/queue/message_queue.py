"""Messages of all stages on Procrastinate: periodic ticks, look-ups of due shards, and upkeep of the queue.

A tick of a stage with shards asks once which shards have due rows and queues a message for each. A tick of
another stage is the message itself. A queue is a stage, or a shard of a stage, so that a worker can listen to
its own; ``LOOK_UPS`` belongs to all workers.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager, migrations_path
from psycopg import AsyncConnection

from syndicate.jobs.scheduled_task import Part, ScheduledTask, ShardedWork
from syndicate.model.shards import shard_of
from syndicate.store import Store
from syndicate.store.leases import worker_store

log = logging.getLogger("syndicate.worker")

LOOK_UPS = "look-ups"
STALLED = 30.0
"""Seconds without a heartbeat after which Procrastinate's messages of a worker are dropped."""
UPKEEP = 15.0

Facts = Mapping[str, object] | None
Run = Callable[[ScheduledTask, Callable[[datetime], Facts], str], Awaitable[None]]
"""Runs a call of a task in a thread, while the named lease is held, if any."""


def ensure_tables(store: Store) -> None:
    """Create Procrastinate's tables unless the store has them. Raises ``StoreError``."""
    version = max(file.stem for file in migrations_path.glob("*.sql"))
    with store.write() as connection:
        worker_store.ensure_queue_tables(connection, SchemaManager.get_schema(), version)


def cron(every: float) -> str:
    """Return the cron expression of an interval in seconds, which divides a minute, an hour or a day."""
    seconds = int(every)
    if seconds < 60:
        return f"* * * * * */{seconds}"
    return f"*/{seconds // 60} * * * *" if seconds < 3600 else f"0 */{seconds // 3600} * * *"


def shard_queue(name: str, shard: int) -> str:
    """Return the name of the queue for a shard of a stage."""
    return f"{name}.{shard}"


async def _limit_idle(connection: AsyncConnection) -> None:
    """End a transaction of a worker that is stopped or cut off: other workers wait for its rows."""
    await connection.execute(f"SET idle_in_transaction_session_timeout = {int(STALLED * 1000)}".encode())
    await connection.commit()


class _WatchedMessages(JobManager):
    """Messages whose end is watched: an end that could not be stored leaves a message with its locks."""

    is_end_lost = False

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 its signature
        """Store the end of a message."""
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException:
            self.is_end_lost = True
            raise


class MessageQueue:
    """Procrastinate's app for the messages of ``tasks``; ``upkeep`` is called while the queue is swept.

    ``app`` queues the ticks. ``silent_app`` knows the same messages, so that a process queues ticks once.
    """

    def __init__(
        self, url: str, tasks: Iterable[ScheduledTask], run: Run, upkeep: Callable[[], Awaitable[None]]
    ) -> None:
        connector = PsycopgConnector(conninfo=url, min_size=1, max_size=4, configure=_limit_idle)
        self.app, self.silent_app = App(connector=connector), App(connector=connector)
        self._messages = _WatchedMessages(connector)
        self.app.job_manager = self.silent_app.job_manager = self._messages
        self._run = run
        for task in tasks:
            if task.shards is None:
                self._every(task.every, task.name, task.name, partial(self._tick, task))
            else:
                name = task.name
                self.app.task(name=name, queue=name)(partial(self._work, task, task.shards))
                look_up = partial(self._look_up, task, task.shards)
                self._every(task.every, f"look up {name}", LOOK_UPS, look_up)
        self._every(UPKEEP, "upkeep", LOOK_UPS, partial(self._keep_up, upkeep))
        self.silent_app.tasks.update(self.app.tasks)

    def take_lost_end(self) -> bool:
        """Return whether the end of a message was lost since the last call.

        Procrastinate drops such a message only once the listener that ran it has ended.
        """
        lost, self._messages.is_end_lost = self._messages.is_end_lost, False
        return lost

    def _every(self, seconds: float, name: str, queue: str, work: Callable[..., Awaitable[None]]) -> None:
        # A worker that is killed during the upkeep would keep its lock for ever.
        lock = None if name == "upkeep" else name
        task = self.app.task(name=name, queue=queue, lock=lock, queueing_lock=name)(work)
        self.app.periodic(cron=cron(seconds))(task)

    async def _tick(self, task: ScheduledTask, timestamp: int) -> None:  # noqa: ARG002 the queue passes it
        await self._run(task, task.callback, "")

    async def _work(self, task: ScheduledTask, shards: ShardedWork, part: Part) -> None:
        await self._run(task, lambda now: shards.run(now, part), shards.lease and f"{shards.lease}:{part}")

    async def _look_up(self, task: ScheduledTask, shards: ShardedWork, timestamp: int) -> None:  # noqa: ARG002
        """Queue a message for each part with due rows, unless it waits already."""
        found: list[Part] = []
        await self._run(task, lambda now: found.extend(shards.due(now)), "")
        if not found:
            return
        waiting = await self.app.job_manager.list_jobs_async(task=task.name, status="todo")
        queued = {job.queueing_lock for job in waiting}
        for part in found:
            name = f"{task.name}:{part}"
            if name in queued:
                continue
            shard = part if isinstance(part, int) else shard_of(part)
            # A lock for each stage: messages of a stage without a worker would block those of its leases.
            queue = shard_queue(task.name, shard)
            message = self.app.configure_task(task.name, queue=queue, queueing_lock=name, lock=name)
            with suppress(AlreadyEnqueued):
                await message.defer_async(part=part)

    async def _keep_up(self, upkeep: Callable[[], Awaitable[None]], timestamp: int) -> None:  # noqa: ARG002
        """Drop the messages that dead workers ran: the next tick asks again. Release their leases."""
        jobs = self.app.job_manager
        for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            log.warning("a message of a dead worker is dropped", extra={"did": {"task": job.task_name}})
            try:
                await jobs.finish_job(job, Status.FAILED, delete_job=True)
            except ConnectorException as error:
                log.warning("the message was gone already: %s", error)
        await jobs.prune_stalled_workers(STALLED)
        await upkeep()
