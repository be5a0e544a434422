"""Actions and views of operators, which pages, API and commands call: one attribute for each area."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from syndicate.ingest.page.robots_rules import product_token
from syndicate.jobs.admin.access.sign_in import SignInJob
from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.jobs.admin.access.user_actions import UserActions
from syndicate.jobs.admin.mailing.delivery_views import ProviderViews
from syndicate.jobs.admin.mailing.held_files import HeldFiles
from syndicate.jobs.admin.outgoing.event_actions import PostActions, WebhookActions
from syndicate.jobs.admin.outgoing.newsletter_reader import NewsletterViews
from syndicate.jobs.admin.sources.source_list_view import SourceListViews
from syndicate.jobs.admin.sources.source_lookups import SourceLookups
from syndicate.jobs.admin.sources.source_view import SourceDetails
from syndicate.jobs.admin.stories.admin_story_views import StoryViews
from syndicate.jobs.admin.stories.article_actions import ArticleActions
from syndicate.jobs.admin.stories.search_actions import SearchActions
from syndicate.jobs.admin.stories.story_actions import StoryActions
from syndicate.jobs.admin.system.overview_views import OverviewReader
from syndicate.jobs.admin.system.system_views import SystemJobs
from syndicate.net import AddressGuard
from syndicate.services.command_jobs import CommandJobs
from syndicate.services.mail_services import mail_domain
from syndicate.settings.setting_rows import setting_rows

if TYPE_CHECKING:
    from syndicate.services.admin_services import AdminServices


class AdminJobs(CommandJobs):
    """Actions and views of operators. Pages read from ``store`` in one read transaction each."""

    def __init__(self, services: AdminServices) -> None:
        super().__init__(services)
        store, settings, options = services.store, services.settings, services.admin_options
        self.options, self.needs = options, services.needs
        self.users = UserActions(store=store, title=options.title)
        self.sign_in = SignInJob(store=store, users=self.users, second_step=options.second_step)
        self.tokens = TokenActions(store=store)
        self.mail_link = services.mail_password_link if settings.mail.transport == "smtp" else None
        self.source_list = SourceListViews(services.zone)
        self.overview = OverviewReader(
            store=store,
            needs=services.needs,
            newsletters=services.newsletters,
            zone=services.zone,
            source_views=self.source_list,
        )
        self.system = SystemJobs(
            store=store,
            folder=settings.base,
            backup=services.backup,
            settings=partial(setting_rows, settings),
            rejections=services.rejections,
        )
        self._add_source_jobs(services)
        self._add_story_jobs(services)
        self._add_mail_jobs(services)

    def _add_source_jobs(self, services: AdminServices) -> None:
        settings, agent = services.settings, product_token(services.agent_name)
        self.articles = ArticleActions(importer=services.importer)
        self.discovery, self.rules = services.discovery, services.rule_dry_run
        self.source_details = SourceDetails(
            parser=lambda: services.parsers,
            rules=lambda: services.rule_dry_run,
            agent=agent,
            places=self.sources.places,
            contact=settings.http.user_agent or settings.site.url,
        )
        self.lookups = SourceLookups(
            discovery=lambda: services.discovery,
            rules=lambda: services.rule_dry_run,
            actions=self.sources,
            agent=agent,
            stories=services.stories.options,
        )

    def _add_story_jobs(self, services: AdminServices) -> None:
        options = services.stories.options
        self.stories = StoryActions(store=self.store, window_days=options.window_days)
        self.searches = SearchActions(store=self.store, feeds=services.private_feeds)
        self.story_views = StoryViews(
            options=options,
            ranking=services.ranking,
            channels=services.channels,
            zone=services.zone,
            site_url=services.settings.site.url,
        )

    def _add_mail_jobs(self, services: AdminServices) -> None:
        store, settings, self.providers = self.store, services.settings, ProviderViews()
        self.newsletter_views = NewsletterViews(
            store=store,
            newsletters=services.newsletters,
            declared=self.newsletters.declared,
            previewer=services.previewer,
            zone=services.zone,
            stored=self.newsletters.find,
        )
        guard = AddressGuard(settings.http.allow_private)
        self.webhooks, self.posts = WebhookActions(store=store, guard=guard), PostActions(store=store)
        self.subscriber_fields = services.subscriber_fields
        self.segments = tuple(segment.name for segment in settings.segments)
        self.mail_domain, self.mail_rate = mail_domain(settings), settings.mail.rate
        self.held_files = HeldFiles(folder=settings.path(".syndicate-uploads"))
