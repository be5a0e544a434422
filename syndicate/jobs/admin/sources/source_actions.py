"""Actions on sources: add, edit, move, pause, resume, read now, remove, import.

``config.toml`` decides about the sources it declares: an action on a chosen source refuses, and an action on
many skips it and says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.errors import ActionRefused, NotFound, WrongFields
from syndicate.ingest.poll_schedule import polled_url
from syndicate.jobs.admin.actions import changed_fields, declared_refusal, perform, recorded_as, require
from syndicate.jobs.admin.sources.source_fields import (
    ReadAccess,
    checked_url,
    facts_of,
    with_fields,
)
from syndicate.jobs.ingest import source_list_job
from syndicate.jobs.ingest.source_list_job import free_name, name_in_title
from syndicate.model import Absence, Origin, Source, SourceState
from syndicate.model.actors import ActionResult, Change
from syndicate.opml import OutlineList, read_opml, write_opml
from syndicate.store import Connection, Store
from syndicate.store.access import audit_store
from syndicate.store.ingest import added_sources, robots_store, source_figures, source_store
from syndicate.text.privacy import looks_secret
from syndicate.text.urls import canonical_url, origin_of

WRITE = "sources:write"
_INSTEAD = {
    "pause": "set paused = true there",
    "resume": "set paused = false there",
    "move": "change its url there",
    "remove": "remove it there",
}
_DONE = {
    "pause": ("paused", "is paused"),
    "resume": ("resumed", "is read again"),
    "section": ("moved to the section", "is in the section"),
    "remove": ("removed", "is removed; its articles stay"),
    "read": ("read now", "is read now"),
}
_STORE: Mapping[str, Callable[[Connection, str], bool]] = {
    "pause": added_sources.pause_source,
    "resume": added_sources.resume_source,
    "remove": added_sources.remove_source,
}
CHOSEN = tuple(_DONE)
"""Names of the actions on chosen sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceActions:
    """Actions on sources of one store. ``read_access`` reads fields of an authentication.

    ``places`` are the file and line of each declared source.
    """

    store: Store
    read_access: ReadAccess
    places: Mapping[str, str]

    @recorded_as("source.add", WRITE)
    def add(self, connection: Connection, change: Change, source: Source) -> ActionResult:
        """Add a source, due at once. Without a name it gets a free name; a removed source is restored.

        Raises ``ActionRefused`` (source-known), and ``WrongFields`` for a taken name.
        """
        sources = source_store.list_sources(connection)
        address = canonical_url(source.url)
        same = next((known for known in sources if canonical_url(known.url) == address), None)
        if same is not None and same.absent is Absence.NONE:
            facts = {"name": same.name, "id": str(same.id)}
            message = f"the source {same.name} reads this feed already"
            raise ActionRefused("source-known", message, facts=facts)
        names, addresses = {known.name for known in sources}, (source.home_url, source.url)
        automatic = same.name if same else free_name(name_in_title(source.title), addresses, names)
        named = replace(source, name=source.name or automatic, origin=Origin.STORE)
        if not added_sources.add_source(connection, named, change.now):
            raise _taken(named.name, free_name(named.name, addresses, names))
        added = added_sources.find_source(connection, named.name)
        number = str(added.id) if added else ""
        message = f"{named.name} is added and will be read at once."
        return ActionResult(
            kind="source",
            id=number,
            message=message,
            after=facts_of(named),
            facts={"id": number, "name": named.name},
        )

    @recorded_as("source.edit", WRITE)
    def edit(
        self, connection: Connection, change: Change, source_id: int, fields: Mapping[str, str]
    ) -> ActionResult:
        """Change fields of an added source; absent fields stay. Raises ``WrongFields``."""
        if "auth" in fields:
            require_secrets(change)
        before = _editable(connection, source_id, "edit", self.places)
        after = with_fields(before, fields, self.read_access)
        if before.private and not after.private:
            require_secrets(change)
        taken = {source.name for source in source_store.list_sources(connection)} - {before.name}
        if after.name in taken:
            raise _taken(after.name, free_name(after.name, (after.home_url, after.url), taken))
        added_sources.edit_source(connection, before.name, after)
        return _changed(before, after, f"{after.name} is saved.")

    @recorded_as("source.move", WRITE)
    def move(self, connection: Connection, change: Change, source_id: int, url: str) -> ActionResult:
        """Give an added source a new address, polled from scratch; its articles stay."""
        url = checked_url(url)
        before = _editable(connection, source_id, "move", self.places)
        if before.access and origin_of(before.url) != origin_of(url):
            # The secret would go to another server.
            require_secrets(change)
        added_sources.move_source(connection, before.name, url)
        # An address with a key in its query must not become public.
        after = replace(before, url=url, private=before.private or looks_secret(url))
        added_sources.edit_source(connection, before.name, after)
        return _changed(before, after, f"{before.name} is read at its new address.")

    def on_chosen(self, change: Change, what: str, ids: Sequence[int], section: str = "") -> ActionResult:
        """Pause, resume, remove or read sources, or give them a section (``CHOSEN``), all in one commit.

        A single source raises ``ActionRefused`` (declared-in-config, only-your-own, server-asked-for-pause);
        several sources are skipped with the reason, or put off. Facts: changed, skipped and put_off.
        """

        def work(connection: Connection) -> ActionResult:
            facts: dict[str, list[dict[str, str]]] = {"changed": [], "skipped": [], "put_off": []}
            busy = robots_store.paused_origins(connection, change.now)
            for source_id in dict.fromkeys(ids):
                source, state = present_source(connection, source_id)
                row = {"id": str(source.id), "name": source.name}
                try:
                    if what == "read":
                        _read_soon(connection, source, state, change.now, busy)
                    else:
                        _change(connection, source, what, section, change, self.places)
                except ActionRefused as refused:
                    if len(ids) == 1:
                        raise
                    kind = "put_off" if "retry_at" in refused.facts else "skipped"
                    facts[kind].append(row | {"reason": str(refused)})
                except _Already:
                    pass
                else:
                    facts["changed"].append(row)
            return _result_of(what, facts, section, source.name if len(ids) == 1 else "")

        if not ids:
            raise WrongFields({"chosen": "Choose at least one source."})
        return perform(self.store, change, f"source.{what}", WRITE, work)

    def import_opml(self, change: Change, document: bytes, *, section: str = "") -> ActionResult:
        """Add the feeds of an OPML file in one commit; known feeds stay. Raises ``ParseError``.

        Facts: added and known names, refused titles with reasons, and notes on left-out settings.
        """
        return self._import(change, read_opml(document), section)

    @recorded_as("source.import", WRITE)
    def _import(
        self, connection: Connection, change: Change, outlines: OutlineList, section: str
    ) -> ActionResult:
        found = source_list_job.import_outlines(connection, outlines, change.now, section=section)
        facts = {
            "title": outlines.title,
            "added": list(found.added),
            "known": list(found.known),
            "refused": [{"title": title, "reason": reason} for title, reason in found.refused],
            "notes": [{"title": title, "note": note} for title, note in found.notes],
        }
        return ActionResult(
            kind="source",
            message=f"{found.text}.",
            after={"added": list(found.added), "known": len(found.known), "refused": len(found.refused)},
            facts=facts,
            is_change=bool(found.added),
            is_logged=True,
        )

    def export_opml(self, title: str, now: datetime) -> bytes:
        """Return all sources as OPML, without private sources and folders."""
        with self.store.read() as connection:
            sources = source_figures.exported_sources(connection)
        return write_opml(title, source_list_job.export_outlines(sources), created=now)


