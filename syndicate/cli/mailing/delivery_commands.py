"""Commands that list deliveries and decide about uncertain deliveries."""

import click

from syndicate.cli.arguments import ROW_NUMBER, limit_option
from syndicate.cli.former_names import RenamedGroup
from syndicate.cli.options import Call, action_options, common_options, dry_run_option, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.jobs.delivery.after_restore import mark_restored
from syndicate.jobs.lease_owners import sweep_dead_senders
from syndicate.model import DeliveryState
from syndicate.store.mail import delivery_store
from syndicate.text.phrases import plural

_ADVICE = """
Uncertain deliveries may have arrived: look for the addresses in the mail server's log.
`syndicate deliveries resend ID...` sends a delivery again, `mark-sent ID...` records that it arrived."""


@click.group(cls=RenamedGroup)
def deliveries() -> None:
    """List deliveries; resolve uncertain deliveries."""


@deliveries.command("list")
@common_options
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(list(map(str, DeliveryState))),
    help="Only deliveries in this state; may be repeated.",
)
@limit_option(100, "deliveries")
def list_(call: Call, states: tuple[str, ...], limit: int) -> None:
    """Show deliveries, latest change first."""
    with call.services() as services:
        sweep_dead_senders(services.store, call.now)
        with services.store.read() as connection:
            chosen = [DeliveryState(state) for state in states]
            reports = delivery_store.list_deliveries(connection, states=chosen, limit=limit)
    rows = [
        attributes(report.delivery, "id state address")
        | attributes(report, "newsletter attempts=delivery.attempts subject changed")
        | {"said": "; ".join(filter(None, (report.cause.words, report.error)))}
        for report in reports
    ]

    def text() -> None:
        headers = ("id", "state", "address", "newsletter", "attempts")
        shown = [(*(row[name] for name in headers), row["said"] or row["subject"]) for row in rows]
        table((*headers, "said, or subject"), shown, right=(0, 4))
        if any(row["state"] == DeliveryState.UNCERTAIN for row in rows):
            say(_ADVICE)

    call.show({"deliveries": rows}, text if rows else "No deliveries.")


@deliveries.command()
@action_options
@click.argument("ids", type=ROW_NUMBER, nargs=-1, required=True)
def resend(call: Call, ids: tuple[int, ...]) -> None:
    """Send the uncertain or failed deliveries IDS again.

    They keep their Message-ID. An uncertain delivery may have arrived already; mail programs show a single
    copy for each Message-ID.
    """
    with call.services() as services:
        result = services.commands.deliveries.resend(call.change, ids)
    call.show({"resent": list(ids)}, result.message)


@deliveries.command("mark-sent")
@action_options
@click.argument("ids", type=ROW_NUMBER, nargs=-1, required=True)
def mark_sent(call: Call, ids: tuple[int, ...]) -> None:
    """Record that the uncertain deliveries IDS were delivered."""
    with call.services() as services:
        result = services.commands.deliveries.mark_sent(call.change, ids)
    call.show({"arrived": list(ids)}, result.message)


@deliveries.command()
@action_options
@click.option("--reason", required=True, metavar="TEXT", help="Why; status and the overview show it.")
@click.argument("edition_id", type=ROW_NUMBER, required=False)
def pause(call: Call, reason: str, edition_id: int | None) -> None:
    """Pause sending of all mail, or of an edition."""
    with call.services() as services:
        result = services.commands.deliveries.pause(call.change, reason, edition_id or 0)
    call.show({"edition": edition_id, "paused": True, "reason": reason}, result.message)


@deliveries.command()
@action_options
@click.argument("edition_id", type=ROW_NUMBER, required=False)
def resume(call: Call, edition_id: int | None) -> None:
    """Resume sending after a pause or the brake."""
    with call.services() as services:
        result = services.commands.deliveries.resume(call.change, edition_id or 0)
    call.show({"edition": edition_id, "paused": False}, result.message)


@deliveries.command("after-restore")
@timed_options
@dry_run_option
def after_restore(call: Call, dry_run: bool) -> None:
    """Avoid duplicate mail after a restored backup.

    Deliveries that were due in the backup become uncertain. Editions that waited for approval are held.
    Periods that had ended get no edition.
    """
    with call.services() as services:
        newsletters = services.newsletters
        with services.write(dry_run=dry_run) as connection:
            restored = mark_restored(connection, newsletters, call.now)
            if not dry_run:
                services.guard.accept(connection)
    would = "would be" if dry_run else "now"
    lines = (
        f"{plural(restored.deliveries, 'delivery')} {would} uncertain; `deliveries resend` sends them.",
        f"{plural(restored.editions, 'edition')} {would} held; `editions approve` sends them.",
        f"{plural(restored.periods, 'period')} {would} without an edition.",
        (
            "Readers who unsubscribed since the backup are subscribed again: "
            "`subscribers import-suppressions` unsubscribes them."
        ),
    )
    answer = attributes(restored, "uncertain=deliveries held=editions periods") | {"dry_run": dry_run}
    call.show(answer, lambda: say("\n".join(lines)))


@deliveries.command("after-move")
@timed_options
def after_move(call: Call) -> None:
    """Resume mail after the store was moved.

    The store must be complete, and nothing may send from its old place. Due mail is sent next.
    """
    with call.services() as services, services.store.write() as connection:
        was_held = services.guard.accept(connection)
        waiting = delivery_store.count_due(connection, call.now)
    text = (
        f"Mail is resumed: {plural(waiting, 'delivery')} can be sent now."
        if was_held
        else "Mail was not held."
    )
    call.show({"was_held": was_held, "waiting": waiting}, text)
