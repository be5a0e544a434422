"""Welcome mails and series: each step once to readers who confirmed, or a reason, and never late."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from syndicate.store import schema
from syndicate.store.core import quarantine
from syndicate.store.core.restored_store import mark_uncertain
from syndicate.store.mail import edition_store, message_store, newsletter_store
from syndicate.store.subscribers import audience_store, subscriber_export
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW, new_article
from tests.jobs.choosing import choose
from tests.jobs.room import Room, source
from tests.jobs.sending import job, messages

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BOB = "ann@example.org", "bob@example.org"
DECLARED = source("harbour", "https://harbour.example/feed") + (
    '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    'welcome = "welcome.md"\nseries = [{ days = 3, file = "third.md" }, { days = 7, file = "seventh.md" }]\n'
    '[[newsletters]]\nname = "plain"\nschedule = "daily 07:00"\n'
)


@pytest.fixture
def room(rooms: Room) -> Room:
    rooms.declare(DECLARED)
    for name in ("welcome", "third", "seventh"):
        (rooms.folder / f"{name}.md").write_text(f"# The {name} mail\n\nHello and thank you.\n", "utf-8")
    return rooms


def join(room: Room, address: str, now: datetime = NOW, newsletter: str = "daily") -> int:
    """Confirm a subscription as its owner; its id."""
    with room.store.write() as connection:
        number, _ = audience_store.request_subscription(connection, address, address, newsletter, now)
        audience_store.confirm_subscription(
            connection, address, newsletter, detail="", agreed="Send it.", now=now
        )
    return number


def leave(room: Room, subscription: int, now: datetime = NOW) -> None:
    with room.store.write() as connection:
        audience_store.end_subscription(connection, subscription, detail="", now=now)


def queued(room: Room, now: datetime) -> list[tuple[str, str]]:
    """Run the job; every mail queued so far, as (address, step)."""
    room.services.messages.run(now, ["daily", "plain"])
    return mails(room)


def mails(room: Room) -> list[tuple[str, str]]:
    query = select(schema.deliveries.c.address, schema.editions.c.variant_key)
    query = query.join(schema.editions, schema.editions.c.id == schema.deliveries.c.edition_id)
    with room.store.read() as connection:
        return sorted((row.address, row.variant_key) for row in connection.execute(query))


def states(room: Room) -> set[tuple[str, str, str]]:
    with room.store.read() as connection:
        return {(one.step, one.state, one.reason) for one in message_store.count_steps(connection)}


def test_a_reader_gets_the_welcome_at_once_and_the_series_by_days(room: Room) -> None:
    join(room, ANN)
    join(room, BOB, NOW + HOUR)
    join(room, BOB, NOW + HOUR, "plain")
    assert queued(room, NOW) == [(ANN, "welcome")]
    assert queued(room, NOW) == [(ANN, "welcome")]
    assert queued(room, NOW + DAY) == [(ANN, "welcome"), (BOB, "welcome")]
    assert queued(room, NOW + 3 * DAY)[:2] == [(ANN, "series 3"), (ANN, "welcome")]
    assert len(queued(room, NOW + 4 * DAY)) == 4
    assert len(queued(room, NOW + 8 * DAY)) == 6
    assert len(queued(room, NOW + 80 * DAY)) == 6
    assert {state for _, state, _ in states(room)} == {"queued"}


def test_the_mail_is_one_of_the_list_and_in_no_archive(room: Room) -> None:
    join(room, ANN)
    room.services.editions.run(NOW)
    with ScriptedSmtp(PIPELINING) as smtp:
        job(room, smtp.port, now=NOW).run(NOW)
    (mail,) = messages(smtp.bodies)
    assert (mail["Subject"], mail["To"]) == ("The welcome mail", ANN)
    assert mail["List-Unsubscribe"]
    assert mail["List-Id"]
    room.services.publish.run_archive(NOW)
    assert not list((room.services.output / "site/newsletters/daily").glob("20*.html"))
    with room.store.read() as connection:
        assert {report.state for report in edition_store.report_editions(connection)} == {"empty"}
        exported = subscriber_export.export_subscriber_data(connection, ANN)
    assert exported is not None
    made = exported["messages"][-1]
    assert (made["step"], made["state"]) == ("welcome", "queued")


def test_imported_readers_and_readers_from_before_a_step_get_none(room: Room) -> None:
    room.subscribe("imported@example.org")
    room.declare(DECLARED.replace('welcome = "welcome.md"\n', ""))
    join(room, ANN)
    room.declare(DECLARED)
    join(room, ANN, NOW + HOUR)
    assert queued(room, NOW + HOUR) == []
    assert states(room) == {("series 3", "planned", ""), ("series 7", "planned", "")}


def test_who_leaves_gets_nothing_and_who_returns_gets_the_rest(room: Room) -> None:
    number = join(room, ANN)
    assert queued(room, NOW) == [(ANN, "welcome")]
    leave(room, number)
    assert queued(room, NOW + 3 * DAY) == [(ANN, "welcome")]
    assert ("series 3", "skipped", "left") in states(room)
    join(room, ANN, NOW + 4 * DAY)
    assert queued(room, NOW + 4 * DAY) == [(ANN, "welcome")]
    assert queued(room, NOW + 7 * DAY) == [(ANN, "series 3"), (ANN, "welcome")]
    assert len(queued(room, NOW + 11 * DAY)) == 3


@pytest.mark.parametrize(("late", "reason"), [(3 * DAY, ""), (3 * DAY + HOUR, "late")])
def test_a_late_step_is_skipped(room: Room, late: timedelta, reason: str) -> None:
    join(room, ANN)
    assert queued(room, NOW + late) == [(ANN, "series 3" if reason else "welcome")]
    assert ("welcome", "skipped" if reason else "queued", reason) in states(room)
    assert ("series 7", "planned", "") in states(room)


def test_after_an_outage_the_mails_of_different_days_do_not_come_together(room: Room) -> None:
    join(room, ANN)
    restored = NOW + 3 * DAY
    assert queued(room, restored) == [(ANN, "welcome")]
    assert queued(room, restored + 19 * HOUR) == [(ANN, "welcome")]
    assert queued(room, restored + 20 * HOUR) == [(ANN, "series 3"), (ANN, "welcome")]


def test_pauses_suppressions_and_removed_steps_are_skipped_with_the_reason(room: Room) -> None:
    join(room, ANN)
    join(room, BOB)
    choose(room, ANN, now=NOW, pause=["14"])
    with room.store.write() as connection:
        audience_store.suppress(connection, BOB, reason="bounced", now=NOW)
    assert queued(room, NOW) == []
    assert states(room) >= {("welcome", "skipped", "paused"), ("welcome", "skipped", "suppressed")}
    join(room, "cleo@example.org", NOW + DAY)
    room.declare(DECLARED.replace("{ days = 7", "{ days = 8"))
    assert {step for _, step in queued(room, NOW + 9 * DAY)} == set()
    assert ("series 7", "skipped", "removed") in states(room)


def test_later_readers_get_the_new_text(room: Room) -> None:
    join(room, ANN)
    queued(room, NOW)
    (room.folder / "welcome.md").write_text("# Another mail\n\nHello.", "utf-8")
    join(room, BOB)
    queued(room, NOW + timedelta(seconds=15))
    with room.store.read() as connection:
        made = connection.execute(select(schema.editions.c.subject).order_by(schema.editions.c.id))
        assert list(made.scalars()) == ["The welcome mail", "Another mail"]


@pytest.mark.parametrize("text", ["Hello {{ name }}", None])
def test_a_mistake_waits_for_its_mending_and_is_shown(room: Room, text: str | None) -> None:
    file = room.folder / "welcome.md"
    Path.unlink(file) if text is None else file.write_text(text, "utf-8")
    join(room, ANN)
    outcomes = room.services.editions.run(NOW, names=["daily"])
    (problem,) = (outcome.problem for outcome in outcomes if outcome.outcome == "failed")
    assert "welcome.md" in problem
    with room.store.read() as connection:
        assert [one.kind for one in quarantine.failures(connection)] == ["message"]
    file.write_text("# Mended\n\nHello.", "utf-8")
    assert queued(room, NOW + HOUR) == [(ANN, "welcome")]
    with room.store.read() as connection:
        assert not quarantine.failures(connection)


def test_the_latest_edition_is_part_of_the_welcome(room: Room) -> None:
    (room.folder / "welcome.md").write_text("# Hello\n\nThis is new:\n\n{{ latest }}\n\nBye.", "utf-8")
    join(room, BOB, NOW - 2 * DAY, "plain")
    (letter, _) = room.services.newsletters
    before = room.services.messages.check(letter, letter.messages[0], NOW)
    assert before.content.stories == ()
    seven = NOW.replace(hour=7, minute=0)
    facts = dict.fromkeys(("published", "updated", "first_seen"), seven - HOUR)
    room.add(new_article(1, title="Harbour bridge reopens", **facts))
    room.services.stories.run(seven)
    room.services.editions.run(seven)
    after = room.services.messages.check(letter, letter.messages[0], NOW)
    assert [story.title for story in after.content.stories] == ["Harbour bridge reopens"]
    assert after.errors == ()


def test_a_paused_newsletter_and_a_restored_store_send_no_step(room: Room) -> None:
    join(room, ANN)
    with room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
    room.services.editions.run(NOW)
    assert mails(room) == []
    with room.store.write() as connection:
        newsletter_store.resume_newsletter(connection, "daily", NOW)
        mark_uncertain(connection, [], NOW, restored=NOW)
    assert queued(room, NOW) == []
    assert ("welcome", "skipped", "restored") in states(room)


def test_old_mails_go_with_their_deliveries_and_their_steps_stay(room: Room) -> None:
    join(room, ANN)
    queued(room, NOW)
    with room.store.write() as connection:
        connection.execute(schema.deliveries.delete())
        message_store.prune_messages(connection, before=NOW + HOUR)
        assert connection.execute(select(schema.editions.c.id)).all() == []
    assert queued(room, NOW + HOUR) == []
