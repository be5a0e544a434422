"""The five stages as commands: each does what the daemon does, once, and may run beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.arguments import check_names, newsletter_names
from syndicate.cli.frame import (
    config_option,
    dry_run_option,
    json_option,
    moment,
    now_option,
    plural,
    progress,
    services_of,
    show,
    table,
    wipe_bar,
)
from syndicate.cli.source_lists import describe_import
from syndicate.cli.wrapping import say
from syndicate.model import Absence
from syndicate.services import Services
from syndicate.store import sources as source_store

if TYPE_CHECKING:
    from syndicate.jobs.ingest.pages import PagesResult
    from syndicate.jobs.ingest.result import IngestResult, SourceOutcome
    from syndicate.jobs.ingest.sitemap_parts import PartsResult
    from syndicate.store.deliveries import DeliveryReport


@click.command()
@config_option
@json_option
@now_option
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
        for one in services.lists.run(moment(now)) if chosen is None else ():
            say(f"  {one.url}: {one.error or describe_import(one.result)}", err=True)
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
    answer = _ingested(result, parts, pages)
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
        "errors": {one.name: one.error for one in result.sources if one.error},
        "sitemaps": parts.read,
        "pages": {
            "read": pages.read,
            "of_no_use": pages.refused,
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
            f"{pages.put_off} put off, {pages.failed} failed."
        )


def _names_of_sources(services: Services) -> list[str]:
    with services.store.read() as connection:
        return [one.name for one in source_store.list_sources(connection) if one.absent is Absence.NONE]


def _source_line(outcome: SourceOutcome) -> None:
    if outcome.error:
        say(f"  {outcome.name}: {outcome.error}", err=True)
    elif outcome.new or outcome.changed or outcome.dropped:
        dropped = f", {outcome.dropped} dropped by rules" if outcome.dropped else ""
        click.echo(f"  {outcome.name}: {outcome.new} new, {outcome.changed} changed{dropped}")
    if outcome.warning:
        say(f"  {outcome.name}: {outcome.warning}", err=True)


@click.command()
@config_option
@json_option
@now_option
def stories(config: Path, as_json: bool, now: datetime | None) -> None:
    """Group new articles into stories, find related links, and rank."""
    with services_of(config, now) as (_, services), progress("Placing articles", as_json) as draw:
        result = services.stories.run(moment(now), progress=draw)
    answer = {
        "placed": result.placed,
        "new_stories": result.new_stories,
        "duplicates": result.duplicates,
        "failed": result.failed,
        "lists_changed": list(result.lists_changed),
        "busy": result.busy,
    }
    text = (
        f"{plural(result.placed, 'article')} placed: {plural(result.new_stories, 'new story')}, "
        f"{plural(result.duplicates, 'known text')}."
    )
    if result.failed:
        text += f" {plural(result.failed, 'article')} could not be placed: syndicate status says why."
    if result.busy:
        text = "Another process is placing articles right now; nothing to do."
    show(answer, as_json, lambda: click.echo(text))


@click.command()
@config_option
@json_option
@now_option
@click.option("--all", "everything", is_flag=True, help="Write everything again, changed or not.")
def publish(config: Path, as_json: bool, now: datetime | None, everything: bool) -> None:
    """Write the feeds and pages that changed."""
    with services_of(config, now) as (_, services), progress("Writing pages", as_json) as draw:
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

    def text() -> None:
        if result.busy:
            click.echo("Another process is writing right now; nothing to do.")
            return
        click.echo(
            f"{plural(len(result.feeds), 'feed file')} and {plural(len(result.pages), 'page')} "
            f"written to {folder}."
        )
        for failure in result.failures:
            say(f"  {failure}", err=True)

    show(answer, as_json, text)
    _exit_if(len(result.failures))


@click.command()
@config_option
@json_option
@now_option
@dry_run_option
@click.argument("names", nargs=-1)
def edition(config: Path, as_json: bool, now: datetime | None, dry_run: bool, names: tuple[str, ...]) -> None:
    """Cut the newsletter editions that are due (of the newsletters with these NAMES)."""
    with services_of(config, now) as (_, services):
        check_names(names, newsletter_names(services), "newsletter")
        outcomes = services.editions.run(moment(now), names=names or None, dry_run=dry_run)
    answer = {
        "dry_run": dry_run,
        "editions": [
            {
                "newsletter": one.newsletter,
                "outcome": one.outcome,
                "period_end": one.period_end,
                "edition": one.edition_id,
                "subject": one.subject,
                "stories": one.stories,
                "problem": one.problem,
                "trimmed": one.trimmed,
            }
            for one in outcomes
        ],
    }

    def text() -> None:
        if not outcomes:
            click.echo("No edition is due.")
            return
        rows = [(one.newsletter, one.outcome, one.stories, one.subject or one.problem) for one in outcomes]
        table(("newsletter", "outcome", "stories", "subject"), rows, right=(2,))
        for said in (said for one in outcomes for said in one.trimmed):
            say(f"  {said}", err=True)

    show(answer, as_json, text)
    _exit_if(sum(one.outcome in ("failed", "missed") for one in outcomes))


@click.command()
@config_option
@json_option
@now_option
@dry_run_option
@click.option("--resume", is_flag=True, help="Also while sending rests because the server refused us.")
def deliver(config: Path, as_json: bool, now: datetime | None, dry_run: bool, resume: bool) -> None:
    """Send the deliveries that are due."""
    with services_of(config, now) as (_, services):
        if dry_run:
            problem = "" if resume else services.deliver.resting(moment(now))
            _show_due(services.deliver.due(moment(now)), problem, as_json)
            return
        if services.sign_ups is not None:
            services.sign_ups.run(moment(now))
        with progress("Sending", as_json) as draw:
            result = services.deliver.run(moment(now), resume=resume, progress=draw)
    answer = {
        "sent": result.sent,
        "deferred": result.deferred,
        "failed": result.failed + result.late,
        "uncertain": result.uncertain + result.swept,
        "cancelled": result.cancelled,
        "problem": result.problem,
        "busy": result.busy,
    }

    def text() -> None:
        if result.busy:
            click.echo("Another process is sending right now, and the limits hold for both; nothing to do.")
            return
        click.echo(
            f"{result.sent} sent, {result.deferred} deferred, {result.failed + result.late} failed, "
            f"{result.uncertain + result.swept} uncertain, {result.cancelled} cancelled."
        )
        if result.problem:
            say(f"  {result.problem}", err=True)

    show(answer, as_json, text)
    _exit_if(result.failed + result.late + result.uncertain + result.swept + bool(result.problem))


def _show_due(due: Sequence[DeliveryReport], problem: str, as_json: bool) -> None:
    """What would be sent, and why it is not sent yet."""
    headers = ("delivery", "address", "newsletter", "subject")
    rows = [(one.delivery.id, one.delivery.address, one.newsletter, one.subject) for one in due]

    def text() -> None:
        if rows:
            table(headers, rows, right=(0,))
        else:
            click.echo("No delivery is due.")
        if problem:
            say(f"  {problem}", err=True)

    answer = {"due": [dict(zip(headers, row, strict=True)) for row in rows], "problem": problem}
    show(answer, as_json, text)


def _exit_if(problems: int) -> None:
    if problems:
        raise SystemExit(1)
