"""Services for stories, ranked lists, feeds and pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate import __version__
from syndicate.errors import needs_extra
from syndicate.model import Brand
from syndicate.published_files import PublishedFiles
from syndicate.services.declared import brand_of
from syndicate.services.ingest_services import IngestServices
from syndicate.store.output import added_channels, stale

if TYPE_CHECKING:
    from syndicate.jobs.prune import PruneJob
    from syndicate.jobs.publish.announce import AnnounceJob
    from syndicate.jobs.publish.on_request.embeds import EmbedJob
    from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
    from syndicate.jobs.publish.on_request.reader_counter import ReaderCounter
    from syndicate.jobs.publish.on_request.reader_search import ReaderSearch
    from syndicate.jobs.publish.publish_job import PublishJob
    from syndicate.jobs.publish.site_frame import FrameCache
    from syndicate.jobs.stories.stories_job import StoriesJob
    from syndicate.publish.publish_options import PublishOptions
    from syndicate.stories import RankingOptions
    from syndicate.templating import Templates

HOUR = 3600.0
DAY = 86400.0


@dataclass
class OutputServices(IngestServices):
    """Adds the services of the stages stories and publish, and of pruning."""

    @cached_property
    def output(self) -> Path:
        """Folder of the published feeds and pages, unless these are in object storage."""
        return self.settings.path(self.settings.output.folder)

    @cached_property
    def published(self) -> PublishedFiles:
        """Published feeds and pages, in a folder or in object storage."""
        output = self.settings.output
        if "://" not in output.folder:
            return PublishedFiles(self.output)
        with needs_extra("s3", "[output] folder names object storage, which"):
            from syndicate.jobs.publish.bucket_files import BucketFiles
        return BucketFiles(output.folder, output.endpoint, self.store)

    @cached_property
    def templates(self) -> Templates:
        """Templates of the operator and shipped templates, in the site's language."""
        from syndicate.templating import Templates
        from syndicate.workers import rendering

        language = self.settings.site.language
        if not self.settings.templates.folder:
            return Templates(None, language)
        folder = self.settings.path(self.settings.templates.folder)
        return Templates(folder, language, pool=rendering.RenderPool(folder, time_limit=rendering.TIME_LIMIT))

    @cached_property
    def consent(self) -> str:
        """Text that subscribers agree to: the setting, else the shipped words of the site's language."""
        from syndicate.templating import Templates

        words = Templates(None, self.settings.site.language).words("pages/words.html")
        return self.settings.sign_up.consent or str(words["consent"])

    @property
    def moved_channels(self) -> dict[str, str]:
        """Present name of each channel by its former names."""
        return {old: channel.name for channel in self.channels for old in channel.moved_from}

    @property
    def gone_channels(self) -> frozenset[str]:
        """Names of channels that were published or taken down, are not channels and were not renamed."""
        with self.store.read() as connection:
            former = stale.published_channels(connection) | added_channels.channel_moves(connection).keys()
        return former - {channel.name for channel in self.channels} - self.moved_channels.keys()

    def former_channels(self) -> dict[str, str]:
        """Present name of each channel by its former names, and ``""`` for channels that are gone."""
        return {**dict.fromkeys(self.gone_channels, ""), **self.moved_channels}

    @property
    def brands(self) -> tuple[Brand, ...]:
        """Brands of the newsletters; the site's own without newsletters."""
        site = brand_of(self.settings, "")
        return tuple(dict.fromkeys(newsletter.brand for newsletter in self.newsletters)) or (site,)

    @cached_property
    def publish_options(self) -> PublishOptions:
        """Options of published feeds and pages."""
        from syndicate.publish.publish_options import PublishOptions

        site = self.settings.site
        return site.as_options(
            PublishOptions,
            site_url=site.url,
            time_zone=self.zone,
            hub_url=site.hub,
            sign_up=bool(self.settings.sign_up.enabled and self.settings.web.listen and self.newsletters),
            consent=self.consent,
            sign_up_fields=tuple(field.declared() for field in self.settings.fields if field.sign_up),
            proof_of_work=self.settings.sign_up.proof_of_work,
            search=bool(self.settings.web.listen),
            version=__version__,
            brand=brand_of(self.settings, ""),
            embeds=bool(self.settings.web.embed_origins),
        )

    @cached_property
    def ranking(self) -> RankingOptions:
        """Options of the ranking."""
        from syndicate.stories import RankingOptions

        ranking = self.settings.ranking
        spans = ("half_life", "window", "burst", "history")
        return RankingOptions(
            **{f"{name}_hours": getattr(ranking, name) / HOUR for name in spans},
            slow_window_hours=max(ranking.slow_window, ranking.window) / HOUR,
            per_source=ranking.per_source,
            floor=ranking.floor,
            limit=ranking.size,
            step_seconds=int(ranking.step),
            learn_days=ranking.learn / DAY,
            reads=ranking.clicks,
        )

    @cached_property
    def announce(self) -> AnnounceJob:
        """Job that announces changed feeds to the hub."""
        from syndicate.jobs.publish.announce import AnnounceJob

        return AnnounceJob(store=self.store, poster=lambda: self.fetcher, hub=self.settings.site.hub)

    @cached_property
    def stories(self) -> StoriesJob:
        """Job that groups articles into stories, links and ranks them."""
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
        """Job that writes feeds and pages."""
        from syndicate.jobs.publish.publish_job import PublishJob
        from syndicate.publish.feeds.rss_atom import FeedWriter

        return PublishJob(
            store=self.store,
            output=self.published,
            channels=self.channels,
            newsletters=self.newsletters,
            options=self.publish_options,
            templates=self.templates,
            feeds=FeedWriter(self.publish_options),
            owner=self.owner,
        )

    @cached_property
    def site_frame(self) -> FrameCache:
        """Frame of the web server's pages."""
        from syndicate.jobs.publish.site_frame import FrameCache

        return FrameCache(self.templates, self.publish_options, self.publish.frame)

    @cached_property
    def reader_counter(self) -> ReaderCounter:
        """Counter of the readers of feeds and, with ``[ranking] clicks``, of page views."""
        from syndicate.jobs.publish.on_request.reader_counter import ReaderCounter

        return ReaderCounter(store=self.store)

    @cached_property
    def private_feeds(self) -> PrivateFeedsJob | None:
        """Job behind readers' private feeds, or ``None`` without a web server."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob

        return PrivateFeedsJob(self.store, self.newsletters, self.publish_options)

    @cached_property
    def search(self) -> ReaderSearch:
        """Search for readers and for the command line."""
        from syndicate.jobs.publish.on_request.reader_search import ReaderSearch

        return ReaderSearch(store=self.store, options=replace(self.publish_options, hub_url=""))

    @cached_property
    def embeds(self) -> EmbedJob | None:
        """Renderer of documents for frames on other sites, or ``None`` without ``[web] embed_origins``."""
        if not self.settings.web.embed_origins:
            return None
        from syndicate.jobs.publish.on_request.embeds import EmbedJob

        options, sign_up = self.publish_options, bool(self.settings.sign_up.origins)
        return EmbedJob(store=self.store, options=options, templates=self.templates, sign_up=sign_up)

    @cached_property
    def prune(self) -> PruneJob:
        """Job that removes old rows."""
        from syndicate.jobs.prune import PruneJob, RetentionOptions

        options = self.settings.retention.as_options(RetentionOptions)
        return PruneJob(store=self.store, options=options)

    def stop_rendering(self, grace: float) -> None:
        """End the rendering of the operator's templates after ``grace`` seconds."""
        if "templates" in self.__dict__ and self.templates.pool is not None:
            self.templates.pool.stop(grace)
