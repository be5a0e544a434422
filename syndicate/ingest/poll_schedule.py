"""Schedule a source's next poll: few requests to healthy servers, exponential backoff for failing servers.

Pure: the state after the last poll, the outcome of this poll and ``now`` give the next state. Implements
rules F3, F4, F6–F9, F13 and F17 of polite fetching (RFC 9110 and 9111; the field reports of Rachel Kroll's
feed reader score). The source's name seeds the jitter: equal input gives an equal schedule, and a hundred
sources added at once spread out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from syndicate.errors import PAUSE, FetchError, SyndicateError
from syndicate.model import ParsedSource, Source, SourceState
from syndicate.text.urls import same_site

JITTER = 0.1
"""Largest share of the interval added to it. Jitter is never subtracted, so that no poll comes early."""
REDIRECTS_TO_CONFIRM = 3
"""Number of polls in a row that must follow a permanent redirect before it is trusted (F8)."""
DAY = 86_400.0
"""Seconds between polls of a source with a working hub (F17), or without ETag and Last-Modified (F4)."""
MAX_REQUESTED_INTERVAL = 7 * DAY
"""Seconds. A server or feed that requests more than a week is most likely wrong."""
POLL_SHARE = 0.1
"""Polling interval as a share of the source's average publishing interval."""
MAX_PUBLICATIONS = 10
"""Number of recent publications used to estimate the publishing rate: steady, yet quick to adapt."""
FOLDER_INTERVAL = 60.0
"""Seconds between two reads of a folder, which is on the local disk."""
HUB_GRACE = timedelta(minutes=15)
"""Delay of a working hub: a poll right after publication may see an article first."""
MAX_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingOptions:
    """Polling intervals in seconds.

    ``min_interval`` is the shortest time between two polls of a source and the first step of the backoff.
    With 0 (demo, tests) every run polls, and only Retry-After delays a poll. ``max_interval`` bounds the
    adaptive interval, the backoff and ``DAY``; only servers and feeds can request more.
    ``min_interval_reason`` names the shortest interval in ``status``. ``interval`` is a source's own interval
    and replaces the adaptive interval.
    """

    min_interval: float = 3600.0
    max_interval: float = 86_400.0
    min_interval_reason: str = "the minimum interval ([http] min_interval)"
    interval: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """Result of a poll.

    ``error`` is ``""`` for a success: a body, a 304, or a 200 with unchanged bytes. ``etag`` and
    ``last_modified`` are the validators to store: those of this response, and after a 304 the stored
    validators that the response omits (F3). ``not_modified`` is a 304. ``read`` is false without a new body:
    then the feed's earlier requests stay in force. ``max_age`` (Cache-Control, Expires) and ``min_interval``
    (ttl) are in seconds; ``skip_hours`` and ``skip_days`` are bits as in ``SourceState``. ``published`` holds
    the latest publication dates if this poll read any. ``permanent_url`` is the target of a chain of only
    permanent redirects.
    """

    source_name: str
    error: str = ""
    gone: bool = False
    retry_after: float | None = None
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    not_modified: bool = False
    read: bool = True
    max_age: float | None = None
    min_interval: float | None = None
    skip_hours: int = 0
    skip_days: int = 0
    published: tuple[datetime, ...] = ()
    permanent_url: str = ""


def options_for(source: Source, options: PollingOptions) -> PollingOptions:
    """Return the intervals of a source."""
    if source.kind.is_local and source.interval is None:
        interval = min(options.min_interval, FOLDER_INTERVAL)
        return PollingOptions(
            min_interval=interval, max_interval=interval, min_interval_reason="folders are read every minute"
        )
    if source.interval is None:
        return options
    return replace(
        options,
        interval=source.interval,
        min_interval=min(options.min_interval, source.interval),
        max_interval=max(options.max_interval, source.interval),
    )


def failed(source_name: str, error: SyndicateError) -> PollOutcome:
    """Return the outcome of a poll that failed with an error of fetching or parsing."""
    return PollOutcome(
        source_name=source_name,
        error=str(error)[:MAX_ERROR_CHARACTERS] or type(error).__name__,
        gone=isinstance(error, FetchError) and error.gone,
        retry_after=error.retry_after if isinstance(error, FetchError) else None,
    )


def with_feed_hints(
    outcome: PollOutcome, parsed: ParsedSource, published: tuple[datetime, ...] = ()
) -> PollOutcome:
    """Add the feed's own requests to the outcome: ``ttl``, ``skipHours`` and ``skipDays``.

    ``published`` holds the latest publication dates if the poll read any.
    """
    hints = {name: getattr(parsed, name) for name in ("min_interval", "skip_hours", "skip_days")}
    return replace(outcome, published=published, **hints)


