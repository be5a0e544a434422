"""``sources add``: find the feeds of a page (or its sitemaps), show them, add the chosen one."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from syndicate.cli.common import (
    current_time,
    dry_run_option,
    services_of,
    show,
    table,
    timed_options,
    write_or_dry_run,
)
from syndicate.cli.reading.source_output import day, look_facts, print_latest
from syndicate.cli.wrapping import say
from syndicate.errors import SyndicateError
from syndicate.ingest.page.feed_discovery import entered_address
from syndicate.jobs.ingest.discovery_job import PREVIEWED, Discovery, SourcePreview
from syndicate.jobs.ingest.source_list_job import LONGEST_NAME, free_name, name_in_title
from syndicate.model import Absence, Access, AccessKind, Origin, Republish, Source, SourceKind
from syndicate.reports.phrases import plural
from syndicate.services import Services
from syndicate.services.declared import is_private
from syndicate.settings.source_settings import AuthSettings
from syndicate.store.ingest import added_sources, source_store
from syndicate.text.plain import clean_line
from syndicate.text.privacy import has_credentials, hidden_address
from syndicate.text.urls import canonical_url

SEVERAL_PREVIEWED = 2
"""Articles shown of each feed when there are several: all fit on a screen."""


@click.command()
@timed_options
@dry_run_option
@click.option("--choose", type=click.IntRange(min=1), help="Take the one with this number.")
@click.option("--yes", is_flag=True, help="Take the first without asking.")
@click.option("--name", default="", help="What to call it; default: its title.")
@click.option("--section", default="", help="The section of its articles.")
@click.option("--language", default="", help="Its language, when it does not say.")
@click.option("--weight", type=click.FloatRange(0, 100), default=1.0, help="How much it counts; default 1.")
@click.option(
    "--republish",
    type=click.Choice([republish.value for republish in Republish]),
    default="summary",
    show_default=True,
    help="How much of its text feeds, pages and mail may carry.",
)
@click.option("--private", is_flag=True, help="Never show its address to anybody.")
@click.option("--auth", type=click.Choice([kind.value for kind in AccessKind]), help="How it lets us in.")
@click.option("--username", default="", help="For --auth basic.")
@click.option("--header", default="", help="For --auth header: the header's name.")
@click.option("--secret-file", default="", help="The file that holds the password, token, value or cookie.")
@click.option("--secret-env", default="", help="Or the environment variable that does.")
@click.argument("url")
def add(config: Path, as_json: bool, now: datetime | None, **given: Any) -> None:
    """Find the feeds of the page at URL and add one as a source.

    Shows what is in them first. URL may be any page of a site, or the feed itself. On a terminal you are
    asked; elsewhere say --yes or --choose.
    """
    if has_credentials(given["url"]):
        raise click.UsageError("take user name and password out of URL: use --auth with --secret-file")
    url = entered_address(given["url"])
    if not url:
        raise click.UsageError("URL must be an http or https address, such as https://harbour.example/")
    access = _access(given)
    private = given["private"] or is_private(url, None, access is not None)
    with services_of(config, now) as (_, services):
        found = services.discovery.discover(url, access=access, private=private)
        answer = _discovered(found, private)
        if not as_json:
            _print(found, private)
        chosen = _choose(found, given["choose"], given["yes"], as_json)
        if chosen is not None:
            _stay_at_home(url, chosen.url, access)
            source = _source(chosen, access, private or is_private(chosen.url, None, False), given)
            answer["added"] = _add(services, source, current_time(now), given["dry_run"])
    done = (
        "would be added" if given["dry_run"] else "is added and will be read at the next `syndicate ingest`"
    )
    show(answer, as_json, lambda: click.echo(f"{answer['added']} {done}.") if answer["added"] else None)
    if not answer["added"]:
        raise SystemExit(1)


def _access(given: dict[str, Any]) -> Access | None:
    if not given["auth"]:
        if given["username"] or given["header"] or given["secret_file"] or given["secret_env"]:
            raise click.UsageError("--username, --header, --secret-file and --secret-env need --auth")
        return None
    keys = ("username", "header", "secret_file", "secret_env")
    try:
        auth = AuthSettings.model_validate({"type": given["auth"]} | {key: given[key] for key in keys})
    except ValueError as error:
        reasons = [line.strip() for line in str(error).splitlines() if "Value error" in line]
        raise click.UsageError(f"--auth: {reasons[0] if reasons else error}") from error
    file = str(Path(auth.secret_file).expanduser().absolute()) if auth.secret_file else ""
    return Access(
        kind=auth.type,
        username=auth.username,
        header=auth.header,
        secret_file=file,
        secret_env=auth.secret_env,
    )


def _stay_at_home(entered: str, chosen: str, access: Access | None) -> None:
    """Refuse to send a secret to a host that a page or a redirect names, and the user did not type."""
    if access is not None and urlsplit(entered)[:2] != urlsplit(chosen)[:2]:
        raise SyndicateError(
            f"the feed is at {hidden_address(chosen)}, and the secret is for {hidden_address(entered)}: "
            "give the feed's own address if that host may have it"
        )


def _discovered(found: Discovery, private: bool) -> dict[str, Any]:
    def shown(url: str) -> str:
        return hidden_address(url) if private else url

    return {
        "url": shown(found.url),
        "feeds": [look_facts(feed, shown(feed.url)) for feed in found.feeds],
        "sitemaps": [look_facts(sitemap, shown(sitemap.url)) for sitemap in found.sitemaps],
        "failures": [{"url": shown(url), "reason": reason} for url, reason in found.failures],
        "added": "",
    }


def _print(found: Discovery, private: bool) -> None:
    for _, reason in found.failures:
        say(reason, err=True)
    if found.sitemaps:
        click.echo("There is no feed, but a sitemap. Its articles are read from their pages.")
        click.echo()
    if not found.choices:
        say("No feed was found there. If you know its address, give that.", err=True)
        return
    rows = [
        (
            number,
            preview.title or "–",
            preview.format,
            _size(preview),
            day(preview.newest),
            _where(preview, private),
        )
        for number, preview in enumerate(found.choices, start=1)
    ]
    table(("", "title", "format", "articles", "newest", "url"), rows, right=(0, 3))
    most = PREVIEWED if len(found.choices) == 1 else SEVERAL_PREVIEWED
    for number, preview in enumerate(found.choices, start=1):
        if preview.latest:
            click.echo()
            print_latest(preview, f"latest of {number}", most)


def _size(look: SourcePreview) -> str:
    return plural(look.parts, "part") if look.parts else str(look.entries)


def _where(look: SourcePreview, private: bool) -> str:
    return hidden_address(look.url) if private else look.url


def _choose(found: Discovery, number: int | None, yes: bool, as_json: bool) -> SourcePreview | None:
    if not found.choices:
        return None
    if number is None and not yes:
        if as_json or not sys.stdin.isatty():
            say("Nothing was added: say --yes for the first, or --choose NUMBER.", err=True)
            return None
        limit = click.IntRange(0, len(found.choices))
        number = click.prompt("Which one shall be added? (0 for none)", type=limit, default=1)
        if not number:
            return None
    position = number or 1
    if position > len(found.choices):
        raise click.UsageError(f"--choose {position}: there are only {len(found.choices)}")
    return found.choices[position - 1]


def _source(look: SourcePreview, access: Access | None, private: bool, given: dict[str, Any]) -> Source:
    return Source(
        id=0,
        name=clean_line(given["name"], LONGEST_NAME),
        url=look.url,
        kind=SourceKind.SITEMAP if look.format == "sitemap" else SourceKind.FEED,
        section=given["section"],
        language=given["language"].lower(),
        weight=given["weight"],
        republish=Republish(given["republish"]),
        origin=Origin.STORE,
        private=private,
        access=access,
        title=look.title,
        home_url=look.home_url,
    )


def _add(services: Services, source: Source, now: datetime, dry_run: bool) -> str:
    """Add it under a name that is free; a source at that address that was removed comes back."""
    with write_or_dry_run(services, dry_run) as connection:
        sources = source_store.list_sources(connection)
        same = next((item for item in sources if canonical_url(item.url) == canonical_url(source.url)), None)
        if same is not None and same.absent is Absence.NONE:
            raise SyndicateError(f"that feed is read already, as the source {same.name}")
        taken, addresses = {source.name for source in sources}, (source.home_url, source.url)
        automatic = same.name if same else free_name(name_in_title(source.title), addresses, taken)
        named = replace(source, name=source.name or automatic)
        if not added_sources.add_source(connection, named, now):
            raise SyndicateError(f"there is a source named {named.name} already: say --name")
    return named.name
