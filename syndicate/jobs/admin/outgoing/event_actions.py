"""Actions on webhooks, their deliveries, and posts to other networks."""

from dataclasses import dataclass

from syndicate.errors import ActionRefused, NotFound, WrongFields, existing
from syndicate.events.signing import new_secret, seal
from syndicate.jobs.admin.access.token_actions import SecretResult
from syndicate.jobs.admin.actions import perform, recorded_as, require
from syndicate.model.actors import ActionResult, Change
from syndicate.net import AddressGuard
from syndicate.store import Connection, Store
from syndicate.store.events import post_store, webhook_store
from syndicate.store.events.event_log import EVENTS, OFF, TEST, add_event
from syndicate.store.events.webhook_store import ON, Endpoint
from syndicate.store.leases import leases
from syndicate.text.privacy import has_credentials
from syndicate.text.urls import is_web_url

_KIND, _ADMIN, _DELIVERIES = "webhook", "admin:write", "deliveries:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookActions:
    """Changes of the endpoints of other programs, at addresses that ``guard`` allows."""

    store: Store
    guard: AddressGuard

    def endpoints(self) -> list[Endpoint]:
        """Return all endpoints, the oldest first."""
        with self.store.read() as connection:
            return webhook_store.list_endpoints(connection)

    def add(self, change: Change, *, address: str, events: list[str]) -> SecretResult:
        """Add an endpoint that gets events of these types."""
        require(change, _ADMIN)
        values = self._checked(address, events)
        secret = new_secret()

        def work(connection: Connection) -> ActionResult:
            sealed = seal(secret, leases.read_secret(connection))
            row = values | {"secret": sealed, "user_id": change.actor.user_id}
            number = webhook_store.add_endpoint(connection, row, change.now)
            return _result(number, f"Webhook {number} was added.", after=values)

        result = perform(self.store, change, "webhook.add", _ADMIN, work)
        return SecretResult(result, "" if result.is_repeated else secret)

    def edit(
        self, change: Change, webhook_id: int, *, address: str, events: list[str] | None = None
    ) -> ActionResult:
        """Change the address, and the events unless they are ``None``."""
        require(change, _ADMIN)
        values = self._checked(address, [*EVENTS] if events is None else events)
        if events is None:
            del values["events"]
        return self._update(change, "webhook.edit", webhook_id, "was changed", **values)

    def turn(self, change: Change, webhook_id: int, *, on: bool) -> ActionResult:
        """Turn an endpoint on, also after a pause, or off."""
        if on:
            values = {"state": ON, "failures": 0, "reason": ""}
            return self._update(change, "webhook.resume", webhook_id, "is on", **values)
        return self._update(change, "webhook.pause", webhook_id, "is off", state=OFF, reason="turned off")

    def new_secret(self, change: Change, webhook_id: int) -> SecretResult:
        """Add a second secret: both sign until ``end_former_secret``."""
        secret = new_secret()

        def work(connection: Connection) -> ActionResult:
            former = _endpoint(connection, webhook_id).secret
            sealed = seal(secret, leases.read_secret(connection))
            values = {"secret": sealed, "former_secret": former}
            webhook_store.change_endpoint(connection, webhook_id, **values)
            return _result(webhook_id, f"Webhook {webhook_id} signs with the new and the former secret.")

        result = perform(self.store, change, "webhook.secret", _ADMIN, work)
        return SecretResult(result, "" if result.is_repeated else secret)

    def end_former_secret(self, change: Change, webhook_id: int) -> ActionResult:
        """End the former secret, once the receiver knows the new one."""
        return self._update(
            change, "webhook.end-secret", webhook_id, "signs with the new secret only", former_secret=""
        )

    @recorded_as("webhook.remove", _ADMIN)
    def remove(self, connection: Connection, _change: Change, webhook_id: int) -> ActionResult:
        """Remove an endpoint with its deliveries."""
        endpoint = _endpoint(connection, webhook_id)
        webhook_store.remove_endpoint(connection, webhook_id)
        return _result(webhook_id, f"Webhook {webhook_id} was removed.", before={"address": endpoint.address})

    @recorded_as("webhook.test", _ADMIN)
    def test(self, connection: Connection, change: Change, webhook_id: int) -> ActionResult:
        """Send a test event to an endpoint."""
        if _endpoint(connection, webhook_id).state != ON:
            raise ActionRefused("webhook-off", f"Webhook {webhook_id} is not on. Resume it first.")
        add_event(connection, TEST, f"test/{change.now}", {}, change.now, endpoint=webhook_id)
        return _result(
            webhook_id,
            f"A test event for webhook {webhook_id} goes out within seconds while the daemon runs.",
        )

    @recorded_as("webhook.retry", _DELIVERIES)
    def retry(self, connection: Connection, change: Change, delivery_id: int) -> ActionResult:
        """Send a failed or waiting delivery again at once, with the same id."""
        if not webhook_store.retry_webhook(connection, delivery_id, change.now):
            raise NotFound(f"There is no failed or waiting delivery {delivery_id}.")
        return _result(delivery_id, f"Delivery {delivery_id} goes out within seconds while the daemon runs.")

    def _checked(self, address: str, events: list[str]) -> dict[str, str]:
        fields: dict[str, str] = {}
        if not is_web_url(address) or has_credentials(address):
            fields["address"] = "Write an https address without user name and password."
        elif not self.guard.allows_url(address):
            fields["address"] = (
                "Write an https address of a public host, or add your own host to [http] allow_private."
            )
        if not events or set(events) - EVENTS.keys():
            fields["events"] = f"Choose from {', '.join(EVENTS)}."
        if fields:
            raise WrongFields(fields)
        return {"address": address, "events": " ".join(name for name in EVENTS if name in events)}

    def _update(
        self, change: Change, action: str, webhook_id: int, done: str, **values: object
    ) -> ActionResult:
        def work(connection: Connection) -> ActionResult:
            endpoint = _endpoint(connection, webhook_id)
            shown = [name for name in values if name != "former_secret"]
            before = {name: getattr(endpoint, name) for name in values}
            webhook_store.change_endpoint(connection, webhook_id, **values)
            kept = [{name: row[name] for name in shown} for row in (before, values)]
            facts = {"before": kept[0], "after": kept[1], "is_change": before != values}
            return _result(webhook_id, f"Webhook {webhook_id} {done}.", **facts)

        return perform(self.store, change, action, _ADMIN, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostActions:
    """Decisions about posts."""

    store: Store

    @recorded_as("post.resend", _DELIVERIES)
    def resend(self, connection: Connection, change: Change, post_id: int) -> ActionResult:
        """Send an uncertain or failed post again; it may then stand there twice."""
        return _decided(post_store.resend_post(connection, post_id, change.now), post_id, "is sent again")

    @recorded_as("post.mark-posted", _DELIVERIES)
    def mark_posted(self, connection: Connection, change: Change, post_id: int) -> ActionResult:
        """Mark an uncertain post as sent."""
        return _decided(post_store.mark_posted(connection, post_id, change.now), post_id, "counts as posted")

    @recorded_as("network.resume", _DELIVERIES)
    def resume(self, connection: Connection, _change: Change, network: str) -> ActionResult:
        """End the pause of a network that refused posts."""
        if not post_store.resume(connection, network):
            raise NotFound(f"There is no network {network}.")
        return ActionResult(kind="network", id=network, message=f"Posting to {network} goes on.")


def deliveries_of(
    connection: Connection, webhook_id: int, *, below: int | None = None
) -> list[dict[str, object]]:
    """Return the latest deliveries to an endpoint. Raises ``NotFound``."""
    _endpoint(connection, webhook_id)
    return webhook_store.list_webhook_deliveries(connection, webhook_id, below=below)


def _endpoint(connection: Connection, webhook_id: int) -> Endpoint:
    endpoints = {endpoint.id: endpoint for endpoint in webhook_store.list_endpoints(connection)}
    return existing(endpoints.get(webhook_id), f"webhook {webhook_id}")


def _result(number: int, message: str, **changes: object) -> ActionResult:
    return ActionResult(kind=_KIND, id=str(number), message=message, **changes)  # type: ignore[arg-type]


def _decided(is_done: bool, post_id: int, done: str) -> ActionResult:  # noqa: FBT001 a fact of the result
    if not is_done:
        raise NotFound(f"There is no post {post_id} in a state that allows this.")
    return ActionResult(kind="post", id=str(post_id), message=f"Post {post_id} {done}.")
