"""Guard against a restored backup: mail is held until an operator says how the store got here.

The order is: commit generation *g*, write *g* into the markers, send. A crash in between leaves a marker
behind the store, which is harmless. A marker ahead of the store shows that the store was restored. So markers
are read before the store, and written inside a transaction that blocks other writers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from syndicate.errors import StoreError
from syndicate.jobs.delivery.markers import Marker, MarkerFile
from syndicate.store import Connection, Store
from syndicate.store.core import store_identity as identities
from syndicate.store.core.store_identity import MailHold, StoreIdentity

# An operator's decision skips this many generations, so that markers on other hosts are behind.
_GENERATION_LEAP = 1_000_000

SeenMarkers = Sequence[tuple[MarkerFile, Marker | None]]


def hold_text(hold: MailHold | None) -> str:
    """Return the reason for the hold and the remedy, ``""`` without a hold."""
    if hold is None:
        return ""
    if hold.moved_to:
        return (
            f"this store was moved to {hold.moved_to} on {hold.since:%Y-%m-%d %H:%M} UTC, so it sends no "
            "mail and cuts no edition: write that URL as [store] url. To go on with this store instead, let "
            "nothing send from the other, and run `syndicate deliveries after-move`"
        )
    return (
        f"mail has been held since {hold.since:%Y-%m-%d %H:%M} UTC, and no edition is cut: {hold.found}. "
        "If a backup was restored, readers who left since it was made are subscribed again: bring them "
        "over (`subscribers export-suppressions` from the old store, `subscribers import-suppressions` "
        "here), then run `syndicate deliveries after-restore`. If the store was only moved, and nothing "
        "sends from its old place, run `syndicate deliveries after-move`"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreGuard:
    """Markers of a store, and the hold on its mail. Without ``markers`` no restored backup is noticed."""

    store: Store
    markers: tuple[MarkerFile, ...] = ()

    def check_markers(self, now: datetime) -> MailHold | None:
        """Return the hold on mail; start a hold if the store was restored, copied or moved since it sent."""
        seen = [(file, file.read()) for file in self.markers]
        with self.store.read() as connection:
            if (hold := identities.mail_hold(connection)) or not seen:
                return hold
            identity = identities.read_identity(connection)
            facts = identities.database_facts(connection)
            reason = _restore_reason(connection, identity, seen, facts)
        if not reason and identity and _is_up_to_date(identity, seen, facts):
            return None
        with self.store.write() as connection:
            # The identity changes when another process sends or an operator decides.
            unchanged = identities.read_identity(connection, lock=True) == identity
            if unchanged and reason:
                hold = MailHold(since=now, found=reason)
                identities.hold_mail(connection, hold)
                return hold
            if unchanged:
                database, timeline = facts
                identity = replace(_lock_identity(connection), database=database, timeline=timeline)
                identities.write_identity(connection, identity)
        if not unchanged:
            return self.check_markers(now)
        with self.store.write() as connection:
            self.write_markers(connection)
        return None

    def count_batch(self, write: Callable[[Callable[[Connection], object]], object]) -> None:
        """Raise the generation, before the first mail of a batch and after the last mail of a run."""
        if self.markers:
            write(_raise_generation)
            write(self.write_markers)

    def write_markers(self, connection: Connection) -> dict[Path, str]:
        """Write the store's generation into the markers; return the problem of each failed write by path."""
        before = identity = _lock_identity(connection)
        problems: dict[Path, str] = {}
        for file in self.markers:
            marker = file.read()
            if marker and marker.store_id == identity.store_id and marker.generation > identity.generation:
                continue
            # A store that has sent nothing writes no marker outside its own folder.
            if marker is None and file.database is None and identity.generation == 0:
                continue
            try:
                file.write(identity)
            except OSError as error:
                problems[file.path] = f"cannot write the marker {file.path}: {error.strerror or error}"
            else:
                identity = replace(identity, marked=identity.marked or file.database is not None)
        if identity != before:
            identities.write_identity(connection, identity)
        return problems

    def accept(self, connection: Connection) -> bool:
        """Lift the hold and accept the store's place; return false when mail was not held.

        Raises ``StoreError`` for a marker that would hold mail again and cannot be written.
        """
        identity = _lock_identity(connection)
        database, timeline = identities.database_facts(connection)
        seen = filter(None, (file.read() for file in self.markers))
        known = max([identity.generation, *(marker.generation for marker in seen)])
        generation = (known // _GENERATION_LEAP + 1) * _GENERATION_LEAP
        identity = replace(identity, generation=generation, database=database, timeline=timeline)
        identities.write_identity(connection, identity)
        # Before the commit: until then mail is held, whatever the markers contain.
        for path, problem in self.write_markers(connection).items():
            if path.exists():
                raise StoreError(f"{problem}; remove it or make it writable, then run the command again")
        return identities.lift_hold(connection)

    def problems(self) -> list[str]:
        """Return the operator's warnings about markers that cannot be written."""
        with self.store.write() as connection:
            unwritten = self.write_markers(connection)
        return [
            f"{problem}; a restored backup may not be noticed. Make the folder writable; under systemd, set "
            "StateDirectory=syndicate"
            for problem in unwritten.values()
        ]


def _lock_identity(connection: Connection) -> StoreIdentity:
    """Return the identity or a new identity, locked against other transactions that change it."""
    return identities.read_identity(connection, lock=True) or StoreIdentity()


def _raise_generation(connection: Connection) -> None:
    identity = _lock_identity(connection)
    identities.write_identity(connection, replace(identity, generation=identity.generation + 1))


def _is_up_to_date(identity: StoreIdentity, seen: SeenMarkers, facts: tuple[str, str]) -> bool:
    """Return whether markers and database facts match the recorded identity."""
    foreign = any(marker and marker.store_id != identity.store_id for _, marker in seen)
    location_change = any(
        file.location_change(marker) or (file.database and not marker) for file, marker in seen
    )
    return not foreign and not location_change and facts == (identity.database, identity.timeline)


def _restore_reason(
    connection: Connection, identity: StoreIdentity | None, seen: SeenMarkers, facts: tuple[str, str]
) -> str:
    """Return the reason why this may not be the store that mail was last sent from, ``""`` if it is."""
    store_id = identity.store_id if identity else ""
    if foreign := [file.path for file, marker in seen if marker and marker.store_id != store_id]:
        text = f"the marker {foreign[0]} belongs to another store, so this one was put in its place"
        # A store without subscriptions is new, whatever store was here before.
        return text if identities.has_subscriptions(connection) else ""
    sent = identity.generation if identity else 0
    for file, marker in seen:
        if marker and marker.generation > sent:
            return (
                f"the store is older than what was sent from here (batch {sent}, and {marker.generation} in "
                f"{file.path}), so it was restored from a backup"
            )
    if identity is None or sent == 0:
        return ""
    for file, marker in seen:
        # Without ``marked`` the marker was never written, so it is not missing.
        if (marker or identity.marked) and (reason := file.location_change(marker)):
            return reason
    database, timeline = facts
    if database and identity.database and database != identity.database:
        return "it lies in another PostgreSQL cluster or database than the one that mail was last sent from"
    # A standby that took over is complete if it knows the last batch that was sent from here.
    is_complete = any(marker and marker.generation == sent for _, marker in seen)
    if timeline and identity.timeline and timeline != identity.timeline and not is_complete:
        return "PostgreSQL was recovered to a point in time, or a standby has taken over"
    return ""
