"""Commands for fields and tags of subscribers, and for segments."""

from typing import Any

import click

from syndicate.audience.fields import read_tag, read_value
from syndicate.audience.segments import segment_text
from syndicate.cli.arguments import check_names
from syndicate.cli.options import Call, timed_options, tried_options
from syndicate.cli.output import say
from syndicate.errors import ConfigError
from syndicate.store.subscribers import segment_store

segment_option = click.option(
    "--segment", default=None, metavar="NAME|QUERY", help="Only readers of this segment or query."
)


@click.command("set")
@tried_options
@click.argument("address")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_(call: Call, address: str, values: tuple[str, ...]) -> None:
    """Set fields of an ADDRESS; NAME= removes a field."""
    if mistaken := [value for value in values if "=" not in value]:
        raise click.UsageError(f"{mistaken[0]!r} is not NAME=VALUE.")
    given = dict(value.split("=", 1) for value in values)
    with call.services() as services:
        declared = {field.name: field for field in services.subscriber_fields}
        check_names([name for name, text in given.items() if text], list(declared), "field")
        read = {name: text and read_value(declared[name], text) for name, text in given.items()}
        stored = (services.commands.subscribers.set_fields(call.change, address, read).facts or {})["fields"]
    facts = "; ".join(f"{name}: {value}" for name, value in stored.items()) or "no fields"
    call.show({"address": address, "fields": stored, "dry_run": call.dry_run}, f"{address} has {facts}.")


# Without -h for help, which a tag such as -holiday would ask for.
@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@tried_options
@click.argument("address")
@click.argument("tags", nargs=-1, required=True, type=click.UNPROCESSED, metavar="+TAG|-TAG...")
def tag(call: Call, address: str, tags: tuple[str, ...]) -> None:
    """Add (+) and remove (-) tags of an ADDRESS."""
    if mistaken := [text for text in tags if text[:1] not in ("+", "-")]:
        raise click.UsageError(f"{mistaken[0]!r} is neither +TAG nor -TAG.")
    added, removed = ([read_tag(text[1:]) for text in tags if text[0] == sign] for sign in "+-")
    with call.services() as services:
        result = services.commands.subscribers.tag(call.change, address, add=added, remove=removed)
    stored = (result.facts or {})["tags"]
    text = f"{address} has the tags {', '.join(stored)}." if stored else f"{address} has no tags."
    call.show({"address": address, "tags": stored, "dry_run": call.dry_run}, text)


@click.group()
def segments() -> None:
    """List the segments of subscribers."""


@segments.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show every segment with its query and its number of subscribers."""
    rows: list[dict[str, Any]] = []
    with call.services() as services, services.store.read() as connection:
        for segment in services.settings.segments:
            count, query, problem = None, segment.query, ""
            try:
                clauses = services.segment_clauses(segment.name)
                count = segment_store.count_members(connection, clauses, call.now)
                query = segment_text(clauses)
            except ConfigError as error:
                problem = str(error)
            rows.append({"name": segment.name, "subscribers": count, "query": query, "problem": problem})
    empty = "The configuration has no [[segments]]."
    call.show_table("segments", ("name", "subscribers", "query"), rows, empty, right=(1,))
    for row in rows:
        if row["problem"] and not call.as_json:
            say(row["problem"], err=True)
