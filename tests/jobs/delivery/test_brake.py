"""Sending of an edition rests after too many refusals, and all sending when a person pauses it."""

from dataclasses import replace

import pytest

from syndicate.delivery.attempt_outcome import brakes
from syndicate.model.actors import Change, command_actor
from syndicate.store.mail import sending_rests
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.sending import MINUTE, job, mail_to

UNKNOWN = PIPELINING | {"RCPT": b"550 5.1.1 no such user\r\n", "DATA": b"503 whom?\r\n"}


@pytest.mark.parametrize(
    ("mails", "attempts", "refused", "rests"),
    [
        (500, 60, 51, True),
        (500, 500, 51, True),
        (500, 500, 50, False),
        (500, 501, 400, False),
        (100, 20, 11, True),
        (100, 20, 10, False),
        (3, 3, 3, False),
    ],
)
def test_more_than_a_tenth_of_the_first_five_hundred_refused_stops_an_edition(
    mails: int, attempts: int, refused: int, rests: bool
) -> None:
    assert brakes(mails, attempts, refused) is rests


@pytest.mark.all
def test_an_edition_rests_after_refused_mailboxes_until_a_person_resumes_it_for_good(desk: Room) -> None:
    mail_to(desk, *(f"reader{number:03}" for number in range(60)))
    with ScriptedSmtp(UNKNOWN) as smtp:
        first = job(desk, smtp.port).run(NOW)
        assert 11 <= first.failed < 20
        assert job(desk, smtp.port).run(NOW + 20 * MINUTE).failed == 0
        with desk.store.read() as connection:
            (rest,) = sending_rests.resting(connection)
        assert (rest.edition_id, rest.rested_by) == (1, "the brake")
        assert "refused as unknown" in rest.reason
        change = Change(actor=command_actor("ann"), now=NOW + 30 * MINUTE)
        desk.services.admin.deliveries.resume(change, 1)
        assert job(desk, smtp.port).run(NOW + 31 * MINUTE).failed == 60 - first.failed
        with desk.store.read() as connection:
            assert sending_rests.resting(connection) == []


def test_a_running_sender_stops_when_a_person_pauses(desk: Room) -> None:
    mail_to(desk, *(f"reader{number:03}" for number in range(30)))
    actions, change = desk.services.admin.deliveries, Change(actor=command_actor("ann"), now=NOW)
    with ScriptedSmtp(PIPELINING) as smtp:
        work = job(desk, smtp.port, on_claim=lambda: actions.pause(change, "wait"))
        work = replace(work, due_check_interval=0.0)
        assert work.run(NOW).sent < 30
        assert job(desk, smtp.port).run(NOW + MINUTE).paused
        actions.resume(Change(actor=command_actor("ann"), now=NOW + MINUTE))
        job(desk, smtp.port).run(NOW + 20 * MINUTE)
    assert len(smtp.bodies) == 30


def test_mail_that_rested_is_not_too_late_for_that(desk: Room) -> None:
    mail_to(desk, "ann")
    actions = desk.services.admin.deliveries
    actions.pause(Change(actor=command_actor("ann"), now=NOW), "wait", 1)
    late = NOW + 24 * 60 * MINUTE
    again = actions.pause(Change(actor=command_actor("bob"), now=late - MINUTE), "wait longer", 1)
    assert not again.is_change, "a second pause leaves reason, person and beginning as they are"
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(desk, smtp.port, now=late).run(late).late == 0
        actions.resume(Change(actor=command_actor("ann"), now=late), 1)
        assert job(desk, smtp.port, now=late).run(late).sent == 1


def test_a_clock_that_was_set_back_during_a_rest_makes_no_mail_too_late(desk: Room) -> None:
    mail_to(desk, "ann")
    actions = desk.services.admin.deliveries
    actions.pause(Change(actor=command_actor("ann"), now=NOW + 24 * 60 * MINUTE), "wait", 1)
    actions.resume(Change(actor=command_actor("ann"), now=NOW), 1)
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(desk, smtp.port).run(NOW + MINUTE).sent == 1
