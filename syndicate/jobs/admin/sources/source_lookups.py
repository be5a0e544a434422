"""Look-ups of sources in the background: feeds of an address, and a reading that stores nothing.

A look-up lives in the memory of the process for an hour and belongs to the user who started it. Nothing is
stored before its source is added.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from secrets import token_urlsafe
from threading import Lock, Thread
from time import monotonic

from syndicate.errors import ActionRefused, SyndicateError, WrongFields
from syndicate.ingest.page.feed_discovery import entered_address
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.jobs.admin.actions import require
from syndicate.jobs.admin.sources.source_actions import WRITE, SourceActions, require_secrets
from syndicate.jobs.admin.sources.source_fields import ACCESS_FIELDS, with_fields
from syndicate.jobs.ingest.discovery_job import Discovery, DiscoveryJob, SourcePreview
from syndicate.jobs.ingest.dry_run import RuledArticle, RuleDryRun
from syndicate.jobs.ingest.robots_lookup import rules_for
from syndicate.jobs.ingest.source_list_job import free_name, name_in_title
from syndicate.jobs.ingest.source_reading import parse_response
from syndicate.jobs.stories.joining import joined_stories
from syndicate.model import Entry, Source
from syndicate.model.actors import ActionResult, Change
from syndicate.net import PAGE_ACCEPT, FetchRequest
from syndicate.store.ingest import source_store
from syndicate.stories import StoryOptions
from syndicate.text.privacy import has_credentials, looks_secret, mask_address, masked_address
from syndicate.text.urls import is_web_url, origin_of

log = logging.getLogger("syndicate.web")

KEPT = timedelta(hours=1)
MAX_RUNNING = 4
MAX_KEPT = 200
PREVIEWED = 3
_FULL_TEXT_WORDS = 150
"""Average words of an item from which a feed carries full texts."""
_SHORTEST_SPAN = 0.25
"""Days between the latest entries from which they tell how many come in a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSource:
    """Source that can be added, with its latest articles after the rules of today.

    ``stories`` are number and headline of the story that each article would join, ``None`` for a new story.
    """

    preview: SourcePreview
    source: Source
    articles: tuple[RuledArticle, ...]
    per_day: float | None
    text: str
    stories: tuple[tuple[int, str] | None, ...] = ()

    @property
    def shown_url(self) -> str:
        """Its address, hidden if it is private."""
        return masked_address(self.source.url) if self.source.private else self.preview.url


