"""Pages of a publish run: the articles whose pages are stale, and the lists that show them."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from syndicate.errors import RenderError
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.jobs.publish.front_build import FrontBuild, offers_of, step_of
from syndicate.jobs.publish.lists.day_build import DayBuild, write_latest
from syndicate.jobs.publish.lists.list_build import FAILURES_BEFORE_GIVING_UP, ListBuild, RenderedArticles
from syndicate.jobs.publish.site_files import SiteFiles
from syndicate.jobs.publish.story_build import StoryBuild
from syndicate.model import Channel, PublishedArticle, Source
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
from syndicate.text.names import spellings, tag_key

# Maximum number of articles read at once.
BATCH = 200
# Maximum number of articles whose pages are written between two commits.
PAGES_PER_COMMIT = 4_000
# Maximum number of articles kept in memory for the lists that show them.
MAX_KNOWN_ARTICLES = 4_000
# Number of pages rendered per exchange with a worker, if the operator's templates are used.
RENDER_BATCH = 20
LISTS_STEP = 900.0
FRONT = "front"
"""Output whose signature is of the front page."""
SITE_PART, PAGES_PART = "site", "pages:"
TOP_SHOWN = 7
TRENDING_SHOWN = 5
TRENDING_READ = 12
FRONT_TOP = 24
MORE_FROM_SECTION = 20


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
        self._rendered = RenderedArticles()
        self._written: dict[int, int] = {}
        self._marks: set[str] = set()
        self._views = replace(context.views, coverage_cache={})
        self._failed_in_a_row = 0
        self.shared_signature = ""
        self.written: list[str] = []
        # Not a method: the build and its lists would be in a cycle, and keep all articles after the run.
        self._write = partial(_write, context, self.written)
        self.failures: list[str] = []

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
        self._surround()
        self._mark()
        with self._store.read() as connection:
            waiting = stale.count_stale(connection)
            listed = bool(stale.lists_by_name(stale.stale_lists(connection)))
        if (waiting or listed) and self._context.known.get(FRONT):
            # If the job is killed between the articles and the lists that show them, the next run writes the
            # lists.
            self._context.save({FRONT: ""})
        done = self._article_pages(waiting, progress)
        if not self._context.should_stop():
            self._whole_site(None, changed=bool(done or listed))

    def run_part(self, part: str) -> None:
        """Write a part after ``begin``, beside other workers with other parts."""
        self._surround()
        known = self._context.known.get(FRONT, "")
        if part == SITE_PART:
            self._mark()
            self._whole_site(known, changed=False)
            return
        if part == "lists":
            self._lists.run()
        elif part == "stories":
            self._stories()
        elif part == "days":
            DayBuild(lists=self._lists).run()
        else:
            least = int(part.removeprefix(PAGES_PART)) * stale.PAGE_BLOCK
            for _ in self._stale_batches(least, least + stale.PAGE_BLOCK):
                pass
        if part in ("lists", "days") and self.written:
            # Another worker may have written the sitemap before these pages existed.
            with self._store.write() as connection:
                stale.mark_lists(connection, [f"{stale.SITEMAP}pages"])
        # The front page shows the articles and lists: it is written again, also if it is being written now.
        waiting = signature_of(self._context.now, part, known)
        self._context.save({FRONT: f"waiting {waiting}"})

    def _surround(self) -> None:
        """Read the moving lists that all pages show."""
        with self._store.read() as connection:
            self._front_top = self._ranked(connection, "top", FRONT_TOP)
            trending = self._ranked(connection, "trending", TRENDING_READ)
        self._trending = [replace(headline, growth=growth_of(headline)) for headline in trending]
        self._shown = {"top": self._front_top[:TOP_SHOWN], "trending": self._trending[:TRENDING_SHOWN]}
        self._lists = ListBuild(
            context=self._context,
            pages=self._pages,
            trending=self._shown["trending"],
            write=self._write,
            failures=self.failures,
            rendered=self._rendered,
        )
        templates = self._context.templates.fingerprint("pages/")
        shown = replace(self._options, hub_url="", feed_limit_bytes=0, fresh_for=0)
        self._site = signature_of(shown, templates, self._pages.site.newsletters)

    def _whole_site(self, before: str | None, *, changed: bool) -> None:
        """Write the front page, unless its inputs are the same, and the files of the whole site.

        ``before`` is the signature of the front page at the start, if other workers may change it meanwhile.
        """
        self._write_assets()
        with self._store.read() as connection:
            built = stale.signatures(connection)
        # The front page shows the newest edition of each newsletter.
        archives = [
            (newsletter.name, newsletter.title, built.get(f"archive:{newsletter.name}"))
            for newsletter in self._context.newsletters
        ]
        feeds = [(channel.name, channel.title) for channel in self._context.channels]
        step = step_of(self._context.now)
        front = signature_of(
            step, self._front_top, self._trending, self._sections, self._site, feeds, archives
        )
        if changed or self._context.known.get(FRONT) != front:
            write_latest(self._lists)
            build = FrontBuild(self._context, self._pages, self._lists.headlines, self._sections)
            render = partial(build.page, self._front_top, self._trending)
            if self._lists.write_page("", FRONT_PATH, render):
                with self._context.commit() as connection:
                    stale.save_signatures(connection, {FRONT: front}, self._context.now, before=before)
        SiteFiles(self._context, self._pages, self._write, self.failures).run()

    def _mark(self) -> None:
        """Mark pages with changed surroundings, and save their signatures in the same transaction.

        New lists reach all young pages at most once in a step of the clock: on a busy day every new article
        moves them, and some thousand pages show them.
        """
        now, known, site = self._context.now, self._context.known, self._site
        lists = signature_of(*self._shown.values(), self._sections)
        step = str(int(now.timestamp() // LISTS_STEP))
        moved = known.get("lists") != lists
        lists_due = moved and known.get("lists step") != step
        changed: dict[str, str] = {}
        if known.get("site") != site:
            changed["site"] = site
        feeds = _feeds(self._context.channels)
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
            elif lists_due or feeds != before:
                # Older pages keep their links, which the web server redirects or answers with 410.
                stale.mark_lists(connection, [f"section:{tag_key(name)}" for name in self._sections])
                stale.mark_published_since(connection, now - timedelta(seconds=self._options.fresh_for))
            stale.save_signatures(connection, changed, now)
        if "site" in changed and not self._options.automatic_channels:
            self._lists.remove_feeds()

    def _article_pages(self, waiting: int, progress: Callable[[int, int], None]) -> int:
        """Write stale pages, then the lists and days that show them; return the number of pages."""
        done = 0
        while not self._gives_up():
            for count in self._stale_batches():
                done += count
                progress(done, max(waiting, done))
            if self._gives_up():
                break
            wrong = self._lists.run()
            if not wrong:
                self._stories()
                DayBuild(lists=self._lists).run()
                break
            # Pages of these articles link to a removed page of a tag or author, or not to a new one.
            self._rendered.ids.difference_update(wrong)
        return done

    def _stale_batches(self, least: int = 0, below: int | None = None) -> Iterator[int]:
        """Write the stale pages of a range of ids, each once in a run; yield the size of each batch."""
        while not self._gives_up():
            with self._store.read() as connection:
                batch = stale.stale_pages(connection, BATCH, below=below, least=least)
            if not batch:
                break
            below = batch[-1][0]
            fresh = [item for item in batch if item[0] not in self._rendered.ids]
            self._batch(fresh)
            yield len(fresh)
            if len(self._written) >= PAGES_PER_COMMIT:
                self._finish()
        self._finish()

    def _gives_up(self) -> bool:
        return self._failed_in_a_row >= FAILURES_BEFORE_GIVING_UP or self._context.should_stop()

    def _batch(self, batch: Sequence[tuple[int, int]]) -> None:
        """Write these articles' pages; ``_finish`` marks the lists with these articles."""
        versions = dict(batch)
        self._rendered.ids.update(versions)
        with self._store.read() as connection:
            articles_by_id = article_store.get_articles(connection, versions)
            articles = [articles_by_id[article_id] for article_id in versions if article_id in articles_by_id]
            items = self._views.published(connection, articles)
            paged = {
                kind: paged_lists.with_two_texts(connection, kind, list(versions))
                for kind in paged_lists.NAMED
            }
            more = {name: self._more_from(connection, name) for name in {a.section for a in articles}}
        room = max(0, MAX_KNOWN_ARTICLES - len(self._rendered.known))
        self._rendered.known.update((article.id, article) for article in articles[:room])
        headlines = self._lists.headlines.keep(items, room)
        self._pages.tags, self._pages.authors = paged["tag"], paged["author"]
        for item, page in self._rendered_pages(items, headlines, more):
            article = item.article
            for kind, names in (("tag", article.tags), ("author", article.authors)):
                found = {f"{kind}:{key}": key in paged[kind] for key in map(tag_key, names)}
                self._rendered.linked.update(found)
            try:
                if isinstance(page, RenderError):
                    raise page
                self._write(article.path, page)
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
        changed = [number for number, version in batch if version > 0]
        with self._store.read() as connection:
            marks = stale.list_marks(connection, self._written.keys() & changed)
        self._marks |= {mark for mark in marks if self._is_shown(mark, paged)}

    def _is_shown(self, mark: str, paged: Mapping[str, Collection[str]]) -> bool:
        """Return whether a mark is of a list with a page: most tags and authors have none."""
        head, _, key = mark.partition(":")
        kind = head.partition("@")[0]
        return kind not in paged or key in paged[kind] or self._context.output.exists(first_path(kind, key))

    def _rendered_pages(
        self,
        items: Sequence[PublishedArticle],
        headlines: Sequence[Headline],
        more: Mapping[str, Sequence[Headline]],
    ) -> Iterator[tuple[PublishedArticle, bytes | RenderError]]:
        for start in range(0, len(items), RENDER_BATCH):
            if self._gives_up():
                return
            some = slice(start, start + RENDER_BATCH)
            pages = self._pages.article_pages(items[some], headlines[some], more, **self._shown)
            yield from zip(items[some], pages, strict=True)

    def _finish(self) -> None:
        """Unmark the articles written so far, and mark their lists in the same transaction."""
        if self._written:
            with self._context.commit() as connection:
                stale.mark_lists(connection, paged_lists.without_cut_pages(connection, self._marks))
                stale.clear_stale(connection, self._written.items())
        self._written, self._marks, self._views = {}, set(), replace(self._views, coverage_cache={})

    def _stories(self) -> None:
        """Write the stale pages and feeds of stories."""
        views = replace(self._context.views, coverage_cache={})
        StoryBuild(self._lists, views).run()

    def _write_assets(self) -> None:
        try:
            for path, data in self._pages.assets().items():
                self._write(path, data)
            for brand in (self._options.brand, *self._pages.brands):
                for path, file in ((brand.logo, brand.logo_file), (brand.logo_dark, brand.logo_dark_file)):
                    if path:
                        self._write(path, Path(file).read_bytes())
        except (RenderError, OSError) as error:
            self.failures.append(str(error))

    def _ranked(self, connection: Connection, name: str, limit: int) -> list[Headline]:
        """Return the headlines of a list, in the site's language if possible."""
        ranked = ranked_lists.ranked_stories(connection, name, limit=limit)
        leads, language = language_leads(connection, [story.story_id for story in ranked]), self._language
        ids = [leads.get((story.story_id, language), story.article_id) for story in ranked]
        return [Headline.of(item) for item in self._views.headlines(connection, dict.fromkeys(ids))]

    def _more_from(self, connection: Connection, section: str) -> list[Headline]:
        if section and section not in self._more:
            ids = story_store.section_articles(connection, section, limit=MORE_FROM_SECTION)
            self._more[section] = list(map(Headline.of, self._views.headlines(connection, ids)))
        return self._more.get(section, [])


def _write(context: PublishContext, written: list[str], path: str, data: bytes) -> None:
    written += context.write({path: data}, sync=False)


def _feeds(channels: Sequence[Channel]) -> dict[str, list[list[str]]]:
    """Return channels, as name and title, by the section (key) that they consist of; ``""`` has the first."""
    feeds = {"": [[channel.name, channel.title] for channel in channels[:1]]}
    for channel in channels:
        if key := only_section(channel):
            feeds.setdefault(key, []).append([channel.name, channel.title])
    return feeds


def _in_order(sections: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Return sections in the order of their sources' declaration, then by name, for stable navigation.

    A section is spelt as in its sources' declarations, if any.
    """
    declared = spellings(source.section for source in sorted(sources, key=lambda source: source.id))
    place = {key: position for position, key in enumerate(declared)}
    named = [(declared.get(key := tag_key(section), section), key) for section in sections]
    return [name for name, key in sorted(named, key=lambda item: (place.get(item[1], len(place)), item[0]))]
