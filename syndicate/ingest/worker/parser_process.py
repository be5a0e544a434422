"""Parsers of a worker process, which loads the parser of feeds before its first document."""

from syndicate.ingest.feed import feed_parser  # noqa: F401
from syndicate.ingest.worker.parsers import answer

__all__ = ["answer"]
