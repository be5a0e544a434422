"""What readers chose waits with its edition, follows what the editor decided, and has a page of its own."""

import email
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from syndicate.model import EVERY_EDITION, DeliveryState, edition_url
from syndicate.store import schema
from syndicate.store.mail import delivery_store, edition_store, review_store
from syndicate.store.mail.review_store import ReviewEdition
from tests.factories import new_article
from tests.jobs.choosing import choose
from tests.jobs.reviewing import editor
from tests.jobs.room import SITE, Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAITS = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\napproval = "2h"\n'
ANN, BOB, CAT = "ann@example.org", "bob@example.org", "cat@example.org"
STORIES = (("Sport", "Ferry wins the regatta"), ("Sport", "A late goal"), ("Politics", "Council votes"))


def prepared(room: Room, letter: str = WAITS) -> Room:
    """Two readers of one section and one of everything; three stories; the edition is cut."""
    room.declare(source("harbour", "https://harbour.example/feed") + letter, now=SEVEN - 23 * HOUR)
    room.subscribe(ANN, BOB, CAT)
    for number, (section, title) in enumerate(STORIES, start=1):
        moment = SEVEN - number * HOUR
        facts = {"title": title, "published": moment, "updated": moment, "first_seen": moment}
        room.add(new_article(number, section=section, text=f"{title}. " * 5, **facts))
    room.services.stories.run(SEVEN)
    for address in (ANN, BOB):
        choose(room, address, SEVEN - HOUR, section=["Sport"])
    room.services.editions.run(SEVEN)
    return room


@pytest.fixture
def waiting(room: Room) -> Room:
    return prepared(room)


def issue(room: Room) -> ReviewEdition:
    with room.store.read() as connection:
        found = review_store.main_edition(connection, "daily", SEVEN)
    assert found is not None
    return found


def form(room: Room) -> ReviewEdition:
    (found,) = room.services.review.variants(issue(room))
    return found


def titles(room: Room, found: ReviewEdition) -> list[str]:
    return sorted(story.title for story in room.services.review.edition(found.edition.id)[1].stories)


def place(room: Room, found: ReviewEdition, title: str) -> int:
    content = room.services.review.edition(found.edition.id)[1]
    return [story.title for story in content.stories].index(title) + 1


def readers(room: Room) -> list[str]:
    with room.store.read() as connection:
        return sorted(one.delivery.address for one in delivery_store.list_deliveries(connection))


def test_a_form_waits_as_long_as_its_edition_and_has_no_deliveries(waiting: Room) -> None:
    found = form(waiting)
    assert (found.state, found.approve_by) == ("waiting", SEVEN + 2 * HOUR)
    assert titles(waiting, found) == ["A late goal", "Ferry wins the regatta"]
    assert readers(waiting) == []
    waiting.services.editions.run(SEVEN + HOUR)
    assert [one.edition.id for one in waiting.services.review.variants(issue(waiting))] == [found.edition.id]


def test_approving_the_edition_lets_its_forms_go_once_to_each_reader(rooms: Room) -> None:
    room = prepared(rooms)
    editor(room.services).approve(issue(room).edition.id, by="jo", now=SEVEN + HOUR)
    assert readers(room) == [ANN, BOB, CAT]
    assert (issue(room).state, form(room).state) == ("cut", "variant")
    assert [one.action for one in room.services.review.changes(form(room).edition.id)] == ["approve"]
    room.services.editions.run(SEVEN + 3 * HOUR)
    assert readers(room) == [ANN, BOB, CAT]


def test_at_the_deadline_both_go(waiting: Room) -> None:
    outcomes = waiting.services.editions.run(SEVEN + 2 * HOUR)
    assert [one.outcome for one in outcomes] == ["released"]
    assert readers(waiting) == [ANN, BOB, CAT]
    assert form(waiting).state == "variant"


@pytest.mark.all
def test_what_is_decided_for_the_edition_holds_for_its_forms(waiting: Room) -> None:
    work, number = editor(waiting.services), issue(waiting).edition.id
    work.drop(number, place(waiting, issue(waiting), "A late goal"), by="jo", now=SEVEN)
    ferry = place(waiting, issue(waiting), "Ferry wins the regatta")
    work.retitle(number, ferry, "Ferry first", by="jo", now=SEVEN)
    work.note(number, "Good morning.", by="jo", now=SEVEN)
    assert titles(waiting, form(waiting)) == ["Ferry first"]
    work.approve(number, by="jo", now=SEVEN)
    with waiting.store.read() as connection:
        edition = edition_store.get_edition(connection, form(waiting).edition.id)
    assert edition is not None
    assert edition.stories == 1
    assert "Ferry first" in edition.subject
    for part in (edition.html, edition.text):
        assert "Ferry first" in part
        assert "Good morning." in part
        assert "A late goal" not in part


