"""Commands with which an editor reviews editions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import ROW_NUMBER, limit_option, newsletter_named
from syndicate.cli.editing.issue_commands import write
from syndicate.cli.options import (
    Call,
    action_options,
    add_command,
    common_options,
    dry_run_option,
    timed_options,
)
from syndicate.cli.output import attributes, say, table
from syndicate.errors import ConfigError
from syndicate.jobs.admin.mailing.edition_actions import EditionActions
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model.actors import ActionResult
from syndicate.newsletter import edition_changes
from syndicate.reports.newsletter_times import zone_of
from syndicate.store.mail import delivery_counts, edition_figures, edition_store, message_store
from syndicate.text.phrases import listed_counts, local_time, plural

_FIGURES = {
    "recipients": ("recipient", "recipients"),
    "hard": ("hard bounce", "hard bounces"),
    "soft": ("soft bounce", "soft bounces"),
    "policy": ("refused by a policy",) * 2,
    "complaints": ("complaint", "complaints"),
    "unsubscribed": ("unsubscribed in the week after it",) * 2,
    "replies": ("reply", "replies"),
}


@click.group()
def editions() -> None:
    """Write and import issues; show, change, approve, hold and withdraw editions; correct sent editions.

    PLACE is a story's number in `show`. Every change is recorded with its author and time.
    """


editions.add_command(write)


def _review_command(name: str, values: str, run: Callable[..., None], help_text: str) -> None:
    """Add a command that changes an edition; ``values`` are the names of its further arguments."""
    arguments = [
        click.argument(value, type=int if value in ("place", "to") else str) for value in values.split()
    ]
    add_command(editions, name, help_text, run, click.argument("edition_id", type=ROW_NUMBER), *arguments)


@editions.command("list")
@common_options
@limit_option(20, "editions")
@click.argument("newsletter", required=False)
def list_(call: Call, limit: int, newsletter: str | None) -> None:
    """Show editions, newest first; with NEWSLETTER only its editions."""
    with call.services() as services, services.store.read() as connection:
        reports = edition_store.report_editions(connection, limit=limit, newsletter=newsletter)
        figures = edition_figures.read_figures(connection, [report.edition.id for report in reports])
        steps = [
            step for step in message_store.count_steps(connection) if newsletter in (None, step.newsletter)
        ]
        zones = {name: zone_of(services, name) for name in {report.edition.newsletter for report in reports}}
    rows = [
        {
            **attributes(report.edition, "id newsletter"),
            "period end (UTC)": f"{report.edition.period_end:%Y-%m-%d %H:%M}",
            "rev": report.edition.revision,
            "state": report.state,
            "stories": report.edition.stories,
            "sent": f"{report.deliveries.get('sent', 0)}/{sum(report.deliveries.values())}",
            **attributes(figures[report.edition.id], "bounced complaints left=unsubscribed"),
            "subject": report.edition.subject,
        }
        for report in reports
    ]
    answer = {
        "editions": rows,
        "messages": [attributes(step, "newsletter step state reason count") for step in steps],
    }

    def text() -> None:
        headers = ("id", "newsletter", "period end", "rev", "state", "items", "sent", "subject")
        shown = []
        for row, report in zip(rows, reports, strict=True):
            end = report.edition.period_end.astimezone(zones[report.edition.newsletter])
            is_imported = report.state == edition_store.IMPORTED
            lost = row["bounced"] + row["complaints"] + row["left"]
            cells = row | {
                "period end": f"{end:%d %b %Y}" if is_imported else f"{end:%d %b %H:%M %Z}",
                "items": row["stories"],
                "sent": row["sent"] + (f" -{lost}" if lost else ""),
            }
            shown.append(tuple(cells[name] for name in headers))
        table(headers, shown, right=(0, 3, 5))
        for (name, mail), of_mail in groupby(steps, attrgetter("newsletter", "step")):
            counts = {step.reason or step.state: step.count for step in of_mail}
            say(f"{name}, {mail} mail: {listed_counts(counts)}")

    call.show(answer, text if rows or steps else "No editions.")


@editions.command("import")
@timed_options
@dry_run_option
@click.option("--newsletter", default=None, help="The newsletter; needed when there are several.")
@click.option(
    "--old-site",
    default="",
    metavar="URL",
    help="Address of the old archive, for links to its pages and for the images of Ghost.",
)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def import_(call: Call, dry_run: bool, newsletter: str | None, old_site: str, path: Path) -> None:
    """Add old issues of another product to the archive.

    Nothing is sent. PATH is an export of Substack, Ghost, Mailchimp, Buttondown or listmonk, or a folder or
    ZIP archive of HTML, Markdown and .eml files. Issues of an earlier import stay unchanged. The import is a
    single transaction.
    """
    from syndicate.jobs.newsletter.issue_import import import_issue, read_export

    with call.services() as services:
        found = newsletter_named(services, newsletter, option="--newsletter")
        issues, left_out = read_export(path, found, old_site, call.now)
        with services.write(dry_run=dry_run) as connection:
            outcomes = ["imported" if import_issue(connection, found, issue) else "known" for issue in issues]
    rows = [
        (f"{issue.published:%Y-%m-%d}", outcome, issue.subject)
        for issue, outcome in zip(issues, outcomes, strict=True)
    ]
    counts = {**Counter(row[1] for row in rows), "left out": len(left_out)}
    answer = {
        "counts": counts,
        "issues": [dict(zip(("date", "outcome", "subject"), row, strict=True)) for row in rows],
        "left_out": [{"name": name, "reason": reason} for name, reason in left_out],
        "dry_run": dry_run,
    }

    def text() -> None:
        if rows:
            table(("date", "outcome", "subject"), rows)
        if left_out:
            table(("left out", "reason"), left_out)
        click.echo(f"{'Would be: ' if dry_run else ''}{listed_counts(counts)}.")

    call.show(answer, text)
    if not rows:
        raise SystemExit(1)


@editions.command("show")
@common_options
@click.argument("edition_id", type=ROW_NUMBER)
def show_(call: Call, edition_id: int) -> None:
    """Show an edition's stories, deliveries, figures and changes."""
    with call.services() as services:
        reviewed, content = services.review.edition(edition_id)
        changes = services.review.changes(edition_id)
        variants = services.review.variants(reviewed)
        with services.store.read() as connection:
            ids = [edition_id, *(variant.edition.id for variant in variants)]
            deliveries = delivery_counts.count_by_edition(connection, ids)
            figures = edition_figures.read_figures(connection, [edition_id])[edition_id]
        zone = zone_of(services, reviewed.edition.newsletter)
    stories = [
        (place, story.kind, story.source, story.title) for place, story in enumerate(content.stories, start=1)
    ]
    answer: dict[str, Any] = {
        **attributes(reviewed.edition, "edition=id newsletter revision subject web_url"),
        **attributes(reviewed, "state approve_by"),
        **attributes(content, "note correction"),
        "deliveries": deliveries.get(edition_id, {}),
        "announcements": [attributes(item, "name label link") for item in content.announcements],
        "figures": asdict(figures),
        "stories": [dict(zip(("place", "list", "source", "title"), row, strict=True)) for row in stories],
        "forms": [
            attributes(variant, "edition=edition.id state stories=edition.stories")
            | {"chosen": variant.edition.variant_key.replace("\n", " ")}
            | {"deliveries": deliveries.get(variant.edition.id, {})}
            for variant in variants
        ],
        "changes": [attributes(change, "by=changed_by action detail at=changed") for change in changes],
    }
    end = local_time(reviewed.edition.period_end, zone)
    if answer["state"] == edition_store.IMPORTED:
        end = f"{reviewed.edition.period_end.astimezone(zone):%a %d %b %Y}"
    call.show(answer, lambda: _print_edition(answer, end, zone))


