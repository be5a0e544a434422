"""Workers in ``status``: their stages, shards and heartbeats, and the work that has no worker."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from syndicate.cli.operate.stages import Stages
from syndicate.jobs.admin.needs import worker_needs
from syndicate.jobs.lease_owners import describe_owner, lease_owner
from syndicate.model.shards import SHARDS
from syndicate.services import Services
from syndicate.store.core.server_clock import database_time
from syndicate.store.leases.worker_store import WorkerRow, list_workers
from syndicate.text.phrases import ago


class WorkerStatus:
    """Workers of an installation at a time; an installation without workers has no problems here."""

    def __init__(self, services: Services) -> None:
        with services.store.read() as connection:
            self._now = database_time(connection)
            self._workers = list_workers(connection)
            self._gone = [need.text for need in worker_needs(connection)]
        self._services = services

    def lines(self) -> list[str]:
        """Return a line for each worker."""
        return [
            f"Worker: {describe_owner(worker.owner)}, {', '.join(worker.stages)}; "
            f"shards {shard_ranges(worker.shards)}; seen {ago(worker.seen, self._now)}"
            for worker in self._workers
        ]

    def answer(self) -> list[dict[str, Any]]:
        """Return the workers as JSON."""
        return [
            {"host": worker.owner.split(":")[0], "pid": int(worker.owner.split(":")[1])}
            | {"stages": worker.stages, "shards": shard_ranges(worker.shards)}
            | {"started": worker.started, "seen": worker.seen, "alive": worker.is_alive(self._now)}
            for worker in self._workers
        ]

    def is_here(self) -> bool:
        """Return whether a worker of this host has a recent heartbeat; containers may share a host name."""
        host, _, kernel, *_ = lease_owner(daemon=False).split(":")
        owners = [worker.owner.split(":") for worker in self._alive()]
        return any((owner[0], owner[2]) == (host, kernel) for owner in owners)

    def problems(self) -> tuple[str, ...]:
        """Return the workers without a heartbeat, and the stages and shards without a worker."""
        if not self._workers:
            return ()
        alive = self._alive()
        gone = [*self._gone]
        for task in Stages(self._services, bool, by_parts=True).tasks():
            workers = [worker for worker in alive if task.name in worker.stages]
            missing = set(range(SHARDS)).difference(*(worker.shards for worker in workers))
            if not workers:
                gone.append(f"no worker for the stage {task.name}: start `syndicate worker` with it")
            elif task.shards is not None and missing:
                gone.append(f"no worker for the shards {shard_ranges(missing)} of the stage {task.name}")
        return tuple(gone)

    def _alive(self) -> list[WorkerRow]:
        return [worker for worker in self._workers if worker.is_alive(self._now)]


def shard_ranges(shards: Iterable[int]) -> str:
    """Return shards as the option ``--shards`` takes them, such as ``0-15,40``."""
    parts = []
    for _, pairs in groupby(enumerate(sorted(shards)), lambda pair: pair[1] - pair[0]):
        run = [shard for _, shard in pairs]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ",".join(parts)
