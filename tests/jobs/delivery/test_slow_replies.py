"""A server that thinks for minutes about one mail keeps nobody else waiting, least of all a new reader."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from syndicate.delivery.rate_limit import RateLimits
from syndicate.jobs.delivery.deliver_result import DeliverResult
from tests.delivery.scripted_smtp import DROP_AFTER, HOLD, PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room, source
from tests.jobs.sending import NEWSLETTER, job, mail_to, states, to

SLOW: dict[str, Any] = {"slow": 0.1}
HELD = HOLD + b"250 taken\r\n"
HELD_ONCE = {"BODY": HELD}
BOTH = pytest.mark.parametrize("ehlo", [{}, PIPELINING], ids=["one by one", "pipelining"])


@pytest.fixture
def desk(rooms: Room) -> Room:
    """A newsroom with a sign-up page, on both engines."""
    rooms.declare(
        source("harbour", "https://harbour.example/feed") + NEWSLETTER + "[sign_up]\nenabled = true\n"
    )
    return rooms


def ask_to_confirm(room: Room, *readers: str) -> None:
    sign_ups = room.services.sign_ups
    assert sign_ups is not None
    for reader in readers:
        assert sign_ups.request(["daily"], f"{reader}@example.org", "203.0.113.0/24")
    sign_ups.run(NOW)


@contextmanager
def sending(room: Room, smtp: ScriptedSmtp, **facts: Any) -> Iterator[Future[DeliverResult]]:
    """A run in another thread; the server answers what it held at the end."""
    deliver = replace(job(room, smtp.port, **(SLOW | facts)), due_check_interval=0.01)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(deliver.run, NOW)
        try:
            yield running
        finally:
            smtp.release.set()
        running.result(60)


@BOTH
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_confirmation_goes_out_while_the_server_thinks_about_another_mail(
    desk: Room, ehlo: dict[str, bytes], step: str
) -> None:
    mail_to(desk, "ann")
    answer = {"DATA": b"354 go on\r\n"}.get(step, b"250 ok\r\n")
    with (
        ScriptedSmtp(ehlo, once={step: HOLD + answer}) as smtp,
        sending(desk, smtp, connections=1) as running,
    ):
        smtp.wait_until_held()
        ask_to_confirm(desk, "new")
        smtp.wait_for(1 + (step == "BODY"))
        assert not running.done()
        assert "new" in to(smtp.accepted)
    assert (running.result().sent, states(desk)) == (2, {"ann": "sent", "new": "sent"})
    assert to(smtp.accepted) == ["ann", "new"]


def test_a_run_does_not_wait_for_a_greeting_that_hangs(desk: Room) -> None:
    mail_to(desk, "ann")
    with (
        ScriptedSmtp(PIPELINING | {"CONNECT": HOLD + b"220 hello\r\n"}, PIPELINING) as smtp,
        sending(desk, smtp, connections=1) as running,
    ):
        assert running.result(60).sent == 1
        assert to(smtp.accepted) == ["ann"]


def test_what_was_offered_behind_a_slow_body_goes_another_way(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cleo", "dan")
    with ScriptedSmtp(PIPELINING, once=HELD_ONCE) as smtp, sending(desk, smtp, connections=1):
        smtp.wait_until_held()
        smtp.wait_for(4)
    assert set(states(desk).values()) == {"sent"}
    assert to(smtp.accepted) == ["ann", "bob", "cleo", "dan"]


def test_slow_connections_are_at_most_as_many_again_as_configured(desk: Room) -> None:
    mail_to(desk, *(f"reader{number:03}" for number in range(60)))
    with ScriptedSmtp(PIPELINING | {"BODY": HELD}) as smtp, sending(desk, smtp, connections=2) as running:
        smtp.wait_until_held(4)
        ask_to_confirm(desk, "new")
        assert not smtp.held.acquire(timeout=0.3)
        assert smtp.connections == 4
    assert (running.result().sent, len(smtp.accepted)) == (61, 61)


def test_a_server_that_has_no_room_for_another_connection_is_asked_again_later(desk: Room) -> None:
    """Not at once, and the slow answer is not lost with it."""
    mail_to(desk, "ann", "bob")
    busy = {"CONNECT": b"421 busy\r\n" + DROP_AFTER}
    with (
        ScriptedSmtp(PIPELINING | {"BODY": HELD}, busy) as smtp,
        sending(desk, smtp, connections=1) as running,
    ):
        smtp.wait_until_held()
        assert not smtp.held.acquire(timeout=0.3)
        assert smtp.connections == 2
    assert running.result().sent == 1
    assert states(desk) == {"ann": "sent", "bob": "pending"}


@pytest.mark.all
@pytest.mark.parametrize("limits", [RateLimits(), RateLimits(rate=1200), RateLimits(domain_rate=1200)])
def test_a_confirmation_does_not_wait_for_an_edition_that_is_being_sent(
    desk: Room, limits: RateLimits
) -> None:
    readers = tuple(f"reader{number:04}" for number in range(60))
    mail_to(desk, *readers)
    with (
        ScriptedSmtp(PIPELINING, once=HELD_ONCE) as smtp,
        sending(desk, smtp, connections=1, slow=60, limits=limits),
    ):
        smtp.wait_until_held()
        ask_to_confirm(desk, "new")
        smtp.release.set()
        smtp.wait_for(25)
        assert "new" in to(smtp.accepted[:25])
        if limits != RateLimits():
            smtp.wait_for(len(readers) + 1)
    assert to(smtp.accepted) == ["new", *readers]


def test_confirmations_that_wait_are_claimed_before_all_editions(desk: Room) -> None:
    mail_to(desk, *(f"reader{number:03}" for number in range(20)))
    ask_to_confirm(desk, "new")
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(desk, smtp.port).run(NOW).sent == 21
    assert to(smtp.accepted[:1]) == ["new"]


def test_pages_are_written_before_editions_and_not_waited_for_by_confirmations(desk: Room) -> None:
    accepted_before: list[list[str]] = []
    with ScriptedSmtp(PIPELINING) as smtp:

        def run() -> int:
            deliver = job(desk, smtp.port)
            return deliver.run(NOW, prepare=lambda _: accepted_before.append(to(smtp.accepted))).sent

        ask_to_confirm(desk, "new")
        assert (run(), accepted_before) == (1, [])
        mail_to(desk, "ann")
        ask_to_confirm(desk, "newer")
        assert (run(), accepted_before) == (2, [["new", "newer"]])


def test_an_edition_cut_while_the_server_thinks_is_sent_once_its_pages_are_there(desk: Room) -> None:
    prepared: list[int] = []
    ask_to_confirm(desk, "new")
    with ScriptedSmtp(PIPELINING, once=HELD_ONCE) as smtp, ThreadPoolExecutor(1) as pool:
        deliver = replace(job(desk, smtp.port, connections=1, **SLOW), due_check_interval=0.01)
        running = pool.submit(deliver.run, NOW, prepare=lambda _: prepared.append(len(smtp.accepted)))
        smtp.wait_until_held()
        mail_to(desk, "ann")
        smtp.wait_for(2)
        smtp.release.set()
        assert running.result(60).sent == 2
    assert prepared == [1]
