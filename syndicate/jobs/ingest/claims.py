"""The sources that a run of the ingest job holds: claimed little by little, kept, and given back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.model import Source, SourceState
from syndicate.store.ingest import source_store

LEASE = timedelta(minutes=10)
CLAIM = 500
HELD = 2_000
"""So many sources may wait for their turn, or for servers that hang, before a run claims no further ones."""
STEP = 10
"""Seconds between two looks for what has become due while servers that hang are waited for."""
LONGEST = 300
"""Seconds after which a run looks no more: what it did is to be told some time."""

Claimed = tuple[Source, SourceState]


@dataclass(slots=True, kw_only=True)
class Claims:
    """Sources due at ``now``, most overdue first, or the sources named.

    ``held`` are those whose poll is not stored, by name. ``left`` are sources that a run before held when it
    lost the store, by id: nobody reads them, so they are freed as soon as it can be told.
    """

    importer: EntryImporter
    now: datetime
    left: tuple[int, ...] = ()
    names: Sequence[str] | None = None
    held: dict[str, Claimed] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _kept: float = field(default_factory=time.monotonic)
    _looked: int = -1

    def may_claim(self, *, claim_newly_due: bool = False) -> bool:
        """Return whether there may be more that is due; with ``claim_newly_due`` also since the run began."""
        step = self._step(claim_newly_due=claim_newly_due)
        return self._looked < step and step * STEP <= LONGEST and len(self.held) <= HELD - CLAIM

    def claim(self, *, claim_newly_due: bool = False) -> list[Claimed]:
        """Some more sources that are due, or none."""
        if not self.may_claim(claim_newly_due=claim_newly_due):
            return []
        step = self._step(claim_newly_due=claim_newly_due)
        now = self.now + timedelta(seconds=step * STEP)
        with self.importer.store.write() as connection:
            if self.left:
                source_store.release_sources(connection, self.left, owner=self.importer.owner)
            claimed = source_store.claim_due_sources(
                connection,
                now=now,
                owner=self.importer.owner,
                until=self._until(),
                limit=CLAIM,
                names=self.names,
            )
        self.left = ()
        if len(claimed) < CLAIM or self.names is not None:
            self._looked = step
        self.held |= {source.name: (source, state) for source, state in claimed}
        return claimed

    def keep(self) -> None:
        """Hold on to those whose turn comes later than their lease ends."""
        if time.monotonic() - self._kept < LEASE.total_seconds() / 4:
            return
        self._kept = time.monotonic()
        with self.importer.store.write() as connection:
            source_store.extend_leases(
                connection, self._ids(), owner=self.importer.owner, until=self._until()
            )

    def give_back(self) -> None:
        """Free sources that were not read: the next run may read them at once."""
        if unread := self.unread():
            with self.importer.store.write() as connection:
                source_store.release_sources(connection, unread, owner=self.importer.owner)

    def unread(self) -> tuple[int, ...]:
        """Return IDs of claimed, unpolled sources; the next run releases them if the store is unreachable."""
        return (*self.left, *self._ids())

    def _ids(self) -> list[int]:
        return [source.id for source, _ in self.held.values()]

    def _step(self, *, claim_newly_due: bool) -> int:
        """The moment of which to look for what is due: that of the run, until nothing of it is left."""
        return self._elapsed() // STEP if claim_newly_due and self._looked >= 0 else 0

    def _elapsed(self) -> int:
        return int(time.monotonic() - self._started)

    def _until(self) -> datetime:
        return self.now + timedelta(seconds=self._elapsed()) + LEASE
