"""How everything is doing, on one screen; exit code 1 when something needs a person."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from syndicate.cli.editor import decision_answer, decision_line
from syndicate.cli.frame import (
    ago,
    config_option,
    json_option,
    moment,
    now_option,
    plural,
    services_of,
    show,
    table,
)
from syndicate.ingest.polling import believed_url
from syndicate.model import Decision, DeliveryState, HubSubscription, Origin, Source, SourceListState
from syndicate.newsletter.periods import parse_schedule, read_zone
from syndicate.services import Services
from syndicate.store import Connection, audience, editor, quarantine, ranking, stale, tombstones
from syndicate.store import articles as article_store
from syndicate.store import deliveries as delivery_store
from syndicate.store import editions as edition_store
from syndicate.store import hubs as hub_store
from syndicate.store import pages as page_store
from syndicate.store import sitemap_parts as part_store
from syndicate.store import source_lists as list_store
from syndicate.store import sources as source_store
from syndicate.store import stories as story_store
from syndicate.store.editions import EditionReport
from syndicate.store.quarantine import Failure
from syndicate.store.sources import SourceReport
from syndicate.text.privacy import hidden_address

WEEK = timedelta(days=7)
FAILURES_WORTH_A_PERSON = 3
# A sender that works clears its queue far sooner; one that does not should be noticed.
STUCK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One look at the store. ``problems`` are sentences about what a person should do something about."""

    now: datetime
    sources: tuple[SourceReport, ...]
    hubs: dict[int, HubSubscription]
    articles: int
    stories: int
    covered: int
    stale_pages: int
    editions: list[EditionReport]
    deliveries: dict[str, int]
    oldest_due: datetime | None
    subscriptions: dict[str, dict[str, int]]
    deferral: str
    refused: int
    pages: dict[str, int]
    refused_pages: list[tuple[str, int]]
    failing_parts: list[tuple[str, int, str]]
    failures: tuple[Failure, ...]
    dropped: dict[str, int]
    top: tuple[str, ...]
    decisions: list[Decision]
    lists: tuple[tuple[str, SourceListState], ...] = ()
    problems: list[str] = field(default_factory=list)


@click.command()
@config_option
@json_option
@now_option
def status(config: Path, as_json: bool, now: datetime | None) -> None:
    """Show sources, stories, channels, next editions, deliveries, and what needs a person."""
    with services_of(config, now) as (_, services):
        health = look(services, moment(now))
        show(_answer(health, services), as_json, lambda: _print(health, services))
    if health.problems:
        raise SystemExit(1)


def look(services: Services, now: datetime) -> Health:
    """Read everything ``status`` shows, in one transaction."""
    with services.store.read() as connection:
        stories, covered = story_store.count_stories(connection)
        top = ranking.ranked_stories(connection, "top", limit=5)
        titles = article_store.get_articles(connection, [story.article_id for story in top])
        health = Health(
            now=now,
            sources=source_store.report_sources(connection, week_ago=now - WEEK),
            hubs=hub_store.list_subscriptions(connection),
            articles=article_store.count_articles(connection),
            stories=stories,
            covered=covered,
            stale_pages=stale.count_stale(connection),
            editions=edition_store.report_editions(connection, limit=5),
            deliveries=delivery_store.count_deliveries(connection),
            oldest_due=delivery_store.next_delivery(connection),
            subscriptions=audience.count_subscriptions(connection),
            deferral=_last_deferral(connection, now),
            refused=delivery_store.count_refused(connection),
            pages=page_store.count_pages(connection),
            refused_pages=page_store.refused_pages(connection, limit=5),
            failing_parts=part_store.failing_parts(connection, FAILURES_WORTH_A_PERSON),
            failures=quarantine.failures(connection),
            lists=_lists(services, connection),
            dropped=tombstones.count_dropped(connection),
            top=tuple(
                f"{titles[story.article_id].title} ({plural(story.coverage, 'source')})"
                for story in top
                if story.article_id in titles
            ),
            decisions=editor.decisions(connection, at=now),
        )
    health.problems.extend(_problems(health))
    return health


