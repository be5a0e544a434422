"""Content of a document, ready to be judged and stored."""

from dataclasses import dataclass

from syndicate.ingest.page.full_text import SortedEntries
from syndicate.ingest.poll_schedule import PollOutcome
from syndicate.jobs.ingest.crashing_items import CrashingItems
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.net import Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentContent:
    """One reading of a source.

    ``found`` is what else follows from it. ``is_first`` says that no item of the source is known. ``whole``
    says that the entries carry all that there is of their articles: nothing more is to be read, and a
    shorter text replaces a longer one. ``by_sight`` says that new entries without a date are new: the source
    was read before, and lists articles, not all pages of a site.
    """

    source: Source
    parsed: ParsedSource
    found: SortedEntries
    is_first: bool = False
    whole: bool = False
    by_sight: bool = False


def reading_of_entries(source: Source, parsed: ParsedSource, *, by_sight: bool = False) -> DocumentContent:
    """A reading from which nothing else follows."""
    return DocumentContent(
        source=source, parsed=parsed, found=SortedEntries(parsed=parsed), by_sight=by_sight
    )


def dates_by_sight(source: Source, state: SourceState) -> bool:
    """Return whether a new entry of this source without a date is new (see ``DocumentContent``)."""
    return state.last_success is not None and source.kind is not SourceKind.SITEMAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll that brought a document, read but not stored. A folder gives no ``answer``.

    ``feed_skeleton_hash`` is to be kept with what the document says: with anything else the next one would
    seem read.
    """

    state: SourceState
    outcome: PollOutcome
    reading: DocumentContent
    answer: Fetched | None = None
    feed_skeleton_hash: str = ""
    killers: CrashingItems = ()

    @property
    def source(self) -> Source:
        """Return what was polled."""
        return self.reading.source

    @property
    def is_partial(self) -> bool:
        """True when the document held more than was read."""
        return bool(self.reading.parsed.left_out or self.reading.parsed.cut_off)
