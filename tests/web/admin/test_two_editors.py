"""Two editors at the same object: the slower is told who was faster, and loses no word."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from syndicate.model.actors import Change, command_actor
from syndicate.store.access import audit_store
from syndicate.store.ingest import added_sources, article_store
from syndicate.store.stories import decision_store
from tests.factories import NOW, declared
from tests.jobs.newsletter.test_variants import SEVEN, WAITS, issue, prepared, readers
from tests.jobs.room import Room, opened_room
from tests.jobs.stories.test_decisions import write_news
from tests.jobs.stories.test_story_moves import declare, homes
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin
from tests.web.forms import PageForm, form_of, form_with, forms_of

ADMIN = '[admin]\nenabled = true\nsecond_step = "off"\n'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AdminSite]:
    """The pages of a newsroom with an edition that waits."""
    with opened_room(tmp_path) as room:
        prepared(room, f"{WAITS}{ADMIN}")
        with serving_admin(room, tmp_path / "feeds") as site:
            site.now = SEVEN
            yield site


@pytest.fixture
def stories(tmp_path: Path) -> Iterator[AdminSite]:
    """The pages of a newsroom with two stories."""
    with opened_room(tmp_path) as room:
        declare(room, ADMIN)
        write_news(room)
        with serving_admin(room, tmp_path / "feeds") as site:
            yield site


def press(client: AdminClient, path: str, form: PageForm, do: str, **texts: str) -> tuple[int, str]:
    fields: dict[str, list[str]] = {}
    for name, value in [*form.typed(**texts), ("do", do)]:
        fields.setdefault(name, []).append(value)
    answer = client.post(path, fields)
    return answer.status, answer.body.decode() if answer.status != 303 else client.follow(answer)


@pytest.mark.all
def test_both_texts_and_the_name_of_the_faster_editor_are_shown(desk: AdminSite) -> None:
    nora, eve = desk.client(), desk.client("editor")
    path = f"/admin/editions/{issue(desk.room).edition.id}"
    stale = form_with(eve.page(path), "save")
    press(nora, path, form_with(nora.page(path), "save"), "save", note="Of Nora.")
    status, page = press(eve, path, stale, "save", note="Of Eve.", subject="Of Eve, too")
    assert status == 409
    assert "nora@news.example at 07:00 UTC" in page
    assert "Of Nora." in page
    again = form_with(page, "save")
    assert (again.value("note"), again.value("subject")) == ("Of Eve.", "Of Eve, too")
    assert form_with(nora.page(path), "save").value("note") == "Of Nora."


@pytest.mark.all
def test_no_button_of_a_stale_form_does_anything(desk: AdminSite) -> None:
    nora, eve = desk.client(), desk.client("editor")
    path = f"/admin/editions/{issue(desk.room).edition.id}"
    stale = form_with(eve.page(path), "save")
    press(nora, path, form_with(nora.page(path), "save"), "save", note="Of Nora.")
    for verb in ("hold", "withdraw", "approve", "test"):
        status, page = press(eve, path, stale, verb, note="Of Eve.")
        assert (status, "Of Eve." in page) == (409, True), verb
        assert (issue(desk.room).state, readers(desk.room)) == ("waiting", []), verb


@pytest.mark.all
def test_what_is_approved_or_withdrawn_is_what_the_editor_saw(desk: AdminSite) -> None:
    nora, eve = desk.client(), desk.client("editor")
    path = f"/admin/editions/{issue(desk.room).edition.id}"
    forms = {}
    for what in ("approve", "withdraw"):
        page = eve.page(f"{path}/{what}")
        forms[what] = next(form for form in forms_of(page) if form.action.endswith(what))
    press(nora, path, form_with(nora.page(path), "save"), "save", note="Of Nora.")
    for what, asked in forms.items():
        answer = eve.post(f"{path}/{what}", dict(asked.fields))
        assert answer.status == 409
        assert b"nora@news.example" in answer.body
    assert (issue(desk.room).state, readers(desk.room)) == ("waiting", [])


@pytest.mark.all
def test_of_two_editors_who_save_at_the_same_moment_one_wins_and_the_other_is_told(desk: AdminSite) -> None:
    clients = [desk.client(), desk.client("editor")]
    path = f"/admin/editions/{issue(desk.room).edition.id}"
    for round_ in range(2):
        forms, barrier = [form_with(client.page(path), "save") for client in clients], Barrier(2)

        def save(number: int, forms: list[PageForm] = forms, barrier: Barrier = barrier) -> int:
            barrier.wait()
            text = f"Round {round_} of {number}."  # noqa: B023 the pool ends the round
            return press(clients[number], path, forms[number], "save", note=text)[0]

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(save, range(2)))
        assert sorted(statuses) == [303, 409], statuses
        winner = statuses.index(303)
        assert form_with(clients[0].page(path), "save").value("note") == f"Round {round_} of {winner}."
    assert len(desk.room.services.review.changes(issue(desk.room).edition.id)) == 2


@pytest.mark.all
def test_of_an_approval_and_a_withdrawal_at_the_same_moment_one_happens(desk: AdminSite) -> None:
    clients, path = [desk.client(), desk.client("editor")], f"/admin/editions/{issue(desk.room).edition.id}"
    buttons, barrier = ("approve", "withdraw"), Barrier(2)
    forms = [
        next(form for form in forms_of(client.page(f"{path}/{what}")) if form.action.endswith(what))
        for client, what in zip(clients, buttons, strict=True)
    ]

    def send(number: int) -> int:
        barrier.wait()
        return clients[number].post(f"{path}/{buttons[number]}", dict(forms[number].fields)).status

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(send, range(2)))
    assert 303 in statuses
    state = issue(desk.room).state
    assert (state, bool(readers(desk.room))) in [("cut", True), ("withdrawn", False)]
    with desk.room.store.read() as connection:
        actions = [row.action for row in audit_store.audit_rows(connection)]
    assert [name for name in actions if name in ("edition.approve", "edition.withdraw")] == [
        {"cut": "edition.approve", "withdrawn": "edition.withdraw"}[state]
    ]


def decided(room: Room) -> dict[str, str]:
    with room.store.read() as connection:
        return {found.action.value: found.value for found in decision_store.decisions(connection, at=NOW)}


def test_a_form_changes_only_what_its_editor_changed(stories: AdminSite) -> None:
    nora, eve = stories.client(), stories.client("editor")
    path = f"/admin/stories/{homes(stories.room, [1])[0]}"
    stale = form_with(eve.page(path), "save")
    press(nora, path, form_with(nora.page(path), "save"), "save", retitle="Ferries stay in port")
    assert press(eve, path, stale, "save", pin="2")[0] == 303
    assert decided(stories.room) == {"retitle": "Ferries stay in port", "pin": "2"}


@pytest.mark.parametrize("page_of", ["story", "article"])
def test_of_two_headlines_the_second_is_not_saved_over_the_first_unseen(
    stories: AdminSite, page_of: str
) -> None:
    nora, eve = stories.client(), stories.client("editor")
    story = f"/admin/stories/{homes(stories.room, [1])[0]}"
    path = story if page_of == "story" else eve.page(story).partition('href="/admin/articles/')[2]
    path = path if page_of == "story" else f"/admin/articles/{path.partition(chr(34))[0]}"
    stale = form_with(eve.page(path), "save")
    press(nora, path, form_with(nora.page(path), "save"), "save", retitle="Of Nora")
    status, page = press(eve, path, stale, "save", retitle="Of Eve")
    assert (status, "nora@news.example" in page, "Of Nora" in page) == (409, True, True)
    assert decided(stories.room) == {"retitle": "Of Nora"}
    again = form_with(page, "save")
    assert again.value("retitle") == "Of Eve"
    assert press(eve, path, again, "save")[0] == 303
    assert decided(stories.room) == {"retitle": "Of Eve"}


def test_a_headline_is_not_saved_for_an_article_that_came_to_lead_meanwhile(stories: AdminSite) -> None:
    client, room = stories.client(), stories.room
    path = f"/admin/stories/{homes(room, [1])[0]}"
    page = client.page(path)
    stale = form_with(page, "save")
    with room.store.read() as connection:
        other = next(
            article
            for article in article_store.get_articles(connection, [1, 2]).values()
            if article.title != stale.value("retitle")
        )
    client.follow(client.post("/admin/stories/regroup", {"do": "lead", "uid": other.uid, "back": path}))
    room.services.stories.run(NOW)
    assert form_with(client.page(path), "save").value("retitle") == other.title
    assert press(client, path, stale, "save", pin="3")[0] == 303
    assert press(client, path, stale, "save", retitle="Meant for another")[0] == 409
    assert decided(room) == {"lead": "", "pin": "3"}


EDITED = {
    "channel": "/admin/channels/pier",
    "newsletter": "/admin/newsletters/evening/edit",
    "source": "/admin/sources/1/edit",
}


@pytest.fixture
def added(tmp_path: Path) -> Iterator[AdminSite]:
    """The pages of a newsroom with an added source, channel and newsletter."""
    with opened_room(tmp_path) as room:
        room.declare(ADMIN)
        with room.store.write() as connection:
            added_sources.add_source(connection, declared("quay", url="https://quay.example/feed"), NOW)
        with serving_admin(room, tmp_path / "feeds") as site:
            client = site.client()
            client.post("/admin/channels/add", {"name": "pier", "title": "Pier", "do": "save"})
            client.post("/admin/newsletters/add", {"name": "evening", "schedule": "daily 18:00"})
            yield site


def edited_form(client: AdminClient, path: str) -> PageForm:
    return form_of(client.page(path), lambda form: form.action == path and bool(form.fields))


@pytest.mark.parametrize("kind", EDITED)
def test_two_editors_of_different_fields_both_keep_their_words(added: AdminSite, kind: str) -> None:
    nora, eve, path = added.client(), added.client("admin", "eve@news.example"), EDITED[kind]
    first, second = ("name", "section") if kind == "source" else ("title", "description")
    stale = edited_form(eve, path)
    assert press(nora, path, edited_form(nora, path), "save", **{first: "Of Nora"})[0] == 303
    assert press(eve, path, stale, "save", **{second: "Of Eve"})[0] == 303
    form = edited_form(nora, path)
    assert (form.value(first), form.value(second)) == ("Of Nora", "Of Eve")


@pytest.mark.parametrize("kind", EDITED)
def test_the_slower_of_two_editors_of_a_field_is_told_who_was_faster(added: AdminSite, kind: str) -> None:
    nora, eve, path = added.client(), added.client("admin", "eve@news.example"), EDITED[kind]
    name = "section" if kind == "source" else "description"
    stale = edited_form(eve, path)
    assert press(nora, path, edited_form(nora, path), "save", **{name: "Of Nora"})[0] == 303
    status, page = press(eve, path, stale, "save", **{name: "Of Eve"})
    assert (status, "nora@news.example at 09:00 UTC" in page, "Of Nora" in page) == (409, True, True)
    assert edited_form(nora, path).value(name) == "Of Nora"
    again = form_of(page, lambda form: form.action == path and bool(form.fields))
    assert again.value(name) == "Of Eve"
    assert press(eve, path, again, "save")[0] == 303
    assert edited_form(nora, path).value(name) == "Of Eve"


def test_a_form_that_comes_back_for_a_mistake_still_knows_what_its_editor_saw(added: AdminSite) -> None:
    nora, eve, path = added.client(), added.client("admin", "eve@news.example"), EDITED["newsletter"]
    stale = edited_form(eve, path)
    press(nora, path, edited_form(nora, path), "save", description="Of Nora")
    status, page = press(eve, path, stale, "save", description="Of Eve", schedule="never")
    assert status == 409
    status, page = press(
        eve, path, form_of(page, lambda form: form.action == path), "save", description="Of Eve"
    )
    assert (status, "schedule" in page) == (422, True)


def test_other_line_ends_of_a_program_and_spaces_around_a_text_are_no_change_of_another(
    added: AdminSite,
) -> None:
    client, path = added.client(), EDITED["newsletter"]
    change = Change(actor=command_actor("op"), now=NOW)
    written = {"title": " Evening ", "intro": "Hello\r\n\r\nreaders\n"}
    added.room.services.admin.newsletters.edit(change, "evening", written)

    assert press(client, path, edited_form(client, path), "save", description="Of Eve")[0] == 303
    with added.room.store.read() as connection:
        (row,) = audit_store.audit_rows(connection, action="newsletter.edit", limit=1)
    assert row.after == {"description": "Of Eve"}
    assert press(client, path, edited_form(client, path), "save", intro="Hello\r\n\r\nall")[0] == 303


def test_an_address_is_not_moved_over_the_move_of_another(added: AdminSite) -> None:
    nora, eve, path = added.client(), added.client("admin", "eve@news.example"), EDITED["source"]
    stale = edited_form(eve, path)
    press(nora, path, edited_form(nora, path), "save", url="https://quay.example/of-nora")
    assert press(eve, path, stale, "save", url="https://quay.example/of-eve")[0] == 409
    assert edited_form(nora, path).value("url") == "https://quay.example/of-nora"


def test_line_ends_and_spaces_of_a_program_are_no_change_of_another_editor(added: AdminSite) -> None:
    client, path, change = added.client(), EDITED["newsletter"], Change(actor=command_actor("tool"), now=NOW)
    text = "Good evening.\r\n\r\nThis is the news. "
    added.room.services.admin.newsletters.edit(change, "evening", {"intro": text})
    assert press(client, path, edited_form(client, path), "save", title="Evening")[0] == 303
    assert press(client, path, edited_form(client, path), "save", intro="Good night.")[0] == 303
    assert edited_form(client, path).value("intro") == "Good night."
