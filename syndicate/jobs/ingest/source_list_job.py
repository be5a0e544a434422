"""Source lists job: import OPML files, once or on a schedule, as sources of origin ``store``.

A list on a schedule owns its sources. The job adds new feeds, updates changed feeds, and pauses feeds that
vanish from the list; it deletes none. A list that cannot be read, or is suddenly empty, changes nothing.

OPML lacks attributes for a source's kind, selectors and weight. An export writes them as ``syndicate…``
attributes and an import reads them back. Private sources are not exported.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from math import isfinite
from operator import attrgetter
from pathlib import Path
from typing import Any

from syndicate.errors import ConfigError, FetchError, FetchStopped, SyndicateError
from syndicate.ingest.page.css_selectors import check_selector
from syndicate.ingest.page.freshrss_settings import freshrss_settings
from syndicate.ingest.poll_schedule import MAX_ERROR_CHARACTERS
from syndicate.jobs.ingest.source_reading import conditional_request
from syndicate.model import (
    Absence,
    FullText,
    Origin,
    Paywall,
    Republish,
    Selectors,
    Source,
    SourceKind,
    SourceList,
    SourceListState,
)
from syndicate.net import Fetched, FetchThread
from syndicate.opml import MAX_BYTES, Outline, OutlineList, outline_of, read_opml
from syndicate.store import Connection, Store
from syndicate.store.ingest import added_sources, list_store, source_store
from syndicate.store.leases.held_lease import held_lease
from syndicate.text.privacy import looks_secret, mask_address
from syndicate.text.urls import canonical_url, host_of, is_web_url

OPML_ACCEPT = "text/x-opml, application/xml, text/xml;q=0.9, */*;q=0.5"
MAX_NAME_LENGTH = 100
MAX_TITLE_LENGTH = 60
"""Characters. A longer title of a feed is not taken as its name."""
_NO_NAME = re.compile(
    r"search results|records found|://|\bwww\.|\w@\w"
    r"|^\W*(?:rss|atom|xml|untitled|home|latest|world|top stories|articles|posts)?\W*(?:feed|page)?\W*$",
    re.IGNORECASE,
)
_BEHIND_NAME = re.compile(r"\s+[-–—|»>·]\s.*|:\s.*", re.DOTALL)
FIRST_RETRY = 3600.0
MAX_RETRY = 86_400.0
"""Seconds."""
MAX_WEIGHT = 100.0
"""Limit of ``weight`` in the configuration."""
Attributes = tuple[tuple[str, str], ...]

_PREFIX = "syndicate"
_SETTINGS = ("kind", "weight", "republish", "full_text", "paywall", "interval", "own", "paused")
_settings_of = attrgetter(*_SETTINGS)
_DEFAULTS = _settings_of(Source(id=0, name="", url=""))
_POLICIES = (
    ("republish", "Republish", Republish),
    ("full_text", "FullText", FullText),
    ("paywall", "Paywall", Paywall),
)
_SELECTORS = tuple(field.name for field in fields(Selectors))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """Result of an import: names of sources added, known before and paused.

    ``refused`` are titles of feeds left out, with the reasons; ``notes`` are titles of feeds added, with
    settings of other feed readers that were not imported.
    """

    added: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Counts as a line of text."""
        parts = [f"{len(self.added)} source{'' if len(self.added) == 1 else 's'} added"]
        parts += [f"{len(self.known)} known already"]
        parts += [f"{len(self.paused)} paused"] if self.paused else []
        parts += [f"{len(self.refused)} left out"] if self.refused else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOutcome:
    """Result of reading a source list. ``url`` hides secrets; ``unchanged``: the list has no news."""

    url: str
    result: ImportResult = ImportResult()
    unchanged: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListJob:
    """Updates the sources of the declared lists."""

    store: Store
    fetcher: Callable[[], FetchThread]
    lists: tuple[SourceList, ...]
    owner: str

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> list[ListOutcome]:
        """Read every due list; a list that fails changes nothing and is retried later."""
        if not self.lists:
            return []
        with self.store.read() as connection:
            states = list_store.list_states(connection)
        due = [listed for listed in self.lists if list_store.is_due(states.get(listed.url), now)]
        outcomes = [self._run_one(source_list, now, should_stop) for source_list in due if not should_stop()]
        return [outcome for outcome in outcomes if outcome is not None]

    def _run_one(
        self, source_list: SourceList, now: datetime, should_stop: Callable[[], bool]
    ) -> ListOutcome | None:
        name = f"source list {source_list.url}"
        with held_lease(self.store, name, owner=self.owner, now=now) as lease:
            if lease is None:
                return None
            with self.store.read() as connection:
                state = list_store.list_states(connection).get(source_list.url, SourceListState())
            # Another process may have read the list before this process took the lease.
            if list_store.is_due(state, now):
                with contextlib.suppress(FetchStopped):
                    return self._read(source_list, state, now, lease.until_lost(should_stop))
        return None

    def _read(
        self, source_list: SourceList, state: SourceListState, now: datetime, should_stop: Callable[[], bool]
    ) -> ListOutcome:
        shown = mask_address(source_list.url, source_list.url) if source_list.private else source_list.url
        try:
            answer = self._fetched(source_list, state, should_stop)
            if isinstance(answer, Fetched) and answer.unchanged:
                self._save(source_list, _succeeded(source_list, answer, now), now, None)
                return ListOutcome(url=shown, unchanged=True)
            body = answer.body if isinstance(answer, Fetched) else answer
            outlines = read_opml(body)
            if not outlines.outlines:
                raise FetchError(f"{source_list.url} lists no feed at all; its sources stay as they are")
        except FetchStopped:
            raise
        except SyndicateError as error:
            text = mask_address(str(error), source_list.url) if source_list.private else str(error)
            self._save(source_list, _failed(state, text, now), now, None)
            return ListOutcome(url=shown, error=text)
        after = _succeeded(source_list, answer if isinstance(answer, Fetched) else None, now)
        return ListOutcome(url=shown, result=self._save(source_list, after, now, outlines))

    def _fetched(
        self, source_list: SourceList, state: SourceListState, should_stop: Callable[[], bool]
    ) -> Fetched | bytes:
        if not is_web_url(source_list.url):
            return read_list_file(Path(source_list.url))
        request = conditional_request(source_list, state, url=source_list.url, accept=OPML_ACCEPT)
        return self.fetcher().fetch_one(request, should_stop=should_stop)

    def _save(
        self, source_list: SourceList, state: SourceListState, now: datetime, outline_list: OutlineList | None
    ) -> ImportResult:
        with self.store.write() as connection:
            list_store.save_list_state(connection, source_list.url, state)
            if outline_list is None:
                return ImportResult()
            owned = {"section": source_list.section, "listed_in": source_list.url}
            return import_outlines(connection, outline_list, now, **owned)


