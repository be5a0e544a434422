"""Lists besides the front page: pages of tags, and the feeds of tags, sections and sources.

A list is stale when an article joined it, changed or left it: rows of ``stale_lists`` say so. They are
cleared after the files are written.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from syndicate.errors import RenderError
from syndicate.jobs.publish.channel_build import FORMATS, Documents
from syndicate.jobs.publish.views import Told, listed_articles, published_articles
from syndicate.model import Channel, Clause, ClauseField, Source
from syndicate.publish.options import PublishOptions
from syndicate.publish.site import Headline, SitePages, list_feed, section_path, tag_path
from syndicate.store import Store, stale
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store.channels import TagList

BATCH = 200
LISTING_SHOWN = 50
FEED_ITEMS = 20
TAG_MINIMUM = 2
# Articles whose pages are written again when a tag gets its page, or loses it.
CARRIERS = 1_000


class Shown(TypedDict):
    """The moving lists that listings show."""

    top: Sequence[Headline]
    trending: Sequence[Headline]


@dataclass(slots=True, kw_only=True)
class ListBuild:
    """Writes the lists that are stale.

    ``documents`` gives the feed files of a channel by their path, ``write`` puts a file in place.
    """

    store: Store
    output: Path
    options: PublishOptions
    sources: Mapping[int, Source]
    documents: Documents
    write: Callable[[str, bytes], None]
    failures: list[str] = field(default_factory=list)

    def run(
        self,
        pages: SitePages,
        shown: Shown,
        linked: Mapping[str, bool],
        rendered: Collection[int],
    ) -> set[int]:
        """Write stale lists; mark and return articles whose pages link to too many or too few tags.

        ``linked`` says of tags (keys) whether the articles ``rendered`` in this run link to their pages.
        """
        with self.store.read() as connection:
            stale_lists = stale.stale_lists(connection)
        names = [name for name in stale_lists if not name.startswith(stale.EDIT)]
        wrong: set[int] = set()
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            try:
                tags = [name.removeprefix("tag:") for name in batch if name.startswith("tag:")]
                found = self._tags(tags, pages, shown, linked, rendered)
                for name in batch:
                    self._feed_of(name, pages, shown)
            except RenderError as error:
                self.failures.append(str(error))
                break
            wrong |= found
            with self.store.write() as connection:
                stale.clear_lists(connection, {name: stale_lists[name] for name in batch})
                stale.mark_stale(connection, found)
        return wrong

    def remove_feeds(self) -> None:
        """Remove the feeds of all tags, sections and sources."""
        for kind in ("tags", "sections", "sources"):
            for form in FORMATS:
                for file in (self.output / kind).glob(f"*.{form}"):
                    file.unlink()

    def _tags(
        self,
        tags: Sequence[str],
        pages: SitePages,
        shown: Shown,
        linked: Mapping[str, bool],
        rendered: Collection[int],
    ) -> set[int]:
        if not tags:
            return set()
        with self.store.read() as connection:
            lists = channel_store.tagged_articles(connection, tags, limit=LISTING_SHOWN)
            lists = {tag: found for tag, found in lists.items() if len(found.article_ids) >= TAG_MINIMUM} | {
                tag: lists.get(tag, TagList(name=tag, article_ids=()))
                for tag in channel_store.pruned_tags(connection, tags)
            }
            ids = {article_id for found in lists.values() for article_id in found.article_ids}
            articles = list(article_store.get_articles(connection, ids).values())
            told: Told = {}
            items = listed_articles(
                connection, articles, self.sources, site_url=self.options.site_url, told=told
            )
        headlines = {item.article.id: Headline.of(item) for item in items}
        wrong: set[int] = set()
        for tag in tags:
            path, found = tag_path(tag), lists.get(tag)
            before, after = (self.output / path).exists(), found is not None
            if found is None:
                (self.output / path).unlink(missing_ok=True)
            else:
                listed = [headlines[number] for number in found.article_ids if number in headlines]
                self.write(path, pages.tag_page(found.name, listed, **shown))
            self._tag_feed(tag, found)
            of_rendered = linked.get(tag, before)
            if before != after or of_rendered != after:
                with self.store.read() as connection:
                    carriers = channel_store.tag_carriers(connection, tag, limit=CARRIERS)
                wrong |= {one for one in carriers if (of_rendered if one in rendered else before) != after}
        return wrong

    def _tag_feed(self, tag: str, found: TagList | None) -> None:
        if found is None:
            for form in FORMATS:
                (self.output / f"{list_feed('tags', tag)}.{form}").unlink(missing_ok=True)
        else:
            self._feed("tags", found.name, Clause(field=ClauseField.TAG, values=(tag,)))

    def _feed_of(self, name: str, pages: SitePages, shown: Shown) -> None:
        """Write the feed of a section or a source; an empty one stays, since older pages link to it."""
        kind, _, key = name.partition(":")
        if kind == "section":
            clause = Clause(field=ClauseField.SECTION, values=(key,))
            if not self._feed("sections", pages.section_name(key), clause):
                self.write(section_path(key), pages.section_page(key, (), **shown))
        elif kind == "source" and (source := self.sources.get(int(key))):
            self._feed("sources", source.name, Clause(field=ClauseField.SOURCE, values=(source.name,)))

    def _feed(self, kind: str, name: str, clause: Clause) -> bool:
        """Write the feed of a list, if there are such feeds; false when the list is empty."""
        path, wanted = list_feed(kind, name), self.options.automatic_channels
        with self.store.read() as connection:
            limit = FEED_ITEMS if wanted else 1
            articles = channel_store.channel_articles(connection, (clause,), limit=limit)
            if not wanted:
                return bool(articles)
            items = published_articles(connection, articles, self.sources, site_url=self.options.site_url)
        title = f"{name} · {self.options.title}"
        channel = Channel(name=path, title=title, query="", limit=FEED_ITEMS, hub=False)
        for file, data in self.documents(channel, items).items():
            self.write(file, data)
        return bool(articles)
