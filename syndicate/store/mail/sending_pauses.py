"""Pause of all sending while the mail server accepts nothing from this sender."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.store_values import delete_value, read_value, write_value

_PAUSE = "sending paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPause:
    """Pause of all sending: its end and its reason.

    ``refusals`` is the number of rejections in a row without an accepted mail; 0 when the server was
    unreachable.
    """

    until: datetime
    reason: str
    refusals: int


def pause_sending(connection: Connection, pause: SendingPause) -> None:
    """Pause all sending."""
    value = json.dumps([to_microseconds(pause.until), pause.reason, pause.refusals])
    write_value(connection, _PAUSE, value)


def resume_sending(connection: Connection) -> None:
    """End a pause, and reset the number of rejections."""
    delete_value(connection, _PAUSE)


def latest_pause(connection: Connection) -> SendingPause | None:
    """Return the current pause, or the last since the server accepted a mail."""
    value = read_value(connection, _PAUSE)
    if value is None:
        return None
    # Older versions stored no count.
    until, reason, *refusals = json.loads(value)
    return SendingPause(until=from_microseconds(until), reason=reason, refusals=sum(refusals))


def sending_pause(connection: Connection, now: datetime) -> SendingPause | None:
    """Return the current pause; ``None`` when mail may be sent."""
    pause = latest_pause(connection)
    return pause if pause is not None and pause.until > now else None