def import_outlines(
    connection: Connection,
    outline_list: OutlineList,
    now: datetime,
    *,
    section: str = "",
    listed_in: str = "",
) -> ImportResult:
    """Add the feeds of a list; known sources change only if the list ``listed_in`` owns them."""
    existing = source_store.list_sources(connection)
    by_url = {canonical_url(source.url): source for source in existing}
    known, listed = list[str](), list[int]()
    new: list[tuple[Source, Source | None]] = []
    refused, notes = list(outline_list.refused), list[tuple[str, str]]()
    for outline in outline_list.outlines:
        old = by_url.get(canonical_url(outline.feed_url))
        # The list updates its own sources, except sources that the operator removed.
        updates = (
            old and listed_in and (old.listed_in, old.absent is Absence.UNDECLARED) == (listed_in, False)
        )
        if old and not updates and old.absent is Absence.NONE:
            known.append(old.name)
            continue
        try:
            source, left_out = _source(outline, section, listed_in)
        except ConfigError as error:
            refused.append((outline.title, str(error)))
            continue
        if old and updates:
            known.append(old.name)
            listed.append(old.id)
            added_sources.update_listed(connection, old.id, source)
        else:
            notes += [(outline.title, note) for note in left_out]
            new.append((source, old))
    # Pause first: a feed that moved is added again under its old name.
    paused = added_sources.pause_unlisted(connection, listed_in, listed=listed) if listed_in else []
    taken = {source.name for source in existing}.difference(paused)
    added: list[str] = []
    for source, old in new:
        name = old.name if old else free_name(source.name, (source.home_url, source.url), taken)
        if added_sources.add_source(connection, replace(source, name=name), now):
            taken.add(name)
            added.append(name)
    return ImportResult(
        added=tuple(added),
        known=tuple(known),
        paused=tuple(name for name in paused if name not in added),
        refused=tuple(refused),
        notes=tuple(notes),
    )


def name_in_title(title: str) -> str:
    """Return a feed's title, shortened at a dash, bar or colon if it is long; ``""`` if still too long."""
    short = title if len(title) <= MAX_TITLE_LENGTH else _BEHIND_NAME.sub("", title)
    return short if len(short) <= MAX_TITLE_LENGTH else ""


