"""What a document said, ready to be judged and stored."""

from dataclasses import dataclass

from syndicate.ingest.full_text import SortedEntries
from syndicate.model import ParsedSource, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a source.

    ``found`` is what else follows from it. ``is_first`` says that no item of the source is known. ``whole``
    says that the entries carry all that there is of their articles: nothing more is to be read, and a
    shorter text replaces a longer one.
    """

    source: Source
    parsed: ParsedSource
    found: SortedEntries
    is_first: bool = False
    whole: bool = False


def reading_of_entries(source: Source, parsed: ParsedSource) -> Reading:
    """A reading from which nothing else follows."""
    return Reading(source=source, parsed=parsed, found=SortedEntries(parsed=parsed))
