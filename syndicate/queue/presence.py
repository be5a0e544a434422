"""Presence of a worker in the store: its row with a heartbeat, its named leases, and the database's time."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from syndicate.errors import StoreError
from syndicate.operating_system import seconds_since_boot
from syndicate.store import Store
from syndicate.store.core.server_clock import database_time, require_right_clock
from syndicate.store.leases import leases, worker_store
from syndicate.store.leases.worker_store import WorkerRow

log = logging.getLogger("syndicate.worker")

HEARTBEAT = 10.0
"""Seconds between two heartbeats."""
LEASE = timedelta(seconds=45)
"""Duration of a lease after a heartbeat: its shard or stage is free again when a worker is gone that long."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Presence:
    """Heartbeat and leases of a worker, for any thread.

    A released lease lasts ``gap`` seconds longer for other workers: the gap between two requests to a host.
    All times are the database's, so that a wrong clock of a machine changes nothing. ``stopping`` is set when
    the worker drains.
    """

    def __init__(self, store: Store, owner: str, *, shards: frozenset[int], gap: float) -> None:
        self.stopping = threading.Event()
        self.row = WorkerRow(owner=owner, stages=(), shards=shards, started=_EPOCH, seen=_EPOCH)
        self._store = store
        self._gap = timedelta(seconds=gap)
        self._gate = threading.RLock()
        self._held: Counter[str] = Counter()
        self._lost: set[str] = set()
        self._beat_at = 0.0

    def now(self) -> datetime:
        """Return the time of the database, as of the last heartbeat and the seconds since."""
        return self.row.seen + timedelta(seconds=seconds_since_boot() - self._beat_at)

    def should_stop(self) -> bool:
        """Return whether work must end after its unit: the worker stops, or may have lost its leases."""
        late = seconds_since_boot() - self._beat_at > LEASE.total_seconds()
        return self.stopping.is_set() or late or bool(self._lost)

    def enter(self, stages: tuple[str, ...]) -> None:
        """Store the worker's row with its stages. Raises ``StoreError``."""
        self.row = replace(self.row, stages=stages)
        self.beat()

    def beat(self) -> None:
        """Store the heartbeat and extend the leases. Raises ``StoreError``, ``WrongClock`` among them."""
        with self._gate, self._store.write() as connection:
            require_right_clock(connection)
            now = database_time(connection)
            at = seconds_since_boot()
            started = now if self.row.started == _EPOCH else self.row.started
            row = replace(self.row, seen=now, started=started)
            worker_store.save_heartbeat(connection, row)
            names, owner = list(self._held), row.owner
            extended = worker_store.extend_named_leases(connection, names, owner=owner, until=now + LEASE)
            self.row, self._beat_at = row, at
            if lost := set(names) - extended:
                log.warning("leases were lost", extra={"did": {"leases": ",".join(sorted(lost))}})
            self._lost |= lost

    def take(self, name: str) -> bool:
        """Take a lease, or use it once more; false while another worker holds it."""
        with self._gate:
            if not self._held[name]:
                now, owner = self.now(), self.row.owner
                with self._store.write() as connection:
                    if not leases.take_lease(connection, name, owner=owner, now=now, until=now + LEASE):
                        del self._held[name]
                        return False
            self._held[name] += 1
            return True

    def holds(self, name: str) -> bool:
        """Return whether a lease is held and was not lost."""
        return bool(self._held[name]) and name not in self._lost

    def release(self, name: str) -> None:
        """End a use of a lease; after the last use, other workers get it after the gap."""
        with self._gate:
            self._held[name] -= 1
            if self._held[name]:
                return
            del self._held[name]
            self._lost.discard(name)
            with self._store.write() as connection:
                until = self.now() + self._gap
                worker_store.extend_named_leases(connection, [name], owner=self.row.owner, until=until)

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Hold a lease, after a gap that still runs; false while another worker uses it."""
        held = self.take(name)
        if not held:
            with self._store.read() as connection:
                holder = leases.lease_holder(connection, name, now=self.now())
            wait = (holder.until - self.now() if holder else timedelta()) + timedelta(milliseconds=5)
            if wait < self._gap + timedelta(seconds=1) and not self.stopping.wait(wait.total_seconds()):
                held = self.take(name)
        try:
            yield held
        finally:
            if held:
                self.release(name)

    def release_dead(self) -> None:
        """Release the leases of workers that have had no heartbeat for a minute."""
        with self._store.write() as connection:
            before = database_time(connection) - worker_store.DEAD
            for owner in worker_store.release_workers(connection, seen_before=before):
                log.warning("a worker is gone", extra={"did": {"worker": owner}})

    def leave(self) -> None:
        """Delete the worker's row; a store out of reach keeps it until the worker counts as dead."""
        try:
            with self._gate, self._store.write() as connection:
                worker_store.remove_worker(connection, self.row.owner)
        except StoreError as error:
            log.warning("the worker could not sign off: %s", error)
