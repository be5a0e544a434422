"""One-off issues: written, planned, sent to a newsletter or a segment, corrected, and archived."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from syndicate.errors import ConfigError, SyndicateError
from syndicate.jobs.admin.mailing.review_links import ReviewLink, ReviewLinks
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.model import DeliveryState
from syndicate.store import schema
from syndicate.store.mail import delivery_store, edition_articles, edition_store
from syndicate.store.subscribers import audience_store, field_store
from tests.factories import new_article, place
from tests.jobs.choosing import choose
from tests.jobs.reviewing import editor
from tests.jobs.room import Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
NINE = SEVEN + timedelta(hours=2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DECLARED = (
    source("harbour", "https://harbour.example/feed")
    + '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\ntime_zone = "UTC"\n'
    + '[[newsletters]]\nname = "other"\nschedule = "daily 07:00"\n'
    + '[[segments]]\nname = "friends"\nquery = "tag:friend"\n'
    + '[[channels]]\nname = "sport"\nquery = "section:Sport"\nlimit = 5\n'
)
ANN, BOB, CLEO = "ann@example.org", "bob@example.org", "cleo@example.org"
TITLES = {
    "World": "Harbour bridge reopens after repairs",
    "Sport": "Rowers win gold in Lisbon",
    "Politics": "Council votes on library budget",
}
TEXT = (
    "# Open day\n\nCome and see.\n\n{{ story https://harbour.example/1 }}\n\n{{ channel sport 1 }}\n\nBye.\n"
)


@pytest.fixture
def room(rooms: Room) -> Room:
    """Three placed articles and three subscribers."""
    rooms.declare(DECLARED, now=SEVEN - 30 * DAY)
    rooms.subscribe(ANN, BOB, CLEO)
    for number, (section, title) in enumerate(TITLES.items(), start=1):
        moment = SEVEN - number * HOUR
        facts = {"section": section, "published": moment, "updated": moment, "first_seen": moment}
        rooms.add(new_article(number, title=title, summary=title, text=title, **facts))
    rooms.services.stories.run(SEVEN)
    return rooms


def write(room: Room, text: str = TEXT, now: datetime = NINE, name: str = "daily", **options: Any) -> int:
    (letter,) = (one for one in room.services.newsletters if one.name == name)
    draft = IssueDraft(newsletter=letter.name, text=text, **options)
    return editor(room.services).write(draft, by="jo", now=now)


def rewrite(room: Room, edition_id: int, text: str, by: str) -> None:
    draft = IssueDraft(newsletter="", text=text, replaced=edition_id)
    editor(room.services).write(draft, by=by, now=NINE)


def approve(room: Room, edition_id: int, now: datetime = NINE) -> None:
    editor(room.services).approve(edition_id, by="jo", now=now)


def recipients(room: Room, edition_id: int) -> list[str]:
    with room.store.read() as connection:
        found = delivery_store.list_deliveries(connection)
    return sorted(one.delivery.address for one in found if one.delivery.edition_id == edition_id)


def review_link(room: Room) -> tuple[ReviewLinks, ReviewLink]:
    assert room.services.review_links is not None
    links = replace(room.services.review_links, clock=lambda: NINE)
    token = links.link("daily", "jo", NINE + DAY).rpartition("/")[2]
    return links, ReviewLink(newsletter="daily", editor="jo", token=token)


def state(room: Room, edition_id: int) -> str:
    return room.services.review.edition(edition_id)[0].state


def test_an_issue_waits_until_an_editor_approves_it_and_goes_to_every_subscriber(room: Room) -> None:
    choose(room, ANN, now=SEVEN, hour=["20"], time_zone=["UTC"])
    choose(room, BOB, now=SEVEN, cadence=["weekly"], sections=["Politics"])
    edition_id = write(room)
    assert (state(room, edition_id), recipients(room, edition_id)) == ("held", [])
    assert room.services.editions.run(NINE + 9 * DAY, names=["other"]) is not None
    assert state(room, edition_id) == "held"
    approve(room, edition_id)
    assert state(room, edition_id) == "cut"
    assert recipients(room, edition_id) == [ANN, BOB, CLEO]
    with room.store.read() as connection:
        due = delivery_store.count_due(connection, NINE)
        edition = edition_store.get_edition(connection, edition_id)
    assert due == 3
    assert edition is not None
    assert edition.subject == "Open day"
    assert [title in edition.html for title in TITLES.values()] == [True, True, False]
    with pytest.raises(SyndicateError, match="is cut"):
        approve(room, edition_id)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ channel sport 5 }}", [1]),
        ("{{ story https://harbour.example/2 }}\n{{ story https://harbour.example/9 }}", [2, 9]),
        ("{{ story https://harbour.example/9 }}\n{{ channel sport 5 }}", [9]),
    ],
)
def test_a_list_shows_a_story_once_and_an_editor_may_name_two_reports_of_it(
    room: Room, text: str, shown: list[int]
) -> None:
    """Articles 2 and 9 are reports of the same story."""
    (number,) = room.add(new_article(9, title="Lisbon rowers", section="Sport", published=SEVEN))
    with room.store.write() as connection:
        story = connection.scalars(select(schema.articles.c.story_id).where(schema.articles.c.id == 2)).one()
        place(connection, number, story)
    edition_id = write(room, text)
    approve(room, edition_id)
    _, content = room.services.review.edition(edition_id)
    urls = [f"https://harbour.example/{name}" for name in shown]
    assert len(content.stories) == len(shown)
    assert len(shown) == 1 or [story.url for story in content.stories] == urls
    with room.store.read() as connection:
        carried = edition_articles.carried_articles(connection, "daily", before=NINE + DAY)
    assert {2, number} <= carried.keys()


def test_an_editor_moves_the_item_of_two_with_the_same_story_that_the_form_names(room: Room) -> None:
    """Articles that no story has yet have the story id 0."""
    for number in (8, 9):
        room.add(new_article(number, title=f"Unplaced {number}", published=SEVEN))
    edition_id = write(room, "".join(f"{{{{ story https://harbour.example/{n} }}}}\n" for n in (8, 9)))
    links, link = review_link(room)
    page = links.look(link)
    assert page is not None
    item = page.waiting[0].content.stories[1]
    form = {"edition": [str(edition_id)], "seen": [page.waiting[0].seen], "do": [f"leave:{item.key}"]}
    assert links.act(link, form) is not None
    _, content = room.services.review.edition(edition_id)
    assert [story.title for story in content.stories] == ["Unplaced 8"]


def test_pauses_suppressions_and_departures_hold_for_issues(room: Room) -> None:
    choose(room, ANN, now=SEVEN, pause=["7"])
    with room.store.write() as connection:
        audience_store.suppress(connection, BOB, reason="bounced", now=SEVEN)
    edition_id = write(room)
    approve(room, edition_id)
    assert recipients(room, edition_id) == [CLEO]


@pytest.mark.all
def test_an_approved_issue_with_another_text_waits_for_approval_again(room: Room) -> None:
    edition_id = write(room, send_at=NINE + HOUR)
    approve(room, edition_id)
    rewrite(room, edition_id, "# Closed day\n\nStay away.\n", by="kim")
    room.services.editions.run(NINE + 2 * HOUR, names=["daily"])
    assert (state(room, edition_id), recipients(room, edition_id)) == ("held", [])
    approve(room, edition_id, NINE + 3 * HOUR)
    assert recipients(room, edition_id) == [ANN, BOB, CLEO]


@pytest.mark.all
def test_a_segment_that_is_gone_stops_its_own_issue_only(room: Room) -> None:
    lost, fine = (
        write(room, send_at=NINE + HOUR, segment="friends"),
        write(room, send_at=NINE + HOUR, name="other"),
    )
    for edition_id in (lost, fine):
        approve(room, edition_id)
    room.declare(DECLARED.replace('name = "friends"', 'name = "others"'))
    outcomes = room.services.editions.run(NINE + 2 * HOUR)
    assert (state(room, lost), state(room, fine)) == ("waiting", "cut")
    assert [one.outcome for one in outcomes if "friends" in str(one)] == ["failed"]


def test_an_issue_is_corrected_when_its_segment_is_gone(room: Room) -> None:
    edition_id = write(room, segment="-tag:enemy")
    approve(room, edition_id)
    revision = editor(room.services).correct(edition_id, "It is on Sunday.", by="jo", now=NINE)
    with room.store.write() as connection:
        named = schema.editions.update().values(segment="gone").where(schema.editions.c.id == revision)
        connection.execute(named)
    approve(room, revision, NINE + HOUR)
    assert recipients(room, revision) == [ANN, BOB, CLEO]


def test_an_issue_for_a_segment_goes_to_its_members_and_has_no_page(room: Room) -> None:
    with room.store.write() as connection:
        ids = select(schema.subscribers.c.id).where(schema.subscribers.c.address == ANN)
        field_store.add_tags(connection, connection.scalars(ids).one(), ["friend"])
    secret, shown = write(room, segment="friends"), write(room, segment="friends", public=True)
    for edition_id in (secret, shown):
        approve(room, edition_id)
        assert recipients(room, edition_id) == [ANN]
    assert "Read in the browser" not in room.services.review.check(secret).rendered.html
    assert "Read in the browser" in room.services.review.check(shown).rendered.html
    with pytest.raises(ConfigError, match="friend"):
        write(room, segment="nobody")


@pytest.mark.all
def test_a_planned_issue_goes_at_its_time_to_the_readers_of_that_time(room: Room) -> None:
    edition_id = write(room, send_at=NINE + 3 * HOUR)
    assert state(room, edition_id) == "held"
    room.services.editions.run(NINE + 4 * HOUR)
    assert state(room, edition_id) == "held"
    late = write(room, send_at=NINE + 3 * HOUR)
    approve(room, edition_id)
    assert state(room, edition_id) == "waiting"
    room.services.editions.run(NINE + HOUR)
    assert state(room, edition_id) == "waiting"
    room.subscribe("dan@example.org")
    outcomes = room.services.editions.run(NINE + 3 * HOUR)
    assert [one.outcome for one in outcomes if one.edition_id == edition_id] == ["released"]
    assert recipients(room, edition_id) == [ANN, BOB, CLEO, "dan@example.org"]
    approve(room, late, NINE + 5 * HOUR)
    assert state(room, late) == "cut"


def test_an_issue_carries_the_date_of_its_sending_and_a_page_of_its_own(room: Room) -> None:
    first, second = write(room), write(room)
    for edition_id in (first, second):
        approve(room, edition_id, NINE + 2 * DAY)
    urls = [room.services.review.edition(edition_id)[0].edition.web_url for edition_id in (first, second)]
    assert urls == [
        f"https://news.example/site/newsletters/daily/2026-11-26-09{minute}-issue.html"
        for minute in ("00", "01")
    ]
    with room.store.read() as connection:
        edition = edition_store.get_edition(connection, first)
    assert edition is not None
    assert "26 November" in edition.text
    assert urls[0] in edition.html


def test_regular_editions_keep_their_periods_and_do_not_repeat_the_stories_of_an_issue(room: Room) -> None:
    edition_id = write(room, now=SEVEN - HOUR)
    waits = write(room, "{{ top 3 }}", now=SEVEN - HOUR)
    approve(room, edition_id, SEVEN)
    (outcome,) = (one for one in room.services.editions.run(SEVEN) if one.newsletter == "daily")
    assert (outcome.outcome, outcome.stories, outcome.period_end) == ("cut", 1, SEVEN)
    assert outcome.edition_id is not None
    assert recipients(room, outcome.edition_id) == [ANN, BOB, CLEO]
    assert recipients(room, edition_id) == [ANN, BOB, CLEO]
    assert state(room, waits) == "held"


def test_an_issue_for_a_segment_leaves_its_stories_to_the_others(room: Room) -> None:
    approve(room, write(room, now=SEVEN - HOUR, segment="friends"), SEVEN)
    (outcome,) = (one for one in room.services.editions.run(SEVEN) if one.newsletter == "daily")
    assert outcome.stories == 3


@pytest.mark.all
def test_a_waiting_issue_can_be_written_anew_and_edited(room: Room) -> None:
    edition_id = write(room)
    review = editor(room.services)
    rewrite(room, edition_id, "---\nsubject: New\n---\n{{ top 3 }}\nBye", by="jo")
    reviewed, content = review.edition(edition_id)
    assert (reviewed.edition.subject, len(content.stories)) == ("New", 3)
    moved = review.move(edition_id, 3, 1, by="jo", now=NINE).content
    assert moved.body[0].story == content.stories[2]
    for _ in range(3):
        review.drop(edition_id, 1, by="jo", now=NINE)
    review.retitle(edition_id, 0, "Newer", by="jo", now=NINE)
    assert review.waiting("daily") == [edition_id]
    approve(room, edition_id)
    assert [change.action for change in review.changes(edition_id)] == [
        *("write", "write", "move", "drop", "drop", "drop", "retitle", "approve")
    ]
    with pytest.raises(SyndicateError, match="is cut"):
        rewrite(room, edition_id, "Late", by="jo")
    (regular,) = (one for one in room.services.editions.run(NINE) if one.newsletter == "daily")
    assert regular.stories == 3


def test_a_correction_of_an_issue_goes_to_its_readers(room: Room) -> None:
    edition_id = write(room, "Hello.\n", subject="Greeting")
    approve(room, edition_id)
    room.subscribe("dan@example.org")
    review = editor(room.services)
    assert [one.edition.id for one in room.services.review.correctable("daily", limit=5)] == [edition_id]
    revision = review.correct(edition_id, "It is on Sunday.", by="jo", now=NINE)
    approve(room, revision, NINE + HOUR)
    assert recipients(room, revision) == [ANN, BOB, CLEO]
    with room.store.read() as connection:
        found = delivery_store.list_deliveries(connection, states=[DeliveryState.CANCELLED])
        edition = edition_store.get_edition(connection, revision)
    assert len(found) == 3
    assert edition is not None
    assert edition.subject == "Correction: Greeting"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hello\n\n{{ story 99 }}", "line 3: there is no story 99"),
        ("---\nsubject: A\n---\n{{ story https://nowhere.example/ }}", "line 4: there is no story"),
        ("{{ channel politics 2 }}", "line 1: no channel is named"),
        ("---\ntitle: A\n---\nHello", 'line 1: there is no "title"'),
        ("---\nsubject: A\n---\n", "the message is empty"),
        ("Hello", "no subject"),
        (f"# {'x' * 101}", "101 characters"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_stored(room: Room, text: str, problem: str) -> None:
    with pytest.raises(SyndicateError, match=problem):
        write(room, text)
    assert room.services.review.waiting("daily") == []


def test_blocks_find_stories_by_number_address_and_list(room: Room) -> None:
    articles = room.articles()
    world, sport = articles[TITLES["World"]], articles[TITLES["Sport"]]
    named = f"{{{{ story {sport.url} }}}}\n{{{{ story https://news.example/{world.path} }}}}"
    text = f"{named}\n{{{{ trending 5 }}}}"
    _, content = room.services.review.edition(write(room, text))
    assert [story.title for story in content.stories][:2] == [sport.title, world.title]
    assert content.title == sport.title
    room.services.editions.run(SEVEN)
    _, latest = room.services.review.edition(write(room, "# Latest\n{{ latest }}\n{{ top 9 }}"))
    assert len(latest.stories) == 3
    assert len({story.article_id for story in latest.stories}) == 3


@pytest.mark.all
def test_an_issue_has_a_page_and_a_feed_item_and_a_segments_issue_has_neither(room: Room) -> None:
    approve(room, write(room))
    approve(room, write(room, "# Secret\n\nHush.", segment="friends"))
    known = write(room, "# Known\n\nHello <b>you</b>.", segment="friends", public=True)
    approve(room, known, NINE + HOUR)
    room.services.publish.run_archive(NINE + HOUR)
    folder = room.services.output / "site/newsletters/daily"
    first = (folder / "2026-11-24-0900-issue.html").read_text("utf-8")
    order = ["Open day</h1>", "Come and see.", TITLES["World"], TITLES["Sport"], "Bye."]
    assert sorted(order, key=first.index) == order
    assert "&lt;b&gt;" in (folder / "2026-11-24-1000-issue.html").read_text("utf-8")
    assert not (folder / "2026-11-24-0901-issue.html").exists()
    index = (folder / "index.html").read_text("utf-8")
    assert [title in index for title in ("Open day", "Secret", "Known")] == [True, False, True]
    feed = json.loads((room.services.output / "newsletters/daily.json").read_text("utf-8"))
    assert [item["title"] for item in feed["items"]] == ["Known", "Open day"]
    assert "<p>Come and see.</p>" in feed["items"][1]["content_html"]
    assert TITLES["World"] in feed["items"][1]["content_html"]
    assert len({item["id"] for item in feed["items"]}) == 2


def test_an_issue_is_on_the_page_of_its_editor(room: Room) -> None:
    edition_id = write(room, "Hello.", subject="Greeting")
    links, link = review_link(room)
    page = links.look(link)
    assert page is not None
    (view,) = page.waiting
    assert (view.reviewed.edition.id, view.errors) == (edition_id, ())
    assert "Hello." in (links.mail(link, str(edition_id)) or "")
    form = {"edition": [str(edition_id)], "seen": [view.seen], "do": ["approve"], "sure": ["yes"]}
    assert links.act(link, form) is not None
    assert state(room, edition_id) == "cut"
