"""Webhooks and their deliveries, to look at: people write them in the browser."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator
from starlette.responses import Response

from syndicate.errors import ActionRefused, existing
from syndicate.store.access import api_lists
from syndicate.web.api.api_body import Id, RowId
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, row_of
from syndicate.web.api.api_router import Resource

routes = Resource("webhooks")


class ShownWebhook(Shown):
    """Endpoint of a program; its secret is never shown. ``state`` is ``on``, ``off`` or ``resting``."""

    id: Id
    address: str
    events: Annotated[list[str], BeforeValidator(str.split)]
    state: str
    failures: int
    reason: str
    created: datetime


class ShownWebhookDelivery(Shown):
    """Delivery of an event to an endpoint; ``error`` is the last answer."""

    id: Id
    event: str
    type: str
    state: str
    attempts: int
    code: int | None
    error: str
    not_before: datetime
    changed: datetime


@routes.page("/webhooks", ShownWebhook, scope="admin:read")
def list_webhooks(call: Call, paging: ListQuery) -> Response:
    """List the webhooks."""
    return call.whole(_webhooks(call), paging, lambda webhook: f"{webhook.id:>20}")


@routes.read("/webhooks/{webhook_id}", ShownWebhook, scope="admin:read")
def read_webhook(call: Call, webhook_id: RowId) -> Response:
    """Return a webhook."""
    return call.show(_webhook(call, webhook_id))


@routes.page("/webhooks/{webhook_id}/deliveries", ShownWebhookDelivery, scope="admin:read")
def list_webhook_deliveries(call: Call, paging: ListQuery, webhook_id: RowId, state: str = "") -> Response:
    """List the deliveries to a webhook, the last first."""
    _webhook(call, webhook_id)
    deliveries = api_lists.WEBHOOK_DELIVERIES
    return call.page(deliveries, paging, ShownWebhookDelivery, webhook=webhook_id, state=state)


@routes.write(
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/retry",
    "wrong-state",
    status=202,
    scope="deliveries:write",
)
def retry_webhook_delivery(call: Call, webhook_id: RowId, delivery_id: RowId) -> Response:
    """Send a failed or waiting delivery to a webhook again at once, with the same id."""
    with call.store.read() as connection:
        deliveries = api_lists.WEBHOOK_DELIVERIES
        row = row_of(connection, deliveries, "such delivery", webhook=webhook_id, id=delivery_id)
    if row["state"] == "sent":
        raise ActionRefused("wrong-state", f"Delivery {delivery_id} has arrived.")
    result = call.jobs.webhooks.retry(call.change(), delivery_id)
    return call.done(result, status=202, location=f"/webhooks/{webhook_id}/deliveries")


def _webhooks(call: ApiCall) -> list[ShownWebhook]:
    return [*map(ShownWebhook.model_validate, call.jobs.webhooks.endpoints())]


def _webhook(call: ApiCall, webhook_id: int) -> ShownWebhook:
    webhooks = {webhook.id: webhook for webhook in _webhooks(call)}
    return existing(webhooks.get(str(webhook_id)), "such webhook")
