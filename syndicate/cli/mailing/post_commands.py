"""Commands for the posts of channels to other networks."""

from collections.abc import Callable

import click

from syndicate.cli.arguments import ROW_NUMBER, limit_option
from syndicate.cli.options import Call, action_options, add_command, common_options
from syndicate.cli.output import attributes, say, table
from syndicate.jobs.admin.outgoing.event_actions import PostActions
from syndicate.model.actors import ActionResult, Change
from syndicate.store.events import post_store
from syndicate.store.events.post_store import DEFERRED, FAILED, PENDING, SENDING, SENT, UNCERTAIN

_STATES = (PENDING, DEFERRED, SENDING, SENT, FAILED, UNCERTAIN)


@click.group()
def posts() -> None:
    """List posts to other networks; resolve uncertain posts."""


@posts.command("list")
@common_options
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only posts in this state."
)
@limit_option(100, "posts")
def list_(call: Call, states: tuple[str, ...], limit: int) -> None:
    """Show networks that rest, and posts, the latest first."""
    with call.services() as services, services.store.read() as connection:
        found = post_store.list_posts(connection, states=states, limit=limit)
        resting = [each for each in post_store.read_targets(connection).values() if each.reason]
    names = "id state network channel attempts error changed story_id"
    rows = [attributes(post, names) | {"title": post.content["title"]} for post in found]
    rests = [attributes(each, "network reason rests_until") for each in resting]

    def text() -> None:
        for each in resting:
            say(f"{each.network} rests until {each.rests_until:%Y-%m-%d %H:%M} UTC: {each.reason}")
        headers = ("id", "state", "network", "attempts")
        shown = [(*(row[name] for name in headers), row["error"] or row["title"]) for row in rows]
        table((*headers, "said, or headline"), shown, right=(0, 3))
        if any(post.state == UNCERTAIN for post in found):
            say("Uncertain posts may stand there: look, then `posts arrived ID` or `posts resend ID`.")

    call.show({"posts": rows, "resting": rests}, text if rows or rests else "No posts.")


def _each(name: str, action: Callable[[PostActions, Change, int], ActionResult], text: str) -> None:
    """Add a command that does something to each of the posts that it names."""

    def run(call: Call, ids: tuple[int, ...]) -> None:
        with call.services() as services:
            done = [action(services.admin.posts, call.change, number).message for number in ids]
        call.show({"messages": done}, "\n".join(done))

    add_command(posts, name, text, run, click.argument("ids", type=ROW_NUMBER, nargs=-1, required=True))


_RESEND = "Send the uncertain or failed posts IDS again.\n\nThey may then stand there twice."
_each("resend", PostActions.resend, _RESEND)
_each("arrived", PostActions.mark_posted, "Count the uncertain posts IDS as sent.")


@posts.command()
@action_options
@click.argument("network")
def resume(call: Call, network: str) -> None:
    """Post again at once to a NETWORK that rests after a refusal."""
    with call.services() as services:
        done = services.admin.posts.resume(call.change, network)
    call.show({"message": done.message}, done.message)
