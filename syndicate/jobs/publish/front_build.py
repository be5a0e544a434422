"""Front page: rows in, the chosen places out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.jobs.publish.article_views import Headlines
from syndicate.jobs.publish.context import PublishContext
from syndicate.jobs.publish.newsletter_views import read_sent, views_of
from syndicate.model import Article, Clause, ClauseField, archive_folder, known_since
from syndicate.publish.front_choice import LANE_HOURS, choose_front, place_on_track
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, NamedPath, SectionBlock, SourceMark
from syndicate.publish.site_metadata import site_facts
from syndicate.publish.site_paths import FRONT_PATH, section_path, tag_path
from syndicate.publish.site_view import NewsletterOffer
from syndicate.store import Connection
from syndicate.store.output import channel_store, paged_lists, site_rows
from syndicate.text.names import commonest_spellings, tag_key

# Clock of hot words and counts: equal rows give equal bytes within a step.
STEP = 900
_NEWEST = 100
_SECTIONS = 8
# More than a block shows, since stories above are left out.
_SECTION_POOL = 24
_ACTIVE_SOURCES = 16
_STRIP = range(3, 10)
# Fewest stories in the block of a tag.
_TAG_MINIMUM = 4


def step_of(now: datetime) -> datetime:
    """Return the beginning of the step of the clock."""
    return now - timedelta(seconds=now.timestamp() % STEP)


def offers_of(context: PublishContext) -> tuple[NewsletterOffer, ...]:
    """Return the newsletters that readers may join, without their editions."""
    return tuple(
        NewsletterOffer(
            name=newsletter.name,
            title=newsletter.title,
            archive=f"{archive_folder(newsletter.name)}/index.html",
        )
        for newsletter in context.newsletters
    )


@dataclass(frozen=True, slots=True)
class FrontBuild:
    """Front page of ``pages`` from the ranked headlines; ``sections`` are in the order of the navigation.

    ``headlines`` keeps the headlines of the run's lists.
    """

    context: PublishContext
    pages: SitePages
    headlines: Headlines
    sections: Sequence[str]

    def page(self, top: Sequence[Headline], trending: Sequence[Headline]) -> bytes:
        """Read the newest articles, sections and counts, and return the page."""
        now = step_of(self.context.now)
        with self.context.store.read() as connection:
            articles = channel_store.channel_articles(connection, (), limit=_NEWEST)
            latest = self.headlines.of(connection, articles)
            counts = site_rows.recent_counts(connection, now - timedelta(days=1))
            tags = self._tags(connection, articles)
            sections = self._blocks(connection, counts)
            blocks = sections or self._tag_blocks(articles, latest, tags)
            offers = views_of(
                self.context, connection, read_sent(connection, self.context.newsletters, self.context.now)
            )
        mirrored = self.pages.site.direction == "rtl"
        minimum = 1 if sections else _TAG_MINIMUM
        places = choose_front(top, trending, latest, blocks, now, section_minimum=minimum, mirrored=mirrored)
        newest = max((known_since(article.published) for article in articles), default=None)
        page = FrontPage(
            canonical=self.pages.absolute(FRONT_PATH),
            description=self.context.options.description,
            json_ld=site_facts(self.context.options),
            share_image=places.lead.image if places.lead else None,
            top=top,
            places=places,
            since=newest if places.old else None,
            days=self._days(now, mirrored=mirrored) if places.lanes else (),
            strip=() if places.old else tags,
            active=self._active(counts),
            sources=len(self.context.views.sources),
            offers=offers,
        )
        arrived = max((article.first_seen for article in articles), default=None)
        return self.pages.page("pages/front.html", FRONT_PATH, page, updated=arrived)

    def _blocks(self, connection: Connection, counts: Sequence[site_rows.RecentCount]) -> list[SectionBlock]:
        """Return the sections in order, with the numbers of the last day; none for a single section."""
        blocks = []
        for name in self.sections[:_SECTIONS] if len(self.sections) > 1 else ():
            clauses = (Clause(field=ClauseField.SECTION, values=(name,)),)
            articles = channel_store.channel_articles(connection, clauses, limit=_SECTION_POOL)
            own = [count for count in counts if count.section == tag_key(name)]
            blocks.append(
                SectionBlock(
                    name=name,
                    path=section_path(name),
                    headlines=self.headlines.of(connection, articles),
                    articles=sum(count.articles for count in own),
                    sources=len({count.source_id for count in own}),
                )
            )
        return blocks

    def _tags(self, connection: Connection, articles: Sequence[Article]) -> list[NamedPath]:
        """Return the tags that most of the newest stories have, if they have pages, without sections."""
        listed = paged_lists.with_two_texts(connection, "tag", [article.id for article in articles])
        listed -= {tag_key(name) for name in self.sections}
        stories: dict[str, set[int]] = {}
        spelt = commonest_spellings(name for article in articles for name in article.tags)
        for article in articles:
            for key in listed.intersection(map(tag_key, article.tags)):
                stories.setdefault(key, set()).add(article.story_id or article.id)
        order = sorted(
            (key for key in stories if len(stories[key]) > 1), key=lambda key: (-len(stories[key]), key)
        )
        tags = [NamedPath(name=spelt[key], path=tag_path(key), count=len(stories[key])) for key in order]
        return tags[: _STRIP.stop - 1] if len(tags) in _STRIP or len(tags) > _STRIP.stop else []

    def _tag_blocks(
        self, articles: Sequence[Article], latest: Sequence[Headline], tags: Sequence[NamedPath]
    ) -> list[SectionBlock]:
        """Return blocks of tags, for a site without sections."""
        blocks = []
        for tag in tags:
            key = tag_key(tag.name)
            paths = {article.path for article in articles if key in map(tag_key, article.tags)}
            own = [headline for headline in latest if headline.path in paths]
            blocks.append(SectionBlock(name=tag.name, path=tag.path, headlines=own))
        return blocks

    def _active(self, counts: Sequence[site_rows.RecentCount]) -> list[tuple[SourceMark, int]]:
        """Return the sources with most articles of the last day, if there are several."""
        articles = Counter[int]()
        for count in counts:
            articles[count.source_id] += count.articles
        names = [(self.context.views.sources[number].name, total) for number, total in articles.items()]
        names.sort(key=lambda pair: (-pair[1], pair[0]))
        marks = [(SourceMark.of(name), total) for name, total in names[:_ACTIVE_SOURCES]]
        return marks if len(names) > 1 else []

    def _days(self, now: datetime, *, mirrored: bool) -> list[tuple[float, datetime]]:
        """Return the midnights on the track of lanes."""
        zone = self.context.options.time_zone
        first = (now - timedelta(hours=LANE_HOURS)).astimezone(zone)
        midnights = (
            datetime(first.year, first.month, first.day, tzinfo=zone) + timedelta(days=day)
            for day in (1, 2, 3)
        )
        return [(place_on_track(at, now, mirrored=mirrored), at) for at in midnights if at <= now]
