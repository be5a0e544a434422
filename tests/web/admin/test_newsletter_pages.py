"""Pages of newsletters: add, preview in six views, calendar, pause, test send."""

from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from sqlalchemy import update

from syndicate.store.mail import newsletter_store
from syndicate.store.schema import editions
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source
from tests.web.admin.conftest import NORA, AdminClient, AdminSite

DAILY = '[[newsletters]]\nname = "daily"\ntitle = "The Daily"\nschedule = "daily 07:00"\n'
FIELDS = {
    "name": "evening",
    "title": "Evening brief",
    "schedule": "weekdays 18:00",
    "stories": "5",
    "trending": "0",
    "images": "lead",
    "approval": "2",
    "address": "2 Quay Street, Harbour Town",
}


@pytest.fixture
def admin_room(tmp_path: Any) -> Any:
    from tests.jobs.room import opened_room

    with opened_room(tmp_path) as room:
        room.declare(
            '[admin]\nenabled = true\nsecond_step = "off"\n'
            + DAILY
            + source("harbour", "https://harbour.example/feed")
        )
        room.add(new_article(title="Rates rise again", section="Economy", published=NOW - timedelta(hours=1)))
        room.services.stories.run(NOW)
        yield room


def test_the_form_of_a_new_newsletter_has_a_schedule(admin_client: AdminClient) -> None:
    assert 'value="daily 07:00"' in admin_client.page("/admin/newsletters/add")


def test_a_newsletter_is_made_and_previewed_in_six_views(admin_client: AdminClient) -> None:
    page = admin_client.follow(admin_client.post("/admin/newsletters/add", FIELDS))
    assert "is added" in page
    assert "Evening brief" in page
    for view in ("desktop", "phone", "dark", "plain"):
        assert f"mail/{view}" in admin_client.page(f"/admin/newsletters/evening?view={view}")
        frame = admin_client.get(f"/admin/newsletters/evening/mail/{view}")
        assert "Rates rise again" in frame.body.decode()
        assert "2 Quay Street" in frame.body.decode()
        policy = frame["content-security-policy"] or ""
        assert "sandbox;" in policy
        assert "frame-ancestors 'self'" in policy
    assert "@media all {" in admin_client.get("/admin/newsletters/evening/mail/dark").body.decode()
    assert " src=" not in admin_client.get("/admin/newsletters/evening/mail/plain").body.decode()
    assert "Rates rise again" in admin_client.page("/admin/newsletters/evening?view=text")
    assert "List-Unsubscribe" in admin_client.page("/admin/newsletters/evening?view=source")


def test_a_subscriber_is_added_to_a_newsletter_that_was_added_meanwhile(admin_client: AdminClient) -> None:
    person = {"address": "jo@example.org", "newsletter": "evening", "agreed": "yes", "has_agreed": "yes"}
    assert admin_client.post("/admin/subscribers/add", person).status == 422
    admin_client.post("/admin/newsletters/add", FIELDS)
    assert "is subscribed" in admin_client.follow(admin_client.post("/admin/subscribers/add", person))


def test_an_added_newsletter_is_cut_like_a_declared_one(admin_client: AdminClient, admin_room: Room) -> None:
    admin_client.post("/admin/newsletters/add", FIELDS | {"schedule": "daily 12:00", "approval": "0"})
    admin_room.subscribe("ada@example.com", newsletter="evening")
    later = NOW + timedelta(hours=3, minutes=5)
    outcomes = {each.newsletter: each.outcome for each in admin_room.services.editions.run(later)}
    assert outcomes["evening"] in {"cut", "empty"}


