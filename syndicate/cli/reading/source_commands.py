"""Commands for sources. ``source_add`` and ``opml_commands`` have the commands that add sources."""

from datetime import datetime, timedelta
from typing import Any

import click

from syndicate.cli.arguments import force_option, source_named, source_to_fetch
from syndicate.cli.options import Call, action_options, add_command, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.cli.reading.opml_commands import export, import_
from syndicate.cli.reading.source_add import add
from syndicate.cli.reading.source_output import preview_facts, print_preview, source_answer
from syndicate.errors import SyndicateError
from syndicate.jobs.admin.needs import shown_address
from syndicate.model import Absence
from syndicate.services import Services
from syndicate.store.ingest import source_store
from syndicate.store.ingest.source_store import SourceReport
from syndicate.text.phrases import ago, plural
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
def list_(call: Call) -> None:
    """Show every source with its origin and state."""
    at = call.now
    with call.services() as services, services.store.read() as connection:
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

    headers = ("source", "origin", "read", "section", "articles", "url")
    empty = "There are no sources yet. `syndicate sources add URL` finds the feeds of a page."
    answer = {"sources": [_facts(report) for report in reports]}
    call.show(answer, (lambda: table(headers, rows, right=(4,))) if rows else empty)


@sources.command("show")
@timed_options
@click.argument("name")
def show_(call: Call, name: str) -> None:
    """Show all facts about the source NAME."""
    with call.services() as services, services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=call.now - WEEK)
        source_named(connection, name)
    report = next(report for report in reports if report.source.name == name)
    facts = _facts(report)
    call.show(facts, lambda: _print_facts(facts))


def _action(command: str, outcome: str, text: str, help_text: str) -> None:
    """Add a command that changes the source NAME. Sources of the configuration file are refused."""

    def run(call: Call, name: str) -> None:
        with call.services() as services:
            actions, ids = services.commands.sources, [_id_of(services, name)]
            result = actions.on_chosen(call.change, command, ids)
        call.show_change(name, outcome, text, result.is_change)

    add_command(sources, command, help_text, run, click.argument("name"))


_RESUME = "Read the paused source NAME again. Also polls a source again that answered 410 Gone."
_REMOVE = "Remove the source NAME. Its articles stay until retention ends."
_action("pause", "paused", "is paused", "Stop reading the source NAME; its articles stay.")
_action("resume", "resumed", "is read again", _RESUME)
_action("remove", "removed", "is removed; its articles stay", _REMOVE)


@sources.command()
@action_options
@click.argument("name")
@click.argument("url")
def move(call: Call, name: str, url: str) -> None:
    """Change the URL of the source NAME. Its articles stay."""
    if has_credentials(url) or not is_web_url(url):
        raise click.UsageError("URL must be an http or https address without user name and password")
    with call.services() as services:
        source_id = _id_of(services, name)
        result = services.commands.sources.move(call.change, source_id, url)
    call.show_change(name, "moved", "is read at its new URL", result.is_change)


@sources.command()
@action_options
@click.option("--rename", "new_name", help="Its new name.")
@click.option("--section", help="The section of its articles.")
@click.option("--language", help='Its language, if the feed does not say; "" for none.')
@click.option("--weight", help="Its weight in the ranking, from 0 to 100.")
@click.option("--republish", help="none, summary or full: the text that feeds, pages and mail may carry.")
@click.option("--full-text", help="auto, always or never: read articles' pages for their full text.")
@click.option("--private", type=click.Choice(["true", "false"]), help="Never show its URL.")
@click.argument("name")
def edit(call: Call, name: str, **given: Any) -> None:
    """Change settings of the source NAME, which was added here. Other settings stay."""
    given["name"] = given.pop("new_name")
    fields = {field: str(value) for field, value in given.items() if value is not None}
    with call.services() as services:
        source_id = _id_of(services, name)
        result = services.commands.sources.edit(call.change, source_id, fields)
    call.show_change(fields.get("name", name), "edited", "is saved", result.is_change)


@sources.command()
@timed_options
@force_option
@click.argument("name")
def test(call: Call, force: bool, name: str) -> None:
    """Fetch the source NAME now and show its articles. Changes nothing."""
    with call.services() as services:
        source = source_to_fetch(services, name, call.now, force=force)
        try:
            preview = services.discovery.look(source)
        except SyndicateError as error:
            text = mask_address(str(error), source.url) if source.private else str(error)
            call.show({"name": name, "error": text}, lambda: say(f"{name}: {text}", err=True))
            raise SystemExit(1) from None
    shown = shown_address(source, preview.url)
    call.show({"name": name, **preview_facts(preview, shown)}, lambda: print_preview(preview, shown))


def _id_of(services: Services, name: str) -> int:
    with services.store.read() as connection:
        return source_named(connection, name).id


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
    if not source.kind.is_polled:
        return "by the API"
    return ago(state.last_success, now)


def _facts(report: SourceReport) -> dict[str, Any]:
    source = report.source
    access = source.access
    secret = f"environment {access.secret_env}" if access and access.secret_env else ""
    return {
        **attributes(source, "name title kind"),
        "url": shown_address(source, source.url),
        **attributes(source, "section language own weight republish"),
        "home_url": "" if source.private else source.home_url,
        "listed_in": mask_address(source.listed_in, source.listed_in) if source.listed_in else "",
        "standing": _ABSENT.get(source.absent, "paused" if source.paused else ""),
        "auth": access.kind if access else "",
        "secret": secret or (access.secret_file if access else ""),
        **source_answer(report),
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
