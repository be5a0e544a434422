"""Commands that list, pause and resume newsletters."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from syndicate.cli.arguments import newsletter_named
from syndicate.cli.options import current_time, services_of, timed_options
from syndicate.cli.output import say, show, show_change, table
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
def list_(config: Path, as_json: bool, now: datetime | None) -> None:
    """Show newsletters, next editions, subscribers."""
    with services_of(config, now) as (_, services):
        at = current_time(now)
        next_by_name = next_editions(services, at)
        waiting = waiting_periods(services.store, services.newsletters, at)
        with services.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection)
            missed = period_store.missed_periods(connection, since=at - MISSED_SHOWN)
    answer = [
        {
            "name": newsletter.name,
            "title": newsletter.title,
            "schedule": newsletter.schedule,
            "time_zone": newsletter.time_zone,
            "paused": newsletter.name not in next_by_name,
            "next_edition": next_by_name.get(newsletter.name),
            "subscribers": counts.get(newsletter.name, {}).get("confirmed", 0),
            "gathering": gathering_answer(*waiting[newsletter.name]) if newsletter.name in waiting else None,
            "missed": missed.get(newsletter.name, []),
        }
        for newsletter in services.newsletters
    ]
    show({"newsletters": answer}, as_json, lambda: _print(answer))


@newsletters.command()
@timed_options
@click.argument("name")
def pause(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Cut no edition of NAME until it is resumed. Pending deliveries are still sent."""
    with services_of(config, now) as (_, services):
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.pause_newsletter(connection, name)
    show_change(name, "paused", "is paused", changed, as_json)


@newsletters.command()
@timed_options
@click.argument("name")
def resume(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Cut editions of NAME again. Editions of the pause are not made up for."""
    with services_of(config, now) as (_, services):
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.resume_newsletter(connection, name, current_time(now))
    show_change(name, "resumed", "is running again", changed, as_json)


def gathering_answer(period: Period, gathered: Gathered) -> dict[str, Any]:
    """Return the JSON form of a due period that waits for its sources."""
    return {
        "period_end": period.end,
        "unread_sources": gathered.unread,
        "unplaced_articles": gathered.unplaced,
        "reason": str(gathered),
    }


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
