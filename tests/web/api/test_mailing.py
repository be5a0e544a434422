"""Editions, deliveries and subscribers by the API."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.store.mail import newsletter_store
from tests.factories import NOW, new_article
from tests.web.api.conftest import Api

NORA = "nora@example.com"


@pytest.mark.all
def test_an_edition_is_changed_and_approved_as_it_was_read(api: Api) -> None:
    room = api.room
    room.subscribe(NORA)
    room.add(*(new_article(number, published=NOW - timedelta(minutes=number)) for number in (5, 6, 7)))
    room.services.stories.run(NOW)
    api.now[0] = NOW + timedelta(days=1)
    room.services.editions.run(api.now[0])
    listed = api.get("/editions").json["items"]
    assert [edition["state"] for edition in listed] == ["waiting"], listed
    path = f"/editions/{listed[0]['id']}"
    shown = api.get(path)
    keys = [item["key"] for item in shown.json["items"]]
    changed = api.ask(
        "PATCH", path, {"subject": "The pier opens", "items": [{"key": key} for key in reversed(keys)]},
        if_match=shown.headers["etag"],
    )  # fmt: skip
    assert changed.status == 200, changed.body
    after = api.get(path)
    assert [item["key"] for item in after.json["items"]] == keys[::-1]
    assert api.ask("PUT", f"{path}/approval", None, if_match=shown.headers["etag"]).status == 412
    assert api.get(f"{path}/mail", accept="text/plain").headers["content-type"].startswith("text/plain")
    assert api.get(f"{path}/findings").status == 200
    approved = api.ask("PUT", f"{path}/approval", None, if_match=after.headers["etag"])
    assert approved.status == 200, approved.body
    (delivery,) = api.get("/deliveries").json["items"]
    assert delivery["address"] == NORA
    masked = api.with_token("deliveries:read").get("/deliveries").json["items"][0]
    assert NORA not in str(masked)
    assert api.ask("DELETE", f"{path}/approval").status == 200
    assert api.get(path).json["state"] == "held"
    assert api.post(f"/deliveries/{delivery['id']}/resend", idempotency_key="a").problem in (
        "not-found",
        "wrong-state",
    )


def test_a_subscriber_is_added_ended_and_erased(api: Api) -> None:
    new = {
        "address": NORA,
        "newsletter": "daily",
        "agreed": "Yes, please",
        "agreed_at": "2026-11-23T10:00:00Z",
    }
    added = api.post("/subscribers", new, idempotency_key="1")
    assert added.status == 201, added.body
    shown = api.get(added.headers["location"])
    assert [subscription["state"] for subscription in shown.json["subscriptions"]] == ["confirmed"]
    assert len(api.get("/audit?action=subscriber.look").json["items"]) == 1
    assert len(api.get("/subscribers?address=nora@").json["items"]) == 1
    assert api.get("/subscribers?address=nob").json["items"] == []
    for query, count in (("newsletter=daily&state=confirmed", 1), ("newsletter=daily&state=pending", 0)):
        assert len(api.get(f"/subscribers?{query}").json["items"]) == count
    ended = api.ask("PATCH", added.headers["location"], {"end": "daily"}, if_match=shown.headers["etag"])
    assert ended.status == 200, ended.body
    assert api.post("/subscribers", new, idempotency_key="2").problem == "unsubscribed-by-subscriber"
    assert api.ask("DELETE", added.headers["location"], None, if_match="*").status == 200
    assert api.get("/subscribers").json["items"] == []


def test_a_list_is_imported_with_a_report_of_every_row(api: Api) -> None:
    rows = b"email\nann@example.com\nnot an address\nann@example.com\n"
    path = "/subscribers/imports?newsletter=daily&agreed=Yes"
    imported = api.ask("POST", path, rows, idempotency_key="1", content_type="text/csv")
    assert imported.status == 200, imported.body
    assert imported.json["facts"]["counts"]["new"] == 1
    assert [row["line"] for row in imported.json["facts"]["left_out"]]
    assert b"ann@example.com" in api.get("/subscribers/export").body


def test_a_newsletter_of_another_version_is_answered_with_the_reason_why_it_cannot_be_used(api: Api) -> None:
    newsletter = replace(api.room.services.newsletters[0], name="evening")
    with api.room.store.write() as connection:
        newsletter_store.save_declaration(connection, newsletter, {"schedule": "at full moon"}, NOW)
    for path in ("/newsletters/evening", "/newsletters/evening/preview"):
        answer = api.get(path)
        assert answer.status == 422, path
        assert "at full moon" in str(answer.json), path
    assert api.get("/newsletters/unknown/preview").status == 404
