from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.jobs.admin.access.setup_key import new_setup_key
from tests.web.admin.conftest import NORA, AdminBrowser, AdminClient, AdminSite, serving_admin
from tests.web.admin.test_sign_in import PASSWORD


def setup_address(site: AdminSite) -> str:
    return f"/admin/setup/{new_setup_key(site.room.store, site.now)}"


def test_without_a_user_every_page_says_where_the_first_is_added(admin_site: AdminSite):
    answer = admin_site.stranger().get("/admin/")
    assert answer.status == 403
    assert b"syndicate users add" in answer.body


def test_the_setup_address_adds_one_admin_and_is_used_up(admin_site: AdminSite):
    address, client = setup_address(admin_site), admin_site.stranger()
    given = {"address": NORA, "name": "Nora", "password": PASSWORD}
    short = client.post(address, {**given, "password": "short"})
    assert short.status == 422
    assert NORA in short.body.decode()
    assert "A source" in client.follow(client.post(address, given))
    assert client.post(address, given).status in (403, 410)
    assert admin_site.stranger().get(address).status == 410
    assert new_setup_key(admin_site.room.store, admin_site.now) == ""


def test_the_setup_address_ends_after_an_hour(admin_site: AdminSite):
    address = setup_address(admin_site)
    admin_site.now += timedelta(hours=1)
    assert admin_site.stranger().get(address).status == 410


def test_after_five_wrong_setup_keys_a_network_waits(admin_site: AdminSite):
    client = admin_site.stranger()
    statuses = [client.get(f"/admin/setup/{'x' * 43}").status for _ in range(7)]
    assert statuses == [410] * 5 + [429] * 2
    assert client.get(setup_address(admin_site)).status == 200


def test_a_reader_of_the_store_cannot_add_the_first_user_twice_at_once(admin_site: AdminSite):
    first, second = setup_address(admin_site), setup_address(admin_site)
    given = {"address": NORA, "password": PASSWORD}
    assert admin_site.stranger().post(first, given).status == 303
    answer = admin_site.stranger().post(second, {**given, "address": "eve@news.example"})
    assert answer.status == 410
    assert "There is a user already. Sign in" in admin_site.stranger().get(second).body.decode()


@pytest.mark.all
@pytest.mark.parametrize("script", [True, False])
def test_the_first_user_signs_in_from_the_setup_address(admin_browser: AdminBrowser, script: bool):
    page = admin_browser.open(setup_address(admin_browser.admin), script=script, role="")
    page.fill("[name=address]", NORA)
    page.fill("[name=password]", "short")
    page.click("main button")
    assert page.input_value("[name=address]") == NORA
    if script:
        assert page.evaluate("document.activeElement.id") == "wrong"
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    assert page.text_content("h1") == "From nothing to a newsletter"
    assert page.is_visible("text=A source")


def test_new_admins_find_the_first_steps_for_a_day(admin_site: AdminSite, admin_client: AdminClient):
    assert "/admin/first-run" in admin_client.page("/admin/account")
    assert "/admin/first-run" not in admin_site.client("editor").page("/admin/account")
    admin_site.now += timedelta(days=1)
    assert "/admin/first-run" not in admin_site.client().page("/admin/account")


def test_steps_are_ticked_from_rows(admin_site: AdminSite, admin_client: AdminClient, tmp_path: Path):
    before = admin_client.page("/admin/first-run")
    assert 'action="/admin/sources/add"' in before
    assert before.count('<li class="done"') == 1
    admin_site.room.declare(
        '[admin]\nenabled = true\nsecond_step = "off"\n[[sources]]\nname = "harbour"\nurl = "https://harbour.example/feed"\n'
        '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    )
    after = admin_client.page("/admin/first-run")
    assert "harbour" in after
    assert "is being read" in after
    assert "/admin/newsletters/daily" in after
    assert after.count('<li class="done"') == 3
    with serving_admin(admin_site.room, tmp_path / "feeds") as again:
        client = again.client()
        client.follow(client.post("/admin/newsletters/daily/test"))
        assert client.page("/admin/first-run").count('<li class="done"') == 4
