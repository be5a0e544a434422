"""The five stages as commands: each does what the daemon does, once, and may run beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from syndicate.cli.arguments import check_names, newsletter_names
from syndicate.cli.common import (
    dry_run_option,
    local,
    moment,
    plural,
    progress,
    services_of,
    show,
    table,
    timed_options,
    wipe_bar,
)
from syndicate.cli.editing.newsletter_commands import zone_of
from syndicate.cli.reading.opml_commands import describe_import
from syndicate.cli.wrapping import say
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.newsletter.due_periods import Readiness
from syndicate.model import Absence
from syndicate.services import Services
from syndicate.services.lease_owners import describe_owner, free_dead_owners
from syndicate.store.core import leases
from syndicate.store.ingest import source_store

if TYPE_CHECKING:
    from syndicate.jobs.ingest.pages_job import PagesResult
    from syndicate.jobs.ingest.poll_result import IngestResult, SourceOutcome
    from syndicate.jobs.ingest.sitemap_parts_job import PartsResult
    from syndicate.store.mail.delivery_store import DeliveryReport


@click.command()
@timed_options
@dry_run_option
@click.argument("names", nargs=-1)
def ingest(config: Path, as_json: bool, now: datetime | None, dry_run: bool, names: tuple[str, ...]) -> None:
    """Read the sources that are due, or the sources with these NAMES, due or not."""
    with services_of(config, now) as (_, services):
        check_names(names, _names_of_sources(services), "source")
        chosen = names or None
        if dry_run:
            due = services.ingest.due(moment(now), names=chosen)
            show({"due": due}, as_json, lambda: _print_due(due))
            return
        free_dead_owners(services.store, moment(now))
        for list_outcome in services.lists.run(moment(now)) if chosen is None else ():
            say(
                f"  {list_outcome.url}: {list_outcome.error or describe_import(list_outcome.result)}",
                err=True,
            )
        with progress("Reading sources", as_json) as draw:
            done = 0

            def report(outcome: SourceOutcome, everything: int) -> None:
                nonlocal done
                done += 1
                if not as_json:
                    wipe_bar()
                    _source_line(outcome)
                draw(done, everything)

            result = services.ingest.run(moment(now), names=chosen, report=report)
        with progress("Reading pages", as_json):
            parts = services.sitemap_parts.run(moment(now))
            pages = services.pages.run(moment(now))
        if not (result.sources or parts.read or pages):
            with services.store.read() as connection:
                holder = leases.source_holder(connection, now=moment(now), names=chosen)
                holder = holder or leases.page_holder(connection, now=moment(now))
            if holder:
                _end_busy(services, "reads sources", holder, _ingested(result, parts, pages), as_json)
    answer = _ingested(result, parts, pages) | {"busy": False}
    show(answer, as_json, lambda: _print_ingested(result, parts, pages, named=bool(names)))
    _exit_if(result.failed)


def _print_due(names: list[str]) -> None:
    click.echo(f"{plural(len(names), 'source')} would be read:" if names else "No source is due.")
    for name in names:
        click.echo(f"  {name}")


def _ingested(result: IngestResult, parts: PartsResult, pages: PagesResult) -> dict[str, Any]:
    return {
        "sources": len(result.sources),
        "new": result.new + parts.new + pages.new,
        "changed": result.changed,
        "dropped": result.dropped,
        "failed": result.failed,
        "errors": {source.name: source.error for source in result.sources if source.error},
        "sitemaps": parts.read,
        "pages": {
            "read": pages.read,
            "of_no_use": pages.refused,
            "for_subscribers": pages.paywalled,
            "put_off": pages.put_off,
            "failed": pages.failed,
        },
        "page_errors": [*parts.failures, *pages.failures],
    }


def _print_ingested(result: IngestResult, parts: PartsResult, pages: PagesResult, *, named: bool) -> None:
    new = result.new + parts.new + pages.new
    for failure in (*parts.failures, *pages.failures):
        say(f"  {failure}", err=True)
    if result.sources or new or named:
        click.echo(
            f"{plural(len(result.sources), 'source')} read: {plural(new, 'new article')}, "
            f"{result.changed} changed, {plural(result.failed, 'source')} failed."
        )
    else:
        say("No source is due: `syndicate status` says when each is, `syndicate ingest NAME` reads one now.")
    if pages:
        click.echo(
            f"{plural(pages.read, 'page')} read, {pages.refused} of no use, "
            f"{pages.paywalled} for subscribers only, {pages.put_off} put off, {pages.failed} failed."
        )


def _names_of_sources(services: Services) -> list[str]:
    with services.store.read() as connection:
        return [
            source.name for source in source_store.list_sources(connection) if source.absent is Absence.NONE
        ]


def _source_line(outcome: SourceOutcome) -> None:
    if outcome.error:
        say(f"  {outcome.name}: {outcome.error}", err=True)
    elif outcome.new or outcome.changed or outcome.dropped:
        dropped = f", {outcome.dropped} dropped by rules" if outcome.dropped else ""
        click.echo(f"  {outcome.name}: {outcome.new} new, {outcome.changed} changed{dropped}")
    if outcome.warning:
        say(f"  {outcome.name}: {outcome.warning}", err=True)


@click.command()
@timed_options
def stories(config: Path, as_json: bool, now: datetime | None) -> None:
    """Group new articles into stories, find related links, and rank."""
    with services_of(config, now) as (_, services):
        free_dead_owners(services.store, moment(now))
        with progress("Placing articles", as_json) as draw:
            result = services.stories.run(moment(now), progress=draw)
        answer = {
            "placed": result.placed,
            "new_stories": result.new_stories,
            "duplicates": result.duplicates,
            "failed": result.failed,
            "lists_changed": list(result.lists_changed),
            "busy": result.busy,
        }
        if result.busy:
            _end_busy(services, "places articles", _holder(services, "stories", now), answer, as_json)
    text = (
        f"{plural(result.placed, 'article')} placed: {plural(result.new_stories, 'new story')}, "
        f"{plural(result.duplicates, 'known text')}."
    )
    if result.failed:
        text += f" {plural(result.failed, 'article')} could not be placed: syndicate status says why."
    show(answer, as_json, lambda: click.echo(text))


@click.command()
@timed_options
@click.option("--all", "everything", is_flag=True, help="Write everything again, changed or not.")
def publish(config: Path, as_json: bool, now: datetime | None, everything: bool) -> None:
    """Write the feeds and pages that changed."""
    with services_of(config, now) as (_, services):
        free_dead_owners(services.store, moment(now))
        with progress("Writing pages", as_json) as draw:
            if everything:
                services.publish.forget()
            result = services.publish.run(moment(now), progress=draw)
        folder = services.output
        answer = {
            "folder": str(folder),
            "feeds": list(result.feeds),
            "pages": list(result.pages),
            "failures": list(result.failures),
            "busy": result.busy,
        }
        if result.busy:
            _end_busy(services, "writes pages", _holder(services, "publish", now), answer, as_json)

    def text() -> None:
        click.echo(
            f"{plural(len(result.feeds), 'feed file')} and {plural(len(result.pages), 'page')} "
            f"written to {folder}."
        )
        for failure in result.failures:
            say(f"  {failure}", err=True)

    show(answer, as_json, text)
    _exit_if(len(result.failures))


@click.command()
@timed_options
@dry_run_option
@click.argument("names", nargs=-1)
def edition(config: Path, as_json: bool, now: datetime | None, dry_run: bool, names: tuple[str, ...]) -> None:
    """Cut the newsletter editions that are due (of the newsletters with these NAMES)."""
    with services_of(config, now) as (_, services):
        check_names(names, newsletter_names(services), "newsletter")
        hold = services.guard.notice(moment(now))
        readiness = Readiness(store=services.store, at_once=True)
        outcomes = services.editions.run(
            moment(now), names=names or None, dry_run=dry_run, readiness=readiness
        )
    answer = {
        "dry_run": dry_run,
        "problem": hold_text(hold),
        "editions": [
            {
                "newsletter": outcome.newsletter,
                "outcome": outcome.outcome,
                "period_end": outcome.period_end,
                "edition": outcome.edition_id,
                "subject": outcome.subject,
                "stories": outcome.stories,
                "problem": outcome.problem,
                "trimmed": outcome.trimmed,
                "unread_sources": outcome.gathered.unread,
                "unplaced_articles": outcome.gathered.unplaced,
            }
            for outcome in outcomes
        ],
    }

    def text() -> None:
        if hold:
            say(hold_text(hold), err=True)
        elif not outcomes:
            click.echo("No edition is due.")
        if not outcomes:
            return
        rows = [
            (
                outcome.newsletter,
                local(outcome.period_end, zone_of(services, outcome.newsletter))
                if outcome.period_end
                else "",
                outcome.outcome,
                outcome.stories,
                outcome.subject or outcome.problem,
            )
            for outcome in outcomes
        ]
        table(("newsletter", "edition of", "outcome", "stories", "subject"), rows, right=(3,))
        for said in (said for outcome in outcomes for said in outcome.trimmed):
            say(f"  {said}", err=True)
        for outcome in outcomes:
            if lacks := str(outcome.gathered):
                advice = "run `syndicate ingest` and `syndicate stories`, then `syndicate edition` again"
                if outcome.outcome != "gathering":
                    advice = "run `syndicate ingest` and `syndicate stories` before `syndicate edition`"
                say(f"  {outcome.newsletter}: {lacks}; {advice}.", err=True)

    show(answer, as_json, text)
    _exit_if(sum(outcome.outcome in ("failed", "missed") for outcome in outcomes) + bool(hold))


@click.command()
@timed_options
@dry_run_option
@click.option("--resume", is_flag=True, help="Also while sending rests because the server refused us.")
def deliver(config: Path, as_json: bool, now: datetime | None, dry_run: bool, resume: bool) -> None:
    """Send the deliveries that are due."""
    with services_of(config, now) as (_, services):
        if dry_run:
            problem = "" if resume else services.deliver.resting(moment(now))
            _show_due(services.deliver.due(moment(now)), problem, as_json)
            return
        free_dead_owners(services.store, moment(now))
        if services.sign_ups is not None:
            services.sign_ups.run(moment(now))
        with progress("Sending", as_json) as draw:
            result = services.deliver.run(moment(now), resume=resume, progress=draw)
        counts = result.counts()
        answer = {**counts, "problem": result.problem, "busy": result.busy}
        holder = None
        if result.busy:
            holder = _holder(services, leases.SENDING, now)
        elif not any(answer.values()):
            with services.store.read() as connection:
                holder = leases.delivery_holder(connection, now=moment(now))
        if result.busy or holder:
            _end_busy(services, "sends mail", holder, answer, as_json)

    def text() -> None:
        click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) + ".")
        if result.problem:
            say(f"  {result.problem}", err=True)

    show(answer, as_json, text)
    _exit_if(counts["failed"] + counts["uncertain"] + bool(result.problem))


def _show_due(due: Sequence[DeliveryReport], problem: str, as_json: bool) -> None:
    """Show the deliveries that are due, and why they are not sent yet."""
    headers = ("delivery", "address", "newsletter", "subject")
    rows = [
        (report.delivery.id, report.delivery.address, report.newsletter, report.subject) for report in due
    ]

    def text() -> None:
        if rows:
            table(headers, rows, right=(0,))
        else:
            click.echo("No delivery is due.")
        if problem:
            say(f"  {problem}", err=True)

    answer = {"due": [dict(zip(headers, row, strict=True)) for row in rows], "problem": problem}
    show(answer, as_json, text)


def _holder(services: Services, name: str, now: datetime | None) -> leases.LeaseHolder | None:
    with services.store.read() as connection:
        return leases.lease_holder(connection, name, now=moment(now))


def _end_busy(
    services: Services, work: str, holder: leases.LeaseHolder | None, answer: dict[str, Any], as_json: bool
) -> NoReturn:
    """Say which process keeps this command from its work, until when, and what to do; exit code 1."""
    answer |= {"busy": True}
    text = f"Nothing was done: another process {work}. Run the command again."
    if holder is not None:
        who = describe_owner(holder.owner)
        answer |= {"held_by": who, "held_until": holder.until}
        text = (
            f"Nothing was done: {who} {work} and holds the lease until {local(holder.until, services.zone)}. "
            "Run the command again when that process has finished, or after that time if it is dead."
        )
    show(answer, as_json, lambda: say(text, err=True))
    raise SystemExit(1)


def _exit_if(problems: int) -> None:
    if problems:
        raise SystemExit(1)
