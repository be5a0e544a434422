"""Commands that list, pause and resume newsletters."""

from typing import Any

import click

from syndicate.cli.arguments import newsletter_named
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period, read_zone
from syndicate.reports.newsletter_times import MISSED_SHOWN, next_editions
from syndicate.reports.phrases import local_time
from syndicate.store.mail import audience_store, newsletter_store, period_store


@click.group()
def newsletters() -> None:
    """List, pause and resume newsletters."""


@newsletters.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show newsletters, next editions, subscribers."""
    with call.services() as services:
        at = call.now
        next_by_name = next_editions(services, at)
        waiting = waiting_periods(services.store, services.newsletters, at)
        with services.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection)
            missed = period_store.missed_periods(connection, since=at - MISSED_SHOWN)
    answer = [
        {
            **attributes(newsletter, "name title schedule time_zone"),
            "paused": newsletter.name not in next_by_name,
            "next_edition": next_by_name.get(newsletter.name),
            "subscribers": counts.get(newsletter.name, {}).get("confirmed", 0),
            "gathering": gathering_answer(*waiting[newsletter.name]) if newsletter.name in waiting else None,
            "missed": missed.get(newsletter.name, []),
        }
        for newsletter in services.newsletters
    ]
    call.show({"newsletters": answer}, lambda: _print(answer))


@newsletters.command()
@timed_options
@click.argument("name")
def pause(call: Call, name: str) -> None:
    """Cut no edition of NAME until it is resumed. Pending deliveries are still sent."""
    with call.services() as services:
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.pause_newsletter(connection, name)
    call.show_change(name, "paused", "is paused", changed)


@newsletters.command()
@timed_options
@click.argument("name")
def resume(call: Call, name: str) -> None:
    """Cut editions of NAME again. Editions of the pause are not made up for."""
    with call.services() as services:
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.resume_newsletter(connection, name, call.now)
    call.show_change(name, "resumed", "is running again", changed)


def gathering_answer(period: Period, gathered: Gathered) -> dict[str, Any]:
    """Return the JSON form of a due period that waits for its sources."""
    counts = attributes(gathered, "unread_sources=unread unplaced_articles=unplaced")
    return {"period_end": period.end, **counts, "reason": str(gathered)}


def _print(answer: list[dict[str, Any]]) -> None:
    if not answer:
        click.echo("There are no [[newsletters]] in the configuration.")
        return
    rows = [
        (
            newsletter["name"],
            newsletter["schedule"],
            "paused"
            if newsletter["paused"]
            else local_time(newsletter["next_edition"], read_zone(newsletter["time_zone"])),
            newsletter["subscribers"],
            newsletter["title"],
        )
        for newsletter in answer
    ]
    table(("name", "schedule", "next edition", "subscribers", "title"), rows, right=(3,))
    for newsletter in answer:
        zone = read_zone(newsletter["time_zone"])
        if gathering := newsletter["gathering"]:
            end = local_time(gathering["period_end"], zone)
            say(f"{newsletter['name']}: edition of {end} waits: {gathering['reason']}")
        for end in newsletter["missed"]:
            say(f"{newsletter['name']}: edition of {local_time(end, zone)} was missed")
