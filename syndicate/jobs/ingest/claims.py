"""Sources claimed by a run of the ingest job: claimed in steps, their leases extended, and released."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.model import Source, SourceState
from syndicate.store.ingest import source_store

LEASE = timedelta(minutes=10)
CLAIM_SIZE = 500
MAX_CLAIMED = 2_000
"""Maximum number of claimed, unpolled sources of a run."""
STEP = 10
"""Seconds between two claims of newly due sources while slow servers keep the run waiting."""
LAST_CLAIM = 300
"""Seconds after which a run claims no further sources, so that it can end and report."""

Claim = tuple[Source, SourceState]
"""A source with its state: before the poll, or after a poll without news."""


@dataclass(slots=True, kw_only=True)
class Claims:
    """Sources due at ``now``, of a ``shard`` or of all, most overdue first, or the sources named.

    ``unpolled`` are the claimed sources without a stored poll, by name. ``abandoned`` are the ids of sources
    that an earlier run could not release because the store was unreachable; the next claim releases them.
    """

    importer: EntryImporter
    now: datetime
    abandoned: tuple[int, ...] = ()
    names: Sequence[str] | None = None
    shard: int | None = None
    unpolled: dict[str, Claim] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _extended: float = field(default_factory=time.monotonic)
    _exhausted_step: int = -1

    def may_claim(self, *, newly_due: bool = False) -> bool:
        """Return whether more sources may be due; with ``newly_due`` also since the run began."""
        step = self._step(newly_due=newly_due)
        is_early = step * STEP <= LAST_CLAIM
        return self._exhausted_step < step and is_early and len(self.unpolled) <= MAX_CLAIMED - CLAIM_SIZE

    def claim(self, *, newly_due: bool = False) -> list[Claim]:
        """Lease and return some more due sources, or none."""
        if not self.may_claim(newly_due=newly_due):
            return []
        step = self._step(newly_due=newly_due)
        with self.importer.store.write() as connection:
            if self.abandoned:
                source_store.release_sources(connection, self.abandoned, owner=self.importer.owner)
            claimed = source_store.claim_due_sources(
                connection,
                now=self.now + timedelta(seconds=step * STEP),
                owner=self.importer.owner,
                until=self._until(),
                limit=CLAIM_SIZE,
                names=self.names,
                shard=self.shard,
            )
        self.abandoned = ()
        if len(claimed) < CLAIM_SIZE or self.names is not None:
            self._exhausted_step = step
        self.unpolled |= {source.name: (source, state) for source, state in claimed}
        return claimed

    def extend(self) -> None:
        """Extend the leases of unpolled sources when a quarter of the lease has passed."""
        if time.monotonic() - self._extended < LEASE.total_seconds() / 4:
            return
        self._extended = time.monotonic()
        ids, owner = self._unpolled_ids(), self.importer.owner
        with self.importer.store.write() as connection:
            source_store.extend_leases(connection, ids, owner=owner, until=self._until())

    def release(self) -> None:
        """Release the sources that were not polled, so that the next run may claim them at once."""
        if ids := self.unreleased():
            with self.importer.store.write() as connection:
                source_store.release_sources(connection, ids, owner=self.importer.owner)

    def unreleased(self) -> tuple[int, ...]:
        """Return IDs of claimed, unpolled sources; the next run releases them if the store is unreachable."""
        return (*self.abandoned, *self._unpolled_ids())

    def _unpolled_ids(self) -> list[int]:
        return [source.id for source, _ in self.unpolled.values()]

    def _step(self, *, newly_due: bool) -> int:
        """Return 0, or the steps since the start for newly due sources, once step 0 is exhausted."""
        return self._elapsed() // STEP if newly_due and self._exhausted_step >= 0 else 0

    def _elapsed(self) -> int:
        return int(time.monotonic() - self._started)

    def _until(self) -> datetime:
        return self.now + timedelta(seconds=self._elapsed()) + LEASE
