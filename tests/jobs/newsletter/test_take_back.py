"""An approval is taken back whole, or not at all once a mail has left."""

from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import ActionRefused, NotAllowed
from syndicate.model.actors import EDITOR_SCOPES, Actor, Change
from syndicate.publish.newsletter_archive import archive_index
from syndicate.store.access import audit_store
from syndicate.store.mail import archive_store, delivery_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.jobs.newsletter.test_variants import ANN, BOB, CAT, SEVEN, form, issue, prepared, readers
from tests.jobs.reviewing import editor
from tests.jobs.room import Room
from tests.jobs.sending import job

HOUR = timedelta(hours=1)
EIGHT = SEVEN + HOUR
MINUTE = timedelta(minutes=1)


def person(now: Any, scopes: frozenset[str] = EDITOR_SCOPES) -> Change:
    return Change(actor=Actor(kind="user", name="nora", scopes=scopes), now=now)


def states(room: Room) -> tuple[str, str]:
    return issue(room).state, form(room).state


@pytest.mark.all
def test_within_its_minute_edition_and_variants_wait_again_and_nothing_is_published(
    rooms: Room,
) -> None:
    room, actions = prepared(rooms), rooms.services.admin.editions
    number = issue(room).edition.id
    actions.approve(person(EIGHT), number)
    assert (states(room), readers(room)) == (("cut", "variant"), [ANN, BOB, CAT])
    with room.store.read() as connection:
        assert archive_store.sent_editions(connection, "daily", EIGHT) == []
        assert len(archive_store.sent_editions(connection, "daily", EIGHT + MINUTE)) == 1
    actions.undo_approval(person(EIGHT + MINUTE / 2), number)
    assert (states(room), readers(room)) == (("held", "held"), [])
    assert [one.action for one in room.services.review.changes(number)] == ["approve", "take back"]
    with room.store.read() as connection:
        assert [row.action for row in audit_store.audit_rows(connection)] == [
            "edition.take-back",
            "edition.approve",
        ]
    with pytest.raises(ActionRefused, match="0 mails have left"):
        actions.undo_approval(person(EIGHT + MINUTE / 2), number)
    actions.approve(person(EIGHT + 2 * MINUTE), number)
    assert (states(room), readers(room)) == (("cut", "variant"), [ANN, BOB, CAT])
    assert archive_index(room.services.newsletters[0])


@pytest.mark.all
def test_once_a_mail_has_left_nothing_changes(rooms: Room) -> None:
    room, actions = prepared(rooms), rooms.services.admin.editions
    number, later = issue(room).edition.id, EIGHT + 2 * MINUTE
    actions.approve(person(EIGHT), number)
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(room, smtp.port, now=EIGHT).run(EIGHT).sent == 0
        assert job(room, smtp.port, now=later).run(later).sent == 3
    with pytest.raises(ActionRefused, match="3 mails have left"):
        actions.undo_approval(person(later), number)
    assert (states(room), readers(room)) == (("cut", "variant"), [ANN, BOB, CAT])


@pytest.mark.all
def test_a_correction_taken_back_leaves_the_first_edition_on_its_way(rooms: Room) -> None:
    room, actions = prepared(rooms), rooms.services.admin.editions
    number = issue(room).edition.id
    editor(room.services).approve(number, by="jo", now=EIGHT)
    revision = editor(room.services).correct(number, "It is wrong.", by="jo", now=EIGHT)
    actions.approve(person(EIGHT + MINUTE), revision)
    with room.store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"cancelled": 3, "pending": 3}
    actions.undo_approval(person(EIGHT + MINUTE), revision)
    with room.store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"pending": 3}


def test_commands_go_at_once_and_reading_is_not_sending(rooms: Room) -> None:
    room = prepared(rooms)
    number = issue(room).edition.id
    with pytest.raises(NotAllowed):
        room.services.admin.editions.approve(person(EIGHT, frozenset({"editions:read"})), number)
    with pytest.raises(NotAllowed):
        room.services.admin.editions.edit(person(EIGHT, frozenset({"editions:read"})), number)
    editor(room.services).approve(number, by="jo", now=EIGHT)
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(room, smtp.port, now=EIGHT).run(EIGHT).sent == 3
