"""Channel on disk: its feeds, the pages of its archive (RFC 5005), and the list of its sources.

Every article of a channel is in its feeds or on a page of its archive. A page holds as many articles as the
channel, in the order of storage. It is closed when it is full, or when the feeds themselves leave out an
article that no page holds yet. Then its file changes only when an article on it is edited or pruned.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.model import Article, Channel, ClauseField, Source
from syndicate.opml import outline_of, write_opml
from syndicate.publish.feeds.news_sitemap import MAX_AGE, MAX_ARTICLES, news_sitemap
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.store import Connection
from syndicate.store.output import channel_archives, channel_store, stale
from syndicate.text.names import tag_key

# Number of articles with which an archive begins: a store may already hold a million.
FIRST_ARTICLES = 5_000
# Share of the feed's byte limit that an archive page takes.
FULL_SHARE = 0.75
# An article that has waited longer for its place never gets one, and holds up no page.
_WAITS_AT_MOST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChannelBuild:
    """Build the changed files of a channel."""

    context: PublishContext

    def run(self, channel: Channel, shared: str) -> list[str]:
        """Update a channel; return the paths that changed.

        ``shared`` is the signature of the common inputs of all channels.
        """
        name = f"{stale.CHANNEL}{channel.name}"
        context = self.context
        with context.store.read() as connection:
            articles = channel_store.channel_signature(connection, channel.clauses, limit=channel.limit)
            links = channel_store.related_signature(connection, [article[0] for article in articles])
            bounds = channel_archives.archive_bounds(connection, channel.name)
            listed_ids = [article[0] for article in articles]
            is_full = bool(bounds) and len(articles) == channel.limit
            late = is_full and channel_archives.has_others(
                connection, channel.clauses, bounds[-1], listed_ids
            )
        signature = signature_of(channel, shared, articles, links, len(bounds))
        if not late and context.is_built(name, signature, feed_paths(channel.name)):
            return []
        is_ranking = any(clause.field is ClauseField.LIST for clause in channel.clauses)
        if not bounds and not is_ranking:
            bounds = [self._begin_archive(channel)]
        # A single state of the store: an article that is placed meanwhile belongs to the next run.
        with context.store.snapshot() as connection:
            listed = channel_store.channel_articles(connection, channel.clauses, limit=channel.limit)
            rest = (
                []
                if is_ranking
                else channel_archives.open_articles(
                    connection, channel.clauses, bounds[-1], context.now - _WAITS_AT_MOST
                )
            )
            items = context.views.published(connection, listed)
            documents = dict(context.documents([(_after(channel, len(bounds)), items)]))
            opml = self._sources(connection, channel)
        changed: list[str] = []
        # A link to a page that is new makes the feed longer, so that it may leave out one more article.
        while closed := self._archive(channel, bounds, rest, documents):
            changed += closed
            documents = dict(context.documents([(_after(channel, len(bounds)), items)]))
        changed += context.write({f"{channel.name}/sources.opml": opml, **documents})
        signature = signature_of(channel, shared, articles, links, len(bounds))
        context.finish_feeds("channel", channel.name, name, signature, documents)
        return changed

    def rewrite(self, channel: Channel, edited: Collection[int] | None) -> list[str]:
        """Rewrite the archive pages with these articles, or all pages; return the paths that changed."""
        with self.context.store.read() as connection:
            bounds = channel_archives.archive_bounds(connection, channel.name)
        numbers: Iterable[int] = range(1, len(bounds))
        if edited is not None:
            numbers = sorted({bisect_left(bounds, number) for number in edited})
        changed: list[str] = []
        for number in numbers:
            if 0 < number < len(bounds):
                with self.context.store.read() as connection:
                    articles = channel_archives.articles_after(
                        connection, channel.clauses, bounds[number - 1], until=bounds[number]
                    )
                changed += self.context.write(self._page(channel, number, articles))
        return changed

    def restart_archive(self, channel: Channel) -> None:
        """Remove the archive of a channel with a changed query: its pages hold the old query's articles."""
        for path in self.context.output.paths(f"{channel.name}/archive"):
            self.context.remove(path)
        with self.context.commit() as connection:
            channel_archives.move_archive(connection, channel.name, None)

    def _begin_archive(self, channel: Channel) -> int:
        with self.context.store.write() as connection:
            after = channel_archives.archive_cutoff_id(connection, channel.clauses, FIRST_ARTICLES)
            channel_archives.add_archive_page(connection, channel.name, 0, after)
        return after

    def _archive(
        self, channel: Channel, bounds: list[int], rest: list[Article], documents: Mapping[str, bytes]
    ) -> list[str]:
        """Close archive pages until each feed holds the ``rest``, the articles after the last page.

        Adds to ``bounds``, takes from ``rest``, and returns the paths of the pages.
        """
        changed: list[str] = []
        room = self.context.options.feed_limit_bytes * FULL_SHARE
        while len(rest) >= channel.limit or not _hold(documents, rest):
            articles = rest[: channel.limit]
            files = self._page(channel, len(bounds), articles)
            while (most := max(map(len, files.values()))) > room and len(articles) > 1:
                articles = articles[: max(1, int(len(articles) * room / most))]
                files = self._page(channel, len(bounds), articles)
            changed += self.context.write(files)
            with self.context.commit() as connection:
                channel_archives.add_archive_page(connection, channel.name, len(bounds), articles[-1].id)
            bounds.append(articles[-1].id)
            del rest[: len(articles)]
        return changed

    def _page(self, channel: Channel, number: int, articles: list[Article]) -> Mapping[str, bytes]:
        """Return the files of an archive page, without related stories, which change every day."""
        page = replace(
            _after(channel, number), name=_page_name(channel, number), current=channel.name, hub=False
        )
        with self.context.store.read() as connection:
            items = self.context.views.alone(connection, articles)
        return dict(self.context.documents([(page, items)]))

    def _sources(self, connection: Connection, channel: Channel) -> bytes:
        """Return the sources whose articles the channel can hold, as OPML."""
        sources = list(self.context.views.sources.values())
        for clause in channel.clauses:
            if clause.field is ClauseField.SOURCE:
                sources = [source for source in sources if (source.name in clause.values) != clause.negated]
            elif clause.field is ClauseField.SECTION and not clause.negated:
                keys = set(map(tag_key, clause.values))
                ids = channel_archives.sources_in(connection, keys)
                sources = [
                    source for source in sources if source.id in ids or tag_key(source.section) in keys
                ]
        return sources_opml(f"{channel.title}: sources", sources)


