"""Column types that both engines store alike: times as integers, structures as JSON text."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """Return an aware ``datetime`` as whole microseconds since 1970 in UTC."""
    return (at - EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the ``datetime`` in UTC that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=value)


def to_json(value: object) -> str:
    """Return compact JSON with sorted keys: equal values give equal bytes."""
    # Most lists of articles are empty.
    return "[]" if value == [] else _ENCODER.encode(value)


class UtcTime(TypeDecorator[datetime]):
    """Column of aware ``datetime`` values, stored and ordered as integers."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return microseconds; a naive ``datetime`` is a bug and raises ``TypeError``."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the same aware ``datetime``."""
        return None if value is None else from_microseconds(value)


class Json(TypeDecorator[Any]):
    """Column of a list or dictionary as compact JSON text with sorted keys; ``None`` is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the value as JSON text."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Parse the JSON text."""
        return [] if value == "[]" else None if value is None else json.loads(value)
