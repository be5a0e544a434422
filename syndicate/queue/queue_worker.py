"""Worker: runs the messages of its stages and shards until it is asked to stop.

A worker has a group of slots for each stage with shards, and a group for all other stages, so that slow
servers never keep mail waiting. A stage that keeps much in memory runs in the worker that holds its lease.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

from procrastinate import App

from syndicate.errors import StoreError
from syndicate.jobs.scheduled_task import ScheduledTask, run_task
from syndicate.jobs.stage_log import StageLog
from syndicate.memory import RELEASE_EVERY, release_unused
from syndicate.queue.message_queue import LOOK_UPS, Facts, MessageQueue, shard_queue
from syndicate.queue.presence import HEARTBEAT, Presence
from syndicate.store.core.server_clock import WrongClock

log = logging.getLogger("syndicate.worker")

POLL = 15.0
"""Seconds between two queries for messages; PostgreSQL announces new messages at once."""
RETRY = 2.0


class QueueWorker:
    """Runs the messages of the stages and shards of ``presence``.

    ``tasks`` are all stages, since every worker queues the ticks of all. ``check`` is called before each
    message and raises to prevent the work.
    """

    def __init__(
        self,
        url: str,
        tasks: Iterable[ScheduledTask],
        presence: Presence,
        check: Callable[[], None],
        stage_log: StageLog,
    ) -> None:
        self._presence, self._check, self._stage_log = presence, check, stage_log
        self._tasks = tuple(task for task in tasks if task.name in presence.row.stages)
        # Procrastinate reports every message; the stages log their own work.
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        self._queue = MessageQueue(url, tasks, self._run, lambda: asyncio.to_thread(presence.release_dead))
        threads = sum(task.shards.parallel if task.shards else 1 for task in self._tasks) + 2
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="stage")
        self._working: Counter[str] = Counter()
        self._groups: list[asyncio.Task[None]] = []
        self._endings: list[asyncio.Task[None]] = []

    def working(self) -> list[str]:
        """Return the names of the stages that run now, sorted."""
        return sorted(+self._working)

    async def run(self, stop: asyncio.Event, on_stop: Callable[[], None]) -> None:
        """Work until ``stop`` is set; then call ``on_stop`` and wait for the running units of work."""
        async with self._queue.app.open_async():
            # A unit of work may take longer than a lease, also after the stop.
            beating = asyncio.create_task(self._keep_beating())
            # An error that ends the heartbeat ends the worker: without it, no work would begin any more.
            beating.add_done_callback(lambda _: stop.set())
            await stop.wait()
            self._presence.stopping.set()
            on_stop()
            await self._end_groups()
            await asyncio.gather(*self._endings, return_exceptions=True)
            await asyncio.to_thread(self._threads.shutdown)
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        await asyncio.to_thread(self._stage_log.flush)
        await asyncio.to_thread(self._presence.leave)

    def _start_groups(self) -> None:
        row, silent = self._presence.row, self._queue.silent_app
        single = [task.name for task in self._tasks if task.shards is None and not task.is_warm]
        groups: list[Coroutine[Any, Any, None]] = [self._keep_small()]
        groups.append(serve_queues(self._queue.app, [*single, LOOK_UPS], len(single) + 2))
        for task in self._tasks:
            if task.shards is not None:
                queues = [shard_queue(task.name, shard) for shard in sorted(row.shards)]
                groups.append(serve_queues(silent, queues, task.shards.parallel))
            elif task.is_warm:
                groups.append(self._serve_with_lease(task.name))
        self._groups = [asyncio.create_task(group) for group in groups]

    async def _end_groups(self) -> None:
        groups, self._groups = self._groups, []
        await _cancel(groups)

    async def _keep_beating(self) -> None:
        """Work on messages, but not while this machine's clock is wrong: Procrastinate times ticks by it."""
        self._start_groups()
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await asyncio.to_thread(self._presence.beat)
            except StoreError as error:
                log.warning("no heartbeat: %s", error)
                if isinstance(error, WrongClock):
                    await self._end_groups()
                continue
            if self._queue.take_lost_end():
                # In a task of its own: units of work that last must not end the heartbeat.
                self._endings = [task for task in self._endings if not task.done()]
                self._endings.append(asyncio.create_task(self._end_groups()))
                await asyncio.sleep(0)
            if not self._groups and not self._presence.stopping.is_set():
                self._start_groups()

    async def _keep_small(self) -> None:
        while True:
            await asyncio.sleep(RELEASE_EVERY)
            await asyncio.to_thread(release_unused)

    async def _serve_with_lease(self, stage: str) -> None:
        """Run the messages of a stage while this worker holds its lease."""
        name = f"worker:{stage}"
        while True:
            with suppress(StoreError):
                if await asyncio.to_thread(self._presence.take, name):
                    await self._serve_while_held(stage, name)
            await asyncio.sleep(HEARTBEAT)

    async def _serve_while_held(self, stage: str, name: str) -> None:
        group = asyncio.create_task(serve_queues(self._queue.silent_app, [stage], 1))
        try:
            while self._presence.holds(name):
                await asyncio.sleep(1.0)
        finally:
            await _cancel([group])
            await asyncio.to_thread(self._presence.release, name)

    async def _run(self, task: ScheduledTask, call: Callable[[datetime], Facts], lease: str) -> None:
        await asyncio.get_running_loop().run_in_executor(
            self._threads, self._run_in_thread, task, call, lease
        )

    def _run_in_thread(self, task: ScheduledTask, call: Callable[[datetime], Facts], lease: str) -> None:
        if self._presence.should_stop():
            return
        self._working[task.name] += 1
        try:
            run_task(task.name, lambda: self._call(call, lease), self._stage_log.record)
        finally:
            self._working[task.name] -= 1

    def _call(self, call: Callable[[datetime], Facts], lease: str) -> Facts:
        self._check()
        if not lease:
            return call(self._presence.now())
        with self._presence.hold(lease) as held:
            return call(self._presence.now()) if held else None


async def serve_queues(app: App, queues: list[str], concurrency: int) -> None:
    """Run the messages of these queues, and again after the database was away."""
    while True:
        try:
            await app.run_worker_async(
                queues=queues,
                concurrency=concurrency,
                fetch_job_polling_interval=POLL,
                delete_jobs="always",
                install_signal_handlers=False,
            )
        except Exception as error:  # noqa: BLE001 a listener that ends would end its stages
            log.warning("the queue cannot be reached: %s", error.__cause__ or error)
        if (task := asyncio.current_task()) and task.cancelling():
            # Without the database Procrastinate raises its own error in place of the cancellation.
            raise asyncio.CancelledError
        await asyncio.sleep(RETRY)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
