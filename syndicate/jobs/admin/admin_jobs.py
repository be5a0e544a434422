"""Everything that pages and API of the operator call: one field an area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.audience.fields import SubscriberField
from syndicate.jobs.admin.access.sign_in import MailLink, SignInJob
from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.jobs.admin.access.user_actions import UserActions
from syndicate.jobs.admin.mailing.delivery_actions import DeliveryActions
from syndicate.jobs.admin.mailing.edition_actions import EditionActions
from syndicate.jobs.admin.mailing.held_files import HeldFiles
from syndicate.jobs.admin.mailing.subscriber_actions import SubscriberActions
from syndicate.jobs.admin.needs import NeedsReader
from syndicate.jobs.admin.outgoing.channel_actions import ChannelActions
from syndicate.jobs.admin.outgoing.channel_views import ChannelViews
from syndicate.jobs.admin.outgoing.newsletter_actions import NewsletterActions
from syndicate.jobs.admin.outgoing.newsletter_reader import NewsletterViews
from syndicate.jobs.admin.outgoing.post_actions import PostActions
from syndicate.jobs.admin.outgoing.webhook_actions import WebhookActions
from syndicate.jobs.admin.sources.source_actions import SourceActions
from syndicate.jobs.admin.sources.source_list_view import SourceListViews
from syndicate.jobs.admin.sources.source_lookups import SourceLookups
from syndicate.jobs.admin.sources.source_view import SourceDetails
from syndicate.jobs.admin.stories.admin_story_views import StoryViews
from syndicate.jobs.admin.stories.article_actions import ArticleActions
from syndicate.jobs.admin.stories.search_actions import SearchActions
from syndicate.jobs.admin.stories.story_actions import StoryActions
from syndicate.jobs.admin.system.overview_views import OverviewReader
from syndicate.jobs.admin.system.system_views import SystemJobs
from syndicate.jobs.ingest.discovery_job import DiscoveryJob
from syndicate.jobs.ingest.dry_run import RuleDryRun
from syndicate.model import Newsletter
from syndicate.store import Store

MenuCounts = Mapping[str, tuple[int, str]]
"""Number of objects that need a person by menu entry, each with ``warn`` or ``bad``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminOptions:
    """Facts about the installation.

    ``url`` is the address of the admin pages' server, ``hosts`` are the accepted values of ``Host`` beside
    loopback. ``is_local`` is true if the server listens on loopback only. ``second_step`` is the set of roles
    that need a second step. ``take_back`` is in seconds.
    """

    title: str
    site_url: str
    url: str
    hosts: frozenset[str]
    zone: ZoneInfo
    is_local: bool
    second_step: frozenset[str] = frozenset()
    user_header: str = ""
    proxies: tuple[str, ...] = ()
    take_back: float = 60.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminJobs:
    """Jobs of the operator's pages and API. Pages read from ``store`` in one read transaction each."""

    store: Store
    options: AdminOptions
    sign_in: SignInJob
    channels: ChannelActions
    channel_views: ChannelViews
    newsletters: NewsletterActions
    newsletter_views: NewsletterViews
    users: UserActions
    tokens: TokenActions
    articles: ArticleActions
    sources: SourceActions
    discovery: DiscoveryJob
    rules: RuleDryRun
    source_list: SourceListViews
    source_details: SourceDetails
    lookups: SourceLookups
    webhooks: WebhookActions
    posts: PostActions
    stories: StoryActions
    story_views: StoryViews
    searches: SearchActions
    editions: EditionActions
    deliveries: DeliveryActions
    subscribers: SubscriberActions
    mailing: MailingFacts
    mail_link: MailLink | None = None
    needs: NeedsReader
    overview: OverviewReader
    system: SystemJobs

    def counts(self, now: datetime) -> MenuCounts:
        """Return the numbers beside the entries of the menu."""
        return self.needs.counts(now)
