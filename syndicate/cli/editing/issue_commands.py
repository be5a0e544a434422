"""Command that writes a one-off issue from a Markdown file."""

from datetime import UTC, datetime
from typing import Any

import click

from syndicate.cli.arguments import ROW_NUMBER, newsletter_named
from syndicate.cli.options import Call, action_options
from syndicate.cli.output import attributes, say
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.newsletter.periods import read_zone
from syndicate.reports.newsletter_times import zone_of
from syndicate.text.phrases import local_time


@click.command()
@action_options
@click.option("--newsletter", help="The newsletter; needed if there are several.")
@click.option(
    "--segment", default="", help="Send it only to this segment: its name, or a query such as tag:vip."
)
@click.option("--public", is_flag=True, help="Show an issue for a segment on the site and in the feed, too.")
@click.option("--subject", default="", help="The subject, in place of the file's.")
@click.option("--at", default="", help="Send it at this time of the newsletter's zone: 2026-12-01T18:00.")
@click.option("--send", is_flag=True, help="Approve it at once.")
@click.option("--replace", "replaced", type=ROW_NUMBER, help="The id of a waiting issue to write anew.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def write(
    call: Call, newsletter: str | None, at: str, send: bool, replaced: int | None, file: str, **given: Any
) -> None:
    """Write a one-off issue from a Markdown FILE.

    "-" means standard input. The issue waits: `editions show` and `preview --edition` show it, and
    `editions approve` sends it.
    """
    if replaced and (newsletter or given["segment"] or given["public"] or at):
        raise click.UsageError("--replace changes the text only; write another issue for other readers.")
    with click.open_file(file, encoding="utf-8") as opened:
        try:
            text = opened.read()
        except UnicodeDecodeError as error:
            raise click.UsageError(f"{file} is not UTF-8. Save it in this encoding.") from error
    with call.services() as services:
        name, send_at = "", None
        if not replaced:
            letter = newsletter_named(services, newsletter, option="--newsletter")
            name, send_at = letter.name, _time(at, letter.time_zone, call.now) if at else None
        draft = IssueDraft(newsletter=name, text=text, send_at=send_at, replaced=replaced or 0, **given)
        number = int(services.commands.editions.write_issue(call.change, draft).id)
        checked = services.review.check(number)
        if send:
            services.commands.editions.approve(call.change, number)
        reviewed, content = services.review.edition(number)
        zone = zone_of(services, reviewed.edition.newsletter)
    planned = f" for {local_time(reviewed.approve_by, zone)}" if reviewed.approve_by else ""
    states = {
        "held": f"waits; `syndicate editions approve {number}` sends it{planned}",
        "waiting": f"is planned{planned}",
        "cut": "is approved; the next `deliver` sends it",
    }
    answer = {
        "edition": number,
        "subject": checked.rendered.subject,
        "stories": [story.title for story in content.stories],
        "said": [*map(str, checked.findings), *checked.trimmed],
        **attributes(reviewed, "state approve_by"),
    }
    for line in answer["said"] if not call.as_json else ():
        say(f"  {line}", err=True)
    call.show(answer, f"Issue {number} {states[reviewed.state]}: {checked.rendered.subject}")


def _time(written: str, zone: str, now: datetime) -> datetime:
    """Return the time of ``--at``; a time without an offset is in the newsletter's time zone."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise click.BadParameter(
            f"{written!r} is not a time such as 2026-12-01T18:00", param_hint="--at"
        ) from error
    at = at if at.tzinfo else at.replace(tzinfo=read_zone(zone))
    if at <= now:
        raise click.BadParameter(f"{written} is in the past", param_hint="--at")
    return at.astimezone(UTC)
