"""Sources: list, show, pause, resume, move, remove and test them. Adding is next door."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

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
from syndicate.cli.health import shown_address
from syndicate.cli.source_add import add
from syndicate.cli.source_lists import export, import_
from syndicate.cli.source_looks import look_facts, print_look
from syndicate.errors import SyndicateError
from syndicate.ingest.polling import believed_url
from syndicate.model import Absence, Origin, Source
from syndicate.services import Services
from syndicate.store import added_sources
from syndicate.store import sources as source_store
from syndicate.store.sources import SourceReport
from syndicate.text.privacy import has_credentials, hide_address
from syndicate.text.urls import is_web_url

WEEK = timedelta(days=7)


@click.group()
def sources() -> None:
    """Find, add, list, test, pause and remove sources; import and export OPML."""


sources.add_command(add)
sources.add_command(import_)
sources.add_command(export)


@sources.command("list")
@config_option
@json_option
@now_option
def list_(config: Path, as_json: bool, now: datetime | None) -> None:
    """Show every source, who declared it and how it is doing."""
    time = moment(now)
    with services_of(config, now) as (_, services), services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=time - WEEK)
    rows = [
        (
            one.source.name,
            one.source.origin.value,
            _standing(one, time),
            one.source.section,
            one.articles,
            shown_address(one.source, one.source.url),
        )
        for one in reports
    ]

    def text() -> None:
        if not rows:
            click.echo("There are no sources yet: `syndicate sources add URL` finds the feeds of a page.")
            return
        table(("source", "origin", "read", "section", "articles", "url"), rows, right=(4,))

    show({"sources": [_facts(one) for one in reports]}, as_json, text)


@sources.command("show")
@config_option
@json_option
@now_option
@click.argument("name")
def show_(config: Path, as_json: bool, now: datetime | None, name: str) -> None:
    """Show all there is to know about the source NAME."""
    with services_of(config, now) as (_, services), services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=moment(now) - WEEK)
    report = next((one for one in reports if one.source.name == name), None)
    if report is None:
        raise _unknown(name)
    facts = _facts(report)
    show(facts, as_json, lambda: _print_facts(facts))


@sources.command()
@config_option
@json_option
@click.argument("name")
def pause(config: Path, as_json: bool, name: str) -> None:
    """Stop reading the source NAME; its articles stay."""
    with services_of(config) as (_, services):
        source = _ours(services, name, "set paused = true there")
        if not source.paused:
            with services.store.write() as connection:
                added_sources.pause_source(connection, name)
    _done(name, "paused", "is paused", as_json)


@sources.command()
@config_option
@json_option
@click.argument("name")
def resume(config: Path, as_json: bool, name: str) -> None:
    """Read the paused source NAME again; one that said it was gone is asked once more."""
    with services_of(config) as (_, services):
        _ours(services, name, "set paused = false there")
        with services.store.write() as connection:
            added_sources.resume_source(connection, name)
    _done(name, "resumed", "is read again", as_json)


@sources.command()
@config_option
@json_option
@click.argument("name")
@click.argument("url")
def move(config: Path, as_json: bool, name: str, url: str) -> None:
    """Read the source NAME at another URL from now on; its articles stay."""
    if has_credentials(url) or not is_web_url(url):
        raise click.UsageError("URL must be an http or https address without user name and password")
    with services_of(config) as (_, services):
        _ours(services, name, "change its url there")
        with services.store.write() as connection:
            added_sources.move_source(connection, name, url)
    _done(name, "moved", "is read at its new address", as_json)


@sources.command()
@config_option
@json_option
@click.argument("name")
def remove(config: Path, as_json: bool, name: str) -> None:
    """Remove the source NAME from the list. Its articles stay until retention takes them."""
    with services_of(config) as (_, services):
        _ours(services, name, "remove it there")
        with services.store.write() as connection:
            added_sources.remove_source(connection, name)
    _done(name, "removed", "is removed; its articles stay", as_json)


@sources.command()
@config_option
@json_option
@click.argument("name")
def test(config: Path, as_json: bool, name: str) -> None:
    """Fetch the source NAME now and show what would be read; changes nothing."""
    with services_of(config) as (_, services):
        source = _find(services, name)
        try:
            look = services.discovery.look(source)
        except SyndicateError as error:
            text = hide_address(str(error), source.url) if source.private else str(error)
            show({"name": name, "error": text}, as_json, lambda: click.echo(f"{name}: {text}", err=True))
            raise SystemExit(1) from None
    shown = shown_address(source, look.url)
    show({"name": name, **look_facts(look, shown)}, as_json, lambda: print_look(look, shown))


def _find(services: Services, name: str) -> Source:
    with services.store.read() as connection:
        source = added_sources.find_source(connection, name)
    if source is None:
        raise _unknown(name)
    return source


def _ours(services: Services, name: str, advice: str) -> Source:
    """The source, if it may be changed here: what the file declares only the file changes."""
    source = _find(services, name)
    if source.origin is Origin.CONFIG and source.absent is Absence.NONE:
        raise SyndicateError(f"{name} is declared in the configuration file: {advice}")
    return source


def _unknown(name: str) -> click.UsageError:
    return click.UsageError(f"there is no source named {name!r}; see `syndicate sources list`")


def _done(name: str, outcome: str, text: str, as_json: bool) -> None:
    show({"name": name, "outcome": outcome}, as_json, lambda: click.echo(f"{name} {text}."))


_ABSENT = {
    Absence.UNDECLARED: "no longer declared",
    Absence.UNLISTED: "no longer listed",
}


def _standing(report: SourceReport, now: datetime) -> str:
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
        "listed_in": hide_address(source.listed_in, source.listed_in) if source.listed_in else "",
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
        "warning": report.warning,
        "moved_to": shown_address(source, believed_url(state)),
        "outline": dict(source.outline),
    }


def _print_facts(facts: dict[str, Any]) -> None:
    width = max(map(len, facts))
    for key, value in facts.items():
        if value not in ("", None, {}):
            shown = f"{value:%d %b %Y %H:%M} UTC" if isinstance(value, datetime) else value
            click.echo(f"{key.replace('_', ' ').ljust(width)}  {shown}")