@pytest.mark.all
def test_what_is_decided_for_a_form_counts_more(waiting: Room) -> None:
    work, number, mine = editor(waiting.services), issue(waiting).edition.id, form(waiting).edition.id
    ferry = "Ferry wins the regatta"
    work.retitle(mine, place(waiting, form(waiting), ferry), "Sailors cheer", by="jo", now=SEVEN)
    work.note(mine, "For sailors.", by="jo", now=SEVEN)
    work.retitle(number, place(waiting, issue(waiting), ferry), "Ferry first", by="jo", now=SEVEN)
    work.note(number, "Good morning.", by="jo", now=SEVEN)
    _, content = work.edition(mine)
    assert {story.title for story in content.stories} == {"Sailors cheer", "A late goal"}
    assert content.note == "For sailors."


def test_a_form_of_which_nothing_is_left_is_withdrawn(waiting: Room) -> None:
    work, number = editor(waiting.services), issue(waiting).edition.id
    for title in ("A late goal", "Ferry wins the regatta"):
        work.drop(number, place(waiting, issue(waiting), title), by="jo", now=SEVEN)
    work.approve(number, by="jo", now=SEVEN)
    assert readers(waiting) == [CAT]
    assert form(waiting).state == "withdrawn"


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (lambda work, number: work.hold(number, by="jo", now=SEVEN), "held"),
        (lambda work, number: work.withdraw(number, by="jo", now=SEVEN), "withdrawn"),
    ],
    ids=["hold", "withdraw"],
)
def test_forms_are_held_and_withdrawn_with_the_edition(
    waiting: Room, action: Callable[..., None], state: str
) -> None:
    action(editor(waiting.services), issue(waiting).edition.id)
    assert (issue(waiting).state, form(waiting).state) == (state, state)
    waiting.services.editions.run(SEVEN + 5 * HOUR)
    assert readers(waiting) == []


def test_who_chooses_while_the_edition_waits_gets_a_form_that_waits_with_it(waiting: Room) -> None:
    editor(waiting.services).hold(issue(waiting).edition.id, by="jo", now=SEVEN)
    choose(waiting, CAT, SEVEN, section=["Politics"])
    waiting.services.editions.run(SEVEN + HOUR)
    assert [one.state for one in waiting.services.review.variants(issue(waiting))] == ["held", "held"]
    editor(waiting.services).approve(issue(waiting).edition.id, by="jo", now=SEVEN + HOUR)
    assert readers(waiting) == [ANN, BOB, CAT]


@pytest.mark.all
def test_who_chooses_while_the_edition_waits_is_not_passed_over_however_late_it_is(rooms: Room) -> None:
    room = prepared(rooms, WAITS.replace('"2h"', '"12h"\nmax_lateness = "1h"'))
    choose(room, CAT, SEVEN + 2 * HOUR, section=["Politics"])
    room.services.editions.run(SEVEN + 3 * HOUR)
    assert sorted(one.state for one in room.services.review.variants(issue(room))) == ["waiting"] * 2
    choose(room, ANN, SEVEN + 12 * HOUR, section=["Politics", "Sport"], language=["en"])
    choose(room, BOB, SEVEN + 12 * HOUR, section=["Politics"])
    room.services.editions.run(SEVEN + 12 * HOUR)
    assert readers(room) == [ANN, BOB, CAT]


@pytest.mark.all
def test_who_chooses_right_before_an_editor_lets_it_go_gets_a_form_after_it(waiting: Room) -> None:
    editor(waiting.services).hold(issue(waiting).edition.id, by="jo", now=SEVEN)
    monday = SEVEN + 100 * HOUR
    choose(waiting, CAT, monday, section=["Politics"])
    editor(waiting.services).approve(issue(waiting).edition.id, by="jo", now=monday)
    assert readers(waiting) == [ANN, BOB]
    for hours in (0, 3):
        waiting.services.editions.run(monday + hours * HOUR)
    assert readers(waiting) == [ANN, BOB, CAT]


