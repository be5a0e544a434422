"""Two senders at work when a person brakes: nothing leaves but what was on the wire, and all of it later."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import ActionRefused
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.model.actors import ROLES, Actor, Change, command_actor
from syndicate.store.access import audit_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.newsletter.test_variants import SEVEN, WAITS, issue, prepared
from tests.jobs.room import Room
from tests.jobs.sending import MINUTE, job, mail_to, states, to

READERS = tuple(f"reader{number:03}" for number in range(120))
NORA = Actor(kind="user", name="nora@news.example", user_id=1, scopes=ROLES["admin"])


def senders(room: Room, port: int, on_claim: Any = lambda: None) -> list[DeliverJob]:
    """Two senders that look at the brake between all mails."""
    made = [job(room, port, owner=owner, on_claim=on_claim, connections=2) for owner in ("one", "two")]
    return [replace(sender, due_check_interval=0.0) for sender in made]


def run(jobs: list[DeliverJob], now: Any = NOW) -> list[Any]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(lambda sender: sender.run(now), jobs))


@pytest.mark.all
@pytest.mark.parametrize("edition", [0, pytest.param(1, marks=pytest.mark.all)])
def test_after_the_brake_nothing_leaves_but_what_was_on_the_wire(desk: Room, edition: int) -> None:
    mail_to(desk, *READERS)
    actions, braked, seen = desk.services.admin.deliveries, threading.Event(), list[int]()

    def brake() -> None:
        """Pause after the tenth mail, and count the mails that stand on the wire then."""
        seen.append(1)
        if len(seen) == 10 and not braked.is_set():
            actions.pause(Change(actor=NORA, now=NOW), "The footer is wrong.", edition)
            found = Counter(states(desk).values())
            at_the_brake.append(found["sent"] + found["sending"])
            braked.set()

    at_the_brake: list[int] = []
    with ScriptedSmtp(PIPELINING) as smtp:
        run(senders(desk, smtp.port, brake))
        assert braked.is_set()
        # Each of the four connections has a mail on the wire and may have another begun.
        assert len(smtp.bodies) <= at_the_brake[0] + 8
        left = len(smtp.bodies)
        assert left < len(READERS)
        assert Counter(states(desk).values()) == {"sent": left, "pending": len(READERS) - left}
        for minutes in (1, 2):
            run(senders(desk, smtp.port), NOW + minutes * MINUTE)
        assert len(smtp.bodies) == left
        actions.resume(Change(actor=NORA, now=NOW + 3 * MINUTE), edition)
        run(senders(desk, smtp.port), NOW + 3 * MINUTE)
    assert to(smtp.bodies) == sorted(READERS)
    assert set(states(desk).values()) == {"sent"}
    with desk.store.read() as connection:
        said = [(row.action, row.actor_name) for row in audit_store.audit_rows(connection)]
    assert said == [("delivery.resume", NORA.name), ("delivery.pause", NORA.name)]


def test_an_approval_taken_back_while_two_senders_run_is_whole_or_refused(room: Room) -> None:
    """Nothing leaves before its minute is over; then the approval stands, and each mail leaves once."""
    prepared(room, WAITS)
    edition, actions = issue(room).edition.id, room.services.admin.editions
    with ScriptedSmtp(PIPELINING) as smtp:
        for second in range(2):
            now = SEVEN + timedelta(minutes=5 * second)
            actions.approve(Change(actor=NORA, now=now), edition)
            barrier, undone = threading.Barrier(3), list[bool]()

            def send(sender: DeliverJob, now: Any = now, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                sender.run(now + timedelta(seconds=59))

            def undo(now: Any = now, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                actions.undo_approval(Change(actor=NORA, now=now + timedelta(seconds=30)), edition)
                undone.append(True)  # noqa: B023 the pool ends the round

            with ThreadPoolExecutor(3) as pool:
                made = senders(room, smtp.port)
                waiting = [pool.submit(send, sender) for sender in made] + [pool.submit(undo)]
                for future in waiting:
                    future.result()
            assert (undone, smtp.bodies, states(room), issue(room).state) == ([True], [], {}, "held")
        now = SEVEN + timedelta(hours=1)
        actions.approve(Change(actor=NORA, now=now), edition)
        run(senders(room, smtp.port), now + timedelta(seconds=61))
        with pytest.raises(ActionRefused) as refused:
            actions.undo_approval(Change(actor=NORA, now=now + timedelta(seconds=62)), edition)
        assert refused.value.problem == "mail-has-left"
    assert to(smtp.bodies) == ["ann", "bob", "cat"]
    assert set(states(room).values()) == {"sent"}


@pytest.mark.all
def test_a_take_back_races_the_first_mail_and_nobody_gets_a_mail_of_a_held_edition(room: Room) -> None:
    """At the last moment either all mails are gone from the ledger, or the take-back is refused."""
    prepared(room, WAITS)
    edition, actions, outcomes = issue(room).edition.id, room.services.admin.editions, list[str]()
    with ScriptedSmtp(PIPELINING) as smtp:
        now = SEVEN
        actions.approve(Change(actor=NORA, now=now), edition)
        barrier = threading.Barrier(3)

        def send(sender: DeliverJob) -> None:
            barrier.wait()
            sender.run(now + timedelta(seconds=61))

        def undo() -> None:
            barrier.wait()
            try:
                # The clock of the editor's machine is two seconds slow.
                actions.undo_approval(Change(actor=NORA, now=now + timedelta(seconds=59)), edition)
                outcomes.append("held")
            except ActionRefused as error:
                outcomes.append(error.problem)

        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(send, sender) for sender in senders(room, smtp.port)] + [pool.submit(undo)]
            for future in waiting:
                future.result()
        if outcomes == ["held"]:
            assert (smtp.bodies, states(room), issue(room).state) == ([], {}, "held")
            actions.approve(Change(actor=command_actor("nora"), now=now + timedelta(minutes=5)), edition)
        else:
            assert outcomes == ["mail-has-left"]
        run(senders(room, smtp.port), now + timedelta(minutes=6))
    assert to(smtp.bodies) == ["ann", "bob", "cat"]
