"""A document that keeps killing its parser, read item by item within bounds."""

from collections.abc import Iterator

from syndicate.errors import ParserDied
from syndicate.jobs.ingest.poll_parsing import (
    MAX_CRASHES,
    MAX_SECONDS,
    MAX_SINGLE_ITEMS,
    parse_one_by_one,
)
from syndicate.model import Entry, ParsedSource

NAMES = tuple(f"item{number:03}" for number in range(MAX_SINGLE_ITEMS + 50))


class Readings:
    """A document of so many items; each reading takes ``seconds`` of the clock."""

    def __init__(self, *names: str, seconds: float = 0.0, deadly: frozenset[str] = frozenset()) -> None:
        self.names = names
        self.seconds = seconds
        self.deadly = deadly
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def parse(self, only: frozenset[str]) -> ParsedSource:
        self.now += self.seconds
        if only & self.deadly:
            raise ParserDied("the parser took longer than 20 seconds and was stopped")
        entries = tuple(Entry(guid=name, url="", title=name, item_hash=name) for name in sorted(only))
        return ParsedSource(item_hashes=self.names, entries=entries)

    def polls(self) -> Iterator[ParsedSource]:
        """Yield polls until every item was parsed; each knows the items of the polls before."""
        known: set[str] = set()
        while True:
            found = parse_one_by_one(self.parse, frozenset(known), clock=self.clock)
            assert found
            parsed, crashing = found
            known |= {entry.item_hash for entry in parsed.entries} | {item_hash for item_hash, _ in crashing}
            yield parsed
            if not parsed.left_out:
                return


def test_no_item_is_begun_after_a_minute_and_the_next_polls_read_the_rest() -> None:
    readings = Readings(*NAMES[:40], seconds=6.0)
    read = []
    for parsed in readings.polls():
        read += [entry.guid for entry in parsed.entries]
        assert len(parsed.entries) <= MAX_SECONDS / 6.0
        assert parsed.item_hashes == tuple(read)
        assert ("left for the next poll" in " ".join(parsed.warnings)) == bool(parsed.left_out)
    assert read == list(NAMES[:40])


def test_one_item_is_read_however_long_it_takes() -> None:
    assert [len(parsed.entries) for parsed in Readings(*NAMES[:3], seconds=90.0).polls()] == [1, 1, 1]


def test_no_more_items_are_read_in_a_poll_than_a_few_hundred() -> None:
    assert [len(parsed.entries) for parsed in Readings(*NAMES).polls()] == [MAX_SINGLE_ITEMS, 50]


def test_items_that_kill_are_bounded_too() -> None:
    deadly = frozenset(NAMES[:4])
    first, second = Readings(*NAMES[:6], deadly=deadly).polls()
    assert (len(first.entries), first.left_out) == (0, 6 - MAX_CRASHES)
    assert [entry.guid for entry in second.entries] == list(NAMES[4:6])
    assert "1 of its items crash" in " ".join(second.warnings)
