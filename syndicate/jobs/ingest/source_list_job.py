"""Source lists: an OPML file, read once or again and again, becomes sources of origin ``store``.

A list that is read on a schedule owns its sources: new ones are added, changed ones follow, and ones that
vanish from it are paused, never deleted. A list that cannot be read, or is suddenly empty, changes nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.errors import FetchError, FetchStopped, SyndicateError
from syndicate.jobs.ingest.outline_attributes import attributes_of, foreign_attributes, with_attributes
from syndicate.model import Absence, Origin, Source, SourceList, SourceListState
from syndicate.net import Fetched, FetchRequest, FetchThread, read_credentials
from syndicate.opml import MAX_BYTES, Outline, OutlineList, read_opml
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.ingest import added_sources, list_store, source_store
from syndicate.text.privacy import hide_address, looks_secret
from syndicate.text.urls import canonical_url, host_of, is_web_url

LEASE = timedelta(minutes=10)
OPML_ACCEPT = "text/x-opml, application/xml, text/xml;q=0.9, */*;q=0.5"
LONGEST_NAME = 100
LONGEST_TITLE = 60
"""Characters of a feed's own title that are taken for its name."""
_NO_NAME = re.compile(
    r"search results|records found|://|\bwww\.|\w@\w"
    r"|^\W*(?:rss|atom|xml|untitled|home|latest|world|top stories|articles|posts)?\W*(?:feed|page)?\W*$",
    re.IGNORECASE,
)
_BEHIND_NAME = re.compile(r"\s+[-–—|»>·]\s.*|:\s.*", re.DOTALL)
FIRST_PAUSE = 3600.0
LONGEST_PAUSE = 86_400.0
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """Result of an import: names of sources added, known before and paused; refusals with reasons."""

    added: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOutcome:
    """Result of reading a source list. ``url`` may be shown; ``unchanged`` means nothing was new."""

    url: str
    result: ImportResult = ImportResult()
    unchanged: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListJob:
    """Keeps the sources of the declared lists up to date."""

    store: Store
    fetcher: Callable[[], FetchThread]
    lists: tuple[SourceList, ...]
    owner: str

    def run(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> list[ListOutcome]:
        """Read every list that is due; one that fails is tried again and changes nothing."""
        if not self.lists:
            return []
        with self.store.read() as connection:
            states = list_store.list_states(connection)
        due = [
            source_list for source_list in self.lists if list_store.is_due(states.get(source_list.url), now)
        ]
        outcomes = [self._run_one(source_list, now, stopping) for source_list in due if not stopping()]
        return [outcome for outcome in outcomes if outcome is not None]

    def _run_one(self, wanted: SourceList, now: datetime, stopping: Callable[[], bool]) -> ListOutcome | None:
        name = f"source list {wanted.url}"
        with self.store.write() as connection:
            if not leases.take_lease(connection, name, owner=self.owner, now=now, until=now + LEASE):
                return None
            state = list_store.list_states(connection).get(wanted.url, SourceListState())
        try:
            # Another process may have read it between our look and our lease.
            return self._read(wanted, state, now, stopping) if list_store.is_due(state, now) else None
        except FetchStopped:
            return None
        finally:
            with self.store.write() as connection:
                leases.release_lease(connection, name, owner=self.owner)

    def _read(
        self, wanted: SourceList, state: SourceListState, now: datetime, stopping: Callable[[], bool]
    ) -> ListOutcome:
        shown = hide_address(wanted.url, wanted.url) if wanted.private else wanted.url
        try:
            answer = self._fetched(wanted, state, stopping)
            if isinstance(answer, Fetched) and answer.unchanged:
                self._save(wanted, _succeeded(wanted, answer, now), now, None)
                return ListOutcome(url=shown, unchanged=True)
            body = answer.body if isinstance(answer, Fetched) else answer
            found = read_opml(body)
            if not found.outlines:
                raise FetchError(f"{wanted.url} lists no feed at all; its sources stay as they are")
        except FetchStopped:
            raise
        except SyndicateError as error:
            text = hide_address(str(error), wanted.url) if wanted.private else str(error)
            self._save(wanted, _failed(state, text, now), now, None)
            return ListOutcome(url=shown, error=text)
        after = _succeeded(wanted, answer if isinstance(answer, Fetched) else None, now)
        return ListOutcome(url=shown, result=self._save(wanted, after, now, found))

    def _fetched(
        self, wanted: SourceList, state: SourceListState, stopping: Callable[[], bool]
    ) -> Fetched | bytes:
        if not is_web_url(wanted.url):
            return read_list_file(Path(wanted.url))
        request = FetchRequest(
            url=wanted.url,
            etag=state.etag,
            last_modified=state.last_modified,
            known_hash=state.body_hash,
            accept=OPML_ACCEPT,
            credentials=read_credentials(wanted.access) if wanted.access else None,
            private=wanted.private,
        )
        return self.fetcher().fetch_one(request, stopping=stopping)

    def _save(
        self, wanted: SourceList, state: SourceListState, now: datetime, found: OutlineList | None
    ) -> ImportResult:
        with self.store.write() as connection:
            list_store.save_list_state(connection, wanted.url, state)
            if found is None:
                return ImportResult()
            return import_outlines(connection, found, now, section=wanted.section, listed_in=wanted.url)


def import_outlines(
    connection: Connection, found: OutlineList, now: datetime, *, section: str = "", listed_in: str = ""
) -> ImportResult:
    """Add the feeds of a list; those we read already stay as they are, unless they are this list's own."""
    existing = source_store.list_sources(connection)
    by_url = {canonical_url(source.url): source for source in existing}
    known: list[str] = []
    listed: list[int] = []
    new: list[tuple[Outline, Source | None]] = []
    for outline in found.outlines:
        old = by_url.get(canonical_url(outline.feed_url))
        is_own = bool(old and listed_in and old.listed_in == listed_in)
        if old and is_own and old.absent is not Absence.UNDECLARED:
            # One of ours follows the list, but what a person removed stays removed.
            known.append(old.name)
            listed.append(old.id)
            added_sources.update_listed(connection, old.id, _source(outline, section, listed_in))
        elif old and old.absent is Absence.NONE:
            known.append(old.name)
        else:
            new.append((outline, old))
    # Before anything is added: a feed that moved comes back under the name it had.
    paused = added_sources.pause_unlisted(connection, listed_in, listed=listed) if listed_in else []
    taken = {source.name for source in existing}.difference(paused)
    added: list[str] = []
    for outline, old in new:
        addresses = (outline.home_url, outline.feed_url)
        name = old.name if old else free_name(outline.title, addresses, taken)
        source = replace(_source(outline, section, listed_in), name=name)
        if added_sources.add_source(connection, source, now):
            taken.add(name)
            added.append(name)
    return ImportResult(
        added=tuple(added),
        known=tuple(known),
        paused=tuple(name for name in paused if name not in added),
        refused=found.refused,
    )


def name_in_title(title: str) -> str:
    """Return the title of a feed, of a long one the part before a dash, bar or colon; ``""`` for no name."""
    short = title if len(title) <= LONGEST_TITLE else _BEHIND_NAME.sub("", title)
    return short if len(short) <= LONGEST_TITLE else ""


def free_name(title: str, addresses: Sequence[str], taken: set[str]) -> str:
    """Return a name that no source has: the title, else with the host behind it, else with a number.

    The host is that of the first web address. It is the name when the title is none, as "Search results"
    is.
    """
    host = next(filter(None, map(host_of, addresses)), "").removeprefix("www.")
    base = "" if _NO_NAME.search(title) else title[:LONGEST_NAME].strip(" -–—|»")
    base = base or host
    if base not in taken:
        return base
    longer = f"{base[: LONGEST_NAME - len(host) - 3]} ({host})" if len(host) < LONGEST_NAME - 20 else base
    name, number = longer, 1
    while name in taken:
        number += 1
        name = f"{longer[: LONGEST_NAME - 6]} {number}"
    return name


def export_outlines(sources: Sequence[Source]) -> list[Outline]:
    """The sources as a list for other readers: feeds that are ours to tell, paused ones included."""
    return [
        Outline(
            title=source.name,
            feed_url=source.url,
            home_url=source.home_url,
            language=source.language,
            section=source.section,
            description=dict(source.outline).get("description", ""),
            extra=(*attributes_of(source), *(pair for pair in source.outline if pair[0] != "description")),
        )
        for source in sources
        if is_web_url(source.url) and source.absent is not Absence.REMOVED and not source.private
    ]


def read_list_file(path: Path) -> bytes:
    """An OPML file of ours; raises ``FetchError`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FetchError(f"the source list {path} cannot be read: {error.strerror}") from error


def _source(outline: Outline, section: str, listed_in: str) -> Source:
    more = (("description", outline.description),) if outline.description else ()
    source = Source(
        id=0,
        name=outline.title,
        url=outline.feed_url,
        section="/".join(filter(None, (section, outline.section))),
        language=outline.language,
        origin=Origin.STORE,
        private=looks_secret(outline.feed_url),
        home_url=outline.home_url,
        listed_in=listed_in,
        outline=(*more, *foreign_attributes(outline.extra)),
    )
    return with_attributes(source, outline.extra, trusted=not listed_in)


def _succeeded(wanted: SourceList, answer: Fetched | None, now: datetime) -> SourceListState:
    return SourceListState(
        etag=answer.etag if answer else "",
        last_modified=answer.last_modified if answer else "",
        body_hash=answer.wire_hash if answer else "",
        last_success=now,
        next_check=now + timedelta(seconds=wanted.every),
    )


def _failed(state: SourceListState, text: str, now: datetime) -> SourceListState:
    pause = min(FIRST_PAUSE * 2.0 ** min(state.failures, 10), LONGEST_PAUSE)
    return replace(
        state,
        next_check=now + timedelta(seconds=pause),
        failures=state.failures + 1,
        error=text[:LONGEST_ERROR],
    )
