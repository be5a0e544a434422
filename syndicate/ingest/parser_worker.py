"""The process in which strangers' bytes are parsed: documents, their answers, until the other end closes.

Started by ``isolation``; it holds nothing but this room, has limits on memory and processor time, and ends
with its parent: a closed socket is the end of work, and a parent killed in the middle of a
parse leaves at most ``time_limit`` seconds of processor time behind.
"""

import contextlib
import gc
import math
import os
import pickle
import resource
import socket
from typing import Any, Literal

from syndicate.errors import ParseError
from syndicate.ingest.readers import reader_of
from syndicate.model import ParsedSource

AnswerKind = Literal["ready", "parsed", "refused", "memory", "failed"]
Answer = tuple[AnswerKind, ParsedSource | str | None]
PROTOCOL = 5
BUFFER = 1 << 17
"""Bytes taken from a socket at once."""
UNCOLLECTED = 8 << 20
"""Bytes of documents, after which what readers leave in cycles is looked for: a broken document leaves itself
several times over, in so few objects that nothing else would make the interpreter look."""


class _Outgoing:
    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def send(connection: socket.socket, message: object) -> None:
    """Pickle a message into a socket: megabytes of articles need not first stand in one piece."""
    pickle.Pickler(_Outgoing(connection), PROTOCOL).dump(message)


def serve(connection: socket.socket, *, time_limit: float, memory_limit: int) -> None:
    """Answer requests until the other end closes. Limits are in seconds and bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()
    gc.set_threshold(50_000)
    send(connection, [("ready", None)])
    requests = connection.makefile("rb", buffering=BUFFER)
    # The last two: in the middle of a message.
    with requests, contextlib.suppress(EOFError, ConnectionError, pickle.UnpicklingError):
        uncollected = 0
        while True:
            answers: list[Answer] = []
            for request in pickle.load(requests):  # noqa: S301 - written by our own parent
                _limit_processor_time(time_limit)
                uncollected += len(request["body"])
                answers.append(_parsed(request))
                if answers[-1][0] == "memory":
                    send(connection, answers[-1:])
                    return
            send(connection, answers)
            if uncollected > UNCOLLECTED:
                gc.collect()
                uncollected = 0


def _parsed(request: dict[str, Any]) -> Answer:
    try:
        return "parsed", reader_of(request.pop("kind"))(**request)
    except ParseError as error:
        return "refused", str(error)
    except MemoryError:
        return "memory", ""
    except Exception as error:  # noqa: BLE001 - the parent decides; the process lives on
        return "failed", f"{type(error).__name__}: {error}"


def _limit_processor_time(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main(descriptor: int, time_limit: float, memory_limit: int) -> None:
    """Serve on an inherited socket; anything the libraries print goes nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    with socket.socket(fileno=descriptor) as connection:
        serve(connection, time_limit=time_limit, memory_limit=memory_limit)
