"""A document that keeps killing its parser, read item by item within bounds."""

from collections.abc import Iterator

from syndicate.errors import ParserDied
from syndicate.jobs.ingest.crashing_items import MOST_DEATHS, MOST_READ, MOST_SECONDS, read_one_by_one
from syndicate.model import Entry, ParsedSource

NAMES = tuple(f"item{number:03}" for number in range(MOST_READ + 50))


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
        """One poll after the other, until everything was read; each forgets nothing of those before."""
        known: set[str] = set()
        while True:
            found = read_one_by_one(self.parse, frozenset(known), clock=self.clock)
            assert found
            parsed, killers = found
            known |= {entry.item_hash for entry in parsed.entries} | {item_hash for item_hash, _ in killers}
            yield parsed
            if not parsed.left_out:
                return


def test_no_item_is_begun_after_a_minute_and_the_next_polls_read_the_rest() -> None:
    readings = Readings(*NAMES[:40], seconds=6.0)
    read = []
    for parsed in readings.polls():
        read += [entry.guid for entry in parsed.entries]
        assert len(parsed.entries) <= MOST_SECONDS / 6.0
        assert parsed.item_hashes == tuple(read)
        assert ("left for the next time" in " ".join(parsed.warnings)) == bool(parsed.left_out)
    assert read == list(NAMES[:40])


def test_one_item_is_read_however_long_it_takes() -> None:
    assert [len(parsed.entries) for parsed in Readings(*NAMES[:3], seconds=90.0).polls()] == [1, 1, 1]


def test_no_more_items_are_read_in_a_poll_than_a_few_hundred() -> None:
    assert [len(parsed.entries) for parsed in Readings(*NAMES).polls()] == [MOST_READ, 50]


def test_items_that_kill_are_bounded_too() -> None:
    deadly = frozenset(NAMES[:4])
    first, second = Readings(*NAMES[:6], deadly=deadly).polls()
    assert (len(first.entries), first.left_out) == (0, 6 - MOST_DEATHS)
    assert [entry.guid for entry in second.entries] == list(NAMES[4:6])
    assert "1 of its items cannot be read by any parser" in second.warnings
