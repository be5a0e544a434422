"""Services that list and change channels and newsletters."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from syndicate.services.newsletter_services import NewsletterServices
from syndicate.services.stored_declarations import channel_from, newsletter_from
from syndicate.toml_lines import declared_places

if TYPE_CHECKING:
    from syndicate.jobs.admin.outgoing.channel_actions import ChannelActions
    from syndicate.jobs.admin.outgoing.channel_views import ChannelViews
    from syndicate.jobs.admin.outgoing.newsletter_actions import NewsletterActions


class OutgoingServices(NewsletterServices):
    """Adds actions on channels and newsletters, and their readers."""

    @cached_property
    def channel_actions(self) -> ChannelActions:
        """Actions on channels."""
        from syndicate.jobs.admin.outgoing.channel_actions import ChannelActions

        return ChannelActions(
            store=self.store,
            declared=self._channel_names,
            places=self.places("channels"),
            read=partial(channel_from, self.settings),
            networks=frozenset(network.name for network in self.settings.networks),
        )

    @cached_property
    def channel_views(self) -> ChannelViews:
        """Reader of channels."""
        from syndicate.jobs.admin.outgoing.channel_views import ChannelViews

        return ChannelViews(
            store=self.store,
            channels=self.channels,
            declared=self._channel_names,
            read=partial(channel_from, self.settings),
        )

    @cached_property
    def newsletter_actions(self) -> NewsletterActions:
        """Actions on newsletters."""
        from syndicate.jobs.admin.outgoing.newsletter_actions import NewsletterActions

        return NewsletterActions(
            store=self.store,
            declared=frozenset(newsletter.name for newsletter in self.settings.newsletters),
            places=self.places("newsletters"),
            read=partial(newsletter_from, self.settings),
            previewer=self.previewer,
        )

    def places(self, table: str) -> dict[str, str]:
        """Return file and line of what the configuration declares in an array of tables."""
        return declared_places(self.settings.path(self.settings.file), table)

    @property
    def _channel_names(self) -> dict[str, str]:
        """Present and former names of declared channels, each with the present name."""
        return {
            name: channel.name
            for channel in self.settings.channels
            for name in (channel.name, *channel.moved_from)
        }
