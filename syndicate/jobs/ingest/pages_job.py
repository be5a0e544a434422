"""The second half of ingest: pages that wait to be read, for their text or for the whole article.

Each waiting page is a row, committed with what wanted it; its end is committed with what it brought. Pages
of one host are read one after the other, each round one from every host, and a host that answers with trouble
is left alone for the rest of the run, so that it is not asked twenty times for what failed once.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.errors import (
    FetchError,
    FetchStopped,
    ForbiddenAddress,
    NotAsked,
    ParseError,
    ParserDied,
    StoreError,
    SyndicateError,
    TooLarge,
)
from syndicate.ingest.identity import accept
from syndicate.ingest.page.full_text import about_the_same, better_text, with_page
from syndicate.ingest.page.page_rejection import FOR_SUBSCRIBERS
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.jobs.ingest.document_content import reading_of_entries
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.jobs.ingest.robots_lookup import OriginRules, pause_origin, rules_for
from syndicate.model import Entry, NewArticle, PageRead, ParsedSource, ReadState, SourceKind
from syndicate.net import PAGE_ACCEPT, Fetched, FetchRequest
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, page_store, robots_store
from syndicate.text.urls import origin_of

log = logging.getLogger("syndicate.pages")

LEASE = timedelta(minutes=30)
CLAIM = 400
PER_HOST = 20
"""Pages of one host in one run: with the pause between them, well within the lease."""
ATTEMPTS = quarantine.LIMIT
FIRST_PAUSE = timedelta(hours=1)
REST_AFTER_REFUSAL = 900.0
LONGEST_REST = 86_400.0
DEATHS = 2
"""So many pages of a host may cost us a parser in one run; then its other pages wait for another."""
QUARANTINE = "article page"
# What does not get better by asking again (RFC 9110 section 15.5, RFC 7725).
_FINAL = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})
_TOO_BUSY = frozenset({429, 503})


@dataclass(slots=True)
class PagesResult:
    """Counts of one run: pages used, new articles, pages of no use, behind a paywall, put off, and failed."""

    read: int = 0
    new: int = 0
    refused: int = 0
    paywalled: int = 0
    put_off: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.read or self.refused or self.paywalled or self.put_off or self.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesJob:
    """Reads the pages that are due. ``agent`` is the product token that robots.txt files call us by."""

    intake: EntryImporter
    agent: str

    def run(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> PagesResult:
        """Read what is due, within the budget of each source and the rules of each host."""
        result = PagesResult()
        with self.intake.store.write() as connection:
            claimed = page_store.claim_pages(
                connection,
                now=now,
                owner=self.intake.owner,
                until=now + LEASE,
                per_poll=self.intake.pages.per_poll,
                limit=CLAIM,
            )
        if not claimed:
            return result
        left = {page.id for page in claimed}
        try:
            waiting = self._allowed(claimed, left, now, result, stopping)
            with suppress(FetchStopped):
                for page, answer in self._answers(waiting, stopping):
                    self._take(page, answer, waiting[origin_of(page.url)], now, result)
                    left.discard(page.id)
        finally:
            with self.intake.store.write() as connection:
                page_store.release_pages(connection, sorted(left), owner=self.intake.owner)
        return result

    def _allowed(
        self,
        claimed: Iterable[PageRead],
        left: set[int],
        now: datetime,
        result: PagesResult,
        stopping: Callable[[], bool],
    ) -> dict[str, "_Host"]:
        """The pages we may ask for now, by origin; the others get their answer, or wait."""
        hosts: dict[str, list[PageRead]] = {}
        for page in claimed:
            hosts.setdefault(origin_of(page.url), []).append(page)
        rules = rules_for(self.intake.store, self.intake.fetcher(), hosts, self.agent, now, stopping=stopping)
        allowed: dict[str, _Host] = {}
        for origin, pages in hosts.items():
            found = rules.get(origin)
            if found is None or found.rules is None or found.not_before > now:
                self._put_off(pages, left, now if found is None else found.not_before)
                continue
            may: list[PageRead] = []
            for page in pages:
                if found.rules.allows(page.url):
                    may.append(page)
                else:
                    self._refuse(page, f"robots.txt of {origin} does not allow it", now, result)
                    left.discard(page.id)
            limit = 1 if found.rules.delay else PER_HOST
            allowed[origin] = _Host(origin=origin, rules=found, pages=may[:limit], stopping=stopping)
        return allowed

    def _answers(
        self, hosts: dict[str, "_Host"], stopping: Callable[[], bool]
    ) -> Iterator[tuple[PageRead, Fetched | FetchError]]:
        while not stopping() and (round_ := [host.pages.pop(0) for host in hosts.values() if host.pages]):
            pages = {page.id: page for page in round_}
            requests = [FetchRequest(url=page.url, accept=PAGE_ACCEPT, key=page.id) for page in round_]
            for request, answer in self.intake.fetcher().fetch_each(requests, stopping=stopping):
                page = pages[int(str(request.key))]
                if isinstance(answer, FetchError) and answer.status not in _FINAL:
                    hosts[origin_of(page.url)].pages.clear()
                yield page, answer

    def _take(
        self, page: PageRead, answer: Fetched | FetchError, host: "_Host", now: datetime, result: PagesResult
    ) -> None:
        """One answer, from bytes to rows."""
        if isinstance(answer, FetchError):
            self._fetch_failed(page, answer, host, now, result)
        else:
            self._read_answer(page, answer, host, now, result)
        if host.rules.rules and host.rules.rules.delay:
            self._rest(host.origin, now + timedelta(seconds=host.rules.rules.delay))

    def _read_answer(
        self, page: PageRead, answer: Fetched, host: "_Host", now: datetime, result: PagesResult
    ) -> None:
        """Process one page so that its errors do not stop the others."""
        try:
            self._use(page, self._read(page, answer, host, now), now, result)
        except FetchStopped:
            raise
        except FetchError as error:
            self._failed(page, error, now, result)
        except ParserDied as error:
            self._failed(page, error, now, result)
            host.deaths += 1
            if host.deaths >= DEATHS:
                host.pages.clear()
                self._leave(page, host, now)
        except ParseError as error:
            self._refuse(page, str(error), now, result)
        except StoreError:
            raise
        except LeaseLost:
            return
        except Exception as error:
            log.exception("the page %s could not be used", page.url)
            problem = SyndicateError(f"{page.url} could not be used ({type(error).__name__}: {error})")
            self._failed(page, problem, now, result)

    def _allows(self, url: str, now: datetime, stopping: Callable[[], bool]) -> bool:
        """Return whether robots.txt allows the address that a redirect led to, on whichever host."""
        origin = origin_of(url)
        fetcher = self.intake.fetcher()
        found = rules_for(self.intake.store, fetcher, [origin], self.agent, now, stopping=stopping)
        if origin not in found:
            raise FetchStopped(f"{url} was not looked at: the program is stopping")
        rules = found[origin].rules
        return rules is not None and rules.allows(url)

    def _read(self, page: PageRead, answer: Fetched, host: "_Host", now: datetime) -> Entry:
        """The entry of a page. Raises ``ParseError`` when there is none, or none that we may use.

        Raises ``FetchError`` for a page that breaks off; one that does so every time is taken for what it is.
        """
        if answer.url != page.url and not self._allows(answer.url, now, host.stopping):
            raise ParseError(f"it leads to {answer.url}, which robots.txt there does not allow")
        parsed = self.intake.parse(
            answer.body,
            answer.url,
            answer.content_type,
            answer.charset,
            frozenset(),
            kind=DocumentKind.PAGE,
            asked=page.url,
            vouched=page.entry is None or page.source.kind is not SourceKind.SITEMAP,
            paywall=page.source.paywall,
        )
        if parsed.cut_off and page.attempts + 1 < ATTEMPTS:
            raise FetchError(f"{page.url}: {' '.join(parsed.warnings)}")
        if not parsed.entries:
            raise ParseError(" ".join(parsed.warnings))
        (entry,) = parsed.entries
        if not entry.text and (page.article_id or not entry.title):
            raise ParseError(" ".join(parsed.warnings))
        return entry

    def _use(self, page: PageRead, entry: Entry, now: datetime, result: PagesResult) -> None:
        if page.entry is not None:
            self._whole_article(page, with_page(page.entry, entry), now, result)
            return
        if page.article_id is None:
            return
        with self.intake.store.read() as connection:
            article = article_store.get_articles(connection, [page.article_id]).get(page.article_id)
            body = article_store.get_bodies(connection, [page.article_id]).get(page.article_id)
        if article is None or body is None:
            return
        if not about_the_same(article.title, entry):
            self._refuse(page, "the page is about something else", now, result)
            return
        if not better_text(entry, body.text or article.summary, article.language):
            self._refuse(page, "the page has no more text than we have", now, result)
            return
        full = accept(replace(entry, language=article.language), page.source, now)
        with self.intake.store.write() as connection:
            self._finish(connection, page, now)
            page_store.save_full_text(connection, article.id, full)
        result.read += 1

    def _whole_article(self, page: PageRead, entry: Entry, now: datetime, result: PagesResult) -> None:
        """An article that its sitemap or list only named: the page is all there is of it."""

        def settle(connection: Connection, _new: Sequence[NewArticle]) -> None:
            self._finish(connection, page, now)
            page_store.link_page_to_article(connection, page.id)

        parsed = ParsedSource(entries=(entry,))
        reading = replace(reading_of_entries(page.source, parsed), whole=True)
        taken = self.intake.accept(reading, now, settle)
        result.read += 1
        result.new += taken.new

    def _finish(self, connection: Connection, page: PageRead, now: datetime) -> None:
        quarantine.clear_failure(connection, QUARANTINE, page.url)
        if not page_store.finish_page(connection, page.id, ReadState.READ, owner=self.intake.owner, now=now):
            raise LeaseLost

    def _refuse(self, page: PageRead, reason: str, now: datetime, result: PagesResult) -> None:
        """The page is of no use, today or tomorrow; the article stays as its source told it."""
        with self.intake.store.write() as connection:
            quarantine.clear_failure(connection, QUARANTINE, page.url)
            page_store.finish_page(
                connection, page.id, ReadState.REFUSED, owner=self.intake.owner, now=now, error=reason[:500]
            )
        if reason == FOR_SUBSCRIBERS:
            result.paywalled += 1
        else:
            result.refused += 1

    def _fetch_failed(
        self, page: PageRead, error: FetchError, host: "_Host", now: datetime, result: PagesResult
    ) -> None:
        if error.status in _FINAL or isinstance(error, (ForbiddenAddress, TooLarge)):
            self._refuse(page, str(error), now, result)
            return
        if error.status in _TOO_BUSY or isinstance(error, NotAsked):
            self._wait_for(page, error, host, now, result)
            return
        self._failed(page, error, now, result)
        self._leave(page, host, now)

    def _leave(self, page: PageRead, host: "_Host", now: datetime) -> None:
        """The host is in trouble, or this page alone: others are tried soon, ever later if they fail too."""
        with self.intake.store.read() as connection:
            failures = page_store.failures_in_a_row(connection, page.source.id)
        rest = min(REST_AFTER_REFUSAL * 2.0 ** max(failures - 1, 0), LONGEST_REST)
        self._rest(host.origin, now + timedelta(seconds=rest))

    def _wait_for(
        self, page: PageRead, error: FetchError, host: "_Host", now: datetime, result: PagesResult
    ) -> None:
        """The host is busy, not the page bad: wait as long as it asks, while the page is news."""
        if page.published < now - timedelta(seconds=self.intake.pages.window):
            self._refuse(page, str(error), now, result)
            return
        until = now + timedelta(seconds=max(error.retry_after or 0.0, REST_AFTER_REFUSAL))
        self._rest(host.origin, until)
        with self.intake.store.write() as connection:
            if error.busy:
                pause_origin(connection, error, now)
            page_store.finish_page(
                connection,
                page.id,
                ReadState.WAITING,
                owner=self.intake.owner,
                now=now,
                error=str(error)[:500],
                next_try=until,
            )
        result.put_off += 1

    def _failed(self, page: PageRead, error: SyndicateError, now: datetime, result: PagesResult) -> None:
        """Try again later, in steps of four times the pause; three failures are enough."""
        over = page.attempts + 1 >= ATTEMPTS
        with self.intake.store.write() as connection:
            held = page_store.finish_page(
                connection,
                page.id,
                ReadState.FAILED if over else ReadState.WAITING,
                owner=self.intake.owner,
                now=now,
                error=str(error)[:500],
                next_try=now + FIRST_PAUSE * 4**page.attempts,
                failed=True,
            )
            if held:
                quarantine.record_failure(
                    connection, QUARANTINE, page.url, str(error)[:500], now=now, source_id=page.source.id
                )
        result.failed += 1
        result.failures.append(str(error))

    def _put_off(self, pages: Iterable[PageRead], left: set[int], until: datetime) -> None:
        ids = [page.id for page in pages]
        with self.intake.store.write() as connection:
            page_store.release_pages(connection, ids, owner=self.intake.owner, next_try=until)
        left.difference_update(ids)

    def _rest(self, origin: str, until: datetime) -> None:
        with self.intake.store.write() as connection:
            robots_store.delay_next_page(connection, origin, until)


@dataclass(slots=True, kw_only=True)
class _Host:
    """One origin in one run: its rules, and the pages still to be asked for."""

    origin: str
    rules: OriginRules
    pages: list[PageRead]
    stopping: Callable[[], bool]
    deaths: int = 0
