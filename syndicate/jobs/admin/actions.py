"""Performs actions: permission, repeated requests, change and audit row in one transaction."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from syndicate.errors import ActionRefused, MailError, NotAllowed
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.access import audit_store, request_store

Work = Callable[[Connection], ActionResult]
P = ParamSpec("P")


class HasStore(Protocol):
    """Actions of a kind of object, with the store that they change."""

    @property
    def store(self) -> Store:
        """The store."""


Actions = TypeVar("Actions", bound=HasStore)


def recorded_as(
    name: str, scope: str
) -> Callable[
    [Callable[Concatenate[Actions, Connection, Change, P], ActionResult]],
    Callable[Concatenate[Actions, Change, P], ActionResult],
]:
    """Return the decorator of a method that is an action: callers leave the connection out.

    ``perform`` runs it in a write transaction for an actor with ``scope``, and records it as ``name``.
    """

    def decorate(
        method: Callable[Concatenate[Actions, Connection, Change, P], ActionResult],
    ) -> Callable[Concatenate[Actions, Change, P], ActionResult]:
        @wraps(method)
        def performed(self: Actions, change: Change, /, *args: P.args, **named: P.kwargs) -> ActionResult:
            def work(connection: Connection) -> ActionResult:
                return method(self, connection, change, *args, **named)

            return perform(self.store, change, name, scope, work)

        return performed

    return decorate


def perform(store: Store, change: Change, action: str, scope: str, work: Work) -> ActionResult:
    """Run ``work`` in a write transaction for an actor with ``scope``, and record it as ``action``.

    ``work`` does no network, rendering or file work. A result that is no change is not recorded in the
    audit log unless it ``is_logged``. Raises ``NotAllowed``, ``ActionRefused``, and the errors of ``work``;
    then nothing changes.
    """
    require(change, scope)
    with store.dry_run() if change.dry_run else store.write() as connection:
        if change.key and (earlier := request_store.claim_request(connection, change)):
            return earlier
        audit_store.lock_actions(connection)
        if change.check:
            change.check(connection)
        result = work(connection)
        if result.is_change or result.is_logged:
            audit_store.add_row(connection, change.actor, action, result, change.now)
        if change.key:
            request_store.save_result(connection, change, result)
    return result


def earlier_result(store: Store, change: Change, scope: str) -> ActionResult | None:
    """Return the result of an earlier request with the same key, before anything is checked or rendered.

    Raises ``NotAllowed`` for an actor without ``scope``.
    """
    require(change, scope)
    if not change.key:
        return None
    with store.read() as connection:
        return request_store.earlier_result(connection, change)


def perform_mail(
    store: Store, change: Change, action: str, scope: str, send: Callable[[], object], done: ActionResult
) -> ActionResult:
    """Send a mail, then record it as ``done``. A repeated request sends nothing.

    Raises ``ActionRefused`` when the mail server refuses it; then a repeated request tries again.
    """
    if earlier := earlier_result(store, change, scope):
        return earlier
    try:
        if not change.dry_run:
            send()
    except MailError as error:
        raise ActionRefused("mail-refused", f"The mail was not sent: {error}", status=502) from error
    return perform(store, change, action, scope, lambda _connection: done)


def record_reload(store: Store, change: Change, file: str, file_hash: str) -> None:
    """Record that a configuration is in force, once, whatever number of processes reads it again."""

    def work(connection: Connection) -> ActionResult:
        last = audit_store.audit_rows(connection, action="config.reload", limit=1)
        is_new = not last or (last[0].after or {}).get("hash") != file_hash
        return ActionResult(kind="config", id=file, after={"hash": file_hash}, is_change=is_new)

    perform(store, change, "config.reload", "", work)


def last_change(connection: Connection, kind: str, object_id: str) -> str:
    """Return who changed an object last and when, or ``""`` if the audit log has nothing about it."""
    rows = audit_store.audit_rows(connection, object_kind=kind, object_id=object_id, limit=1)
    return f"{rows[0].actor_name} at {rows[0].at:%H:%M} UTC" if rows else ""


def refuse_stale(shown: Mapping[str, str], seen: Mapping[str, str], who: Callable[[str], str]) -> None:
    """Raise ``ActionRefused`` (stale) for fields that show other words than their editor saw.

    ``who`` returns who changed a field. Browsers change the ends of lines.
    """
    fields = {
        name: f"{who(name) or 'Another person'} changed this to “{shown[name]}” meanwhile."
        for name, text in seen.items()
        if shown.get(name, text).split() != text.split()
    }
    if fields:
        raise ActionRefused("stale", " ".join(fields.values()), fields=fields)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the former and the new values of the fields that differ, for the audit log."""
    changed = [key for key in after if before.get(key) != after[key]]
    return {
        "before": {key: before.get(key) for key in changed},
        "after": {key: after[key] for key in changed},
    }


def declared_refusal(
    places: Mapping[str, str], name: str, advice: str = "change it there, and reload with SIGHUP"
) -> ActionRefused:
    """Return the refusal to change what the configuration declares; ``places`` are file and line by name."""
    text = f"{name} is declared in {places.get(name, 'the configuration file')}: {advice}"
    return ActionRefused("declared-in-config", text, facts={"name": name})


def require(change: Change, scope: str) -> None:
    """Raise ``NotAllowed`` unless the actor has a scope; ``""`` is open to all actors."""
    if scope and not change.actor.may(scope):
        raise NotAllowed(f"This needs the permission {scope}.")
