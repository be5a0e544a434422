"""Commands that list, pause and resume newsletters, and make their sign-up forms."""

from typing import Any

import click

from syndicate.cli.arguments import NO_NEWSLETTER, newsletter_named
from syndicate.cli.editing.channel_commands import add_editing
from syndicate.cli.options import Call, add_command, config_option, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.errors import ConfigError
from syndicate.jobs.admin.needs import MISSED_SHOWN
from syndicate.jobs.audience.sign_up_job import TRAPPED
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period, read_zone
from syndicate.reports.newsletter_times import next_editions
from syndicate.store.leases import leases
from syndicate.store.mail import period_store
from syndicate.store.subscribers import audience_store
from syndicate.text.phrases import local_time

_FIELDS = (
    click.option("--title", help="The title."),
    click.option("--schedule", help='When: "daily 07:00", "weekdays 18:00", "weekly friday 08:00".'),
    click.option("--time-zone", help="The zone of the schedule, such as Europe/Lisbon."),
    click.option("--query", help="The articles to choose from, in the language of channels."),
    click.option("--stories", type=int, help="Maximum number of stories."),
    click.option("--trending", type=int, help="Number of trending stories after them."),
    click.option("--language", help="The language, such as en."),
    click.option("--description", help="The description on the sign-up page."),
    click.option("--approval", help="The time that an edition waits for an editor, such as 2h."),
    click.option("--address", help="Its own postal address; default: [mail] address."),
)


@click.group()
def newsletters() -> None:
    """List, add, change, pause and resume newsletters. Make sign-up forms for other sites."""


@newsletters.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show newsletters, next editions, subscribers."""
    with call.services() as services:
        at, known = call.now, tuple(services.newsletters)
        next_by_name = next_editions(services, at)
        waiting = waiting_periods(services.store, known, at)
        with services.store.read() as connection:
            counts = audience_store.count_subscriptions_by_state(connection)
            missed = period_store.missed_periods(connection, since=at - MISSED_SHOWN)
            trapped = leases.read_counter(connection, TRAPPED)
    answer = [
        {
            **attributes(newsletter, "name title schedule time_zone"),
            "paused": newsletter.name not in next_by_name,
            "next_edition": next_by_name.get(newsletter.name),
            "subscribers": counts.get(newsletter.name, {}).get("confirmed", 0),
            "gathering": gathering_answer(*waiting[newsletter.name]) if newsletter.name in waiting else None,
            "missed": missed.get(newsletter.name, []),
        }
        for newsletter in known
    ]

    def text() -> None:
        _print(answer)
        if trapped:
            say(f"Ignored sign-ups of programs: {trapped}")

    call.show({"newsletters": answer, "trapped_sign_ups": trapped}, text)


def _turn(command: str, outcome: str, text: str, help_text: str) -> None:
    """Add the command that pauses or resumes a newsletter."""

    def run(call: Call, name: str) -> None:
        with call.services() as services:
            newsletter_named(services, name)
            result = getattr(services.commands.newsletters, command)(call.change, name)
        call.show_change(name, outcome, text, result.is_change)

    add_command(newsletters, command, help_text, run, click.argument("name"))


_PAUSE = "Cut no edition of NAME until it is resumed. Pending deliveries are still sent."
_RESUME = "Cut editions of NAME again. Editions of the pause are not made up for."
_turn("pause", "paused", "is paused", _PAUSE)
_turn("resume", "resumed", "is running again", _RESUME)


add_editing(
    newsletters,
    _FIELDS,
    lambda services: services.commands.newsletters,
    add="Add the newsletter NAME to the store. Its first edition is the next of its schedule.",
    edit="Change an added newsletter.",
    remove="Remove an added newsletter. Its subscribers and editions stay.",
)


@newsletters.command()
@config_option
@click.option("--source", default="", help="Name of the form for the record of consent.")
@click.option("--next", "next_url", default="", metavar="URL", help="Page to show after the request.")
@click.argument("names", metavar="NAME", nargs=-1, required=True)
def form(call: Call, source: str, next_url: str, names: tuple[str, ...]) -> None:
    """Print a sign-up form for newsletters NAME as HTML. Paste it into a page of another site."""
    with call.services() as services:
        chosen = [newsletter_named(services, name).name for name in names]
        if services.sign_ups is None:
            raise ConfigError("There is no sign-up page. Set [sign_up] enabled and [web] listen first.")
        frame, options = services.site_frame(), services.sign_ups.options
        views = [view for view in frame.newsletters if view.name in chosen]
        context = {"site": frame.pages.site, "views": views, "source": source, "next_url": next_url}
        click.echo(services.templates.render("pages/plain_form.html", **context))
    if options.proof_of_work or not options.origins:
        note = "proof_of_work is set" if options.proof_of_work else "origins does not name the other site"
        click.echo(f"note: [sign_up] {note}, so the form only fills in the sign-up page.", err=True)


def gathering_answer(period: Period, gathered: Gathered) -> dict[str, Any]:
    """Return the JSON form of a due period that waits for its sources."""
    counts = attributes(gathered, "unread_sources=unread unplaced_articles=unplaced")
    return {"period_end": period.end, **counts, "reason": str(gathered)}


def _print(answer: list[dict[str, Any]]) -> None:
    if not answer:
        say(NO_NEWSLETTER)
        return
    rows = [
        (
            newsletter["name"],
            newsletter["schedule"],
            "paused"
            if newsletter["paused"]
            else local_time(newsletter["next_edition"], read_zone(newsletter["time_zone"])),
            newsletter["subscribers"],
            newsletter["title"],
        )
        for newsletter in answer
    ]
    table(("name", "schedule", "next edition", "subscribers", "title"), rows, right=(3,))
    for newsletter in answer:
        zone = read_zone(newsletter["time_zone"])
        if gathering := newsletter["gathering"]:
            end = local_time(gathering["period_end"], zone)
            say(f"{newsletter['name']}: edition of {end} waits: {gathering['reason']}")
        for end in newsletter["missed"]:
            say(f"{newsletter['name']}: edition of {local_time(end, zone)} was missed")
