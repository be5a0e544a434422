"""Time of a source's next poll."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.poll_schedule import (
    JITTER,
    MAX_REQUESTED_INTERVAL,
    PollingOptions,
    PollOutcome,
    adaptive_interval,
    after_poll,
    confirmed_url,
    failed,
    options_for,
    publish_rate_of,
    with_hub_lease,
)
from syndicate.model import Source, SourceKind, SourceState

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600.0, 86_400.0
FRESH = SourceState()
OPTIONS = PollingOptions()


def good(**values: object) -> PollOutcome:
    return PollOutcome(**{"source_name": "wire", "etag": '"1"', "body_hash": "h", **values})  # type: ignore[arg-type]


def bad(message: str = "no answer", **values: object) -> PollOutcome:
    return PollOutcome(source_name="wire", error=message, **values)  # type: ignore[arg-type]


def waits(state: SourceState, at_least: float) -> bool:
    assert state.next_check is not None
    seconds = (state.next_check - NOW).total_seconds()
    return at_least <= seconds <= at_least * (1 + JITTER)


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (good(), HOUR),
        (good(etag="", last_modified="Wed, 04 Mar 2026 12:00:00 GMT"), HOUR),
        (good(etag=""), DAY),
        (good(max_age=300.0), HOUR),
        (good(max_age=2 * HOUR), 2 * HOUR),
        (good(max_age=2 * HOUR, min_interval=3 * HOUR), 3 * HOUR),
        (good(max_age=365 * DAY), 7 * DAY),
        (good(max_age=-5.0), HOUR),
    ],
)
def test_F4_the_next_poll_waits_for_server_feed_and_us(outcome, seconds):
    assert waits(after_poll(FRESH, outcome, NOW, PollingOptions()), seconds)


def test_F4_an_interval_of_zero_allows_the_next_poll_at_once():
    state = after_poll(
        FRESH, good(etag="", max_age=DAY, min_interval=DAY), NOW, PollingOptions(min_interval=0)
    )
    assert state.next_check == NOW


@pytest.mark.parametrize(
    ("outcome", "stored"),
    [
        (good(etag='W/"2"', last_modified="x"), ('W/"2"', "x", "h")),
        (good(etag="", last_modified="", body_hash="new"), ("", "", "new")),
        (good(etag='"old"', last_modified="old", body_hash=""), ('"old"', "old", "before")),
    ],
    ids=["both", "dropped-by-a-200", "304"],
)
def test_F3_validators_are_stored_as_they_came(outcome, stored):
    before = SourceState(etag='"old"', last_modified="old", body_hash="before")
    after = after_poll(before, outcome, NOW, PollingOptions())
    assert (after.etag, after.last_modified, after.body_hash) == stored


def test_a_success_ends_every_trouble():
    before = SourceState(failures=5, error="no answer", gone=True, last_success=NOW - timedelta(days=9))
    after = after_poll(before, good(), NOW, PollingOptions())
    assert (after.failures, after.error, after.gone) == (0, "", False)
    assert after.last_attempt == after.last_success == NOW


def test_F6_F9_failures_back_off_to_a_day():
    state = SourceState(etag='"1"', last_success=NOW)
    waited = []
    for _ in range(8):
        state = after_poll(state, bad(), NOW, PollingOptions())
        assert state.next_check is not None
        waited.append((state.next_check - NOW).total_seconds() / HOUR)
    assert all(
        low <= hours <= low * (1 + JITTER)
        for hours, low in zip(waited, [1, 2, 4, 8, 16, 24, 24, 24], strict=True)
    )
    assert (state.failures, state.error, state.last_success, state.etag) == (8, "no answer", NOW, '"1"')


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(2 * HOUR, 2 * HOUR), (10.0, HOUR), (10.0**12, 7 * DAY), (-1.0, HOUR), (None, HOUR)],
)
def test_F6_FF17_retry_after_is_honoured_within_bounds(retry_after, seconds):
    assert waits(after_poll(FRESH, bad(retry_after=retry_after), NOW, PollingOptions()), seconds)


def test_F6_retry_after_holds_even_when_the_interval_is_zero():
    state = after_poll(FRESH, bad(retry_after=60.0), NOW, PollingOptions(min_interval=0))
    assert waits(state, 60)


def test_F7_gone_is_never_asked_again():
    state = after_poll(FRESH, bad("410 Gone", gone=True), NOW, PollingOptions())
    assert (state.gone, state.next_check, state.error) == (True, None, "410 Gone")


def test_F8_a_permanent_redirect_is_believed_after_three_successes():
    moved = good(permanent_url="https://new.example/feed")
    state, believed = FRESH, []
    for _ in range(3):
        state = after_poll(state, moved, NOW, PollingOptions())
        believed.append(confirmed_url(state))
    assert believed == ["", "", "https://new.example/feed"]


@pytest.mark.parametrize("between", [good(), bad(), good(permanent_url="https://other.example/feed")])
def test_F8_anything_between_starts_the_count_again(between):
    moved = good(permanent_url="https://new.example/feed")
    state = FRESH
    for outcome in (moved, moved, between, moved, moved):
        state = after_poll(state, outcome, NOW, PollingOptions())
    assert confirmed_url(state) == ""
    assert state.permanent_seen == 2


def test_F13_jitter_comes_from_the_name_and_never_asks_early():
    def wait(name: str) -> datetime | None:
        return after_poll(FRESH, good(source_name=name), NOW, PollingOptions()).next_check

    assert wait("wire") == wait("wire")
    assert len({wait(f"source {n}") for n in range(100)}) == 100


def test_errors_become_outcomes():
    gone = failed("wire", FetchError("410 Gone", status=410, gone=True))
    busy = failed("wire", FetchError("503", status=503, retry_after=120.0))
    junk = failed("wire", ParseError("x" * 9_000))
    assert (gone.gone, busy.gone, busy.retry_after) == (True, False, 120.0)
    assert len(junk.error) == 500


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.integers(0, 10**9), NUMBERS, NUMBERS, NUMBERS, st.booleans())
def test_no_number_breaks_the_schedule(failures, retry_after, max_age, min_interval, fails):
    outcome = PollOutcome(
        source_name="wire",
        error="no answer" if fails else "",
        retry_after=retry_after,
        max_age=max_age,
        min_interval=min_interval,
    )
    state = after_poll(SourceState(failures=failures), outcome, NOW, PollingOptions())
    assert state.next_check is not None
    assert timedelta(hours=1) <= state.next_check - NOW <= timedelta(days=7.7)


def test_F4_a_304_repeats_no_wish_and_all_of_them_still_hold():
    first = after_poll(FRESH, good(max_age=2 * HOUR, min_interval=5 * HOUR, skip_hours=1), NOW, OPTIONS)
    again = after_poll(first, good(not_modified=True, read=False), NOW, OPTIONS)
    assert waits(again, 5 * HOUR)
    assert (again.max_age, again.requested_interval, again.skip_hours) == (2 * HOUR, 5 * HOUR, 1)
    changed = after_poll(again, good(not_modified=True, read=False, max_age=7 * HOUR), NOW, OPTIONS)
    assert waits(changed, 7 * HOUR)
    dropped = after_poll(changed, good(), NOW, OPTIONS)
    assert (dropped.max_age, dropped.requested_interval, dropped.skip_hours) == (None, None, 0)


@pytest.mark.parametrize(
    ("hours", "days", "earliest"),
    [
        ([13, 14], [], datetime(2026, 3, 4, 15, 0, tzinfo=UTC)),
        ([], [2], datetime(2026, 3, 5, 0, 0, tzinfo=UTC)),
        (range(8, 24), [2, 3], datetime(2026, 3, 6, 0, 0, tzinfo=UTC)),
        ([22], [5], datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),
        (range(24), [], datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),
        ([], range(7), datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),
    ],
    ids=["hours", "wednesday", "both", "not-now", "always", "every-day"],
)
def test_F4_skipped_hours_and_days_are_left_alone(hours, days, earliest):
    bits = {"skip_hours": sum(1 << hour for hour in hours), "skip_days": sum(1 << day for day in days)}
    state = after_poll(FRESH, good(**bits), NOW, OPTIONS)
    assert state.next_check
    assert earliest <= state.next_check <= earliest + timedelta(minutes=30)


def test_F5_F6_a_pause_the_server_asked_for_is_remembered_apart_from_the_schedule():
    busy = after_poll(FRESH, bad(retry_after=2 * HOUR), NOW, OPTIONS)
    assert busy.not_before == NOW + timedelta(hours=2)
    assert "Retry-After" in busy.check_reason
    assert after_poll(busy, bad(), NOW, OPTIONS).not_before is None
    assert after_poll(busy, good(), NOW, OPTIONS).not_before is None


def test_F17_a_hub_that_sends_slows_the_polls_down_until_its_lease_ends():
    polled = after_poll(FRESH, good(), NOW, OPTIONS)
    pushed = with_hub_lease(polled, "wire", NOW + timedelta(days=10), NOW + timedelta(minutes=9), OPTIONS)
    assert waits(pushed, DAY)
    assert waits(after_poll(pushed, good(), NOW, OPTIONS), DAY)
    assert waits(with_hub_lease(polled, "wire", NOW + timedelta(hours=3), NOW, OPTIONS), 3 * HOUR)
    assert with_hub_lease(pushed, "wire", None, NOW, OPTIONS) == polled
    late = with_hub_lease(pushed, "wire", None, NOW + timedelta(hours=9), OPTIONS)
    assert late.next_check == NOW + timedelta(hours=9)


def test_F17_a_lease_that_is_over_or_a_failing_source_slows_nothing():
    over = after_poll(SourceState(websub_lease_until=NOW), good(), NOW, OPTIONS)
    assert (waits(over, HOUR), over.websub_lease_until) == (True, None)
    failing = after_poll(FRESH, bad(), NOW, OPTIONS)
    assert (
        with_hub_lease(failing, "wire", NOW + timedelta(days=1), NOW, OPTIONS).next_check
        == failing.next_check
    )


@pytest.mark.parametrize(
    ("ages", "hours"),
    [
        ([], 1),
        ([0.5 * n for n in range(1, 30)], 1),
        ([24 * n for n in range(1, 30)], 2.4),
        ([24 * n + extra / 60 for n in range(1, 30) for extra in range(10)], 2.4),
        ([24 * 7 * n for n in range(1, 30)], 16.8),
        ([24 * 365], 24),
        ([-5, 24, 48], 2.4),
    ],
    ids=["unknown", "busy", "daily", "ten-every-morning", "weekly", "asleep", "one-from-the-future"],
)
def test_a_source_is_asked_ten_times_as_often_as_it_publishes(ages, hours):
    published = tuple(NOW - timedelta(hours=age) for age in ages)
    state = after_poll(FRESH, good(published=published), NOW, OPTIONS)
    assert waits(state, hours * HOUR)


def test_a_source_that_falls_asleep_is_asked_less_and_less():
    published = tuple(NOW - timedelta(hours=n) for n in range(1, 12))
    state, pauses = after_poll(FRESH, good(published=published), NOW, OPTIONS), []
    for days in range(1, 100, 20):
        later = NOW + timedelta(days=days)
        state = after_poll(state, good(not_modified=True, read=False), later, OPTIONS)
        assert state.next_check
        pauses.append((state.next_check - later).total_seconds() / HOUR)
    assert pauses == sorted(pauses)
    assert pauses[0] < 1.2
    assert pauses[-1] > 19


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (good(), "minimum interval"),
        (good(published=tuple(NOW - timedelta(days=n) for n in range(20))), "publishes about every 21.6 h"),
        (good(published=(NOW - timedelta(days=900),)), "publishes rarely"),
        (good(etag=""), "neither ETag nor Last-Modified"),
        (good(max_age=2 * HOUR), "fresh for 2 h"),
        (good(min_interval=90 * 60.0), "1.5 h (ttl"),
        (good(skip_hours=1 << 13), "skipHours"),
        (bad(), "failed 1 time in a row"),
        (bad(retry_after=7200.0), "pause of 2 h (Retry-After)"),
        (bad(gone=True), "410"),
    ],
)
def test_every_schedule_has_its_reason(outcome, words):
    assert words in after_poll(FRESH, outcome, NOW, OPTIONS).check_reason


AGES = st.lists(st.floats(0, 10_000), max_size=60)
WISHES = st.none() | st.floats(0, 10**6)


@given(AGES, WISHES, WISHES, st.floats(1, 10**5), st.floats(1, 10**6), st.booleans())
def test_no_poll_is_earlier_than_anybody_asked_for(ages, max_age, requested_interval, least, most, validated):
    options = PollingOptions(min_interval=least, max_interval=max(least, most))
    published = tuple(NOW - timedelta(hours=age) for age in ages)
    outcome = good(
        published=published, max_age=max_age, min_interval=requested_interval, etag="x" if validated else ""
    )
    state = after_poll(FRESH, outcome, NOW, options)
    assert state.next_check
    floor = max(least, *(min(each or 0.0, MAX_REQUESTED_INTERVAL) for each in (max_age, requested_interval)))
    assert state.next_check - NOW >= timedelta(seconds=floor) - timedelta(milliseconds=1)


@given(AGES, st.floats(0, 1_000), st.floats(1, 100))
def test_longer_silence_and_longer_pauses_never_shorten_the_interval(ages, silence, stretch):
    def interval(hours: list[float], later: float = 0.0) -> float:
        moment = NOW + timedelta(hours=later)
        publish_rate = publish_rate_of(
            [NOW - timedelta(hours=age) for age in hours], moment, OPTIONS.min_interval
        )
        return adaptive_interval(*publish_rate, moment, OPTIONS)

    assert interval(ages, silence) >= interval(ages) - 1e-6
    spread = [age for age in ages if age >= 1]
    apart = [age * stretch for age in spread[:1]]
    assert interval(apart) >= interval(spread[:1]) - 1e-6


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)), max_size=30))  # noqa: DTZ001
def test_a_rhythm_counts_no_publication_twice_and_none_of_the_future(moments):
    published = [moment.replace(tzinfo=UTC) for moment in moments]
    publications, since = publish_rate_of(published, NOW, HOUR)
    assert 0 <= publications <= min(10, len(published))
    assert (since is None) == (publications == 0)
    assert since is None or since <= NOW


@pytest.mark.parametrize(("longest", "expected"), [(6 * HOUR, 6 * HOUR), (DAY, DAY), (7 * DAY, DAY)])
def test_max_interval_bounds_the_wait_for_a_server_without_validators(longest, expected):
    options = PollingOptions(max_interval=longest)
    after = after_poll(FRESH, good(etag="", published=(NOW - timedelta(minutes=5),)), NOW, options)
    assert waits(after, expected)


def test_a_source_may_have_an_interval_of_its_own():
    source = Source(id=1, name="wire", url="https://wire.example/feed", interval=600.0)
    options = options_for(source, OPTIONS)
    after = after_poll(FRESH, good(etag="", published=(NOW - timedelta(days=90),)), NOW, options)
    assert waits(after, 600)
    assert after.check_reason == "its own interval ([[sources]] interval)"
    assert waits(after_poll(FRESH, good(max_age=HOUR), NOW, options), HOUR)
    assert options_for(replace(source, interval=None), OPTIONS) == OPTIONS


def test_failures_of_a_source_with_an_own_interval_still_back_off():
    options = options_for(Source(id=1, name="wire", url="https://wire.example/feed", interval=600.0), OPTIONS)
    state = FRESH
    for expected in (600, 1200, 2400):
        state = after_poll(state, bad(), NOW, options)
        assert waits(state, expected)


def test_a_folder_is_read_every_minute_unless_it_has_an_interval():
    folder = Source(id=1, name="desk", url="/texts", kind=SourceKind.FOLDER)
    assert waits(after_poll(FRESH, good(etag=""), NOW, options_for(folder, OPTIONS)), 60)
    slow = options_for(replace(folder, interval=HOUR), OPTIONS)
    assert waits(after_poll(FRESH, good(etag=""), NOW, slow), HOUR)
