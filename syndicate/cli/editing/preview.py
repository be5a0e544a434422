"""Commands that write the next edition to disk, or send it to a mailbox."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from syndicate.audience.mailbox_address import normalise_address
from syndicate.cli.arguments import newsletter_named
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import say
from syndicate.delivery.message import MessageTemplate
from syndicate.delivery.outgoing import Message, OutgoingMail, send_one
from syndicate.errors import SyndicateError
from syndicate.files import write_atomic
from syndicate.model import Edition
from syndicate.newsletter.periods import period_at, read_zone
from syndicate.newsletter.story_views import TOKEN
from syndicate.reports.phrases import local_time, plural
from syndicate.services import Services
from syndicate.services.edition_rendering import unsent_edition

# No valid unsubscribe token: the link of a preview leads to an error page.
PREVIEW_TOKEN = "preview"  # noqa: S105


@click.command()
@timed_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("preview"),
    show_default=True,
    help="The folder of the files.",
)
@click.argument("newsletter")
def preview(call: Call, out: Path, newsletter: str) -> None:
    """Write the next edition of a NEWSLETTER as HTML, text and raw message; send nothing."""
    with call.services() as services:
        draft, message = _draft(services, newsletter, call.now)
        files = {
            f"{newsletter}.html": _shown(draft.html),
            f"{newsletter}.txt": _shown(draft.text),
            f"{newsletter}.eml": message,
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
        say(f"{draft.subject} ({plural(draft.stories, 'story')})")
        for path in paths:
            click.echo(f"  {path}")

    call.show(answer, text)


@click.command()
@timed_options
@click.option("--test", "address", required=True, help="The address of the mailbox.")
@click.argument("newsletter", required=False)
def send(call: Call, address: str, newsletter: str | None) -> None:
    """Send the next edition of a NEWSLETTER to a mailbox, as a test.

    Subscribers get nothing, and no edition is recorded.
    """
    recipient = normalise_address(address).display
    with call.services() as services:
        newsletter = newsletter_named(services, newsletter).name
        draft, message = _draft(services, newsletter, call.now, recipient)
        options = services.mail_options(newsletter)
        sender = options.bounce_address or options.sender_address
        send_one(
            services.sender(),
            OutgoingMail(key=0, sender=sender, recipient=recipient, render=lambda: Message.of(message)),
        )
    answer = {"newsletter": newsletter, "address": recipient, "subject": draft.subject}
    call.show(answer, lambda: say(f"Sent to {recipient}: {draft.subject}"))


def _draft(
    services: Services, name: str, now: datetime, recipient: str = "preview@example.com"
) -> tuple[Edition, bytes]:
    """Return the edition of the current period, and its message to a reader."""
    newsletter = newsletter_named(services, name)
    draft = services.editions.draft(newsletter, period_at(newsletter, now), now)
    if draft.checked is None:
        raise SyndicateError(
            f"the next edition of {name} has no stories yet: "
            f"nothing new since {local_time(draft.period.start, read_zone(newsletter.time_zone))}"
        )
    for problem in (*draft.problems, *draft.checked.trimmed):
        say(f"  {problem}", err=True)
    edition = unsent_edition(newsletter, draft.period, draft.checked.rendered, draft.checked.web_url)
    edition = replace(edition, cut_at=now, stories=len(draft.stories))
    options = replace(services.mail_options(name), web_url=edition.web_url)
    message_id = f"<preview.{now:%Y%m%d%H%M%S%f}@{options.domain}>"
    template = MessageTemplate.build(edition, options, services.dkim_keys)
    return edition, bytes(template.for_subscriber(recipient, PREVIEW_TOKEN, message_id))


def _shown(text: str) -> bytes:
    return text.replace(TOKEN, PREVIEW_TOKEN).encode("utf-8")
