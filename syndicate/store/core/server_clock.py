"""Time of the database server, which the leases and heartbeats of several machines share.

Workers take ``now`` of all their work from the server: ``queue.presence.Presence.now``. The daemon, commands
and the web server take ``now`` from their machine's clock. They lease only while ``require_right_clock``
accepts that clock, so the two times differ by less than ``MAX_CLOCK_ERROR``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from syndicate.errors import StoreError

MAX_CLOCK_ERROR = timedelta(seconds=15)
"""Well under the time that a renewed lease has left, so that no clock ends another machine's lease early."""


class WrongClock(StoreError):
    """Clock of this machine that differs from the database server's."""


def database_time(connection: Connection) -> datetime:
    """Return the time of the database server; SQLite's is the time of this machine."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    at: datetime = connection.scalars(select(func.clock_timestamp())).one()
    return at.astimezone(UTC)


def require_right_clock(
    connection: Connection, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Raise ``WrongClock`` when the clock differs from a PostgreSQL server's; SQLite has only one clock."""
    if connection.dialect.name != "postgresql":
        return
    before = clock()
    server = database_time(connection)
    # A slow answer is no error of the clock: the server read its own between the two readings.
    error = max(before - server, timedelta()) + min(clock() - server, timedelta())
    if abs(error) > MAX_CLOCK_ERROR:
        seconds, side = abs(error).total_seconds(), "ahead of" if error > timedelta() else "behind"
        raise WrongClock(
            f"this machine's clock is {seconds:.0f} seconds {side} the database server's, so nothing "
            "runs here: set both clocks by NTP"
        )
