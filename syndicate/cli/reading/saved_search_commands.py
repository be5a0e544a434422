"""Commands of saved searches."""

import click

from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import ROW_NUMBER, newsletter_named
from syndicate.cli.options import Call, action_options, timed_options
from syndicate.cli.output import say, table


@click.group()
def searches() -> None:
    """Save searches: each is a private feed, and sends a mail or an event when something new matches."""


@searches.command()
@action_options
@click.option("--to", "address", help="Mail the matches to this confirmed subscriber.")
@click.option("--newsletter", help="The subscription of that address; default: the only newsletter.")
@click.option("--per-day", type=int, default=1, show_default=True, help="Mails or events a day at most.")
@click.argument("query")
def add(call: Call, address: str | None, newsletter: str | None, per_day: int, query: str) -> None:
    """Save QUERY, written as for channels."""
    with call.services() as services:
        of_reader = {}
        if address is not None:
            named = newsletter_named(services, newsletter, option="--newsletter")
            of_reader = {"address_key": normalise_address(address).key, "newsletter": named.name}
        result = services.admin.searches.add(call.change, query, per_day=per_day, **of_reader)
    call.show(dict(result.facts or {}), lambda: say(result.message))


@searches.command("list")
@timed_options
def list_searches(call: Call) -> None:
    """Show the saved searches with their feeds."""
    with call.services() as services, services.store.read() as connection:
        found = services.admin.searches.list(connection)
    rows = [(s.id, s.query, s.per_day, s.created_by or "a subscriber", feed) for s, feed in found]
    names = ("id", "query", "per_day", "by", "feed")
    answer = {"searches": [dict(zip(names, row, strict=True)) for row in rows]}
    headers = ("no", "query", "a day", "by", "feed")
    call.show(answer, (lambda: table(headers, rows, right=(0, 2))) if rows else "No search is saved.")


@searches.command()
@action_options
@click.argument("number", type=ROW_NUMBER)
def end(call: Call, number: int) -> None:
    """End the search with this NUMBER, and its feed."""
    with call.services() as services:
        result = services.admin.searches.end(call.change, number)
    call.show(dict(result.facts or {}), lambda: say(result.message))
