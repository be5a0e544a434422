"""``syndicate run``: everything in one process until SIGTERM.

The main thread runs the event loop with the web server; the fetch thread does all fetching;
APScheduler's threads run the jobs. SIGHUP reads the configuration again; one that cannot be used keeps the
old one.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from syndicate import __version__
from syndicate.cli.common import config_option
from syndicate.cli.operate.signals import SignalHandler
from syndicate.clock_watch import ClockWatch
from syndicate.errors import MailError, StoreBusy, SyndicateError
from syndicate.files import file_lock
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.newsletter.due_periods import Readiness
from syndicate.logs import Format, configure_logs
from syndicate.scheduler import Bell, LocalRunner, Ring
from syndicate.services import Services, open_services
from syndicate.services.lease_owners import free_dead_owners
from syndicate.services.store_location import sqlite_file, store_url
from syndicate.settings import Settings, load_settings
from syndicate.store.core import leases
from syndicate.web.app import create_app
from syndicate.web.server import WebServer, parse_listen
from syndicate.web.web_options import WebOptions

log = logging.getLogger("syndicate.run")

SILENT = 600.0
RENDERING_GRACE = 1.0
"""Seconds that templates of the operator may still take when the daemon stops or reloads."""
# What they do cannot be undone, and a clock that was set wrongly for seconds would have them do it: articles
# that are read while it is a day behind get yesterday's date.
NEED_CLOCK = ("ingest", "pages", "pushes", "editions", "deliver", "prune")


@click.command()
@config_option
@click.option("--log", "log_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def run(config: Path, log_format: Format) -> None:
    """Run ingest, stories, feeds, editions, delivery and the web server until SIGTERM."""
    configure_logs(log_format)
    settings = load_settings(config)
    with daemon_lock(settings) as keep:
        asyncio.run(_serve_with_settings(config, settings, keep))
    log.info("stopped")


async def _serve_with_settings(config: Path, settings: Settings, keep: Callable[[], bool]) -> None:
    """One life after the other, each with the configuration of its time, until the order to end.

    Raises ``StoreBusy`` when another daemon has taken the store from us.
    """
    orders = SignalHandler(config, settings)
    orders.listen()
    clock = ClockWatch()
    before: Settings | None = None
    event = "started"
    while not orders.ending:
        stack = ExitStack()
        try:
            life = _open_daemon(settings, config, lambda: _keep_the_store(keep, orders), clock)
            daemon = await asyncio.to_thread(stack.enter_context, life)
        except SyndicateError as error:
            if before is None:
                raise
            orders.refuse(error, before)
            settings, before, event = before, None, "went on with the old configuration"
            continue
        try:
            await daemon.serve(orders, event)
        finally:
            await asyncio.to_thread(stack.close)
        before, settings, event = settings, orders.take(), "reloaded"
    if orders.failure is not None:
        raise orders.failure


@contextmanager
def _open_daemon(
    settings: Settings, config: Path, keep: Callable[[], None], clock: ClockWatch
) -> "Iterator[_Daemon]":
    with open_services(settings, daemon=True) as services:
        free_dead_owners(services.store, datetime.now(UTC), daemon=True)
        if hold := services.guard.notice(datetime.now(UTC)):
            log.warning("%s", hold_text(hold))
        else:
            for problem in services.guard.problems():
                log.warning("%s", problem)
        yield _Daemon(services, config, keep, clock)


@contextmanager
def daemon_lock(settings: Settings) -> Iterator[Callable[[], bool]]:
    """One daemon per store: a file lock beside an SQLite file, an advisory lock in PostgreSQL.

    Yields what makes sure that the lock is still ours, as ``AdvisoryLock.ensure_held`` does: a server
    forgets it when it is restarted, a kernel never. Raises ``StoreBusy`` naming who holds it. The kernel or
    the server gives it back when we die.
    """
    with ExitStack() as stack:
        url = store_url(settings)
        if path := sqlite_file(url):
            stack.enter_context(file_lock(path.with_name(path.name + ".lock")))
            yield lambda: False
        else:
            yield stack.enter_context(leases.advisory_lock(url)).ensure_held


def _keep_the_store(keep: Callable[[], bool], orders: SignalHandler) -> None:
    """Before each ring: a bell of a daemon that has lost its store must not ring. Raises ``StoreError``."""
    try:
        if keep():
            log.warning("the lock on the store was lost with its connection, and taken again")
    except StoreBusy as error:
        orders.give_up(error)
        raise


class _Daemon:
    """One life of the daemon with one configuration."""

    def __init__(self, services: Services, config: Path, keep: Callable[[], None], clock: ClockWatch) -> None:
        self._services = services
        self._keep = keep
        self._config = config
        self._readiness = Readiness(store=services.store)
        bells = self._bells()
        self._every = {bell.name: bell.every for bell in bells}
        self._runner = LocalRunner(bells, clock)
        self._server = self._web_server()

    async def serve(self, orders: SignalHandler, event: str) -> None:
        """Work until there is an order; ``event`` is logged when the work begins."""
        serving = None
        orders.working = self._runner.working
        if self._server is not None:
            serving = asyncio.create_task(self._server.serve(lambda: None))
            log.info("serving", extra={"did": {"url": self._server.url}})
        self._runner.start()
        facts = {"version": __version__, "pid": os.getpid(), "config": str(self._config)}
        log.info(event, extra={"did": facts})
        await orders.came.wait()
        if orders.ending:
            log.info("stopping")
        self._services.stop_rendering(RENDERING_GRACE)
        if self._server is not None and serving is not None:
            self._server.stop()
            await serving
        await asyncio.to_thread(self._runner.stop)
        await asyncio.to_thread(self._services.reads.flush, datetime.now(UTC))

    def _bells(self) -> tuple[Bell, ...]:
        services, stop = self._services, self._stopping
        # In seconds. The ticks only ask what is due; what is due, and when, are rows in the store.
        ticks: tuple[tuple[str, float, Ring], ...] = (
            ("lists", 60.0, self._lists),
            ("ingest", 10.0, self._ingest),
            ("pages", 10.0, self._pages),
            ("stories", 15.0, self._stories),
            ("editions", 15.0, self._editions),
            ("sign_ups", 5.0, self._sign_ups),
            ("deliver", 5.0, self._deliver),
            ("bounces", 300.0, self._bounces),
            ("prune", 3600.0, lambda now: asdict(services.prune.run(now, should_stop=stop))),
            ("hubs", 60.0, lambda now: services.websub.keep_subscriptions(now, stopping=stop)),
            ("pushes", 5.0, lambda now: services.websub.read_pushes(now, stopping=stop)),
            ("announce", 30.0, lambda now: services.announce.run(now, should_stop=stop)),
        )
        return tuple(
            Bell(name=name, every=every, ring=self._ours(ring), needs_clock=name in NEED_CLOCK)
            for name, every, ring in ticks
        )

    def _ours(self, ring: Ring) -> Ring:
        """A ring while the store is ours."""

        def guarded(now: datetime) -> Mapping[str, object] | None:
            self._keep()
            return ring(now)

        return guarded

    def _stopping(self) -> bool:
        return self._runner.stopping

    def _lists(self, now: datetime) -> Mapping[str, object] | None:
        outcomes = self._services.lists.run(now, stopping=self._stopping)
        for outcome in outcomes:
            if outcome.error:
                log.warning(
                    "source list failed", extra={"did": {"list": outcome.url, "error": outcome.error}}
                )
        return {
            "added": sum(len(outcome.result.added) for outcome in outcomes),
            "paused": sum(len(outcome.result.paused) for outcome in outcomes),
        }

    def _ingest(self, now: datetime) -> Mapping[str, object] | None:
        result = self._services.ingest.run(now, meanwhile=True, stopping=self._stopping)
        for outcome in result.sources:
            if outcome.error:
                log.warning("source failed", extra={"did": {"source": outcome.name, "error": outcome.error}})
        return {
            "sources": len(result.sources),
            "new": result.new,
            "changed": result.changed,
            "failed": result.failed,
        }

    def _pages(self, now: datetime) -> Mapping[str, object] | None:
        """Return what ingest named and did not read: the parts of sitemaps, and the pages of articles."""
        parts = self._services.sitemap_parts.run(now, stopping=self._stopping)
        for failure in parts.failures:
            log.warning("sitemap failed", extra={"did": {"error": failure}})
        pages = self._services.pages.run(now, stopping=self._stopping)
        for failure in pages.failures:
            log.warning("page failed", extra={"did": {"error": failure}})
        return {
            "sitemaps": parts.read,
            "pages": pages.read,
            "new": parts.new + pages.new,
            "of_no_use": pages.refused,
            "for_subscribers": pages.paywalled,
            "put_off": pages.put_off,
            "failed": pages.failed,
        }

    def _stories(self, now: datetime) -> Mapping[str, object] | None:
        """Stories and then pages: both are cheap when nothing changed."""
        self._services.reads.flush(now)
        placed = self._services.stories.run(now, should_stop=self._stopping)
        published = self._services.publish.run(now, should_stop=self._stopping)
        for failure in published.failures:
            log.warning("not published", extra={"did": {"reason": failure}})
        return {
            "placed": placed.placed,
            "new_stories": placed.new_stories,
            "feeds": len(published.feeds),
            "pages": len(published.pages),
        }

    def _editions(self, now: datetime) -> Mapping[str, object] | None:
        outcomes = self._services.editions.run(now, should_stop=self._stopping, readiness=self._readiness)
        for outcome in outcomes:
            level = (
                logging.WARNING
                if outcome.outcome in ("failed", "missed") or outcome.trimmed
                else logging.INFO
            )
            facts = {"newsletter": outcome.newsletter, "outcome": outcome.outcome, "stories": outcome.stories}
            facts |= {"period_end": outcome.period_end.isoformat()} if outcome.period_end else {}
            told = {"problem": outcome.problem, "left_out": "; ".join(outcome.trimmed)}
            facts |= {name: text for name, text in told.items() if text}
            log.log(level, "edition", extra={"did": facts})
        return None

    def _sign_ups(self, now: datetime) -> Mapping[str, object] | None:
        job = self._services.sign_ups
        return job.run(now, should_stop=self._stopping) if job else None

    def _deliver(self, now: datetime) -> Mapping[str, object] | None:
        # Not so ``syndicate deliver``: it may run on a machine that has no part in the output folder.
        prepare = partial(self._services.publish.run_archive, should_stop=self._stopping)
        result = self._services.deliver.run(now, prepare=prepare, stopping=self._stopping)
        if result.problem and not result.paused:
            log.warning("mail waits", extra={"did": {"reason": result.problem}})
        return result.counts()

    def _bounces(self, now: datetime) -> Mapping[str, object] | None:
        try:
            return self._services.bounces.run(now, stopping=self._stopping)
        except MailError as error:
            # The daemon is well: ``status`` says that a person should look at the mailbox.
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
            opened=self._services.reads.add if self._services.settings.ranking.clicks else None,
            hubs=self._services.websub,
            sign_ups=self._services.sign_ups,
            readers=self._services.preferences,
            private_feeds=self._services.private_feeds,
            desk=self._services.web_desk,
        )
        return WebServer(app, *parse_listen(listen))

    def _health(self) -> Mapping[str, object]:
        """The age of each bell's last ring in seconds, and which ended badly; the log says how."""
        now = datetime.now(UTC)
        # Copies: other threads add to them.
        rang, texts = dict(self._runner.pulse.rang), dict(self._runner.pulse.problems)
        ages = {name: round((now - at).total_seconds(), 1) for name, at in rang.items()}
        problems = [name for name, text in texts.items() if text]
        late = [name for name, age in ages.items() if age > SILENT + self._every[name]]
        return {
            "ok": not problems and not late,
            "version": __version__,
            "last_rang": ages,
            "problems": problems,
        }
