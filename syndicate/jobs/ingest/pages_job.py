"""Pages job: read the queued pages of articles, for their full text or for the whole article.

Each queued page is a row; the job commits the end of the page together with the article or text. The job asks
the hosts in rounds, a page of each host in a round. A host that answers with an error gets no further
request in the run.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from syndicate import errors
from syndicate.groups import grouped
from syndicate.ingest.identity import accept
from syndicate.ingest.page.full_text import DocumentContent, is_longer_text, mentions_title, merge_page
from syndicate.ingest.page.page_refusal import SUBSCRIBERS_ONLY
from syndicate.ingest.poll_schedule import MAX_ERROR_CHARACTERS
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost, write_plans
from syndicate.jobs.ingest.robots_lookup import OriginRules, pause_origin, rules_for
from syndicate.jobs.ingest.source_reading import parse_request
from syndicate.model import Entry, PageRead, ParsedSource, ReadState
from syndicate.net import PAGE_ACCEPT, Fetched, FetchRequest
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, page_store, part_store, robots_store
from syndicate.text.urls import origin_of

log = logging.getLogger("syndicate.pages")

LEASE = timedelta(minutes=30)
CLAIM_SIZE = 400
PER_HOST = 20
"""Pages of one host in one run: with the gap between requests, well within the lease."""
ATTEMPTS = quarantine.LIMIT
FIRST_RETRY = timedelta(hours=1)
MIN_HOST_PAUSE = 900.0
MAX_HOST_PAUSE = 86_400.0
"""Seconds."""
MAX_CRASHES = 2
"""Pages of a host that may crash a parser in one run; the host's other pages wait for another run."""
QUARANTINE = "article page"
# Statuses that a retry does not change (RFC 9110 section 15.5, RFC 7725).
_FINAL = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})
_TOO_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesResult:
    """Counts of a run: pages used, new articles, refused, behind a paywall, postponed and failed pages."""

    read: int = 0
    new: int = 0
    refused: int = 0
    paywalled: int = 0
    put_off: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.read or self.refused or self.paywalled or self.put_off or self.failed)

    def summary(self) -> dict[str, int | str]:
        """Return the counts for log, text and JSON."""
        return {
            "pages": self.read,
            "new": self.new,
            "refused": self.refused,
            "for_subscribers": self.paywalled,
            "put_off": self.put_off,
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesJob:
    """Reads the due pages. ``agent`` is the product token that robots.txt files name."""

    importer: EntryImporter
    agent: str

    def due_shards(self, now: datetime) -> set[int]:
        """Return the shards with pages or parts of sitemaps that are due."""
        with self.importer.store.read() as connection:
            return {*page_store.due_shards(connection, now), *part_store.due_shards(connection, now)}

    def run(
        self, now: datetime, *, shard: int | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> PagesResult:
        """Read the due pages, of a ``shard`` or of all, within the budget of each source."""
        store, owner = self.importer.store, self.importer.owner
        with store.write() as connection:
            claimed = page_store.claim_pages(
                connection,
                now=now,
                owner=owner,
                until=now + LEASE,
                per_poll=self.importer.pages.per_poll,
                limit=CLAIM_SIZE,
                shard=shard,
            )
        if not claimed:
            return PagesResult()
        run = _Run(importer=self.importer, agent=self.agent, now=now, should_stop=should_stop)
        run.unread.update(page.id for page in claimed)
        try:
            with suppress(errors.FetchStopped):
                run.read(claimed)
        finally:
            with store.write() as connection:
                page_store.release_pages(connection, sorted(run.unread), owner=owner)
        return PagesResult(**run.counts, failures=tuple(run.failures))


@dataclass(slots=True, kw_only=True)
class _Host:
    """Origin in a run: its rules, and its pages without a request yet."""

    origin: str
    rules: OriginRules
    pages: list[PageRead]
    crashes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """State of a run. ``unread`` are the ids of leased pages without an end, ``counts`` a ``PagesResult``."""

    importer: EntryImporter
    agent: str
    now: datetime
    should_stop: Callable[[], bool]
    unread: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def read(self, claimed: Iterable[PageRead]) -> None:
        """Fetch, parse and store the pages, in rounds of a page of each host."""
        hosts = self._allowed_hosts(claimed)
        for page, response in self._fetch(hosts):
            host = hosts[origin_of(page.url)]
            if isinstance(response, errors.FetchError):
                self._fetch_failed(page, response, host)
            else:
                self._process(page, response, host)
            if host.rules.rules and host.rules.rules.delay:
                self._pause_host(host.origin, self.now + timedelta(seconds=host.rules.rules.delay))
            self.unread.discard(page.id)

    def _allowed_hosts(self, claimed: Iterable[PageRead]) -> dict[str, _Host]:
        """Return the pages that robots.txt allows now, by origin; end or postpone the other pages."""
        by_origin = grouped((origin_of(page.url), page) for page in claimed)
        rules = self._rules_for(by_origin)
        allowed: dict[str, _Host] = {}
        for origin, pages in by_origin.items():
            host_rules = rules.get(origin)
            if host_rules is None or host_rules.rules is None or host_rules.not_before > self.now:
                self._postpone(pages, host_rules.not_before if host_rules else self.now)
                continue
            allowed_pages: list[PageRead] = []
            for page in pages:
                if host_rules.rules.allows(page.url):
                    allowed_pages.append(page)
                else:
                    self._refuse(page, f"robots.txt of {origin} does not allow it")
                    self.unread.discard(page.id)
            limit = 1 if host_rules.rules.delay else PER_HOST
            allowed[origin] = _Host(origin=origin, rules=host_rules, pages=allowed_pages[:limit])
        return allowed

    def _rules_for(self, origins: Iterable[str]) -> dict[str, OriginRules]:
        store, fetcher = self.importer.store, self.importer.fetcher()
        return rules_for(store, fetcher, origins, self.agent, self.now, should_stop=self.should_stop)

    def _fetch(self, hosts: dict[str, _Host]) -> Iterator[tuple[PageRead, Fetched | errors.FetchError]]:
        while not self.should_stop() and (waiting := [host for host in hosts.values() if host.pages]):
            pages = {page.id: page for page in [host.pages.pop(0) for host in waiting]}
            asked = [FetchRequest(url=page.url, accept=PAGE_ACCEPT, key=key) for key, page in pages.items()]
            fetcher = self.importer.fetcher()
            for request, response in fetcher.fetch_each(asked, should_stop=self.should_stop):
                page = pages[int(str(request.key))]
                if isinstance(response, errors.FetchError) and response.status not in _FINAL:
                    hosts[origin_of(page.url)].pages.clear()
                yield page, response

    def _process(self, page: PageRead, response: Fetched, host: _Host) -> None:
        """Process a page so that its errors do not stop the other pages."""
        try:
            self._store(page, self._parse(page, response))
        except errors.FetchStopped:
            raise
        except errors.FetchError as error:
            self._retry_later(page, error)
        except errors.ParserDied as error:
            self._retry_later(page, error)
            host.crashes += 1
            if host.crashes >= MAX_CRASHES:
                host.pages.clear()
                self._back_off(page, host)
        except errors.ParseError as error:
            self._refuse(page, str(error))
        except errors.StoreError:
            raise
        except LeaseLost:
            return
        except Exception as error:
            log.exception("the page %s could not be used", page.url)
            problem = errors.SyndicateError(f"{page.url} could not be used ({type(error).__name__}: {error})")
            self._retry_later(page, problem)

    def _parse(self, page: PageRead, response: Fetched) -> Entry:
        """Return the entry of a page. Raises ``ParseError`` for a page without an entry that may be used.

        Raises ``FetchError`` for a truncated page; after the last attempt a truncated page is used as it is.
        """
        if response.url != page.url and not self._allows(response.url):
            raise errors.ParseError(f"it leads to {response.url}, which robots.txt there does not allow")
        request = parse_request(
            response,
            DocumentKind.PAGE,
            requested_url=page.url,
            is_listed_article=page.entry is None or not page.source.kind.lists_site,
            paywall=page.source.paywall,
        )
        parsed = self.importer.parser().parse(request)
        if parsed.cut_off and page.attempts + 1 < ATTEMPTS:
            raise errors.FetchError(f"{page.url}: {' '.join(parsed.warnings)}")
        if not parsed.entries:
            raise errors.ParseError(" ".join(parsed.warnings))
        (entry,) = parsed.entries
        if not entry.text and (page.article_id or not entry.title):
            raise errors.ParseError(" ".join(parsed.warnings))
        return entry

    def _allows(self, url: str) -> bool:
        """Return whether robots.txt allows the target of a redirect, on its own host."""
        origin = origin_of(url)
        rules = self._rules_for([origin])
        if origin not in rules:
            raise errors.FetchStopped(f"{url} was not looked at: the program is stopping")
        page_rules = rules[origin].rules
        return page_rules is not None and page_rules.allows(url)

    def _store(self, page: PageRead, entry: Entry) -> None:
        if page.entry is not None:
            self._store_article(page, merge_page(page.entry, entry))
        elif page.article_id is not None:
            self._store_full_text(page, page.article_id, entry)

    def _store_article(self, page: PageRead, entry: Entry) -> None:
        """Store an article of which a sitemap or list gave only the address."""
        content = DocumentContent(source=page.source, parsed=ParsedSource(entries=(entry,)), whole=True)
        (plan,) = self.importer.plan([content], self.now)
        with self.importer.store.write() as connection:
            (added,) = write_plans(connection, [plan], self.now)
            self._finish(connection, page)
            page_store.link_page_to_article(connection, page.id)
        self.counts.update(read=1, new=added)

    def _store_full_text(self, page: PageRead, article_id: int, entry: Entry) -> None:
        with self.importer.store.read() as connection:
            article = article_store.get_articles(connection, [article_id]).get(article_id)
            body = article_store.get_bodies(connection, [article_id]).get(article_id)
        if article is None or body is None:
            return
        if not mentions_title(article.title, entry):
            self._refuse(page, "the page is about something else")
            return
        if not is_longer_text(entry, body.text or article.summary, article.language):
            self._refuse(page, "the page has no more text than the feed")
            return
        full = accept(replace(entry, language=article.language), page.source, self.now)
        with self.importer.store.write() as connection:
            self._finish(connection, page)
            page_store.save_full_text(connection, article.id, full)
        self.counts.update(read=1)

    def _finish(self, connection: Connection, page: PageRead) -> None:
        if not self._end(connection, page, ReadState.READ):
            raise LeaseLost

    def _end(
        self, connection: Connection, page: PageRead, state: ReadState, error: str = "", **retry: Any
    ) -> bool:
        """Write the end of a page, or the time of a ``retry``; false when the lease is lost."""
        if state in (ReadState.READ, ReadState.REFUSED):
            quarantine.clear_failure(connection, QUARANTINE, page.url)
        retry |= {"owner": self.importer.owner, "now": self.now}
        return page_store.finish_page(connection, page.id, state, error=error[:MAX_ERROR_CHARACTERS], **retry)

    def _refuse(self, page: PageRead, reason: str) -> None:
        """End a page that is of no use, now or later; the article stays as its source gave it."""
        with self.importer.store.write() as connection:
            self._end(connection, page, ReadState.REFUSED, reason)
        self.counts.update(["paywalled" if reason == SUBSCRIBERS_ONLY else "refused"])

    def _fetch_failed(self, page: PageRead, error: errors.FetchError, host: _Host) -> None:
        if error.status in _FINAL or isinstance(error, (errors.ForbiddenAddress, errors.TooLarge)):
            self._refuse(page, str(error))
        elif error.status in _TOO_BUSY or isinstance(error, errors.NotAsked):
            self._wait_for_host(page, error, host)
        else:
            self._retry_later(page, error)
            self._back_off(page, host)

    def _back_off(self, page: PageRead, host: _Host) -> None:
        """Pause a host after an error; the pause doubles while all pages of the source fail."""
        with self.importer.store.read() as connection:
            failures = page_store.failures_in_a_row(connection, page.source.id)
        pause = min(MIN_HOST_PAUSE * 2.0 ** max(failures - 1, 0), MAX_HOST_PAUSE)
        self._pause_host(host.origin, self.now + timedelta(seconds=pause))

    def _wait_for_host(self, page: PageRead, error: errors.FetchError, host: _Host) -> None:
        """Postpone the page of a busy host as long as the host asks, while the article is recent."""
        if page.published < self.now - timedelta(seconds=self.importer.pages.window):
            self._refuse(page, str(error))
            return
        until = self.now + timedelta(seconds=max(error.retry_after or 0.0, MIN_HOST_PAUSE))
        self._pause_host(host.origin, until)
        with self.importer.store.write() as connection:
            if error.busy:
                pause_origin(connection, error, self.now)
            self._end(connection, page, ReadState.WAITING, str(error), next_try=until)
        self.counts.update(["put_off"])

    def _retry_later(self, page: PageRead, error: errors.SyndicateError) -> None:
        """Schedule a retry, each after four times the pause before; the third failure is the last."""
        state = ReadState.FAILED if page.attempts + 1 >= ATTEMPTS else ReadState.WAITING
        reason, next_try = str(error)[:MAX_ERROR_CHARACTERS], self.now + FIRST_RETRY * 4**page.attempts
        with self.importer.store.write() as connection:
            if self._end(connection, page, state, reason, next_try=next_try, failed=True):
                failed = QUARANTINE, page.url, reason
                quarantine.record_failure(connection, *failed, now=self.now, source_id=page.source.id)
        self.counts.update(["failed"])
        self.failures.append(str(error))

    def _postpone(self, pages: Iterable[PageRead], until: datetime) -> None:
        ids = [page.id for page in pages]
        with self.importer.store.write() as connection:
            page_store.release_pages(connection, ids, owner=self.importer.owner, next_try=until)
        self.unread.difference_update(ids)

    def _pause_host(self, origin: str, until: datetime) -> None:
        with self.importer.store.write() as connection:
            robots_store.delay_next_page(connection, origin, until)
