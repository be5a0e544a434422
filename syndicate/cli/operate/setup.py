"""Commands that write a configuration and check it."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import say, table
from syndicate.errors import ConfigError, FetchError, RenderError, StoreError, SyndicateError
from syndicate.model import ClauseField
from syndicate.net import read_credentials
from syndicate.newsletter.periods import parse_schedule, period_at, read_zone
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.published_files import PublishedFiles
from syndicate.services import Services
from syndicate.services.declared import channel_of, newsletter_of
from syndicate.services.store_location import store_url
from syndicate.settings import Settings, load_settings
from syndicate.store import open_store
from syndicate.templating import Templates
from syndicate.text.urls import is_loopback

RUNS_SHOWN = 5
# Backups of the store and DKIM keys must not get into a repository.
_GITIGNORE = "/feeds/\n/outbox/\n/preview/\n*.db\n*.db-*\n*.db.lock\n*.db.marker\n*.pem\n*.secret\n*.tmp\n"
_ADMIN_OFF, _ADMIN_ON = "[admin]\nenabled = false ", "[admin]\nenabled = true  "


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def init(folder: Path) -> None:
    """Write a commented config.toml and a .gitignore into FOLDER (default: here). Overwrites nothing."""
    with_admin = default_configuration().replace(_ADMIN_OFF, _ADMIN_ON)
    files = {"config.toml": with_admin, ".gitignore": _GITIGNORE}
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
    say("The operator's pages are switched on: [admin] enabled = true.")
    say(f"Next: {first}`syndicate run`. It prints the address at which you add yourself and your sources.")


def default_configuration() -> str:
    """Return the commented default configuration, from the wheel or the checkout."""
    packaged = resources.files("syndicate") / "config.default.toml"
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[3] / "config.toml").read_text("utf-8")


@dataclass(slots=True)
class CheckReport:
    """Findings of ``check``. The daemon does not start with problems; notes are hints."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(default_factory=dict)


@click.command()
@timed_options
def check(call: Call) -> None:
    """Check configuration, templates and schedules; show the next five runs of every schedule."""
    report = check_report(call.config, call.now)
    answer: dict[str, Any] = {"problems": report.problems, "notes": report.notes, "next_runs": report.runs}
    call.show(answer, lambda: _print(report, call.config))
    if report.problems:
        raise SystemExit(ConfigError.exit_code)


def check_report(config: Path, now: datetime) -> CheckReport:
    """Check a configuration file, its templates and its schedules."""
    report = CheckReport()
    try:
        _check(config, now, report)
    except SyndicateError as error:
        report.problems += str(error).splitlines()
    return report


def _print(report: CheckReport, config: Path) -> None:
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


def _check(config: Path, now: datetime, report: CheckReport) -> None:
    settings = load_settings(config)
    services = Services(settings, open_store(store_url(settings)))
    # Refuses a missing package. The rest needs no rows: tables may be missing before a migration.
    if type(services.published) is not PublishedFiles:
        services.published = PublishedFiles(services.output)
    try:
        len(services.newsletters)
    except StoreError:
        services.channels = tuple(channel_of(settings, channel) for channel in settings.channels)
        services.newsletters = tuple(newsletter_of(settings, known) for known in settings.newsletters)
    try:
        _check_templates(services, now, report)
        _check_mail(services, report)
        _check_web(services.settings, report)
        _check_sign_up(services, report)
        _check_admin(services, report)
        _check_sources(services, report)
        _check_segments(services, report)
        for newsletter in services.newsletters:
            zone = read_zone(newsletter.time_zone)
            runs = parse_schedule(newsletter.schedule).next_runs(zone, now, RUNS_SHOWN)
            report.runs[newsletter.name] = [f"{run.astimezone(zone):%a %d %b %Y %H:%M %Z}" for run in runs]
    finally:
        services.close()


def _check_segments(services: Services, report: CheckReport) -> None:
    for segment in services.settings.segments:
        try:
            services.segment_clauses(segment.name)
        except ConfigError as error:
            report.problems.append(str(error))


def _check_templates(services: Services, now: datetime, report: CheckReport) -> None:
    from syndicate.jobs.publish.site_frame import bare_frame
    from syndicate.reports.template_check import broken_templates
    from syndicate.web.readers.server_pages import ServerPages

    names = services.templates.names()
    report.problems += services.templates.check(names)
    if report.problems:
        return
    frame = bare_frame(services.templates, services.publish_options)
    pages = ServerPages(services.templates, lambda: frame, at_once=True)
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


def _check_mail(services: Services, report: CheckReport) -> None:
    from syndicate.delivery.bounce_mailboxes import check_maildir
    from syndicate.services.mail_services import readers_reach, sender_is_set

    for brand in services.brands:
        branded, section = services.settings.branded(brand.name), brand.name or "mail"
        for address in filter(None, (branded.mail.sender, branded.mail.reply_to)):
            try:
                parse_mailbox(address)
            except SyndicateError as error:
                report.problems.append(f"{section}: {error}")
        if branded.mail.transport == "smtp" and not sender_is_set(branded):
            report.problems.append(f"{section}.from: example.com is an example; write your sender's address")
        for file in filter(None, (brand.logo_file, brand.logo_dark_file)):
            if not Path(file).is_file():
                report.problems.append(f"{brand.name or 'site'}.logo: there is no file {file}")
    for newsletter in services.newsletters:
        report.problems += [
            f"newsletter {newsletter.name}: there is no file {step.file}"
            for step in newsletter.messages
            if not Path(step.file).is_file()
        ]
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


def _check_web(settings: Settings, report: CheckReport) -> None:
    url, listen = urlsplit(settings.site.url), settings.web.listen
    port = url.port or (443 if url.scheme == "https" else 80)
    if listen and is_loopback(settings.site.url) and not listen.endswith(f":{port}"):
        report.notes.append(
            f"site.url is port {port} of this machine, and web.listen is {listen}: links lead nowhere, "
            "unless a proxy passes them on; write the same port in both"
        )


def _check_sign_up(services: Services, report: CheckReport) -> None:
    settings = services.settings
    if settings.sign_up.enabled and not settings.web.listen:
        report.notes.append("sign_up: the sign-up page needs a web server; set [web] listen")
    if settings.sign_up.enabled and not services.newsletters:
        report.notes.append("sign_up: there is no [[newsletters]] to subscribe to")
    is_english = settings.site.language.split("-")[0] == "en"
    english = Templates().words("pages/words.html")["consent"]
    if settings.sign_up.enabled and not is_english and services.consent == english:
        report.notes.append("sign_up: readers agree to an English text; write [sign_up] consent in theirs")


def _check_admin(services: Services, report: CheckReport) -> None:
    admin, options = services.settings.admin, services.admin_options
    if not admin.enabled:
        return
    roles = " and ".join(sorted(options.second_step)) or "no role"
    report.notes.append(f"admin: {options.url}/admin/, a second step is asked of {roles}")
    if not options.is_local and not options.url.startswith("https://"):
        report.notes.append("admin: browsers sign in over https only; write the https address as admin.url")
    if bool(admin.user_header) != bool(admin.proxies):
        report.problems.append("admin: user_header and proxies are only used together")
    if not (admin.listen or services.settings.web.listen):
        report.problems.append("admin: the pages need a web server; set [admin] listen or [web] listen")


def _check_sources(services: Services, report: CheckReport) -> None:
    if not services.sources:
        report.notes.append("there are no [[sources]]; `syndicate sources list` shows added sources")
    for source in services.sources:
        if source.kind.is_local and not Path(source.url).is_dir():
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
