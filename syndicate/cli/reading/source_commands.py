"""Commands for sources. ``source_add`` and ``opml_commands`` have the commands that add sources."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from syndicate.cli.arguments import force_option, source_named, source_to_fetch
from syndicate.cli.options import common_options, current_time, services_of, timed_options
from syndicate.cli.output import say, show, show_change, table
from syndicate.cli.reading.opml_commands import export, import_
from syndicate.cli.reading.source_add import add
from syndicate.cli.reading.source_output import preview_facts, print_preview
from syndicate.errors import SyndicateError
from syndicate.ingest.poll_schedule import confirmed_url, status_message
from syndicate.model import Absence, Origin
from syndicate.reports.health import shown_address
from syndicate.reports.phrases import ago, plural
from syndicate.store import Connection
from syndicate.store.ingest import added_sources, source_store
from syndicate.store.ingest.source_store import SourceReport
from syndicate.text.privacy import has_credentials, mask_address
from syndicate.text.urls import is_web_url

WEEK = timedelta(days=7)


@click.group()
def sources() -> None:
    """Find, add, list, test, pause and remove sources; import and export OPML."""


sources.add_command(add)
sources.add_command(import_)
sources.add_command(export)


@sources.command("list")
@timed_options
def list_(config: Path, as_json: bool, now: datetime | None) -> None:
    """Show every source with its origin and state."""
    at = current_time(now)
    with services_of(config, now) as (_, services), services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=at - WEEK)
    rows = [
        (
            report.source.name,
            report.source.origin.value,
            _state(report, at),
            report.source.section,
            report.articles,
            shown_address(report.source, report.source.url),
        )
        for report in reports
    ]

    def text() -> None:
        if not rows:
            click.echo("There are no sources yet. `syndicate sources add URL` finds the feeds of a page.")
            return
        table(("source", "origin", "read", "section", "articles", "url"), rows, right=(4,))

    show({"sources": [_facts(report) for report in reports]}, as_json, text)


@sources.command("show")
@timed_options
@click.argument("name")
def show_(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Show all facts about the source NAME."""
    with services_of(config, now) as (_, services), services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=current_time(now) - WEEK)
        source_named(connection, name)
    report = next(report for report in reports if report.source.name == name)
    facts = _facts(report)
    show(facts, as_json, lambda: _print_facts(facts))


@sources.command()
@common_options
@click.argument("name")
def pause(config: Path, as_json: bool, name: str) -> None:
    """Stop reading the source NAME; its articles stay."""
    done = _change(config, name, added_sources.pause_source, instead="set paused = true there")
    show_change(name, "paused", "is paused", done, as_json)


@sources.command()
@common_options
@click.argument("name")
def resume(config: Path, as_json: bool, name: str) -> None:
    """Read the paused source NAME again. Also polls a source again that answered 410 Gone."""
    done = _change(config, name, added_sources.resume_source, instead="set paused = false there")
    show_change(name, "resumed", "is read again", done, as_json)


@sources.command()
@common_options
@click.argument("name")
@click.argument("url")
def move(config: Path, as_json: bool, name: str, url: str) -> None:
    """Change the URL of the source NAME. Its articles stay."""
    if has_credentials(url) or not is_web_url(url):
        raise click.UsageError("URL must be an http or https address without user name and password")
    done = _change(config, name, partial(added_sources.move_source, url=url), instead="change its url there")
    show_change(name, "moved", "is read at its new URL", done, as_json)


@sources.command()
@common_options
@click.argument("name")
def remove(config: Path, as_json: bool, name: str) -> None:
    """Remove the source NAME. Its articles stay until retention ends."""
    done = _change(config, name, added_sources.remove_source, instead="remove it there")
    show_change(name, "removed", "is removed; its articles stay", done, as_json)


@sources.command()
@timed_options
@force_option
@click.argument("name")
def test(config: Path, as_json: bool, now: datetime | None, force: bool, name: str) -> None:
    """Fetch the source NAME now and show its articles. Changes nothing."""
    with services_of(config, now) as (_, services):
        source = source_to_fetch(services, name, current_time(now), force=force)
        try:
            preview = services.discovery.look(source)
        except SyndicateError as error:
            text = mask_address(str(error), source.url) if source.private else str(error)
            show({"name": name, "error": text}, as_json, lambda: say(f"{name}: {text}", err=True))
            raise SystemExit(1) from None
    shown = shown_address(source, preview.url)
    show({"name": name, **preview_facts(preview, shown)}, as_json, lambda: print_preview(preview, shown))


def _change(config: Path, name: str, change: Callable[[Connection, str], bool], *, instead: str) -> bool:
    """Change a source; return false if it had that state. Sources of the configuration file are refused."""
    with services_of(config) as (_, services), services.store.write() as connection:
        source = source_named(connection, name)
        if source.origin is Origin.CONFIG and source.absent is Absence.NONE:
            raise SyndicateError(f"{name} is declared in the configuration file: {instead}")
        return change(connection, name)


_ABSENT = {Absence.UNDECLARED: "no longer declared", Absence.UNLISTED: "no longer listed"}


def _state(report: SourceReport, now: datetime) -> str:
    source, state = report.source, report.state
    if source.absent in _ABSENT:
        return _ABSENT[source.absent]
    if source.paused:
        return "paused"
    if state.gone:
        return "gone"
    if state.failures:
        return f"failed {plural(state.failures, 'time')}"
    return ago(state.last_success, now)


def _facts(report: SourceReport) -> dict[str, Any]:
    source, state = report.source, report.state
    access = source.access
    return {
        "name": source.name,
        "title": source.title,
        "kind": source.kind.value,
        "url": shown_address(source, source.url),
        "home_url": "" if source.private else source.home_url,
        "origin": source.origin.value,
        "listed_in": mask_address(source.listed_in, source.listed_in) if source.listed_in else "",
        "standing": _ABSENT.get(source.absent, "paused" if source.paused else ""),
        "section": source.section,
        "language": source.language,
        "own": source.own,
        "weight": source.weight,
        "republish": source.republish.value,
        "private": source.private,
        "auth": access.kind.value if access else "",
        "secret": (f"environment {access.secret_env}" if access.secret_env else access.secret_file)
        if access
        else "",
        "articles": report.articles,
        "articles_per_day": round(report.articles_last_week / 7, 2),
        "last_success": state.last_success,
        "next_check": state.next_check,
        "failures": state.failures,
        "error": state.error,
        "warning": status_message(state.warning, state.read_from),
        "moved_to": shown_address(source, confirmed_url(state)),
        "outline": dict(source.outline),
    }


def _print_facts(facts: dict[str, Any]) -> None:
    width = max(map(len, facts))
    for key, value in facts.items():
        if value not in ("", None, {}):
            click.echo(f"{key.replace('_', ' ').ljust(width)}  {_shown(value)}")


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:%d %b %Y %H:%M} UTC" if isinstance(value, datetime) else value
