"""Jobs of the operator's pages and API, which are imported together on first use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from syndicate.ingest.page.robots_rules import product_token
from syndicate.jobs.admin.access.sign_in import SignInJob
from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.jobs.admin.access.user_actions import UserActions
from syndicate.jobs.admin.admin_jobs import AdminJobs, MailingFacts
from syndicate.jobs.admin.mailing.held_files import HeldFiles
from syndicate.jobs.admin.outgoing.newsletter_reader import NewsletterViews
from syndicate.jobs.admin.outgoing.post_actions import PostActions
from syndicate.jobs.admin.outgoing.webhook_actions import WebhookActions
from syndicate.jobs.admin.sources.source_lookups import SourceLookups
from syndicate.jobs.admin.sources.source_view import SourceDetails
from syndicate.jobs.admin.stories.admin_story_views import StoryViews
from syndicate.jobs.admin.stories.article_actions import ArticleActions
from syndicate.jobs.admin.stories.search_actions import SearchActions
from syndicate.jobs.admin.stories.story_actions import StoryActions
from syndicate.jobs.admin.system.overview_views import OverviewReader
from syndicate.jobs.admin.system.system_views import SystemJobs
from syndicate.services.mail_services import mail_domain
from syndicate.services.setting_rows import setting_rows

if TYPE_CHECKING:
    from syndicate.services.admin_services import AdminServices


def admin_jobs(services: AdminServices) -> AdminJobs:
    """Return the jobs of the operator's pages and API."""
    options, store, zone = services.admin_options, services.store, services.zone
    settings, agent = services.settings, product_token(services.agent_name)
    users, stories = UserActions(store=store, title=options.title), services.stories.options
    return AdminJobs(
        store=store,
        options=options,
        sign_in=SignInJob(store=store, users=users, second_step=options.second_step),
        users=users,
        tokens=TokenActions(store=store),
        articles=ArticleActions(importer=services.importer),
        sources=services.source_actions,
        discovery=services.discovery,
        rules=services.rule_dry_run,
        source_list=services.source_views,
        source_details=_source_details(services, agent),
        lookups=SourceLookups(
            discovery=lambda: services.discovery,
            rules=lambda: services.rule_dry_run,
            actions=services.source_actions,
            agent=agent,
            stories=stories,
        ),
        stories=StoryActions(store=store, window_days=stories.window_days),
        searches=SearchActions(store=store, feeds=services.private_feeds),
        story_views=StoryViews(
            options=stories,
            ranking=services.ranking,
            channels=services.channels,
            zone=zone,
            site_url=settings.site.url,
        ),
        channels=services.channel_actions,
        channel_views=services.channel_views,
        newsletters=services.newsletter_actions,
        newsletter_views=_newsletter_views(services),
        mail_link=services.mail_password_link if settings.mail.transport == "smtp" else None,
        needs=services.needs,
        overview=_overview(services),
        system=SystemJobs(
            store=store,
            folder=settings.base,
            backup=services.backup,
            settings=partial(setting_rows, settings),
            rejections=services.rejections,
        ),
        webhooks=WebhookActions(store=store),
        posts=PostActions(store=store),
        editions=services.edition_actions,
        deliveries=services.delivery_actions,
        subscribers=services.subscriber_actions,
        mailing=_mailing_facts(services),
    )


def _source_details(services: AdminServices, agent: str) -> SourceDetails:
    settings = services.settings
    return SourceDetails(
        parser=lambda: services.parsers,
        rules=lambda: services.rule_dry_run,
        agent=agent,
        places=services.places("sources"),
        contact=settings.http.user_agent or settings.site.url,
    )


def _newsletter_views(services: AdminServices) -> NewsletterViews:
    return NewsletterViews(
        store=services.store,
        newsletters=services.newsletters,
        declared=services.newsletter_actions.declared,
        previewer=services.previewer,
        zone=services.zone,
    )


def _overview(services: AdminServices) -> OverviewReader:
    return OverviewReader(
        store=services.store,
        needs=services.needs,
        newsletters=services.newsletters,
        zone=services.zone,
        source_views=services.source_views,
    )


def _mailing_facts(services: AdminServices) -> MailingFacts:
    settings = services.settings
    return MailingFacts(
        newsletters=services.newsletters,
        fields=services.subscriber_fields,
        segments=tuple(segment.name for segment in settings.segments),
        mail_domain=mail_domain(settings),
        rate=settings.mail.rate,
        held=HeldFiles(folder=settings.path(".syndicate-uploads")),
    )
