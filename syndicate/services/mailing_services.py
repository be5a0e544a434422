"""Services of the actions on editions, deliveries and subscribers."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from syndicate.services.outgoing_services import OutgoingServices

if TYPE_CHECKING:
    from syndicate.jobs.admin.mailing.delivery_actions import DeliveryActions
    from syndicate.jobs.admin.mailing.edition_actions import EditionActions
    from syndicate.jobs.admin.mailing.review_links import ReviewLinks
    from syndicate.jobs.admin.mailing.subscriber_actions import SubscriberActions


class MailingServices(OutgoingServices):
    """Adds the actions on editions, deliveries and subscribers."""

    @cached_property
    def edition_actions(self) -> EditionActions:
        """Actions of editors on editions."""
        from syndicate.jobs.admin.mailing.edition_actions import EditionActions

        return EditionActions(
            review=self.review,
            issues=self.issues,
            previewer=self.previewer,
            take_back=timedelta(seconds=self.settings.admin.take_back),
        )

    @cached_property
    def delivery_actions(self) -> DeliveryActions:
        """Actions on deliveries."""
        from syndicate.jobs.admin.mailing.delivery_actions import DeliveryActions

        return DeliveryActions(store=self.store)

    @cached_property
    def subscriber_actions(self) -> SubscriberActions:
        """Actions on subscribers."""
        from syndicate.jobs.admin.mailing.subscriber_actions import SubscriberActions
        from syndicate.services.mail_services import preferences_link

        return SubscriberActions(
            store=self.store,
            newsletters=self.newsletters,
            sign_up=self.sign_ups.options if self.sign_ups else None,
            outbox=self.settings.path(self.settings.mail.folder),
            send_choices=self._send_choices if preferences_link(self.settings) else None,
        )

    def _send_choices(self, newsletter: str, token: str, address: str) -> None:
        """Mail the link to a subscriber's page of choices, in plain text."""
        from syndicate.delivery.plain_mail import send_plain_mail
        from syndicate.newsletter.story_views import TOKEN
        from syndicate.services.mail_services import preferences_link

        options, link = self.mail_options(newsletter), preferences_link(self.settings).replace(TOKEN, token)
        send_plain_mail(
            self.sender(),
            (options.sender_name, options.sender_address),
            address,
            f"Your choices: {options.newsletter_title}",
            f"Choose what you get from {options.newsletter_title}, or unsubscribe:\n\n{link}\n",
            envelope=options.bounce_address,
        )

    @cached_property
    def review_links(self) -> ReviewLinks | None:
        """Review of editions behind a signed link, or ``None`` without a web server."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.admin.mailing.review_links import ReviewLinks

        return ReviewLinks(store=self.store, actions=self.edition_actions, site_url=self.settings.site.url)
