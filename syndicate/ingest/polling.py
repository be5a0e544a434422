"""When a source is read next: polite to servers that answer, patient with those that do not.

Pure: the state left by the last poll, the outcome of this one, and ``now`` give the next state.
Rules F3, F4 and F6–F9 of polite fetching (RFC 9110 and 9111; the field reports of Rachel Kroll's feed reader
score). Jitter comes from the source's name, so that the same input gives the same schedule and yet
a hundred sources added at once do not stay in step.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from syndicate.errors import FetchError, SyndicateError
from syndicate.model import SourceState

JITTER = 0.1
"""At most this share of the interval is added, never taken away: nobody is asked early."""
PERMANENT_PATIENCE = 3
"""A permanent redirect is believed after it worked this many times in a row (F8)."""
MAX_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingOptions:
    """Intervals in seconds.

    ``min_interval`` is the least time between two polls of a source, and the first step of the backoff;
    0 means "whenever asked" (demo, tests): then only Retry-After makes us wait. ``unvalidated_interval``
    is for servers that send neither ETag nor Last-Modified. ``max_interval`` bounds what feeds
    and servers may ask for, and the backoff.
    """

    min_interval: float = 3600.0
    unvalidated_interval: float = 86_400.0
    max_interval: float = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """What one poll of one source brought.

    ``error`` is ``""`` for a success: a body, a 304, or a 200 with the same bytes. ``etag`` and
    ``last_modified`` are the ones to store: those of this answer, or after a 304 the old ones that it does
    not mention (F3). ``body_hash`` is ``""`` after a 304. Times are in seconds: ``max_age`` as the server
    allows (Cache-Control, Expires), ``min_interval`` as the feed asks (ttl). ``permanent_url`` is
    where a chain of only permanent redirects led.
    """

    source_name: str
    error: str = ""
    gone: bool = False
    retry_after: float | None = None
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    max_age: float | None = None
    min_interval: float | None = None
    permanent_url: str = ""


def failed(source_name: str, error: SyndicateError) -> PollOutcome:
    """The outcome of a poll that ended in an error of fetching or parsing."""
    fetch = error if isinstance(error, FetchError) else None
    return PollOutcome(
        source_name=source_name,
        error=str(error)[:MAX_ERROR] or type(error).__name__,
        gone=fetch.gone if fetch else False,
        retry_after=fetch.retry_after if fetch else None,
    )


def after_poll(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    """The source's state after a poll at ``now``."""
    return (
        _after_failure(state, outcome, now, options)
        if outcome.error
        else _after_success(state, outcome, now, options)
    )


def believed_url(state: SourceState) -> str:
    """The address a source has moved to for good, or ``""`` while that is not certain."""
    return state.permanent_url if state.permanent_seen >= PERMANENT_PATIENCE else ""


def _after_success(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    seen = state.permanent_seen + 1 if outcome.permanent_url == state.permanent_url else 1
    return SourceState(
        etag=outcome.etag,
        last_modified=outcome.last_modified,
        body_hash=outcome.body_hash or state.body_hash,
        frame=state.frame,
        last_attempt=now,
        last_success=now,
        next_check=now + _interval(outcome, options, validated=bool(outcome.etag or outcome.last_modified)),
        permanent_url=outcome.permanent_url,
        permanent_seen=seen if outcome.permanent_url else 0,
    )


def _interval(outcome: PollOutcome, options: PollingOptions, *, validated: bool) -> timedelta:
    if options.min_interval <= 0:
        return timedelta(0)
    own = options.min_interval if validated else max(options.min_interval, options.unvalidated_interval)
    asked = max(outcome.max_age or 0.0, outcome.min_interval or 0.0)
    return _jittered(max(own, min(asked, options.max_interval)), outcome.source_name)


def _after_failure(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    failures = state.failures + 1
    backoff = min(options.min_interval * 2.0 ** min(failures - 1, 30), options.max_interval)
    wait = max(backoff, min(outcome.retry_after or 0.0, options.max_interval))
    return replace(
        state,
        last_attempt=now,
        next_check=None if outcome.gone else now + _jittered(wait, outcome.source_name),
        failures=failures,
        error=outcome.error,
        gone=outcome.gone,
        permanent_url="",
        permanent_seen=0,
    )


def _jittered(seconds: float, name: str) -> timedelta:
    share = int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=4).digest()) / 2**32
    return timedelta(seconds=seconds * (1 + JITTER * share))