def test_pages_of_editions_of_a_removed_newsletter_are_not_found_and_lists_show_them(
    admin_client: AdminClient, admin_room: Room
) -> None:
    admin_client.post("/admin/newsletters/add", FIELDS)
    admin_room.subscribe("kim@example.org", newsletter="evening")
    admin_room.services.editions.run(NOW + timedelta(days=1))
    admin_client.post("/admin/newsletters/evening/state", {"do": "remove"})
    for path in ("", "/approve", "/withdraw", "/mail", "/mail?as=text"):
        answer = admin_client.get(f"/admin/editions/1{path}")
        assert answer.status == 404, path
    for path in ("/", "/newsletters", "/newsletters/calendar", "/deliveries", "/deliveries?tab=editions"):
        assert admin_client.get(f"/admin{path}").status == 200, path


def test_without_any_postal_address_no_edition_is_cut(admin_room: Room) -> None:
    base = '[site]\nurl = "https://news.example"\n[mail]\nfrom = "news@example.com"\n'
    admin_room.declare(source("harbour", "https://harbour.example/feed"), base=base)
    values = {"name": "evening", "schedule": "daily 12:00"}
    from syndicate.model.actors import Change, command_actor

    admin_room.services.admin.newsletters.add(Change(actor=command_actor("x"), now=NOW), values)
    mail = admin_room.services.admin.newsletter_views.preview("evening", NOW)
    assert mail is not None
    assert any("postal address" in text for text in mail.checked.errors)


def test_wrong_fields_come_back_as_they_were_typed(admin_client: AdminClient) -> None:
    answer = admin_client.post("/admin/newsletters/add", FIELDS | {"schedule": "never", "query": "no:thing"})
    page = answer.body.decode()
    assert answer.status == 422
    assert 'value="never"' in page
    assert "is not understood" in page
    assert 'id="e-query"' in page


def test_a_newsletter_is_edited_paused_and_removed(admin_client: AdminClient, admin_room: Room) -> None:
    admin_client.post("/admin/newsletters/add", FIELDS)
    assert "2 Quay Street" in admin_client.page("/admin/newsletters/evening/edit")
    edited = admin_client.post("/admin/newsletters/evening/edit", FIELDS | {"title": "Late brief"})
    assert "Late brief" in admin_client.follow(edited)
    state = "/admin/newsletters/evening/state"
    assert "paused" in admin_client.follow(admin_client.post(state, {"do": "pause"}))
    with admin_room.store.read() as connection:
        assert newsletter_store.paused_newsletters(connection) == {"evening"}
    admin_client.post("/admin/newsletters/daily/state", {"do": "pause"})
    admin_client.post(state, {"do": "remove"})
    assert [letter.name for letter in admin_room.services.newsletters] == ["daily"]


def test_a_newsletter_with_a_waiting_edition_cannot_be_removed(
    admin_client: AdminClient, admin_room: Room
) -> None:
    admin_client.post("/admin/newsletters/add", FIELDS)
    draft = {"newsletter": "evening", "subject": "Open day", "text": "Come.", "do": "write"}
    admin_client.post("/admin/editions/add", draft)
    refused = admin_client.post("/admin/newsletters/evening/state", {"do": "remove"})
    assert refused.status == 409
    assert "edition 1 waits" in refused.body.decode()
    assert [letter.name for letter in admin_room.services.newsletters] == ["daily", "evening"]


def test_the_page_of_an_issue_says_that_its_segment_is_gone(
    admin_client: AdminClient, admin_room: Room
) -> None:
    draft = {"newsletter": "daily", "subject": "Open day", "text": "Come.", "do": "write"}
    admin_client.post("/admin/editions/add", draft)
    with admin_room.store.write() as connection:
        connection.execute(update(editions).values(segment="newsletter:evening"))
    for page in ("", "/approve"):
        assert "there is no newsletter &#39;evening&#39;" in admin_client.page(f"/admin/editions/1{page}")


def test_a_declared_newsletter_cannot_be_edited_and_names_are_unique(admin_client: AdminClient) -> None:
    refused = admin_client.get("/admin/newsletters/daily/edit")
    assert refused.status == 409
    assert "daily is declared in config.toml, line" in refused.body.decode()
    assert "Declared in <code>config.toml, line" in admin_client.page("/admin/newsletters/daily")
    answer = admin_client.post("/admin/newsletters/add", FIELDS | {"name": "daily"})
    assert answer.status == 422


