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
from syndicate.store import store_identity as identities
from syndicate.store.store_identity import MailHold, StoreIdentity

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
class _Look:
    """State of the store compared with its markers: ``is_new`` when identity or markers must be written."""

    hold: MailHold | None
    found: str
    facts: tuple[str, str]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreGuard:
    """Markers of a store, and the hold on mail. Without ``markers`` nothing new is noticed."""

    store: Store
    markers: tuple[MarkerFile, ...] = ()

    def notice(self, now: datetime) -> MailHold | None:
        """Return the hold on mail; begin one if the store was restored, copied or moved since it sent."""
        seen = self._read()
        with self.store.read() as connection:
            look = _look(connection, seen)
        if look.hold or not self.markers or not (look.found or look.is_new):
            return look.hold
        with self.store.write() as connection:
            identity = _locked(connection)
            # Again: no other process writes a marker or lifts a hold meanwhile.
            look = _look(connection, self._read())
            if look.hold or look.found:
                hold = look.hold or MailHold(since=now, found=look.found)
                identities.hold_mail(connection, hold)
                return hold
            database, timeline = look.facts
            identities.write_identity(connection, replace(identity, database=database, timeline=timeline))
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

    def write_markers(self, connection: Connection) -> list[str]:
        """Bring the markers up to the store; return a problem for each that cannot be written."""
        identity = _locked(connection)
        problems: list[str] = []
        for file in self.markers:
            marker = file.read()
            is_ahead = (
                marker is not None
                and marker.store_id == identity.store_id
                and marker.generation > identity.generation
            )
            # A store that has sent nothing leaves no trace outside its own folder.
            is_early = file.database is None and marker is None and identity.generation == 0
            if is_ahead or is_early:
                continue
            try:
                file.write(identity)
            except OSError as error:
                problems.append(f"cannot write {file.path}: {error.strerror or error}")
            else:
                identity = replace(identity, marked=identity.marked or file.database is not None)
        identities.write_identity(connection, identity)
        return problems

    def accept(self, connection: Connection) -> bool:
        """Lift the hold, and take the store for the one that sends from here; false when mail was not held.

        Raises ``StoreError`` for a marker that would hold mail again and cannot be written.
        """
        identity = _locked(connection)
        database, timeline = identities.database_facts(connection)
        known = [identity.generation, *(marker.generation for _, marker in self._read() if marker)]
        generation = (max(known) // _LEAP + 1) * _LEAP
        identities.write_identity(
            connection, replace(identity, generation=generation, database=database, timeline=timeline)
        )
        # Before the commit: until then mail is held, whatever the markers say.
        problems = self.write_markers(connection)
        if problems and _look(connection, self._read()).found:
            raise StoreError(
                f"{problems[0]}; remove that file or make it writable, then run the command again"
            )
        return identities.lift_hold(connection)

    def markers_behind(self) -> list[Path]:
        """Return the markers that do not know what was sent last, because they cannot be written."""
        with self.store.read() as connection:
            identity = identities.read_identity(connection)
        sent = identity.generation if identity else 0
        seen = [(file.path, marker.generation if marker else 0) for file, marker in self._read()]
        return [path for path, generation in seen if generation < sent]

    def _read(self) -> Seen:
        return [(file, file.read()) for file in self.markers]


def _locked(connection: Connection) -> StoreIdentity:
    """Return the identity, or a new one, while other transactions that change it wait."""
    return identities.read_identity(connection, lock=True) or identities.new_identity(connection)


def _raise_generation(connection: Connection) -> None:
    identity = _locked(connection)
    identities.write_identity(connection, replace(identity, generation=identity.generation + 1))


def _look(connection: Connection, seen: Seen) -> _Look:
    identity = identities.read_identity(connection)
    facts = identities.database_facts(connection)
    strange = [
        file.path
        for file, marker in seen
        if marker and (identity is None or marker.store_id != identity.store_id)
    ]
    unmarked = any(file.database and not marker for file, marker in seen)
    known = identity and (identity.database, identity.timeline) == facts
    return _Look(
        hold=identities.mail_hold(connection),
        found=_difference(connection, identity, seen, strange, facts),
        facts=facts,
        is_new=bool(strange or unmarked or not known),
    )


def _difference(
    connection: Connection,
    identity: StoreIdentity | None,
    seen: Seen,
    strange: Sequence[Path],
    facts: tuple[str, str],
) -> str:
    """Return why this may not be the store that mail was last sent from, ``""`` when it is."""
    # A store without readers is a new one, whatever was here before.
    if strange and identities.has_subscriptions(connection):
        return f"the marker {strange[0]} belongs to another store, so this one was put in its place"
    if identity is None:
        return ""
    mine = [(file, marker) for file, marker in seen if file.path not in strange]
    reasons = (file.difference(identity, marker) for file, marker in mine)
    if reason := next(filter(None, reasons), ""):
        return reason
    (database, timeline), sent = facts, identity.generation > 0
    if sent and database and identity.database and database != identity.database:
        return "it lies in another PostgreSQL cluster or database than the one that mail was last sent from"
    # What a standby took over is whole if nothing is missing that was sent from here.
    whole = any(marker and marker.generation == identity.generation for _, marker in mine)
    if sent and timeline and identity.timeline and timeline != identity.timeline and not whole:
        return "PostgreSQL was recovered to a point in time, or a standby has taken over"
    return ""
