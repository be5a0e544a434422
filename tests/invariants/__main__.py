"""Try random histories until told otherwise: ``python -m tests.invariants [FIRST] [LAST] [--shrink]``.

Prints which invariants the seeds break, and with ``--shrink`` the shortest history found for each.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syndicate.ingest.worker.parser_pool import ParserPool
from tests.empty_stores import write_empty_store
from tests.invariants.history import random_history
from tests.invariants.newsroom import Equipment, Newsroom
from tests.invariants.trial import Broken, Place, broken_by, shortest


def main() -> None:
    """Run the histories of the seeds and print what they broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=100)
    parser.add_argument("--shrink", action="store_true")
    arguments = parser.parse_args()
    failures: dict[int, list[tuple[int, Broken]]] = defaultdict(list)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ParserPool() as parsers:
        place = newsrooms(Path(folder), parsers)
        for seed in range(arguments.first, arguments.last):
            for one in broken_by(place, random_history(seed)):
                failures[one.number].append((seed, one))
        say(f"{arguments.last - arguments.first} histories, {time.monotonic() - start:.1f} s")
        for number, found in sorted(failures.items()):
            seed, one = found[0]
            say(f"\n{number}: {len(found)} histories, the first is {seed}: {one.found}")
            if arguments.shrink:
                steps = shortest(place, random_history(seed), number)
                say("\n".join(f"    {step}" for step in steps))
                say(*(f"    {one.found}" for one in broken_by(place, steps) if one.number == number))


def say(*lines: str) -> None:
    """Print lines for a person who waits."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def newsrooms(folder: Path, parsers: ParserPool) -> Place:
    """Return what makes empty newsrooms on SQLite in a folder."""
    equipment = Equipment(parsers)

    @contextmanager
    def place() -> Iterator[Newsroom]:
        with (
            tempfile.TemporaryDirectory(dir=folder) as name,
            equipment.newsroom(write_empty_store(Path(name)), Path(name)) as newsroom,
        ):
            yield newsroom

    return place


if __name__ == "__main__":
    main()
