"""What the server refuses: a message, a mailbox, or us. Only what is not about us costs a reader anything."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from syndicate.errors import StoreError
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.reports.health import read_health
from syndicate.store import schema
from syndicate.store.mail import bounce_store, delivery_store, sending_pauses
from syndicate.store.subscribers import audience_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.sending import MINUTE, job, mail_to, states, to

READERS = tuple(f"reader{number:02}" for number in range(30))
NOT_FOR_YOU = b"554 5.7.1 relay access denied\r\n"
WHOM = {"DATA": b"503 whom?\r\n"}


def test_an_edition_above_the_server_s_size_fails_and_says_so(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp({"EHLO": b"250-test\r\n250-PIPELINING\r\n250 SIZE 500\r\n"}) as smtp:
        result = job(desk, smtp.port).run(NOW)
    assert result == DeliverResult(failed=2)
    with desk.store.read() as connection:
        reports = delivery_store.list_deliveries(connection)
        assert bounce_store.count_by_kind(connection) == {"ignored": 0}
    assert all("takes at most 500 bytes" in report.error for report in reports)


@pytest.mark.parametrize(
    "script", [{"RCPT": NOT_FOR_YOU} | WHOM, {"BODY": NOT_FOR_YOU}], ids=["RCPT", "body"]
)
@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_refuses_everything_for_policy_rests_and_nobody_has_failed(
    desk: Room, script: dict[str, bytes], connections: int
) -> None:
    mail_to(desk, *READERS)
    with ScriptedSmtp(PIPELINING | script) as smtp:
        result = job(desk, smtp.port, connections=connections).run(NOW)
        assert (result.failed, result.deferred, result.uncertain) == (0, 0, 0)
        assert "5.7.1" in result.problem
        assert job(desk, smtp.port).run(NOW + 14 * MINUTE).paused
    assert Counter(states(desk).values()) == {"pending": 30}
    with desk.store.read() as connection:
        assert {report.delivery.attempts for report in delivery_store.list_deliveries(connection)} == {0}
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(desk, smtp.port).run(NOW + 16 * MINUTE) == DeliverResult(sent=30)
    assert to(smtp.bodies) == sorted(READERS)


@pytest.mark.parametrize(
    "script", [{"RCPT": NOT_FOR_YOU} | WHOM, {"BODY": NOT_FOR_YOU}], ids=["RCPT", "body"]
)
@pytest.mark.parametrize("connections", [1, 3])
def test_a_short_list_that_is_refused_for_policy_waits_as_a_long_one(
    desk: Room, script: dict[str, bytes], connections: int
) -> None:
    mail_to(desk, "ann", "bob", "cleo")
    with ScriptedSmtp(PIPELINING | script) as smtp:
        result = job(desk, smtp.port, connections=connections).run(NOW)
        assert (result.failed, result.deferred, "5.7.1" in result.problem) == (0, 0, True)
        assert job(desk, smtp.port).run(NOW + 14 * MINUTE).paused
    assert set(states(desk).values()) == {"pending"}
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(desk, smtp.port).run(NOW + 16 * MINUTE) == DeliverResult(sent=3)


def test_one_reader_refused_for_policy_waits_alone_until_others_tell(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    table = schema.deliveries
    with desk.store.write() as connection:
        bob = update(table).where(table.c.address == "bob@example.org")
        connection.execute(bob.values(not_before=NOW + 5 * MINUTE))
    with ScriptedSmtp(PIPELINING | {"BODY": NOT_FOR_YOU}) as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(deferred=1)
    assert states(desk) == {"ann": "deferred", "bob": "pending"}
    with ScriptedSmtp({**PIPELINING, "BODY": (NOT_FOR_YOU, b"250 ok\r\n")}) as smtp:
        assert job(desk, smtp.port).run(NOW + 6 * MINUTE) == DeliverResult(sent=1, failed=1)


def test_bodies_refused_for_policy_leave_nobody_in_doubt_when_the_sender_ends(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_to(desk, *READERS)
    calls: list[int] = []
    begun = delivery_store.begin_sending

    def full(*arguments, **facts) -> set[int]:
        calls.append(1)
        if len(calls) > 10:
            raise StoreError("no space left for the store")
        return begun(*arguments, **facts)

    monkeypatch.setattr(delivery_store, "begin_sending", full)
    with ScriptedSmtp(PIPELINING | {"BODY": NOT_FOR_YOU}) as smtp, pytest.raises(StoreError):
        job(desk, smtp.port).run(NOW)
    assert "sending" not in states(desk).values()


def test_one_sender_refused_does_not_keep_the_others_waiting(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cleo")
    script = {
        "MAIL": (b"553 no such sender\r\n", b"250 ok\r\n"),
        "DATA": (b"503 whose?\r\n", b"354 go\r\n"),
    }
    with ScriptedSmtp({**PIPELINING, **script}) as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(sent=2, failed=1)


REFUSED = {"MAIL": b"550 who are you\r\n"}


def refused(room: Room, now: datetime) -> timedelta:
    """Try, and be refused at MAIL: for how long sending rests then."""
    with ScriptedSmtp(REFUSED) as smtp:
        assert "who are you" in job(room, smtp.port, now=now).run(now).problem
    with room.store.read() as connection:
        pause = sending_pauses.sending_pause(connection, now)
    assert pause is not None
    return pause.until - now


@pytest.mark.parametrize("readers", [1, 5])
def test_sending_rests_twice_as_long_after_each_refusal_and_status_says_so(desk: Room, readers: int) -> None:
    mail_to(desk, *READERS[:readers])
    now, rests = NOW, []
    for _ in range(5):
        rests.append(refused(desk, now) // MINUTE)
        now += rests[-1] * MINUTE
    assert rests == [15, 30, 60, 120, 120]
    assert set(states(desk).values()) == {"pending"}
    (problem,) = (
        text for text in read_health(desk.services, now - MINUTE).problems if "refused the sender" in text
    )
    assert problem.startswith("the mail server refused the sender 5 times in a row: ")
    assert "who are you. Sending is paused until" in problem


def test_what_is_taken_or_a_person_ends_the_count_of_refusals(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    assert refused(desk, NOW) == 15 * MINUTE
    now = NOW + 15 * MINUTE
    assert refused(desk, now) == 30 * MINUTE
    with ScriptedSmtp(REFUSED) as smtp:
        job(desk, smtp.port, now=now).run(now, resume=True)
    now += 15 * MINUTE
    script = {"MAIL": (b"250 ok\r\n", b"550 who are you\r\n")}
    with ScriptedSmtp(script) as smtp:
        assert job(desk, smtp.port, now=now).run(now) == DeliverResult(sent=1, failed=1)
    with desk.store.read() as connection:
        assert sending_pauses.latest_pause(connection) is None


def test_a_server_that_cannot_be_reached_neither_counts_nor_ends_the_count(desk: Room) -> None:
    mail_to(desk, "ann")
    assert refused(desk, NOW) == 15 * MINUTE
    now = NOW + 15 * MINUTE
    with ScriptedSmtp() as smtp:
        port = smtp.port
    assert "cannot be used" in job(desk, port, now=now).run(now).problem
    assert refused(desk, now + 2 * MINUTE) == 30 * MINUTE


@pytest.mark.all
def test_a_mailbox_that_was_full_for_three_days_is_one_soft_bounce(desk: Room) -> None:
    mail_to(desk, "ann")
    assert given_up(desk, b"452 4.2.2 mailbox full\r\n") == {"soft": 1, "ignored": 0}


@pytest.mark.all
@pytest.mark.parametrize("step", ["RCPT", "MAIL"])
def test_what_was_put_off_because_of_us_counts_against_no_mailbox(desk: Room, step: str) -> None:
    mail_to(desk, "ann")
    said = b"451 4.7.1 we do not know you\r\n" if step == "RCPT" else b"450 not now\r\n"
    assert given_up(desk, said, step) == {"ignored": 0} | ({"policy": 1} if step == "RCPT" else {})
    with desk.store.read() as connection:
        assert audience_store.count_readers(connection) == 1


def given_up(desk: Room, said: bytes, step: str = "RCPT") -> dict[str, int]:
    """Try for three days; what came back, by kind."""
    now = NOW
    with ScriptedSmtp({step: said}) as smtp:
        while states(desk) != {"ann": "failed"}:
            job(desk, smtp.port, now=now).run(now)
            now += timedelta(hours=4)
    with desk.store.read() as connection:
        return bounce_store.count_by_kind(connection)
