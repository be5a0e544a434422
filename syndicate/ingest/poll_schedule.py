"""Time of a source's next poll: polite to servers that answer, patient with servers that fail.

Pure: the state left by the last poll, the outcome of this one, and ``now`` give the next state.
Rules F3, F4, F6–F9, F13 and F17 of polite fetching (RFC 9110 and 9111; the field reports of Rachel Kroll's
feed reader score). Jitter comes from the source's name, so that the same input gives the same schedule and
yet a hundred sources added at once do not stay in step.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from syndicate.errors import PAUSE, FetchError, SyndicateError
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.text.urls import same_site

JITTER = 0.1
"""At most this share of the interval is added, never taken away: nobody is asked early."""
PERMANENT_PATIENCE = 3
"""A permanent redirect is believed after it worked this many times in a row (F8)."""
MAX_REQUESTED_INTERVAL = 7 * 86_400.0
"""Seconds. A server or feed that asks for a longer pause than a week has most likely made a mistake."""
SHARE = 0.1
"""A source is asked after this share of its usual pause between publications."""
MOST_VISITS = 10
"""So many publications make a source's rhythm: enough to be steady, few enough to follow a change."""
FOLDER_INTERVAL = 60.0
"""Seconds between two looks at a folder: it is on this machine."""
HUB_GRACE = timedelta(minutes=15)
"""A hub may be so much slower than a poll that happens to come right after the publication."""
MAX_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingOptions:
    """Intervals in seconds.

    ``min_interval`` is the least time between two polls of a source, and the first step of the backoff;
    0 means "whenever asked" (demo, tests): then only Retry-After makes us wait. ``unvalidated_interval``
    is for servers that send neither ETag nor Last-Modified, ``pushed_interval`` for sources whose hub sends
    us what is new (F17). ``max_interval`` bounds all of these, the adaptive interval and the backoff; only
    servers and feeds can ask for more. ``least`` is what ``status`` calls the least time. ``interval`` is
    declared for one source, in place of the adaptive one.
    """

    min_interval: float = 3600.0
    unvalidated_interval: float = 86_400.0
    pushed_interval: float = 86_400.0
    max_interval: float = 86_400.0
    least: str = "the least interval ([http] min_interval)"
    interval: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """Result of one poll of one source.

    ``error`` is ``""`` for a success: a body, a 304, or a 200 with the same bytes. ``etag`` and
    ``last_modified`` are the ones to store: those of this answer, or after a 304 the old ones that it does
    not mention (F3). ``not_modified`` is a 304; ``read`` is false when there was no new body, and what
    the feed wished before still holds. Times are in seconds: ``max_age`` as the server allows (Cache-Control,
    Expires), ``min_interval`` as the feed asks (ttl); ``skip_hours`` and ``skip_days`` are bits as in
    ``SourceState``. ``published`` are the latest publications, when this poll brought any.
    ``permanent_url`` is where a chain of only permanent redirects led.
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
    """Return the intervals of one source."""
    if source.kind is SourceKind.FOLDER and source.interval is None:
        interval = min(options.min_interval, FOLDER_INTERVAL)
        return PollingOptions(
            min_interval=interval, max_interval=interval, least="folders are read every minute"
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
    """The outcome of a poll that ended in an error of fetching or parsing."""
    fetch = error if isinstance(error, FetchError) else None
    return PollOutcome(
        source_name=source_name,
        error=str(error)[:MAX_ERROR] or type(error).__name__,
        gone=fetch.gone if fetch else False,
        retry_after=fetch.retry_after if fetch else None,
    )


def with_feed_hints(
    outcome: PollOutcome, parsed: ParsedSource, published: tuple[datetime, ...] = ()
) -> PollOutcome:
    """The outcome with what the feed itself asks for: a pause (``ttl``), hours and days without visits.

    ``published`` are its latest publications, if the poll brought any.
    """
    return replace(
        outcome,
        published=published,
        min_interval=parsed.min_interval,
        skip_hours=parsed.skip_hours,
        skip_days=parsed.skip_days,
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


def asked_to_wait(state: SourceState, until: datetime) -> SourceState:
    """The state of a source that was not asked, because another one's answer wants its server left alone.

    Nothing failed: only the next check moves, if it would come too early.
    """
    state = replace(state, not_before=until)
    if state.next_check is not None and state.next_check > until:
        return state
    return replace(state, next_check=until, check_reason=PAUSE)


def believed_url(state: SourceState) -> str:
    """Return the address that a source has moved to for good, or ``""`` while that is not certain."""
    return state.permanent_url if state.permanent_seen >= PERMANENT_PATIENCE else state.moved_to


def replacing_url(source_url: str, state: SourceState) -> str:
    """The address that may take the place of a source's own without asking anybody, or ``""``.

    Only inside one site: a feed that moves to another domain may have been sold or lost.
    A person is shown the new address and decides.
    """
    url = believed_url(state)
    return url if url and url != state.moved_to and same_site(source_url, url) else ""


def polled_url(source_url: str, state: SourceState) -> str:
    """Return the address to request: the source's own, or the one it has moved to for good."""
    return state.moved_to or source_url


