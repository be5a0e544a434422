"""The ``status`` command: the health report on a screen. Exit code 1 if a problem needs a person."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from syndicate.cli.arguments import newsletter_names
from syndicate.cli.editing.editor_commands import decision_answer, decision_line
from syndicate.cli.editing.newsletter_commands import gathering_answer
from syndicate.cli.operate.worker_status import WorkerStatus
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.cli.reading.source_output import source_answer
from syndicate.errors import SyndicateError
from syndicate.ingest.poll_schedule import status_message
from syndicate.jobs.admin.needs import needs_a_person
from syndicate.jobs.lease_owners import sweep_dead_senders
from syndicate.model import HubSubscription
from syndicate.reports.health import Health, read_health
from syndicate.reports.newsletter_times import next_editions, zone_of
from syndicate.services import Services
from syndicate.store.ingest.source_store import SourceReport
from syndicate.store.mail import edition_store
from syndicate.text.phrases import ago, listed_counts, local_time, plural

_EDITION = (
    "id=edition.id newsletter=edition.newsletter state period_end=edition.period_end "
    "subject=edition.subject deliveries"
)
_STATES = {
    "waiting": "waiting for approval, see `syndicate editions list`",
    "held": "held until approved, see `syndicate editions list`",
    "withdrawn": "withdrawn",
}


@click.command()
@timed_options
@click.option("--worker", is_flag=True, help="Only check that a worker of this host has a heartbeat.")
def status(call: Call, worker: bool) -> None:
    """Show sources, stories, channels, next editions, deliveries, workers and problems."""
    with call.services() as services:
        workers = WorkerStatus(services)
        if worker:
            if not workers.is_here():
                raise SyndicateError("no worker of this host has had a heartbeat in the last minute")
            return
        sweep_dead_senders(services.store, call.now)
        health = read_health(services, call.now, totals=call.as_json)
        health = replace(health, problems=health.problems + workers.problems())
        answer = _answer(health, services) | {"workers": workers.answer()}
        call.show(answer, lambda: _print(health, services, workers))
    if health.problems:
        raise SystemExit(1)


def _print(health: Health, services: Services, workers: WorkerStatus) -> None:
    _print_sources(health)
    _print_news(health, services)
    click.echo(f"Channels: {', '.join(channel.name for channel in services.channels)}")
    for old, new in services.moved_channels.items():
        say(f"Moved channel: {old} is now {new}")
    if services.gone_channels:
        say(f"Removed channels: {', '.join(sorted(services.gone_channels))}")
    _print_newsletters(health, services)
    _print_mail(health)
    if health.backup:
        made = health.backup.made
        click.echo(f"Last backup: {ago(datetime.fromisoformat(made), health.now) if made else 'none yet'}")
    for line in workers.lines():
        say(line)
    if health.problems:
        click.echo("\nNeeds a person:")
        for problem in health.problems:
            say(f"  - {problem}")


def _print_sources(health: Health) -> None:
    rows = [
        (
            report.source.name,
            _last_success(report, health.now),
            _next_poll(report, health.now),
            f"{report.articles_last_week / 7:.1f}",
            _remark(report),
        )
        for report in health.sources
    ]
    if rows:
        table(("source", "last success", "next poll", "new/day", "problem, or reason"), rows, right=(3,))
        click.echo()
    else:
        say("No sources yet: declare them in the configuration, or `syndicate sources add URL`.\n")


def _remark(report: SourceReport) -> str:
    """Return a source's problem, or the reason for its next poll. ``_print`` lists serious problems below."""
    state = report.state
    if not report.source.kind.is_polled:
        return "gets its articles by the API"
    if state.error and not report.source.paused and needs_a_person(state):
        return f"failed {plural(state.failures, 'time')}, see below"
    return (
        state.error
        or status_message(state.warning, state.read_from)
        or ("" if report.source.paused else state.check_reason)
    )


def _last_success(report: SourceReport, now: datetime) -> str:
    if report.source.paused:
        return "paused"
    return ago(report.state.last_success, now) if report.source.kind.is_polled else ""


