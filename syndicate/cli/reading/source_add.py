"""``sources add``: find the feeds or sitemaps of a page, show them, and add the chosen feed."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from syndicate.cli.options import Call, action_options, dry_run_option
from syndicate.cli.output import say, table
from syndicate.cli.reading.source_output import preview_facts, print_latest, utc_time
from syndicate.errors import ConfigError, SyndicateError
from syndicate.ingest.page.feed_discovery import entered_address
from syndicate.jobs.ingest.discovery_job import PREVIEWED, Discovery, SourcePreview
from syndicate.jobs.ingest.source_list_job import MAX_NAME_LENGTH
from syndicate.model import Access, AccessKind, Origin, Republish, Source
from syndicate.services.declared import access_of, is_private
from syndicate.text.phrases import plural
from syndicate.text.plain import clean_line
from syndicate.text.privacy import has_credentials, masked_address

SEVERAL_PREVIEWED = 2
"""Articles shown of each of several feeds, so that all fit on a screen."""


@click.command()
@action_options
@dry_run_option
@click.option("--choose", type=click.IntRange(min=1), help="Add the feed with this number.")
@click.option("--yes", is_flag=True, help="Add the first feed without asking.")
@click.option("--name", default="", help="The source's name; default: its title.")
@click.option("--section", default="", help="The section of its articles.")
@click.option("--language", default="", help="Its language, if the feed does not say.")
@click.option(
    "--weight", type=click.FloatRange(0, 100), default=1.0, help="Its weight in the ranking; default 1."
)
@click.option(
    "--republish",
    type=click.Choice([republish.value for republish in Republish]),
    default="summary",
    show_default=True,
    help="How much of its text feeds, pages and mail may carry.",
)
@click.option("--private", is_flag=True, help="Never show its URL.")
@click.option(
    "--auth", type=click.Choice([kind.value for kind in AccessKind]), help="The authentication of the source."
)
@click.option("--username", default="", help="For --auth basic.")
@click.option("--header", default="", help="For --auth header: the header's name.")
@click.option("--secret-file", default="", help="The file that holds the password, token, value or cookie.")
@click.option("--secret-env", default="", help="The environment variable that holds it.")
@click.argument("url")
def add(call: Call, **given: Any) -> None:
    """Find the feeds of the page at URL and add a feed as a source.

    Shows their articles first. URL may be any page of a site, or the feed itself. Asks on a terminal;
    elsewhere use --yes or --choose.
    """
    if has_credentials(given["url"]):
        raise click.UsageError("remove user name and password from URL; use --auth with --secret-file")
    url = entered_address(given["url"])
    if not url:
        raise click.UsageError("URL must be an http or https address, such as https://harbour.example/")
    access = _access(given)
    private = given["private"] or is_private(url, None, access is not None)
    with call.services() as services:
        found = services.discovery.discover(url, access=access, private=private)
        answer = _discovered(found, private)
        if not call.as_json:
            _print(found, private)
        chosen = _choose(found, given["choose"], given["yes"], call.as_json)
        if chosen is not None:
            _check_origin(url, chosen.url, access)
            source = _source(chosen, access, private or is_private(chosen.url, None, False), given)
            change = replace(call.change, dry_run=given["dry_run"])
            result = services.commands.sources.add(change, source)
            answer["added"] = (result.facts or {})["name"]
    done = (
        "would be added" if given["dry_run"] else "is added and will be read at the next `syndicate ingest`"
    )
    call.show(answer, lambda: click.echo(f"{answer['added']} {done}.") if answer["added"] else None)
    if not answer["added"]:
        raise SystemExit(1)


def _access(given: dict[str, Any]) -> Access | None:
    keys = ("username", "header", "secret_file", "secret_env")
    try:
        return access_of({"auth": given["auth"] or ""} | {key: given[key] for key in keys}, Path())
    except ConfigError as error:
        raise click.UsageError(f"--auth: {error}") from error


def _check_origin(entered: str, chosen: str, access: Access | None) -> None:
    """Raise ``SyndicateError`` before a secret goes to another origin than the URL the user entered."""
    if access is not None and urlsplit(entered)[:2] != urlsplit(chosen)[:2]:
        raise SyndicateError(
            f"the feed is at {masked_address(chosen)}, and the secret is for {masked_address(entered)}; "
            "enter the feed's own URL if that host may have the secret"
        )


def _discovered(found: Discovery, private: bool) -> dict[str, Any]:
    return {
        "url": _shown(found.url, private),
        "feeds": [preview_facts(feed, _shown(feed.url, private)) for feed in found.feeds],
        "sitemaps": [preview_facts(sitemap, _shown(sitemap.url, private)) for sitemap in found.sitemaps],
        "failures": [{"url": _shown(url, private), "reason": reason} for url, reason in found.failures],
        "added": "",
    }


def _print(found: Discovery, private: bool) -> None:
    for _, reason in found.failures:
        say(reason, err=True)
    if found.sitemaps:
        click.echo("There is no feed, but a sitemap. Articles are read from their pages.")
        click.echo()
    if not found.choices:
        say("No feed was found. If you know its URL, enter it.", err=True)
        return
    rows = [
        (
            number,
            preview.title or "–",
            preview.format,
            plural(preview.parts, "part") if preview.parts else str(preview.entries),
            utc_time(preview.newest),
            _shown(preview.url, private),
        )
        for number, preview in enumerate(found.choices, start=1)
    ]
    table(("", "title", "format", "articles", "newest", "url"), rows, right=(0, 3))
    most = PREVIEWED if len(found.choices) == 1 else SEVERAL_PREVIEWED
    for number, preview in enumerate(found.choices, start=1):
        if preview.latest:
            click.echo()
            print_latest(preview, f"latest of {number}", most)


def _shown(url: str, private: bool) -> str:
    return masked_address(url) if private else url


def _choose(found: Discovery, number: int | None, yes: bool, as_json: bool) -> SourcePreview | None:
    if not found.choices:
        return None
    if number is None and not yes:
        if as_json or not sys.stdin.isatty():
            say("Nothing was added. Use --yes for the first feed, or --choose NUMBER.", err=True)
            return None
        limit = click.IntRange(0, len(found.choices))
        number = click.prompt("Number of the feed to add? (0 for none)", type=limit, default=1)
        if not number:
            return None
    position = number or 1
    if position > len(found.choices):
        raise click.UsageError(f"--choose {position}: there are only {len(found.choices)}")
    return found.choices[position - 1]


def _source(preview: SourcePreview, access: Access | None, private: bool, given: dict[str, Any]) -> Source:
    return Source(
        id=0,
        name=clean_line(given["name"], MAX_NAME_LENGTH),
        url=preview.url,
        kind=preview.kind,
        section=given["section"],
        language=given["language"].lower(),
        weight=given["weight"],
        republish=Republish(given["republish"]),
        origin=Origin.STORE,
        private=private,
        access=access,
        title=preview.title,
        home_url=preview.home_url,
    )
