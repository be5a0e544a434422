"""Named leases that a thread renews while their holder works, and beats of other leases.

A holder that is killed, stopped or stuck stops renewing, and another process takes over within ``LEASE`` and
``STUCK``. A holder that wakes up later learns of it before it commits (``HeldLease.keep``).
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from syndicate.errors import StoreBusy, StoreError
from syndicate.store.core.engine import Store
from syndicate.store.core.server_clock import require_right_clock
from syndicate.store.leases import leases

LEASE = timedelta(seconds=60)
"""Duration of a lease after each renewal."""
BEATS = 3
"""Renewals in the time of a lease."""
STUCK = 30.0
"""Seconds without progress after which a lease is no longer renewed."""


class TakeLease(Protocol):
    """Function that takes a named lease, or returns false."""

    def __call__(
        self, connection: Connection, name: str, *, owner: str, now: datetime, until: datetime
    ) -> bool:
        """Take the lease ``name`` until ``until``."""


class LeaseTaken(StoreBusy):
    """Lease that ran out and that another process took: the former holder commits nothing."""


class HeldLease:
    """Lease in the hands of this process. Its clock starts at ``now`` and runs with the monotonic clock."""

    def __init__(
        self,
        store: Store,
        name: str,
        owner: str,
        now: datetime,
        duration: timedelta,
        take: TakeLease = leases.take_lease,
    ) -> None:
        self.is_lost = False
        self._store = store
        self._name = name
        # Two threads of a process exclude each other as well.
        self._owner = f"{owner}.{secrets.token_hex(3)}"
        self._now = now
        self._duration = duration
        self._take = take
        self._started = self._progress = self._renewed = time.monotonic()

    def take(self) -> bool:
        """Take the lease; false while another holder has it."""
        with self._store.write() as connection:
            require_right_clock(connection)
            until = self._now + self._duration
            return self._take(connection, self._name, owner=self._owner, now=self._now, until=until)

    def keep(self, connection: Connection) -> None:
        """Renew the lease in a transaction of the holder. Raises ``LeaseTaken``.

        No process takes the lease between this call and the commit, since its row stays locked. PostgreSQL
        ends the transaction of a process that is stopped inside it.
        """
        if connection.dialect.name == "postgresql":
            timeout = int(self._duration.total_seconds() * 1000)
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {timeout}")
        self._progress = time.monotonic()
        if not self._renew(connection):
            raise LeaseTaken(f"another process has taken the lease {self._name!r}")

    def renew(self) -> bool:
        """Renew the lease, unless the holder is stuck; false once it is lost."""
        if time.monotonic() - self._progress <= STUCK:
            with suppress(StoreError), self._store.write() as connection:
                require_right_clock(connection)
                self._renew(connection)
        return not self.is_lost

    def until_lost(self, should_stop: Callable[[], bool]) -> Callable[[], bool]:
        """Return a ``should_stop`` that is also true once the lease is lost; each call counts as progress."""
        return lambda: self._may_be_lost() or should_stop()

    def ensure_held(self) -> None:
        """Raise ``LeaseTaken`` if another process has taken the lease, or the store does not say."""
        if self._may_be_lost():
            raise LeaseTaken(f"another process has taken the lease {self._name!r}")

    def release(self) -> None:
        """Release the lease, unless another process has it. Without the store it runs out."""
        with suppress(StoreError), self._store.write() as connection:
            leases.release_lease(connection, self._name, owner=self._owner)

    def _may_be_lost(self) -> bool:
        self._progress = time.monotonic()
        if self._progress - self._renewed > self._duration.total_seconds():
            self.renew()
            # Without the store the lease may have been taken, too.
            return self.is_lost or time.monotonic() - self._renewed > self._duration.total_seconds()
        return self.is_lost

    def _renew(self, connection: Connection) -> bool:
        at = time.monotonic()
        until = self._now + timedelta(seconds=at - self._started) + self._duration
        if leases.renew_lease(connection, self._name, owner=self._owner, until=until):
            self._renewed = at
        else:
            self.is_lost = True
        return not self.is_lost


@contextmanager
def held_lease(
    store: Store,
    name: str,
    *,
    owner: str,
    now: datetime,
    duration: timedelta = LEASE,
    take: TakeLease = leases.take_lease,
) -> Iterator[HeldLease | None]:
    """Hold a lease for a block of code, which gets ``None`` while ``take`` finds another holder."""
    lease = HeldLease(store, name, owner, now, duration, take)
    if not lease.take():
        yield None
        return
    try:
        with beating(lease.renew, duration):
            yield lease
    finally:
        lease.release()


@contextmanager
def beating(beat: Callable[[], bool], duration: timedelta = LEASE) -> Iterator[None]:
    """Call ``beat`` in a thread ``BEATS`` times in ``duration`` until it returns false or the block ends."""
    end = threading.Event()

    def work() -> None:
        while not end.wait(duration.total_seconds() / BEATS) and beat():
            pass

    thread = threading.Thread(target=work, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(timeout=duration.total_seconds())
