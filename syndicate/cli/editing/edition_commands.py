"""Commands with which an editor reviews editions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import ROW_NUMBER, by_option, limit_option, newsletter_named
from syndicate.cli.options import Call, common_options, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.errors import ConfigError
from syndicate.jobs.newsletter.edition_review import ReviewService
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.reports.newsletter_times import zone_of
from syndicate.reports.phrases import listed_counts, local_time, plural
from syndicate.store.mail import edition_store


@click.group()
def editions() -> None:
    """Show, change, approve, hold and withdraw editions; correct sent editions.

    PLACE is a story's number in `show`. Every change is recorded with its author and time.
    """


def _review_command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator for a command that changes an edition, with the options that they share."""

    def wrap(function: Callable[..., Any]) -> click.Command:
        wrapped = click.argument("edition_id", type=ROW_NUMBER)(function)
        return editions.command(name)(timed_options(by_option(wrapped)))

    return wrap


@editions.command("list")
@common_options
@limit_option(20, "editions")
@click.argument("newsletter", required=False)
def list_(call: Call, limit: int, newsletter: str | None) -> None:
    """Show editions, newest first; with NEWSLETTER only its editions."""
    with call.services() as services, services.store.read() as connection:
        reports = edition_store.report_editions(connection, limit=limit, newsletter=newsletter)
    headers = ("id", "newsletter", "period end (UTC)", "rev", "state", "stories", "sent", "subject")
    rows = [
        (
            report.edition.id,
            report.edition.newsletter,
            f"{report.edition.period_end:%Y-%m-%d %H:%M}",
            report.edition.revision,
            report.state,
            report.edition.stories,
            f"{report.deliveries.get('sent', 0)}/{sum(report.deliveries.values())}",
            report.edition.subject,
        )
        for report in reports
    ]
    answer = {"editions": [dict(zip(headers, row, strict=True)) for row in rows]}

    def text() -> None:
        editions = [report.edition for report in reports]
        ends = [item.period_end.astimezone(zone_of(services, item.newsletter)) for item in editions]
        shown = [(*row[:2], f"{end:%d %b %H:%M %Z}", *row[3:]) for row, end in zip(rows, ends, strict=True)]
        table((*headers[:2], "period end", *headers[3:]), shown, right=(0, 3, 5))

    call.show(answer, text if rows else "No editions.")


@editions.command("show")
@common_options
@click.argument("edition_id", type=ROW_NUMBER)
def show_(call: Call, edition_id: int) -> None:
    """Show an edition's stories, deliveries and changes."""
    with call.services() as services:
        reviewed, content = services.review.edition(edition_id)
        changes = services.review.changes(edition_id)
        variants = services.review.variants(reviewed)
        with services.store.read() as connection:
            ids = [edition_id, *(variant.edition.id for variant in variants)]
            deliveries = edition_store.count_by_edition(connection, ids)
    stories = [
        (place, story.kind, story.source, story.title) for place, story in enumerate(content.stories, start=1)
    ]
    answer: dict[str, Any] = {
        **attributes(reviewed.edition, "edition=id newsletter revision subject web_url"),
        **attributes(reviewed, "state approve_by"),
        **attributes(content, "note correction"),
        "deliveries": deliveries.get(edition_id, {}),
        "stories": [dict(zip(("place", "list", "source", "title"), row, strict=True)) for row in stories],
        "forms": [
            attributes(variant, "edition=edition.id state stories=edition.stories")
            | {"chosen": variant.edition.variant_key.replace("\n", " ")}
            | {"deliveries": deliveries.get(variant.edition.id, {})}
            for variant in variants
        ],
        "changes": [attributes(change, "by=changed_by action detail at=changed") for change in changes],
    }

    zone = zone_of(services, reviewed.edition.newsletter)
    end = local_time(reviewed.edition.period_end, zone)
    call.show(answer, lambda: _print_edition(answer, end, zone))


def _print_edition(answer: dict[str, Any], end: str, zone: ZoneInfo) -> None:
    until = f" until {local_time(answer['approve_by'], zone)}" if answer["approve_by"] else ""
    if answer["subject"]:
        say(answer["subject"])
    say(f"{answer['newsletter']}, edition of {end}, {answer['state']}{until}")
    for name in ("correction", "note"):
        if answer[name]:
            say(f"{name.capitalize()}: {answer[name]}")
    if answer["stories"]:
        rows = [tuple(story.values()) for story in answer["stories"]]
        table(("place", "list", "source", "title"), rows, right=(0,))
    for variant in answer["forms"]:
        counts = _counts(variant["deliveries"])
        facts = f"{variant['state']}, {plural(variant['stories'], 'story')}, {counts}"
        say(f"Variant {variant['edition']} ({variant['chosen']}): {facts}")
    say(f"Deliveries{', variants included' if answer['forms'] else ''}: {_counts(answer['deliveries'])}")
    for change in answer["changes"]:
        line = f"{change['by']}: {change['action']} {change['detail']}"
        say(f"{local_time(change['at'], zone)}  {line}".rstrip())