def test_the_next_mail_is_saved_as_a_file(admin_client: AdminClient) -> None:
    saved = admin_client.get("/admin/newsletters/daily/mail/eml")
    assert (saved["content-type"] or "").startswith("message/rfc822")
    assert b"MIME-Version: 1.0" in saved.body


def test_the_calendar_shows_what_is_planned_and_what_was(admin_client: AdminClient, admin_room: Room) -> None:
    admin_room.services.editions.run(NOW)
    page = admin_client.page("/admin/newsletters/calendar")
    assert page.count("<td") == 28
    assert page.count("The Daily") >= 12
    later = admin_client.page("/admin/newsletters/calendar?from=2027-03-01")
    assert later.count("The Daily") == 28
    assert admin_client.get("/admin/newsletters/calendar?from=9999-12-31").status == 200


def test_a_test_goes_to_the_own_address_and_another_is_for_admins(
    admin_site: AdminSite, admin_room: Room
) -> None:
    admin, editor = admin_site.client(), admin_site.client("editor")
    assert "as a test" in admin.follow(admin.post("/admin/newsletters/daily/test"))
    sent = sorted((admin_room.folder / "outbox").glob("*.eml"))
    assert message_from_bytes(sent[0].read_bytes())["To"] == NORA
    assert editor.post("/admin/newsletters/daily/test", {"to": "foe@example.com"}).status == 404
    admin_site.now += timedelta(seconds=1)
    assert editor.post("/admin/newsletters/daily/test").status == 303
    admin_site.now += timedelta(seconds=1)
    assert admin.post("/admin/newsletters/daily/test", {"to": "ada@example.com"}).status == 303
    assert len(list((admin_room.folder / "outbox").glob("*.eml"))) == 3


def test_a_second_press_sends_no_second_test(admin_client: AdminClient, admin_room: Room) -> None:
    for _ in range(2):
        admin_client.follow(admin_client.post("/admin/newsletters/daily/test", {"key": "form-1"}))
    assert len(list((admin_room.folder / "outbox").glob("*.eml"))) == 1


def test_a_newsletter_of_another_version_says_why_it_cannot_be_used_and_can_be_removed(
    admin_client: AdminClient, admin_room: Room
) -> None:
    admin_client.post("/admin/newsletters/add", FIELDS)
    known = next(each for each in admin_room.services.newsletters if each.name == "evening")
    with admin_room.store.write() as connection:
        newsletter_store.save_declaration(connection, known, {"schedule": "at full moon"}, NOW)
    for path in ("evening", "evening?view=text", "evening/edit", "evening/mail/eml"):
        answer = admin_client.get(f"/admin/newsletters/{path}")
        assert answer.status == 422, path
        assert "at full moon" in answer.body.decode(), path
    assert admin_client.get("/admin/newsletters/unknown").status == 404
    assert "at full moon" in admin_client.page("/admin/newsletters")
    admin_client.follow(admin_client.post("/admin/newsletters/evening/state", {"do": "remove"}))
    assert "evening" not in admin_client.page("/admin/newsletters").partition("<tbody>")[2]
    assert admin_client.get("/admin/newsletters/evening").status == 404


def test_the_page_does_not_wait_for_the_mail_which_a_link_or_the_script_shows(
    admin_client: AdminClient,
) -> None:
    page = admin_client.page("/admin/newsletters/daily")
    assert "Rates rise again" not in page
    assert 'data-reload="1"' in page
    assert 'href="/admin/newsletters/daily?view=desktop"' in page
    shown = admin_client.page("/admin/newsletters/daily?view=desktop")
    assert "Rates rise again" in shown
    assert "data-reload" not in shown
    live = admin_client.get("/admin/newsletters/daily", X_Live="1").body.decode()
    assert "Rates rise again" in live
    assert "data-reload" not in live
