"""Commands that list deliveries and decide about uncertain deliveries."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from syndicate.cli.arguments import ROW_NUMBER
from syndicate.cli.common import (
    changing,
    common_options,
    dry_run_option,
    moment,
    plural,
    services_of,
    show,
    table,
    timed_options,
)
from syndicate.cli.wrapping import say
from syndicate.errors import SyndicateError
from syndicate.jobs.delivery.after_restore import mark_restored
from syndicate.model import DeliveryCause, DeliveryState
from syndicate.services.lease_owners import sweep_dead_senders
from syndicate.store.mail import delivery_store
from syndicate.store.mail.delivery_store import DeliveryReport

_CAUSES = {
    DeliveryCause.NONE: "",
    DeliveryCause.TOO_LATE: "it was too late to be sent",
    DeliveryCause.CORRECTED: "a correction took its place",
    DeliveryCause.LEFT: "unsubscribed before it was sent",
    DeliveryCause.PAUSED: "paused by its reader before it was sent",
    DeliveryCause.INTERRUPTED: "the sender stopped between the body and the server's answer",
    DeliveryCause.RESTORED: "it waited in a backup that was restored",
}
_ADVICE = """
Uncertain deliveries may have arrived: look for the addresses in the mail server's log.
`syndicate deliveries resend ID...` sends again what did not arrive, `arrived ID...` settles what did."""


@click.group()
def deliveries() -> None:
    """List deliveries; settle uncertain deliveries."""


@deliveries.command("list")
@common_options
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in DeliveryState]),
    help="Only these.",
)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
def list_(config: Path, as_json: bool, states: tuple[str, ...], limit: int) -> None:
    """Show deliveries, latest change first."""
    wanted = [DeliveryState(state) for state in states]
    with services_of(config) as (_, services):
        sweep_dead_senders(services.store, moment(None))
        with services.store.read() as connection:
            reports = delivery_store.list_deliveries(connection, states=wanted, limit=limit)
    headers = ("id", "state", "address", "newsletter", "attempts", "said", "subject", "changed")
    rows = [
        (
            report.delivery.id,
            report.delivery.state.value,
            report.delivery.address,
            report.newsletter,
            report.delivery.attempts,
            _said(report),
            report.subject,
            report.changed,
        )
        for report in reports
    ]
    answer = {"deliveries": [dict(zip(headers, row, strict=True)) for row in rows]}

    def text() -> None:
        shown = [(*row[:5], row[5] or row[6]) for row in rows]
        table((*headers[:5], "said, or subject"), shown, right=(0, 4))
        if any(row[1] == DeliveryState.UNCERTAIN.value for row in rows):
            say(_ADVICE)

    show(answer, as_json, text if rows else lambda: click.echo("No deliveries."))


@deliveries.command()
@timed_options
@click.argument("ids", type=ROW_NUMBER, nargs=-1, required=True)
def resend(config: Path, as_json: bool, now: datetime | None, ids: tuple[int, ...]) -> None:
    """Send the uncertain or failed deliveries IDS again.

    They keep their Message-ID. An uncertain one may have arrived already; mail programs show one copy of
    a Message-ID.
    """
    _change_each(config, ids, moment(now), delivery_store.resend, "neither uncertain nor failed")
    said = f"{plural(len(ids), 'delivery')} will be sent again by the next `deliver`."
    show({"resent": list(ids)}, as_json, lambda: click.echo(said))


@deliveries.command()
@timed_options
@click.argument("ids", type=ROW_NUMBER, nargs=-1, required=True)
def arrived(config: Path, as_json: bool, now: datetime | None, ids: tuple[int, ...]) -> None:
    """Record that the uncertain deliveries IDS arrived."""
    _change_each(config, ids, moment(now), delivery_store.mark_arrived, "not uncertain")
    said = f"{plural(len(ids), 'delivery')} recorded as sent."
    show({"arrived": list(ids)}, as_json, lambda: click.echo(said))


def _change_each(
    config: Path, ids: Sequence[int], now: datetime, change: Callable[..., bool], otherwise: str
) -> None:
    """Change all the deliveries or, when one of them cannot be changed, none."""
    with services_of(config, now) as (_, services):
        sweep_dead_senders(services.store, now)
        with services.store.write() as connection:
            refused = next((number for number in ids if not change(connection, number, now=now)), None)
            if refused is not None:
                raise SyndicateError(
                    f"delivery {refused} is {otherwise}, so nothing was changed; "
                    "`syndicate deliveries list --state uncertain` lists uncertain deliveries"
                )


@deliveries.command("after-restore")
@timed_options
@dry_run_option
def after_restore(config: Path, as_json: bool, now: datetime | None, dry_run: bool) -> None:
    """Send nothing twice after a backup was restored.

    What waited in the backup becomes uncertain, editions that waited for approval are held, and periods that
    had ended get no edition any more.
    """
    with services_of(config, now) as (_, services), changing(services, dry_run) as connection:
        found = mark_restored(connection, services.newsletters, moment(now))
        if not dry_run:
            services.guard.accept(connection)
    would = "would be" if dry_run else "now"
    lines = (
        f"{plural(found.deliveries, 'delivery')} {would} uncertain; `deliveries resend` sends them.",
        f"{plural(found.editions, 'edition')} {would} held; `editions approve` lets them go.",
        f"{plural(found.periods, 'period')} {would} without an edition.",
        "Readers who left since the backup are subscribed again: `subscribers import-gone` ends that.",
    )
    answer = {
        "uncertain": found.deliveries,
        "held": found.editions,
        "periods": found.periods,
        "dry_run": dry_run,
    }
    show(answer, as_json, lambda: say("\n".join(lines)))


@deliveries.command("after-move")
@timed_options
def after_move(config: Path, as_json: bool, now: datetime | None) -> None:
    """Let mail go on after the store was moved.

    Nothing must be lost, and nothing may send from its old place. What waits is sent as after any stop.
    """
    with services_of(config, now) as (_, services), services.store.write() as connection:
        was_held = services.guard.accept(connection)
        waiting = delivery_store.count_due(connection, moment(now))
    text = (
        f"Mail goes on: {plural(waiting, 'delivery')} can be sent now." if was_held else "Mail was not held."
    )
    show({"was_held": was_held, "waiting": waiting}, as_json, lambda: click.echo(text))


@deliveries.command(hidden=True)
@click.pass_context
@timed_options
@dry_run_option
def doubt(context: click.Context, /, **options: Any) -> None:
    """Run `after-restore`, which used to have this name."""
    click.echo("`deliveries doubt` is now called `deliveries after-restore`.", err=True)
    context.invoke(after_restore, **options)


def _said(report: DeliveryReport) -> str:
    """Return the reason of its end and the mail server's last reply."""
    return "; ".join(filter(None, (_CAUSES[report.cause], report.error)))
