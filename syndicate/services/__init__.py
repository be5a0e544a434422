"""The composition root: settings → store, client, parsers, transport, and every job with its options.

Nothing else knows how the rooms fit together. Costly things (the fetch thread, the worker processes)
are made on first use and closed at the end. Jobs are imported on first use too: all of them take longer to
load than most commands to run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate import __version__
from syndicate.model import Channel, Newsletter
from syndicate.services.declared import declared_channels, declared_newsletters
from syndicate.services.ingest_services import IntakeServices
from syndicate.services.store_location import store_url
from syndicate.settings import Settings
from syndicate.store import open_store
from syndicate.store.core import leases
from syndicate.store.ingest import declared_sources, list_store
from syndicate.store.mail import newsletter_store
from syndicate.store.output import stale

if TYPE_CHECKING:
    from syndicate.delivery.dkim_signing import DkimKey
    from syndicate.delivery.message import MailOptions
    from syndicate.delivery.outgoing import Sender
    from syndicate.jobs.audience.preferences_job import PreferencesJob
    from syndicate.jobs.audience.sign_up_job import SignUpJob
    from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
    from syndicate.jobs.delivery.bounce_job import BounceJob
    from syndicate.jobs.delivery.deliver_job import DeliverJob
    from syndicate.jobs.delivery.restore_guard import RestoreGuard
    from syndicate.jobs.newsletter.edition_job import EditionJob
    from syndicate.jobs.newsletter.edition_review import ReviewService
    from syndicate.jobs.newsletter.renderer import EditionRenderer
    from syndicate.jobs.newsletter.review_links import ReviewLinks
    from syndicate.jobs.newsletter.selection import Selector
    from syndicate.jobs.prune import PruneJob
    from syndicate.jobs.publish.announce import AnnounceJob
    from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
    from syndicate.jobs.publish.publish_job import PublishJob
    from syndicate.jobs.stories.reads import ReadCounter
    from syndicate.jobs.stories.replay_job import ReplayJob
    from syndicate.jobs.stories.stories_job import StoriesJob
    from syndicate.publish.publish_options import PublishOptions
    from syndicate.stories import RankingOptions
    from syndicate.templating import Templates

# Objects made before the collector looks for cycles (700 by default): we make many that live for a stage, and
# hardly any cycles. Stories and pages then take a quarter less time.
COLLECT_AFTER = 50_000
HOUR = 3600.0
DAY = 86400.0


@contextmanager
def open_services(
    settings: Settings, *, now: datetime | None = None, daemon: bool = False
) -> Iterator[Services]:
    """Open the store, bring its tables and declarations up to date, and close everything at the end.

    Raises ``StoreError`` when the store cannot be used, ``ConfigError`` when the templates cannot.
    """
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    store = open_store(store_url(settings))
    services = Services(settings, store, daemon)
    try:
        store.migrate()
        declared = now or datetime.now(UTC)
        with store.write() as connection:
            leases.ensure_secret(connection)
            declared_sources.sync_sources(connection, services.sources, declared)
            list_store.sync_lists(connection, [source_list.url for source_list in services.source_lists])
            newsletter_store.sync_newsletters(connection, services.newsletters, declared)
        services.guard.notice(declared)
        yield services
    finally:
        services.close()


@dataclass
class Services(IntakeServices):
    """Everything a command or the daemon works with."""

    @cached_property
    def output(self) -> Path:
        """The folder feeds and pages are written to."""
        return self.settings.path(self.settings.output.folder)

    @cached_property
    def templates(self) -> Templates:
        """The user's templates before ours, with the words of the site's language."""
        from syndicate.templating import Templates
        from syndicate.workers import rendering

        language = self.settings.site.language
        if not self.settings.templates.folder:
            return Templates(None, language)
        folder = self.settings.path(self.settings.templates.folder)
        return Templates(folder, language, pool=rendering.RenderPool(folder, time_limit=rendering.TIME_LIMIT))

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The declared channels."""
        return declared_channels(self.settings)

    @cached_property
    def moved_channels(self) -> dict[str, str]:
        """The present name of each channel by its former names."""
        return {old: channel.name for channel in self.channels for old in channel.moved_from}

    @cached_property
    def gone_channels(self) -> frozenset[str]:
        """Names of channels that were published once and are no longer declared, nor moved."""
        with self.store.read() as connection:
            published = stale.published_channels(connection)
        return published - {channel.name for channel in self.channels} - self.moved_channels.keys()

    @cached_property
    def newsletters(self) -> tuple[Newsletter, ...]:
        """The declared newsletters."""
        return declared_newsletters(self.settings)

    @cached_property
    def publish_options(self) -> PublishOptions:
        """The site as readers see it."""
        from syndicate.publish.publish_options import PublishOptions

        site = self.settings.site
        return PublishOptions(
            site_url=site.url,
            title=site.title,
            description=site.description,
            language=site.language,
            time_zone=self.zone,
            google_news_url=site.google_news_url,
            hub_url=site.hub,
            automatic_channels=site.automatic_channels,
            sign_up=bool(self.sign_ups and self.newsletters),
            version=__version__,
        )

    @cached_property
    def ranking(self) -> RankingOptions:
        """Return the options of the ranking."""
        from syndicate.stories import RankingOptions

        ranking = self.settings.ranking
        return RankingOptions(
            half_life_hours=ranking.half_life / HOUR,
            window_hours=ranking.window / HOUR,
            slow_window_hours=max(ranking.slow_window, ranking.window) / HOUR,
            burst_hours=ranking.burst / HOUR,
            history_hours=ranking.history / HOUR,
            per_source=ranking.per_source,
            floor=ranking.floor,
            limit=ranking.size,
            step_seconds=int(ranking.step),
            learn_days=ranking.learn / DAY,
            reads=ranking.clicks,
        )

    @cached_property
    def announce(self) -> AnnounceJob:
        """Changed feeds → our hub."""
        from syndicate.jobs.publish.announce import AnnounceJob

        return AnnounceJob(store=self.store, poster=lambda: self.fetcher, hub=self.settings.site.hub)

    @cached_property
    def stories(self) -> StoriesJob:
        """Articles → stories, related links, ranks."""
        from syndicate.jobs.stories.ranking_job import RankingJob
        from syndicate.jobs.stories.stories_job import StoriesJob
        from syndicate.stories import StoryOptions

        stories = self.settings.stories
        options = StoryOptions(
            window_days=stories.window / DAY,
            max_articles=stories.max_articles,
            related_limit=stories.related,
            across_languages=stories.across_languages,
        )
        ranking = RankingJob(store=self.store, options=self.ranking)
        return StoriesJob(store=self.store, options=options, ranking=ranking, owner=self.owner)

    @cached_property
    def publish(self) -> PublishJob:
        """Stories → feeds and pages."""
        from syndicate.jobs.publish.publish_job import PublishJob
        from syndicate.publish.rss_atom import FeedWriter

        return PublishJob(
            store=self.store,
            output=self.output,
            channels=self.channels,
            newsletters=self.newsletters,
            options=self.publish_options,
            templates=self.templates,
            feeds=FeedWriter(self.publish_options),
            owner=self.owner,
        )

    @cached_property
    def press(self) -> EditionRenderer:
        """Return the renderer of editions as mails."""
        from syndicate.services.edition_rendering import newsletter_press

        return newsletter_press(self.settings, self.store, self.templates, self.output, self.mail_options)

    @cached_property
    def desk(self) -> ReviewService:
        """Return the service with which an editor changes editions."""
        from syndicate.jobs.newsletter.edition_review import ReviewService

        return ReviewService(store=self.store, newsletters=self.newsletters, press=self.press)

    @cached_property
    def web_desk(self) -> ReviewLinks | None:
        """The desk behind a signed link; ``None`` without a web server."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.newsletter.review_links import ReviewLinks

        return ReviewLinks(store=self.store, desk=self.desk, site_url=self.settings.site.url)

    @cached_property
    def editions(self) -> EditionJob:
        """Stories → editions."""
        from syndicate.jobs.newsletter.edition_job import EditionJob

        return EditionJob(
            store=self.store, newsletters=self.newsletters, press=self.press, selector=self._selector
        )

    @cached_property
    def _selector(self) -> Selector:
        """Return the selection of editions' stories."""
        from syndicate.jobs.newsletter.selection import Selector

        return Selector(
            ranking=self.ranking, site_url=self.press.site.url, story_options=self.stories.options
        )

    @cached_property
    def replay(self) -> ReplayJob:
        """Past windows with the present rules."""
        from syndicate.jobs.stories.replay_job import ReplayJob

        return ReplayJob(
            store=self.store, options=self.ranking, stories=self.stories.options, selector=self._selector
        )

    @cached_property
    def reads(self) -> ReadCounter:
        """Return the counter of page openings; used only with ``[ranking] clicks``."""
        from syndicate.jobs.stories.reads import ReadCounter

        return ReadCounter(store=self.store)

    @cached_property
    def deliver(self) -> DeliverJob:
        """Editions → inboxes."""
        from syndicate.delivery.rate_limit import Limits, Pace
        from syndicate.jobs.delivery.deliver_job import DeliverJob
        from syndicate.services.lease_owners import is_dead

        mail = self.settings.mail
        return DeliverJob(
            store=self.store,
            sender=self.sender,
            mail=self.mail_options,
            owner=self.owner,
            keys=lambda: self.dkim_keys,
            pace=Pace(Limits(rate=mail.rate, domain_rate=mail.domain_rate)),
            bounces=self.bounces.policy,
            guard=self.guard,
            is_dead=is_dead,
        )

    @cached_property
    def guard(self) -> RestoreGuard:
        """Return the guard against sending from a restored or copied store."""
        from syndicate.jobs.delivery.restore_guard import RestoreGuard
        from syndicate.services.store_location import marker_files

        return RestoreGuard(store=self.store, markers=marker_files(self.settings, self.store.where))

    @cached_property
    def bounces(self) -> BounceJob:
        """Return the job that reads bounces and suppresses mailboxes."""
        from syndicate.jobs.delivery.bounce_job import BounceJob, BouncePolicy
        from syndicate.services.mail_services import bounce_messages

        bounces = self.settings.bounces
        policy = BouncePolicy(soft_limit=bounces.soft_limit, soft_window=bounces.soft_window)
        return BounceJob(store=self.store, policy=policy, sources=lambda: bounce_messages(self.settings))

    @cached_property
    def dkim_keys(self) -> tuple[DkimKey, ...]:
        """The keys that sign mail."""
        from syndicate.services.mail_services import dkim_keys

        return dkim_keys(self.settings)

    @cached_property
    def sign_ups(self) -> SignUpJob | None:
        """Requests from the sign-up page → consents; ``None`` when there is no such page."""
        sign_up, site = self.settings.sign_up, self.settings.site
        if not (sign_up.enabled and self.settings.web.listen):
            return None
        from syndicate.jobs.audience.sign_up_job import SignUpJob, SignUpOptions
        from syndicate.newsletter.render import TOKEN

        options = SignUpOptions(
            consent=sign_up.consent,
            lifetime=sign_up.lifetime,
            per_address=sign_up.per_address,
            per_network=sign_up.per_network,
            per_newsletter=sign_up.per_newsletter,
            confirm_url=f"{site.url}/confirm/{TOKEN}",
            site_title=site.title,
            postal_address=self.settings.mail.address,
        )
        return SignUpJob(
            store=self.store, newsletters=self.newsletters, templates=self.templates, options=options
        )

    @cached_property
    def unsubscribe(self) -> UnsubscribeJob:
        """Return the job behind unsubscribe links."""
        from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob

        return UnsubscribeJob(store=self.store)

    @cached_property
    def preferences(self) -> PreferencesJob:
        """Return the job behind the page of choices."""
        from syndicate.jobs.audience.preferences_job import PreferencesJob

        consent = self.settings.sign_up.consent
        return PreferencesJob(
            store=self.store, newsletters=self.newsletters, consent=consent, feeds=self.private_feeds
        )

    @cached_property
    def private_feeds(self) -> PrivateFeedsJob | None:
        """Each reader's own feed; ``None`` without a web server to answer for it."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob

        return PrivateFeedsJob.build(self.store, self.newsletters, self.publish_options)

    @cached_property
    def prune(self) -> PruneJob:
        """Old rows → gone."""
        from syndicate.jobs.prune import PruneJob, RetentionOptions

        options = RetentionOptions(**self.settings.retention.model_dump())
        return PruneJob(store=self.store, options=options)

    def sender(self) -> Sender:
        """Return the sender of mail."""
        from syndicate.services.mail_services import mail_sender

        return mail_sender(self.settings)

    def mail_options(self, newsletter: str) -> MailOptions:
        """Return the options that all mails of a newsletter share."""
        from syndicate.services.mail_services import newsletter_mail

        titles = {newsletter.name: newsletter.title for newsletter in self.newsletters}
        return newsletter_mail(self.settings, newsletter, titles.get(newsletter, newsletter))

    def stop_rendering(self, grace: float) -> None:
        """Let templates of the operator take ``grace`` more seconds."""
        if "templates" in self.__dict__ and self.templates.pool is not None:
            self.templates.pool.stop(grace)

    def close(self) -> None:
        """Close what was opened, in the order that lets nothing wait for the other."""
        for name in ("fetcher", "parsers", "templates"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.store.dispose()
