"""Search for readers: pages, feeds and suggestions, from the store's index of words. Thread-safe."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.model import Article, Channel, PublishedArticle, SearchHit, Source
from syndicate.publish.feeds.rss_atom import FeedWriter
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.search.search_query import TIME, SearchQuery
from syndicate.publish.search.search_results import (
    STORIES_ON_A_PAGE,
    Facet,
    FoundStory,
    SearchPage,
    day_facets,
    facets,
    marked_headline,
    ordered_stories,
    page_links,
    shown_hits,
)
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import source_path, tag_path
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_store, paged_lists
from syndicate.store.search import search_store, word_index
from syndicate.store.search.search_store import HitFilter
from syndicate.store.search.word_index import Scope
from syndicate.text.language import main_language
from syndicate.text.names import tag_key
from syndicate.text.privacy import public_source
from syndicate.text.search_words import SearchTerm, fold, index_words, query_words

# The latest stored matches that a search counts, groups and orders.
MAX_HITS = 10_000
FEED_ITEMS = 50
SUGGESTIONS = 5
# Seconds for the statements of a search; a search for frequent words in a million articles takes a tenth.
TIME_LIMIT = 5.0
# Seconds for which a run indexes articles of a store from before the index, and articles in a transaction.
INDEXING_TIME = 5.0
INDEXED_TOGETHER = 1_000
_SUGGESTED_FROM = 200
# Seconds for which sections, languages and sources are remembered.
_REMEMBERED = 60.0
_FACETS = 8
_MAX_WORD_COUNT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Completion of a search: ``kind`` is ``tag``, ``source`` or ``story``; ``path`` leads to its page."""

    kind: str
    text: str
    path: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class _SiteFacts:
    """Sources by id, and sections and languages of the latest articles by their keys."""

    sources: dict[int, Source]
    sections: dict[str, str]
    languages: tuple[str, ...]
    read_at: float


