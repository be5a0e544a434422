"""The pages of one publish run: the articles whose pages are stale, and the lists that show them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.errors import RenderError
from syndicate.files import write_page
from syndicate.jobs.publish.signatures import signature_of
from syndicate.jobs.publish.views import Told, listed_articles, published_articles
from syndicate.model import Article, Channel, Newsletter, Source
from syndicate.publish.options import PublishOptions
from syndicate.publish.site import FRONT_PATH, Headline, SectionBlock, SitePages, section_path, tag_path
from syndicate.publish.site_headline import reasons
from syndicate.store import Connection, Store, quarantine, ranking, stale
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store import stories as story_store
from syndicate.templating import Templates

BATCH = 200
# Tags recur from batch to batch, and their pages are long: they are written once for so many articles.
BETWEEN_TAGS = 4_000
FAILURES_BEFORE_GIVING_UP = 20
LISTS_STEP = 900.0
TOP_SHOWN = 7
TRENDING_SHOWN = 5
FRONT_TOP = 13
LISTING_SHOWN = 50
SECTION_ON_FRONT = 5
MORE_FROM_SECTION = 6
TAG_MINIMUM = 2


class SiteBuild:
    """Writes every page that no longer shows the truth, newest articles first, a batch at a time.

    Once ``should_stop`` returns true, no further batch is begun; pages that are not finished stay marked.
    """

    def __init__(
        self,
        store: Store,
        output: Path,
        channels: Sequence[Channel],
        options: PublishOptions,
        *,
        newsletters: Sequence[Newsletter],
        templates: Templates,
        sources: Mapping[int, Source],
        should_stop: Callable[[], bool],
    ) -> None:
        self._store = store
        self._output = output
        self._channels = channels
        self._newsletters = newsletters
        self._options = options
        self._templates = templates
        self._sources = sources
        self._should_stop = should_stop
        self._more: dict[str, list[Headline]] = {}
        self._rendered: set[int] = set()
        self._written: dict[int, int] = {}
        self._tags: set[str] = set()
        self._tagged: dict[int, Headline] = {}
        self._told: Told = {}
        self.look = ""
        self.written: list[str] = []
        self.failures: list[str] = []

    def begin(self) -> SitePages:
        """Read what all pages have in common; the pages of this build, for those who add some."""
        with self._store.read() as connection:
            self._sections = _in_order(channel_store.sections(connection), self._sources.values())
        self.look = signature_of(self._options, self._sections, self._templates.fingerprint("pages/"))
        self._pages = SitePages(
            self._templates,
            self._options,
            channels=self._channels,
            newsletters=self._newsletters,
            sections=self._sections,
        )
        return self._pages

    def run(self, now: datetime, known: Mapping[str, str], progress: Callable[[int, int], None]) -> None:
        """Write what is stale, once it has begun; ``written`` and ``failures`` say what happened."""
        with self._store.read() as connection:
            self._top = self._ranked(connection, "top", FRONT_TOP)
            self._front_top = self._reasoned(connection, self._top)
            self._trending = self._ranked(connection, "trending", TRENDING_SHOWN)
            self._failing = {one.subject for one in quarantine.failures(connection, kind="page")}
        lists = signature_of(self._top[:TOP_SHOWN], self._trending)
        archives = [(one.name, one.title) for one in self._newsletters]
        site = signature_of(self._options, self._channels, archives, self._templates.fingerprint("pages/"))
        self._mark(now, known, site=site, lists=lists)
        with self._store.read() as connection:
            waiting = stale.count_stale(connection)
        if waiting and known.get("front"):
            # Killed between the articles and the lists that show them, the next run writes the lists.
            self._save(now, {"front": ""})
        done = self._article_pages(now, waiting, progress)
        if self._should_stop():
            return
        self._write_assets()
        front = signature_of(self._front_top, self._trending, self._sections, site)
        if (done or known.get("front") != front) and self._front_and_sections():
            self._save(now, {"front": front})

    def _mark(self, now: datetime, known: Mapping[str, str], *, site: str, lists: str) -> None:
        """Mark pages whose surroundings changed, and in the same transaction remember for what.

        New lists reach all young pages at most once in a step of the clock: on a busy day every new
        article moves them, and each time some thousand pages show them.
        """
        step = str(int(now.timestamp() // LISTS_STEP))
        moved = known.get("lists") != lists
        lists_due = moved and known.get("lists step") != step
        changed: dict[str, str] = {}
        if known.get("site") != site:
            changed["site"] = site
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
            elif lists_due:
                stale.mark_published_since(connection, now - timedelta(seconds=self._options.fresh_for))
            for name, signature in changed.items():
                stale.save_signature(connection, name, signature, now)

    def _save(self, now: datetime, signatures: Mapping[str, str]) -> None:
        with self._store.write() as connection:
            for name, signature in signatures.items():
                stale.save_signature(connection, name, signature, now)

    def _article_pages(self, now: datetime, waiting: int, progress: Callable[[int, int], None]) -> int:
        done, below, again = 0, None, False
        while len(self.failures) < FAILURES_BEFORE_GIVING_UP and not self._should_stop():
            with self._store.read() as connection:
                batch = stale.stale_pages(connection, BATCH, below=below)
            if batch:
                below = batch[-1][0]
                fresh = [one for one in batch if one[0] not in self._rendered]
                self._batch(fresh, now)
                done += len(fresh)
                progress(done, max(waiting, done))
                if len(self._written) >= BETWEEN_TAGS:
                    again |= self._finish()
            elif self._finish() or again:
                # Older articles must now link to a page of a tag that is new.
                below, again = None, False
            else:
                return done
        self._finish()
        return done

    def _batch(self, batch: Sequence[tuple[int, int]], now: datetime) -> None:
        """Write these articles' pages; they stay marked until those of their tags are written too."""
        versions = dict(batch)
        self._rendered |= versions.keys()
        with self._store.read() as connection:
            found = article_store.get_articles(connection, versions)
            articles = [found[article_id] for article_id in versions if article_id in found]
            items = published_articles(
                connection, articles, self._sources, site_url=self._options.site_url, told=self._told
            )
            tags = channel_store.tag_counts(connection, {tag for article in articles for tag in article.tags})
            more = {
                section: self._more_from(connection, section) for section in {a.section for a in articles}
            }
        listed = {tag for tag, count in tags.items() if count >= TAG_MINIMUM}
        self._tags |= listed
        self._pages.tags = listed
        mended: set[str] = set()
        for item in items:
            if len(self.failures) >= FAILURES_BEFORE_GIVING_UP:
                break
            article = item.article
            if not listed.isdisjoint(article.tags):
                self._tagged[article.id] = Headline.of(item)
            try:
                page = self._pages.article_page(
                    item,
                    top=self._top[:TOP_SHOWN],
                    trending=self._trending,
                    more_from_section=more[article.section],
                )
                self._write(article.path, page)
            except RenderError as error:
                self._failed(article, error, now)
            else:
                self._written[article.id] = versions[article.id]
                mended |= self._failing & {article.path}
        if mended:
            with self._store.write() as connection:
                for path in mended:
                    quarantine.clear_failure(connection, "page", path)

    def _finish(self) -> bool:
        """Write the pages of the tags met so far, then unmark the articles written so far.

        True when that marked others, which do not link to the page of a tag that is new.
        """
        tags, unlinked = sorted(self._tags), set[int]()
        if not self._written and not tags:
            return False
        try:
            for start in range(0, len(tags), BATCH):
                if self._should_stop():
                    return False
                unlinked |= self._tag_pages(tags[start : start + BATCH])
        except RenderError as error:
            # These articles stay marked, so that the next run comes back to their tags.
            self.failures.append(str(error))
        else:
            with self._store.write() as connection:
                stale.clear_stale(connection, self._written.items())
                stale.mark_stale(connection, unlinked)
        self._written, self._tags, self._tagged, self._told = {}, set(), {}, {}
        return bool(unlinked)

    def _tag_pages(self, tags: Sequence[str]) -> set[int]:
        """Write the pages of these tags; returns older articles that do not link to a new one yet."""
        with self._store.read() as connection:
            listed = channel_store.tagged_articles(connection, tags, limit=LISTING_SHOWN)
            ids = {article_id for found in listed.values() for article_id in found} - self._tagged.keys()
            articles = article_store.get_articles(connection, ids)
            headlines = self._tagged | self._headlines(connection, list(articles.values()))
        unlinked: set[int] = set()
        for tag, found in listed.items():
            path = tag_path(tag)
            if not (self._output / path).exists():
                unlinked |= set(found) - self._rendered
            items = [headlines[article_id] for article_id in found]
            page = self._pages.tag_page(tag, items, top=self._top[:TOP_SHOWN], trending=self._trending)
            self._write(path, page)
        return unlinked

    def _front_and_sections(self) -> bool:
        blocks = []
        try:
            for section in self._sections:
                with self._store.read() as connection:
                    articles = channel_store.section_articles(connection, section, limit=LISTING_SHOWN)
                    headlines = list(self._headlines(connection, articles).values())
                blocks.append(SectionBlock(name=section, items=headlines[:SECTION_ON_FRONT]))
                page = self._pages.section_page(
                    section, headlines, top=self._top[:TOP_SHOWN], trending=self._trending
                )
                self._write(section_path(section), page)
            front = self._pages.front_page(top=self._front_top, trending=self._trending, sections=blocks)
            self._write(FRONT_PATH, front)
        except RenderError as error:
            self.failures.append(str(error))
            return False
        return True

    def _write_assets(self) -> None:
        try:
            for path, data in self._pages.assets().items():
                self._write(path, data)
        except RenderError as error:
            self.failures.append(str(error))

    def _ranked(self, connection: Connection, name: str, limit: int) -> list[Headline]:
        ids = [story.article_id for story in ranking.ranked_stories(connection, name, limit=limit)]
        found = article_store.get_articles(connection, ids)
        articles = [found[article_id] for article_id in ids if article_id in found]
        return list(self._headlines(connection, articles).values())

    def _reasoned(self, connection: Connection, top: Sequence[Headline]) -> list[Headline]:
        """The same headlines with what put them there: for the front page, which is written anew anyway."""
        ranked = ranking.ranked_stories(connection, "top", limit=FRONT_TOP)
        leads = article_store.get_articles(connection, [story.article_id for story in ranked])
        names = {source.id: source.name for source in self._sources.values()}
        why = {
            leads[story.article_id].path: reasons(story.parts, names)
            for story in ranked
            if story.article_id in leads
        }
        return [replace(headline, why=why.get(headline.path, ())) for headline in top]

    def _more_from(self, connection: Connection, section: str) -> list[Headline]:
        if section and section not in self._more:
            links = story_store.section_links(
                connection, section, limit=MORE_FROM_SECTION, site_url=self._options.site_url
            )
            self._more[section] = [Headline.of_related(link) for link in links]
        return self._more.get(section, [])

    def _headlines(self, connection: Connection, articles: Sequence[Article]) -> dict[int, Headline]:
        items = listed_articles(
            connection, articles, self._sources, site_url=self._options.site_url, told=self._told
        )
        return {item.article.id: Headline.of(item) for item in items}

    def _write(self, path: str, data: bytes) -> None:
        if write_page(f"{self._output}/{path}", data):
            self.written.append(path)

    def _failed(self, article: Article, error: RenderError, now: datetime) -> None:
        self.failures.append(f"page {article.path}: {error}")
        with self._store.write() as connection:
            quarantine.record_failure(
                connection, "page", article.path, str(error), now=now, source_id=article.source_id
            )


def _in_order(sections: Iterable[str], sources: Iterable[Source]) -> list[str]:
    """Sections in the order their sources were declared, then by name: the navigation keeps still."""
    declared = list(dict.fromkeys(source.section for source in sorted(sources, key=lambda source: source.id)))
    place = {section: position for position, section in enumerate(declared)}
    return sorted(sections, key=lambda section: (place.get(section, len(place)), section))
