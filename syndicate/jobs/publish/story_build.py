"""Pages and feeds of stories: written when an article of a story is written, joins, leaves or is pruned.

The row ``story:ID`` of ``stale_lists`` records this; it is cleared after the files are written. At the former
address of a merged story are a page that leads to the other story and a feed with the other's articles.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from syndicate.errors import RenderError
from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.jobs.publish.lists.list_build import FAILURES_BEFORE_GIVING_UP, ListBuild
from syndicate.model import Article, Channel, PublishedArticle, RelatedLink, Story
from syndicate.publish.site import redirect_page
from syndicate.publish.site_headline import NamedPath
from syndicate.publish.site_paths import story_feed, tag_path
from syndicate.publish.story_page import StoryMaterial, shown_groups, story_page, text_groups
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.output import paged_lists, stale
from syndicate.store.stories import story_moves, story_pages, story_store
from syndicate.text.names import tag_key

BATCH = 50
FEED_ITEMS = 50
MAX_RELATED = 4
MAX_TAGS = 8


@dataclass(frozen=True, slots=True)
class StoryBuild:
    """Write stale stories with the writer of a list build."""

    lists: ListBuild
    views: ArticleViews

    def run(self) -> None:
        """Write the stale stories; a story that fails or is not written before a stop stays stale."""
        with self.lists.context.store.read() as connection:
            marks = stale.stale_lists(connection)
        names = [name for name in marks if name.startswith(stale.STORY)]
        n_failed = 0
        for start in range(0, len(names), BATCH):
            if self.lists.context.should_stop() or n_failed >= FAILURES_BEFORE_GIVING_UP:
                return
            batch = {int(name.removeprefix(stale.STORY)): name for name in names[start : start + BATCH]}
            try:
                failed = self._write(batch)
            except RenderError as error:
                self.lists.failures.append(str(error))
                return
            n_failed += len(failed)
            with self.lists.context.commit() as connection:
                stale.clear_lists(connection, {name: marks[name] for name in {*batch.values()} - failed})

    def _write(self, names: dict[int, str]) -> set[str]:
        """Write these stories, as far as they have a page; return the names of the failed."""
        options, failed = self.lists.context.options, set[str]()
        with self.lists.context.store.read() as connection:
            found = story_store.get_stories(connection, names).values()
            stories = [story for story in found if story.path]
            ids = [story.id for story in stories]
            links = story_store.story_links(connection, ids, site_url=options.site_url)
            former = story_moves.former_paths(connection, ids)
        for story in stories:
            with self.lists.context.store.read() as connection:
                material, feed = self._read(connection, story, links[story.id].links)
            page = partial(story_page, self.lists.pages, material, options, self.lists.trending)
            if not self.lists.write_page(names[story.id], story.path, page):
                failed.add(names[story.id])
                continue
            before = former.get(story.id, [])
            for path in before:
                self.lists.write(path, redirect_page(path, story.path, options.site_url))
            lead = material.lead.article
            title = f"{lead.title} · {options.title}"
            channels = [
                Channel(name=story_feed(path), title=title, query="", language=lead.language, hub=False)
                for path in (story.path, *before)
                if options.automatic_channels
            ]
            for file, data in self.lists.context.documents([(channel, feed) for channel in channels]):
                self.lists.write(file, data)
        return failed

    def _read(
        self, connection: Connection, story: Story, links: Sequence[RelatedLink]
    ) -> tuple[StoryMaterial, list[PublishedArticle]]:
        """Return the rows of a story's page, and the articles of its feed."""
        groups = text_groups(links)
        reports = [group.report.article_id for group in groups]
        shown = {group.report.article_id for part in shown_groups(groups) for group in part}
        articles = article_store.get_articles(connection, shown.union(reports[:FEED_ITEMS], [story.lead_id]))
        items = {item.article.id: item for item in self.views.bare([*articles.values()])}
        leads = story_pages.related_leads(connection, story.id, limit=MAX_RELATED)
        related = self.lists.headlines.read(connection, leads)
        material = StoryMaterial(
            path=story.path,
            lead=items.get(story.lead_id) or items[reports[0]],
            links=links,
            articles=items,
            tags=_tags(connection, [articles[number] for number in shown]),
            related=[listed.headline for listed in related.values()],
        )
        return material, self.views.alone(connection, [articles[number] for number in reports[:FEED_ITEMS]])


def _tags(connection: Connection, articles: Sequence[Article]) -> list[NamedPath]:
    """Return the most frequent tags of the articles, as far as they have a page."""
    listed = paged_lists.with_two_texts(connection, "tag", [article.id for article in articles])
    spelt = {tag_key(name): name for article in articles for name in article.tags}
    counts = Counter(tag_key(name) for article in articles for name in article.tags)
    best = sorted(listed & counts.keys(), key=lambda tag: (-counts[tag], tag))[:MAX_TAGS]
    return [NamedPath(name=spelt[tag], path=tag_path(tag)) for tag in best]
