"""Column types that both engines store alike: moments as integers, structures as JSON text."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """An aware moment as whole microseconds since 1970 in UTC, exactly."""
    return (moment - EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The moment that many microseconds after 1970 in UTC, exactly."""
    return EPOCH + timedelta(microseconds=value)


def to_json(value: object) -> str:
    """Compact JSON with keys in a fixed order: equal values are equal bytes."""
    # Most lists of articles are empty.
    return "[]" if value == [] else _ENCODER.encode(value)


class UtcTime(TypeDecorator[datetime]):
    """An aware ``datetime``; ordering and equality are those of the integers in the table."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Store microseconds; a naive ``datetime`` is a bug and raises ``TypeError``."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read back the same aware moment."""
        return None if value is None else from_microseconds(value)


class Json(TypeDecorator[Any]):
    """A list or dictionary as compact JSON text, keys in a fixed order; ``None`` stays NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Store ``to_json``."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read the structure back."""
        return [] if value == "[]" else None if value is None else json.loads(value)