def _lists(services: Services, connection: Connection) -> tuple[tuple[str, SourceListState], ...]:
    states = list_store.list_states(connection)
    return tuple(
        (hidden_address(one.url) if one.private else one.url, states[one.url])
        for one in services.source_lists
        if one.url in states
    )


def _last_deferral(connection: Connection, now: datetime) -> str:
    """What the mail server, or the disk, said when it last put mail off."""
    if pause := delivery_store.sending_pause(connection, now):
        return pause[1]
    waiting = (DeliveryState.DEFERRED, DeliveryState.PENDING)
    latest = delivery_store.list_deliveries(connection, states=waiting, limit=1)
    return latest[0].error if latest else ""


def _problems(health: Health) -> list[str]:
    found = []
    for report in health.sources:
        name, state = report.source.name, report.state
        if report.source.paused:
            continue
        if state.gone:
            found.append(f"source {name} is gone for good (410): {_advice(report.source, 'remove it')}")
        elif state.failures >= FAILURES_WORTH_A_PERSON or (state.failures and state.last_success is None):
            found.append(f"source {name} failed {plural(state.failures, 'time')}: {state.error}")
        if moved := shown_address(report.source, believed_url(state)):
            advice = _advice(report.source, "change its url")
            found.append(f"source {name} has moved for good to {moved}: {advice}")
    found += _problems_of_lists(health)
    found += [
        f"{failure.kind} {failure.subject} failed {plural(failure.attempts, 'time')}: {failure.reason}"
        for failure in health.failures
        if failure.resting or failure.kind in ("channel", "newsletter", "page")
    ]
    found += [
        f"sitemap {url} failed {plural(count, 'time')}: {error}" for url, count, error in health.failing_parts
    ]
    found += [
        f"edition of {report.edition.newsletter} for {report.edition.period_end:%d %b %H:%M} UTC was missed: "
        "nothing ran in time"
        for report in health.editions
        if report.state == edition_store.MISSED
    ]
    if uncertain := health.deliveries.get(DeliveryState.UNCERTAIN.value):
        found.append(
            f"{plural(uncertain, 'delivery')} may or may not have arrived: see `syndicate deliveries list "
            "--state uncertain`, and send again what should be"
        )
    if health.refused:
        found.append(
            f"{plural(health.refused, 'delivery')} refused for good: see `syndicate deliveries list "
            "--state failed`, then remove the address or send again"
        )
    if health.oldest_due and health.now - health.oldest_due > STUCK:
        found.append(
            f"mail has waited since {health.oldest_due:%d %b %H:%M} UTC: is `syndicate run` running?"
        )
    return found


def _advice(source: Source, what: str) -> str:
    """Where a source is changed depends on who declared it."""
    if source.origin is Origin.CONFIG:
        return f"{what} in the configuration"
    if source.listed_in:
        return f"{what} in its source list, or with `syndicate sources`"
    return f"{what} with `syndicate sources`"


def shown_address(source: Source, url: str) -> str:
    """An address of a source as it may be shown."""
    return hidden_address(url) if url and source.private else url


def _problems_of_lists(health: Health) -> list[str]:
    return [
        f"source list {shown} failed {plural(state.failures, 'time')}: {state.error}"
        for shown, state in health.lists
        if state.failures >= FAILURES_WORTH_A_PERSON or (state.failures and state.last_success is None)
    ]


