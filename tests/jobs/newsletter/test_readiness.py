"""A period is cut when its sources were read and their articles placed; one that was missed is listed."""

from datetime import UTC, datetime, timedelta

import pytest

from syndicate.jobs.newsletter.due_periods import Readiness, waiting_periods
from syndicate.model import SourceState
from syndicate.newsletter.period_readiness import MAX_WAIT, MAX_WAIT_EMPTY
from syndicate.newsletter.periods import MOST_MISSED
from syndicate.store.ingest import declared_sources, source_store
from syndicate.store.mail import delivery_counts, edition_store, newsletter_store, period_store, review_store
from syndicate.store.subscribers import preference_store
from tests.factories import new_article
from tests.jobs.room import Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SOURCES = source("harbour", "https://harbour.example/feed") + source("hills", "https://hills.example/feed")
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'


class Office:
    """A newsroom whose daemon looks at its newsletters; the time it waits is that of ``now``."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.at = SEVEN
        self.readiness = Readiness(store=room.store, clock=self._seconds)

    def _seconds(self) -> float:
        return (self.at - SEVEN).total_seconds()

    def cut(self, at: datetime, *, by_command: bool = False) -> list[str]:
        self.at = at
        readiness = Readiness(store=self.room.store, at_once=True) if by_command else self.readiness
        return [one.outcome for one in self.room.services.editions.run(at, readiness=readiness)]

    def polled(self, name: str, at: datetime, **facts) -> None:
        """The source was read, and is due again an hour later."""
        state = SourceState(last_attempt=at, last_success=at, next_check=at + HOUR)
        for key, value in facts.items():
            object.__setattr__(state, key, value)
        with self.room.store.write() as connection:
            (claimed,) = source_store.claim_due_sources(
                connection, now=at, owner="us", until=at + MINUTE, limit=1, names=[name]
            )
            assert source_store.save_poll(connection, claimed[0].id, state, owner="us")

    def add(self, number: int, published: datetime, seen: datetime | None = None) -> None:
        words = " ".join(f"word{number}x{place}" for place in range(30))
        self.room.add(
            new_article(
                number,
                title=f"Report {number}",
                text=words,
                published=published,
                updated=published,
                first_seen=seen or published,
            )
        )

    def place(self) -> None:
        self.room.services.stories.run(self.at)

    def states(self) -> list[str]:
        with self.room.store.read() as connection:
            return [one.state for one in edition_store.report_editions(connection, limit=100)][::-1]

    def forms(self) -> list[int]:
        with self.room.store.read() as connection:
            return review_store.variants_after(connection, "daily", 0, datetime.now(UTC))

    def waits(self, at: datetime) -> str:
        found = waiting_periods(self.room.store, self.room.services.newsletters, at)
        return str(found["daily"][1]) if found else ""


@pytest.fixture
def office(rooms: Room) -> Office:
    """Two sources, read half an hour before the edition is due."""
    rooms.declare(SOURCES + DAILY, now=SEVEN - DAY + HOUR)
    office = Office(rooms)
    for name in ("harbour", "hills"):
        office.polled(name, SEVEN - HOUR / 2)
    return office


def test_what_is_read_and_placed_is_cut_on_time(office: Office) -> None:
    office.add(1, SEVEN - 2 * HOUR)
    office.place()
    assert office.waits(SEVEN) == ""
    assert office.cut(SEVEN) == ["cut"]


def test_started_late_it_waits_for_what_was_due_and_then_carries_it(office: Office) -> None:
    late = SEVEN + 2 * HOUR
    for name in ("harbour", "hills"):
        office.polled(name, SEVEN - 3 * HOUR)
    assert office.waits(late) == "2 sources that were due are not read yet"
    assert office.cut(late) == ["gathering"]
    office.polled("hills", late)
    assert office.cut(late + MINUTE) == []
    office.polled("harbour", late)
    office.add(1, SEVEN - HOUR, seen=late)
    assert office.waits(late) == "1 article has no place in a story"
    assert office.cut(late + 2 * MINUTE) == []
    office.place()
    assert office.cut(late + 3 * MINUTE) == ["cut"]
    assert office.states() == ["cut"]


def test_what_was_due_between_the_end_of_the_period_and_the_late_start_is_read_too(office: Office) -> None:
    """A blog that is read every hour: it was to be read half an hour after the edition."""
    late = SEVEN + 2 * HOUR
    assert office.waits(late) == "2 sources that were due are not read yet"
    assert office.cut(late) == ["gathering"]
    office.polled("hills", late)
    office.polled("harbour", late - HOUR + MINUTE)  # It is due again in a minute, and that is not waited for.
    office.add(1, SEVEN - HOUR, seen=late)
    office.place()
    assert office.cut(late + 2 * MINUTE) == ["cut"]


def test_what_cannot_change_the_edition_is_not_waited_for(office: Office) -> None:
    """Sources that are paused, gone, told to come later, or not in the query."""
    early = SEVEN - 3 * HOUR
    office.polled("harbour", early, gone=True)
    office.polled("hills", early, not_before=SEVEN + 9 * HOUR)
    assert office.waits(SEVEN) == ""
    more = source("dales", "https://dales.example/feed") + source("moor", "https://moor.example/feed")
    query = 'query = "source:harbour,hills -source:moor"\n'
    office.room.declare(SOURCES + more + DAILY + query, now=SEVEN - HOUR)
    assert office.waits(SEVEN) == ""
    office.room.declare(SOURCES + more + DAILY, now=SEVEN - HOUR)
    assert office.waits(SEVEN) == "2 sources that were due are not read yet"
    with office.room.store.write() as connection:
        declared_sources.sync_sources(connection, (), SEVEN)
    assert office.waits(SEVEN) == ""


def test_it_waits_for_a_bounded_time(office: Office) -> None:
    late = SEVEN + HOUR
    office.add(1, SEVEN - 4 * HOUR)
    office.place()
    office.polled("harbour", SEVEN - 3 * HOUR)
    assert office.cut(late) == ["gathering"]
    assert office.cut(late + MAX_WAIT - MINUTE) == []
    assert office.cut(late + MAX_WAIT) == ["cut"]


def test_it_never_waits_until_the_edition_is_too_late(office: Office) -> None:
    last = SEVEN + 6 * HOUR - MINUTE
    office.add(1, SEVEN - 4 * HOUR)
    office.place()
    office.polled("harbour", SEVEN - 3 * HOUR)
    assert office.cut(last - MINUTE) == ["gathering"]
    assert office.cut(last) == ["cut"]


def test_while_every_source_fails_no_period_is_called_empty(office: Office) -> None:
    for name in ("harbour", "hills"):
        office.polled(name, SEVEN - MINUTE, failures=1, last_success=SEVEN - 2 * DAY)
    assert office.cut(SEVEN) == ["gathering"]
    assert office.waits(SEVEN) == "2 sources fail, and there is no other"
    office.polled("hills", SEVEN + HOUR)
    office.add(1, SEVEN - HOUR, seen=SEVEN + HOUR)
    office.place()
    assert office.cut(SEVEN + HOUR) == ["cut"]
    for name in ("harbour", "hills"):
        office.polled(name, SEVEN + DAY - MINUTE, failures=9)
    assert office.cut(SEVEN + DAY) == ["gathering"]
    assert office.cut(SEVEN + DAY + MAX_WAIT_EMPTY) == ["empty"]


def test_a_command_cuts_at_once_but_calls_nothing_empty_that_was_not_read(office: Office) -> None:
    office.polled("harbour", SEVEN - 3 * HOUR)
    assert office.cut(SEVEN + MINUTE, by_command=True) == ["gathering"]
    assert office.states() == []
    office.add(1, SEVEN - 4 * HOUR)
    office.place()
    assert office.cut(SEVEN + MINUTE, by_command=True) == ["cut"]
    assert office.cut(SEVEN + DAY, by_command=True) == ["gathering"]
    for name in ("harbour", "hills"):
        office.polled(name, SEVEN + DAY, failures=1)
    assert office.cut(SEVEN + DAY, by_command=True) == ["empty"]


def test_the_forms_that_readers_chose_wait_with_the_edition_and_count_with_it(office: Office) -> None:
    monday = SEVEN - DAY
    office.room.subscribe("ann@example.org", "bob@example.org")
    with office.room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
        newsletter_store.resume_newsletter(connection, "daily", monday - HOUR)
        preference_store.save_preferences(
            connection, 1, selection="", cadence="weekly", hour=None, time_zone="", paused_until=None
        )
    office.add(1, monday - 4 * HOUR)
    office.place()
    office.polled("harbour", monday - 3 * HOUR)
    office.polled("hills", monday - HOUR / 2)
    assert office.cut(monday) == ["gathering"]
    assert office.forms() == []
    office.polled("harbour", monday)
    assert office.cut(monday + MINUTE) == ["cut"]
    (form,) = office.forms()
    with office.room.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
        counts = delivery_counts.count_by_edition(connection, [report.edition.id, form])
    assert report.deliveries == {"pending": 2}
    assert counts == {report.edition.id: {"pending": 2}, form: {"pending": 1}}


def test_an_empty_edition_counts_the_deliveries_of_its_forms(office: Office) -> None:
    monday = SEVEN - DAY
    office.room.subscribe("ann@example.org")
    with office.room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
        newsletter_store.resume_newsletter(connection, "daily", monday - HOUR)
        preference_store.save_preferences(
            connection, 1, selection="", cadence="weekly", hour=None, time_zone="", paused_until=None
        )
    office.add(1, monday - 3 * DAY)
    office.place()
    for name in ("harbour", "hills"):
        office.polled(name, monday)
    assert office.cut(monday) == ["empty"]
    with office.room.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    assert (report.state, report.deliveries) == ("empty", {"pending": 1})


def test_each_missed_period_is_listed_since_the_last_that_was_dealt_with(office: Office) -> None:
    assert office.cut(SEVEN) == ["empty"]
    with office.room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
    assert office.cut(SEVEN + 3 * DAY + 7 * HOUR) == []
    with office.room.store.write() as connection:
        newsletter_store.resume_newsletter(connection, "daily", SEVEN + 3 * DAY + 8 * HOUR)
    assert office.cut(SEVEN + 3 * DAY + 9 * HOUR) == []
    # Three days later: two are missed, and the third waits for its sources.
    assert office.cut(SEVEN + 6 * DAY + HOUR) == ["gathering", "missed", "missed"]
    with office.room.store.read() as connection:
        missed = period_store.missed_periods(connection, since=SEVEN + 6 * DAY)
    assert missed["daily"] == [SEVEN + 4 * DAY, SEVEN + 5 * DAY]


def test_a_year_of_silence_lists_the_latest_sixty(office: Office) -> None:
    assert office.cut(SEVEN) == ["empty"]
    assert office.cut(SEVEN + 365 * DAY + 7 * HOUR) == ["missed"] * MOST_MISSED
    assert office.cut(SEVEN + 365 * DAY + 8 * HOUR) == []


@pytest.mark.parametrize("state", [edition_store.EMPTY, edition_store.MISSED])
def test_the_record_of_a_period_that_has_not_ended_is_void(office: Office, state: str) -> None:
    """A clock that was a day ahead left it behind."""
    with office.room.store.write() as connection:
        assert edition_store.record_no_edition(
            connection, "daily", "edition", (SEVEN - DAY, SEVEN), state, SEVEN + MINUTE
        )
    assert office.cut(SEVEN - 20 * HOUR) == []
    assert office.states() == []
    office.add(1, SEVEN - 2 * HOUR)
    office.place()
    assert office.cut(SEVEN) == ["cut"]


@pytest.mark.parametrize("state", [edition_store.EMPTY, edition_store.MISSED])
def test_a_record_that_was_made_by_a_clock_a_day_ahead_is_void(office: Office, state: str) -> None:
    """The period has ended when the daemon trusts its clock again."""
    with office.room.store.write() as connection:
        assert edition_store.record_no_edition(
            connection, "daily", "edition", (SEVEN - DAY, SEVEN), state, SEVEN + DAY - HOUR
        )
    office.add(1, SEVEN - 2 * HOUR)
    office.place()
    assert office.cut(SEVEN + 5 * MINUTE) == ["cut"]


def test_a_clock_that_is_set_back_after_the_cut_makes_no_second_edition(office: Office) -> None:
    office.add(1, SEVEN - 2 * HOUR)
    office.place()
    assert office.cut(SEVEN) == ["cut"]
    for at in (SEVEN - MINUTE, SEVEN, SEVEN - 20 * HOUR, SEVEN + HOUR):
        assert office.cut(at) == []
    assert office.states() == ["cut"]