def free_name(title: str, addresses: Sequence[str], taken: set[str]) -> str:
    """Return an unused name: the title, else with the host of the first web address, else with a number.

    The host alone is the name when the title is not a name, such as "Search results".
    """
    host = next(filter(None, map(host_of, addresses)), "").removeprefix("www.")
    base = "" if _NO_NAME.search(title) else title[:MAX_NAME_LENGTH].strip(" -–—|»")
    base = base or host
    if base not in taken:
        return base
    has_room = len(host) < MAX_NAME_LENGTH - 20
    longer = f"{base[: MAX_NAME_LENGTH - len(host) - 3]} ({host})" if has_room else base
    name, number = longer, 1
    while name in taken:
        number += 1
        name = f"{longer[: MAX_NAME_LENGTH - 6]} {number}"
    return name


def export_outlines(sources: Sequence[Any]) -> list[Outline]:
    """Return sources, or rows of ``exported_sources``, as outlines: without secrets, with paused feeds."""
    return [
        replace(
            outline_of(source),
            description=dict(source.outline).get("description", ""),
            extra=(*attributes_of(source), *(pair for pair in source.outline if pair[0] != "description")),
        )
        for source in sources
        if source.url.startswith(("http://", "https://"))
        and source.absent != Absence.REMOVED
        and not source.private
    ]


def read_list_file(path: Path) -> bytes:
    """Return the bytes of a local OPML file; raises ``FetchError``."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FetchError(f"Cannot read the source list {path}: {error.strerror}") from error


def _source(outline: Outline, section: str, listed_in: str) -> tuple[Source, tuple[str, ...]]:
    """Return the source of an outline and notes on its settings; raises ``ConfigError``."""
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
        outline=(*more, *(pair for pair in outline.extra if not pair[0].startswith(_PREFIX))),
    )
    values, notes = freshrss_settings(dict(outline.extra))
    if listed_in:
        values = {name: value for name, value in values.items() if name in ("kind", "select")}
    return with_attributes(replace(source, **values), outline.extra, trusted=not listed_in), notes


def _succeeded(source_list: SourceList, answer: Fetched | None, now: datetime) -> SourceListState:
    state = SourceListState(last_success=now, next_check=now + timedelta(seconds=source_list.every))
    if answer is None:
        return state
    return replace(state, etag=answer.etag, last_modified=answer.last_modified, body_hash=answer.wire_hash)


def _failed(state: SourceListState, text: str, now: datetime) -> SourceListState:
    pause = min(FIRST_RETRY * 2.0 ** min(state.failures, 10), MAX_RETRY)
    next_check, error = now + timedelta(seconds=pause), text[:MAX_ERROR_CHARACTERS]
    return replace(state, next_check=next_check, failures=state.failures + 1, error=error)


def attributes_of(source: Any) -> Attributes:
    """Return the settings that differ from the defaults, as attributes of an outline."""
    values = {
        name.title().replace("_", ""): f"{value:g}" if isinstance(value, float) else str(value).lower()
        for name, value, default in zip(_SETTINGS, _settings_of(source), _DEFAULTS, strict=True)
        if value != default
    }
    if source.select:
        chosen = source.select if isinstance(source.select, dict) else asdict(source.select)
        values |= {f"Select{name.title()}": chosen.get(name, "") for name in _SELECTORS}
    return tuple((_PREFIX + name, value) for name, value in values.items() if value)


def with_attributes(source: Source, attributes: Iterable[tuple[str, str]], *, trusted: bool) -> Source:
    """Return the source with the settings in these attributes; ignore invalid values.

    A ``trusted`` list, imported by the operator, may set weight, pause, interval and rights. A list on a
    schedule may only set the kind and the selectors.
    """
    given = {name.removeprefix(_PREFIX): value for name, value in attributes if name.startswith(_PREFIX)}
    changes: dict[str, Any] = {}
    if given.get("Kind") in (SourceKind.SITEMAP.value, SourceKind.PAGE.value):
        changes["kind"] = SourceKind(given["Kind"])
        changes["select"] = _selectors(given) if given["Kind"] == SourceKind.PAGE.value else None
    if trusted:
        for name, attribute, kind in _POLICIES:
            with contextlib.suppress(KeyError, ValueError):
                changes[name] = kind(given[attribute])
        with contextlib.suppress(KeyError, ValueError):
            weight = float(given["Weight"])
            changes |= {"weight": weight} if isfinite(weight) and 0 <= weight <= MAX_WEIGHT else {}
        with contextlib.suppress(KeyError, ValueError):
            interval = float(given["Interval"])
            changes |= {"interval": interval} if isfinite(interval) and interval > 0 else {}
        changes |= {
            "own": given.get("Own") == "true",
            "paused": source.paused or given.get("Paused") == "true",
        }
    return replace(source, **changes)


def _selectors(given: dict[str, str]) -> Selectors | None:
    values = {name: given.get(f"Select{name.title()}", "") for name in _SELECTORS}
    try:
        for selector in filter(None, values.values()):
            check_selector(selector)
    except ConfigError:
        return None
    return Selectors(**values) if values["item"] else None
