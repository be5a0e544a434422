"""Stages and pruning as commands: each runs a job of the daemon once. A daemon may run at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from syndicate.cli.arguments import check_names, newsletter_names
from syndicate.cli.options import Call, dry_run_option, timed_options
from syndicate.cli.output import attributes, clear_progress, progress, say, table
from syndicate.groups import grouped
from syndicate.jobs.delivery.mail_servers import deliver_all
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.lease_owners import describe_owner, free_dead_owners
from syndicate.jobs.newsletter.due_periods import Readiness
from syndicate.jobs.summary import summary_of
from syndicate.model import Absence
from syndicate.reports.newsletter_times import zone_of
from syndicate.services import Services
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases
from syndicate.text.phrases import listed_counts, local_time, plural

if TYPE_CHECKING:
    from syndicate.jobs.ingest.entry_plan import SourceOutcome
    from syndicate.jobs.ingest.pages_job import PagesResult
    from syndicate.jobs.ingest.polls import IngestResult
    from syndicate.jobs.ingest.sitemap_parts_job import PartsResult
    from syndicate.jobs.newsletter.edition_job import EditionOutcome
    from syndicate.store.mail.delivery_store import DeliveryReport


@click.command()
@timed_options
@dry_run_option
@click.argument("names", nargs=-1)
def ingest(call: Call, dry_run: bool, names: tuple[str, ...]) -> None:
    """Read the sources that are due, or the sources with these NAMES, due or not."""
    with call.services() as services:
        with services.store.read() as connection:
            sources = source_store.list_sources(connection)
        known = [source.name for source in sources if source.absent is Absence.NONE]
        check_names(names, known, "source")
        chosen = names or None
        if dry_run:
            due = services.ingest.due(call.now, names=chosen)
            call.show({"due": due}, lambda: _print_due(due))
            return
        free_dead_owners(services.store, call.now)
        for list_outcome in services.lists.run(call.now) if chosen is None else ():
            done = list_outcome.error or list_outcome.result.text
            say(f"  {list_outcome.url}: {done}", err=True)
        result = _poll(call, services, chosen)
        with progress("Reading pages", call.as_json):
            parts = services.sitemap_parts.run(call.now)
            pages = services.pages.run(call.now)
        answer = _ingest_answer(result, parts, pages)
        if not (result.sources or parts.read or pages):
            with services.store.read() as connection:
                holder = leases.ingest_holder(connection, now=call.now, names=chosen)
            if holder:
                _end_busy(call, services, "reads sources", holder, answer)
    call.show(answer, lambda: _print_ingested(answer, named=bool(names)))
    _exit_if(result.failed)


def _poll(call: Call, services: Services, names: Sequence[str] | None) -> IngestResult:
    """Poll the sources, with a progress bar and a line for each source that changed or failed."""
    with progress("Reading sources", call.as_json) as draw:
        done = 0

        def report(outcome: SourceOutcome, total: int) -> None:
            nonlocal done
            done += 1
            if not call.as_json:
                clear_progress()
                _print_source(outcome)
            draw(done, total)

        return services.ingest.run(call.now, names=names, report=report)


def _print_due(names: list[str]) -> None:
    click.echo(f"{plural(len(names), 'source')} would be read:" if names else "No source is due.")
    for name in names:
        click.echo(f"  {name}")


def _ingest_answer(result: IngestResult, parts: PartsResult, pages: PagesResult) -> dict[str, Any]:
    pages_summary = summary_of(pages)
    read, new = pages_summary.pop("pages"), pages_summary.pop("new")
    return {
        **summary_of(result, parts, {"new": int(new)}),
        "failed": result.failed,
        "errors": {source.name: source.error for source in result.sources if source.error},
        "pages": {"read": read, **pages_summary},
        "page_errors": [*parts.failures, *pages.failures],
        "busy": False,
    }


def _print_ingested(answer: dict[str, Any], *, named: bool) -> None:
    for failure in answer["page_errors"]:
        say(f"  {failure}", err=True)
    if answer["sources"] or answer["new"] or named:
        click.echo(
            f"{plural(answer['sources'], 'source')} read: {plural(answer['new'], 'new article')}, "
            f"{answer['changed']} changed, {plural(answer['failed'], 'source')} failed."
        )
    else:
        say("No source is due. `syndicate status` shows the times, `syndicate ingest NAME` reads one now.")
    pages = answer["pages"]
    if any(pages.values()):
        click.echo(
            f"{plural(pages['read'], 'page')} read, {pages['refused']} refused, "
            f"{pages['for_subscribers']} for subscribers only, {pages['put_off']} put off, "
            f"{pages['failed']} failed."
        )


def _print_source(outcome: SourceOutcome) -> None:
    if outcome.error:
        say(f"  {outcome.name}: {outcome.error}", err=True)
    elif outcome.new or outcome.changed or outcome.dropped:
        dropped = f", {outcome.dropped} dropped by rules" if outcome.dropped else ""
        click.echo(f"  {outcome.name}: {outcome.new} new, {outcome.changed} changed{dropped}")
    if outcome.warning:
        say(f"  {outcome.name}: {outcome.warning}", err=True)


@click.command()
@timed_options
def stories(call: Call) -> None:
    """Group new articles into stories, find related links, and rank."""
    with call.services() as services:
        free_dead_owners(services.store, call.now)
        with progress("Placing articles", call.as_json) as draw:
            result = services.stories.run(call.now, progress=draw)
        answer = {**summary_of(result), "lists_changed": list(result.lists_changed), "busy": result.busy}
        if result.busy:
            _end_busy(call, services, "places articles", _holder(call, services, "stories"), answer)
    text = (
        f"{plural(result.placed, 'article')} placed: {plural(result.new_stories, 'new story')}, "
        f"{plural(result.duplicates, 'duplicate text')}."
    )
    if result.failed:
        text += f" {plural(result.failed, 'article')} could not be placed: `syndicate status` says why."
    call.show(answer, text)


@click.command()
@timed_options
@click.option("--all", "everything", is_flag=True, help="Write everything again, changed or not.")
def publish(call: Call, everything: bool) -> None:
    """Write the feeds and pages that changed."""
    with call.services() as services:
        free_dead_owners(services.store, call.now)
        with progress("Writing pages", call.as_json) as draw:
            if everything:
                services.publish.forget()
            result = services.publish.run(call.now, progress=draw)
        folder = services.published.where
        answer = {"folder": folder} | attributes(result, "feeds pages failures busy")
        if result.busy:
            _end_busy(call, services, "writes pages", _holder(call, services, "publish"), answer)

    def text() -> None:
        click.echo(
            f"{plural(len(result.feeds), 'feed file')} and {plural(len(result.pages), 'page')} "
            f"written to {folder}."
        )
        # A mistake in a template fails for every page that it makes.
        by_reason = grouped((text.partition("Template ")[2] or text, text) for text in result.failures)
        for first, *more in by_reason.values():
            say(f"  {first}{f' (and {len(more)} more)' if more else ''}", err=True)

    call.show(answer, text)
    _exit_if(len(result.failures))


@click.command()
@timed_options
@dry_run_option
@click.argument("names", nargs=-1)
def edition(call: Call, dry_run: bool, names: tuple[str, ...]) -> None:
    """Cut the editions that are due, of all newsletters or of the newsletters with these NAMES."""
    with call.services() as services:
        check_names(names, newsletter_names(services), "newsletter")
        if not dry_run:
            free_dead_owners(services.store, call.now)
        hold = services.guard.check_markers(call.now)
        readiness = Readiness(store=services.store, at_once=True)
        outcomes = services.editions.run(call.now, names=names or None, dry_run=dry_run, readiness=readiness)
        answer = {
            "dry_run": dry_run,
            "problem": hold_text(hold),
            "editions": [attributes(outcome, _EDITION) for outcome in outcomes],
        }
        call.show(answer, lambda: _print_editions(services, outcomes, hold_text(hold)))
    _exit_if(sum(outcome.outcome in ("failed", "missed") for outcome in outcomes) + bool(hold))


_EDITION = (
    "newsletter outcome period_end edition=edition_id subject stories problem trimmed "
    "unread_sources=gathered.unread unplaced_articles=gathered.unplaced"
)


def _print_editions(services: Services, outcomes: Sequence[EditionOutcome], problem: str) -> None:
    if problem:
        say(problem, err=True)
    elif not outcomes:
        click.echo("No edition is due.")
    if not outcomes:
        return
    rows = [
        (
            outcome.newsletter,
            local_time(outcome.period_end, zone_of(services, outcome.newsletter))
            if outcome.period_end
            else "",
            outcome.outcome,
            outcome.stories,
            outcome.subject or outcome.problem,
        )
        for outcome in outcomes
    ]
    table(("newsletter", "edition of", "outcome", "items", "subject"), rows, right=(3,))
    for line in (line for outcome in outcomes for line in outcome.trimmed):
        say(f"  {line}", err=True)
    for outcome in outcomes:
        if incomplete := str(outcome.gathered):
            advice = "run `syndicate ingest` and `syndicate stories`, then `syndicate edition` again"
            if outcome.outcome != "gathering":
                advice = "run `syndicate ingest` and `syndicate stories` before `syndicate edition`"
            say(f"  {outcome.newsletter}: {incomplete}; {advice}.", err=True)


@click.command()
@timed_options
@dry_run_option
@click.option("--resume", is_flag=True, help="Send even while the mail server's refusals pause it.")
def deliver(call: Call, dry_run: bool, resume: bool) -> None:
    """Send the deliveries that are due."""
    with call.services() as services:
        if dry_run:
            problems = [] if resume else [job.paused_reason(call.now) for job in services.delivers]
            problem = "; ".join(dict.fromkeys(filter(None, problems)))
            _show_due(call, services.deliver.due(call.now), problem)
            return
        free_dead_owners(services.store, call.now)
        if services.sign_ups is not None:
            services.sign_ups.run(call.now)
        with progress("Sending", call.as_json) as draw:
            result = deliver_all(services.delivers, call.now, resume=resume, progress=draw)
        counts = summary_of(result)
        answer = {**counts, "problem": result.problem, "busy": result.busy}
        holder = None
        if not any(answer.values()):
            with services.store.read() as connection:
                holder = leases.delivery_holder(connection, now=call.now)
        if holder:
            _end_busy(call, services, "sends mail", holder, answer)
    call.show(answer, lambda: _print_sent(counts, result.problem))
    _exit_if(int(counts["failed"]) + int(counts["uncertain"]) + bool(result.problem))


def _print_sent(counts: Mapping[str, int | str], problem: str) -> None:
    click.echo(listed_counts(counts) + ".")
    if problem:
        say(f"  {problem}", err=True)


def _show_due(call: Call, due: Sequence[DeliveryReport], problem: str) -> None:
    """Show the deliveries that are due, and the reason if sending is paused."""
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
    call.show(answer, text)


@click.command()
@timed_options
@dry_run_option
def prune(call: Call, dry_run: bool) -> None:
    """Remove articles and deliveries older than [retention] says. Pages on disk stay."""
    with call.services() as services:
        pruned = services.prune.run(call.now, dry_run=dry_run)
    text = (
        f"{pruned.articles} articles, {pruned.stories} empty stories, {pruned.deliveries} deliveries and "
        f"{pruned.tombstones} tombstones {'would be removed' if dry_run else 'removed'}."
    )
    call.show({"dry_run": dry_run, **summary_of(pruned)}, lambda: say(text))


def _holder(call: Call, services: Services, name: str) -> leases.LeaseHolder | None:
    with services.store.read() as connection:
        return leases.lease_holder(connection, name, now=call.now)


def _end_busy(
    call: Call, services: Services, work: str, holder: leases.LeaseHolder | None, answer: dict[str, Any]
) -> NoReturn:
    """Print the process that holds the lease and its end, then exit with code 1."""
    answer |= {"busy": True}
    text = f"Nothing was done: another process {work}. Run the command again."
    if holder is not None:
        owner = describe_owner(holder.owner)
        answer |= {"held_by": owner, "held_until": holder.until}
        until = local_time(holder.until, services.zone)
        text = (
            f"Nothing was done: {owner} {work} and holds the lease until {until}. "
            "Run the command again when that process has finished, or after that time if it is dead."
        )
    call.show(answer, lambda: say(text, err=True))
    raise SystemExit(1)


def _exit_if(problems: int) -> None:
    if problems:
        raise SystemExit(1)
