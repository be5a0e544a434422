"""Answers on their way from the network to the threads that read them.

A reader takes all waiting answers, up to a limit: one at a time when they trickle in, many when they come
faster than they are taken. ``take()`` never waits to fill a batch.
"""

from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")

TOGETHER = 16
TOGETHER_BYTES = 1_000_000
"""No answer joins others that are more than this."""
FULL = 2 * TOGETHER
FULL_BYTES = 8 * TOGETHER_BYTES


class Inbox(Generic[T]):
    """A queue for several threads; ``size`` tells how many bytes an answer holds, ``work`` how many count.

    Those that count say how many answers may be together, those that are held how many may wait.
    """

    def __init__(self, size: Callable[[T], int], work: Callable[[T], int] | None = None) -> None:
        self._size = size
        self._work = work or size
        self._waiting: deque[T] = deque()
        self._bytes = 0
        self._changed = Condition()

    def put(self, answer: T) -> None:
        """Add an answer; waits while the inbox is full."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < FULL and self._bytes < FULL_BYTES)
            self._waiting.append(answer)
            self._bytes += self._size(answer)

    def take(self) -> list[T]:
        """Some of the answers that wait, in the order in which they came; none when there are none."""
        taken: list[T] = []
        work = 0
        with self._changed:
            while self._waiting and len(taken) < TOGETHER and work <= TOGETHER_BYTES:
                taken.append(self._waiting.popleft())
                work += self._work(taken[-1])
                self._bytes -= self._size(taken[-1])
            self._changed.notify()
        return taken
