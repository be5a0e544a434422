"""Actions of operators that most commands call: no module of pages or stories is imported for them."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from syndicate.jobs.admin.mailing.delivery_actions import DeliveryActions
from syndicate.jobs.admin.outgoing.channel_actions import ChannelActions
from syndicate.jobs.admin.outgoing.channel_views import ChannelViews
from syndicate.services.declared import access_of, newsletter_of
from syndicate.services.mail_services import preferences_link
from syndicate.services.stored_declarations import channel_from, newsletter_from

if TYPE_CHECKING:
    from syndicate.jobs.admin.mailing.edition_actions import EditionActions
    from syndicate.jobs.admin.mailing.subscriber_actions import SubscriberActions
    from syndicate.jobs.admin.outgoing.newsletter_actions import NewsletterActions
    from syndicate.jobs.admin.sources.source_actions import SourceActions
    from syndicate.services.admin_services import AdminServices


class CommandJobs:
    """Actions on sources, channels, newsletters, editions, deliveries and subscribers."""

    def __init__(self, services: AdminServices) -> None:
        self._services, self.store, settings = services, services.store, services.settings
        names = {name: known.name for known in settings.channels for name in (known.name, *known.moved_from)}
        read = partial(channel_from, settings)
        self.channels = ChannelActions(
            store=self.store,
            declared=names,
            places=services.places("channels"),
            read=read,
            networks=frozenset(network.name for network in settings.networks),
        )
        self.channel_views = ChannelViews(
            store=self.store, channels=services.channels, declared=names, read=read
        )
        self.deliveries = DeliveryActions(store=self.store)

    @cached_property
    def sources(self) -> SourceActions:
        """Actions on sources."""
        from syndicate.jobs.admin.sources.source_actions import SourceActions

        read_access = partial(access_of, base=self._services.settings.base)
        places = self._services.places("sources")
        return SourceActions(store=self.store, read_access=read_access, places=places)

    @cached_property
    def subscribers(self) -> SubscriberActions:
        """Actions on subscribers."""
        from syndicate.jobs.admin.mailing.subscriber_actions import SubscriberActions

        services, settings = self._services, self._services.settings
        return SubscriberActions(
            store=self.store,
            newsletters=services.newsletters,
            sign_up=services.sign_ups.options if services.sign_ups else None,
            outbox=settings.path(settings.mail.folder),
            send_choices=partial(_send_choices, services) if preferences_link(settings) else None,
        )

    @cached_property
    def newsletters(self) -> NewsletterActions:
        """Actions on newsletters."""
        from syndicate.jobs.admin.outgoing.newsletter_actions import NewsletterActions

        settings = self._services.settings
        return NewsletterActions(
            store=self.store,
            declared={known.name: newsletter_of(settings, known) for known in settings.newsletters},
            places=self._services.places("newsletters"),
            read=partial(newsletter_from, settings),
            previewer=self._services.previewer,
            segments_of=self._services.segments_of,
        )

    @cached_property
    def editions(self) -> EditionActions:
        """Actions of editors on editions."""
        from syndicate.jobs.admin.mailing.edition_actions import EditionActions

        return EditionActions(
            review=self._services.review,
            issues=self._services.issues,
            previewer=self._services.previewer,
            take_back=timedelta(seconds=self._services.settings.admin.take_back),
        )


def _send_choices(services: AdminServices, newsletter: str, token: str, address: str) -> None:
    """Mail the link to a subscriber's page of choices, in plain text."""
    from syndicate.delivery.plain_mail import send_plain_mail
    from syndicate.newsletter.story_views import TOKEN

    options = services.mail_options(newsletter)
    link = preferences_link(services.settings).replace(TOKEN, token)
    send_plain_mail(
        services.sender(),
        (options.sender_name, options.sender_address),
        address,
        f"Your choices: {options.newsletter_title}",
        f"Choose what you get from {options.newsletter_title}, or unsubscribe:\n\n{link}\n",
        envelope=options.bounce_address,
    )
