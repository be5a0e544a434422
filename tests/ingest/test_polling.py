"""When a source is asked again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.polling import JITTER, PollingOptions, PollOutcome, after_poll, believed_url, failed
from syndicate.model import SourceState

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600.0, 86_400.0
FRESH = SourceState()


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
def test_F6_F17_retry_after_is_honoured_within_bounds(retry_after, seconds):
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
        believed.append(believed_url(state))
    assert believed == ["", "", "https://new.example/feed"]


@pytest.mark.parametrize("between", [good(), bad(), good(permanent_url="https://other.example/feed")])
def test_F8_anything_between_starts_the_count_again(between):
    moved = good(permanent_url="https://new.example/feed")
    state = FRESH
    for outcome in (moved, moved, between, moved, moved):
        state = after_poll(state, outcome, NOW, PollingOptions())
    assert believed_url(state) == ""
    assert state.permanent_seen == 2


def test_F13_jitter_comes_from_the_name_and_never_asks_early():
    def wait(name: str) -> datetime | None:
        return after_poll(FRESH, good(source_name=name), NOW, PollingOptions()).next_check

    assert wait("wire") == wait("wire")
    assert len({wait(f"source {n}") for n in range(100)}) == 100


def test_errors_become_outcomes():
    gone = failed("wire", FetchError("410 Gone", status=410))
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
