"""Answers of the worker processes in which untrusted documents are parsed (``isolation``)."""

import gc
from typing import Final

from syndicate.errors import ParseError
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.workers.process import Answer

UNCOLLECTED: Final = 8 << 20
"""Bytes of documents between two collections of cycles: a broken document leaves itself several
times over, in so few objects that nothing else would make the interpreter collect."""

_read = {"bytes": 0}


def answer(request: ParseRequest) -> Answer:
    """Return what the reader finds in one document, as ``parsed``, or why it is ``refused``."""
    if _read["bytes"] > UNCOLLECTED:
        gc.collect()
        _read["bytes"] = 0
    _read["bytes"] += len(request.body)
    try:
        return "parsed", request.parse()
    except ParseError as error:
        return "refused", str(error)
