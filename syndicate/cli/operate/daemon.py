"""``syndicate run``: every job, the newsletter and the web server in a single process until SIGTERM.

The main thread runs the event loop with the web server. The fetch thread does all fetching. APScheduler's
threads run the jobs. SIGHUP reads the configuration again; the daemon keeps the old settings if the new
settings are invalid.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from syndicate import __version__
from syndicate.cli.operate.signals import SignalHandler
from syndicate.cli.options import Call, config_option
from syndicate.clock_watch import ClockWatch
from syndicate.errors import MailError, StoreBusy, SyndicateError
from syndicate.files import file_lock
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.lease_owners import free_dead_owners
from syndicate.jobs.newsletter.due_periods import Readiness
from syndicate.jobs.summary import summary_of
from syndicate.logs import Format, configure_logs
from syndicate.scheduler import Callback, ScheduledTask, Scheduler
from syndicate.services import Services, open_services
from syndicate.services.store_location import sqlite_file, store_url
from syndicate.settings import Settings, load_settings
from syndicate.store.core import leases
from syndicate.web.app import create_app
from syndicate.web.server import WebServer, parse_listen
from syndicate.web.web_options import WebOptions

log = logging.getLogger("syndicate.run")

OVERDUE = 600.0
"""Seconds beyond its interval after which a task that has not run is reported as unhealthy."""
RENDERING_TIMEOUT = 1.0
"""Seconds that the operator's templates may still take when the daemon stops or reloads."""
# These tasks cannot be undone. With a clock that is a day behind, ingest would date new articles yesterday.
NEED_CLOCK = ("ingest", "pages", "pushes", "editions", "deliver", "prune")


@click.command()
@config_option
@click.option(
    "--log",
    "log_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of the log.",
)
def run(call: Call, log_format: Format) -> None:
    """Run ingest, stories, feeds, editions, delivery and the web server until SIGTERM."""
    configure_logs(log_format)
    settings = load_settings(call.config)
    with daemon_lock(settings) as keep:
        asyncio.run(_serve_with_settings(call.config, settings, keep))
    log.info("stopped")


async def _serve_with_settings(config: Path, settings: Settings, keep: Callable[[], bool]) -> None:
    """Serve with the current settings, and again after each reload, until a signal ends the daemon.

    Raises ``StoreBusy`` when another daemon has taken the store.
    """
    signals = SignalHandler(config, settings)
    signals.install()
    clock = ClockWatch()
    previous: Settings | None = None
    event = "started"
    while not signals.ending:
        stack = ExitStack()
        try:
            opening = _open_daemon(settings, config, lambda: _keep_lock(keep, signals), clock)
            daemon = await asyncio.to_thread(stack.enter_context, opening)
        except SyndicateError as error:
            if previous is None:
                raise
            signals.reject_reload(error, previous)
            settings, previous, event = previous, None, "went on with the old configuration"
            continue
        try:
            await daemon.serve(signals, event)
        finally:
            await asyncio.to_thread(stack.close)
        previous, settings, event = settings, signals.next_settings(), "reloaded"
    if signals.failure is not None:
        raise signals.failure


@contextmanager
def _open_daemon(
    settings: Settings, config: Path, keep: Callable[[], None], clock: ClockWatch
) -> "Iterator[_Daemon]":
    with open_services(settings, daemon=True) as services:
        free_dead_owners(services.store, datetime.now(UTC), daemon=True)
        if hold := services.guard.check_markers(datetime.now(UTC)):
            log.warning("%s", hold_text(hold))
        else:
            for problem in services.guard.problems():
                log.warning("%s", problem)
        yield _Daemon(services, config, keep, clock)


@contextmanager
def daemon_lock(settings: Settings) -> Iterator[Callable[[], bool]]:
    """Lock the store for this daemon: a file lock beside an SQLite file, an advisory lock in PostgreSQL.

    Yields a function that takes the lock again if it was lost, as ``AdvisoryLock.keep`` does: PostgreSQL
    forgets locks at a restart, the kernel never does. Raises ``StoreBusy`` with the name of the holder. The
    kernel or PostgreSQL releases the lock when the process dies.
    """
    with ExitStack() as stack:
        url = store_url(settings)
        if path := sqlite_file(url):
            stack.enter_context(file_lock(path.with_name(path.name + ".lock")))
            yield lambda: False
        else:
            yield stack.enter_context(leases.advisory_lock(url)).ensure_held


def _keep_lock(keep: Callable[[], bool], signals: SignalHandler) -> None:
    """Check the daemon's lock before each tick, so that no task runs without it. Raises ``StoreError``."""
    try:
        if keep():
            log.warning("the lock on the store was lost with its connection, and taken again")
    except StoreBusy as error:
        signals.end_with(error)
        raise


def _warn(event: str, **facts: str) -> None:
    log.warning(event, extra={"did": facts})


