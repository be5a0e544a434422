"""Retries of transactions while a database server restarts."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from syndicate.errors import StoreGone
from syndicate.store.core.engine import Store

T = TypeVar("T")

_PAUSE = 0.2


@dataclass(slots=True, kw_only=True)
class RetryingStore:
    """Store whose transactions are retried while the server is gone, ``seconds`` in all.

    The work must be idempotent: the server may have committed it before the connection broke.
    ``should_stop`` ends the waiting.
    """

    store: Store
    seconds: float = 60.0
    should_stop: Callable[[], bool] = lambda: False
    _waited: float = field(default=0.0, init=False)

    @property
    def has_retried(self) -> bool:
        """True when a transaction failed once, so that its work may have been committed before."""
        return self._waited > 0

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a read transaction; raise ``StoreGone`` when the server stays away."""
        return self._retry(self.store.read, work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction; raise ``StoreGone`` when the server stays away."""
        return self._retry(self.store.write, work)

    def _retry(
        self, begin: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]
    ) -> T:
        while True:
            try:
                with begin() as connection:
                    return work(connection)
            except StoreGone:
                if self._waited >= self.seconds or self.should_stop():
                    raise
                self._waited += _PAUSE
                time.sleep(_PAUSE)
