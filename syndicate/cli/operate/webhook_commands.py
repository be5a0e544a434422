"""Commands for webhooks to other programs."""

from collections.abc import Callable

import click

from syndicate.cli.arguments import ROW_NUMBER
from syndicate.cli.options import Call, action_options, add_command, common_options
from syndicate.cli.output import attributes
from syndicate.jobs.admin.access.token_actions import SecretResult
from syndicate.jobs.admin.outgoing.event_actions import WebhookActions, deliveries_of
from syndicate.model.actors import ActionResult, Change
from syndicate.store.events.event_log import EVENTS

_events_option = click.option(
    "--event", "events", multiple=True, type=click.Choice(list(EVENTS)), help="Only these; may be repeated."
)
_Action = Callable[[WebhookActions, Change, int], ActionResult | SecretResult]


@click.group()
def webhooks() -> None:
    """Add, list, test and remove webhooks: signed requests that tell other programs of events."""


@webhooks.command()
@action_options
@click.argument("address")
@_events_option
def add(call: Call, address: str, events: tuple[str, ...]) -> None:
    """Send events to the https ADDRESS, and print its secret, once."""
    with call.services() as services:
        done = services.admin.webhooks.add(call.change, address=address, events=[*(events or EVENTS)])
    _show(call, done)


@webhooks.command("list")
@common_options
def list_(call: Call) -> None:
    """Show all webhooks, without their secrets."""
    with call.services() as services:
        found = services.admin.webhooks.endpoints()
    columns = "id address state reason events"
    empty = "There are no webhooks. `syndicate webhooks add ADDRESS` adds one."
    call.show_table("webhooks", columns.split(), [attributes(each, columns) for each in found], empty)


@webhooks.command()
@action_options
@click.argument("webhook_id", type=ROW_NUMBER)
@click.argument("address")
@_events_option
def edit(call: Call, webhook_id: int, address: str, events: tuple[str, ...]) -> None:
    """Give a webhook another ADDRESS, and with --event other events."""
    with call.services() as services:
        chosen = [*events] or None
        _show(call, services.admin.webhooks.edit(call.change, webhook_id, address=address, events=chosen))


def _command(name: str, text: str, action: _Action) -> None:
    """Add a command that does something to the webhook with the number of its argument."""

    def run(call: Call, number: int) -> None:
        with call.services() as services:
            _show(call, action(services.admin.webhooks, call.change, number))

    add_command(webhooks, name, text, run, click.argument("number", type=ROW_NUMBER))


_command("remove", "Remove a webhook with its deliveries.", WebhookActions.remove)
_command("pause", "Send nothing to a webhook.", lambda jobs, by, number: jobs.turn(by, number, on=False))
_command(
    "resume",
    "Send again to a webhook that rests or is off.",
    lambda jobs, by, number: jobs.turn(by, number, on=True),
)
_command("test", "Send a test event to a webhook.", WebhookActions.test)
_command("secret", "Print a new secret; both sign until `end-secret`.", WebhookActions.new_secret)
_command("end-secret", "Sign with the newest secret only.", WebhookActions.end_former_secret)
_command("retry", "Send the delivery with this number again.", WebhookActions.retry)


@webhooks.command()
@common_options
@click.argument("webhook_id", type=ROW_NUMBER)
def deliveries(call: Call, webhook_id: int) -> None:
    """Show the latest deliveries to a webhook."""
    with call.services() as services, services.store.read() as connection:
        found = deliveries_of(connection, webhook_id)
    columns = ("id", "type", "subject", "state", "attempts", "code", "error")
    call.show_table("deliveries", columns, found, "No deliveries.")


def _show(call: Call, done: ActionResult | SecretResult) -> None:
    result, secret = (done.result, done.secret) if isinstance(done, SecretResult) else (done, "")
    answer = {"id": result.id, "message": result.message} | ({"secret": secret} if secret else {})
    text = f"{result.message} Its secret is shown only now:\n{secret}" if secret else result.message
    call.show(answer, text)
