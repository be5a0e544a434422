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
            counts = audience_store.count_subscriptions_by_state(connection)
            missed = period_store.missed_periods(connection, since=at - MISSED_SHOWN)
    answer = [
        {
            "name": newsletter.name,
            "title": newsletter.title,
            "schedule": newsletter.schedule,
            "time_zone": newsletter.time_zone,
            "paused": newsletter.name not in coming,
            "next_edition": coming.get(newsletter.name),
            "subscribers": counts.get(newsletter.name, {}).get("confirmed", 0),
            "gathering": gathering_answer(*waits[newsletter.name]) if newsletter.name in waits else None,
            "missed": missed.get(newsletter.name, []),
        }
        for newsletter in services.newsletters
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
    return {
        newsletter.name: period_at(newsletter, now).end
        for newsletter in services.newsletters
        if newsletter.name not in paused
    }


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
    zones = (
        read_zone(newsletter.time_zone) for newsletter in services.newsletters if newsletter.name == name
    )
    return next(zones, services.zone)


def _print(answer: list[dict[str, Any]]) -> None:
    if not answer:
        click.echo("There are no [[newsletters]] in the configuration.")
        return
    rows = [
        (
            item["name"],
            item["schedule"],
            "paused" if item["paused"] else local(item["next_edition"], read_zone(item["time_zone"])),
            item["subscribers"],
            item["title"],
        )
        for item in answer
    ]
    table(("name", "schedule", "next edition", "subscribers", "title"), rows, right=(3,))
    for item in answer:
        zone = read_zone(item["time_zone"])
        if waits := item["gathering"]:
            say(f"{item['name']}: edition of {local(waits['period_end'], zone)} waits: {waits['reason']}")
        for end in item["missed"]:
            say(f"{item['name']}: edition of {local(end, zone)} was missed")
