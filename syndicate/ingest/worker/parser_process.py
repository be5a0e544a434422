"""Request handler of the worker processes in ``parser_pool``."""

import gc
from typing import Final

from syndicate.errors import ParseError
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.workers.process import Answer

MAX_UNCOLLECTED_BYTES: Final = 8 << 20
"""Bytes parsed between two garbage collections. A broken document leaves cycles with several copies of
itself, in too few objects to trigger a collection."""

_parsed_since_collection = {"bytes": 0}


def answer(request: ParseRequest) -> Answer:
    """Parse a document; the result is ``parsed`` with a value, or ``refused`` with a reason."""
    if _parsed_since_collection["bytes"] > MAX_UNCOLLECTED_BYTES:
        gc.collect()
        _parsed_since_collection["bytes"] = 0
    _parsed_since_collection["bytes"] += len(request.body)
    try:
        return "parsed", request.parse()
    except ParseError as error:
        return "refused", str(error)