def _print_edition(answer: dict[str, Any], end: str, zone: ZoneInfo) -> None:
    word = "until" if answer["state"] == "waiting" else "for"
    until = f" {word} {local_time(answer['approve_by'], zone)}" if answer["approve_by"] else ""
    if answer["subject"]:
        say(answer["subject"])
    say(f"{answer['newsletter']}, edition of {end}, {answer['state']}{until}")
    for name in ("correction", "note"):
        if answer[name]:
            say(f"{name.capitalize()}: {answer[name]}")
    if answer["stories"]:
        rows = [tuple(story.values()) for story in answer["stories"]]
        table(("place", "list", "source", "title"), rows, right=(0,))
    for item in answer["announcements"]:
        say(f"Announcement: {item['name']}" + (f" ({item['label']})" if item["label"] else ""))
    for variant in answer["forms"]:
        counts = _counts(variant["deliveries"])
        facts = f"{variant['state']}, {plural(variant['stories'], 'item')}, {counts}"
        say(f"Variant {variant['edition']} ({variant['chosen']}): {facts}")
    say(f"Deliveries{', variants included' if answer['forms'] else ''}: {_counts(answer['deliveries'])}")
    figures = {name: count for name, count in answer["figures"].items() if count}
    if figures:
        words = {_FIGURES.get(name, (name, name))[count != 1]: count for name, count in figures.items()}
        say(f"Figures: {listed_counts(words)}")
    for change in answer["changes"]:
        line = f"{change['by']}: {change['action']} {change['detail']}"
        say(f"{local_time(change['at'], zone)}  {line}".rstrip())


