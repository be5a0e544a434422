"""Pause of sending while a mail server accepts nothing; ``server`` is its name, as in ``Brand.sender``."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.store_values import delete_value, read_value, write_value

_PAUSE = "sending paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPause:
    """Pause of sending: its end and its reason.

    ``refusals`` is the number of rejections in a row without an accepted mail; 0 when the server was
    unreachable.
    """

    until: datetime
    reason: str
    refusals: int


def pause_sending(connection: Connection, pause: SendingPause, server: str = "") -> None:
    """Pause sending over a server."""
    value = json.dumps([to_microseconds(pause.until), pause.reason, pause.refusals])
    write_value(connection, _key(server), value)


def resume_sending(connection: Connection, server: str = "") -> None:
    """End a pause, and reset the number of rejections."""
    delete_value(connection, _key(server))


def latest_pause(connection: Connection, server: str = "") -> SendingPause | None:
    """Return the current pause, or the last since the server accepted a mail."""
    value = read_value(connection, _key(server))
    if value is None:
        return None
    # Older versions stored no count.
    until, reason, *refusals = json.loads(value)
    return SendingPause(until=from_microseconds(until), reason=reason, refusals=sum(refusals))


def sending_pause(connection: Connection, now: datetime, server: str = "") -> SendingPause | None:
    """Return the current pause; ``None`` when mail may be sent."""
    pause = latest_pause(connection, server)
    return pause if pause is not None and pause.until > now else None


def _key(server: str) -> str:
    return f"{_PAUSE} {server}".rstrip()