@dataclass(slots=True, kw_only=True)
class Lookup:
    """Look-up of an address; ``problem`` says why nothing was found. ``seconds`` is its duration."""

    id: str
    owner: str
    url: str
    fields: Mapping[str, str]
    at: datetime
    is_done: bool = False
    found: tuple[FoundSource, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    page_text: str = ""
    document: bytes = b""
    is_test: bool = False
    seconds: float = 0.0
    started: float = field(default_factory=monotonic)


@dataclass(slots=True, kw_only=True)
class SourceLookups:
    """Look-ups of a process; ``agent`` is the product token for robots.txt."""

    discovery: Callable[[], DiscoveryJob]
    rules: Callable[[], RuleDryRun]
    actions: SourceActions
    agent: str
    stories: StoryOptions
    _all: dict[str, Lookup] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def find(self, change: Change, fields: Mapping[str, str]) -> Lookup:
        """Start to look for the feeds of the address ``url`` among the fields. Raises ``WrongFields``."""
        url = entered_address(fields.get("url", ""))
        if not url or has_credentials(url):
            raise WrongFields({"url": "Write a feed's or a page's address, without user name and password."})
        if fields.get("auth"):
            require_secrets(change)
        access = {name: fields.get(name, "") for name in ACCESS_FIELDS}
        start = with_fields(Source(id=0, name="", url=url), access, self.actions.read_access)
        private = start.access is not None or looks_secret(url) or fields.get("private") == "true"

        def work(lookup: Lookup) -> None:
            found = self.discovery().discover(url, access=start.access, private=private)
            lookup.failures = found.failures
            lookup.found = self._found(found, replace(start, private=private), change.now)
            lookup.page_text = self._page_text(lookup.found, change.now)

        return self._start(change, url, {**fields, "private": str(private).lower()}, work)

    def test(self, change: Change, source: Source) -> Lookup:
        """Start to read a stored source; nothing is stored."""

        def work(lookup: Lookup) -> None:
            preview = self.discovery().look(source)
            lookup.found = (self._one(preview, source, change.now),)

        private = {"private": str(source.private).lower()}
        return self._start(change, source.url, private, work, is_test=True)

    def read_list(self, change: Change, fields: Mapping[str, str], document: bytes) -> Lookup:
        """Take an OPML document, or start to fetch the list at the address ``url`` among the fields."""
        url = fields.get("url", "").strip()
        if not document and not (is_web_url(url) and not has_credentials(url)):
            raise WrongFields({"file": "Choose an OPML file, or write its http or https address."})
        private = looks_secret(url)

        def work(lookup: Lookup) -> None:
            request = FetchRequest(url=url, private=private)
            lookup.document = document or self.discovery().fetcher().fetch_one(request).body

        return self._start(change, "" if document else url, {**fields, "private": str(private).lower()}, work)

    def get(self, lookup_id: str, owner: str) -> Lookup | None:
        """Return a look-up of a user as it is now, ``None`` for an unknown or forgotten look-up."""
        lookup = self._all.get(lookup_id)
        # The thread sets ``is_done`` last, and the copy reads it before the results.
        return replace(lookup) if lookup and lookup.owner == owner else None

    def add(self, change: Change, lookup: Lookup, choice: int, fields: Mapping[str, str]) -> ActionResult:
        """Add the chosen source of a look-up with these fields. Raises as ``SourceActions.add``."""
        if not 0 <= choice < len(lookup.found):
            raise WrongFields({"choice": "Choose a feed."})
        source = lookup.found[choice].source
        if source.access is not None and origin_of(source.url) != origin_of(lookup.url):
            text = f"The feed is at {masked_address(source.url)}, and the password is for the address above."
            raise WrongFields({"choice": f"{text} Write the feed's own address if it may have the password."})
        chosen = {name: text for name, text in fields.items() if name not in ACCESS_FIELDS}
        return self.actions.add(change, with_fields(source, chosen, self.actions.read_access))

    def _start(
        self,
        change: Change,
        url: str,
        fields: Mapping[str, str],
        work: Callable[[Lookup], None],
        *,
        is_test: bool = False,
    ) -> Lookup:
        require(change, WRITE)
        lookup = Lookup(
            id=token_urlsafe(12),
            owner=change.actor.name,
            url=url,
            fields=dict(fields),
            at=change.now,
            is_test=is_test,
        )
        with self._lock:
            if sum(not other.is_done for other in self._all.values()) >= MAX_RUNNING:
                raise ActionRefused("busy", "Other addresses are being looked at. Try again.", status=429)
            young = [other for other in self._all.values() if change.now - other.at < KEPT][1 - MAX_KEPT :]
            self._all = {other.id: other for other in (*young, lookup)}
        Thread(target=_run, args=(lookup, work), name="look-up", daemon=True).start()
        return lookup

    def _found(self, discovery: Discovery, start: Source, now: datetime) -> tuple[FoundSource, ...]:
        with self.actions.store.read() as connection:
            taken = {source.name for source in source_store.list_sources(connection)}
        sources = []
        for preview in discovery.choices:
            private = start.private or looks_secret(preview.url)
            addresses = (preview.home_url, preview.url)
            source = replace(
                start,
                url=preview.url,
                name=free_name(name_in_title(preview.title), addresses, taken),
                kind=preview.kind,
                title=preview.title,
                home_url=preview.home_url,
                private=private,
            )
            sources.append(self._one(preview, source, now))
        articles = [result.article for found in sources for _, _, result in found.articles]
        with self.actions.store.read() as connection:
            stories = iter(joined_stories(connection, self.stories, articles, now))
        return tuple(
            replace(source, stories=tuple(islice(stories, len(source.articles)))) for source in sources
        )

    def _one(self, preview: SourcePreview, source: Source, now: datetime) -> FoundSource:
        articles = self.rules().entries(source, preview.latest, now, PREVIEWED)
        return FoundSource(
            preview=preview,
            source=source,
            articles=tuple(articles),
            per_day=articles_per_day(preview.latest),
            text=_text_of(preview),
        )

    def _page_text(self, found: tuple[FoundSource, ...], now: datetime) -> str:
        """Return the words of the newest item in the feed and on its page, if robots.txt allows a request."""
        newest = next((entry for first in found[:1] for entry in first.preview.latest if entry.url), None)
        if newest is None or found[0].source.private:
            return ""
        job = self.discovery()
        in_feed = f"{len((newest.text or newest.summary).split())} words from the feed"
        origin = origin_of(newest.url)
        known = rules_for(self.actions.store, job.fetcher(), [origin], self.agent, now).get(origin)
        if known is None or known.rules is None:
            return f"Tried on the newest item: {in_feed}; the robots.txt of its page cannot be read."
        if not known.rules.allows(newest.url):
            return f"Tried on the newest item: {in_feed}; robots.txt does not allow its page."
        try:
            page = job.fetcher().fetch_one(FetchRequest(url=newest.url, accept=PAGE_ACCEPT))
            parsed = parse_response(job.parser(), page, DocumentKind.PAGE, requested_url=newest.url)
        except SyndicateError as error:
            return f"Tried on the newest item: {in_feed}; its page: {error}"
        words = sum(len(entry.text.split()) for entry in parsed.entries[:1])
        return f"Tried on the newest item: {in_feed}, {words} from its page. robots.txt allows it."


def _run(lookup: Lookup, work: Callable[[Lookup], None]) -> None:
    try:
        work(lookup)
    except SyndicateError as error:
        text = str(error)
        is_private = lookup.fields.get("private") == "true"
        lookup.problem = mask_address(text, lookup.url) if is_private else text
    except Exception as error:
        log.exception("a look-up failed")
        lookup.problem = f"It could not be read ({type(error).__name__}). The log says more."
    lookup.seconds = monotonic() - lookup.started
    lookup.is_done = True


def articles_per_day(entries: Sequence[Entry]) -> float | None:
    """Return articles a day, estimated from the latest entries; entries of a few hours tell nothing."""
    dates = [at for entry in entries if (at := entry.published or entry.updated)]
    days = (max(dates) - min(dates)).total_seconds() / 86_400 if len(dates) > 1 else 0.0
    return round((len(dates) - 1) / days, 1) if days >= _SHORTEST_SPAN else None


def _text_of(preview: SourcePreview) -> str:
    """Return the amount of text in words: full texts, summaries, podcast, headlines, or read from pages."""
    if preview.format == "sitemap":
        return "read from pages"
    entries = preview.latest
    if any(enclosure.media_type.startswith("audio/") for entry in entries for enclosure in entry.enclosures):
        return "podcast"
    words = sum(len((entry.text or entry.summary).split()) for entry in entries) / max(len(entries), 1)
    return "full texts" if words >= _FULL_TEXT_WORDS else "summaries" if words else "headlines only"