def _counts(deliveries: dict[str, int]) -> str:
    return listed_counts(dict(sorted(deliveries.items()))) or "no deliveries"


@editions.command("link")
@action_options
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 366), help="Validity of the link."
)
@click.option("--revoke", is_flag=True, help="Revoke every link of the newsletter instead.")
@click.argument("newsletter")
def link(call: Call, days: int, revoke: bool, newsletter: str) -> None:
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
        ends, by = call.now + timedelta(days=days), call.change.actor.name
        address = services.review_links.link(newsletter, by, ends)
    answer = {"newsletter": newsletter, "by": by, "address": address, "ends": ends}
    call.show(answer, address)


def _edit(name: str, values: str, edit: Callable[..., Any], help_text: str) -> None:
    """Add a command that changes the content of an edition."""

    def run(call: Call, edition_id: int, **given: Any) -> None:
        with call.services() as services:
            actions = services.commands.editions
            change = actions.add(edition_id, given["story"]) if "story" in given else partial(edit, **given)
            actions.edit(call.change, edition_id, change)
            checked = services.review.check(edition_id)
        _show_content(call, edition_id, checked)

    _review_command(name, values, run, help_text)


_TITLE = "Change the TITLE of the story at PLACE. PLACE 0 is the mail's subject."
_SUMMARY = "Set the summary of the story at PLACE.\n\nAn empty TEXT removes it."
_to_first_place = partial(edition_changes.move_story, to=1)
_edit("drop", "place", edition_changes.drop_story, "Remove the story at PLACE.")
_edit("add", "story", edition_changes.add_story, "Add a STORY: its number, or the address of its article.")
_edit("pin", "place", _to_first_place, "Move the story at PLACE to the first place.")
_edit("move", "place to", edition_changes.move_story, "Move the story at PLACE to the place TO.")
_edit("retitle", "place title", edition_changes.retitle, _TITLE)
_edit("summary", "place text", edition_changes.summarise, _SUMMARY)
_edit("note", "text", edition_changes.add_note, "Set the note above the stories; an empty TEXT removes it.")


def _approve(call: Call, edition_id: int) -> None:
    result = _act(call, EditionActions.approve, edition_id)
    warnings = (result.facts or {}).get("warnings", 0)
    advice = f"; see `syndicate lint --edition {edition_id}`" if warnings else ""
    _show_state(call, edition_id, "approved", f"approved, with {plural(warnings, 'warning')}{advice}")


def _correct(call: Call, edition_id: int, text: str) -> None:
    revision = int(_act(call, EditionActions.correct, edition_id, text).id)
    _show_state(call, revision, "held", f"is the correction of {edition_id}; approve it to send it")


def _stop(name: str, action: Callable[..., ActionResult], state: str, said: str, help_text: str) -> None:
    """Add a command that brings an edition into a state in which it is not sent."""

    def run(call: Call, edition_id: int) -> None:
        _act(call, action, edition_id)
        _show_state(call, edition_id, state, said)

    _review_command(name, "", run, help_text)


_BACK = "Take an approval back before any mail has left."
_WITHDRAW = "Never send this edition."
_HOLD = "Remove the deadline: the edition waits for approval."
_CORRECT = """Begin a correction of a sent edition. TEXT explains the mistake.

The correction waits for approval and can be changed like any edition. It is sent to the edition's
readers, and replaces the edition in the archive and the feed.
"""
_review_command("approve", "", _approve, "Approve an edition for sending. Errors of `lint` prevent it.")
_stop("take-back", EditionActions.undo_approval, "held", "held again; nothing was sent", _BACK)
_stop("hold", EditionActions.hold, "held", "held until an editor approves it", _HOLD)
_stop("withdraw", EditionActions.withdraw, "withdrawn", "withdrawn; it is never sent", _WITHDRAW)
_review_command("correct", "text", _correct, _CORRECT)


def _act(call: Call, action: Callable[..., ActionResult], edition_id: int, *values: str) -> ActionResult:
    with call.services() as services:
        return action(services.commands.editions, call.change, edition_id, *values)


def _show_content(call: Call, edition_id: int, checked: CheckedEdition) -> None:
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