def require_secrets(change: Change) -> None:
    """Raise ``NotAllowed`` unless the actor may name the place of a secret.

    The program reads that place and sends its content to the source's server.
    """
    require(change, "admin:write")


class _Already(Exception):
    """Source that is in the wanted state."""


def present_source(connection: Connection, source_id: int) -> tuple[Source, SourceState]:
    """Return a source that was not removed. Raises ``NotFound``."""
    found = source_store.get_source(connection, source_id)
    if found is None or found[0].absent is Absence.REMOVED:
        raise NotFound("There is no such source.")
    return found


def _editable(connection: Connection, source_id: int, what: str, places: Mapping[str, str]) -> Source:
    source, _ = present_source(connection, source_id)
    _refuse_declared(source, what, places)
    return source


def _refuse_declared(source: Source, what: str, places: Mapping[str, str]) -> None:
    if source.origin is Origin.CONFIG and not (what == "remove" and source.absent is Absence.UNDECLARED):
        raise declared_refusal(places, source.name, _INSTEAD.get(what, "change it there"))


def _change(
    connection: Connection,
    source: Source,
    what: str,
    section: str,
    change: Change,
    places: Mapping[str, str],
) -> None:
    """Pause, resume, remove a source or change its section. Raises ``_Already`` and ``ActionRefused``."""
    _refuse_declared(source, what, places)
    if what == "section":
        if source.section == section:
            raise _Already
        added_sources.edit_source(connection, source.name, replace(source, section=section))
        return
    if what == "remove" and not _may_remove(connection, source, change):
        message = f"{source.name} was added by somebody else: ask an admin to remove it"
        raise ActionRefused("only-your-own", message, status=403)
    if not _STORE[what](connection, source.name):
        raise _Already


