"""Commands that write a configuration and check it."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import click

from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import say, table
from syndicate.errors import ConfigError, FetchError, RenderError, SyndicateError
from syndicate.model import ClauseField, SourceKind
from syndicate.net import read_credentials
from syndicate.newsletter.periods import parse_schedule, period_at, read_zone
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.services import Services
from syndicate.services.store_location import store_url
from syndicate.settings import load_settings
from syndicate.store import open_store

RUNS_SHOWN = 5
# Backups of the store and DKIM keys must not get into a repository.
_GITIGNORE = "/feeds/\n/outbox/\n/preview/\n*.db\n*.db-*\n*.db.lock\n*.db.marker\n*.pem\n*.secret\n*.tmp\n"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def init(folder: Path) -> None:
    """Write a commented config.toml and a .gitignore into FOLDER (default: here). Overwrites nothing."""
    files = {"config.toml": default_configuration(), ".gitignore": _GITIGNORE}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SyndicateError(f"cannot make {folder}: {error.strerror}") from error
    for name, text in files.items():
        target = folder / name
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            click.echo(f"{target} exists already and stays unchanged.")
        except OSError as error:
            raise SyndicateError(f"cannot write {target}: {error.strerror}") from error
        else:
            click.echo(f"Wrote {target}.")
    first = f"`cd {folder}`, " if folder != Path() else ""
    say(f"Next: {first}add your sources to config.toml, then `syndicate check` and `syndicate run`.")


def default_configuration() -> str:
    """Return the commented default configuration, from the wheel or the checkout."""
    packaged = resources.files("syndicate") / "config.default.toml"
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[3] / "config.toml").read_text("utf-8")


@dataclass(slots=True)
class _Report:
    """Findings of ``check``. The daemon does not start with problems; notes are hints."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(default_factory=dict)


@click.command()
@timed_options
def check(call: Call) -> None:
    """Check configuration, templates and schedules; show the next five runs of every schedule."""
    report = _Report()
    try:
        _check(call.config, call.now, report)
    except SyndicateError as error:
        report.problems += str(error).splitlines()
    answer: dict[str, Any] = {"problems": report.problems, "notes": report.notes, "next_runs": report.runs}
    call.show(answer, lambda: _print(report, call.config))
    if report.problems:
        raise SystemExit(ConfigError.exit_code)


def _print(report: _Report, config: Path) -> None:
    for problem in report.problems:
        say(problem, err=True)
    for note in report.notes:
        say(f"note: {note}")
    if report.runs:
        click.echo("The next runs of each newsletter:")
        columns = list(report.runs)
        table(columns, list(zip(*report.runs.values(), strict=True)))
    if not report.problems:
        click.echo(f"{config} is fine.")


def _check(config: Path, now: datetime, report: _Report) -> None:
    settings = load_settings(config)
    services = Services(settings, open_store(store_url(settings)))
    try:
        _check_templates(services, now, report)
        _check_mail(services, report)
        _check_sign_up(services, report)
        _check_sources(services, report)
        for newsletter in services.newsletters:
            zone = read_zone(newsletter.time_zone)
            runs = parse_schedule(newsletter.schedule).next_runs(zone, now, RUNS_SHOWN)
            report.runs[newsletter.name] = [f"{run.astimezone(zone):%a %d %b %Y %H:%M %Z}" for run in runs]
    finally:
        services.close()


def _check_templates(services: Services, now: datetime, report: _Report) -> None:
    from syndicate.reports.template_check import broken_templates
    from syndicate.web.server_pages import ServerPages

    names = services.templates.names()
    report.problems += services.templates.check(names)
    if report.problems:
        return
    pages = ServerPages(services.templates, services.settings.site.title, at_once=True)
    report.problems += broken_templates(services, pages, now)
    if report.problems:
        return
    for newsletter in services.newsletters:
        period = period_at(newsletter, now)
        try:
            rendered = services.edition_renderer.draft(
                newsletter, period, sample_stories(now), check_links=False
            )
        except RenderError as error:
            report.problems.append(str(error))
        else:
            report.problems += [f"newsletter {newsletter.name}: {problem}" for problem in rendered.problems]


def _check_mail(services: Services, report: _Report) -> None:
    from syndicate.delivery.bounce_mailboxes import check_maildir
    from syndicate.services.mail_services import readers_reach, sender_is_set

    for address in filter(None, (services.settings.mail.sender, services.settings.mail.reply_to)):
        try:
            parse_mailbox(address)
        except SyndicateError as error:
            report.problems.append(f"mail: {error}")
    if maildir := services.settings.bounces.maildir:
        try:
            check_maildir(services.settings.path(maildir))
        except SyndicateError as error:
            report.problems.append(
                f"bounces.maildir: {error}. Create it (`maildirmake`) or correct its path."
            )
    if services.newsletters and services.settings.web.listen and not readers_reach(services.settings):
        report.notes.append(
            "site.url is this machine, so mails carry no link to the preferences page, and readers can "
            "unsubscribe by mail only; write the public URL"
        )
    if services.settings.mail.transport == "smtp" and not sender_is_set(services.settings):
        report.problems.append("mail.from: example.com is an example; write your sender's address")


def _check_sign_up(services: Services, report: _Report) -> None:
    settings = services.settings
    if settings.sign_up.enabled and not settings.web.listen:
        report.notes.append("sign_up: the sign-up page needs a web server; set [web] listen")
    if settings.sign_up.enabled and not services.newsletters:
        report.notes.append("sign_up: there is no [[newsletters]] to subscribe to")


def _check_sources(services: Services, report: _Report) -> None:
    if not services.sources:
        report.notes.append("there are no [[sources]] yet")
    for source in services.sources:
        if source.kind is SourceKind.FOLDER and not Path(source.url).is_dir():
            report.problems.append(
                f"source {source.name}: there is no folder {source.url}; a URL begins with https://"
            )
        if source.access is not None:
            try:
                read_credentials(source.access)
            except FetchError as error:
                # A note, because the daemon may have another environment.
                report.notes.append(f"source {source.name}: {error}")
    known = {source.name for source in services.sources}
    for rule in services.rules:
        report.notes += [
            f"rule {rule.name} is for the source {name!r}, which is not declared"
            for name in sorted(rule.sources - known)
        ]
    for channel in services.channels:
        names = {
            name for clause in channel.clauses if clause.field is ClauseField.SOURCE for name in clause.values
        }
        report.notes += [
            f"channel {channel.name} asks for the source {name!r}, which is not declared here"
            for name in names - known
        ]