def _print(health: Health, services: Services) -> None:
    now = health.now
    rows = [
        (
            report.source.name,
            "paused" if report.source.paused else ago(report.state.last_success, now),
            "" if report.source.paused or report.state.gone else ago(report.state.next_check, now),
            f"{report.articles_last_week / 7:.1f}",
            report.state.error
            or report.warning
            or ("" if report.source.paused else report.state.check_reason),
        )
        for report in health.sources
    ]
    if rows:
        table(("source", "last success", "next poll", "a day", "problem, or why then"), rows, right=(3,))
        click.echo()
    click.echo(
        f"{plural(health.articles, 'article')} in {plural(health.stories, 'story')}, "
        f"{health.covered} of them told by several sources; {plural(health.stale_pages, 'page')} to write."
    )
    if health.pages:
        states = ", ".join(f"{count} {state}" for state, count in health.pages.items())
        click.echo(f"Pages of articles: {states}")
    if health.dropped:
        click.echo(
            "Dropped by rules: " + ", ".join(f"{count} {rule}" for rule, count in health.dropped.items())
        )
    for place, title in enumerate(health.top, start=1):
        click.echo(f"  {place}. {title}")
    for decision in health.decisions:
        click.echo(f"Editor: {decision_line(decision)}")
    click.echo(f"Channels: {', '.join(channel.name for channel in services.channels)}")
    for name, run in _next_editions(services, now):
        people = health.subscriptions.get(name, {}).get("confirmed", 0)
        click.echo(f"Next {name}: {run:%a %d %b %H:%M} UTC, {plural(people, 'subscriber')}")
    for report in health.editions:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(report.deliveries.items()))
        subject = report.edition.subject or report.state
        click.echo(
            f"Edition {report.edition.period_end:%d %b %H:%M}: {subject} ({counts or 'no deliveries'})"
        )
    if health.deliveries:
        click.echo(
            "Deliveries: " + ", ".join(f"{count} {state}" for state, count in health.deliveries.items())
        )
    if health.deferral:
        click.echo(f"Mail waits: {health.deferral}")
    if health.problems:
        click.echo("\nNeeds a person:")
        for problem in health.problems:
            click.echo(f"  - {problem}")


def _next_editions(services: Services, now: datetime) -> list[tuple[str, datetime]]:
    return [
        (one.name, parse_schedule(one.schedule).next_runs(read_zone(one.time_zone), now, 1)[0])
        for one in services.newsletters
    ]


def _hub(subscription: HubSubscription | None) -> dict[str, Any] | None:
    """A WebSub subscription without what is secret about it."""
    if subscription is None:
        return None
    return {
        "url": subscription.hub,
        "state": subscription.state.value,
        "expires": subscription.expires,
        "last_push": subscription.last_push,
        "error": subscription.error,
    }


def _answer(health: Health, services: Services) -> dict[str, Any]:
    return {
        "sources": [
            {
                "name": report.source.name,
                "url": shown_address(report.source, report.source.url),
                "private": report.source.private,
                "origin": report.source.origin.value,
                "paused": report.source.paused,
                "gone": report.state.gone,
                "last_success": report.state.last_success,
                "next_check": report.state.next_check,
                "next_check_reason": report.state.check_reason,
                "hub": _hub(health.hubs.get(report.source.id)),
                "failures": report.state.failures,
                "error": report.state.error,
                "warning": report.warning,
                "moved_to": shown_address(report.source, believed_url(report.state)),
                "articles": report.articles,
                "articles_per_day": round(report.articles_last_week / 7, 2),
            }
            for report in health.sources
        ],
        "articles": health.articles,
        "stories": {"all": health.stories, "several_sources": health.covered},
        "pages": health.pages | {"why_refused": dict(health.refused_pages)},
        "dropped": health.dropped,
        "stale_pages": health.stale_pages,
        "editor": [decision_answer(one) for one in health.decisions],
        "channels": [channel.name for channel in services.channels],
        "next_editions": dict(_next_editions(services, health.now)),
        "editions": [
            {
                "id": report.edition.id,
                "newsletter": report.edition.newsletter,
                "state": report.state,
                "period_end": report.edition.period_end,
                "subject": report.edition.subject,
                "deliveries": report.deliveries,
            }
            for report in health.editions
        ],
        "deliveries": health.deliveries,
        "last_deferral": health.deferral,
        "subscriptions": health.subscriptions,
        "quarantine": [
            {"kind": one.kind, "subject": one.subject, "attempts": one.attempts, "reason": one.reason}
            for one in health.failures
        ],
        "problems": health.problems,
    }