def _may_remove(connection: Connection, source: Source, change: Change) -> bool:
    """Return true for admins and commands, and for the user who added the source, also by a token."""
    if change.actor.may("admin:write"):
        return True
    number = str(source.id)
    rows = audit_store.audit_rows(connection, action="source.add", object_kind="source", object_id=number)
    # Anybody may give a token the name of a user.
    return change.actor.user_id in {row.user_id for row in rows if row.user_id}


def _read_soon(
    connection: Connection, source: Source, state: SourceState, now: datetime, busy: Mapping[str, datetime]
) -> None:
    """Make a source due, unless its server asked for a pause. Raises ``ActionRefused``."""
    if source.paused or state.gone:
        standing = "paused" if source.paused else "gone (410)"
        raise ActionRefused("source-paused", f"{source.name} is {standing}: resume it first")
    pauses = (state.not_before, busy.get(origin_of(polled_url(source.url, state))))
    if until := max((at for at in pauses if at and at > now), default=None):
        message = f"The server of {source.name} asks to wait until {until:%d %b %Y %H:%M} UTC (Retry-After)"
        raise ActionRefused("server-asked-for-pause", message, facts={"retry_at": until.isoformat()})
    source_store.make_due(connection, source.id, now, "an operator asked for it")


def _result_of(what: str, facts: dict[str, list[dict[str, str]]], section: str, name: str) -> ActionResult:
    changed = facts["changed"]
    many, single = (f"{text} {section or 'none'}" if what == "section" else text for text in _DONE[what])
    parts = [f"{name} {single}" if name else f"{len(changed)} {many}"]
    parts += [row["reason"] for row in (*facts["put_off"], *facts["skipped"])]
    return ActionResult(
        kind="source",
        id=changed[0]["id"] if len(changed) == 1 else "",
        message=". ".join(parts) + ".",
        after={"sources": [row["name"] for row in changed], "section": section or None},
        facts=facts,
        is_change=bool(changed),
    )


def _changed(before: Source, after: Source, message: str) -> ActionResult:
    number, fields = str(before.id), changed_fields(facts_of(before), facts_of(after))
    facts = {"id": number, "name": after.name}
    is_change = bool(fields["after"])
    return ActionResult(kind="source", id=number, message=message, facts=facts, is_change=is_change, **fields)


def _taken(name: str, free: str) -> WrongFields:
    return WrongFields({"name": f"a source is named {name} already; how about {free}?"})
