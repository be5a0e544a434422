"""Header fields of answers (RFC 9110, RFC 9111). All functions are pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# No server can silence a source for longer than a week.
LONGEST_RETRY_AFTER = 7 * 24 * 3600.0
LONGEST_MAX_AGE = 365 * 24 * 3600.0


def sendable(validator: str) -> str:
    """A stored validator (latin-1 text) if it can be sent back, else ``""``.

    Control characters would make a header of their own. Without a validator we ask unconditionally,
    which is always right.
    """
    if any(c < " " or c == "\x7f" or c > "\xff" for c in validator):
        return ""
    return validator


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait (RFC 9110 section 10.2.3), capped at a week; ``None`` for nonsense or the past."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), LONGEST_RETRY_AFTER)
    moment = _http_date(text)
    if moment is None or moment <= now:
        return None
    return min((moment - now).total_seconds(), LONGEST_RETRY_AFTER)


def max_age(cache_control: str, expires: str, now: datetime) -> float | None:
    """Return how long the answer stays fresh, in seconds; ``None`` when the server does not say."""
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        seconds = value.strip('" ')
        if name == "max-age" and seconds.isascii() and seconds.isdecimal():
            return min(float(seconds[:12]), LONGEST_MAX_AGE)
    moment = _http_date(expires) if expires else None
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_MAX_AGE)


def media_type(content_type: str) -> tuple[str, str]:
    """``(type, charset)`` in lower case ASCII, each ``""`` when absent (RFC 9110 section 8.3)."""
    kind, *parameters = content_type.encode("ascii", "ignore").decode().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return kind.strip().lower(), value.strip(" \t\"'").lower()
    return kind.strip().lower(), ""


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
