"""Lists on several pages: sections, tags, authors, sources and undated articles, with their feeds.

A list is stale when an article joined it, changed or left it; the table ``stale_lists`` records this. Rows
are cleared after the files are written. Bounds of new pages are stored together with marks of these pages
before a file is written, so that a killed job leaves no page unmarked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from syndicate.errors import RenderError
from syndicate.jobs.publish.article_views import Headlines, Listed
from syndicate.jobs.publish.context import PublishContext
from syndicate.jobs.publish.lists.list_facts import facts_of
from syndicate.jobs.publish.lists.list_state import ListState, headline_ids, read_list
from syndicate.model import Article, Channel
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.publish.lists.day_page import latest_page
from syndicate.publish.lists.list_page import (
    FOLDERS,
    ListPage,
    first_path,
    latest_path,
    list_page_of,
    page_path,
)
from syndicate.publish.site import FEED_MINIMUM, SitePages, redirect_page
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import list_feed
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.output import paged_lists, stale
from syndicate.text.names import commonest_spellings

# Maximum number of lists that are written between two commits.
BATCH = 50
# Number of articles on pages to write after which no further list is read.
MAX_PLACES = 20_000
FEED_ITEMS = 20
NAME_MINIMUM = 2
# Maximum number of articles whose pages are rewritten when the page of a tag or author appears or disappears.
MAX_CARRIERS = 1_000
# Failures that mean a broken template, not a broken article.
FAILURES_BEFORE_GIVING_UP = 20
KINDS = ("section", "tag", "author", "source", "undated")


@dataclass(frozen=True, slots=True)
class RenderedArticles:
    """Articles with a page rendered in this run.

    ``linked`` maps the lists of their tags and authors to whether these pages link to the list; ``known`` are
    articles already read.
    """

    ids: set[int] = field(default_factory=set)
    linked: dict[str, bool] = field(default_factory=dict)
    known: dict[int, Article] = field(default_factory=dict)


class _Plan(NamedTuple):
    """Pages to write of a list: the ``first`` is ``None`` if the list has none.

    ``ids`` are the articles of the first page, ``wrong`` the articles with wrong links to the list.
    """

    state: ListState
    content: ListPage
    first: ListPage | None
    ids: Sequence[int]
    wrong: Collection[int]


@dataclass(slots=True, kw_only=True)
class ListBuild:
    """Build stale lists of ``pages``, with ``trending`` beside them; ``write`` puts a file in place.

    Lists that are not written before a stop stay stale, and so do lists that fail.
    """

    context: PublishContext
    pages: SitePages
    trending: Sequence[Headline]
    write: Callable[[str, bytes], None]
    failures: list[str]
    rendered: RenderedArticles
    failed: set[str] = field(default_factory=set, init=False)
    headlines: Headlines = field(init=False)

    def __post_init__(self) -> None:
        self.headlines = Headlines(replace(self.context.views, coverage_cache={}))

    def run(self) -> set[int]:
        """Write stale lists; mark and return articles whose pages link to too many or too few lists."""
        with self.context.store.read() as connection:
            lists = stale.lists_by_name(stale.stale_lists(connection))
        waiting = [name for name in lists if name.partition(":")[0] in KINDS]
        wrong: set[int] = set()
        while waiting and not self.gives_up():
            states = self._states(waiting, lists)
            del waiting[: len(states)]
            with self.context.store.read() as connection:
                plans = [plan for state in states if (plan := self._plan(connection, state))]
            # Marked before the file of a list appears or disappears, since a later run looks for the file.
            if relinked := set().union(*(plan.wrong for plan in plans)):
                with self.context.store.write() as connection:
                    stale.mark_stale(connection, relinked)
            feeds: dict[str, tuple[str, Sequence[int]]] = {}
            try:
                left = {plan.state.name for plan in plans if not self._list(plan, feeds)}
                self._feeds(feeds)
            except RenderError as error:
                self.failures.append(str(error))
                break
            wrong |= relinked
            written = [state.marks for state in states if state.name not in left]
            done = {mark: version for marks in written for mark, version in marks.items()}
            with self.context.commit() as connection:
                stale.clear_lists(connection, done)
        return wrong

    def gives_up(self) -> bool:
        """Return whether no further list begins."""
        return self.context.should_stop() or len(self.failed) >= FAILURES_BEFORE_GIVING_UP

    def remove_feeds(self) -> None:
        """Remove the feeds of all lists."""
        for folder in FOLDERS.values():
            for path in self.context.output.paths(folder):
                if path.endswith(FORMATS) and path.count("/") == folder.count("/") + 1:
                    self.context.remove(path)

    def _states(self, names: Sequence[str], lists: Mapping[str, Mapping[str, int]]) -> list[ListState]:
        """Read the first lists; store new bounds together with marks of the pages that they change."""
        states: list[ListState] = []
        places = 0
        with self.context.store.read() as connection:
            for name in names[:BATCH]:
                states.append(read_list(connection, name, lists[name]))
                places += sum(map(len, states[-1].contents.values()))
                if places > MAX_PLACES:
                    break
            self.headlines.read(connection, [place.article_id for state in states for place in state.newest])
        moved = [state for state in states if state.bounds != state.before]
        if not moved:
            return states
        with self.context.store.write() as connection:
            new = {mark: state for state in moved for mark in state.page_marks()}
            stale.mark_lists(connection, new)
            for state in moved:
                paged_lists.save_bounds(connection, state.name, state.before, state.bounds)
            for mark, version in stale.stale_lists(connection, new).items():
                new[mark].marks[mark] = version
        return states

    def _plan(self, connection: Connection, state: ListState) -> _Plan | None:
        """Return what to write of a list, or ``None`` without its source."""
        kind, key = state.kind, state.key
        source = self.context.views.sources.get(int(key)) if kind == "source" else None
        if kind == "source" and source is None:
            return None
        newest = self.headlines.read(connection, headline_ids(state.newest))
        name = source.name if source else _name(self.pages, kind, key, list(newest.values()))
        existed = self.context.output.exists(first_path(kind, source.name if source else key))
        has_page = self._is_kept(connection, state, existed=existed)
        wrong = self._wrongly_linked(connection, state, existed=existed, has_page=has_page)
        numbers = list(state.bounds)
        content = ListPage(
            kind=kind, name=name, headlines=(), numbers=numbers, articles=state.count, source=source
        )
        if not has_page:
            return _Plan(state, content, None, list(newest), wrong)
        first = facts_of(connection, self.context, self.headlines, state, content)
        headlines = [listed.headline for listed in newest.values()]
        return _Plan(state, content, replace(first, headlines=headlines), list(newest), wrong)

    def _list(self, plan: _Plan, feeds: dict[str, tuple[str, Sequence[int]]]) -> bool:
        """Write or remove the pages of a list, and add its feed to ``feeds``; return whether it is done."""
        self._files(plan.state, plan.content, plan.first)
        if plan.state.kind != "undated":
            self._feed(plan, feeds)
        return plan.state.name not in self.failed and not self.gives_up()

    def _files(self, state: ListState, content: ListPage, first: ListPage | None) -> None:
        """Write the pages of a list; without a ``first`` page, remove its files."""
        kind, name = state.kind, content.name
        key = name if kind == "source" else state.key
        path = first_path(kind, key)
        for number in state.removed:
            self.context.remove(page_path(kind, key, number))
        for number, places in state.contents.items():
            if self.gives_up():
                break
            read = self.headlines.read_from(self.context.store, headline_ids(places))
            headlines = [listed.headline for listed in read.values()]
            self.write_page(
                state.name,
                page_path(kind, key, number),
                partial(list_page_of, self.pages, replace(content, headlines=headlines, number=number)),
            )
        if first:
            self.write_page(state.name, path, partial(list_page_of, self.pages, first, self.trending))
            if kind == "section":
                zone = self.context.options.time_zone
                latest = partial(latest_page, self.pages, first.headlines, zone, section=name)
                self.write_page(state.name, latest_path(name), latest)
            self._redirect(path)
        else:
            self._redirect(path, ends=True)
            self.context.remove(path)

    def _is_kept(self, connection: Connection, state: ListState, *, existed: bool) -> bool:
        """Return whether a list has a page: not if it never had an article.

        A tag or author needs two texts, or a pruned article: its page stays and links to the list.
        """
        if state.kind not in paged_lists.NAMED:
            return bool(state.count) or existed
        if state.count >= NAME_MINIMUM:
            return True
        pruned = paged_lists.pruned_names(connection, state.kind, [state.key])
        return bool(pruned) and (bool(state.count) or existed)

    def _wrongly_linked(
        self, connection: Connection, state: ListState, *, existed: bool, has_page: bool
    ) -> set[int]:
        """Return the articles whose pages link to a removed tag or author, or do not link to a new one."""
        rendered = self.rendered
        linked = rendered.linked.get(state.name, existed)
        if state.kind not in paged_lists.NAMED or {existed, linked} == {has_page}:
            return set()
        carriers = paged_lists.latest_named_ids(connection, state.kind, [state.key], limit=MAX_CARRIERS)
        return {
            number
            for number in carriers[state.key]
            if (linked if number in rendered.ids else existed) != has_page
        }

    def _feed(self, plan: _Plan, feeds: dict[str, tuple[str, Sequence[int]]]) -> None:
        """Add the content of a list's feed; remove the files of a tag or author with too few articles.

        The feed of a section or a source stays when it becomes empty, since older pages link to it.
        """
        state, name, ids = plan.state, plan.content.name, plan.ids
        path = list_feed(FOLDERS[state.kind], name if state.kind == "source" else state.key)
        exists = self.context.output.exists(f"{path}.{FORMATS[0]}")
        if state.kind not in paged_lists.NAMED:
            if ids or exists:
                feeds[path] = name, ids[:FEED_ITEMS]
        elif plan.first and state.count >= FEED_MINIMUM:
            feeds[path] = name, ids[:FEED_ITEMS]
        elif exists:
            # The first format goes last, so that a job killed in between looks for the others again.
            for suffix in FORMATS[::-1]:
                self.context.remove(f"{path}.{suffix}")

    def _feeds(self, feeds: Mapping[str, tuple[str, Sequence[int]]]) -> None:
        """Write the feeds of lists by their paths."""
        known = self.rendered.known
        if not feeds or not self.context.options.automatic_channels:
            return
        ids = {number for _, listed in feeds.values() for number in listed}
        with self.context.store.read() as connection:
            articles = [known[number] for number in ids & known.keys()]
            articles += article_store.get_articles(connection, ids - known.keys()).values()
            items = {item.article.id: item for item in self.context.views.alone(connection, articles)}
        listings = []
        for path, (name, listed) in feeds.items():
            title = f"{name} · {self.context.options.title}"
            channel = Channel(name=path, title=title, query="", limit=FEED_ITEMS, hub=False)
            listings.append((channel, [items[number] for number in listed if number in items]))
        for file, data in self.context.documents(listings):
            self.write(file, data)

    def _redirect(self, path: str, *, ends: bool = False) -> None:
        """Let the file at the former address of a section or tag lead here, or remove it."""
        former = f"{path.removesuffix('/index.html')}.html"
        if ends:
            self.context.remove(former)
        elif self.context.output.exists(former):
            self.write(former, redirect_page(former, path, self.context.options.site_url))

    def write_page(self, name: str, path: str, render: Callable[[], bytes]) -> bool:
        """Write a page and return whether it could be rendered; a list (``name``) that fails stays stale."""
        try:
            self.write(path, render())
        except RenderError as error:
            self.failed.add(name)
            self.failures.append(f"page {path}: {error}")
            self.context.record_failure("page", path, error)
            return False
        self.context.clear_pages({path})
        return True


def _name(pages: SitePages, kind: str, key: str, newest: Sequence[Listed]) -> str:
    """Return the title of a list: the commonest spelling of its tag or author."""
    if kind == "section":
        return pages.section_name(key)
    names = (name for listed in newest for name in (listed.tags if kind == "tag" else listed.authors))
    return commonest_spellings(names).get(key, key)
