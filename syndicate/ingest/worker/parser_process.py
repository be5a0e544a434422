"""Answers of the worker processes in which untrusted documents are parsed (``isolation``)."""

import gc
from typing import Any, Final

from syndicate.errors import ParseError
from syndicate.ingest.worker.parsers import reader_of
from syndicate.workers.process import Answer

UNCOLLECTED: Final = 8 << 20
"""Bytes of documents between two collections of cycles: a broken document leaves itself several
times over, in so few objects that nothing else would make the interpreter collect."""

_read = {"bytes": 0}


def answer(request: dict[str, Any]) -> Answer:
    """Return what the reader finds in one document, as ``parsed``, or why it is ``refused``."""
    if _read["bytes"] > UNCOLLECTED:
        gc.collect()
        _read["bytes"] = 0
    _read["bytes"] += len(request["body"])
    try:
        return "parsed", reader_of(request.pop("kind"))(**request)
    except ParseError as error:
        return "refused", str(error)
