"""Results of requests with a key, so that a repeated request changes nothing."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from syndicate.errors import ActionRefused
from syndicate.model.actors import ActionResult, Actor, Change
from syndicate.store import schema
from syndicate.store.core.upsert import insert_for

table = schema.repeated_requests
KEPT = timedelta(hours=24)


def claim_request(connection: Connection, change: Change) -> ActionResult | None:
    """Take the key of a request, or return the result of an earlier request with the same key.

    A second request waits for the end of the first transaction. Raises ``ActionRefused`` (key-reused) when
    the earlier request was another.
    """
    keys = {"actor": _actor_key(change.actor), "request_key": change.key}
    chosen = (table.c.actor == keys["actor"]) & (table.c.request_key == change.key)
    connection.execute(delete(table).where(chosen, table.c.at <= change.now - KEPT))
    row = {**keys, "request_hash": change.request_hash, "result": {}, "at": change.now}
    claim = insert_for(connection, table).values(row).on_conflict_do_nothing().returning(table.c.actor)
    if connection.execute(claim).first():
        return None
    earlier = connection.execute(select(table.c.request_hash, table.c.result).where(chosen)).one()
    if earlier.request_hash != change.request_hash:
        raise ActionRefused(
            "key-reused", "This Idempotency-Key was used for another request. Use a new key.", status=422
        )
    return replace(ActionResult(**earlier.result), is_repeated=True)


def earlier_result(connection: Connection, change: Change) -> ActionResult | None:
    """Return the result of an earlier request with the same key, without taking the key."""
    chosen = table.c.actor == _actor_key(change.actor), table.c.request_key == change.key
    row = connection.execute(select(table.c.request_hash, table.c.result).where(*chosen)).first()
    if row is None or not row.result or row.request_hash != change.request_hash:
        return None
    return replace(ActionResult(**row.result), is_repeated=True)


def save_result(connection: Connection, change: Change, result: ActionResult) -> None:
    """Store the result under the key of its request."""
    chosen = (table.c.actor == _actor_key(change.actor)) & (table.c.request_key == change.key)
    connection.execute(update(table).where(chosen).values(result=asdict(result)))


def delete_old_results(connection: Connection, now: datetime) -> int:
    """Delete the results older than a day and return their number."""
    return connection.execute(delete(table).where(table.c.at <= now - KEPT)).rowcount


def _actor_key(actor: Actor) -> str:
    return f"{actor.kind}:{actor.token_id or actor.user_id or actor.name}"