class _Daemon:
    """The scheduler and the web server with a set of settings."""

    def __init__(self, services: Services, config: Path, keep: Callable[[], None], clock: ClockWatch) -> None:
        self._services = services
        self._keep = keep
        self._config = config
        self._readiness = Readiness(store=services.store)
        tasks = self._tasks()
        self._intervals = {task.name: task.every for task in tasks}
        self._scheduler = Scheduler(tasks, clock)
        self._server = self._web_server()

    async def serve(self, signals: SignalHandler, event: str) -> None:
        """Work until a signal arrives; ``event`` is logged when the work begins."""
        serving = None
        signals.working = self._scheduler.working
        if self._server is not None:
            serving = asyncio.create_task(self._server.serve(lambda: None))
            log.info("serving", extra={"did": {"url": self._server.url}})
        self._scheduler.start()
        facts = {"version": __version__, "pid": os.getpid(), "config": str(self._config)}
        log.info(event, extra={"did": facts})
        await signals.received.wait()
        if signals.ending:
            log.info("stopping")
        self._services.stop_rendering(RENDERING_TIMEOUT)
        if self._server is not None and serving is not None:
            self._server.stop()
            await serving
        await asyncio.to_thread(self._scheduler.stop)
        await asyncio.to_thread(self._services.reads.flush, datetime.now(UTC))

    def _tasks(self) -> tuple[ScheduledTask, ...]:
        services, sign_ups, stop = self._services, self._services.sign_ups, self._should_stop
        # Intervals in seconds. A tick only asks for due work; due times are rows in the store.
        tasks: tuple[tuple[str, float, Callback], ...] = (
            ("lists", 60.0, self._lists),
            ("ingest", 10.0, self._ingest),
            ("pages", 10.0, self._pages),
            ("stories", 15.0, self._stories),
            ("editions", 15.0, self._editions),
            ("sign_ups", 5.0, lambda now: sign_ups.run(now, should_stop=stop) if sign_ups else None),
            ("deliver", 5.0, self._deliver),
            ("bounces", 300.0, self._bounces),
            ("prune", 3600.0, lambda now: summary_of(services.prune.run(now, should_stop=stop))),
            ("hubs", 60.0, lambda now: summary_of(services.websub.keep_subscriptions(now, should_stop=stop))),
            ("pushes", 5.0, lambda now: summary_of(services.websub.read_pushes(now, should_stop=stop))),
            ("announce", 30.0, lambda now: summary_of(services.announce.run(now, should_stop=stop))),
        )
        return tuple(
            ScheduledTask(
                name=name, every=every, callback=self._locked(callback), needs_clock=name in NEED_CLOCK
            )
            for name, every, callback in tasks
        )

    def _locked(self, callback: Callback) -> Callback:
        """Return a callback that first checks the daemon's lock."""

        def locked(now: datetime) -> Mapping[str, object] | None:
            self._keep()
            return callback(now)

        return locked

    def _should_stop(self) -> bool:
        return self._scheduler.stopping

    def _lists(self, now: datetime) -> Mapping[str, object]:
        outcomes = self._services.lists.run(now, should_stop=self._should_stop)
        for outcome in outcomes:
            if outcome.error:
                _warn("source list failed", list=outcome.url, error=outcome.error)
        return {
            "added": sum(len(outcome.result.added) for outcome in outcomes),
            "paused": sum(len(outcome.result.paused) for outcome in outcomes),
        }

    def _ingest(self, now: datetime) -> Mapping[str, object]:
        result = self._services.ingest.run(now, claim_newly_due=True, should_stop=self._should_stop)
        for outcome in result.sources:
            if outcome.error:
                _warn("source failed", source=outcome.name, error=outcome.error)
        return summary_of(result)

    def _pages(self, now: datetime) -> Mapping[str, object]:
        """Read the sitemap parts and article pages that polls have queued."""
        parts = self._services.sitemap_parts.run(now, should_stop=self._should_stop)
        for failure in parts.failures:
            _warn("sitemap failed", error=failure)
        pages = self._services.pages.run(now, should_stop=self._should_stop)
        for failure in pages.failures:
            _warn("page failed", error=failure)
        return summary_of(parts, pages)

    def _stories(self, now: datetime) -> Mapping[str, object]:
        """Run the stories job, then the publish job. Both cost little when nothing changed."""
        self._services.reads.flush(now)
        placed = self._services.stories.run(now, should_stop=self._should_stop)
        published = self._services.publish.run(now, should_stop=self._should_stop)
        for failure in published.failures:
            _warn("not published", reason=failure)
        return summary_of(placed, published)

    def _editions(self, now: datetime) -> None:
        for outcome in self._services.editions.run(
            now, should_stop=self._should_stop, readiness=self._readiness
        ):
            warn = outcome.outcome in ("failed", "missed") or outcome.trimmed
            facts = {name: value for name, value in summary_of(outcome).items() if value != ""}
            log.log(logging.WARNING if warn else logging.INFO, "edition", extra={"did": facts})

    def _deliver(self, now: datetime) -> Mapping[str, object]:
        # ``syndicate deliver`` does not prepare the archive: its machine may lack the output folder.
        prepare = partial(self._services.publish.run_archive, should_stop=self._should_stop)
        result = self._services.deliver.run(now, prepare=prepare, should_stop=self._should_stop)
        if result.problem and not result.paused:
            _warn("mail waits", reason=result.problem)
        return summary_of(result)

    def _bounces(self, now: datetime) -> Mapping[str, object] | None:
        try:
            return self._services.bounces.run(now, should_stop=self._should_stop)
        except MailError as error:
            # The daemon is healthy: ``status`` asks the operator to check the mailbox.
            log.warning("%s", error)
            return None

    def _web_server(self) -> WebServer | None:
        listen = self._services.settings.web.listen
        if not listen:
            return None
        site = self._services.settings.site
        app = create_app(
            WebOptions(
                hub_url=site.hub,
                site_url=site.url,
                site_title=site.title,
                gone_channels=self._services.gone_channels,
                moved_channels=self._services.moved_channels,
            ),
            self._services.output,
            self._services.unsubscribe,
            templates=self._services.templates,
            health=self._health,
            on_article_opened=self._services.reads.add if self._services.settings.ranking.clicks else None,
            hub_listener=self._services.websub,
            sign_ups=self._services.sign_ups,
            preferences=self._services.preferences,
            private_feeds=self._services.private_feeds,
            review_links=self._services.review_links,
        )
        return WebServer(app, *parse_listen(listen))

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
