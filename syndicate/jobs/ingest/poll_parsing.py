"""Parse fetched documents in worker processes, several per round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.feed.change_detection import Compared
from syndicate.ingest.page.full_text import PageOptions, sort_entries
from syndicate.jobs.ingest.crashing_items import CrashingItems, read_one_by_one
from syndicate.jobs.ingest.document_content import DocumentContent, Poll, dates_by_sight
from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.jobs.ingest.source_reading import outcome_of, reading_of
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.net import Fetched
from syndicate.store.core import quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDocument:
    """An answer with another document than the last one that was read; ``document`` is its digest."""

    source: Source
    state: SourceState
    answer: Fetched
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An answer with something new in it; ``known`` are the digests of items that need no reading."""

    source: Source
    state: SourceState
    answer: Fetched
    known: frozenset[str]
    compared: Compared

    def request(self) -> dict[str, Any]:
        """Return what a parser has to be told about the document of this answer."""
        return {
            "body": self.compared.unseen,
            "url": self.answer.url,
            "content_type": self.answer.content_type,
            "charset": self.answer.charset,
            # Where some are left out already, all that is left is to be read.
            "known": frozenset() if self.compared.seen else self.known,
            **reading_of(self.source),
        }


def read_together(
    intake: EntryImporter, unread: Sequence[Unread]
) -> Sequence[ParsedSource | ParseError | None]:
    """Return what each answer says, or why it cannot be read.

    ``None`` when it has to be read alone to tell.
    """
    if len(unread) > 1:
        try:
            return intake.parser().parse_each([item.request() for item in unread])
        except ParserDied:
            # Of which of them, nobody knows.
            pass
    return [None] * len(unread)


def read_alone(intake: EntryImporter, unread: Unread) -> tuple[ParsedSource, CrashingItems]:
    """Return what an answer says, and the items that had to be left out when parsers died of it three times.

    Raises ``ParseError``, among them ``ParserClosed`` when the program ends.
    """
    source, request = unread.source, unread.request()

    def parse_only(item_hashes: frozenset[str]) -> ParsedSource:
        return intake.parser().parse(**request, only=item_hashes)

    try:
        return intake.parser().parse(**request), ()
    except ParserClosed:
        raise
    except ParserDied:
        with intake.store.read() as connection:
            deaths = 1 + quarantine.count_failures(connection, "document", source.name)
        if source.kind is not SourceKind.FEED or deaths < quarantine.LIMIT:
            raise
        found = read_one_by_one(parse_only, unread.known)
        if found is None:
            raise
        return found


def poll_of(
    unread: Unread, parsed: ParsedSource, killers: CrashingItems, now: datetime, options: PageOptions
) -> Poll:
    """A poll whose answer has been read, ready to be stored."""
    source, answer, compared = unread.source, unread.answer, unread.compared
    # Lenient and partial readings are no basis for leaving out the next one.
    imperfect = parsed.warnings or parsed.refused or parsed.left_out or parsed.cut_off
    feed_skeleton_hash = "" if imperfect else compared.feed_skeleton_hash
    if compared.seen:
        parsed = replace(parsed, item_hashes=(*compared.seen, *parsed.item_hashes))
    found = sort_entries(source, parsed, now, options, first=unread.state.last_success is None)
    return Poll(
        state=unread.state,
        outcome=outcome_of(source, answer),
        feed_skeleton_hash=feed_skeleton_hash,
        reading=DocumentContent(
            source=source,
            parsed=found.parsed,
            found=found,
            is_first=not unread.known,
            by_sight=dates_by_sight(source, unread.state),
        ),
        answer=answer,
        killers=killers,
    )
