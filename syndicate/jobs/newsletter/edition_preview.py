"""Mail of the next edition, or of a stored edition, before it is sent; and its test send."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.delivery.outgoing import Message, OutgoingMail, Sender, send_one
from syndicate.jobs.newsletter.edition_job import EditionJob
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import EVERY_EDITION, Edition, Newsletter
from syndicate.newsletter.periods import Period, period_at
from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.newsletter.story_views import TOKEN
from syndicate.store.mail.edition_store import new_edition

# No valid unsubscribe token: the link of a preview leads to an error page.
PREVIEW_TOKEN = "preview"  # noqa: S105
_READER = "preview@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMail:
    """Edition as it would be sent, and its raw ``message`` to a recipient.

    ``is_sample`` is true for invented stories, in place of an edition that has none yet.
    """

    edition: Edition
    message: bytes
    checked: CheckedEdition
    is_sample: bool = False

    @property
    def html(self) -> str:
        """HTML part with the token of previews."""
        return self.edition.html.replace(TOKEN, PREVIEW_TOKEN)

    @property
    def text(self) -> str:
        """Text part with the token of previews."""
        return self.edition.text.replace(TOKEN, PREVIEW_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPreviewer:
    """Renderer of mails before they are sent. ``mail`` returns the options of a newsletter's mails."""

    editions: EditionJob
    mail: Callable[[str], MailOptions]
    sender: Callable[[], Sender]

    def next(
        self, newsletter: Newsletter, now: datetime, recipient: str = _READER, *, sample: bool = False
    ) -> PreviewedMail | None:
        """Return the edition of the current period; without stories a ``sample``, or ``None``."""
        period = period_at(newsletter, now)
        draft = self.editions.draft(newsletter, period, now)
        is_sample = draft.checked is None and sample
        if is_sample:
            renderer = self.editions.review.renderer
            draft = renderer.draft(newsletter, period, sample_stories(now), check_links=False)
        if draft.checked is None:
            return None
        checked = draft.checked
        edition = unsent_edition(newsletter, period, checked.rendered, checked.web_url)
        edition = replace(edition, stories=len(draft.stories))
        message = self._message(edition, recipient, now)
        return PreviewedMail(edition=edition, message=message, checked=checked, is_sample=is_sample)

    def stored(self, edition_id: int, now: datetime, recipient: str = _READER) -> PreviewedMail:
        """Return a stored edition as it would be sent now."""
        review = self.editions.review
        edition, checked = review.edition(edition_id)[0].edition, review.check(edition_id)
        subject, html, text = checked.parts
        edition = replace(edition, subject=subject, html=html, text=text, web_url=checked.web_url)
        return PreviewedMail(edition=edition, message=self._message(edition, recipient, now), checked=checked)

    def send(self, mail: PreviewedMail, recipient: str) -> None:
        """Send a mail to a mailbox, as a test; nothing is recorded. Raises ``MailError``."""
        options = self.mail(mail.edition.newsletter)
        sender = options.bounce_address or options.sender_address
        message = Message.of(mail.message)
        send_one(
            self.sender(), OutgoingMail(key=0, sender=sender, recipient=recipient, render=lambda: message)
        )

    def _message(self, edition: Edition, recipient: str, now: datetime) -> bytes:
        options = replace(self.mail(edition.newsletter), web_url=edition.web_url)
        template = MessageTemplate.build(replace(edition, cut_at=now), options)
        message_id = f"<preview.{now:%Y%m%d%H%M%S%f}@{options.domain}>"
        return bytes(template.for_subscriber(recipient, PREVIEW_TOKEN, message_id))


def unsent_edition(
    newsletter: Newsletter, period: Period, rendered: RenderedEdition, web_url: str
) -> Edition:
    """Return a rendered edition that is not stored, to make its message."""
    parts = {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}
    span = period.start, period.end
    return new_edition(newsletter.name, EVERY_EDITION, span, **parts, stories=1, web_url=web_url)
