"""Pages of stories and articles: lists, one story, decisions, and hostile headlines."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from syndicate.model import QueuedPage
from syndicate.store.access import audit_store
from syndicate.store.ingest import article_store, page_store
from syndicate.store.stories import decision_store, story_store
from tests.factories import NOW
from tests.jobs.payloads import payloads
from tests.jobs.room import Room, opened_room
from tests.jobs.stories.test_decisions import USUAL, write_news
from tests.jobs.stories.test_story_moves import HOUR, declare, homes, job, news
from tests.web.admin.conftest import AdminSite

# Two reports of a strike, then a pier.
NUMBERS = [1, 2, 3]


@pytest.fixture
def admin_room(tmp_path: Path) -> Iterator[Room]:
    """A room with two stories, one of them told by two sources."""
    with opened_room(tmp_path) as room:
        declare(room, '[admin]\nenabled = true\nsecond_step = "off"\n')
        assert write_news(room) == NUMBERS
        yield room


def uids(room: Room) -> list[str]:
    with room.store.read() as connection:
        found = article_store.get_articles(connection, NUMBERS)
    return [found[number].uid for number in NUMBERS]


def audited(room: Room) -> list[str]:
    with room.store.read() as connection:
        rows = audit_store.audit_rows(connection)
    return [row.action for row in rows if row.action.startswith("story.")]


def decisions(room: Room) -> list[tuple[str, str]]:
    with room.store.read() as connection:
        return [(d.action.value, d.value) for d in decision_store.decisions(connection, at=NOW)]


def test_every_list_shows_its_stories_and_says_what_to_do_when_empty(admin_client, admin_room):
    assert "Ferry crews" in admin_client.page("/admin/stories")
    assert "Ferry crews" in admin_client.page("/admin/stories?list=moving")
    assert "No story is in this list" in admin_client.page("/admin/stories?list=decided")
    page = admin_client.page("/admin/articles")
    assert "Pier cracks" in page
    assert "Pier cracks" not in admin_client.page("/admin/articles?q=ferry")
    assert "Ferry crews" not in admin_client.page("/admin/stories?q=pier&list=top")


def test_a_wrong_query_says_where_it_is_wrong_and_stays_typed(admin_client):
    answer = admin_client.get("/admin/stories?q=colour:red")
    assert (answer.status, b"colour:red" in answer.body, b"there is no field" in answer.body) == (
        422,
        True,
        True,
    )


def test_a_story_shows_its_score_its_articles_and_why_they_joined(admin_client, admin_room):
    number = homes(admin_room, NUMBERS)[0]
    page = admin_client.page(f"/admin/stories/{number}")
    for words in ("Why it stands at place", "harbour", "hills", "joined: ", "leads", "= score", "Coverage"):
        assert words in page, words
    assert admin_client.get("/admin/stories/999").status == 404


def test_a_form_saves_headline_place_and_boost_and_a_wrong_field_loses_nothing(admin_client, admin_room):
    number = homes(admin_room, NUMBERS)[0]
    form = {"do": "save", "retitle": "Ferries stay in port", "pin": "99", "boost": "2", "for": "24"}
    answer = admin_client.post(f"/admin/stories/{number}", form)
    assert answer.status == 422
    assert all(words in answer.body.decode() for words in ("Ferries stay in port", "from 1 to 50"))
    assert decisions(admin_room) == []
    page = admin_client.follow(admin_client.post(f"/admin/stories/{number}", form | {"pin": "2"}))
    assert "Ferries stay in port" in page
    assert "Pinned to place 2" in page
    assert decisions(admin_room) == [("retitle", "Ferries stay in port"), ("pin", "2"), ("boost", "2")]


def test_pin_and_undo_in_a_list_lead_back_to_it(admin_client, admin_room):
    (uid, *_) = uids(admin_room)
    back = "/admin/stories?list=moving"
    page = admin_client.follow(admin_client.post("/admin/stories/decide", {"do": f"pin-{uid}", "back": back}))
    assert "under <code>syndicate run</code>" in page
    undo = re.search(r'value="(undo-\d+)"', page)
    assert undo
    admin_client.follow(admin_client.post("/admin/stories/decide", {"do": undo[1], "back": back}))
    assert decisions(admin_room) == []
    assert "undo" in admin_client.page("/admin/stories/decisions")


@pytest.mark.all
def test_a_merge_shows_what_changes_and_then_happens(admin_client, admin_room):
    first, _, third = uids(admin_room)
    form = {"do": "merge", "uid": first, "to": "Pier cracks"}
    preview = admin_client.post("/admin/stories/regroup", form)
    assert preview.status == 200
    assert "No waiting edition" in preview.body.decode()
    assert decisions(admin_room) == []
    admin_client.follow(admin_client.post("/admin/stories/regroup", form | {"confirmed": "yes", "to": third}))
    job(admin_room, USUAL).run(NOW)
    assert len(set(homes(admin_room, NUMBERS))) == 1


def test_a_merge_shows_the_new_order_of_the_list_before_it_happens(admin_client, admin_room):
    first, _, third = uids(admin_room)
    form = {"do": "merge", "uid": [first, third]}
    page = admin_client.post("/admin/stories/regroup", form).body.decode()
    order = page.partition("New order of top")[2].partition("Editions that wait")[0]
    assert re.search(r'Pier cracks.*data-label="Now">2<.*data-label="Then">–<', order, re.DOTALL)
    split = admin_client.post("/admin/stories/regroup", {"do": "split", "uid": first}).body.decode()
    order = split.partition("New order of top")[2].partition("Editions that wait")[0]
    assert "new story" in order
    assert decisions(admin_room) == []


def test_chosen_stories_are_pinned_in_their_order_or_dropped_together(admin_client, admin_room):
    first, _, third = uids(admin_room)
    form = {"do": "pin", "uid": [third, first], "back": "/admin/stories"}
    page = admin_client.follow(admin_client.post("/admin/stories/decide", form))
    assert "2 stories pinned" in page
    assert decisions(admin_room) == [("pin", "1"), ("pin", "2")]
    assert audited(admin_room) == ["story.pin"]
    unknown = form | {"uid": [third, "0" * 32]}
    assert admin_client.post("/admin/stories/decide", unknown).status == 404
    assert (len(decisions(admin_room)), audited(admin_room)) == (2, ["story.pin"])
    admin_client.follow(admin_client.post("/admin/stories/decide", form | {"do": "drop"}))
    assert [action for action, _ in decisions(admin_room)] == ["pin", "pin", "drop", "drop"]
    assert audited(admin_room) == ["story.drop", "story.pin"]
    assert admin_client.post("/admin/stories/decide", {"do": "drop"}).status == 422


def test_an_editor_lets_editions_carry_an_article_whose_page_was_gone(admin_client, admin_room):
    (uid, *_) = uids(admin_room)
    with admin_room.store.write() as connection:
        page = QueuedPage(url="https://harbour.example/1", published=NOW, uid=uid)
        page_store.queue_pages(connection, 1, [page], NOW)
        connection.exec_driver_sql(
            "UPDATE page_reads SET state = 'refused', error = 'https://harbour.example/1 answered 404'"
        )
    address = f"/admin/articles/{uid}"
    assert "answered 404 when it was last read" in admin_client.page(address)
    assert "Editions may carry" in admin_client.follow(admin_client.post(address, {"do": "allow"}))
    with admin_room.store.read() as connection:
        assert page_store.gone_pages(connection, NUMBERS) == {}
    assert admin_client.post(address, {"do": "allow"}).status == 409


def test_articles_of_a_story_get_their_own_or_lead_it(admin_client, admin_room):
    first, second, third = uids(admin_room)
    lead = {"do": "lead", "uid": second, "back": "/admin/stories"}
    admin_client.follow(admin_client.post("/admin/stories/regroup", lead))
    split = {"do": "split", "uid": first, "confirmed": "yes"}
    admin_client.follow(admin_client.post("/admin/stories/regroup", split))
    assert [action for action, _ in decisions(admin_room)] == ["lead", "split"]
    refused = admin_client.post(
        "/admin/stories/regroup", {"do": "split", "uid": [second, third], "confirmed": "y"}
    )
    assert refused.status == 409
    assert admin_client.post("/admin/stories/regroup", {"do": "merge"}).status == 422


def test_an_article_shows_its_text_dates_and_place(admin_client, admin_room):
    (uid, *_) = uids(admin_room)
    page = admin_client.page(f"/admin/articles/{uid}")
    assert all(words in page for words in ("wages", "as the source says", "First seen", "Same text")[:3])
    assert admin_client.get("/admin/articles/unknown").status == 404


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_editors_and_admins_decide(admin_site: AdminSite, admin_room, role):
    (uid, *_) = uids(admin_room)
    answer = admin_site.client(role).post("/admin/stories/decide", {"do": f"drop-{uid}"})
    assert answer.status == 303
    assert decisions(admin_room) == [("drop", "")]
    assert admin_site.stranger().post("/admin/stories/decide", {"do": f"pin-{uid}"}).status in (303, 403)
    assert decisions(admin_room) == [("drop", "")]


def test_no_headline_becomes_markup(admin_client, admin_room):
    hostile = (
        "".join(islice(payloads(), 5))[:280]
        + "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    )
    (number,) = admin_room.add(news(9, (hostile, "Ferry crews walked out on Monday."), NOW), source="moor")
    job(admin_room, USUAL).run(NOW + HOUR)
    (story,) = homes(admin_room, [number])
    with admin_room.store.read() as connection:
        uid = article_store.get_articles(connection, [number])[number].uid
        assert story_store.get_stories(connection, [story])
    for path in (
        "/admin/articles",
        "/admin/stories?list=moving",
        f"/admin/stories/{story}",
        f"/admin/articles/{uid}",
    ):
        page = admin_client.page(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
