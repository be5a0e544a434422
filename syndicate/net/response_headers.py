"""Header fields of responses (RFC 9110, RFC 9111). All functions are pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Seconds. A longer Retry-After is most likely a mistake.
MAX_RETRY_AFTER = 7 * 24 * 3600.0
MAX_AGE_LIMIT = 365 * 24 * 3600.0


def sendable(validator: str) -> str:
    """Return a stored validator (latin-1 text) if it is a valid header value, else ``""``.

    Control characters would inject a header. Without a validator the request is unconditional.
    """
    return "" if any(c < " " or c == "\x7f" or c > "\xff" for c in validator) else validator


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds to wait (RFC 9110 section 10.2.3), at most a week; ``None`` if invalid or past."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), MAX_RETRY_AFTER)
    date = _http_date(text)
    if date is None or date <= now:
        return None
    return min((date - now).total_seconds(), MAX_RETRY_AFTER)


def max_age(cache_control: str, expires: str, now: datetime) -> float | None:
    """Return the seconds for which a response is fresh, or ``None`` without a valid field."""
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        seconds = value.strip('" ')
        if name == "max-age" and seconds.isascii() and seconds.isdecimal():
            return min(float(seconds[:12]), MAX_AGE_LIMIT)
    date = _http_date(expires) if expires else None
    if date is None:
        return None
    return min(max((date - now).total_seconds(), 0.0), MAX_AGE_LIMIT)


def media_type(content_type: str) -> tuple[str, str]:
    """Return type and charset in lower case ASCII, each ``""`` when absent (RFC 9110 section 8.3)."""
    kind, *parameters = content_type.encode("ascii", "ignore").decode().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return kind.strip().lower(), value.strip(" \t\"'").lower()
    return kind.strip().lower(), ""


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
