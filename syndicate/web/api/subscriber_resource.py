"""Subscribers and the suppression list."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from syndicate.audience.importing.list_rows import ImportChoices
from syndicate.audience.mailbox_address import normalise_address
from syndicate.errors import InvalidAddress, WrongFields
from syndicate.jobs.admin.mailing.subscriber_actions import NewSubscriber
from syndicate.jobs.admin.mailing.subscriber_views import read_import, subscriber_csv
from syndicate.model.actors import Change
from syndicate.store import Connection
from syndicate.store.access import api_lists
from syndicate.store.subscribers import audience_store, field_store
from syndicate.web.api.api_body import Given, Id, Line, RowId, Time
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, row_of, stored_as
from syndicate.web.api.api_router import MATCHED, Resource

routes = Resource("subscribers")


class ShownSubscription(Shown):
    """Subscription of a newsletter."""

    newsletter: str
    state: str
    cadence: str
    changed: datetime
    end_reason: str


class ShownSubscriber(Shown):
    """Mailbox with its subscriptions; ``fields`` and ``tags`` only in the answer for one subscriber."""

    id: Id
    address: str
    name: str
    language: str
    created: datetime
    paused_until: datetime | None
    subscriptions: list[ShownSubscription]
    fields: dict[str, str] | None = None
    tags: list[str] | None = None


class ShownSuppression(Shown):
    """Mailbox that gets no mail; an erased mailbox is a hash."""

    address: str = stored_as("address_key")
    reason: str
    recorded: datetime


class GivenSubscriber(Given):
    """Person to subscribe. ``agreed`` are the words that the person agreed to.

    A mail asks for a confirmation unless ``agreed_at`` says when the person agreed.
    """

    address: Line
    newsletter: Line
    agreed: Line
    agreed_at: Time | None = None
    name: Line = ""
    language: Line = ""


class ChangedSubscriber(Given):
    """End of a subscription (``end``), or of all mail (``stop``); nothing here subscribes again."""

    end: Line | None = None
    stop: Literal[True] | None = None


class GivenSuppression(Given):
    """Mailbox that shall get no mail."""

    address: Line


class GivenReason(Given):
    """Reason for which a mailbox that bounced gets mail again."""

    reason: Line


@routes.page("/subscribers", ShownSubscriber)
def list_subscribers(
    call: Call,
    paging: ListQuery,
    address: str = "",
    newsletter: str = "",
    state: Literal["", "pending", "confirmed", "unsubscribed"] = "",
) -> Response:
    """List the subscribers, the last first; `address` is the beginning of an address."""
    subscription = (newsletter, state) if newsletter or state else None
    filters: dict[str, Any] = {"address": address.strip().lower(), "subscription": subscription}

    def shown(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        held = api_lists.subscriptions_of(connection, [row["id"] for row in rows])
        return [row | {"subscriptions": held.get(row["id"], [])} for row in rows]

    return call.page(api_lists.SUBSCRIBERS, paging, ShownSubscriber, shown=shown, **filters)


@routes.write(
    "POST", "/subscribers", "unsubscribed-by-subscriber", "suppressed", key_required=True, status=201
)
def add_subscriber(call: Call, given: GivenSubscriber) -> Response:
    """Subscribe a person who has agreed, or ask for a confirmation by mail."""
    agreed = f"{given.agreed} ({given.agreed_at.isoformat()})" if given.agreed_at else given.agreed
    facts = given.model_dump(include={"address", "newsletter", "name", "language"})
    new = NewSubscriber(**facts, agreed=agreed, has_agreed=given.agreed_at is not None)
    result = call.jobs.subscribers.add(call.change(), new)
    return call.done(result, status=201, location=f"/subscribers/{result.id}" if result.id else "")


@routes.write("POST", "/subscribers/imports", "unknown-newsletter", key_required=True, body="text/csv")
def import_subscribers(
    call: Call,
    newsletter: Line,
    agreed: Line,
    ask: Annotated[bool, Query(description="Ask each person by mail")] = False,
) -> Response:
    """Import a list (CSV) in one transaction; the facts have each row that was left out, with the reason."""
    names = tuple(known.name for known in call.jobs.subscribers.newsletters)
    choices = ImportChoices(newsletters=names, newsletter=newsletter)
    plan = read_import(call.store, "import.csv", call.body, choices, call.now)
    result = call.jobs.subscribers.import_list(call.change(), plan.rows, agreed, ask=ask)
    refused = [{"line": line, "address": text, "reason": reason} for line, text, reason in plan.refused]
    return call.done(replace(result, facts={"counts": dict(plan.counts), "left_out": refused}))


@routes.document("/subscribers/export", "text/csv")
def export_subscribers(call: Call, newsletter: str = "") -> Response:
    """Return the subscribers as CSV. The audit log records the export."""
    with call.store.snapshot() as connection:
        listed = audience_store.list_subscribers(connection, newsletter=newsletter or None)
        body, rows = subscriber_csv(connection, listed)
    call.jobs.subscribers.export(call.change(), rows)
    return StreamingResponse(body, 200, {"Cache-Control": "no-store"}, "text/csv")


@routes.write("PATCH", "/subscribers/{subscriber_id}", *MATCHED)
def end_subscription(call: Call, subscriber_id: RowId, given: ChangedSubscriber) -> Response:
    """End a subscription, or stop all mail to a subscriber."""
    actions, change = call.jobs.subscribers, _change(call, subscriber_id)
    if given.end and not given.stop:
        return call.done(actions.end(change, subscriber_id, given.end))
    if given.stop and not given.end:
        return call.done(actions.stop_mail(change, subscriber_id))
    raise WrongFields({"end": "Name either the newsletter to end, or stop."})


@routes.write("DELETE", "/subscribers/{subscriber_id}", *MATCHED)
def erase_subscriber(call: Call, subscriber_id: RowId) -> Response:
    """Erase all data about a subscriber; a keyed hash keeps imports from bringing the address back."""
    return call.done(call.jobs.subscribers.erase(_change(call, subscriber_id), subscriber_id))


@routes.write("POST", "/subscribers/{subscriber_id}/unsuppress", "not-liftable")
def lift_suppression(call: Call, subscriber_id: RowId, given: GivenReason) -> Response:
    """Write again to a mailbox that only bounced."""
    return call.done(call.jobs.subscribers.unsuppress(call.change(), subscriber_id, given.reason))


@routes.read("/subscribers/{subscriber_id}", ShownSubscriber)
def read_subscriber(call: Call, subscriber_id: RowId) -> Response:
    """Return a subscriber. The audit log records the look."""
    with call.store.snapshot() as connection:
        shown = shown_subscriber(connection, subscriber_id)
    call.jobs.subscribers.look(call.change(), subscriber_id)
    return call.show(shown)


@routes.page("/suppressions", ShownSuppression)
def list_suppressions(call: Call, paging: ListQuery, reason: str = "") -> Response:
    """List the suppressed mailboxes, by address."""
    return call.page(api_lists.SUPPRESSIONS, paging, ShownSuppression, reason=reason)


@routes.read("/suppressions/{address}", ShownSuppression)
def read_suppression(call: Call, address: str) -> Response:
    """Return the suppression of a mailbox."""
    with call.store.snapshot() as connection:
        return call.show(_suppression(connection, address))


@routes.write("POST", "/suppressions", status=201)
def suppress_mailbox(call: Call, given: GivenSuppression) -> Response:
    """Put a mailbox on the suppression list and end its subscriptions; only its owner can undo that."""
    result = call.jobs.subscribers.stop_mail(call.change(), given.address)
    return call.done(result, status=201, location=f"/suppressions/{quote(_key(given.address), safe='@')}")


@routes.write("DELETE", "/suppressions/{address}", "not-liftable", *MATCHED)
def end_suppression(call: Call, address: str, reason: Line) -> Response:
    """Write again to a mailbox that only bounced; the record keeps the `reason`."""
    change = call.change(lambda connection: _suppression(connection, address))
    return call.done(call.jobs.subscribers.unsuppress(change, _key(address), reason))


def shown_subscriber(connection: Connection, subscriber_id: int) -> ShownSubscriber:
    """Return a subscriber as GET shows it. Raises ``NotFound``."""
    facts = row_of(connection, api_lists.SUBSCRIBERS, "such subscriber", id=subscriber_id)
    facts["subscriptions"] = api_lists.subscriptions_of(connection, [subscriber_id]).get(subscriber_id, [])
    facts["fields"] = field_store.fields_of(connection, subscriber_id)
    facts["tags"] = list(field_store.tags_of(connection, subscriber_id))
    return ShownSubscriber.model_validate(facts)


def _key(address: str) -> str:
    try:
        return normalise_address(address).key
    except InvalidAddress as error:
        raise WrongFields({"address": str(error)}) from error


def _suppression(connection: Connection, address: str) -> ShownSuppression:
    row = row_of(connection, api_lists.SUPPRESSIONS, "such suppression", address=_key(address))
    return ShownSuppression.model_validate(row)


def _change(call: ApiCall, subscriber_id: int) -> Change:
    return call.change(lambda connection: shown_subscriber(connection, subscriber_id))
