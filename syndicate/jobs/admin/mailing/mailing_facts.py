"""Facts of the configuration that the pages of deliveries and subscribers show."""

from collections.abc import Sequence
from dataclasses import dataclass

from syndicate.audience.fields import SubscriberField
from syndicate.jobs.admin.mailing.held_files import HeldFiles
from syndicate.model import Newsletter


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingFacts:
    """Newsletters, subscribers' fields, segments, the domain of Message-IDs, and [mail] rate.

    ``rate`` is in mails a minute, 0 without a limit. ``held`` keeps uploaded lists of subscribers.
    """

    newsletters: Sequence[Newsletter]
    fields: tuple[SubscriberField, ...]
    segments: tuple[str, ...]
    mail_domain: str
    rate: float
    held: HeldFiles

    @property
    def titles(self) -> dict[str, str]:
        """Return the titles of the newsletters by name."""
        return {newsletter.name: newsletter.title for newsletter in self.newsletters}

    def newsletter(self, name: str) -> Newsletter | None:
        """Return a newsletter by its name."""
        return next((known for known in self.newsletters if known.name == name), None)
