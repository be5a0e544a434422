"""Who gets a correction: all who were sent the edition, and those who wait for it get nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import TransportDown
from syndicate.model import DeliveryCause
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import new_article
from tests.jobs.choosing import choose
from tests.jobs.reviewing import editor
from tests.jobs.room import Room, source
from tests.jobs.sending import job, messages

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAITS = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\napproval = "2h"\n'
ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture
def waiting(rooms: Room) -> tuple[Room, int]:
    """An edition that waits for its editor, and two subscribers; its id."""
    rooms.declare(source("harbour", "https://harbour.example/feed") + WAITS, now=SEVEN - 23 * HOUR)
    rooms.subscribe(ANN, BOB)
    for number, section in enumerate(("Sport", "Politics"), start=1):
        moment = SEVEN - number * HOUR
        facts = {"section": section, "published": moment, "updated": moment, "first_seen": moment}
        rooms.add(new_article(number, title=f"What happened in {section}", **facts))
    rooms.services.stories.run(SEVEN)
    (outcome,) = rooms.services.editions.run(SEVEN)
    assert outcome.edition_id is not None
    return rooms, outcome.edition_id


def correct(room: Room, edition_id: int, now: datetime) -> int:
    """Let a correction go; the id of the new revision."""
    work = editor(room.services)
    revision = work.correct(edition_id, "It is wrong.", by="jo", now=now)
    work.approve(revision, by="jo", now=now)
    return revision


def sent(room: Room, now: datetime) -> dict[str, str]:
    """Send what is due: who got an edition, and who a correction."""
    with ScriptedSmtp(PIPELINING) as smtp:
        job(room, smtp.port, now=now).run(now)
    return {
        one["To"].addresses[0].addr_spec: str(one["Subject"]).partition(":")[0]
        for one in messages(smtp.bodies)
    }


def cancelled(room: Room) -> list[tuple[str, DeliveryCause]]:
    with room.store.read() as connection:
        found = delivery_store.list_deliveries(connection)
    return [(one.delivery.address, one.cause) for one in found if one.delivery.state.value == "cancelled"]


def test_who_waits_for_an_own_hour_gets_the_correction_then_and_never_what_is_wrong(
    waiting: tuple[Room, int],
) -> None:
    room, number = waiting
    choose(room, ANN, now=SEVEN, hour=["20"], time_zone=["UTC"])
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)
    assert set(sent(room, SEVEN + HOUR)) == {BOB}
    correct(room, number, SEVEN + 2 * HOUR)
    assert sent(room, SEVEN + 2 * HOUR) == {BOB: "Correction"}
    assert sent(room, SEVEN + 12 * HOUR) == {}
    assert sent(room, SEVEN + 13 * HOUR) == {ANN: "Correction"}
    assert cancelled(room) == [(ANN, DeliveryCause.CORRECTED)]


def test_a_second_correction_takes_the_place_of_the_first(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    choose(room, ANN, now=SEVEN, hour=["20"], time_zone=["UTC"])
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)
    sent(room, SEVEN + HOUR)
    correct(room, correct(room, number, SEVEN + 2 * HOUR), SEVEN + 3 * HOUR)
    assert sent(room, SEVEN + 3 * HOUR) == {BOB: "Correction"}
    assert sent(room, SEVEN + 13 * HOUR) == {ANN: "Correction"}
    assert [address for address, _ in cancelled(room)].count(ANN) == 2


@pytest.mark.parametrize(
    "choice",
    [{"section": ["Sport"]}, {"cadence": ["weekly"]}, {"pause": ["7"]}],
    ids=["sections", "cadence", "pause"],
)
def test_who_was_sent_the_edition_gets_its_correction_whatever_they_chose_since(
    waiting: tuple[Room, int], choice: dict[str, Sequence[str]]
) -> None:
    room, number = waiting
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)
    assert set(sent(room, SEVEN + HOUR)) == {ANN, BOB}
    choose(room, ANN, now=SEVEN + 2 * HOUR, **choice)
    correct(room, number, SEVEN + 3 * HOUR)
    assert sent(room, SEVEN + 3 * HOUR) == {ANN: "Correction", BOB: "Correction"}


def test_who_left_or_must_not_be_written_to_gets_no_correction(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)
    sent(room, SEVEN + HOUR)
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, ANN, detail="by link", now=SEVEN + HOUR)
        audience_store.suppress(connection, BOB, reason="complained", now=SEVEN + HOUR)
    correct(room, number, SEVEN + 3 * HOUR)
    assert sent(room, SEVEN + 3 * HOUR) == {}


def test_who_paused_before_an_own_hour_gets_neither_the_edition_nor_its_correction(
    waiting: tuple[Room, int],
) -> None:
    room, number = waiting
    choose(room, ANN, now=SEVEN, hour=["20"], time_zone=["UTC"])
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)
    sent(room, SEVEN + HOUR)
    choose(room, ANN, now=SEVEN + 2 * HOUR, hour=["20"], time_zone=["UTC"], pause=["7"])
    correct(room, number, SEVEN + 3 * HOUR)
    assert sent(room, SEVEN + 3 * HOUR) == {BOB: "Correction"}
    assert sent(room, SEVEN + 13 * HOUR) == {}
    assert (ANN, DeliveryCause.PAUSED) in cancelled(room)


def test_a_correction_let_go_while_a_body_is_on_its_way_is_not_followed_by_what_is_wrong(
    waiting: tuple[Room, int],
) -> None:
    room, number = waiting
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, BOB, detail="by link", now=SEVEN)
    editor(room.services).approve(number, by="jo", now=SEVEN + HOUR)

    corrected: list[bool] = []

    class Interrupted(SmtpSender):
        def run(self, next_mail: Any, record_results: Any, **facts: Any) -> TransportDown | None:
            def settled(ended: Any, beginning: Any) -> Any:
                begun = record_results(ended, beginning)
                if begun and not corrected:
                    corrected.append(True)
                    correct(room, number, SEVEN + HOUR)
                return begun

            return super().run(next_mail, settled, **facts)

    now = SEVEN + HOUR
    with ScriptedSmtp({"BODY": b"451 Try again later\r\n"}) as smtp:
        options = SmtpOptions(host="127.0.0.1", port=smtp.port, tls="none", domain="example.com", timeout=60)
        replace(job(room, smtp.port, now=now), sender=lambda: Interrupted(options)).run(now)
    assert cancelled(room) == [(ANN, DeliveryCause.CORRECTED)]
    assert sent(room, now + HOUR) == {ANN: "Correction"}
    assert sent(room, now + 9 * HOUR) == {}
