"""Pages of a publish run: the articles whose pages are stale, and the lists that show them."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypedDict

from syndicate.errors import RenderError
from syndicate.files import write_page
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.jobs.publish.front_build import FrontBuild, offers_of, step_of
from syndicate.jobs.publish.lists.day_build import DayBuild
from syndicate.jobs.publish.lists.latest_build import write_latest
from syndicate.jobs.publish.lists.list_build import FAILURES_BEFORE_GIVING_UP, ListBuild, RenderedArticles
from syndicate.jobs.publish.site_files import SiteFiles
from syndicate.jobs.publish.story_build import StoryBuild
from syndicate.model import Article, Channel, PublishedArticle, Source
from syndicate.publish.channel_query import only_section
from syndicate.publish.front_choice import growth_of
from syndicate.publish.lists.list_page import first_path
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.output import channel_store, paged_lists, stale
from syndicate.store.stories import ranked_lists, story_store
from syndicate.store.stories.story_leads import language_leads
from syndicate.text.language import main_language
from syndicate.text.names import tag_key

# Maximum number of articles read at once.
BATCH = 200
# Maximum number of articles whose pages are written between two commits.
PAGES_PER_COMMIT = 4_000
# Maximum number of articles kept in memory for the lists that show them.
MAX_KNOWN_ARTICLES = 4_000
# Number of pages rendered per exchange with a worker, if the operator's templates are used.
RENDER_BATCH = 20
LISTS_STEP = 900.0
TOP_SHOWN = 7
TRENDING_SHOWN = 5
TRENDING_READ = 12
FRONT_TOP = 24
MORE_FROM_SECTION = 6


class MovingLists(TypedDict):
    """Moving lists on the pages of articles."""

    top: Sequence[Headline]
    trending: Sequence[Headline]


class SiteBuild:
    """Rewrite stale pages, newest articles first, in batches.

    Once ``should_stop`` returns true, no further batch begins; unfinished pages stay marked.
    """

    def __init__(self, context: PublishContext) -> None:
        self._context = context
        self._store = context.store
        self._options = context.options
        self._language = main_language(context.options.language)
        self._more: dict[str, list[Headline]] = {}
        self._rendered: set[int] = set()
        self._written: dict[int, int] = {}
        self._linked: dict[str, bool] = {}
        self._articles: dict[int, Article] = {}
        self._marks: set[str] = set()
        self._unchanged: set[int] = set()
        self._views = replace(context.views, coverage_cache={})
        self._failed_in_a_row = 0
        self.shared_signature = ""
        self.written: list[str] = []
        self.failures: list[str] = []
        self._lists = ListBuild(context=context, write=self._write, failures=self.failures)

    def begin(self) -> SitePages:
        """Read the common inputs of all pages; return the pages of this build."""
        with self._store.read() as connection:
            self._sections = _in_order(channel_store.sections(connection), self._views.sources.values())
        templates = self._context.templates
        self.shared_signature = signature_of(self._options, self._sections, templates.fingerprint("pages/"))
        self._pages = SitePages(
            templates,
            self._options,
            channels=self._context.channels,
            newsletters=self._context.newsletters,
            sections=self._sections,
            offers=offers_of(self._context),
        )
        return self._pages

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Write stale pages after ``begin``; the results are in ``written`` and ``failures``."""
        known = self._context.known
        with self._store.read() as connection:
            self._front_top = self._ranked(connection, "top", FRONT_TOP)
            trending = self._ranked(connection, "trending", TRENDING_READ)
        self._trending = [replace(headline, growth=growth_of(headline)) for headline in trending]
        self._shown = MovingLists(top=self._front_top[:TOP_SHOWN], trending=self._trending[:TRENDING_SHOWN])
        lists = signature_of(*self._shown.values(), self._sections)
        templates = self._context.templates.fingerprint("pages/")
        feeds = [(channel.name, channel.title) for channel in self._context.channels]
        shown = replace(self._options, hub_url="", feed_limit_bytes=0, fresh_for=0)
        site = signature_of(shown, feeds[:1], templates, self._pages.site.newsletters)
        self._mark(site=site, lists=lists)
        with self._store.read() as connection:
            waiting = stale.count_stale(connection)
            listed = bool(stale.lists_by_name(stale.stale_lists(connection)))
        if (waiting or listed) and known.get("front"):
            # If the job is killed between the articles and the lists that show them, the next run writes the
            # lists.
            self._context.save({"front": ""})
        done = self._article_pages(waiting, progress)
        if self._context.should_stop():
            return
        self._write_assets()
        with self._store.read() as connection:
            built = stale.signatures(connection)
        # The front page shows the newest edition of each newsletter.
        archives = [
            (newsletter.name, newsletter.title, built.get(f"archive:{newsletter.name}"))
            for newsletter in self._context.newsletters
        ]
        step = step_of(self._context.now)
        front = signature_of(step, self._front_top, self._trending, self._sections, site, feeds, archives)
        if done or listed or known.get("front") != front:
            write_latest(self._context, self._lists, self._pages, self._shown["trending"])
            build = FrontBuild(self._context, self._pages, self._lists.headlines, self._sections)
            render = partial(build.page, self._front_top, self._trending)
            if self._lists.write_page("", FRONT_PATH, render):
                self._context.save({"front": front})
        SiteFiles(self._context, self._pages, self._write, self.failures).run()

    def _mark(self, *, site: str, lists: str) -> None:
        """Mark pages with changed surroundings, and save their signatures in the same transaction.

        New lists reach all young pages at most once in a step of the clock: on a busy day every new article
        moves them, and some thousand pages show them.
        """
        now, known = self._context.now, self._context.known
        step = str(int(now.timestamp() // LISTS_STEP))
        moved = known.get("lists") != lists
        lists_due = moved and known.get("lists step") != step
        changed: dict[str, str] = {}
        if known.get("site") != site:
            changed["site"] = site
        feeds = _section_feeds(self._context.channels)
        before = json.loads(known.get("section feeds") or "{}")
        if feeds != before:
            changed["section feeds"] = json.dumps(feeds)
        if lists_due:
            changed |= {"lists": lists, "lists step": step}
        elif moved:
            # Pages written now carry lists that others do not have yet, even if these lists change back.
            changed["lists"] = "waiting for the next step"
        if all(known.get(name) == signature for name, signature in changed.items()):
            return
        with self._store.write() as connection:
            if "site" in changed:
                stale.mark_all(connection)
            else:
                if lists_due:
                    young = now - timedelta(seconds=self._options.fresh_for)
                    self._unchanged = stale.mark_published_since(connection, young)
                    stale.mark_lists(connection, [f"section:{tag_key(name)}" for name in self._sections])
                if feeds != before:
                    stale.mark_sections(
                        connection, {key for key in feeds | before if feeds.get(key) != before.get(key)}
                    )
            for name, signature in changed.items():
                stale.save_signature(connection, name, signature, now)
        if "site" in changed and not self._options.automatic_channels:
            self._lists.remove_feeds()

    def _article_pages(self, waiting: int, progress: Callable[[int, int], None]) -> int:
        done, below = 0, None
        while self._failed_in_a_row < FAILURES_BEFORE_GIVING_UP and not self._context.should_stop():
            with self._store.read() as connection:
                batch = stale.stale_pages(connection, BATCH, below=below)
            if batch:
                below = batch[-1][0]
                fresh = [item for item in batch if item[0] not in self._rendered]
                self._batch(fresh)
                done += len(fresh)
                progress(done, max(waiting, done))
                if len(self._written) >= PAGES_PER_COMMIT:
                    self._finish()
                continue
            self._finish()
            rendered = RenderedArticles(ids=self._rendered, linked=self._linked, known=self._articles)
            wrong = self._lists.run(self._pages, self._shown["trending"], rendered)
            if not wrong:
                self._stories()
                DayBuild(lists=self._lists, pages=self._pages).run()
                return done
            # Pages of these articles link to a removed page of a tag or author, or not to a new one.
            below, self._rendered = None, self._rendered - wrong
        self._finish()
        return done

    def _batch(self, batch: Sequence[tuple[int, int]]) -> None:
        """Write these articles' pages; ``_finish`` marks the lists with these articles."""
        versions = dict(batch)
        self._rendered |= versions.keys()
        with self._store.read() as connection:
            articles_by_id = article_store.get_articles(connection, versions)
            articles = [articles_by_id[article_id] for article_id in versions if article_id in articles_by_id]
            items = self._views.published(connection, articles)
            paged = {
                kind: paged_lists.with_two_texts(connection, kind, list(versions))
                for kind in paged_lists.NAMED
            }
            more = {
                section: self._more_from(connection, section) for section in {a.section for a in articles}
            }
        self._articles |= {
            article.id: article for article in articles[: max(0, MAX_KNOWN_ARTICLES - len(self._articles))]
        }
        self._pages.tags, self._pages.authors = paged["tag"], paged["author"]
        for item, page in self._rendered_pages(items, more):
            article = item.article
            for kind, names in (("tag", article.tags), ("author", article.authors)):
                self._linked |= {f"{kind}:{key}": key in paged[kind] for key in map(tag_key, names)}
            try:
                self._write(article.path, _rendered(page))
            except RenderError as error:
                self._failed_in_a_row += 1
                self.failures.append(f"page {article.path}: {error}")
                self._context.record_failure("page", article.path, error, source_id=article.source_id)
                continue
            self._failed_in_a_row = 0
            self._written[article.id] = versions[article.id]
            self._marks.add(stale.sitemap_mark("articles", article.id))
            if item.story and item.story.path:
                self._marks.add(f"{stale.STORY}{article.story_id}")
            self._context.clear_pages({article.path})
        changed = [n for n, version in batch if version > 1 or n not in self._unchanged]
        with self._store.read() as connection:
            marks = stale.list_marks(connection, self._written.keys() & changed)
        self._marks |= {mark for mark in marks if self._is_shown(mark, paged)}

    def _is_shown(self, mark: str, paged: Mapping[str, Collection[str]]) -> bool:
        """Return whether a mark is of a list with a page: most tags and authors have none."""
        head, _, key = mark.partition(":")
        kind = head.partition("@")[0]
        return kind not in paged or key in paged[kind] or self._context.exists(first_path(kind, key))

    def _rendered_pages(
        self, items: Sequence[PublishedArticle], more: Mapping[str, Sequence[Headline]]
    ) -> Iterator[tuple[PublishedArticle, bytes | RenderError]]:
        for start in range(0, len(items), RENDER_BATCH):
            if self._failed_in_a_row >= FAILURES_BEFORE_GIVING_UP or self._context.should_stop():
                return
            some = items[start : start + RENDER_BATCH]
            yield from zip(some, self._pages.article_pages(some, more, **self._shown), strict=True)

    def _finish(self) -> None:
        """Unmark the articles written so far, and mark their lists in the same transaction."""
        if self._written:
            with self._store.write() as connection:
                stale.clear_stale(connection, self._written.items())
                stale.mark_lists(connection, paged_lists.without_cut_pages(connection, self._marks))
        self._written, self._marks, self._views = {}, set(), replace(self._views, coverage_cache={})

    def _stories(self) -> None:
        """Write the stale pages and feeds of stories."""
        views = replace(self._context.views, coverage_cache={})
        StoryBuild(self._lists, self._pages, views, self._shown["trending"]).run()

    def _write_assets(self) -> None:
        try:
            for path, data in self._pages.assets().items():
                self._write(path, data)
            if self._options.logo:
                self._write(self._options.logo, Path(self._options.logo_file).read_bytes())
        except (RenderError, OSError) as error:
            self.failures.append(str(error))

    def _ranked(self, connection: Connection, name: str, limit: int) -> list[Headline]:
        """Return the headlines of a list, in the site's language if possible."""
        ranked = ranked_lists.ranked_stories(connection, name, limit=limit)
        leads, language = language_leads(connection, [story.story_id for story in ranked]), self._language
        ids = [leads.get((story.story_id, language), story.article_id) for story in ranked]
        articles = article_store.get_articles(connection, ids)
        found = [articles[number] for number in ids if number in articles]
        return list(self._headlines(connection, found).values())

    def _more_from(self, connection: Connection, section: str) -> list[Headline]:
        if section and section not in self._more:
            links = story_store.section_links(
                connection, section, limit=MORE_FROM_SECTION, site_url=self._options.site_url
            )
            self._more[section] = [Headline.of_related(link) for link in links]
        return self._more.get(section, [])

    def _headlines(self, connection: Connection, articles: Sequence[Article]) -> dict[int, Headline]:
        return {item.article.id: Headline.of(item) for item in self._views.listed(connection, articles)}

    def _write(self, path: str, data: bytes) -> None:
        if write_page(f"{self._context.output}/{path}", data):
            self.written.append(path)


def _rendered(page: bytes | RenderError) -> bytes:
    if isinstance(page, RenderError):
        raise page
    return page


def _section_feeds(channels: Iterable[Channel]) -> dict[str, list[list[str]]]:
    """Return the channels, as name and title, by the key of the section that they consist of."""
    feeds: dict[str, list[list[str]]] = {}
    for channel in channels:
        if key := only_section(channel):
            feeds.setdefault(key, []).append([channel.name, channel.title])
    return feeds


def _in_order(sections: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Return sections in the order of their sources' declaration, then by name, for stable navigation.

    A section is spelt as in its sources' declarations, if any.
    """
    declared: dict[str, str] = {}
    for source in sorted(sources, key=lambda source: source.id):
        declared.setdefault(tag_key(source.section), source.section)
    place = {key: position for position, key in enumerate(declared)}
    named = [(declared.get(key := tag_key(section), section), key) for section in sections]
    return [name for name, key in sorted(named, key=lambda item: (place.get(item[1], len(place)), item[0]))]
