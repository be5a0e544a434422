"""Worker process: answers requests of its parent within limits on memory and processor time.

Started by ``syndicate.workers``. The process ends when its parent closes the socket. If the parent is killed
during a request, the process ends after at most ``time_limit`` seconds of processor time.
"""

import contextlib
import gc
import os
import pickle
import socket
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from syndicate.operating_system import limit_memory, limit_processor_time

Answer = tuple[str, Any]
"""Kind of an answer, and its value.

After ``timeout`` and ``memory`` the worker skips the remaining requests; after ``memory`` it ends.
"""

PROTOCOL = 5
BUFFER = 1 << 17
"""Bytes per read from a socket."""


class _Outgoing:
    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def send(connection: socket.socket, message: object) -> None:
    """Pickle a message into a socket in pieces, so that a large message is in memory once."""
    pickle.Pickler(_Outgoing(connection), PROTOCOL).dump(message)


def serve(
    connection: socket.socket, answer: Callable[[Any], Answer], *, time_limit: float, memory_limit: int
) -> None:
    """Answer lists of requests until the other end closes. Limits are in seconds and bytes."""
    limit_memory(memory_limit)
    gc.freeze()
    gc.set_threshold(50_000)
    send(connection, [("ready", None)])
    incoming = connection.makefile("rb", buffering=BUFFER)
    # ConnectionError and UnpicklingError: the parent died in the middle of a message.
    with incoming, contextlib.suppress(EOFError, ConnectionError, pickle.UnpicklingError):
        while True:
            answers: list[Answer] = []
            for request in pickle.load(incoming):  # noqa: S301 - written by the parent
                limit_processor_time(time_limit)
                answers.append(_answered(answer, request))
                if answers[-1][0] in ("memory", "timeout"):
                    break
            send(connection, answers)
            if answers and answers[-1][0] == "memory":
                return


def _answered(answer: Callable[[Any], Answer], request: Any) -> Answer:
    try:
        return answer(request)
    except MemoryError:
        return "memory", ""
    except Exception as error:  # noqa: BLE001 - the parent decides; the worker goes on
        return "failed", f"{type(error).__name__}: {error}"


def main(module: str, descriptor: int, time_limit: float, memory_limit: int) -> None:
    """Serve ``answer`` of a module on an inherited socket; discard the output of libraries."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    # A forked process on the same socket would mix up the answers.
    os.register_at_fork(after_in_child=partial(os._exit, 1))
    answer = import_module(module).answer
    with socket.socket(fileno=descriptor) as connection:
        serve(connection, answer, time_limit=time_limit, memory_limit=memory_limit)
