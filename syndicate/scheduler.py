"""Scheduler of ``syndicate run``: APScheduler calls each scheduled task at a fixed interval.

A tick only asks a job to look for due work; due times are rows in the store. APScheduler's defaults drop late
ticks, and two schedulers on a persisted job store run every task twice. Both are turned off here. No other
module imports apscheduler.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from syndicate.clock_watch import ClockWatch
from syndicate.jobs.scheduled_task import Record, ScheduledTask, run_task

# Seconds between two checks of the clock.
_CLOCK_CHECK_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class LastRun:
    """Time of a task's last tick, and the error of its last completed run ("" for none)."""

    at: datetime
    problem: str = ""


class Scheduler:
    """Runs tasks on threads until stopped. Ticks of a task never overlap; different tasks run in parallel.

    ``last_runs`` holds the last run of each task by name.
    """

    def __init__(
        self,
        tasks: tuple[ScheduledTask, ...],
        clock: ClockWatch | None = None,
        record: Record = lambda _name, _run: None,
    ) -> None:
        self.last_runs: dict[str, LastRun] = {}
        self._tasks, self._log_run = tasks, record
        self._clock = clock or ClockWatch()
        self._clock_thread = threading.Thread(target=self._watch_clock, name="clock", daemon=True)
        self._stop = threading.Event()
        self._working: set[str] = set()
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(len(tasks))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        # APScheduler warns about runs longer than the interval. They are normal: the next tick asks again.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    @property
    def stopping(self) -> bool:
        """True after ``stop`` was called. Jobs read it between two units of work."""
        return self._stop.is_set()

    def working(self) -> list[str]:
        """Return the names of the tasks that run now, sorted."""
        return sorted(self._working)

    def start(self) -> None:
        """Run every task at once, then at its interval."""
        for task in self._tasks:
            self._scheduler.add_job(
                self._tick,
                "interval",
                seconds=task.every,
                args=[task],
                id=task.name,
                next_run_time=datetime.now(UTC),
            )
        self._scheduler.start()
        self._clock_thread.start()

    def stop(self) -> None:
        """Start no further ticks and return when every running task has finished its unit of work."""
        self._stop.set()
        self._scheduler.shutdown(wait=True)

    def _watch_clock(self) -> None:
        """Run every task after the clock was set: after a step back, the next ticks are far ahead."""
        jumps = self._clock.jumps
        while not self._stop.wait(_CLOCK_CHECK_INTERVAL):
            self._clock.trusted()
            if self._clock.jumps != jumps:
                jumps = self._clock.jumps
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    def _tick(self, task: ScheduledTask) -> None:
        if self.stopping:
            return
        if task.needs_clock and not self._clock.trusted():
            before = self.last_runs.get(task.name)
            self._record(task, before.problem if before else "")
            return
        self._working.add(task.name)
        try:
            self._record(task, run_task(task.name, lambda: task.callback(datetime.now(UTC)), self._log_run))
        finally:
            self._working.discard(task.name)

    def _record(self, task: ScheduledTask, problem: str) -> None:
        self.last_runs[task.name] = LastRun(datetime.now(UTC), problem)
