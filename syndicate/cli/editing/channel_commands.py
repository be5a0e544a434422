"""Commands that list, preview, add, edit, rename and take down channels."""

from collections.abc import Callable
from typing import Any

import click

from syndicate.cli.options import Call, Command, action_options, add_command, timed_options
from syndicate.cli.output import attributes, table
from syndicate.errors import ActionRefused
from syndicate.model.actors import ActionResult, Change
from syndicate.services import Services

Action = Callable[[Services, Change], ActionResult]
_FIELDS = (
    click.option("--title", help="The title of the feed."),
    click.option("--query", help="The articles in it, such as section:sport -tag:opinion."),
    click.option("--limit", type=click.IntRange(1, 100), help="Maximum number of articles."),
    click.option("--language", help="The language of the feed, such as en."),
    click.option("--description", help="The description of the feed."),
    click.option("--post-to", multiple=True, metavar="NAME", help='A network for its stories; "" for none.'),
)


def act(call: Call, work: Action) -> None:
    """Perform an action in the name of the user, and show its result."""
    with call.services() as services:
        try:
            result = work(services, call.change)
        except ActionRefused as error:
            if error.status == 404 or error.fields:
                raise click.UsageError(str(error)) from error
            raise
    call.show({"name": result.id, "changed": result.is_change, "message": result.message}, result.message)


def given_values(given: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the options that the user gave as fields."""
    values = {name: value for name, value in {**more, **given}.items() if value not in (None, ())}
    lists = {name: tuple(filter(None, value)) for name, value in values.items() if isinstance(value, tuple)}
    return values | lists


def add_editing(
    group: click.Group,
    fields: tuple[Callable[[Command], Command], ...],
    actions_of: Callable[[Services], Any],
    **texts: str,
) -> None:
    """Add the commands that add, edit and remove an object of these fields; ``texts`` are their help."""

    def add(call: Call, name: str, **given: Any) -> None:
        values = given_values(given, name=name)
        act(call, lambda services, change: actions_of(services).add(change, values))

    def edit(call: Call, name: str, **given: Any) -> None:
        values = given_values(given)
        act(call, lambda services, change: actions_of(services).edit(change, name, values))

    def remove(call: Call, name: str) -> None:
        act(call, lambda services, change: actions_of(services).remove(change, name))

    named = click.argument("name")
    for command, options in ((add, fields), (edit, fields), (remove, ())):
        add_command(group, command.__name__, texts[command.__name__], command, *options, named)


@click.group()
def channels() -> None:
    """List, try, add, change, rename and take down channels."""


@channels.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show channels and former names."""
    with call.services() as services:
        lines = services.commands.channel_views.lines(call.now)
    shown = "name title origin state leads_to since daily readers problem"
    queries = [line.channel.query if line.channel else "" for line in lines]
    answer = [attributes(line, shown) | {"query": text} for line, text in zip(lines, queries, strict=True)]
    rows = [
        (line.name, line.origin, f"{line.daily:.0f}", line.readers, line.leads_to or line.state, line.title)
        for line in lines
    ]
    heads = ("name", "from", "a day", "readers", "state", "title")
    call.show({"channels": answer}, lambda: table(heads, rows, right=(2, 3)))


@channels.command()
@timed_options
@click.option("--limit", type=click.IntRange(1, 100), help="Maximum number of articles.")
@click.option("--channel", "saved", default="", help="A channel to compare with.")
@click.argument("query")
def preview(call: Call, query: str, saved: str, limit: int | None) -> None:
    """Show the articles that QUERY would hold now.

    With a saved channel, also the articles that it would lose.
    """
    with call.services() as services:
        found = services.commands.channel_views.preview(
            given_values({"limit": limit}, query=query), call.now, saved
        )
    if found.problem:
        raise click.UsageError(found.problem)

    def facts(items: Any) -> list[dict[str, Any]]:
        return [
            {**attributes(item.article, "id title published"), "source": item.source, "clauses": item.clauses}
            for item in items
        ]

    answer = {"items": facts(found.items), "lost": facts(found.lost), "matches_of_week": found.matches}
    rows = [(item.article.title, item.source, " ".join(item.clauses)) for item in found.items]
    rows += [(item.article.title, item.source, "(lost)") for item in found.lost]
    call.show(answer, lambda: table(("title", "source", "matches"), rows))


@channels.command()
@action_options
@click.argument("name")
@click.argument("new_name")
def rename(call: Call, name: str, new_name: str) -> None:
    """Rename an added channel.

    The old addresses lead to the new addresses; renaming back undoes it. The addresses of a channel that left
    the file can be led to another channel, too.
    """
    act(call, lambda services, change: services.commands.channels.rename(change, name, new_name))


@channels.command()
@action_options
@click.argument("name")
def restore(call: Call, name: str) -> None:
    """Undo `channels remove`, or forget where a former name leads."""
    act(call, lambda services, change: services.commands.channels.restore(change, name))


add_editing(
    channels,
    _FIELDS,
    lambda services: services.commands.channels,
    add="Add the channel NAME to the store; the next publishing writes it.",
    edit="Change an added channel.",
    remove="""Take an added channel down.

    Its addresses answer 410, its files get a last item.
    """,
)
