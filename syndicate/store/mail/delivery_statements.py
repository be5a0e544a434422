"""Statements of the sender, built once: building them costs more than running them.

``delivery_store`` documents their use. Each takes its time, owner and ids as parameters.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from syndicate.model import Delivery, DeliveryCause, DeliveryState, SubscriptionState
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail.sending_rests import not_resting
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import subscribers, subscriptions
from syndicate.store.subscribers.preference_store import not_paused

READY = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)
TROUBLE, ENDED = (
    table.c.state.in_([literal_column(f"'{state}'") for state in states])
    for states in (("failed", "uncertain"), ("sent", "cancelled"))
)
"""Conditions for troubled and for ended deliveries, as in their partial indexes."""
# The batch size of the usual number of connections.
_FEW = 8


def named(ids: Sequence[int]) -> tuple[int, dict[str, int]]:
    """Return ids as named parameters, and their padded number: 8, 64, … so that few statements are built.

    An expanding parameter would build its statement anew each time. Repeated ids are harmless.
    """
    places = _FEW
    while places < len(ids):
        places *= _FEW
    padded = [*ids, *[ids[-1]] * (places - len(ids))]
    return places, {f"id_{place}": number for place, number in enumerate(padded)}


def claimable(*, confirmations: bool, of_shard: bool) -> Select[tuple[int]]:
    """Return the query for deliveries that may be sent and are not too late.

    It finds mail over the server ``the_sender``: all, or only confirmations, or only mail of ``the_shard``.
    """
    query = (
        select(table.c.id)
        .where(
            ready(table), table.c.sender == bindparam("the_sender"), table.c.not_before <= bindparam("now")
        )
        .where(table.c.lease_until < bindparam("now"))
        .where(or_(table.c.not_after.is_(None), table.c.not_after >= bindparam("late_by")))
        .where(not_resting(table))
        .limit(bindparam("limit", type_=Integer))
    )
    if of_shard:
        query = query.where(table.c.shard == bindparam("the_shard"))
    return query.where(is_confirmation(table)) if confirmations else query


@cache
def claim(*, confirmations: bool, of_shard: bool) -> ReturningUpdate[Any]:
    """Return the statement that leases up to ``limit`` deliveries, oldest first."""
    ids = claimable(confirmations=confirmations, of_shard=of_shard).order_by(table.c.not_before, table.c.id)
    ids = ids.with_for_update(skip_locked=True)
    return (
        update(table)
        .where(table.c.id.in_(ids), ready(table))
        .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
        # Not all columns: parsing a time costs more than the rest of a row.
        .returning(*(table.c[field.name] for field in fields(Delivery)))
    )


@cache
def begin(places: int) -> CompiledStatement:
    """Return the statement that moves deliveries that may be sent to ``sending``."""
    may_receive = (
        select(subscriptions.c.id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.id == table.c.subscription_id, subscriptions.c.state == table.c.requires)
        .where(or_(not_paused(bindparam("now")), table.c.despite_pause))
    )
    begun = update(table).where(_these(table, places), ready(table), may_receive.exists())
    values = {"state": DeliveryState.SENDING.value, "attempts": table.c.attempts + 1}
    values |= {"lease_until": bindparam("until"), "changed": bindparam("now")}
    return CompiledStatement(begun.values(**values).returning(table.c.id))


@cache
def cancel(places: int) -> Update:
    """Return the statement that cancels deliveries whose readers unsubscribed or paused."""
    subscribed = select(subscriptions.c.id).where(
        subscriptions.c.id == table.c.subscription_id, subscriptions.c.state == table.c.requires
    )
    cause = case((subscribed.exists(), DeliveryCause.PAUSED.value), else_=DeliveryCause.LEFT.value)
    values = {
        "state": DeliveryState.CANCELLED.value,
        "cause": cause,
        "error": "",
        "changed": bindparam("now"),
    }
    return update(table).where(_these(table, places), ready(table)).values(**values, **NO_LEASE)


@cache
def sent(places: int) -> CompiledStatement:
    """Return the statement that moves deliveries from ``sending`` to ``sent``."""
    return CompiledStatement(
        update(table)
        .where(_these(table, places), state_is(table, DeliveryState.SENDING))
        .values(state=DeliveryState.SENT.value, code=250, error="", changed=bindparam("now"), **NO_LEASE)
    )


def _these(table: Table, places: int) -> ColumnElement[bool]:
    ids = [bindparam(f"id_{place}", type_=table.c.id.type) for place in range(places)]
    return and_(table.c.id.in_(ids), table.c.lease_owner == bindparam("owner"))


def ready(table: Table) -> ColumnElement[bool]:
    """Return the condition for waiting deliveries.

    The states are literals, because both engines match a partial index only against literals.
    """
    return table.c.state.in_([literal_column(f"'{state}'") for state in READY])


def state_is(table: Table, state: DeliveryState) -> ColumnElement[bool]:
    """Return the condition for a state, as a literal for the same reason."""
    return table.c.state == literal_column(f"'{state.value}'")


def is_confirmation(table: Table) -> ColumnElement[bool]:
    """Return the condition for mails that ask for a confirmation, as in the partial index."""
    return table.c.requires != literal_column(f"'{SubscriptionState.CONFIRMED.value}'")
