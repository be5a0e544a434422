"""Guard against a restored backup: mail is held until a person says what happened to the store.

The order is: commit generation *g*, write *g* into the markers, send. A crash in between leaves a marker
that is behind, which means nothing; a marker that is ahead says that the store has forgotten something. So
markers are read before the store, and written inside a transaction that keeps other writers waiting.
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

# A decision of a person leaves out so many generations: whatever another host has seen is behind then.
_LEAP = 1_000_000

Seen = Sequence[tuple[MarkerFile, Marker | None]]


def hold_text(hold: MailHold | None) -> str:
    """Return what was found and what to do, ``""`` without a hold."""
    if hold is None:
        return ""
    return (
        f"mail has been held since {hold.since:%Y-%m-%d %H:%M} UTC, and no edition is cut: {hold.found}. "
        "If a backup was restored, readers who left since it was made are subscribed again: bring them "
        "over (`subscribers export-gone` from the old store, `subscribers import-gone` here), then run "
        "`syndicate deliveries after-restore`. If the store was only moved, and nothing sends from its old "
        "place, run `syndicate deliveries after-move`"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreGuard:
    """Markers of a store, and the hold on mail. Without ``markers`` nothing new is noticed."""

    store: Store
    markers: tuple[MarkerFile, ...] = ()

    def check_markers(self, now: datetime) -> MailHold | None:
        """Return the hold on mail; begin one if the store was restored, copied or moved since it sent."""
        seen = [(file, file.read()) for file in self.markers]
        with self.store.read() as connection:
            if (hold := identities.mail_hold(connection)) or not seen:
                return hold
            identity = identities.read_identity(connection)
            facts = identities.database_facts(connection)
            found = _difference(connection, identity, seen, facts)
        if not found and identity and _is_known(identity, seen, facts):
            return None
        with self.store.write() as connection:
            # A changed identity: another process sends, or a person has decided.
            unchanged = identities.read_identity(connection, lock=True) == identity
            if unchanged and found:
                hold = MailHold(since=now, found=found)
                identities.hold_mail(connection, hold)
                return hold
            if unchanged:
                database, timeline = facts
                identity = replace(_locked(connection), database=database, timeline=timeline)
                identities.write_identity(connection, identity)
        if not unchanged:
            return self.check_markers(now)
        with self.store.write() as connection:
            self.write_markers(connection)
        return None

    def count_batch(self, write: Callable[[Callable[[Connection], object]], object]) -> None:
        """Raise the generation, before the first mail of a batch leaves and after the last of a run.

        ``write`` does something in a transaction of its own.
        """
        if self.markers:
            write(_raise_generation)
            write(self.write_markers)

    def write_markers(self, connection: Connection) -> dict[Path, str]:
        """Bring the markers up to the store; return the problem with each that cannot be written."""
        before = identity = _locked(connection)
        problems: dict[Path, str] = {}
        for file in self.markers:
            marker = file.read()
            if marker and marker.store_id == identity.store_id and marker.generation > identity.generation:
                continue
            # A store that has sent nothing leaves no trace outside its own folder.
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
        """Lift the hold and let this store send from here; return false when mail was not held.

        Raises ``StoreError`` for a marker that would hold mail again and cannot be written.
        """
        identity = _locked(connection)
        database, timeline = identities.database_facts(connection)
        seen = filter(None, (file.read() for file in self.markers))
        known = max([identity.generation, *(marker.generation for marker in seen)])
        generation = (known // _LEAP + 1) * _LEAP
        identity = replace(identity, generation=generation, database=database, timeline=timeline)
        identities.write_identity(connection, identity)
        # Before the commit: until then mail is held, whatever the markers say.
        for path, problem in self.write_markers(connection).items():
            if path.exists():
                raise StoreError(f"{problem}; remove it or make it writable, then run the command again")
        return identities.lift_hold(connection)

    def problems(self) -> list[str]:
        """Return why restored backups may not be noticed, for an operator."""
        with self.store.write() as connection:
            unwritten = self.write_markers(connection)
        return [
            f"{problem}; a restored backup may not be noticed. Make the folder writable; under systemd, set "
            "StateDirectory=syndicate"
            for problem in unwritten.values()
        ]


def _locked(connection: Connection) -> StoreIdentity:
    """Return the identity, or a new one, while other transactions that change it wait."""
    return identities.read_identity(connection, lock=True) or StoreIdentity()


def _raise_generation(connection: Connection) -> None:
    identity = _locked(connection)
    identities.write_identity(connection, replace(identity, generation=identity.generation + 1))


def _is_known(identity: StoreIdentity, seen: Seen, facts: tuple[str, str]) -> bool:
    """Return whether there is nothing to write down about the store and its place."""
    strange = any(marker and marker.store_id != identity.store_id for _, marker in seen)
    location_change = any(
        file.location_change(marker) or (file.database and not marker) for file, marker in seen
    )
    return not strange and not location_change and facts == (identity.database, identity.timeline)


def _difference(
    connection: Connection, identity: StoreIdentity | None, seen: Seen, facts: tuple[str, str]
) -> str:
    """Return why this may not be the store that mail was last sent from, ``""`` when it is."""
    mine = identity.store_id if identity else ""
    if strange := [file.path for file, marker in seen if marker and marker.store_id != mine]:
        text = f"the marker {strange[0]} belongs to another store, so this one was put in its place"
        # A store without readers is a new one, whatever was here before.
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
        # A marker that could never be written is not missing.
        if (marker or identity.marked) and (reason := file.location_change(marker)):
            return reason
    database, timeline = facts
    if database and identity.database and database != identity.database:
        return "it lies in another PostgreSQL cluster or database than the one that mail was last sent from"
    # A standby that took over is whole if it knows the last batch that was sent from here.
    is_whole = any(marker and marker.generation == sent for _, marker in seen)
    if timeline and identity.timeline and timeline != identity.timeline and not is_whole:
        return "PostgreSQL was recovered to a point in time, or a standby has taken over"
    return ""