def sources_opml(title: str, sources: Iterable[Source]) -> bytes:
    """Return the sources that are read over HTTP and not paused, as OPML."""
    return write_opml(
        title,
        [
            outline_of(source)
            for source in sources
            if source.url and not source.paused and source.kind.is_feed
        ],
    )


def feed_paths(name: str) -> list[str]:
    """Return the paths of a channel's feed files in the output folder."""
    return [f"{name}.{kind}" for kind in FORMATS]


def remove_channel(context: PublishContext, name: str) -> None:
    """Remove every file of a channel."""
    archive = context.output.paths(f"{name}/archive")
    for path in (*feed_paths(name), f"{name}/sources.opml", *archive):
        context.remove(path)


def _after(channel: Channel, pages: int) -> Channel:
    """Return the channel with a link to the last of ``pages`` bounds' archive pages; page 0 has no file."""
    return replace(channel, previous=_page_name(channel, pages - 1) if pages > 1 else "")


def _hold(documents: Mapping[str, bytes], articles: Iterable[Article]) -> bool:
    """Return whether each feed holds these articles: items carry their public ids."""
    ids = [article.uid.encode() for article in articles]
    return all(uid in data for data in documents.values() for uid in ids)


def _page_name(channel: Channel, number: int) -> str:
    return f"{channel.name}/archive/{number}"


def write_source_lists(context: PublishContext) -> list[str]:
    """Write the sources as OPML, and the style sheet of feeds; return the paths that changed."""
    document = sources_opml(f"{context.options.title}: sources", context.views.sources.values())
    style = context.write({"feed.css": context.templates.read("pages/feed.css")})
    return style + context.write_changed("opml", signature_of(document), "sources.opml", lambda: document)


def write_news_sitemap(context: PublishContext) -> list[str]:
    """Write the News sitemap; return its path if it changed."""
    own = [source.id for source in context.views.sources.values() if source.own]
    since = context.now - MAX_AGE
    with context.store.read() as connection:
        found = channel_store.source_articles(connection, own, since=since, limit=MAX_ARTICLES)
    facts = [(article.uid, article.title, article.content_hash, article.updated) for article in found]
    recent = [since <= article.published <= context.now for article in found]
    signature = signature_of(context.options, facts, recent)

    def data() -> bytes:
        with context.store.read() as connection:
            items = context.views.listed(connection, found)
        return news_sitemap(items, context.options, context.now)

    return context.write_changed("news-sitemap", signature, "news-sitemap.xml", data)


def visible_fields(source: Source) -> tuple[object, ...]:
    """Return the fields of a source that feeds and pages show."""
    return (
        *(source.name, source.url, source.home_url, source.feed_id, source.title),
        *(source.own, source.republish, source.kind, source.section, source.language, source.paused),
    )