def after_poll(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    """Return the source's state after a poll at ``now``."""
    next_state = _after_failure if outcome.error else _after_success
    return next_state(state, outcome, now, options)


def paused_until(state: SourceState, until: datetime) -> SourceState:
    """Return the state of an unpolled source whose server sent Retry-After to another source's request.

    The source itself did not fail: only its next check moves to ``until`` if it is earlier.
    """
    state = replace(state, not_before=until)
    if state.next_check is not None and state.next_check > until:
        return state
    return replace(state, next_check=until, check_reason=PAUSE)


def confirmed_url(state: SourceState) -> str:
    """Return the confirmed target of a permanent redirect, ``""`` without a confirmed redirect."""
    return state.permanent_url if state.permanent_seen >= REDIRECTS_TO_CONFIRM else state.moved_to


def replacement_url(source_url: str, state: SourceState) -> str:
    """Return the new URL that replaces the source's URL without the operator's consent, or ``""``.

    The new URL must be on the same site: a feed on another domain may have been sold or lost, so the operator
    sees the new URL and decides.
    """
    url = confirmed_url(state)
    return url if url and url != state.moved_to and same_site(source_url, url) else ""


def polled_url(source_url: str, state: SourceState) -> str:
    """Return the URL to request: the configured URL, or the URL that replaced it."""
    return state.moved_to or source_url


def with_new_address(source_url: str, state: SourceState, url: str) -> SourceState:
    """Return the state that polls ``url`` from now on; the configured URL does not change."""
    return replace(state, moved_to="" if url == source_url else url, permanent_url="", permanent_seen=0)


def with_hub_lease(
    state: SourceState, source_name: str, until: datetime | None, now: datetime, options: PollingOptions
) -> SourceState:
    """Return the state with a hub's lease that ends at ``until``; ``None`` for a hub that stopped pushing.

    The validators do not change: a push is not the response to a poll (W12).
    """
    state = replace(state, websub_lease_until=until)
    if state.gone or state.failures or state.last_attempt is None:
        return state
    due_at, reason = _next_poll(state, source_name, state.last_attempt, options)
    return replace(state, next_check=max(due_at, now), check_reason=reason)


def status_message(warning: str, read_from: str) -> str:
    """Return the warning of the source's last document, and a note if another site serves the source."""
    moved = f"It is read from another site, {read_from}: its address leads there." if read_from else ""
    return " ".join(filter(None, (warning, moved)))


def publish_rate_of(
    published: Iterable[datetime], now: datetime, min_interval: float
) -> tuple[int, datetime | None]:
    """Return the number of recent publications, and the time of the earliest of them.

    Articles less than ``min_interval`` seconds apart count as one publication, since one poll reads them all:
    ten articles at eight o'clock every morning are one publication a day. At most ``MAX_PUBLICATIONS`` count.
    """
    publications, since = 0, None
    for at in sorted((at for at in published if at <= now), reverse=True):
        if since is None or (since - at).total_seconds() >= max(min_interval, 1.0):
            publications, since = publications + 1, at
        if publications == MAX_PUBLICATIONS:
            break
    return publications, since


def adaptive_interval(
    publications: int, since: datetime | None, now: datetime, options: PollingOptions
) -> float:
    """Return the seconds between polls for a source's publishing rate.

    If articles appear independently at a steady rate, n publications since ``since`` give the estimate
    n / (now - since). The silence up to ``now`` counts, so that a source which stops publishing is polled
    less and less. The interval is a tenth (``POLL_SHARE``) of the average publishing interval, the share at
    which RFC 9111 (section 4.2.2) lets caches guess freshness. On average an article waits a twentieth of the
    publishing interval, and a server answers ten cheap 304s for each article. A source without known
    publications is polled at ``min_interval``. ``min_interval`` and ``max_interval`` bound the result;
    requests of servers and feeds can only lengthen it afterwards.
    """
    if not publications or since is None:
        return options.min_interval
    average = max((now - since).total_seconds(), 0.0) / publications
    return max(options.min_interval, min(average * POLL_SHARE, options.max_interval))


def _after_success(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    seen = state.permanent_seen + 1 if outcome.permanent_url == state.permanent_url else 1
    requested = outcome if outcome.read else None
    publish_rate = (state.publications, state.counted_since)
    if outcome.published:
        publish_rate = publish_rate_of(outcome.published, now, options.min_interval)
    kept_max_age = state.max_age if outcome.not_modified else None
    lease_until = state.websub_lease_until
    after = SourceState(
        etag=outcome.etag,
        last_modified=outcome.last_modified,
        body_hash=outcome.body_hash or state.body_hash,
        feed_skeleton_hash=state.feed_skeleton_hash,
        last_attempt=now,
        last_success=now,
        permanent_url=outcome.permanent_url,
        permanent_seen=seen if outcome.permanent_url else 0,
        moved_to=state.moved_to,
        warning=state.warning,
        read_from=state.read_from,
        max_age=outcome.max_age if outcome.max_age is not None else kept_max_age,
        requested_interval=requested.min_interval if requested else state.requested_interval,
        skip_hours=requested.skip_hours if requested else state.skip_hours,
        skip_days=requested.skip_days if requested else state.skip_days,
        publications=publish_rate[0],
        counted_since=publish_rate[1],
        websub_lease_until=lease_until if lease_until and lease_until > now else None,
    )
    due_at, reason = _next_poll(after, outcome.source_name, now, options)
    return replace(after, next_check=due_at, check_reason=reason)


def _next_poll(
    state: SourceState, source_name: str, since: datetime, options: PollingOptions
) -> tuple[datetime, str]:
    """Return the next poll of a healthy source last polled at ``since``, and the reason for that time."""
    if options.min_interval <= 0:
        return since, "[http] min_interval is 0"
    seconds, reason = max(_waits(state, since, options), key=lambda wait: wait[0])
    due_at = since + _jittered(seconds, source_name)
    allowed = _after_skipped_times(due_at, state, source_name)
    return allowed, reason if allowed == due_at else "the feed excludes earlier times (skipHours, skipDays)"


def _waits(state: SourceState, since: datetime, options: PollingOptions) -> list[tuple[float, str]]:
    """Return all waits in seconds with their reasons; the longest wins, and the first of equal waits."""
    if options.interval is not None:
        return [(options.interval, "its own interval ([[sources]] interval)"), *_requested_waits(state)]
    adaptive = adaptive_interval(state.publications, state.counted_since, since, options)
    waits = [(adaptive, f"it publishes about every {_duration(adaptive / POLL_SHARE)}")]
    if adaptive <= options.min_interval:
        waits = [(adaptive, options.min_interval_reason)]
    elif adaptive >= options.max_interval:
        waits = [(adaptive, "it publishes rarely: the longest interval ([http] max_interval)")]
    if not (state.etag or state.last_modified):
        waits.append((min(DAY, options.max_interval), "its server sends neither ETag nor Last-Modified"))
    waits += _requested_waits(state)
    if state.websub_lease_until and state.websub_lease_until > since:
        lease = (state.websub_lease_until - since).total_seconds()
        pushed = min(DAY, options.max_interval, lease)
        waits.append((pushed, "its hub pushes new articles (WebSub)"))
    return waits


def _requested_waits(state: SourceState) -> list[tuple[float, str]]:
    waits: list[tuple[float, str]] = []
    for seconds, reason in (
        (state.max_age, "its server calls the response fresh for {} (Cache-Control, Expires)"),
        (state.requested_interval, "the feed requests an interval of {} (ttl, updatePeriod)"),
    ):
        if seconds:
            waits.append((min(seconds, MAX_REQUESTED_INTERVAL), reason.format(_duration(seconds))))
    return waits


def _after_failure(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    failures = state.failures + 1
    if state.moved_to and (outcome.gone or failures >= REDIRECTS_TO_CONFIRM):
        # Poll the configured URL again: the redirect may have another target by now.
        state = replace(state, moved_to="", etag="", last_modified="", body_hash="")
        outcome = replace(outcome, gone=False)
    backoff = min(options.min_interval * 2.0 ** min(failures - 1, 30), options.max_interval)
    retry_after = min(max(outcome.retry_after or 0.0, 0.0), MAX_REQUESTED_INTERVAL)
    wait = _jittered(max(backoff, retry_after), outcome.source_name)
    reason = f"it failed {failures} time{'s' if failures > 1 else ''} in a row"
    if outcome.gone:
        reason = "it is gone for good (410)"
    elif retry_after > backoff:
        reason = f"its server requested a pause of {_duration(retry_after)} (Retry-After)"
    return replace(
        state,
        last_attempt=now,
        next_check=None if outcome.gone else now + wait,
        check_reason=reason,
        not_before=now + timedelta(seconds=retry_after) if retry_after else None,
        failures=failures,
        error=outcome.error,
        gone=outcome.gone,
        permanent_url="",
        permanent_seen=0,
    )


def _after_skipped_times(due_at: datetime, state: SourceState, source_name: str) -> datetime:
    """Return the first time from ``due_at`` on that the feed allows; a feed that allows none is ignored.

    Sources delayed to the same hour are spread over its first half.
    """
    if state.skip_hours >= 2**24 - 1 or state.skip_days >= 2**7 - 1:
        return due_at
    at = due_at
    while state.skip_hours >> at.hour & 1 or state.skip_days >> at.weekday() & 1:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at if at == due_at else at + timedelta(minutes=30) * _spread(source_name)


def _jittered(seconds: float, name: str) -> timedelta:
    return timedelta(seconds=seconds * (1 + JITTER * _spread(name)))


def _spread(name: str) -> float:
    """Hash a name to a number from 0 to 1."""
    return int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=4).digest()) / 2**32


def _duration(seconds: float) -> str:
    """Write a duration in its largest unit: ``36 min``, ``2.4 h``, ``7 d``."""
    for unit, length in (("d", 86_400.0), ("h", 3600.0)):
        if seconds >= length:
            return f"{seconds / length:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 60:.0f} min"
