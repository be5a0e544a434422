"""Waiting for a database server that is being restarted, where giving up would leave something in doubt."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from syndicate.errors import StoreGone
from syndicate.store.core.engine import Store

T = TypeVar("T")

_PAUSE = 0.2


@dataclass(slots=True, kw_only=True)
class RetryingStore:
    """Transactions that are tried again while the server is gone: ``seconds`` for all of them together.

    What they do must be right if it is done twice: the server may have gone after it had committed, before it
    could say so. ``stopping`` ends the waiting.
    """

    store: Store
    seconds: float = 60.0
    stopping: Callable[[], bool] = lambda: False
    _waited: float = field(default=0.0, init=False)

    @property
    def has_retried(self) -> bool:
        """True when a transaction has ever failed, so that what it did may have been done all the same."""
        return self._waited > 0

    def read(self, work: Callable[[Connection], T]) -> T:
        """As ``Store.read``; ``StoreGone`` when the server does not come back in time."""
        while True:
            try:
                with self.store.read() as connection:
                    return work(connection)
            except StoreGone:
                self._wait()

    def write(self, work: Callable[[Connection], T]) -> T:
        """As ``Store.write``; ``StoreGone`` when the server does not come back in time."""
        while True:
            try:
                with self.store.write() as connection:
                    return work(connection)
            except StoreGone:
                self._wait()

    def _wait(self) -> None:
        """Let some time pass, or raise what is being handled."""
        if self._waited >= self.seconds or self.stopping():
            raise  # noqa: PLE0704 - it is called where an error is handled
        self._waited += _PAUSE
        time.sleep(_PAUSE)
