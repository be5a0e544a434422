from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import ConfigError
from syndicate.model import Newsletter
from syndicate.newsletter.periods import (
    Period,
    due_period,
    latest_period,
    own_hour,
    parse_schedule,
    read_zone,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "UTC",
)
SCHEDULES = (
    "daily 02:30",
    "daily 00:00,02:00,02:30,03:00",
    "weekdays 07:00",
    "weekly sunday 02:15",
    "monthly 1 08:00",
    "monthly last 02:30",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(schedule: str, zone: str, after: str, count: int) -> list[str]:
    runs = parse_schedule(schedule).next_runs(ZoneInfo(zone), utc(after), count)
    return [run.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for run in runs]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("daily 07:00", ["2026-11-25T07:00+01:00", "2026-11-26T07:00+01:00", "2026-11-27T07:00+01:00"]),
        (
            "Daily  7:00, 18:00",
            ["2026-11-24T18:00+01:00", "2026-11-25T07:00+01:00", "2026-11-25T18:00+01:00"],
        ),
        (
            "daily 18:00,07:00,07:00",
            ["2026-11-24T18:00+01:00", "2026-11-25T07:00+01:00", "2026-11-25T18:00+01:00"],
        ),
        ("WEEKDAYS 07:00", ["2026-11-25T07:00+01:00", "2026-11-26T07:00+01:00", "2026-11-27T07:00+01:00"]),
        (
            "weekly Monday 08:00",
            ["2026-11-30T08:00+01:00", "2026-12-07T08:00+01:00", "2026-12-14T08:00+01:00"],
        ),
        ("monthly 1 08:00", ["2026-12-01T08:00+01:00", "2027-01-01T08:00+01:00", "2027-02-01T08:00+01:00"]),
        (
            "monthly last 08:00",
            ["2026-11-30T08:00+01:00", "2026-12-31T08:00+01:00", "2027-01-31T08:00+01:00"],
        ),
    ],
)
def test_every_form_of_schedule_gives_its_next_runs(schedule: str, expected: list[str]) -> None:
    assert local(schedule, "Europe/Berlin", "2026-11-24T09:00", 3) == expected


def test_weekdays_skip_the_weekend() -> None:
    assert local("weekdays 07:00", "UTC", "2026-11-27T08:00", 1) == ["2026-11-30T07:00+00:00"]


def test_T6_the_last_day_of_the_month_knows_leap_years() -> None:
    assert local("monthly last 08:00", "UTC", "2028-02-10T00:00", 1) == ["2028-02-29T08:00+00:00"]


def test_a_run_exactly_now_is_not_a_next_run() -> None:
    assert local("daily 09:00", "UTC", "2026-11-24T09:00", 1) == ["2026-11-25T09:00+00:00"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "hourly", "daily", "daily 25:00", "daily 7", "daily 07:60", "daily 07:00;18:00", "daily ٠٧:٠٠"),
        *("weekly 07:00", "weekly funday 07:00", "0 8 * * 1"),
        *("monthly 0 08:00", "monthly 29 08:00", "monthly 31 08:00"),
    ],
)
def test_T6_a_bad_schedule_is_refused_with_help(text: str) -> None:
    with pytest.raises(ConfigError, match="Write") as caught:
        parse_schedule(text)
    assert f'"{text}"' in str(caught.value)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe"])
def test_a_bad_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="IANA"):
        read_zone(name)


@pytest.mark.parametrize(
    ("zone", "schedule", "after", "expected"),
    [
        # The clock goes from 02:00 to 03:00: 02:30 does not exist and becomes the first valid moment.
        ("Europe/Berlin", "daily 02:30", "2026-03-28T12:00", "2026-03-29T03:00+02:00"),
        ("America/New_York", "daily 02:30", "2026-03-07T12:00", "2026-03-08T03:00-04:00"),
        # Lord Howe moves by half an hour: from 02:00 to 02:30.
        ("Australia/Lord_Howe", "daily 02:15", "2026-10-03T10:00", "2026-10-04T02:30+11:00"),
        # Casablanca is an hour ahead except in Ramadan; the end of it is a spring gap.
        ("Africa/Casablanca", "daily 02:30", "2026-03-21T12:00", "2026-03-22T03:00+01:00"),
        # Samoa skipped a whole day.
        ("Pacific/Apia", "daily 07:00", "2011-12-29T18:00", "2011-12-31T00:00+14:00"),
    ],
)
def test_T_a_time_the_clock_skips_moves_to_the_first_moment_after_the_gap(
    zone: str, schedule: str, after: str, expected: str
) -> None:
    assert local(schedule, zone, after, 1) == [expected]


@pytest.mark.parametrize(
    ("zone", "schedule", "after", "expected"),
    [
        (
            "Europe/Berlin",
            "daily 02:30",
            "2026-10-24T12:00",
            ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
        ),
        (
            "America/New_York",
            "daily 01:30",
            "2026-10-31T12:00",
            ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
        ),
        (
            "Australia/Lord_Howe",
            "daily 01:45",
            "2026-04-04T04:00",
            ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
        ),
        (
            "Africa/Casablanca",
            "daily 02:30",
            "2026-02-14T12:00",
            ["2026-02-15T02:30+01:00", "2026-02-16T02:30+00:00"],
        ),
    ],
)
def test_T_a_time_the_clock_shows_twice_counts_the_first_time_only(
    zone: str, schedule: str, after: str, expected: list[str]
) -> None:
    assert local(schedule, zone, after, 2) == expected


