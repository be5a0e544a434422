"""feedparser's own test documents through our reading: no crash, no hang.

They are not kept here: ``SYNDICATE_FEEDPARSER_TESTS`` names the ``tests`` folder of its source archive
(``pip download --no-deps --no-binary :all: feedparser``).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syndicate.errors import ParseError, ParserDied
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest

pytestmark = pytest.mark.all

FOLDER = os.environ.get("SYNDICATE_FEEDPARSER_TESTS", "")
# Each is read in well under a second; this is for a busy machine.
TIME_LIMIT = 20.0


@pytest.mark.skipif(not FOLDER, reason="SYNDICATE_FEEDPARSER_TESTS names no folder")
def test_no_document_of_feedparsers_own_tests_costs_a_worker() -> None:
    documents = sorted(path for path in Path(FOLDER).rglob("*") if path.suffix in (".xml", ".z", ".gz"))
    assert len(documents) > 1_000

    def read(path: Path) -> str:
        try:
            pool.parse(ParseRequest(body=path.read_bytes(), url=f"https://corpus.example/{path.name}"))
        except ParserDied as error:
            return f"{path.name}: {error}"
        except ParseError:
            return ""
        return ""

    with ParserPool(2, time_limit=TIME_LIMIT) as pool, ThreadPoolExecutor(2) as threads:
        assert list(filter(None, threads.map(read, documents))) == []
