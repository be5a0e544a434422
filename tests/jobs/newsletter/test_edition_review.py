"""The editor's desk: what waits can be changed and let go; what went out can be corrected."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from syndicate.errors import SyndicateError
from syndicate.model import DeliveryState
from syndicate.store import schema
from syndicate.store.mail import (
    archive_store,
    delivery_store,
    edition_articles,
    edition_store,
    newsletter_store,
    review_store,
)
from tests.factories import WITHIN_A_YEAR, new_article
from tests.jobs.reviewing import editor
from tests.jobs.room import Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAITS = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\napproval = "2h"\n'
TITLES = ("Lighthouse becomes a library", "Snow closes the pass", "Ferry fares fall in spring")


@pytest.fixture
def waiting(room: Room) -> tuple[Room, int]:
    """An edition of three stories that waits for its editor until nine, with two subscribers; its id."""
    room.declare(source("harbour", "https://harbour.example/feed") + WAITS, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org", "bob@example.org")
    for number, title in enumerate(TITLES, start=1):
        moment = SEVEN - number * HOUR
        facts = {"title": title, "published": moment, "updated": moment, "first_seen": moment}
        room.add(new_article(number, text=title * 5, **facts))
    room.services.stories.run(SEVEN)
    (outcome,) = room.services.editions.run(SEVEN)
    assert (outcome.outcome, outcome.stories) == ("waiting", 3)
    assert outcome.edition_id is not None
    return room, outcome.edition_id


def titles(room: Room, edition_id: int) -> list[str]:
    return [story.title for story in room.services.review.edition(edition_id)[1].stories]


def state(room: Room, edition_id: int) -> str:
    return room.services.review.edition(edition_id)[0].state


def pending(room: Room) -> int:
    with room.store.read() as connection:
        return delivery_store.count_deliveries(connection).get("pending", 0)


def test_a_waiting_edition_has_no_deliveries_and_is_cut_once(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    assert (state(room, number), pending(room)) == ("waiting", 0)
    assert room.services.editions.run(SEVEN + HOUR) == ()


def test_it_goes_as_it_is_when_its_deadline_has_passed(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    assert [one.outcome for one in room.services.editions.run(SEVEN + 2 * HOUR)] == ["released"]
    assert (state(room, number), pending(room)) == ("cut", 2)
    assert room.services.editions.run(SEVEN + 2 * HOUR) == ()
    assert [(one.changed_by, one.action) for one in room.services.review.changes(number)] == [
        ("syndicate", "deadline")
    ]


@pytest.mark.all
def test_an_editor_drops_moves_retitles_and_notes_and_each_is_recorded(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    work = editor(room.services)
    first, second, third = titles(room, number)
    work.drop(number, 2, by="ann", now=SEVEN)
    assert titles(room, number) == [first, third]
    work.move(number, 2, 1, by="ann", now=SEVEN)
    assert titles(room, number) == [third, first]
    work.retitle(number, 1, "A better headline", by="bob", now=SEVEN)
    work.retitle(number, 0, "A better subject", by="bob", now=SEVEN)
    work.note(number, "Good morning.\n\nIt snows <b>hard</b>.", by="ann", now=SEVEN)
    work.approve(number, by="bob", now=SEVEN + HOUR)
    with room.store.read() as connection:
        edition = edition_store.get_edition(connection, number)
        carried = edition_articles.carried_articles(connection, "daily", before=SEVEN + HOUR)
    assert edition is not None
    assert (edition.subject, edition.stories, pending(room)) == ("A better subject", 2, 2)
    assert "A better headline" in edition.html
    assert "It snows &lt;b&gt;hard&lt;/b&gt;." in edition.html
    assert "It snows <b>hard</b>." in edition.text
    assert second not in edition.text
    assert len(carried) == 2
    assert [(one.changed_by, one.action) for one in work.changes(number)] == [
        ("ann", "drop"),
        ("ann", "move"),
        ("bob", "retitle"),
        ("bob", "retitle"),
        ("ann", "note"),
        ("bob", "approve"),
    ]


def test_what_went_out_is_frozen(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    editor(room.services).approve(number, by="ann", now=SEVEN)
    for change in (
        lambda: editor(room.services).drop(number, 1, by="ann", now=SEVEN),
        lambda: editor(room.services).approve(number, by="ann", now=SEVEN),
        lambda: editor(room.services).withdraw(number, by="ann", now=SEVEN),
    ):
        with pytest.raises(SyndicateError, match="is cut; only a waiting"):
            change()
    assert pending(room) == 2


def test_a_held_edition_waits_for_ever_and_a_withdrawn_one_is_never_sent(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    editor(room.services).hold(number, by="ann", now=SEVEN)
    assert room.services.editions.run(SEVEN + 5 * HOUR) == ()
    editor(room.services).withdraw(number, by="ann", now=SEVEN + 6 * HOUR)
    assert room.services.editions.run(SEVEN + 6 * HOUR) == ()
    assert (state(room, number), pending(room)) == ("withdrawn", 0)


def test_what_was_withdrawn_was_carried_by_nobody_and_what_waits_counts(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    later = SEVEN + 24 * HOUR
    with room.store.read() as connection:
        assert len(edition_articles.carried_articles(connection, "daily", before=later)) == 3
    editor(room.services).withdraw(number, by="ann", now=SEVEN)
    with room.store.read() as connection:
        assert edition_articles.carried_articles(connection, "daily", before=later) == {}


def test_of_two_editors_the_slower_one_changes_nothing(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    stale, _ = room.services.review.edition(number)
    editor(room.services).drop(number, 1, by="fast", now=SEVEN)
    with room.store.write() as connection:
        assert not review_store.change_edition(
            connection, stale, content={}, rendered=("", "", ""), kept=[], reasons={}
        )
        assert not review_store.release_edition(connection, stale, SEVEN, WITHIN_A_YEAR)
    assert len(titles(room, number)) == 2


@pytest.mark.parametrize("place", [0, 4, -1])
def test_a_story_that_is_not_there_is_refused(waiting: tuple[Room, int], place: int) -> None:
    room, number = waiting
    with pytest.raises(SyndicateError, match="1 to 3"):
        editor(room.services).drop(number, place, by="ann", now=SEVEN)


@pytest.mark.all
def test_a_correction_goes_to_those_who_were_sent_the_edition(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    work = editor(room.services)
    work.approve(number, by="ann", now=SEVEN)
    with room.store.write() as connection:
        (one, *_) = delivery_store.claim_deliveries(
            connection, now=SEVEN, owner="me", until=SEVEN + HOUR, limit=1
        )
        delivery_store.finish_delivery(connection, one.id, DeliveryState.SENT, owner="me", now=SEVEN)
    revision = work.correct(number, "The pass is open.", by="ann", now=SEVEN + HOUR)
    with pytest.raises(SyndicateError, match="has a later revision already"):
        work.correct(number, "Again.", by="ann", now=SEVEN + HOUR)
    with room.store.write() as connection:
        (two,) = delivery_store.claim_deliveries(
            connection, now=SEVEN, owner="me", until=SEVEN + HOUR, limit=1
        )
        delivery_store.finish_delivery(connection, two.id, DeliveryState.FAILED, owner="me", now=SEVEN)
    assert (state(room, revision), pending(room)) == ("held", 0)
    work.approve(revision, by="ann", now=SEVEN + HOUR)
    with room.store.read() as connection:
        first, second = (edition_store.get_edition(connection, one) for one in (number, revision))
        to = [
            one.delivery.address
            for one in delivery_store.list_deliveries(connection)
            if one.delivery.edition_id == revision
        ]
    assert first is not None
    assert second is not None
    assert (second.revision, second.uid, second.web_url) == (1, first.uid, first.web_url)
    assert second.subject.startswith("Correction: ")
    assert "The pass is open." in second.html
    assert "The pass is open." in second.text
    assert to == [one.address]


def test_only_what_went_out_can_be_corrected(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    with pytest.raises(SyndicateError, match="only an edition that went out"):
        editor(room.services).correct(number, "No.", by="ann", now=SEVEN)


@pytest.mark.all
def test_a_desk_works_on_both_engines(rooms: Room) -> None:
    rooms.declare(source("harbour", "https://harbour.example/feed") + WAITS, now=SEVEN - 23 * HOUR)
    rooms.subscribe("ann@example.org")
    for number, title in enumerate(TITLES, start=1):
        moment = SEVEN - number * HOUR
        facts = {"title": title, "published": moment, "updated": moment, "first_seen": moment}
        rooms.add(new_article(number, text=title * 5, **facts))
    rooms.services.stories.run(SEVEN)
    (outcome,) = rooms.services.editions.run(SEVEN)
    assert outcome.edition_id is not None
    editor(rooms.services).drop(outcome.edition_id, 3, by="ann", now=SEVEN)
    editor(rooms.services).approve(outcome.edition_id, by="ann", now=SEVEN)
    revision = editor(rooms.services).correct(outcome.edition_id, "Sorry.", by="ann", now=SEVEN)
    editor(rooms.services).approve(revision, by="ann", now=SEVEN)
    assert pending(rooms) == 1
    with rooms.store.read() as connection:
        (latest,) = archive_store.sent_editions(connection, "daily", SEVEN + 24 * HOUR)
        edition, _ = archive_store.edition_contents(connection, [latest.id])[latest.id]
    assert latest.published == SEVEN
    assert (edition.revision, edition.stories) == (1, 2)


def test_a_story_whose_page_is_gone_is_left_out_and_it_is_said(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    _, content = room.services.review.edition(number)
    story = content.stories[1]
    with room.store.write() as connection:
        connection.execute(
            insert(schema.page_reads).values(
                source_id=1,
                article_id=story.article_id,
                url=story.url,
                content_hash="",
                state="refused",
                error=f"{story.url} answered 410: it is gone for good",
                published=SEVEN,
                has_text=False,
                attempts=1,
                next_try=SEVEN,
                lease_owner="",
                lease_until=SEVEN,
            )
        )
    checked = room.services.review.check(number)
    assert [one.title for one in checked.content.stories] == [
        content.stories[0].title,
        content.stories[2].title,
    ]
    assert checked.trimmed == (f'the story "{story.title}" was left out: its page answered 410',)
    editor(room.services).approve(number, by="ann", now=SEVEN)
    with room.store.read() as connection:
        edition = edition_store.get_edition(connection, number)
    assert edition is not None
    assert (edition.stories, story.title in edition.text, pending(room)) == (2, False, 2)


def test_the_deadline_of_a_paused_newsletter_passes_and_its_editor_may_still_let_it_go(
    waiting: tuple[Room, int],
) -> None:
    room, number = waiting
    with room.store.write() as connection:
        newsletter_store.pause_newsletter(connection, "daily")
    assert room.services.editions.run(SEVEN + 3 * HOUR) == ()
    assert (state(room, number), pending(room)) == ("waiting", 0)
    editor(room.services).approve(number, by="ann", now=SEVEN + 3 * HOUR)
    assert (state(room, number), pending(room)) == ("cut", 2)


def test_named_newsletters_leave_the_deadlines_of_others_alone(waiting: tuple[Room, int]) -> None:
    room, number = waiting
    assert room.services.editions.run(SEVEN + 3 * HOUR, names=["other"]) == ()
    assert state(room, number) == "waiting"
