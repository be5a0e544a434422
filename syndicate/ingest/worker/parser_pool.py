"""Parsing of untrusted documents in worker processes (``syndicate.workers``)."""

from collections.abc import Sequence
from typing import Any

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource
from syndicate.workers import WorkerClosed, WorkerDied, WorkerPool

MAX_ANSWER = 256 << 20
"""Bytes. What is in a document of the largest size is a few times as much when it is clean."""

ANSWER_CLASSES = frozenset(
    {
        ("syndicate.model.articles", "ParsedSource"),
        ("syndicate.model.articles", "Entry"),
        ("syndicate.model.articles", "Enclosure"),
        ("syndicate.model.articles", "Image"),
        ("syndicate.model.articles", "FeedLink"),
        ("syndicate.model.articles", "SitemapPart"),
        ("datetime", "datetime"),
        ("datetime", "timezone"),
        ("datetime", "timedelta"),
    }
)


class ParserPool:
    """A few worker processes that parse feeds, sitemaps and pages, shared by many threads.

    ``time_limit`` is in seconds of wall time for one document, ``memory_limit`` in bytes of address
    space for one worker. Workers start when they are first needed.
    """

    def __init__(self, workers: int = 2, *, time_limit: float = 20.0, memory_limit: int = 1 << 30) -> None:
        self._time_limit = time_limit
        self._workers = WorkerPool(
            "syndicate.ingest.worker.parser_process",
            workers,
            time_limit=time_limit,
            memory_limit=memory_limit,
            max_answer=MAX_ANSWER,
            classes=ANSWER_CLASSES,
        )

    def parse(self, request: ParseRequest) -> ParsedSource:
        """Parse one document in a worker; waits for a free worker.

        May be called from many threads at once. Raises ``ParseError`` as the parser does, and ``ParserDied``
        when the worker crashed, took too long or ran out of memory, or when the pool is closed.
        """
        try:
            (parsed,) = self.parse_each([request])
        except ParserDied as error:
            raise type(error)(f"{request.url}: {error}") from error
        if isinstance(parsed, ParseError):
            raise parsed
        return parsed

    def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
        """Several documents on one way to a worker and back, which costs as much as reading a short one.

        The error stands in the place of a document that was
        refused. Raises ``ParserDied`` when the worker did not survive all of them, in the time for one.
        """
        try:
            answers = self._workers.exchange(requests, self._time_limit)
        except WorkerClosed as error:
            raise ParserClosed(f"the parser {error}") from error
        except WorkerDied as error:
            raise ParserDied(f"the parser {error}") from error
        found = [_parsed(kind, value) for kind, value in answers]
        if len(found) != len(requests):
            raise ParserDied(f"the parser gave {len(found)} answers to {len(requests)} questions")
        return found

    def close(self) -> None:
        """Kill every worker, busy or not, and refuse further work."""
        self._workers.close()

    def __enter__(self) -> "ParserPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parsed(kind: str, value: Any) -> ParsedSource | ParseError:
    if kind == "parsed" and isinstance(value, ParsedSource):
        return value
    if kind == "refused":
        return ParseError(str(value))
    if kind == "memory":
        raise ParserDied("the parser ran out of memory")
    raise ParserDied(f"the parser failed: {value}")
