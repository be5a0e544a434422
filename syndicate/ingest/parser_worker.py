"""The process in which strangers' bytes are parsed: documents, their answers, until the other end closes.

Started by ``isolation``; it holds nothing but this room, has limits on memory and processor time, and ends
with its parent: a closed socket is the end of work, and a parent killed in the middle of a
parse leaves at most ``time_limit`` seconds of processor time behind.
"""

import contextlib
import errno
import gc
import math
import os
import pickle
import resource
import socket
import struct
from typing import Any, Literal

from syndicate.errors import ParseError
from syndicate.ingest.readers import reader_of
from syndicate.model import ParsedSource

AnswerKind = Literal["ready", "parsed", "refused", "memory", "failed"]
Answer = tuple[AnswerKind, ParsedSource | str | None]
LENGTH = struct.Struct(">Q")
PROTOCOL = 5


def receive(connection: socket.socket, most: int | None = None) -> bytes:
    """One message: eight bytes of length, then that many, at most ``most``.

    Raises ``EOFError`` when the other end closed, ``OSError`` for a longer message.
    """
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    if most is not None and length > most:
        raise OSError(errno.EMSGSIZE, f"a message of {length:,} bytes")
    return _exactly(connection, length)


def send(connection: socket.socket, message: bytes) -> None:
    """Send one message."""
    connection.sendall(LENGTH.pack(len(message)))
    connection.sendall(message)


def serve(connection: socket.socket, *, time_limit: float, memory_limit: int) -> None:
    """Answer requests until the other end closes. Limits are in seconds and bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()
    gc.set_threshold(50_000)
    _answer(connection, [("ready", None)])
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            answers: list[Answer] = []
            for request in pickle.loads(receive(connection)):  # noqa: S301 - written by our own parent
                _limit_processor_time(time_limit)
                answers.append(_parsed(request))
                if answers[-1][0] == "memory":
                    _answer(connection, answers[-1:])
                    return
            _answer(connection, answers)


def _parsed(request: dict[str, Any]) -> Answer:
    try:
        return "parsed", reader_of(request.pop("kind"))(**request)
    except ParseError as error:
        return "refused", str(error)
    except MemoryError:
        return "memory", ""
    except Exception as error:  # noqa: BLE001 - the parent decides; the process lives on
        return "failed", f"{type(error).__name__}: {error}"


def _answer(connection: socket.socket, answers: list[Answer]) -> None:
    send(connection, pickle.dumps(answers, PROTOCOL))


def _limit_processor_time(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray(count)
    view, at = memoryview(data), 0
    while at < count:
        received = connection.recv_into(view[at:])
        if not received:
            raise EOFError
        at += received
    return bytes(data)


def main(descriptor: int, time_limit: float, memory_limit: int) -> None:
    """Serve on an inherited socket; anything the libraries print goes nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    with socket.socket(fileno=descriptor) as connection:
        serve(connection, time_limit=time_limit, memory_limit=memory_limit)