@dataclass(kw_only=True)
class ReaderSearch:
    """Search of a site."""

    store: Store
    options: PublishOptions
    time_limit: float = TIME_LIMIT
    _cached_facts: _SiteFacts | None = field(default=None, repr=False)
    _writer: FeedWriter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._writer = FeedWriter(self.options)

    def page(self, query: SearchQuery, now: datetime) -> SearchPage:
        """Return the page of a search."""
        with self._reading() as connection:
            facts = self._facts(connection)
            terms = query.terms(facts.languages)
            page = SearchPage(
                canonical=f"{self.options.site_url}/search",
                query=query,
                sections=sorted(facts.sections.items(), key=lambda section: section[1]),
                sources=sorted((source.name, source.name) for source in facts.sources.values()),
                languages=[(language, language) for language in facts.languages],
            )
            if not terms:
                return replace(page, problem="no words" if query.words else "")
            hits = self._hits(connection, query, terms, facts)
            if not hits:
                return self._nothing(connection, page, terms)
            return self._filled(connection, page, terms, hits, facts, now)

    def feed(self, query: SearchQuery, kind: str) -> bytes:
        """Return the newest matching articles as a feed in a format of ``FORMATS``."""
        with self._reading() as connection:
            facts = self._facts(connection)
            terms = query.terms(facts.languages)
            hits = self._hits(connection, query, terms, facts) if terms else []
            hits = sorted(hits, key=lambda hit: (hit.published, hit.article_id), reverse=True)[:FEED_ITEMS]
            items = self._articles(connection, [hit.article_id for hit in hits], facts, full=True)
        channel = Channel(
            name=f"search?{replace(query, order=TIME).address()}",
            title=f"{query.words} · {self.options.title}",
            query="",
            limit=FEED_ITEMS,
            language=query.language or self.options.language,
            hub=False,
        )
        return self._writer.write(kind, channel, items)

    def suggestions(self, text: str) -> list[Suggestion]:
        """Return tags, sources and stories that a search may mean while it is being typed."""
        query = SearchQuery(words=text)
        words = query_words(text)
        if sum(map(len, words)) < 2:
            return []
        with self._reading() as connection:
            facts = self._facts(connection)
            terms = query.terms(facts.languages, unfinished=True)
            tags = self._tags(connection, tag_key(text), limit=2)
            names = [
                source.name
                for source in facts.sources.values()
                if any(word.startswith(words[0]) for word in index_words(source.name))
                and fold(text.strip()) in fold(source.name)
            ]
            suggestions = [
                Suggestion(kind="tag", text=tag.label, path=tag.link, count=tag.count) for tag in tags
            ]
            suggestions += [
                Suggestion(kind="source", text=name, path=source_path(name)) for name in sorted(names)[:1]
            ]
            hits = (
                search_store.search_hits(
                    connection, terms, HitFilter(), limit=_SUGGESTED_FROM, scope=Scope.TITLE
                )
                if terms
                else []
            )
            newest = {hit.story_id: hit.article_id for hit in sorted(hits, key=lambda hit: hit.published)}
            ids = list(reversed(newest.values()))[: SUGGESTIONS - len(suggestions)]
            for item in self._articles(connection, ids, facts):
                path = (item.story and item.story.path) or item.article.path
                suggestions.append(Suggestion(kind="story", text=item.article.title, path=path))
        return suggestions

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self.store.read() as connection, search_store.time_limit(connection, self.time_limit):
            yield connection

    def _facts(self, connection: Connection) -> _SiteFacts:
        facts = self._cached_facts
        if facts is None or time.monotonic() - facts.read_at > _REMEMBERED:
            sources = {source.id: public_source(source) for source in source_store.list_sources(connection)}
            sections, languages = channel_store.latest_sections_and_languages(connection)
            known = [self.options.language, *languages]
            facts = self._cached_facts = _SiteFacts(
                sources, sections, tuple(dict.fromkeys(map(main_language, known))), time.monotonic()
            )
        return facts

    def _hits(
        self, connection: Connection, query: SearchQuery, terms: Sequence[SearchTerm], facts: _SiteFacts
    ) -> list[SearchHit]:
        wanted = fold(query.source)
        source_ids = [number for number, source in facts.sources.items() if fold(source.name) == wanted]
        if wanted and not source_ids:
            source_ids = [number for number, source in facts.sources.items() if wanted in fold(source.name)]
            if not source_ids:
                return []
        hit_filter = HitFilter(
            section=query.section,
            source_ids=tuple(source_ids) if wanted else (),
            language=query.language,
            since=self._midnight(query.since) if query.since else None,
            before=self._midnight(query.until + timedelta(days=1)) if query.until else None,
        )
        return search_store.search_hits(connection, terms, hit_filter, limit=MAX_HITS + 1)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, clock_time(), self.options.time_zone)

    def _filled(
        self,
        connection: Connection,
        page: SearchPage,
        terms: Sequence[SearchTerm],
        hits: Sequence[SearchHit],
        facts: _SiteFacts,
        now: datetime,
    ) -> SearchPage:
        query = page.query
        positive = [term for term in terms if not term.negated]
        in_title = [search_store.ids_with(connection, positive, Scope.TITLE, limit=MAX_HITS)]
        if len(positive) > 1:
            each = (
                search_store.ids_with(connection, [term], Scope.TITLE, limit=MAX_HITS) for term in positive
            )
            in_title.append(set().union(*each))
        stories = ordered_stories(hits[:MAX_HITS], in_title, query.order, now)
        start = (query.page - 1) * STORIES_ON_A_PAGE
        shown = stories[start : start + STORIES_ON_A_PAGE]
        sources = Counter((facts.sources[hit.source_id].name,) * 2 for hit in hits)
        sections = Counter((hit.section, facts.sections.get(hit.section, hit.section)) for hit in hits)
        del sections["", facts.sections.get("", "")]
        return replace(
            page,
            articles=len(hits[:MAX_HITS]),
            stories=len(stories),
            capped=len(hits) > MAX_HITS,
            found=self._found(connection, shown, terms, facts),
            pages=page_links(len(stories), query),
            older=f"search?{query.address(page=query.page + 1)}" if stories[start + len(shown) :] else "",
            days=day_facets(hits, query, self.options.time_zone),
            in_sources=facets(sources, query, "source", limit=_FACETS),
            in_sections=facets(sections, query, "section", limit=_FACETS),
            tags=self._matching_tags(connection, positive, query),
        )

    def _found(
        self,
        connection: Connection,
        stories: Sequence[Sequence[SearchHit]],
        terms: Sequence[SearchTerm],
        facts: _SiteFacts,
    ) -> list[FoundStory]:
        shown = [shown_hits(story) for story in stories]
        best = self._articles(connection, [hits[0].article_id for hits in shown], facts, full=True)
        texts = {item.article.id: item.text for item in best}
        ids = [hit.article_id for hits in shown for hit in hits]
        items = {item.article.id: item for item in self._articles(connection, ids, facts)}
        found = []
        for story, hits in zip(stories, shown, strict=True):
            first, *others = (Headline.of(items[hit.article_id]) for hit in hits)
            found.append(
                FoundStory(
                    story_id=hits[0].story_id,
                    best=marked_headline(first, terms, texts[hits[0].article_id]),
                    others=[marked_headline(other, terms) for other in others],
                    more=len(story) - len(hits),
                )
            )
        return found

    def _nothing(self, connection: Connection, page: SearchPage, terms: Sequence[SearchTerm]) -> SearchPage:
        """Return the page of a search without results: each of its words alone, and matching tags."""
        positive = [term for term in terms if not term.negated]
        words = [
            Facet(
                label=term.written,
                count=len(search_store.ids_with(connection, [term], limit=_MAX_WORD_COUNT)),
                link=SearchQuery(words=term.written).address(),
            )
            for term in positive
        ]
        return replace(page, words_alone=words, tags=self._matching_tags(connection, positive, page.query))

    def _matching_tags(
        self, connection: Connection, terms: Sequence[SearchTerm], query: SearchQuery
    ) -> list[Facet]:
        keys = dict.fromkeys([tag_key(query.words), *(tag_key(term.written) for term in terms)])
        tags = {tag.label: tag for key in keys for tag in self._tags(connection, key, limit=3)}
        return list(tags.values())[:_FACETS]

    def _tags(self, connection: Connection, key: str, *, limit: int) -> list[Facet]:
        """Return the tags that begin with a key, spelt as in a recent article, with links to their pages."""
        if len(key) < 2:
            return []
        counts = search_store.tags_beginning(connection, key, limit=limit)
        latest = paged_lists.latest_named_ids(connection, "tag", [tag for tag, _ in counts], limit=1)
        ids = [number for found in latest.values() for number in found]
        articles = article_store.get_articles(connection, ids).values()
        names = {tag_key(name): name for article in articles for name in article.tags}
        return [Facet(label=names.get(tag, tag), count=count, link=tag_path(tag)) for tag, count in counts]

    def _articles(
        self, connection: Connection, ids: Sequence[int], facts: _SiteFacts, *, full: bool = False
    ) -> list[PublishedArticle]:
        """Return articles in the order of their ids, with their texts or with their coverage."""
        found = article_store.get_articles(connection, ids)
        articles: list[Article] = [found[number] for number in ids if number in found]
        views = ArticleViews(facts.sources, self.options.site_url)
        return (views.alone if full else views.listed)(connection, articles)


def index_waiting(store: Store, should_stop: Callable[[], bool]) -> None:
    """Index articles of a store from before the index, for a few seconds; the next call continues."""
    end = time.monotonic() + INDEXING_TIME
    indexed = INDEXED_TOGETHER
    while indexed and not should_stop() and time.monotonic() < end:
        with store.write() as connection:
            indexed = word_index.index_waiting(connection, INDEXED_TOGETHER)