def _counts(deliveries: dict[str, int]) -> str:
    return listed_counts(dict(sorted(deliveries.items()))) or "no deliveries"


@editions.command("link")
@timed_options
@by_option
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 366), help="Validity of the link."
)
@click.option("--revoke", is_flag=True, help="Revoke every link of the newsletter instead.")
@click.argument("newsletter")
def link(call: Call, by: str, days: int, revoke: bool, newsletter: str) -> None:
    """Print a link with which an editor reviews a NEWSLETTER.

    The page offers all commands of `editions`. Any person with the link can use them under the name
    given with --by.
    """
    with call.services() as services:
        if services.review_links is None:
            raise ConfigError("There are no review links while [web] listen is empty. Set it first.")
        newsletter_named(services, newsletter)
        if revoke:
            services.review_links.revoke(newsletter)
            text = f"Every review link of {newsletter} is revoked."
            call.show({"newsletter": newsletter, "revoked": True}, text)
            return
        ends = call.now + timedelta(days=days)
        address = services.review_links.link(newsletter, by, ends)
    answer = {"newsletter": newsletter, "by": by, "address": address, "ends": ends}
    call.show(answer, address)


@_review_command("drop")
@click.argument("place", type=int)
def _drop(call: Call, edition_id: int, by: str, place: int) -> None:
    """Remove the story at PLACE."""
    _change(call, ReviewService.drop, edition_id, place, by=by)


@_review_command("pin")
@click.argument("place", type=int)
def _pin(call: Call, edition_id: int, by: str, place: int) -> None:
    """Move the story at PLACE to the first place."""
    _change(call, ReviewService.move, edition_id, place, 1, by=by)


@_review_command("move")
@click.argument("place", type=int)
@click.argument("to", type=int)
def _move(call: Call, edition_id: int, by: str, place: int, to: int) -> None:
    """Move the story at PLACE to the place TO."""
    _change(call, ReviewService.move, edition_id, place, to, by=by)


@_review_command("retitle")
@click.argument("place", type=int)
@click.argument("title")
def _retitle(call: Call, edition_id: int, by: str, place: int, title: str) -> None:
    """Change the TITLE of the story at PLACE. PLACE 0 is the mail's subject."""
    _change(call, ReviewService.retitle, edition_id, place, title, by=by)


@_review_command("note")
@click.argument("text")
def _note(call: Call, edition_id: int, by: str, text: str) -> None:
    """Set the note above the stories; an empty TEXT removes it."""
    _change(call, ReviewService.note, edition_id, text, by=by)


@_review_command("approve")
def _approve(call: Call, edition_id: int, by: str) -> None:
    """Approve an edition for sending. Errors of `lint` prevent it."""
    with call.services() as services:
        warnings = services.review.approve(edition_id, by=by, now=call.now)
    _show_state(call, edition_id, "approved", f"approved, with {plural(warnings, 'warning')}")


@_review_command("hold")
def _hold(call: Call, edition_id: int, by: str) -> None:
    """Remove the deadline: the edition waits for approval."""
    with call.services() as services:
        services.review.hold(edition_id, by=by, now=call.now)
    _show_state(call, edition_id, "held", "held until an editor approves it")


@_review_command("withdraw")
def _withdraw(call: Call, edition_id: int, by: str) -> None:
    """Never send this edition."""
    with call.services() as services:
        services.review.withdraw(edition_id, by=by, now=call.now)
    _show_state(call, edition_id, "withdrawn", "withdrawn; it is never sent")


@_review_command("correct")
@click.argument("text")
def _correct(call: Call, edition_id: int, by: str, text: str) -> None:
    """Begin a correction of a sent edition. TEXT explains the mistake.

    The correction waits for approval and can be changed like any edition. It is sent to the edition's
    readers, and replaces the edition in the archive and the feed.
    """
    with call.services() as services:
        revision = services.review.correct(edition_id, text, by=by, now=call.now)
    _show_state(call, revision, "held", f"is the correction of {edition_id}; approve it to send it")


def _change(
    call: Call, change: Callable[..., CheckedEdition], edition_id: int, *values: int | str, by: str
) -> None:
    with call.services() as services:
        checked = change(services.review, edition_id, *values, by=by, now=call.now)
    titles = [story.title for story in checked.content.stories]
    findings = [*map(str, checked.findings), *checked.trimmed]
    answer = {"edition": edition_id, "subject": checked.rendered.subject, "stories": titles, "said": findings}

    def text() -> None:
        click.echo(checked.rendered.subject)
        for place, title in enumerate(titles, start=1):
            click.echo(f"{place:3}  {title}")
        for line in findings:
            say(f"  {line}", err=True)

    call.show(answer, text)


def _show_state(call: Call, edition_id: int, state: str, text: str) -> None:
    call.show({"edition": edition_id, "state": state}, f"Edition {edition_id} {text}.")
