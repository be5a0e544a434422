"""Performs actions: permission, repeated requests, change and audit row in one transaction."""

from collections.abc import Callable, Mapping

from syndicate.errors import ActionRefused, NotAllowed
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.access import audit_store, request_store

Work = Callable[[Connection], ActionResult]


def perform(store: Store, change: Change, action: str, scope: str, work: Work) -> ActionResult:
    """Run ``work`` in a write transaction for an actor with ``scope``, and record it as ``action``.

    ``work`` does no network, rendering or file work. A result that is no change is not recorded in the
    audit log. Raises ``NotAllowed``, ``ActionRefused``, and the errors of ``work``; then nothing changes.
    """
    require(change, scope)
    with store.dry_run() if change.dry_run else store.write() as connection:
        if change.key and (earlier := request_store.claim_request(connection, change)):
            return earlier
        audit_store.lock_actions(connection)
        if change.check:
            change.check(connection)
        result = work(connection)
        if result.is_change:
            audit_store.add_row(connection, change.actor, action, result, change.now)
        if change.key:
            request_store.save_result(connection, change, result)
    return result


def earlier_result(store: Store, change: Change) -> ActionResult | None:
    """Return the result of an earlier request with the same key, before anything is checked or rendered."""
    if not change.key:
        return None
    with store.read() as connection:
        return request_store.earlier_result(connection, change)


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
