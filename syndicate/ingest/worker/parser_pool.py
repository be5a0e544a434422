"""Pool of worker processes that parse untrusted documents (``syndicate.workers``)."""

from collections.abc import Sequence
from typing import Any

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource
from syndicate.workers import WorkerClosed, WorkerDied, WorkerPool

MAX_RESULT_BYTES = 256 << 20
"""The parsed entries of a document of maximum size are a few times as large as the document."""

_MODEL_CLASSES = ("ParsedSource", "Entry", "Enclosure", "Image", "FeedLink", "SitemapPart")
RESULT_CLASSES = frozenset(
    {
        *(("syndicate.model.articles", name) for name in _MODEL_CLASSES),
        *(("datetime", name) for name in ("datetime", "timezone", "timedelta")),
    }
)


class ParserPool:
    """Pool of worker processes that parse feeds, sitemaps and pages, shared by many threads.

    ``time_limit`` is wall time per document in seconds, ``memory_limit`` address space per worker in bytes.
    Workers start on first use.
    """

    def __init__(self, workers: int = 2, *, time_limit: float = 20.0, memory_limit: int = 1 << 30) -> None:
        self._time_limit = time_limit
        self._workers = WorkerPool(
            "syndicate.ingest.worker.parser_process",
            workers,
            time_limit=time_limit,
            memory_limit=memory_limit,
            max_answer=MAX_RESULT_BYTES,
            classes=RESULT_CLASSES,
        )

    def parse(self, request: ParseRequest) -> ParsedSource:
        """Parse a document in a worker, after waiting for a free worker.

        Many threads may call this method at once. Raises ``ParseError`` as the parser does, and
        ``ParserDied`` if the worker crashed, took too long or ran out of memory, or if the pool is closed.
        """
        try:
            (parsed,) = self.parse_each([request])
        except ParserDied as error:
            raise type(error)(f"{request.url}: {error}") from error
        if isinstance(parsed, ParseError):
            raise parsed
        return parsed

    def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
        """Parse several documents in a single round trip, which costs as much as parsing a short document.

        A refused document yields its error in the list. All documents share the time limit of a single
        document. Raises ``ParserDied`` if the worker died.
        """
        try:
            answers = self._workers.exchange(requests, self._time_limit)
        except WorkerClosed as error:
            raise ParserClosed(f"the parser {error}") from error
        except WorkerDied as error:
            raise ParserDied(f"the parser {error}") from error
        results = [_result(kind, value) for kind, value in answers]
        if len(results) != len(requests):
            raise ParserDied(f"the parser returned {len(results)} results for {len(requests)} requests")
        return results

    def close(self) -> None:
        """Kill every worker, busy or not, and refuse further work."""
        self._workers.close()

    def __enter__(self) -> "ParserPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _result(kind: str, value: Any) -> ParsedSource | ParseError:
    if kind == "parsed" and isinstance(value, ParsedSource):
        return value
    if kind == "refused":
        return ParseError(str(value))
    if kind == "memory":
        raise ParserDied("the parser ran out of memory")
    raise ParserDied(f"the parser failed: {value}")