def test_a_form_that_comes_later_waits_by_itself_and_is_seen(rooms: Room) -> None:
    room = prepared(rooms)
    editor(room.services).approve(issue(room).edition.id, by="jo", now=SEVEN)
    assert room.services.review.waiting("daily") == []
    room.subscribe("dan@example.org")
    choose(room, "dan@example.org", SEVEN, section=["Politics"])
    room.services.editions.run(SEVEN + HOUR)
    (later,) = [one for one in room.services.review.variants(issue(room)) if one.state == "waiting"]
    assert (later.approve_by, readers(room)) == (SEVEN + 3 * HOUR, [ANN, BOB, CAT])
    assert room.services.review.waiting("daily") == [later.edition.id]
    with room.store.read() as connection:
        assert [one.state for one in edition_store.report_editions(connection)] == ["waiting", "cut"]
    room.services.editions.run(SEVEN + 3 * HOUR)
    assert readers(room) == [ANN, BOB, CAT, "dan@example.org"]


def test_a_correction_reaches_those_who_got_a_form(waiting: Room) -> None:
    work = editor(waiting.services)
    work.approve(issue(waiting).edition.id, by="jo", now=SEVEN)
    with waiting.store.write() as connection:
        for one in delivery_store.claim_deliveries(
            connection, now=SEVEN, owner="me", until=SEVEN + HOUR, limit=9
        ):
            delivery_store.finish_delivery(connection, one.id, DeliveryState.SENT, owner="me", now=SEVEN)
    revision = work.correct(issue(waiting).edition.id, "It was a tie.", by="jo", now=SEVEN + HOUR)
    assert form(waiting).state == "held"
    work.approve(revision, by="jo", now=SEVEN + HOUR)
    with waiting.store.read() as connection:
        corrected = edition_store.get_edition(connection, form(waiting).edition.id)
    assert corrected is not None
    assert corrected.revision == 1
    assert "It was a tie." in corrected.text
    assert readers(waiting) == sorted([ANN, BOB, CAT] * 2)


def test_without_approval_forms_go_at_once_and_have_contents(room: Room) -> None:
    prepared(room, WAITS.replace('approval = "2h"\n', ""))
    assert readers(room) == [ANN, BOB, CAT]
    assert form(room).content is not None


@pytest.mark.all
def test_a_form_is_archived_at_a_page_that_its_mail_names_and_nothing_lists(waiting: Room) -> None:
    editor(waiting.services).approve(issue(waiting).edition.id, by="jo", now=SEVEN)
    written = waiting.services.publish.run(SEVEN).pages
    waiting.services.deliver.run(SEVEN)
    edition = form(waiting).edition
    address = edition_url(SITE, "daily", SEVEN, edition.variant_key)
    assert (edition.web_url, edition.variant_key) == (address, "edition\nsection:Sport")
    assert address != edition_url(SITE, "daily", SEVEN, EVERY_EDITION)
    path = address.removeprefix(f"{SITE}/")
    page = (waiting.services.output / path).read_text("utf-8")
    assert path in written
    assert "Ferry wins the regatta" in page
    assert "Council votes" not in page
    assert '<meta name="robots" content="noindex">' in page
    name = path.rpartition("/")[2]
    for file in waiting.services.output.rglob("*"):
        if file.is_file() and file.name != name:
            assert name.encode() not in file.read_bytes()
    mails = [email.message_from_bytes(file.read_bytes()) for file in (waiting.folder / "outbox").iterdir()]
    named = sorted(mail["Archived-At"] for mail in mails)
    assert named == sorted([f"<{address}>"] * 2 + [f"<{edition_url(SITE, 'daily', SEVEN)}>"])
    assert "Council votes" not in str(mails)


@pytest.mark.all
def test_pages_of_forms_are_written_once_and_again_when_all_is_built(waiting: Room) -> None:
    editor(waiting.services).approve(issue(waiting).edition.id, by="jo", now=SEVEN)
    waiting.services.publish.run(SEVEN)
    page = waiting.services.output / form(waiting).edition.web_url.removeprefix(f"{SITE}/")
    before = page.read_bytes()
    page.unlink()
    waiting.services.publish.run(SEVEN)
    assert not page.exists()
    waiting.services.publish.forget()
    waiting.services.publish.run(SEVEN)
    assert page.read_bytes() == before


def test_the_list_of_editions_names_no_forms(waiting: Room) -> None:
    with waiting.store.read() as connection:
        assert len(edition_store.report_editions(connection)) == 1
        assert len(connection.execute(select(schema.editions.c.id)).all()) == 2