def test_two_times_inside_one_gap_are_one_moment() -> None:
    assert local("daily 02:10,02:40,03:00", "Europe/Berlin", "2026-03-28T12:00", 2) == [
        "2026-03-29T03:00+02:00",
        "2026-03-30T02:10+02:00",
    ]


@given(
    st.sampled_from(SCHEDULES),
    st.sampled_from(ZONES),
    st.integers(0, 25 * 365 * 1440).map(lambda minutes: utc("2010-01-01T00:00") + timedelta(minutes=minutes)),
)
def test_T_periods_follow_each_other_without_gap_or_overlap(schedule: str, zone: str, now: datetime) -> None:
    parsed, where = parse_schedule(schedule), ZoneInfo(zone)
    period = latest_period(parsed, where, now)
    (following,) = parsed.next_runs(where, now, 1)
    assert period.start < period.end <= now < following
    assert parsed.next_runs(where, period.start, 1) == (period.end,)
    assert latest_period(parsed, where, following).start == period.end


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("schedule", SCHEDULES[:1])
def test_T_a_year_of_days_has_one_period_a_day(schedule: str, zone: str) -> None:
    runs = parse_schedule(schedule).next_runs(ZoneInfo(zone), utc("2026-01-01T00:00"), 365)
    days = {run.astimezone(ZoneInfo(zone)).date() for run in runs}
    assert len(days) == 365
    assert all(timedelta(hours=22) < b - a < timedelta(hours=26) for a, b in pairwise(runs))


def test_a_period_ends_after_the_gap_that_the_clock_skips() -> None:
    assert latest_period(parse_schedule("daily 02:30"), BERLIN, utc("2026-03-29T06:00")) == Period(
        start=utc("2026-03-28T01:30"), end=utc("2026-03-29T01:00")
    )


def newsletter(**changes: object) -> Newsletter:
    facts: dict[str, object] = {"schedule": "daily 07:00", "time_zone": "UTC", "max_lateness": 6 * 3600.0}
    return Newsletter(name="morning", title="Morning", **(facts | changes))  # type: ignore[arg-type]


def due(letter: Newsletter, now: str, known_since: str = "2026-01-01T00:00", *, already: bool = False) -> str:
    period = due_period(letter, utc(now), known_since=utc(known_since), already=lambda _: already)
    return f"{period.end:%Y-%m-%dT%H:%M}" if period else "nothing"


@pytest.mark.parametrize(
    ("now", "already", "expected"),
    [
        ("2026-11-24T06:59:59", True, "nothing"),
        ("2026-11-24T07:00", False, "2026-11-24T07:00"),
        ("2026-11-24T07:00", True, "nothing"),
        ("2026-11-24T13:00", False, "2026-11-24T07:00"),
        ("2026-11-24T13:00:01", False, "nothing"),
    ],
)
def test_T_an_edition_is_due_from_its_time_until_max_lateness(now: str, already: bool, expected: str) -> None:
    assert due(newsletter(), now, already=already) == expected


def test_T_after_a_week_asleep_one_edition_is_due_not_seven() -> None:
    assert due(newsletter(), "2026-11-24T08:00") == "2026-11-24T07:00"


def test_T_a_clock_set_back_makes_no_second_edition() -> None:
    cut: set[datetime] = set()
    letter = newsletter()

    def already(period: Period) -> bool:
        return period.end in cut

    for now in ("2026-11-24T07:00", "2026-11-24T08:00", "2026-11-24T07:30", "2026-11-23T09:00"):
        found = due_period(
            letter,
            utc(now),
            known_since=utc("2026-11-23T08:00"),
            already=already,
        )
        cut |= {found.end} if found else set()
    assert cut == {utc("2026-11-24T07:00")}


def test_a_new_newsletter_waits_for_the_next_period_unless_told_otherwise() -> None:
    known = "2026-11-24T09:00"
    assert due(newsletter(), "2026-11-24T09:00", known) == "nothing"
    assert due(newsletter(), "2026-11-25T07:00", known) == "2026-11-25T07:00"
    assert due(newsletter(first_edition="latest"), "2026-11-24T23:00", known) == "2026-11-24T07:00"
    assert due(newsletter(first_edition="latest"), "2026-11-24T23:00", known, already=True) == "nothing"


@pytest.mark.parametrize(
    ("moment", "hour", "expected"),
    [
        ("2026-03-28T05:00+00:00", 6, "2026-03-28T05:00+00:00"),
        ("2026-03-29T00:30+00:00", 6, "2026-03-29T04:00+00:00"),
        ("2026-03-29T00:30+00:00", 2, "2026-03-29T01:00+00:00"),
        ("2026-10-24T23:30+00:00", 2, "2026-10-25T00:00+00:00"),
        ("2026-10-25T00:00+00:00", 6, "2026-10-25T05:00+00:00"),
        ("2026-10-25T04:59+00:00", 6, "2026-10-25T05:00+00:00"),
        ("2026-10-25T06:00+00:00", 6, "2026-10-26T05:00+00:00"),
    ],
    ids=[
        "struck now",
        "spring forward",
        "skipped hour",
        "hour that comes twice",
        "fall back",
        "sharp",
        "over",
    ],
)
def test_an_own_hour_is_the_right_local_hour_on_both_days_that_change_the_clock(moment, hour, expected):
    found = own_hour(hour, ZoneInfo("Europe/Berlin"), datetime.fromisoformat(moment))
    assert found == datetime.fromisoformat(expected)
