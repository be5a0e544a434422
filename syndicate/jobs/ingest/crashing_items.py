"""A document that keeps killing its parser, read item by item: one bad item costs itself, not its source."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.poll_schedule import MAX_ERROR
from syndicate.model import Entry, ParsedSource, Source
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.text.privacy import hide_address

MOST_DEATHS = 3
"""Items of one document that may cost us a parser, up to 20 seconds each, in one poll; the rest waits."""
MOST_READ = 200
"""Items that are read by themselves in one poll: each time the parser looks through the whole document."""
MOST_SECONDS = 60.0
"""How long that may take in one poll: others wait for the parsers. What stands around the items is read with
each of them, and may cost nearly as much as a parser survives (200 times 18 seconds)."""

CrashingItems = tuple[tuple[str, str], ...]
"""(digest, reason) of items that no parser survives."""


def read_one_by_one(
    parse: Callable[[frozenset[str]], ParsedSource],
    known: frozenset[str],
    *,
    clock: Callable[[], float] = monotonic,
) -> tuple[ParsedSource, CrashingItems] | None:
    """Return a document without its crashing items, and those items; ``None`` if they cannot be told apart.

    ``parse`` lists the items of the document in a worker, but reads only those with the digests given. One is
    read in any case, no other is begun after ``MOST_SECONDS`` of the ``clock``. Raises ``ParserDied`` when
    what stands around the items is enough to kill.
    """
    end = clock() + MOST_SECONDS
    try:
        whole = parse(frozenset())
    except ParserDied:
        raise
    except ParseError:
        return None
    unseen = [item_hash for item_hash in whole.item_hashes if item_hash not in known]
    left = dict.fromkeys(unseen)
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    killers: list[tuple[str, str]] = []
    for item_hash in unseen[:MOST_READ]:
        if len(killers) == MOST_DEATHS or (len(left) < len(unseen) and clock() > end):
            break
        del left[item_hash]
        try:
            found = parse(frozenset((item_hash,)))
        except ParserClosed:
            raise
        except ParserDied as error:
            killers.append((item_hash, str(error)))
        except ParseError as error:
            refused.append((item_hash, str(error)))
        else:
            entries += found.entries
            refused += found.refused
    said = f"{len(killers)} of its items cannot be read by any parser"
    waiting = (f"{len(left)} of its items were left for the next time",) if left else ()
    parsed = replace(
        whole,
        entries=tuple(entries),
        item_hashes=tuple(item_hash for item_hash in whole.item_hashes if item_hash not in left),
        refused=tuple(refused),
        left_out=len(left),
        warnings=(*whole.warnings, said, *waiting),
    )
    return parsed, tuple(killers)


def quarantine_items(connection: Connection, source: Source, killers: CrashingItems, now: datetime) -> None:
    """Let these items rest at once: the document died of them three times already."""
    for item_hash, reason in killers:
        shown = hide_address(reason, source.url) if source.private else reason
        quarantine.record_failure(
            connection,
            "entry",
            item_hash,
            shown[:MAX_ERROR],
            now=now,
            source_id=source.id,
            attempts=quarantine.LIMIT,
        )
