"""Commands that write the next edition to disk, or send it to a mailbox."""

from datetime import datetime
from pathlib import Path

import click

from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import ROW_NUMBER, newsletter_named
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import say
from syndicate.errors import SyndicateError
from syndicate.files import write_atomic
from syndicate.jobs.newsletter.edition_preview import PreviewedMail
from syndicate.newsletter.periods import period_at, read_zone
from syndicate.services import Services
from syndicate.text.phrases import local_time, plural

_edition_option = click.option(
    "--edition", "edition_id", type=ROW_NUMBER, help="The id of an edition instead."
)


@click.command()
@timed_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("preview"),
    show_default=True,
    help="The folder of the files.",
)
@_edition_option
@click.argument("newsletter", required=False)
def preview(call: Call, out: Path, edition_id: int | None, newsletter: str | None) -> None:
    """Write the next edition of a NEWSLETTER as HTML, text and raw message; send nothing."""
    with call.services() as services:
        found = _draft(services, newsletter, call.now, edition_id)
        draft, newsletter = found.edition, found.edition.newsletter
        files = {
            f"{newsletter}.html": found.html.encode(),
            f"{newsletter}.txt": found.text.encode(),
            f"{newsletter}.eml": found.message,
        }
        paths = [out / name for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            write_atomic(path, data)
    answer = {
        "newsletter": newsletter,
        "subject": draft.subject,
        "stories": draft.stories,
        "files": [str(path) for path in paths],
    }

    def text() -> None:
        say(f"{draft.subject} ({plural(draft.stories, 'item')})")
        for path in paths:
            click.echo(f"  {path}")

    call.show(answer, text)


@click.command()
@timed_options
@click.option("--test", "address", required=True, help="The address of the mailbox.")
@_edition_option
@click.argument("newsletter", required=False)
def send(call: Call, address: str, edition_id: int | None, newsletter: str | None) -> None:
    """Send the next edition of a NEWSLETTER to a mailbox, as a test.

    Subscribers get nothing, and no edition is recorded.
    """
    recipient = normalise_address(address).display
    with call.services() as services:
        found = _draft(services, newsletter, call.now, edition_id, recipient)
        services.previewer.send(found, recipient)
    draft = found.edition
    answer = {"newsletter": draft.newsletter, "address": recipient, "subject": draft.subject}
    call.show(answer, lambda: say(f"Sent to {recipient}: {draft.subject}"))


def _draft(
    services: Services,
    name: str | None,
    now: datetime,
    edition_id: int | None,
    recipient: str = "preview@example.com",
) -> PreviewedMail:
    """Return the stored edition, or the edition of the current period, and its message to a reader."""
    if edition_id:
        return services.previewer.stored(edition_id, now, recipient)
    newsletter = newsletter_named(services, name)
    found = services.previewer.next(newsletter, now, recipient)
    if found is None:
        start = period_at(newsletter, now).start
        raise SyndicateError(
            f"the next edition of {newsletter.name} has no stories yet: "
            f"nothing new since {local_time(start, read_zone(newsletter.time_zone))}"
        )
    for problem in (*found.checked.errors, *found.checked.trimmed):
        say(f"  {problem}", err=True)
    return found