def with_new_address(source_url: str, state: SourceState, url: str) -> SourceState:
    """Return the state that polls ``url`` from now on; the configured address stays as it is."""
    return replace(state, moved_to="" if url == source_url else url, permanent_url="", permanent_seen=0)


def with_hub(
    state: SourceState, source_name: str, until: datetime | None, now: datetime, options: PollingOptions
) -> SourceState:
    """The state once a hub has proved that it sends (``until`` its lease ends), or no longer does (``None``).

    Validators stay as they are: what a hub sends is no answer to a poll (W12).
    """
    state = replace(state, websub_lease_until=until)
    if state.gone or state.failures or state.last_attempt is None:
        return state
    moment, reason = _planned(state, source_name, state.last_attempt, options)
    return replace(state, next_check=max(moment, now), check_reason=reason)


def told(warning: str, read_from: str) -> str:
    """Return the messages about a source: the warning of its last document, and a change of site."""
    moved = f"It is read from another site, {read_from}: its address leads there." if read_from else ""
    return " ".join(filter(None, (warning, moved)))


def hub_missed(published: Iterable[datetime], now: datetime) -> bool:
    """True when a poll found something that a working hub would have sent before: then polls count again."""
    return any(moment <= now - HUB_GRACE for moment in published)


def rhythm_of(
    published: Iterable[datetime], now: datetime, min_interval: float
) -> tuple[int, datetime | None]:
    """Return how many publications there were since when, from the latest dates in any order.

    Those less than ``min_interval`` seconds apart count once: one poll brings them all, so ten articles
    at eight o'clock every morning are one publication a day. At most ``MOST_VISITS`` are counted.
    """
    publications, since = 0, None
    for moment in sorted((item for item in published if item <= now), reverse=True):
        if since is None or (since - moment).total_seconds() >= max(min_interval, 1.0):
            publications, since = publications + 1, moment
        if publications == MOST_VISITS:
            break
    return publications, since


def adaptive_interval(
    publications: int, since: datetime | None, now: datetime, options: PollingOptions
) -> float:
    """Seconds until a source is worth another look: few where much appears, many where little does.

    If publications come independently at a steady rate, the best estimate of that rate after n of them since
    ``since`` is n / (now - since). The time of silence up to ``now`` counts, so a source that falls asleep is
    asked less and less, without a rule of its own. We ask after a tenth of the usual pause, the share at
    which RFC 9111 (section 4.2.2) lets caches guess freshness: an article waits a twentieth of the pause on
    average before we see it, and one poll in ten brings something, so a server gives ten cheap 304s for
    each article. A source of which nothing is known is asked at the least interval. ``min_interval`` and
    ``max_interval`` bound the result; what servers and feeds ask for comes after and only lengthens it.
    """
    if not publications or since is None:
        return options.min_interval
    usual_pause = max((now - since).total_seconds(), 0.0) / publications
    return max(options.min_interval, min(usual_pause * SHARE, options.max_interval))


def _after_success(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    seen = state.permanent_seen + 1 if outcome.permanent_url == state.permanent_url else 1
    wished = outcome if outcome.read else None
    publish_rate = (state.publications, state.counted_since)
    if outcome.published:
        publish_rate = rhythm_of(outcome.published, now, options.min_interval)
    still_fresh = state.max_age if outcome.not_modified else None
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
        max_age=outcome.max_age if outcome.max_age is not None else still_fresh,
        requested_interval=wished.min_interval if wished else state.requested_interval,
        skip_hours=wished.skip_hours if wished else state.skip_hours,
        skip_days=wished.skip_days if wished else state.skip_days,
        publications=publish_rate[0],
        counted_since=publish_rate[1],
        websub_lease_until=state.websub_lease_until
        if state.websub_lease_until and state.websub_lease_until > now
        else None,
    )
    moment, reason = _planned(after, outcome.source_name, now, options)
    return replace(after, next_check=moment, check_reason=reason)


