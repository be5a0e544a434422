"""A backup is restored: nobody gets twice what was sent since it was made."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from syndicate.jobs.delivery.after_restore import mark_restored
from syndicate.store import open_store, schema
from syndicate.store.core.restored_store import MarkedUncertain
from syndicate.store.core.store_identity import SKIPPED_IDS, MailHold, hold_mail, lift_hold, skip_ids
from syndicate.store.events import webhook_store
from syndicate.store.events.event_log import add_event
from syndicate.store.mail import edition_store
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import SavedSearch
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import new_article, newsroom, place, subscribe
from tests.jobs.choosing import EVENING, JO, KIM, choose
from tests.jobs.room import Room, source
from tests.jobs.sending import job, to

HOUR = timedelta(hours=1)
NEXT = EVENING + 13 * HOUR
NEWSLETTER = """
[[newsletters]]
name = "daily"
schedule = "daily 07:00,18:00"
time_zone = "Europe/Berlin"
"""
Restore = Callable[[], None]


@pytest.fixture
def room(room: Room) -> Room:
    declare(room, NEWSLETTER)
    room.subscribe(JO, KIM, "lee@example.org")
    add(room, 1, EVENING - HOUR, section="Politics")
    add(room, 2, EVENING - HOUR)
    choose(room, JO, section=["Sport"])
    choose(room, KIM, cadence=["daily"])
    return room


def declare(room: Room, newsletter: str) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + newsletter)


def add(room: Room, number: int, moment, section: str = "Sport") -> None:
    titles = {"title": f"Ferry number {number} wins", "text": f"The regatta {number}. " * number * 5}
    ids = room.add(new_article(number, section=section, published=moment, first_seen=moment, **titles))
    with room.store.write() as connection:
        for article_id in ids:
            place(connection, article_id)


def backup_of(room: Room, folder: Path) -> Restore:
    """Copy the store as it is now; calling what is returned goes back to it."""
    room.store.dispose()
    (store,) = folder.glob("*.db")
    copy = shutil.copy(store, folder.parent / f"{folder.name}.backup")

    def restore() -> None:
        room.store.dispose()
        place = shutil.copy(copy, folder / "restored.db")
        room.store = open_store(f"sqlite:///{place}")

    return restore


def record_results(room: Room, now) -> MarkedUncertain:
    with room.store.write() as connection:
        return mark_restored(connection, room.services.newsletters, now)


@pytest.mark.parametrize("first", ["next", "latest"])
def test_a_backup_from_before_the_cut_sends_nothing_again_and_the_next_edition_comes(room, tmp_path, first):
    newsletter = NEWSLETTER + f'first_edition = "{first}"\n'
    restore = backup_of(room, tmp_path)
    with ScriptedSmtp(PIPELINING) as smtp:
        room.services.editions.run(EVENING)
        job(room, smtp.port, now=EVENING).run(EVENING)
        assert Counter(to(smtp.bodies)) == {"jo": 1, "kim": 1, "lee": 1}
        restore()
        declare(room, newsletter)
        assert record_results(room, EVENING + HOUR).periods == 3
        room.services.editions.run(EVENING + HOUR)
        job(room, smtp.port, now=EVENING + HOUR).run(EVENING + HOUR)
        assert len(smtp.bodies) == 3
        add(room, 3, EVENING + 2 * HOUR)
        room.services.editions.run(NEXT)
        job(room, smtp.port, now=NEXT).run(NEXT)
        assert Counter(to(smtp.bodies)) == {"jo": 2, "kim": 1, "lee": 2}
    room.store.dispose()


def test_a_period_from_before_the_newsletter_is_not_missed(room):
    with room.store.write() as connection:
        connection.execute(update(schema.newsletters).values(known_since=EVENING))
    assert record_results(room, EVENING + HOUR).periods == 0
    assert record_results(room, NEXT).periods > 0
    room.store.dispose()


def test_an_edition_that_waited_in_the_backup_is_held_until_a_person_decides(room, tmp_path):
    approval = NEWSLETTER + 'approval = "2h"\n'
    declare(room, approval)
    room.services.editions.run(EVENING)
    restore = backup_of(room, tmp_path)
    restore()
    declare(room, approval)
    assert record_results(room, EVENING + HOUR).editions >= 1
    released = room.services.editions.run(EVENING + 3 * HOUR)
    assert [result.outcome for result in released] == []
    with room.store.read() as connection:
        assert {report.state for report in edition_store.report_editions(connection)} <= {"held", "missed"}
    room.store.dispose()


def test_what_waited_in_the_backup_is_uncertain(room, tmp_path):
    room.services.editions.run(EVENING)
    backup_of(room, tmp_path)()
    declare(room, NEWSLETTER)
    assert record_results(room, EVENING + HOUR).deliveries == 3
    with ScriptedSmtp(PIPELINING) as smtp:
        job(room, smtp.port, now=EVENING + HOUR).run(EVENING + HOUR)
        assert smtp.bodies == []
    room.store.dispose()


def test_what_was_released_while_mail_was_held_waits_on(room, tmp_path):
    with room.store.write() as connection:
        hold_mail(connection, MailHold(since=EVENING - HOUR, found="a copy"))
    assert room.services.editions.run(EVENING) == ()
    with room.store.write() as connection:
        lift_hold(connection)
    room.services.editions.run(EVENING)
    with room.store.write() as connection:
        hold_mail(connection, MailHold(since=EVENING - HOUR, found="a copy"))
    assert record_results(room, EVENING + HOUR) == MarkedUncertain(deliveries=0, editions=0, periods=3)


def test_rows_after_a_restore_have_new_numbers(store):
    with store.write() as connection:
        newsroom(connection)
        subscribe(connection, "jo@example.org")
        skip_ids(connection)
        subscribe(connection, "kim@example.org")
        before, after = sorted(connection.scalars(select(schema.subscriptions.c.id)))
    assert after > before + SKIPPED_IDS


def test_links_of_searches_and_numbers_of_events_are_not_given_twice(store):
    with store.write() as connection:
        search = SavedSearch(
            id=0,
            subscription_id=None,
            created_by="ed",
            query="word:harbour",
            per_day=1,
            seen_id=0,
            next_at=EVENING,
            created=EVENING,
        )
        before = saved_searches.add_search(connection, search).id
        skip_ids(connection)
        assert saved_searches.add_search(connection, search).id > before + SKIPPED_IDS
        values = {"address": "https://hook.example", "events": "test", "secret": ""}
        webhook_store.add_endpoint(connection, values, EVENING)
        add_event(connection, "test", "test", {}, EVENING)
        assert connection.scalars(select(schema.events.c.id)).one() > SKIPPED_IDS
