"""Stages as scheduled tasks: the same work for ``syndicate run`` and for every other runner.

A stage asks its jobs for due work, logs failures and outcomes, and returns facts for the log.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from time import perf_counter

from syndicate import measures
from syndicate.errors import MailError
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.jobs.newsletter.due_periods import Readiness
from syndicate.jobs.scheduled_task import Callback, ScheduledTask, ShardedWork
from syndicate.jobs.summary import summary_of
from syndicate.memory import release_tables
from syndicate.services import Services
from syndicate.store.leases.held_lease import held_lease

log = logging.getLogger("syndicate.run")

Facts = Mapping[str, object] | None
# These stages cannot be undone. With a clock that is a day behind, ingest would date new articles yesterday.
NEED_CLOCK = ("ingest", "pages", "pushes", "editions", "deliver", "posts", "prune")
# The index of stories stays in the memory of a single worker.
WARM = ("stories",)
BACKLOG = 500
"""Articles placed in a run after which the tables of languages and words make room for publishing."""
HOSTS = "hosts"
"""Lease of the shards of all stages that send requests to hosts."""


class Stages:
    """The stages of an installation; ``should_stop`` is read between two units of work.

    With ``at_once`` an edition is cut without a wait for its sources: the caller has read them. With
    ``by_parts`` publishing is a stage of its own, which workers share.
    """

    def __init__(
        self,
        services: Services,
        should_stop: Callable[[], bool],
        *,
        at_once: bool = False,
        by_parts: bool = False,
    ) -> None:
        self._by_parts = by_parts
        self._services = services
        self._should_stop = should_stop
        self._readiness = Readiness(store=services.store, at_once=at_once)

    def tasks(self) -> tuple[ScheduledTask, ...]:
        """Return every stage with its interval in seconds. Due times are rows in the store."""
        services, sign_ups, stop = self._services, self._services.sign_ups, self._should_stop
        backup = services.backup
        tasks: tuple[tuple[str, float, Callback], ...] = (
            ("lists", 60.0, self._lists),
            ("ingest", 10.0, self._ingest),
            ("pages", 10.0, self._pages),
            ("stories", 15.0, self._place if self._by_parts else self._stories),
            ("publish", 15.0, self._publish),
            ("editions", 15.0, self._editions),
            ("sign_ups", 5.0, lambda now: sign_ups.run(now, should_stop=stop) if sign_ups else None),
            *((name, 5.0, partial(self._deliver, job)) for name, job in self._mail().items()),
            ("bounces", 300.0, self._alone("bounces", self._bounces)),
            ("prune", 3600.0, self._alone("prune", self._prune)),
            ("hubs", 60.0, self._hubs),
            ("pushes", 5.0, lambda now: summary_of(services.websub.read_pushes(now, should_stop=stop))),
            ("announce", 30.0, lambda now: summary_of(services.announce.run(now, should_stop=stop))),
            ("webhooks", 5.0, lambda now: services.webhook_sending.run(now, should_stop=stop)),
            (
                "posts",
                15.0,
                self._alone("posts", lambda now, lost: services.posting.run(now, should_stop=lost)),
            ),
            ("alerts", 60.0, self._alone("alerts", lambda now, _: services.alerts.run(now))),
            ("backup", 60.0, lambda now: backup.run(now) if backup else None),
        )
        shards = self._shards()
        return tuple(
            ScheduledTask(
                name=name,
                every=every,
                callback=callback,
                needs_clock=name.partition(" ")[0] in NEED_CLOCK,
                is_warm=name in WARM,
                shards=shards.get(name),
            )
            for name, every, callback in tasks
            if name != "publish" or self._by_parts
        )

    def _shards(self) -> dict[str, ShardedWork]:
        """Return the stages that workers share by parts; a single worker at a time runs each other stage."""
        services = self._services
        return {
            "ingest": ShardedWork(due=services.ingest.due_shards, run=self._ingest, lease=HOSTS, parallel=4),
            "pages": ShardedWork(due=services.pages.due_shards, run=self._pages, lease=HOSTS, parallel=4),
            "hubs": ShardedWork(due=services.websub.due_shards, run=self._hubs, lease=HOSTS),
            "publish": ShardedWork(due=services.publish.parts, run=self._publish),
            "editions": ShardedWork(due=services.editions.running_names, run=self._editions),
            **{
                name: ShardedWork(due=job.due_shards, run=partial(self._deliver, job), parallel=2)
                for name, job in self._mail().items()
            },
        }

    def _mail(self) -> dict[str, DeliverJob]:
        """Return the stage of each mail server by name, so that a slow server delays no other."""
        return {f"deliver {job.server}".rstrip(): job for job in self._services.delivers}

    def _lists(self, now: datetime) -> Mapping[str, object]:
        outcomes = self._services.lists.run(now, should_stop=self._should_stop)
        for outcome in outcomes:
            if outcome.error:
                _warn("source list failed", list=outcome.url, error=outcome.error)
        return {
            "added": sum(len(outcome.result.added) for outcome in outcomes),
            "paused": sum(len(outcome.result.paused) for outcome in outcomes),
        }

    def _ingest(self, now: datetime, shard: int | None = None) -> Mapping[str, object]:
        # The message of a shard must not wait for sources that become due meanwhile: others need its lease.
        newly_due = shard is None
        result = self._services.ingest.run(
            now, shard=shard, claim_newly_due=newly_due, should_stop=self._should_stop
        )
        for outcome in result.sources:
            if outcome.error:
                _warn("source failed", source=outcome.name, error=outcome.error)
        return summary_of(result)

    def _hubs(self, now: datetime, shard: int | None = None) -> Mapping[str, object]:
        stop = self._should_stop
        return summary_of(self._services.websub.keep_subscriptions(now, shard=shard, should_stop=stop))

    def _pages(self, now: datetime, shard: int | None = None) -> Mapping[str, object]:
        """Read the sitemap parts and article pages that polls have queued."""
        parts = self._services.sitemap_parts.run(now, shard=shard, should_stop=self._should_stop)
        for failure in parts.failures:
            _warn("sitemap failed", error=failure)
        pages = self._services.pages.run(now, shard=shard, should_stop=self._should_stop)
        for failure in pages.failures:
            _warn("page failed", error=failure)
        return summary_of(parts, pages)

    def _stories(self, now: datetime) -> Mapping[str, object]:
        """Run the stories job, then the publish job. Both cost little when nothing changed."""
        return summary_of(self._place(now), self._publish(now))

    def _place(self, now: datetime) -> dict[str, int | str]:
        self._services.reader_counter.flush(now)
        started = perf_counter()
        result = self._services.stories.run(now, should_stop=self._should_stop)
        if result.placed >= BACKLOG:
            release_tables()
        if result.placed:
            measures.observe("placement", "", perf_counter() - started)
        return summary_of(result)

    def _publish(self, now: datetime, part: str = "") -> dict[str, int | str]:
        published = self._services.publish.run(now, part=part, should_stop=self._should_stop)
        for failure in published.failures:
            _warn("not published", reason=failure)
        return summary_of(published)

    def _editions(self, now: datetime, newsletter: str | None = None) -> None:
        for outcome in self._services.editions.run(
            now,
            names=None if newsletter is None else [newsletter],
            should_stop=self._should_stop,
            readiness=self._readiness,
        ):
            warn = outcome.outcome in ("failed", "missed") or outcome.trimmed
            facts = {name: value for name, value in summary_of(outcome).items() if value != ""}
            log.log(logging.WARNING if warn else logging.INFO, "edition", extra={"did": facts})

    def _deliver(self, job: DeliverJob, now: datetime, shard: int | None = None) -> Mapping[str, object]:
        # ``syndicate deliver`` does not prepare the archive: its machine may lack the output folder.
        prepare = partial(self._services.publish.run_archive, should_stop=self._should_stop)
        result = job.run(now, shard=shard, prepare=prepare, should_stop=self._should_stop)
        if result.problem and not result.paused:
            _warn("mail waits", reason=result.problem)
        return summary_of(result)

    def _alone(self, name: str, work: Callable[[datetime, Callable[[], bool]], Facts]) -> Callback:
        """Return a callback under a lease: two processes would read one mailbox, or prune the same rows."""

        def alone(now: datetime) -> Mapping[str, object] | None:
            with held_lease(self._services.store, name, owner=self._services.owner, now=now) as lease:
                return None if lease is None else work(now, lease.until_lost(self._should_stop))

        return alone

    def _prune(self, now: datetime, should_stop: Callable[[], bool]) -> Facts:
        return summary_of(self._services.prune.run(now, should_stop=should_stop))

    def _bounces(self, now: datetime, should_stop: Callable[[], bool]) -> Facts:
        try:
            return self._services.bounces.run(now, should_stop=should_stop)
        except MailError as error:
            # The daemon is healthy: ``status`` asks the operator to check the mailbox.
            log.warning("%s", error)
            return None


def _warn(event: str, **facts: str) -> None:
    log.warning(event, extra={"did": facts})
