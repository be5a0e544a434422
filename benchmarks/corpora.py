"""Other people's test documents through our ingest: how many are read, refused, and whether any does harm.

``python -m benchmarks.corpora FOLDER`` gives every document below a folder to the daemon's worker processes
and takes its entries through identity. Made for the documents that feedparser tests itself with, which its
source distribution carries; they are downloaded, not kept here::

    pip download feedparser --no-deps --no-binary :all: && tar xf feedparser-*.tar.gz
    python -m benchmarks.corpora feedparser-*/tests

A worker that dies or takes longer than its limit, and any error but ``ParseError``, is a failure.
"""

import argparse
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from syndicate.errors import ParseError, ParserDied
from syndicate.ingest.identity import match_entry
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Source

SOURCE = Source(id=1, name="corpus", url="https://corpus.example/")
LIMIT = 10.0
ENDINGS = {".xml", ".rss", ".atom", ".rdf", ".json", ".gz", ".z", ".html", ".dtd", ".opml", ".txt", ""}


def main() -> None:
    """Run every document and print what became of them; exit code 1 when one did harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*") if path.is_file() and path.suffix in ENDINGS)
    counts: Counter[str] = Counter()
    slowest = (0.0, "")
    harm: list[str] = []
    with ParserPool(time_limit=LIMIT) as pool:
        for path in files:
            start = time.monotonic()
            try:
                counts[_outcome(pool, path.read_bytes(), counts)] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                harm.append(f"{path}: {type(error).__name__}: {error}")
            slowest = max(slowest, (time.monotonic() - start, str(path)))
    print(f"{len(files)} documents: {', '.join(f'{count} {name}' for name, count in counts.most_common())}")
    print(f"slowest {slowest[0]:.2f} s: {slowest[1]}")
    print(f"harm: {len(harm)}")
    print("\n".join(harm))
    raise SystemExit(1 if harm else 0)


def _outcome(pool: ParserPool, body: bytes, counts: Counter[str]) -> str:
    try:
        parsed = pool.parse(ParseRequest(body=body, url=SOURCE.url))
    except ParserDied:
        raise
    except ParseError:
        return "refused as no feed"
    for entry in parsed.entries:
        counts[f"entries {match_entry(entry, SOURCE, (), datetime.now(UTC)).kind.value}"] += 1
    counts["items refused by the reader"] += len(parsed.refused)
    return "read with a warning" if parsed.warnings else "read"


if __name__ == "__main__":
    main()
