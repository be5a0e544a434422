"""``syndicate run``: every job, the newsletter and the web server in a single process until SIGTERM.

The main thread runs the event loop with the web server. The fetch thread does all fetching. APScheduler's
threads run the jobs. SIGHUP reads the configuration again; the daemon keeps the old settings if the new
settings are invalid.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from syndicate import __version__
from syndicate.cli.operate.runners import (
    RENDERING_TIMEOUT,
    Serve,
    ensure_lock,
    note_start,
    serve_with_settings,
)
from syndicate.cli.operate.serving import log_setup_address, start_servers, stop_servers, web_servers
from syndicate.cli.operate.signals import SignalHandler
from syndicate.cli.operate.stages import Stages
from syndicate.cli.options import Call, config_option, log_option
from syndicate.clock_watch import ClockWatch
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.lease_owners import free_dead_owners
from syndicate.jobs.scheduled_task import Callback, ScheduledTask
from syndicate.logs import Format, configure_logs
from syndicate.memory import RELEASE_EVERY, limit_arenas, release_unused
from syndicate.scheduler import Scheduler
from syndicate.services import Services, open_services
from syndicate.services.store_location import store_lock, store_url
from syndicate.settings import Settings, load_settings
from syndicate.store.leases import worker_store

log = logging.getLogger("syndicate.run")

OVERDUE = 600.0
"""Seconds beyond its interval after which a task that has not run is reported as unhealthy."""


@click.command()
@config_option
@log_option
def run(call: Call, log_format: Format) -> None:
    """Run ingest, stories, feeds, editions, delivery and the web server until SIGTERM."""
    configure_logs(log_format)
    limit_arenas()
    settings = load_settings(call.config)
    clock = ClockWatch()
    with store_lock(store_url(settings)) as keep:

        def opening(settings: Settings, signals: SignalHandler) -> AbstractContextManager[Serve]:
            return _open_daemon(settings, call.config, lambda: ensure_lock(keep, signals), clock, signals)

        asyncio.run(serve_with_settings(call.config, settings, opening))
    log.info("stopped")


@contextmanager
def _open_daemon(
    settings: Settings,
    config: Path,
    keep: Callable[[], None],
    clock: ClockWatch,
    signals: SignalHandler,
) -> Iterator[Serve]:
    with open_services(settings, daemon=True) as services:
        services.rejections = signals.rejections
        free_dead_owners(services.store, datetime.now(UTC), daemon=True)
        with services.store.write() as connection:
            # The lock excludes workers: each row is of a dead worker.
            worker_store.release_workers(connection, seen_before=datetime.max.replace(tzinfo=UTC))
        if hold := services.guard.check_markers(datetime.now(UTC)):
            log.warning("%s", hold_text(hold))
        else:
            for problem in services.guard.problems():
                log.warning("%s", problem)
        yield _Daemon(services, config, keep, clock).serve


class _Daemon:
    """The scheduler and the web server with a set of settings."""

    def __init__(self, services: Services, config: Path, keep: Callable[[], None], clock: ClockWatch) -> None:
        self._services = services
        self._keep = keep
        self._config = config
        tasks = self._tasks()
        self._intervals = {task.name: task.every for task in tasks}
        self._scheduler = Scheduler(tasks, clock, services.stage_log.record)
        self._servers = web_servers(services, self._health, keep)

    async def serve(self, signals: SignalHandler, event: str) -> None:
        """Work until a signal arrives; ``event`` is logged when the work begins."""
        signals.working = self._scheduler.working
        serving = start_servers(self._servers)
        self._scheduler.start()
        await note_start(event, self._config, self._services)
        await asyncio.to_thread(log_setup_address, self._services, self._servers)
        await signals.received.wait()
        if signals.ending:
            log.info("stopping")
        self._services.stop_rendering(RENDERING_TIMEOUT)
        await stop_servers(self._servers, serving)
        await asyncio.to_thread(self._scheduler.stop)
        await asyncio.to_thread(self._services.reader_counter.flush, datetime.now(UTC))
        await asyncio.to_thread(self._services.stage_log.flush)

    def _tasks(self) -> tuple[ScheduledTask, ...]:
        stages = Stages(self._services, lambda: self._scheduler.stopping).tasks()
        memory = ScheduledTask(name="memory", every=RELEASE_EVERY, callback=lambda _now: release_unused())
        return (*(replace(task, callback=self._locked(task.callback)) for task in stages), memory)

    def _locked(self, callback: Callback) -> Callback:
        """Return a callback that first checks the daemon's lock."""

        def locked(now: datetime) -> Mapping[str, object] | None:
            self._keep()
            return callback(now)

        return locked

    def _health(self) -> Mapping[str, object]:
        """Return each task's seconds since its last run, and the names of tasks that failed last time.

        ``last_rang`` is the former name of ``last_run``, which monitoring may still read.
        """
        now = datetime.now(UTC)
        # A copy, because the scheduler's threads change it.
        runs = dict(self._scheduler.last_runs)
        ages = {name: round((now - run.at).total_seconds(), 1) for name, run in runs.items()}
        problems = [name for name, run in runs.items() if run.problem]
        overdue = any(age > OVERDUE + self._intervals[name] for name, age in ages.items())
        return {
            "ok": not problems and not overdue,
            "version": __version__,
            "last_run": ages,
            "last_rang": ages,
            "problems": problems,
        }
