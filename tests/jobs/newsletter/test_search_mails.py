"""Mails of saved searches: something new matches, once, at most so many a day, and never a flood."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.audience.link_tokens import SEARCH, make_token
from syndicate.errors import ActionRefused
from syndicate.jobs.audience.search_saving import MOST_OF_A_SUBSCRIPTION, save_search
from syndicate.jobs.newsletter import search_mail_job
from syndicate.store.core.restored_store import mark_uncertain
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from syndicate.store.output import saved_searches
from syndicate.store.subscribers import audience_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW, new_article
from tests.jobs.newsletter.test_messages import ANN, DAY, HOUR, join, leave, mails
from tests.jobs.room import Room, source
from tests.jobs.sending import job, messages

DECLARED = source("harbour", "https://harbour.example/feed") + (
    '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
)


@pytest.fixture
def room(rooms: Room) -> Room:
    rooms.declare(DECLARED)
    write(rooms, 1, "Flood of last week")
    return rooms


def write(room: Room, number: int, title: str, when: datetime = NOW) -> None:
    times = {"published": when, "updated": when, "first_seen": when}
    room.add(new_article(number, title=title, text=f"{title} in the harbour {number}.", summary="", **times))
    room.services.stories.run(when)


def saved(
    room: Room, query: str = "flood", now: datetime = NOW, owner: int | None = None, **more: Any
) -> int:
    owner = join(room, ANN) if owner is None else owner
    with room.store.write() as connection:
        return save_search(connection, query, owner, now, **more).id


def look(room: Room, now: datetime) -> list[tuple[str, str]]:
    """Run the job; every mail of a search queued so far, as (address, search)."""
    room.services.editions.searches.run(now, ["daily"])
    return mails(room)


def test_a_match_is_mailed_once_and_what_was_there_before_never(room: Room) -> None:
    number = saved(room)
    assert look(room, NOW) == []
    write(room, 2, "Snow on the pass")
    assert look(room, NOW + HOUR) == []
    write(room, 3, "Flood in Porto", NOW + HOUR)
    assert look(room, NOW + 2 * HOUR) == [(ANN, f"search:{number}")]
    assert look(room, NOW + 3 * HOUR) == [(ANN, f"search:{number}")]
    assert look(room, NOW + 30 * HOUR) == [(ANN, f"search:{number}")]


@pytest.mark.all
@pytest.mark.parametrize(("per_day", "mailed"), [(1, 1), (2, 2)])
def test_at_most_so_many_mails_a_day_and_later_matches_wait(room: Room, per_day: int, mailed: int) -> None:
    saved(room, per_day=per_day)
    for hour in range(1, 23):
        write(room, 1 + hour, f"Flood number {hour}", NOW + hour * HOUR)
        look(room, NOW + hour * HOUR)
    assert len(mails(room)) == mailed
    assert len(look(room, NOW + 25 * HOUR)) == mailed + 1


def test_a_killed_run_repeats_nothing_and_loses_nothing(room: Room) -> None:
    saved(room)
    write(room, 2, "Flood in Porto", NOW + HOUR)
    with room.store.read() as connection:
        upto = saved_searches.last_placed(connection)
        (due,) = saved_searches.due_searches(connection, NOW + HOUR, ["daily"], upto)
    searches = room.services.editions.searches
    assert searches._look(due, upto, NOW + HOUR)
    assert not searches._look(due, upto, NOW + HOUR), "another process had looked at the same"
    assert len(mails(room)) == 1


def test_no_search_waits_behind_a_hundred_that_may_not_send(room: Room) -> None:
    write(room, 2, "Snow on the pass")
    with room.store.write() as connection:
        upto = saved_searches.last_placed(connection)
    last = saved(room, now=NOW + HOUR)
    with room.store.write() as connection:
        search = saved_searches.get_search(connection, last)
        assert search is not None
        for number in range(120):
            saved_searches.add_search(connection, replace(search, query=f"{number}", next_at=NOW))
        connection.exec_driver_sql(f"UPDATE saved_searches SET seen_id = {upto - 1} WHERE id = {last}")
    with room.store.read() as connection:
        due = saved_searches.due_searches(connection, NOW + DAY, ["daily"], upto)
        assert [found.id for found in due] == [last], "the others have looked at every article"
        assert not saved_searches.due_searches(connection, NOW + DAY, ["weekly"], upto)
        later = saved_searches.due_searches(connection, NOW + DAY, ["daily"], upto + 1)
    assert len(later) == 100
    assert last not in {found.id for found in later}, "who waited longest goes first"


def test_a_paused_newsletter_and_a_long_pause_bring_no_old_news(room: Room) -> None:
    saved(room)
    write(room, 2, "Flood in Porto", NOW + HOUR)
    with room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
    room.services.editions.run(NOW + HOUR)
    assert mails(room) == []
    with room.store.write() as connection:
        newsletter_store.resume_newsletter(connection, "daily", NOW + 5 * DAY)
    assert look(room, NOW + 5 * DAY) == []
    write(room, 3, "Flood again", NOW + 6 * DAY)
    assert len(look(room, NOW + 6 * DAY)) == 1


def test_a_restored_store_sends_no_match_that_may_have_been_sent(room: Room) -> None:
    saved(room)
    write(room, 2, "Flood in Porto", NOW + HOUR)
    with room.store.write() as connection:
        mark_uncertain(connection, (), NOW + 2 * HOUR, restored=NOW + 2 * HOUR)
    assert look(room, NOW + 3 * HOUR) == []
    assert look(room, NOW + 2 * DAY) == []


@pytest.mark.all
def test_many_matches_are_one_mail_of_the_newest(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(room)
    for number in range(2, 2 + search_mail_job.MOST + 5):
        write(room, number, f"Flood number {number} at {number * 7} o'clock", NOW + timedelta(minutes=number))
    assert len(look(room, NOW + HOUR)) == 1


def test_who_leaves_gets_no_more_and_the_search_ends(room: Room) -> None:
    owner = join(room, ANN)
    saved(room, owner=owner)
    leave(room, owner)
    write(room, 2, "Flood in Porto", NOW + HOUR)
    assert look(room, NOW + HOUR) == []
    with room.store.read() as connection:
        assert saved_searches.list_searches(connection) == []


def test_the_mail_ends_the_search_by_one_click_and_leaves_the_subscription(room: Room) -> None:
    owner = join(room, ANN)
    number = saved(room, owner=owner)
    write(room, 2, "Flood in Porto", NOW + HOUR)
    look(room, NOW + HOUR)
    with ScriptedSmtp(PIPELINING) as server:
        job(room, server.port, now=NOW + HOUR).run(NOW + HOUR)
        (mail,) = messages(server.bodies)
    with room.store.read() as connection:
        token = make_token(leases.read_secret(connection), number, SEARCH)
    assert mail["List-Unsubscribe"].count(token) == 2, "the address of the page and of the mail"
    assert "flood" in mail["Subject"]
    assert room.services.unsubscribe.newsletter_title(token) == "“flood”"
    assert not room.services.unsubscribe.has_ended(token)
    assert room.services.unsubscribe.unsubscribe(token)
    assert room.services.unsubscribe.has_ended(token)
    view = room.services.preferences.view(token)
    assert view is not None
    assert view.searches == ()
    with room.store.read() as connection:
        assert audience_store.is_confirmed(connection, owner)


def test_an_operators_search_writes_an_event_and_no_mail(room: Room) -> None:
    with room.store.write() as connection:
        save_search(connection, "flood", None, NOW, by="kim")
    write(room, 2, "Flood in Porto", NOW + HOUR)
    assert room.services.editions.searches.run(NOW + HOUR, []) == 1
    assert mails(room) == []


@pytest.mark.parametrize("query", ["", "  ", "colour:red", "x" * 201, '"open'])
def test_a_search_that_is_no_query_is_refused(room: Room, query: str) -> None:
    with pytest.raises(ActionRefused):
        saved(room, query)


def test_a_subscriber_saves_a_few_searches_each_once(room: Room) -> None:
    owner = join(room, ANN)
    assert saved(room, "flood", owner=owner) == saved(room, " flood ", owner=owner)
    for number in range(1, MOST_OF_A_SUBSCRIPTION):
        saved(room, f"word{number}", owner=owner)
    with pytest.raises(ActionRefused, match="At most"):
        saved(room, "another", owner=owner)
