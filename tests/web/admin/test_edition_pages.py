"""Review of an edition in the browser: nothing that was typed is lost, and an approval can be taken back."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.store.mail import delivery_store
from tests.jobs.newsletter.test_variants import SEVEN, WAITS, issue, prepared, readers
from tests.jobs.room import Room, opened_room
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin
from tests.web.forms import PageForm, form_with, forms_of

HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """An edition that waits, and an editor in a browser without scripts."""

    room: Room
    site: AdminSite
    client: AdminClient
    number: int

    @property
    def path(self) -> str:
        return f"/admin/editions/{self.number}"

    def form(self) -> PageForm:
        return form_with(self.client.page(self.path), "save")

    def press(self, do: str, **texts: str) -> str:
        """Type texts, press a button, and return the page after it."""
        fields: dict[str, list[str]] = {}
        for name, value in [*self.form().typed(**texts), ("do", do)]:
            fields.setdefault(name, []).append(value)
        return self.client.follow(self.client.post(self.path, fields))

    def form_of(self, page: str) -> PageForm:
        """The form of a page below the edition's, which has the page's address."""
        forms = forms_of(self.client.page(f"{self.path}/{page}"))
        return next(form for form in forms if form.action.endswith(f"/{page}"))

    def stories(self) -> list[str]:
        return [value for name, value in self.form().fields if name == "story"]

    def state(self) -> str:
        return issue(self.room).state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_room(tmp_path) as room:
        prepared(room, f"{WAITS}[admin]\nenabled = true\n")
        with serving_admin(room, tmp_path / "feeds") as site:
            site.now = SEVEN + HOUR
            yield Desk(room, site, site.client("editor"), issue(room).edition.id)


@pytest.mark.all
def test_every_button_saves_what_was_typed_beside_it(desk: Desk) -> None:
    first, second, third = desk.stories()
    page = desk.press(f"down:{first}", **{f"summary-{third}": "Typed elsewhere.", "note": "Hello."})
    assert desk.stories() == [second, first, third]
    assert "Typed elsewhere." in page
    assert form_with(page, "save").value("note") == "Hello."
    desk.press(f"leave:{second}", **{f"own-{second}": "My own words."})
    assert desk.stories() == [first, third]
    assert desk.form().value(f"own-{second}") == "My own words."
    desk.press(f"back:{second}", **{f"headline-{first}": "Other"})
    assert desk.stories() == [first, third, second]
    found = desk.client.follow(
        desk.client.post(
            desk.path, {**dict(desk.form().typed(subject="New subject")), "do": "find", "words": "x y"}
        )
    )
    assert "No story was found." in found
    assert desk.form().value("subject") == "New subject"


@pytest.mark.all
def test_a_form_that_is_stale_gets_409_with_both_texts_and_can_be_saved_then(desk: Desk) -> None:
    stale = desk.form()
    desk.press("save", note="Somebody was faster.")
    answer = desk.client.post(desk.path, {**dict(stale.typed(note="My long note.")), "do": "save"})
    page = answer.body.decode()
    assert (answer.status, "Somebody was faster." in page) == (409, True)
    again = form_with(page, "save")
    assert again.value("note") == "My long note."
    desk.client.follow(desk.client.post(desk.path, {**dict(again.fields), "do": "save"}))
    assert desk.form().value("note") == "My long note."


@pytest.mark.all
def test_wrong_fields_come_back_as_typed_beside_the_reason(desk: Desk) -> None:
    key = desk.stories()[0]
    typed = {"subject": "x" * 120, "note": "Kept.", f"headline-{key}": " "}
    answer = desk.client.post(desk.path, {**dict(desk.form().typed(**typed)), "do": "save"})
    page = answer.body.decode()
    assert answer.status == 422
    assert form_with(page, "save").value("subject") == "x" * 120
    assert form_with(page, "save").value("note") == "Kept."
    assert page.count('class="wrong" id="e-') == 2


def test_a_second_press_of_the_same_form_is_one_change(desk: Desk) -> None:
    fields: dict[str, list[str]] = {}
    for name, value in [*desk.form().typed(note="Once."), ("do", "save")]:
        fields.setdefault(name, []).append(value)
    assert {desk.client.post(desk.path, fields).status for _ in range(2)} == {303}
    changes = desk.room.services.review.changes(desk.number)
    assert [change.action for change in changes] == ["note"]


def test_approve_then_take_back_then_approve_again_sends_once(desk: Desk) -> None:
    desk.press("approve", subject="Approved subject")
    page = desk.client.page(f"{desk.path}/approve")
    assert "Approved subject" in page
    assert "<dd>3" in page
    form = next(one for one in forms_of(page) if one.action.endswith("/approve"))
    page = desk.client.follow(desk.client.post(form.action, dict(form.fields)))
    assert "Take it back" in page
    assert len(readers(desk.room)) == 3
    assert desk.room.services.deliver.run(desk.site.now).sent == 0
    page = desk.client.follow(desk.client.post(f"{desk.path}/take-back", {}))
    assert (desk.state(), readers(desk.room)) == ("held", [])
    form = next(
        one for one in forms_of(desk.client.page(f"{desk.path}/approve")) if one.action.endswith("/approve")
    )
    desk.client.follow(desk.client.post(form.action, dict(form.fields)))
    desk.site.now += timedelta(seconds=61)
    assert desk.room.services.deliver.run(desk.site.now).sent == 3
    late = desk.client.post(f"{desk.path}/take-back", {})
    assert (late.status, b"3 mails have left" in late.body) == (409, True)
    with desk.room.store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"sent": 3}


@pytest.mark.all
def test_an_approval_of_other_contents_is_refused(desk: Desk) -> None:
    form = next(
        one for one in forms_of(desk.client.page(f"{desk.path}/approve")) if one.action.endswith("/approve")
    )
    desk.press("save", note="Changed since.")
    assert desk.client.post(form.action, dict(form.fields)).status == 409
    assert (desk.state(), readers(desk.room)) == ("waiting", [])


@pytest.mark.all
def test_hold_never_send_and_correct(desk: Desk) -> None:
    desk.press("hold", note="Typed before the hold.")
    assert desk.state() == "held"
    assert desk.form().value("note") == "Typed before the hold."
    form = next(
        one for one in forms_of(desk.client.page(f"{desk.path}/approve")) if one.action.endswith("/approve")
    )
    desk.client.follow(desk.client.post(form.action, dict(form.fields)))
    desk.site.now += timedelta(minutes=2)
    answer = desk.client.post(f"{desk.path}/correct", {"text": "The ferry sails."})
    page = desk.client.follow(answer)
    assert "The ferry sails." in page
    number = int((answer["location"] or "").rpartition("/")[2])
    page = desk.client.page(f"/admin/editions/{number}/withdraw")
    form = next(one for one in forms_of(page) if one.action.endswith("/withdraw"))
    desk.client.follow(desk.client.post(form.action, dict(form.fields)))
    assert issue(desk.room).state == "withdrawn"


@pytest.mark.all
def test_a_story_is_found_added_and_tested(desk: Desk) -> None:
    gone = desk.stories()[0]
    title = desk.form().value(f"headline-{gone}")
    desk.press(f"leave:{gone}")
    found = desk.client.page(f"{desk.path}?words={quote(title)}")
    add = next(value for name, value in form_with(found, "save").buttons if value.startswith("add:"))
    desk.press(add)
    assert title in [desk.form().value(f"headline-{key}") for key in desk.stories()]
    assert "Saved, and sent to editor@news.example" in desk.press("test", note="To me.")
    (mail,) = (desk.room.folder / "outbox").glob("*.eml")
    assert b"editor@news.example" in mail.read_bytes()
    assert readers(desk.room) == []


@pytest.mark.all
def test_a_one_off_issue_is_written_with_a_picked_story(desk: Desk) -> None:
    title = desk.form().value(f"headline-{desk.stories()[0]}")
    typed = {"newsletter": "daily", "subject": "Open day", "text": "Come **and** see.", "words": title}
    page = desk.client.post("/admin/editions/add", {**typed, "do": "find"}).body.decode()
    add = next(value for _, value in form_with(page, "write").buttons if value.startswith("add:"))
    page = desk.client.post("/admin/editions/add", {**typed, "do": add}).body.decode()
    form = form_with(page, "write")
    assert (form.value("text"), form.value("subject")) == ("Come **and** see.", "Open day")
    assert (
        desk.client.post("/admin/editions/add", {**dict(form.typed(subject="")), "do": "write"}).status == 422
    )
    answer = desk.client.post("/admin/editions/add", {**dict(form.fields), "do": "write"})
    page = desk.client.follow(answer)
    assert "Open day" in page
    number = int((answer["location"] or "").rpartition("/")[2])
    reviewed, content = desk.room.services.review.edition(number)
    assert (reviewed.state, len(content.stories)) == ("held", 1)


def test_the_mail_in_the_frame_can_do_nothing(desk: Desk) -> None:
    answer = desk.client.get(f"{desk.path}/mail")
    assert "sandbox" in (answer["Content-Security-Policy"] or "")
    assert "/unsubscribe/preview" in answer.body.decode()
    assert desk.client.get(f"{desk.path}/mail?as=text").status == 200
    assert desk.client.get("/admin/editions/999").status == 404


WORDS = st.text(alphabet="abc äß<>&'\"\n", max_size=40).map(lambda text: re.sub(r"\s+", " ", text).strip())


@pytest.mark.all
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), words=st.lists(WORDS, min_size=4, max_size=8))
def test_random_buttons_lose_no_typed_word(desk: Desk, seed: int, words: list[str]) -> None:
    """Each step types into some field and presses some button: the text is in the form afterwards."""
    choose = random.Random(seed)
    for text in words:
        form = desk.form()
        fields = [name for name, _ in form.fields if name.partition("-")[0] in ("note", "summary", "own")]
        buttons = [value for name, value in form.buttons if name == "do" and _edits(value)]
        name = choose.choice(fields)
        desk.press(choose.choice(buttons), **{name: text})
        assert " ".join(desk.form().value(name).split()) == " ".join(text.split())


def _edits(value: str) -> bool:
    return value.partition(":")[0] in ("save", "find", "up", "down", "leave", "back")
