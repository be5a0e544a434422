"""A document that keeps killing its parser, read item by item: one bad item costs itself, not its source."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.polling import MAX_ERROR
from syndicate.ingest.unchanged import singly
from syndicate.model import Entry, ParsedSource, Source
from syndicate.store import Connection, quarantine
from syndicate.text.privacy import hide_address

MOST_DEATHS = 3
"""Items of one document that may cost us a parser, up to 20 seconds each, in one poll; the rest waits."""

Killers = tuple[tuple[str, str], ...]
"""(digest, reason) of items that no parser survives."""


def read_one_by_one(
    parse: Callable[[bytes], ParsedSource], body: bytes, known: frozenset[str]
) -> tuple[ParsedSource, Killers] | None:
    """What a document says without the items that kill, and those; ``None`` if they cannot be told apart.

    ``parse`` reads a document in a worker. Raises ``ParseError``, and ``ParserDied`` when what stands around
    the items is enough to kill.
    """
    apart = singly(body, known)
    if apart is None:
        return None
    whole = parse(apart.around)
    entries: list[Entry] = []
    digests = list(apart.seen)
    refused: list[tuple[str, str]] = []
    killers: list[tuple[str, str]] = []
    for digest, document in apart.unseen:
        if len(killers) == MOST_DEATHS:
            break
        digests.append(digest)
        try:
            found = parse(document)
        except ParserClosed:
            raise
        except ParserDied as error:
            killers.append((digest, str(error)))
        except ParseError as error:
            refused.append((digest, str(error)))
        else:
            entries += found.entries
            refused += found.refused
    left_out = len(apart.unseen) + len(apart.seen) - len(digests)
    parsed = replace(
        whole,
        entries=tuple(entries),
        digests=tuple(digests),
        refused=tuple(refused),
        left_out=left_out,
        warnings=(*whole.warnings, f"{len(killers)} of its items cannot be read by any parser"),
    )
    return parsed, tuple(killers)


def record_killers(connection: Connection, source: Source, killers: Killers, now: datetime) -> None:
    """Let these items rest at once: the document died of them three times already."""
    for digest, reason in killers:
        shown = hide_address(reason, source.url) if source.private else reason
        quarantine.record_failure(
            connection,
            "entry",
            digest,
            shown[:MAX_ERROR],
            now=now,
            source_id=source.id,
            attempts=quarantine.LIMIT,
        )