def _next_poll(report: SourceReport, now: datetime) -> str:
    due_at = report.state.next_check
    if report.source.paused or report.state.gone or not report.source.kind.is_polled:
        return ""
    return ago(due_at, now) if due_at and due_at > now else "due"


def _print_news(health: Health, services: Services) -> None:
    click.echo(
        f"{plural(health.articles, 'article')} in {plural(health.stories, 'story')}, "
        f"{health.covered} with several sources; {plural(health.stale_pages, 'page')} to write."
    )
    _print_counts("Full texts of articles", health.pages)
    _print_counts("Dropped by rules", health.dropped)
    for place, title in enumerate(health.top, start=1):
        say(f"  {place}. {title}")
    for decision in health.decisions:
        click.echo(f"Editor: {decision_line(decision, services.zone)}")


def _print_newsletters(health: Health, services: Services) -> None:
    next_by_name = next_editions(services, health.now)
    for name in newsletter_names(services):
        when = local_time(next_by_name[name], zone_of(services, name)) if name in next_by_name else "paused"
        subscribers = health.subscriptions.get(name, {}).get("confirmed", 0)
        click.echo(f"Next {name}: {when}, {plural(subscribers, 'subscriber')}")
        if name in health.gathering:
            period, gathered = health.gathering[name]
            say(f"Edition of {local_time(period.end, zone_of(services, name))} of {name} waits: {gathered}")
    for report in health.editions:
        if report.state == edition_store.IMPORTED:
            continue
        name, subject = report.edition.newsletter, report.edition.subject
        counts = listed_counts(dict(sorted(report.deliveries.items())))
        state = _STATES.get(report.state) or counts or "no deliveries"
        text = f"{subject} ({state})" if subject else report.state
        say(f"Edition of {local_time(report.edition.period_end, zone_of(services, name))} of {name}: {text}")


def _print_mail(health: Health) -> None:
    _print_counts("Deliveries", health.deliveries)
    _print_counts("Bounces", {kind: count for kind, count in health.bounces.items() if count})
    if health.deferral:
        click.echo(f"Mail is delayed: {health.deferral}")


def _print_counts(label: str, counts: Mapping[str, int]) -> None:
    """Print counts by state, or by the name of a rule, which has no plural."""
    if counts:
        click.echo(f"{label}: {', '.join(f'{count} {name}' for name, count in counts.items())}")


def _answer(health: Health, services: Services) -> dict[str, Any]:
    next_by_name = next_editions(services, health.now)
    names = {report.source.id: report.source.name for report in health.sources}
    return {
        "sources": [_source(report, health.hubs.get(report.source.id)) for report in health.sources],
        **attributes(health, "articles dropped stale_pages missed deliveries bounces last_deferral=deferral"),
        "stories": {"all": health.stories, "several_sources": health.covered},
        "pages": {**health.pages, "why_refused": dict(health.refused_pages)},
        "editor": [decision_answer(decision) for decision in health.decisions],
        "channels": [channel.name for channel in services.channels],
        "moved_channels": services.moved_channels,
        "gone_channels": sorted(services.gone_channels),
        "next_editions": next_by_name,
        "gathering": {name: gathering_answer(*waits) for name, waits in health.gathering.items()},
        "paused_newsletters": [name for name in newsletter_names(services) if name not in next_by_name],
        "editions": [attributes(report, _EDITION) for report in health.editions],
        "subscriptions": health.subscriptions,
        "quarantine": [
            {"source": names.get(failure.source_id or 0, "")}
            | attributes(failure, "kind subject attempts reason")
            for failure in health.failures
        ],
        "last_backup": health.backup and health.backup.made,
        "problems": health.problems,
    }


def _source(report: SourceReport, hub: HubSubscription | None) -> dict[str, Any]:
    facts = source_answer(report) | attributes(report, "paused=source.paused gone=state.gone")
    # Without the secrets of the subscription.
    shown = hub and attributes(hub, "url=hub state expires last_push error")
    return facts | {"next_check_reason": report.state.check_reason, "hub": shown}
