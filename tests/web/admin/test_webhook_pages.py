"""Pages of webhooks and of posts to other networks."""

import re
from dataclasses import replace

import pytest

from syndicate.errors import WrongFields
from syndicate.model.actors import Change, command_actor
from syndicate.net import AddressGuard
from syndicate.store.events import post_store, webhook_store
from syndicate.store.events.event_log import add_event
from tests.factories import NOW
from tests.web.admin.conftest import AdminClient, AdminSite

PAGE = "/admin/settings/webhooks"
FORM = {"address": "https://hook.example/in", "events": ["story.created", "edition.sent"]}


def endpoint(site: AdminSite) -> webhook_store.Endpoint:
    return site.room.services.admin.webhooks.endpoints()[0]


def test_a_webhook_is_added_and_its_secret_shown_once(admin_client: AdminClient, admin_site: AdminSite):
    answer = admin_client.post(PAGE, FORM)
    assert answer.status == 200
    assert re.search(r"whsec_[\w+/=]{44}", answer.body.decode())
    page = admin_client.page(PAGE)
    assert "https://hook.example/in" in page
    assert "whsec_" not in page
    assert endpoint(admin_site).user_id is not None


def test_what_is_wrong_is_said_and_what_was_typed_stays(admin_client: AdminClient):
    answer = admin_client.post(PAGE, {"address": "ftp://<b>", "events": []})
    page = answer.body.decode()
    assert answer.status == 422
    assert "ftp://&lt;b&gt;" in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    "address",
    ["http://hook.example/in", "https://127.0.0.1/", "https://localhost/in", "https://[::1]:8443/",
     "https://10.0.0.8/", "https://2130706433/", "https://[::ffff:192.168.0.1]/", "https://hook.example/a\nb"],
)  # fmt: skip
def test_an_address_that_would_never_be_asked_is_refused_when_it_is_written(
    admin_client: AdminClient, admin_site: AdminSite, address: str
):
    admin_client.post(PAGE, FORM)
    actions = replace(admin_site.room.services.admin.webhooks, guard=AddressGuard(False))
    change = Change(actor=command_actor("root"), now=NOW)
    with pytest.raises(WrongFields):
        actions.add(change, address=address, events=["story.created"])
    with pytest.raises(WrongFields):
        actions.edit(change, 1, address=address)
    assert endpoint(admin_site).address == FORM["address"]


def test_every_button_of_a_webhook_works(admin_client: AdminClient, admin_site: AdminSite):
    admin_client.post(PAGE, FORM)
    one = f"{PAGE}/1"
    assert "goes out within seconds while the daemon runs" in admin_client.follow(
        admin_client.post(one, {"do": "test"})
    )
    assert "is off" in admin_client.follow(admin_client.post(one, {"do": "pause"}))
    assert "is on" in admin_client.follow(admin_client.post(one, {"do": "resume"}))
    assert "whsec_" in admin_client.post(one, {"do": "secret"}).body.decode()
    assert "new secret only" in admin_client.follow(admin_client.post(one, {"do": "end-secret"}))
    saved = {"do": "save", "address": "https://other.example/", "events": ["source.failing"]}
    assert "was changed" in admin_client.follow(admin_client.post(one, saved))
    assert admin_client.post(one, {"do": "save", "address": "", "events": []}).status == 422
    assert "goes out within seconds while the daemon runs" in admin_client.follow(
        admin_client.post(one, {"do": "retry", "delivery": "1"})
    )
    assert "was removed" in admin_client.follow(admin_client.post(one, {"do": "remove"}))
    assert admin_client.get(one).status == 404
    assert admin_client.post(one, {"do": "retry", "delivery": "x"}).status == 404


def test_deliveries_show_what_was_answered(admin_client: AdminClient, admin_site: AdminSite):
    admin_client.post(PAGE, FORM)
    with admin_site.room.store.write() as connection:
        add_event(connection, "story.created", "story/1", {}, NOW)
        (due,) = webhook_store.claim_webhooks(connection, owner="me", now=NOW, limit=1)
        webhook_store.finish_webhook(
            connection, due, owner="me", now=NOW, code=500, error="it said <script>", retry=None
        )
    page = admin_client.page(f"{PAGE}/1")
    assert "it said &lt;script&gt;" in page


def test_an_editor_sees_no_webhooks(admin_site: AdminSite):
    assert admin_site.client("editor").get(PAGE).status == 404


def test_an_uncertain_post_is_decided_by_a_person(admin_client: AdminClient, admin_site: AdminSite):
    row = {
        "network": "net",
        "channel": "news",
        "story_id": 1,
        "article_id": 1,
        "content": {"title": "A <ship>"},
    }
    with admin_site.room.store.write() as connection:
        post_store.sync_targets(connection, ["net"], NOW)
        post_store.add_post(connection, row, NOW)
        post_store.mark_posts_restored(connection, NOW)
        post_store.rest(connection, "net", until=NOW, reason="it answered 401")
    page = admin_client.page("/admin/deliveries/posts?state=uncertain")
    assert "A &lt;ship&gt;" in page
    assert "it answered 401" in page
    done = admin_client.post("/admin/deliveries/posts", {"do": "arrived", "post": "1"})
    assert "counts as posted" in admin_client.follow(done)
    resumed = admin_client.post("/admin/deliveries/posts", {"do": "resume", "network": "net"})
    assert "goes on" in admin_client.follow(resumed)
    assert admin_client.post("/admin/deliveries/posts", {"do": "resend", "post": "9"}).status == 404
    assert admin_site.client("editor").post("/admin/deliveries/posts", {"do": "resend"}).status == 404


def test_every_page_opens_while_a_webhook_rests(admin_client: AdminClient, admin_site: AdminSite):
    admin_client.post(PAGE, FORM)
    needs = admin_site.room.services.needs
    needs._cache.clear()
    with admin_site.room.store.write() as connection:
        webhook_store.change_endpoint(connection, 1, state=webhook_store.RESTING, reason="down")
    assert "webhook 1 rests" in admin_client.page("/admin/")
    assert needs.counts(NOW)["/settings"] == (1, "warn")