def _planned(
    state: SourceState, source_name: str, since: datetime, options: PollingOptions
) -> tuple[datetime, str]:
    """Return when to read a healthy source that was last read at ``since``, and the reason that decided."""
    if options.min_interval <= 0:
        return since, "there is no least interval"
    seconds, reason = max(_waits(state, since, options), key=lambda wait: wait[0])
    moment = since + _jittered(seconds, source_name)
    allowed = _outside_skipped(moment, state, source_name)
    return allowed, reason if allowed == moment else "the feed wants no visit before (skipHours, skipDays)"


def _waits(state: SourceState, since: datetime, options: PollingOptions) -> list[tuple[float, str]]:
    """Return every requested wait in seconds; the longest wins, the first of equals names the reason."""
    if options.interval is not None:
        waits = [(options.interval, "its own interval ([[sources]] interval)")]
        return waits + _wished(state)
    own = adaptive_interval(state.publications, state.counted_since, since, options)
    usual = own / SHARE
    waits = [(own, f"it publishes about every {_spelt(usual)}")]
    if own <= options.min_interval:
        waits = [(own, options.least)]
    elif own >= options.max_interval:
        waits = [(own, "it publishes rarely: the longest interval ([http] max_interval)")]
    if not (state.etag or state.last_modified):
        unvalidated = min(options.unvalidated_interval, options.max_interval)
        waits.append((unvalidated, "its server sends neither ETag nor Last-Modified"))
    waits += _wished(state)
    if state.websub_lease_until and state.websub_lease_until > since:
        lease = (state.websub_lease_until - since).total_seconds()
        pushed = min(options.pushed_interval, options.max_interval, lease)
        waits.append((pushed, "its hub sends what is new (WebSub)"))
    return waits


def _wished(state: SourceState) -> list[tuple[float, str]]:
    """Return the waits that the server and the feed ask for."""
    waits: list[tuple[float, str]] = []
    for seconds, reason in (
        (state.max_age, "its server calls the answer fresh for {} (Cache-Control, Expires)"),
        (state.requested_interval, "the feed asks for a pause of {} (ttl, updatePeriod)"),
    ):
        if seconds:
            waits.append((min(seconds, MAX_REQUESTED_INTERVAL), reason.format(_spelt(seconds))))
    return waits


def _after_failure(
    state: SourceState, outcome: PollOutcome, now: datetime, options: PollingOptions
) -> SourceState:
    failures = state.failures + 1
    if state.moved_to and (outcome.gone or failures >= PERMANENT_PATIENCE):
        # The configured address decides again: the redirect may lead elsewhere by now.
        state = replace(state, moved_to="", etag="", last_modified="", body_hash="")
        outcome = replace(outcome, gone=False)
    backoff = min(options.min_interval * 2.0 ** min(failures - 1, 30), options.max_interval)
    asked = min(max(outcome.retry_after or 0.0, 0.0), MAX_REQUESTED_INTERVAL)
    wait = _jittered(max(backoff, asked), outcome.source_name)
    reason = f"it failed {failures} time{'s' if failures > 1 else ''} in a row"
    if outcome.gone:
        reason = "it is gone for good (410)"
    elif asked > backoff:
        reason = f"its server asked for a pause of {_spelt(asked)} (Retry-After)"
    return replace(
        state,
        last_attempt=now,
        next_check=None if outcome.gone else now + wait,
        check_reason=reason,
        not_before=now + timedelta(seconds=asked) if asked else None,
        failures=failures,
        error=outcome.error,
        gone=outcome.gone,
        permanent_url="",
        permanent_seen=0,
    )


def _outside_skipped(moment: datetime, state: SourceState, source_name: str) -> datetime:
    """The first moment from this one on that the feed allows; feeds that allow none are wrong.

    Sources that waited for the same hour are spread over its first half.
    """
    if state.skip_hours >= 2**24 - 1 or state.skip_days >= 2**7 - 1:
        return moment
    found = moment
    while state.skip_hours >> found.hour & 1 or state.skip_days >> found.weekday() & 1:
        found = found.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return found if found == moment else found + timedelta(minutes=30) * _share(source_name)


def _jittered(seconds: float, name: str) -> timedelta:
    return timedelta(seconds=seconds * (1 + JITTER * _share(name)))


def _share(name: str) -> float:
    """A number from 0 to 1 that is always the same for one name."""
    return int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=4).digest()) / 2**32


def _spelt(seconds: float) -> str:
    """A duration as a person says it, in its largest unit: ``36 min``, ``2.4 h``, ``7 d``."""
    for unit, length in (("d", 86_400.0), ("h", 3600.0)):
        if seconds >= length:
            return f"{seconds / length:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 60:.0f} min"
