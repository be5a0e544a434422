"""Lists besides the front page: pages of tags, and the feeds of tags, sections and sources.

A list is stale when an article joined it, changed or left it; the table ``stale_lists`` records this. Rows
are cleared after the files are written.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict

from syndicate.errors import RenderError
from syndicate.jobs.publish.context import FORMATS, PublishContext
from syndicate.model import Article, Channel
from syndicate.publish.site import FEED_MINIMUM, SitePages
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import list_feed, section_path, tag_path
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.output import channel_store, stale
from syndicate.store.output.channel_store import TagList
from syndicate.text.names import tag_key

BATCH = 200
LISTING_SHOWN = 50
FEED_ITEMS = 20
TAG_MINIMUM = 2
# Maximum number of articles whose pages are rewritten when a tag's page appears or disappears.
MAX_CARRIERS = 1_000
# Failures that mean a broken template, not a broken article.
FAILURES_BEFORE_GIVING_UP = 20

# Renders the page of a list from its name and headlines.
RenderList = Callable[[str, Sequence[Headline]], bytes]


class MovingLists(TypedDict):
    """Moving lists on listings."""

    top: Sequence[Headline]
    trending: Sequence[Headline]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedArticles:
    """Articles with a page rendered in this run.

    ``linked`` maps their tags (keys) to whether these pages link to the tag's page; ``known`` are articles
    already read.
    """

    ids: Collection[int]
    linked: Mapping[str, bool]
    known: Mapping[int, Article]


@dataclass(slots=True, kw_only=True)
class ListBuild:
    """Build stale lists; ``write`` puts a file in place.

    Lists that are not written before a stop stay stale, and so do lists that fail.
    """

    context: PublishContext
    write: Callable[[str, bytes], None]
    failures: list[str]
    _failed: set[str] = field(default_factory=set, init=False)

    def run(self, pages: SitePages, shown: MovingLists, rendered: RenderedArticles) -> set[int]:
        """Write stale lists; mark and return articles whose pages link to too many or too few tags."""
        with self.context.store.read() as connection:
            stale_lists = stale.stale_lists(connection)
        names = [
            name for name in stale_lists if not name.startswith((stale.EDIT, stale.SITEMAP, stale.STORY))
        ]
        wrong: set[int] = set()
        for start in range(0, len(names), BATCH):
            if self.context.should_stop() or len(self._failed) >= FAILURES_BEFORE_GIVING_UP:
                break
            batch = names[start : start + BATCH]
            try:
                tags = [name.removeprefix("tag:") for name in batch if name.startswith("tag:")]
                lists = self._tag_lists(tags)
                relinked = self._tags(tags, lists, partial(pages.tag_page, **shown), rendered)
                self._feeds(batch, lists, pages, partial(pages.section_page, **shown), rendered.known)
            except RenderError as error:
                self.failures.append(str(error))
                break
            wrong |= relinked
            done = {name: stale_lists[name] for name in batch if name not in self._failed}
            with self.context.store.write() as connection:
                stale.clear_lists(connection, done)
                stale.mark_stale(connection, relinked)
        return wrong

    def remove_feeds(self) -> None:
        """Remove the feeds of all tags, sections, sources and stories, and the empty folders."""
        for kind in ("tags", "sections", "sources", "stories"):
            folder = self.context.output / kind
            for suffix in FORMATS:
                for file in folder.glob(f"*.{suffix}"):
                    file.unlink()
            with suppress(OSError):
                folder.rmdir()

    def _tag_lists(self, tags: Sequence[str]) -> dict[str, TagList]:
        """Return the articles on the pages of these tags; tags without a page are left out."""
        if not tags:
            return {}
        with self.context.store.read() as connection:
            lists = channel_store.tagged_articles(connection, tags, limit=LISTING_SHOWN)
            pruned = channel_store.pruned_tags(connection, tags)
        paged = {tag: tag_list for tag, tag_list in lists.items() if len(tag_list.article_ids) >= TAG_MINIMUM}
        # The pages of pruned articles stay, and link to the pages of their tags.
        kept = [tag for tag in pruned if tag in lists or self.context.exists(tag_path(tag))]
        return paged | {tag: lists.get(tag, TagList(name=tag, article_ids=())) for tag in kept}

    def _tags(
        self,
        tags: Sequence[str],
        lists: Mapping[str, TagList],
        render: RenderList,
        rendered: RenderedArticles,
    ) -> set[int]:
        """Write or remove the pages of these tags."""
        with self.context.store.read() as connection:
            ids = {article_id for tag_list in lists.values() for article_id in tag_list.article_ids}
            articles = _articles(connection, ids, rendered.known)
            items = self.context.views.listed(connection, articles)
        headlines = {item.article.id: Headline.of(item) for item in items}
        before = {tag: self.context.exists(tag_path(tag)) for tag in tags}
        for tag in tags:
            path, tag_list = tag_path(tag), lists.get(tag)
            if tag_list is not None:
                listed = [headlines[number] for number in tag_list.article_ids if number in headlines]
                self.write_page(f"tag:{tag}", path, partial(render, tag_list.name, listed))
            elif before[tag]:
                (self.context.output / path).unlink(missing_ok=True)
        linked = {tag: rendered.linked.get(tag, exists) for tag, exists in before.items()}
        moved = [tag for tag in tags if {before[tag], linked[tag]} != {tag in lists}]
        if not moved:
            return set()
        with self.context.store.read() as connection:
            carriers = channel_store.latest_tagged_ids(connection, moved, limit=MAX_CARRIERS)
        return {
            number
            for tag, tag_list in carriers.items()
            for number in tag_list
            if (linked if number in rendered.ids else before)[tag] != (tag in lists)
        }

    def _feeds(
        self,
        names: Sequence[str],
        lists: Mapping[str, TagList],
        pages: SitePages,
        render: RenderList,
        known: Mapping[int, Article],
    ) -> None:
        """Write the feeds of these lists.

        The feed of a section or a source stays when it becomes empty, since older pages link to it.
        """
        feeds: dict[str, tuple[str, Sequence[int]]] = {}
        keys: dict[str, list[str]] = {"tag": [], "section": [], "source": []}
        for kind, _, key in (name.partition(":") for name in names):
            keys[kind].append(key)
        with self.context.store.read() as connection:
            for tag in keys["tag"]:
                feeds |= self._feed_of_tag(tag, lists.get(tag))
            sections = {tag_key(section): section for section in keys["section"]}
            by_section = channel_store.newest_ids(connection, "section_key", sections, limit=FEED_ITEMS)
            for key, ids in by_section.items():
                feeds |= self._feed_of_section(sections[key], ids, pages, render)
            numbers = map(int, keys["source"])
            by_source = channel_store.newest_ids(connection, "source_id", numbers, limit=FEED_ITEMS)
            for number, ids in by_source.items():
                if source := self.context.views.sources.get(number):
                    path = list_feed("sources", source.name)
                    if ids or self.context.exists(f"{path}.{FORMATS[0]}"):
                        feeds[path] = source.name, ids
            if not self.context.options.automatic_channels:
                return
            listed_ids = {article_id for _, ids in feeds.values() for article_id in ids}
            articles = _articles(connection, listed_ids, known)
            views = self.context.views.alone(connection, articles)
        items = {item.article.id: item for item in views}
        listings = []
        for path, (name, listed) in feeds.items():
            title = f"{name} · {self.context.options.title}"
            channel = Channel(name=path, title=title, query="", limit=FEED_ITEMS, hub=False)
            listings.append((channel, [items[number] for number in listed if number in items]))
        for file, data in self.context.documents(listings):
            self.write(file, data)

    def _feed_of_tag(self, key: str, tag_list: TagList | None) -> dict[str, tuple[str, Sequence[int]]]:
        """Return the content of a tag's feed; remove the files of a tag with too few articles."""
        path = list_feed("tags", key)
        if tag_list is not None and len(tag_list.article_ids) >= FEED_MINIMUM:
            return {path: (tag_list.name, tag_list.article_ids[:FEED_ITEMS])}
        # The first format goes last, so that a job killed in between looks for the others again.
        for suffix in FORMATS[::-1] if self.context.exists(f"{path}.{FORMATS[0]}") else ():
            (self.context.output / f"{path}.{suffix}").unlink(missing_ok=True)
        return {}

    def _feed_of_section(
        self, key: str, ids: Sequence[int], pages: SitePages, render: RenderList
    ) -> dict[str, tuple[str, Sequence[int]]]:
        """Return the content of a section's feed; empty the page of a section without articles."""
        if not ids:
            if not self.context.exists(section_path(key)):
                return {}
            self.write_page(f"section:{key}", section_path(key), partial(render, key, ()))
        return {list_feed("sections", key): (pages.section_name(key), ids)}

    def write_page(self, name: str, path: str, render: Callable[[], bytes]) -> bool:
        """Write a page and return whether it could be rendered; a list (``name``) that fails stays stale."""
        try:
            self.write(path, render())
        except RenderError as error:
            self._failed.add(name)
            self.failures.append(f"page {path}: {error}")
            self.context.record_failure("page", path, error)
            return False
        self.context.clear_pages({path})
        return True


def _articles(connection: Connection, ids: Collection[int], known: Mapping[int, Article]) -> list[Article]:
    missing = [article_id for article_id in ids if article_id not in known]
    read = article_store.get_articles(connection, missing)
    return [known[article_id] for article_id in ids if article_id in known] + list(read.values())
