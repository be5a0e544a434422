"""How late a message may be sent: an edition by its newsletter's ``max_lateness``, a question while its link
works; what was tried in time has its three days. Nothing that is too late is passed over in silence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.delivery.rate_limit import RateLimits
from syndicate.jobs.delivery.deliver_job import BATCH
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.model import DeliveryCause
from syndicate.reports.health import read_health
from syndicate.store.mail import delivery_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.audience import test_sign_up as sign_up
from tests.jobs.choosing import EVENING, JO, KIM, choose, sent, two_readers
from tests.jobs.reviewing import editor
from tests.jobs.room import Room, source
from tests.jobs.sending import job

HOUR = timedelta(hours=1)
LATE = ("failed", DeliveryCause.TOO_LATE, "")


@pytest.fixture
def room(rooms: Room) -> Room:
    return two_readers(rooms)


def cut(room: Room, hour: str = "") -> None:
    """The evening's edition is cut; Jo may have chosen an hour in Berlin."""
    choose(room, hour=[hour], time_zone=["Europe/Berlin"])
    room.services.editions.run(EVENING)


def reports(room: Room) -> dict[str, tuple[str, DeliveryCause, str]]:
    """State, why, and what was said, by reader."""
    with room.store.read() as connection:
        found = delivery_store.list_deliveries(connection)
    return {
        report.delivery.address: (report.delivery.state.value, report.cause, report.error) for report in found
    }


def test_an_edition_is_sent_until_max_lateness_is_over(room: Room) -> None:
    cut(room)
    assert sent(room, EVENING + 6 * HOUR)[1] == ["jo", "kim"]


def test_what_a_late_daemon_finds_fails_with_a_reason_and_status_tells(room: Room) -> None:
    cut(room)
    late = EVENING + timedelta(days=2)
    assert sent(room, late) == (DeliverResult(late=2), [])
    assert reports(room) == dict.fromkeys((JO, KIM), LATE)
    health = read_health(room.services, late)
    (problem,) = (text for text in health.problems if "too late" in text)
    assert problem.startswith("2 deliveries could not be sent before it was too late")
    assert not any("refused" in text for text in health.problems)
    assert not any(
        "too late" in text
        for text in read_health(
            room.services,
            late + timedelta(days=8),
        ).problems
    )


@pytest.mark.all
def test_what_becomes_too_late_while_others_are_sent_is_not_claimed_any_more(room: Room) -> None:
    room.subscribe(*(f"reader{number}@example.org" for number in range(BATCH - 1)))
    cut(room)
    clock = [EVENING]

    def slow() -> None:
        clock[0] = EVENING + 7 * HOUR

    with ScriptedSmtp(PIPELINING) as smtp:
        work = replace(job(room, smtp.port, on_claim=slow), clock=lambda: clock[0])
        assert work.run(EVENING) == DeliverResult(sent=BATCH, late=1)
    said = list(reports(room).values())
    assert said.count(LATE) == 1


def test_the_time_of_a_run_is_its_own_whatever_the_clock_says(room: Room) -> None:
    """A run may be told another time: only how long it lasts is the clock's."""
    cut(room)
    with ScriptedSmtp(PIPELINING) as smtp:
        work = replace(job(room, smtp.port), clock=lambda: EVENING + timedelta(days=30))
        assert work.run(EVENING) == DeliverResult(sent=2)


def test_a_person_may_send_what_was_too_late(room: Room) -> None:
    cut(room)
    late = EVENING + timedelta(days=2)
    sent(room, late)
    with room.store.write() as connection:
        for one in delivery_store.list_deliveries(connection):
            assert delivery_store.resend(connection, one.delivery.id, now=late)
    assert sent(room, late)[1] == ["jo", "kim"]


def test_lateness_counts_from_the_own_hour(room: Room) -> None:
    cut(room, "1")
    assert sent(room, EVENING)[1] == ["kim"]
    assert sent(room, EVENING + 13 * HOUR)[1] == ["jo"]


def test_a_mail_for_an_own_hour_has_its_three_days_from_its_first_attempt(room: Room) -> None:
    cut(room, "17")
    grey = {"RCPT": (b"450 later\r\n",)}
    sent(room, EVENING)
    assert sent(room, EVENING + 26 * HOUR, grey)[0] == DeliverResult(deferred=1)
    assert sent(room, EVENING + 70 * HOUR, grey)[0] == DeliverResult(deferred=1)
    assert sent(room, EVENING + 96 * HOUR) == (DeliverResult(sent=1), ["jo"])


def test_what_was_put_off_in_time_is_not_sent_after_its_three_days(room: Room) -> None:
    cut(room)
    assert sent(room, EVENING, {"RCPT": (b"450 come later\r\n",)})[0] == DeliverResult(deferred=2)
    assert sent(room, EVENING + timedelta(days=12)) == (DeliverResult(late=2), [])
    state, cause, said = reports(room)[JO]
    assert (state, cause) == LATE[:2]
    assert "450 come later" in said


def test_what_waits_for_its_turn_under_a_limit_is_not_late_because_of_it(room: Room) -> None:
    cut(room)
    one_in_a_hundred_minutes = RateLimits(domain_rate=0.01)
    assert sent(room, EVENING, limits=one_in_a_hundred_minutes)[0].sent == 1
    assert sent(room, EVENING + 7 * HOUR)[0].sent == 1


def test_a_question_is_not_sent_when_its_link_has_expired(rooms: Room) -> None:
    rooms.declare(source("harbour", "https://harbour.example/feed") + sign_up.NEWSLETTERS)
    sign_up.ask(rooms, sign_up.JO)
    late = NOW + timedelta(seconds=sign_up.job(rooms).options.lifetime, minutes=1)
    assert sent(rooms, late) == (DeliverResult(late=1), [])


@pytest.mark.parametrize("approved", [2, 30])
def test_an_edition_that_waited_for_its_editor_is_late_from_its_release(room: Room, approved: int) -> None:
    waits = '[[newsletters]]\nname = "daily"\nschedule = "daily 17:00"\ntime_zone = "UTC"\napproval = "3d"\n'
    room.declare(source("harbour", "https://harbour.example/feed") + waits)
    (outcome,) = room.services.editions.run(EVENING)
    assert outcome.edition_id is not None
    release = EVENING + approved * HOUR
    editor(room.services).approve(outcome.edition_id, by="jo", now=release)
    assert sent(room, release + 5 * HOUR)[1] == ["jo", "kim"]
