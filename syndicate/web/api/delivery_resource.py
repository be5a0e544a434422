"""Deliveries and bounces; addresses are masked without ``subscribers:read``."""

from datetime import datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from syndicate.model import DeliveryState
from syndicate.store import Connection
from syndicate.store.access import api_lists
from syndicate.text.privacy import mask_mailboxes, masked_mailbox
from syndicate.web.api.api_body import Given, Id, Line, RowId
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, row_of, stored_as
from syndicate.web.api.api_router import Resource

routes = Resource("deliveries")


class ShownDelivery(Shown):
    """Delivery of an edition to a mailbox; ``error`` is the last answer of the mail server."""

    id: Id
    edition: Id = stored_as("edition_id")
    newsletter: str
    subject: str
    address: str
    state: str
    cause: str
    attempts: int
    code: int | None
    error: str
    not_before: datetime
    changed: datetime


class GivenPause(Given):
    """Pause of all sending; ``status`` shows the reason."""

    reason: Line


class ShownBounce(Shown):
    """Bounce or complaint."""

    id: Id
    kind: str
    status: str
    detail: str
    address: str
    edition: Id = stored_as("edition_id")
    delivery: Id = stored_as("delivery_id")
    recorded: datetime


@routes.page("/deliveries", ShownDelivery)
def list_deliveries(
    call: Call, paging: ListQuery, edition: RowId | None = None, state: DeliveryState | None = None
) -> Response:
    """List the deliveries, the last first."""
    chosen, shown = state and state.value, partial(_shown, call)
    return call.page(api_lists.DELIVERIES, paging, ShownDelivery, shown=shown, edition=edition, state=chosen)


@routes.read("/deliveries/{delivery_id}", ShownDelivery)
def read_delivery(call: Call, delivery_id: RowId) -> Response:
    """Return a delivery."""
    shown = partial(_shown, call)
    return call.one(api_lists.DELIVERIES, ShownDelivery, "such delivery", shown=shown, id=delivery_id)


@routes.write("POST", "/deliveries/{delivery_id}/resend", "wrong-state", key_required=True, status=202)
def resend_delivery(call: Call, delivery_id: RowId) -> Response:
    """Send an uncertain or failed delivery again, with the same Message-ID."""
    result = _delivery(call, delivery_id).resend(call.change(), [delivery_id])
    return call.done(result, status=202, location=f"/deliveries/{delivery_id}")


@routes.write("POST", "/deliveries/{delivery_id}/sent", "wrong-state")
def mark_delivery_sent(call: Call, delivery_id: RowId) -> Response:
    """Record that an uncertain delivery arrived."""
    return call.done(_delivery(call, delivery_id).mark_sent(call.change(), [delivery_id]))


@routes.write("PUT", "/deliveries/pause")
def pause_sending(call: Call, given: GivenPause) -> Response:
    """Pause all sending; running senders stop within seconds."""
    return call.done(call.jobs.deliveries.pause(call.change(), given.reason))


@routes.write("DELETE", "/deliveries/pause", "not-paused")
def resume_sending(call: Call) -> Response:
    """End the pause of sending."""
    return call.done(call.jobs.deliveries.resume(call.change()))


@routes.page("/bounces", ShownBounce)
def list_bounces(call: Call, paging: ListQuery, edition: RowId | None = None, kind: str = "") -> Response:
    """List bounces and complaints, the last first."""
    shown = partial(_shown, call)
    return call.page(api_lists.BOUNCES, paging, ShownBounce, shown=shown, edition=edition, kind=kind)


def _shown(call: ApiCall, _: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mask addresses, unless the token may read subscribers. The answer of a server may repeat an address."""
    if call.actor and call.actor.may("subscribers:read"):
        return rows
    for row in rows:
        row["address"] = masked_mailbox(row["address"])
        for name in row.keys() & {"error", "detail"}:
            row[name] = mask_mailboxes(row[name])
    return rows


def _delivery(call: ApiCall, delivery_id: int) -> Any:
    """Return the actions on a delivery that exists. Raises ``NotFound``."""
    with call.store.read() as connection:
        row_of(connection, api_lists.DELIVERIES, "such delivery", id=delivery_id)
    return call.jobs.deliveries
