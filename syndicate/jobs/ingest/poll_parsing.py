"""Parse the changed documents of polls in worker processes, and isolate documents and items that crash them.

Several documents share a round trip to a worker. When the worker dies, each document is parsed alone. When a
feed crashed its parser in three polls, its items are parsed singly and the crashing items are left out.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.feed.change_detection import DocumentDiff
from syndicate.ingest.page.full_text import DocumentContent, PageOptions, select_entries
from syndicate.ingest.poll_schedule import PollOutcome
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.jobs.ingest.entry_plan import dates_by_first_seen
from syndicate.jobs.ingest.source_reading import outcome_of
from syndicate.model import Entry, ParsedSource, Source, SourceState
from syndicate.net import Fetched
from syndicate.store.core import quarantine

MAX_CRASHES = 3
"""Items of one document that may crash a parser in one poll, after up to 20 seconds each."""
MAX_SINGLE_ITEMS = 200
"""Items that are parsed one by one in one poll: the parser scans the whole document for each."""
MAX_SECONDS = 60.0
"""Seconds of parsing one by one in one poll, since other sources wait for the parsers. The elements around
the items are parsed with each item, and may take nearly as long as a parser may run."""

CrashingItems = tuple[tuple[str, str], ...]
"""(item hash, reason) of items that crash the parser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDocument:
    """Response with unknown items; ``request`` parses them, ``known`` are the hashes of known items."""

    source: Source
    state: SourceState
    response: Fetched
    known: frozenset[str]
    compared: DocumentDiff
    request: ParseRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Poll with a parsed document, ready to be stored. A folder has no ``response``.

    ``feed_skeleton_hash`` is stored with the content: with another content, the next document would count as
    known.
    """

    state: SourceState
    outcome: PollOutcome
    content: DocumentContent
    response: Fetched | None = None
    feed_skeleton_hash: str = ""
    crashing_items: CrashingItems = ()

    @property
    def source(self) -> Source:
        """Source that was polled."""
        return self.content.source

    @property
    def is_partial(self) -> bool:
        """True when the document has items that were not parsed."""
        return bool(self.content.parsed.left_out or self.content.parsed.cut_off)


def parse_together(
    importer: EntryImporter, documents: Sequence[ChangedDocument]
) -> Sequence[ParsedSource | ParseError | None]:
    """Parse several documents in a round trip; ``None`` for documents that must be parsed alone."""
    if len(documents) > 1:
        try:
            return importer.parser().parse_each([document.request for document in documents])
        except ParserDied:
            # Which document crashed the worker is unknown.
            pass
    return [None] * len(documents)


def parse_alone(importer: EntryImporter, document: ChangedDocument) -> tuple[ParsedSource, CrashingItems]:
    """Parse a document; after the third crash without the crashing items, which are returned too.

    Raises ``ParseError``, and its subclass ``ParserClosed`` when the program stops.
    """
    source, parser = document.source, importer.parser()
    try:
        return parser.parse(document.request), ()
    except ParserClosed:
        raise
    except ParserDied:
        with importer.store.read() as connection:
            crashes = 1 + quarantine.count_failures(connection, "document", source.name)
        if not source.kind.is_feed or crashes < quarantine.LIMIT:
            raise
        isolated = parse_one_by_one(
            lambda only: parser.parse(replace(document.request, options={"only": only})), document.known
        )
        if isolated is None:
            raise
        return isolated


def parse_one_by_one(
    parse: Callable[[frozenset[str]], ParsedSource],
    known: frozenset[str],
    *,
    clock: Callable[[], float] = monotonic,
) -> tuple[ParsedSource, CrashingItems] | None:
    """Return a document without its crashing items, and these items; ``None`` if it cannot be split.

    ``parse`` lists all items of the document, but parses only items with the given hashes. The first item
    is always parsed; after ``MAX_SECONDS`` of the ``clock`` no further item is begun. Raises ``ParserDied``
    when the elements around the items crash the parser.
    """
    end = clock() + MAX_SECONDS
    try:
        whole = parse(frozenset())
    except ParserDied:
        raise
    except ParseError:
        return None
    unknown = [item_hash for item_hash in whole.item_hashes if item_hash not in known]
    left = dict.fromkeys(unknown)
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    crashing: list[tuple[str, str]] = []
    for item_hash in unknown[:MAX_SINGLE_ITEMS]:
        if len(crashing) == MAX_CRASHES or (len(left) < len(unknown) and clock() > end):
            break
        del left[item_hash]
        try:
            parsed = parse(frozenset((item_hash,)))
        except ParserClosed:
            raise
        except ParserDied as error:
            crashing.append((item_hash, str(error)))
        except ParseError as error:
            refused.append((item_hash, str(error)))
        else:
            entries += parsed.entries
            refused += parsed.refused
    parsed_items = replace(whole, entries=tuple(entries), refused=tuple(refused))
    return _without_items(parsed_items, left, n_crashing=len(crashing)), tuple(crashing)


def _without_items(parsed: ParsedSource, left: Collection[str], *, n_crashing: int) -> ParsedSource:
    """Return a document with warnings, and without the hashes of items ``left`` for the next poll."""
    warnings = [f"{n_crashing} of its items crash the parser and are left out"]
    if left:
        warnings.append(f"{len(left)} of its items are left for the next poll")
    return replace(
        parsed,
        item_hashes=tuple(item_hash for item_hash in parsed.item_hashes if item_hash not in left),
        left_out=len(left),
        warnings=(*parsed.warnings, *warnings),
    )


def parsed_poll(
    document: ChangedDocument,
    parsed: ParsedSource,
    now: datetime,
    options: PageOptions,
    crashing_items: CrashingItems = (),
) -> Poll:
    """Return the poll of a parsed document, ready to be stored."""
    source, state, compared = document.source, document.state, document.compared
    # A lenient or partial parse is no basis for leaving items out of the next parse.
    is_imperfect = parsed.warnings or parsed.refused or parsed.left_out or parsed.cut_off
    if compared.seen:
        parsed = replace(parsed, item_hashes=(*compared.seen, *parsed.item_hashes))
    content = replace(
        select_entries(source, parsed, now, options, first=state.last_success is None),
        is_first=not document.known and state.last_success is None,
        date_by_first_seen=dates_by_first_seen(source, state),
    )
    return Poll(
        state=state,
        outcome=outcome_of(source, document.response),
        feed_skeleton_hash="" if is_imperfect else compared.feed_skeleton_hash,
        content=content,
        response=document.response,
        crashing_items=crashing_items,
    )
