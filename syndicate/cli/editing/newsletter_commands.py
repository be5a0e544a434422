"""Newsletters for an operator: which there are, when the next edition comes, and a pause."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import newsletter_named
from syndicate.cli.common import local, moment, say_done, services_of, show, table, timed_options
from syndicate.cli.wrapping import say
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period, period_at, read_zone
from syndicate.services import Services
from syndicate.store.mail import audience_store, newsletter_store, period_store

MISSED_SHOWN = timedelta(days=7)
"""Missed periods are shown so long after they were recorded."""


@click.group()
def newsletters() -> None:
    """List, pause and resume newsletters."""


@newsletters.command("list")
@timed_options
def list_(config: Path, as_json: bool, now: datetime | None) -> None:
    """Show every newsletter with its next edition and subscribers."""
    with services_of(config, now) as (_, services):
        at = moment(now)
        coming = next_editions(services, at)
        waits = waiting_periods(services.store, services.newsletters, at)
        with services.store.read() as connection:
            counts = audience_store.count_subscriptions(connection)
            missed = period_store.missed_periods(connection, since=at - MISSED_SHOWN)
    answer = [
        {
            "name": one.name,
            "title": one.title,
            "schedule": one.schedule,
            "time_zone": one.time_zone,
            "paused": one.name not in coming,
            "next_edition": coming.get(one.name),
            "subscribers": counts.get(one.name, {}).get("confirmed", 0),
            "gathering": gathering_answer(*waits[one.name]) if one.name in waits else None,
            "missed": missed.get(one.name, []),
        }
        for one in services.newsletters
    ]
    show({"newsletters": answer}, as_json, lambda: _print(answer))


@newsletters.command()
@timed_options
@click.argument("name")
def pause(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Cut no edition of NAME until it is resumed. Deliveries that wait still go."""
    with services_of(config, now) as (_, services):
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.pause_newsletter(connection, name)
    say_done(name, "paused", "is paused", changed, as_json)


@newsletters.command()
@timed_options
@click.argument("name")
def resume(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Cut editions of NAME again. What was not sent meanwhile is not made up for."""
    with services_of(config, now) as (_, services):
        newsletter_named(services, name)
        with services.store.write() as connection:
            changed = newsletter_store.resume_newsletter(connection, name, moment(now))
    say_done(name, "resumed", "is running again", changed, as_json)


def next_editions(services: Services, now: datetime) -> dict[str, datetime]:
    """Return when the next edition of each newsletter is due, without paused newsletters."""
    with services.store.read() as connection:
        paused = newsletter_store.paused_newsletters(connection)
    return {one.name: period_at(one, now).end for one in services.newsletters if one.name not in paused}


def gathering_answer(period: Period, gathered: Gathered) -> dict[str, Any]:
    """Return a due period that waits for its sources, as ``--json`` has it."""
    return {
        "period_end": period.end,
        "unread_sources": gathered.unread,
        "unplaced_articles": gathered.unplaced,
        "reason": str(gathered),
    }


def zone_of(services: Services, name: str) -> ZoneInfo:
    """The time zone of the newsletter of that name; the site's for one that is declared no more."""
    zones = (read_zone(one.time_zone) for one in services.newsletters if one.name == name)
    return next(zones, services.zone)


def _print(answer: list[dict[str, Any]]) -> None:
    if not answer:
        click.echo("There are no [[newsletters]] in the configuration.")
        return
    rows = [
        (
            one["name"],
            one["schedule"],
            "paused" if one["paused"] else local(one["next_edition"], read_zone(one["time_zone"])),
            one["subscribers"],
            one["title"],
        )
        for one in answer
    ]
    table(("name", "schedule", "next edition", "subscribers", "title"), rows, right=(3,))
    for one in answer:
        zone = read_zone(one["time_zone"])
        if waits := one["gathering"]:
            say(f"{one['name']}: edition of {local(waits['period_end'], zone)} waits: {waits['reason']}")
        for end in one["missed"]:
            say(f"{one['name']}: edition of {local(end, zone)} was missed")
