"""Deliveries and subscribers in the browser: decide about mail, pause, import, and records."""

import email
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update

from syndicate.model import DeliveryState
from syndicate.store import schema
from syndicate.store.access import audit_store
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store
from tests.factories import NOW
from tests.jobs.room import Room, opened_room
from tests.jobs.sending import mail_to, states
from tests.web.admin.conftest import AdminSite, serving_admin
from tests.web.forms import form_with, forms_of

ROOM = """
[[sources]]
name = "harbour"
url = "https://harbour.example/feed"
[[newsletters]]
name = "daily"
title = "The daily"
schedule = "daily 07:00"
[admin]
enabled = true
second_step = "off"
[sign_up]
enabled = true
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AdminSite]:
    with opened_room(tmp_path) as room:
        room.declare(ROOM)
        mail_to(room, "ann", "=cmd")
        with serving_admin(room, tmp_path / "feeds") as served:
            served.now = NOW + timedelta(minutes=5)
            yield served


def uncertain(room: Room) -> list[int]:
    """Make all deliveries uncertain; return their ids."""
    with room.store.write() as connection:
        delivery_store.mark_waiting_uncertain(connection, now=NOW)
        return [row.delivery.id for row in delivery_store.list_deliveries(connection)]


def actions(room: Room) -> list[str]:
    with room.store.read() as connection:
        return [row.action for row in audit_store.audit_rows(connection)]


@pytest.mark.all
def test_an_uncertain_mail_is_sent_again_and_another_marked_as_delivered(site: AdminSite) -> None:
    first, second = uncertain(site.room)
    client = site.client()
    page = client.page("/admin/deliveries?state=uncertain")
    assert "a••••@example.org" in page
    assert "ann@example.org" not in page
    client.follow(client.post("/admin/deliveries/decide", {"id": [str(first)], "do": "resend"}))
    client.follow(client.post("/admin/deliveries/decide", {"id": [str(second)], "do": "mark-sent"}))
    with site.room.store.read() as connection:
        found = {row.delivery.id: row for row in delivery_store.list_deliveries(connection)}
    assert found[first].delivery.state is DeliveryState.PENDING
    assert (found[second].delivery.state, found[second].cause) == (DeliveryState.SENT, "a person")
    assert client.post("/admin/deliveries/decide", {"id": [str(second)], "do": "resend"}).status == 409
    assert client.post("/admin/deliveries/decide", {"do": "resend"}).status == 422
    assert actions(site.room)[:2] == ["delivery.mark-sent", "delivery.resend"]


def test_paused_sending_sends_nothing_until_it_is_resumed(site: AdminSite) -> None:
    client, room = site.client(), site.room
    client.follow(client.post("/admin/deliveries/pause", {"reason": "The footer is wrong."}))
    assert "The footer is wrong." in client.page("/admin/deliveries")
    result = room.services.deliver.run(site.now)
    assert (result.sent, "The footer is wrong." in result.problem) == (0, True)
    client.follow(client.post("/admin/deliveries/resume", {}))
    assert room.services.deliver.run(site.now).sent == 2
    assert client.post("/admin/deliveries/resume", {}).status == 409


def test_every_tab_shows_and_editors_only_look(site: AdminSite) -> None:
    editor = site.client("editor")
    for tab in ("now", "editions", "uncertain", "failed", "bounces", "providers"):
        page = editor.page(f"/admin/deliveries?tab={tab}")
        assert "ann@example.org" not in page, tab
        assert "Pause all sending" not in page
    for path in ("pause", "resume", "decide"):
        assert editor.post(f"/admin/deliveries/{path}", {"reason": "x", "do": "resend"}).status == 404
    assert site.client().get("/admin/deliveries?tab=other").status == 404


def test_an_answer_that_repeats_an_address_shows_it_masked_to_editors(site: AdminSite) -> None:
    uncertain(site.room)
    with site.room.store.write() as connection:
        answer = {"error": "451 <Ann@Example.ORG> try later", "cause": ""}
        connection.execute(schema.deliveries.update().values(answer))
    page = site.client("editor").page("/admin/deliveries?tab=uncertain")
    assert "try later" in page
    assert "ann@example.org" not in page.lower()


def test_uncertain_mails_are_saved_as_csv_with_masked_addresses(site: AdminSite) -> None:
    uncertain(site.room)
    client = site.client("editor")
    (link,) = re.findall(r'href="([^"]*csv=[^"]*)"', client.page("/admin/deliveries?tab=uncertain"))
    headings, *lines = client.get(unescape(link)).body.decode("utf-8-sig").splitlines()
    assert headings == "To,When,Cause,Message-ID,Edition"
    # A spreadsheet would take the first of the other address for a formula.
    assert {line.partition(",")[0] for line in lines} == {"a••••@example.org", "'=••••d@example.org"}


def test_failed_mails_of_a_reply_are_sent_again_together(site: AdminSite) -> None:
    with site.room.store.write() as connection:
        claimed = delivery_store.claim_deliveries(
            connection, now=NOW, owner="me", until=NOW + timedelta(hours=1), limit=9
        )
        for row in claimed:
            delivery_store.finish_delivery(
                connection, row.id, DeliveryState.FAILED, owner="me", now=NOW, code=550,
                error=f"550 5.1.1 <{row.address}>: no such user",
            )  # fmt: skip
    client = site.client()
    page = client.page("/admin/deliveries?state=failed")
    assert "550 5.1.1 …: no such user" in page
    form = form_with(page, "resend-group")
    client.follow(client.post("/admin/deliveries/decide", {**dict(form.fields), "do": "resend-group"}))
    assert set(states(site.room).values()) == {"pending"}


def subscriber(site: AdminSite, key: str = "ann@example.org") -> int:
    with site.room.store.read() as connection:
        found = audience_store.find_subscriber(connection, key)
    assert found is not None
    return found


def test_editors_see_numbers_of_subscribers_and_no_address(site: AdminSite) -> None:
    editor = site.client("editor")
    page = editor.page("/admin/subscribers")
    assert "<dd>2</dd>" in page
    assert "@example.org" not in page
    for path in ("add", "import", str(subscriber(site)), f"{subscriber(site)}/erase"):
        assert editor.get(f"/admin/subscribers/{path}").status == 404


def test_the_list_is_found_by_beginning_and_a_look_is_audited_once(site: AdminSite) -> None:
    client = site.client()
    assert "ann@example.org" in client.page("/admin/subscribers?words=an")
    assert "ann@example.org" not in client.page("/admin/subscribers?words=nn%40")
    assert "ann@example.org" not in client.page("/admin/subscribers?state=unsubscribed")
    page = client.page(f"/admin/subscribers/{subscriber(site)}")
    client.page(f"/admin/subscribers/{subscriber(site)}")
    assert "Record of consent" in page
    assert actions(site.room).count("subscriber.look") == 1


def test_a_subscriber_is_added_with_words_agreed_and_never_again_after_leaving(site: AdminSite) -> None:
    client = site.client()
    new = {
        "address": "eve@example.org",
        "newsletter": "daily",
        "agreed": "Yes, send it.",
        "has_agreed": "yes",
    }
    wrong = client.post("/admin/subscribers/add", {**new, "agreed": ""})
    assert (wrong.status, b"eve@example.org" in wrong.body) == (422, True)
    page = client.follow(client.post("/admin/subscribers/add", new))
    assert "Yes, send it." in page
    number = subscriber(site, "eve@example.org")
    client.follow(client.post(f"/admin/subscribers/{number}", {"do": "end", "newsletter": "daily"}))
    again = client.post("/admin/subscribers/add", new)
    assert (again.status, b"only its owner" in again.body) == (409, True)
    asked = client.post("/admin/subscribers/add", {**new, "has_agreed": "no"})
    assert asked.status == 409


def test_the_link_to_the_page_of_choices_is_mailed_to_a_subscriber(site: AdminSite) -> None:
    path = f"/admin/subscribers/{subscriber(site)}"
    site.client().follow(site.client().post(path, {"do": "choices"}))
    (file,) = (site.room.folder / "outbox").glob("*.eml")
    mail = email.message_from_bytes(file.read_bytes())
    assert mail["To"] == "ann@example.org"
    assert b"/preferences/" in mail.get_payload(decode=True)
    with site.room.store.write() as connection:
        connection.execute(update(schema.subscriptions).values(state="unsubscribed"))
    assert site.client().post(path, {"do": "choices"}).status == 409


def test_an_import_shows_columns_and_bad_rows_and_is_one_transaction(site: AdminSite) -> None:
    client = site.client()
    rows = "E-Mail;Vorname;Los\nzoe@post.example;Zoë;1042\n=1@@x;Ann;7\nann@example.org;Ann;9\n".encode(
        "cp1252"
    )
    answer = client.upload("/admin/subscribers/import", {}, {"file": ("fair.csv", rows)})
    page = client.follow(answer)
    assert all(text in page for text in ("Windows-1252", "Zoë", "=1@@x", "fair.csv", "is subscribed already"))
    path = answer["location"] or ""
    (held,) = (site.room.folder / ".syndicate-uploads").iterdir()
    assert (held.stat().st_mode & 0o777, site.client().get(path).status) == (0o600, 303)
    form = dict(form_with(page, "import").fields)
    report = client.post(path, {**form, "do": "report"})
    assert b"'=1@@x" in report.body
    refused = client.post(path, {**form, "do": "import", "ask": "no"})
    assert (refused.status, b"words that they agreed to" in refused.body) == (422, True)
    client.follow(client.post(path, {**form, "do": "import", "ask": "no", "agreed": "On a card."}))
    with site.room.store.read() as connection:
        listed = audience_store.list_subscribers(connection)
    assert "zoe@post.example" in [one.address for one in listed]
    assert list((site.room.folder / ".syndicate-uploads").iterdir()) == []


def test_asking_each_once_subscribes_nobody_yet(site: AdminSite) -> None:
    client = site.client()
    answer = client.upload("/admin/subscribers/import", {}, {"file": ("a.csv", b"email\nzoe@post.example\n")})
    page = client.follow(answer)
    form = {**dict(form_with(page, "import").fields), "do": "import", "ask": "yes", "agreed": "Card."}
    assert "1 person asked by mail." in client.follow(client.post(answer["location"] or "", form))
    with site.room.store.read() as connection:
        assert audience_store.find_subscriber(connection, "zoe@post.example") is None


@pytest.mark.parametrize(
    ("ask", "said"), [("yes", "0 people asked by mail."), ("no", "0 people subscribed.")]
)
def test_an_address_that_a_later_row_ends_is_neither_asked_nor_counted_as_added(
    site: AdminSite, ask: str, said: str
) -> None:
    client = site.client()
    rows = b"email,state\nzoe@post.example,subscribed\nzoe@post.example,unsubscribed\n"
    answer = client.upload("/admin/subscribers/import", {}, {"file": ("a.csv", rows)})
    page = client.follow(answer)
    assert "the same mailbox as in line 3" in page
    form = {**dict(form_with(page, "import").fields), "do": "import", "ask": ask, "agreed": "Card."}
    assert said in client.follow(client.post(answer["location"] or "", form))


def test_export_and_erasing_are_audited_and_formulas_are_text(site: AdminSite) -> None:
    client = site.client()
    answer = client.post("/admin/subscribers/export", {})
    assert (answer.status, b"'=cmd@example.org" in answer.body) == (200, True)
    number = subscriber(site)
    data = client.post(f"/admin/subscribers/{number}/data", {})
    assert b'"ann@example.org"' in data.body
    page = client.page(f"/admin/subscribers/{number}/erase")
    form = next(one for one in forms_of(page) if one.action.endswith("/erased"))
    client.follow(client.post(form.action, dict(form.fields)))
    assert client.get(f"/admin/subscribers/{number}").status == 404
    assert {"subscriber.export", "subscriber.export-data", "subscriber.erase"} <= set(actions(site.room))


def test_stopping_all_mail_cannot_be_lifted_but_a_bounce_can(site: AdminSite) -> None:
    client, room = site.client(), site.room
    number, other = subscriber(site), subscriber(site, "=cmd@example.org")
    with room.store.write() as connection:
        audience_store.suppress(connection, "=cmd@example.org", reason="bounced", now=NOW)
    page = client.page(f"/admin/subscribers/{other}")
    assert "Write again" in page
    client.follow(client.post(f"/admin/subscribers/{other}", {"do": "unsuppress", "reason": "New server."}))
    client.follow(client.post(f"/admin/subscribers/{number}", {"do": "stop"}))
    assert client.post(f"/admin/subscribers/{number}", {"do": "unsuppress", "reason": "x"}).status == 409
    assert re.search(r"Suppressed: blocked", client.page(f"/admin/subscribers/{number}"))
